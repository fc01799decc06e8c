"""An index out into files and back, and from one engine to another: nothing is encoded."""

from univldr.transfer.copying import Copied, copy
from univldr.transfer.files import PLAN, dump, load, model_of
from univldr.transfer.formats import Batch, Parquet

__all__ = ["PLAN", "Batch", "Copied", "Parquet", "copy", "dump", "load", "model_of"]

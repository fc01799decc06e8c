"""Bring an index up to date with a corpus: read, verbalize, encode and store what changed, forget what went.

At any moment the process may die: the next run finds an index that opens, and redoes at most a batch.
"""

from univldr.pipeline.run import BATCH_SIZE, IndexReport, index_corpus
from univldr.pipeline.updating import Loader, remembered_plan, update
from univldr.pipeline.uploads import catch_up
from univldr.pipeline.watch import watch

__all__ = [
    "BATCH_SIZE",
    "IndexReport",
    "Loader",
    "catch_up",
    "index_corpus",
    "remembered_plan",
    "update",
    "watch",
]

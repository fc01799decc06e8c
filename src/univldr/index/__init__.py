"""Vectors and their documents: one protocol, an engine on disk and one in memory."""

from univldr.index.base import Index, IndexInfo
from univldr.index.exact import ExactIndex
from univldr.index.manifest import Manifest
from univldr.index.store import Store, directory_of, exists, index_of

__all__ = ["ExactIndex", "Index", "IndexInfo", "Manifest", "Store", "directory_of", "exists", "index_of"]

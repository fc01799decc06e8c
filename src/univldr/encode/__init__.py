"""A corpus into sharded Parquet files of documents with their vectors, on one machine or on many.

The plan is a list of stretches of the corpus. A stretch becomes a file that appears when it is whole, so a
run that was killed is continued by making the files that are missing, wherever that is done.
"""

from univldr.encode.run import EncodeReport, encode

__all__ = ["EncodeReport", "encode"]

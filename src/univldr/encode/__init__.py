"""A corpus into sharded Parquet files of documents and vectors, or an index, on one machine or on many.

The plan is a list of stretches of the corpus. A stretch becomes a file that appears when it is whole, so a
run that was killed is continued by making the files that are missing, wherever that is done. An index is
filled from them by the process that plans.
"""

from univldr.encode.run import EncodeReport, encode

__all__ = ["EncodeReport", "encode"]

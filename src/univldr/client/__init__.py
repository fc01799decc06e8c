"""A server asked from Python as if its index were here.

| module | what |
|---|---|
| ``sync`` | :class:`Client` |
| ``aio`` | :class:`AsyncClient`: the same, to be awaited |
| ``asking`` | what both share: the address and key, searches as results, when to try again |
| ``calls`` | each thing that a server can be asked, and how its answer is read; without any I/O |
| ``upload`` | documents divided into bodies that a server takes, and what became of each |
| ``answers`` | what comes back: errors as they were raised, hits, vectors |
| ``pictures`` | pictures as data URIs |
"""

from univldr.client.aio import AsyncClient
from univldr.client.answers import IndexFields, ModelFields
from univldr.client.sync import Client
from univldr.client.upload import Outcome, UpsertReport

__all__ = ["AsyncClient", "Client", "IndexFields", "ModelFields", "Outcome", "UpsertReport"]

"""One query in, one ranked list of passages and pictures out.

| module | what |
|---|---|
| ``searcher`` | :class:`Searcher` and :func:`open`: an encoder and the index it made |
| ``request`` | everything that a search can be asked for |
| ``compose`` | words, pictures, terms and "more like this" become one vector |
| ``candidates`` | scored documents: cosines, centered, biased, with what their words say |
| ``group`` | one hit per file; near-duplicate pictures folded |
| ``explain`` | a score as parts that add up to it |
| ``results`` | the ranked list, for programs, tables and notebooks |
"""

from univldr.search.request import Request
from univldr.search.results import Results
from univldr.search.searcher import Searcher, create, open

__all__ = ["Request", "Results", "Searcher", "create", "open"]

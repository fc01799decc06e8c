"""Searches and models of univldr in the forms that other libraries expect.

| module | what | needs |
|---|---|---|
| ``langchain`` | a retriever of LangChain | ``univldr[langchain]`` |
| ``llamaindex`` | a retriever of LlamaIndex | ``univldr[llamaindex]`` |
| ``haystack`` | a retriever component of Haystack | ``univldr[haystack]`` |
| ``haystack_filters`` | Haystack's filters as ours | |
| ``mteb`` | a model of MTEB | ``univldr[mteb]`` |
| ``asking`` | what the retrievers share: how they ask, and what they tell of a hit | |

Each is imported by its own name, since each needs its library: ``from univldr.integrations.langchain import
UnivldrRetriever``.
"""

"""The shortest script with sentence-transformers that answers a question from saved embeddings.

``python peer_search_script.py MODEL EMBEDDINGS.npy NAMES.txt QUESTION``
"""

import sys
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer, util

model, embeddings, names, question = sys.argv[1:]
rows = np.load(embeddings)
lines = Path(names).read_text(encoding="utf-8").splitlines()
found = util.semantic_search(SentenceTransformer(model).encode(question), rows, top_k=10)  # type: ignore[arg-type]
for hit in found[0]:
    print(f"{hit['score']:.3f}", lines[int(hit["corpus_id"])])

"""The fake: deterministic, unit rows, and what shares words or colours comes close."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from univldr.encoders.hash import HashEncoder
from univldr.errors import ConfigError, ImageError
from univldr.types import Document, Expansion, Modality, Query


def png(colour: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(stream, "PNG")
    return stream.getvalue()


DOCUMENTS = [
    Document("dog", Modality.TEXT, "A dog runs on the beach"),
    Document("tax", Modality.TEXT, "Income tax was raised again"),
    Document(
        "red", Modality.IMAGE, "sunset", image=png("red"), expansions=(Expansion("evening"), Expansion("sky"))
    ),
    Document("blue", Modality.IMAGE, image=png("blue")),
    Document("empty", Modality.TEXT),
]


def best(query: Query) -> str:
    encoder = HashEncoder()
    scores = encoder.encode_documents(DOCUMENTS) @ encoder.encode_queries([query])[0]
    return DOCUMENTS[int(np.argmax(scores))].id


def test_words_and_colours_find_their_documents() -> None:
    assert best(Query("the BEACH, a dog!")) == "dog"
    assert best(Query("raised tax")) == "tax"
    assert best(Query("evening")) == "red"
    assert best(Query(image=png("red"))) == "red"
    assert best(Query(image=png("blue"))) == "blue"


def test_rows_are_deterministic_unit_float32() -> None:
    rows = HashEncoder(32).encode_documents(DOCUMENTS)
    assert rows.shape == (5, 32)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(rows, HashEncoder(32).encode_documents(DOCUMENTS))
    assert HashEncoder().encode_queries([Query("dog")])[0, 15] == 1.0  # the same on every machine
    assert HashEncoder().encode_documents([]).shape == (0, 64)


def test_fingerprint_and_tokens() -> None:
    assert HashEncoder().fingerprint != HashEncoder(32).fingerprint
    assert HashEncoder().count_tokens(["a dog's life", ""]) == [4, 0]


def test_errors() -> None:
    with pytest.raises(ImageError, match="bad: not a picture"):
        HashEncoder().encode_documents([Document("bad", Modality.IMAGE, image=b"no picture at all")])
    with pytest.raises(ImageError, match="none: an image document without"):
        HashEncoder().encode_documents([Document("none", Modality.IMAGE)])
    with pytest.raises(ConfigError, match="empty query"):
        HashEncoder().encode_queries([Query()])

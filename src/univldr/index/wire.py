"""How an index is asked from another process: a head of JSON and parts of raw bytes, nothing pickled.

A message is its head, then the parts whose lengths the head gives. Vectors are a part of little-endian
float32 rows whose shape the head gives.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from univldr.errors import StoreError, UnivldrError, error_of, kind_of
from univldr.index.base import Made, Payload, from_payload, plain, to_payload
from univldr.types import Document, Expansion, Float32Array, Hit

Head = dict[str, Any]
Message = tuple[Head, list[bytes]]
"""A head, and the parts that came with it."""

MAX_BYTES = 1 << 30
"""Of one message: as much as the largest body that a server can be told to take."""


def send(connection: Connection, head: Mapping[str, Any], parts: Sequence[bytes] = ()) -> None:
    """Send one message.

    Raises:
        StoreError: it is too large; nothing was sent.
        OSError: the other side is gone.
    """
    text = json.dumps({**head, "parts": list(map(len, parts))}).encode()
    size = len(text) + sum(map(len, parts))
    if size > MAX_BYTES:
        raise StoreError(
            f"{size >> 20} MiB for the index at once, over {MAX_BYTES >> 20}; send fewer documents"
        )
    connection.send_bytes(text)
    for part in parts:
        connection.send_bytes(part)


def receive(connection: Connection) -> Message:
    """The next message.

    Raises:
        OSError, EOFError: the other side is gone, or what it sent is no message or too large.
    """
    try:
        head: Head = json.loads(connection.recv_bytes(MAX_BYTES))
    except ValueError as error:
        raise OSError("not JSON") from error
    lengths = head.pop("parts")
    if sum(lengths) > MAX_BYTES:
        raise OSError("bad message length")
    return head, [connection.recv_bytes(length) for length in lengths]


def refusal(error: UnivldrError) -> Head:
    """An error as the head of an answer."""
    return {"error": kind_of(error), "message": str(error)}


def checked(head: Head) -> Head:
    """The head of an answer.

    Raises:
        UnivldrError: it is a refusal; the class and the message are those of the other side.
    """
    if "error" in head:
        raise error_of(head["error"], head["message"])
    return head


def pack_rows(rows: Float32Array) -> tuple[Head, bytes]:
    """An array of any shape: its fields of a head, and a part."""
    return {"shape": list(rows.shape)}, np.ascontiguousarray(rows, "<f4").tobytes()


def unpack_rows(head: Mapping[str, Any], part: bytes) -> Float32Array:
    """What ``pack_rows`` was given, float32."""
    return np.frombuffer(part, "<f4").reshape(head["shape"]).astype(np.float32)


def pack_documents(documents: Sequence[Document]) -> tuple[list[Payload], list[bytes]]:
    """Documents about to be stored: as plain values, and the pictures given as bytes, in order.

    Raises:
        CorpusError: a document cannot be stored.
    """
    pictures = [document.image for document in documents if isinstance(document.image, bytes)]
    payloads = [{**to_payload(one), "pixels": isinstance(one.image, bytes)} for one in documents]
    return payloads, pictures


def unpack_documents(payloads: Sequence[Payload], pictures: Sequence[bytes]) -> list[Document]:
    """What ``pack_documents`` was given."""
    left = iter(pictures)
    return [
        replace(from_payload(payload), image=next(left)) if payload["pixels"] else from_payload(payload)
        for payload in payloads
    ]


def pack_made(made: Made) -> Payload:
    """Generated words as plain values."""
    return {"by": made.by, "words": [[one.plain() for one in words] for words in made.words]}


def unpack_made(payload: Payload) -> Made:
    """What ``pack_made`` was given."""
    return Made(payload["by"], [tuple(map(Expansion.parse, words)) for words in payload["words"]])


def pack_hits(hits: Sequence[Hit]) -> list[tuple[float, Payload]]:
    """The scores and documents of an engine's ranked list, by which alone its hits differ."""
    return [(hit.score, plain(hit.document)) for hit in hits]


def unpack_hits(scored: Sequence[tuple[float, Payload]]) -> list[Hit]:
    """What ``pack_hits`` was given."""
    return [Hit(rank, score, from_payload(payload)) for rank, (score, payload) in enumerate(scored, start=1)]

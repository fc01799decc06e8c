"""Drawings as a data set: a ``.tar`` of pictures and a ``.jsonl`` that says what they show."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from PIL import Image

from univldr.training.drawn import HELD_OUT, KINDS, drawings

_CHUNK = 500
_QUALITY = 88


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: str
    captions: tuple[str, ...]
    data: bytes


def write_drawings(
    folder: Path, name: str, count: int, *, seed: int, size: int, held_out: bool = False, processes: int = 1
) -> None:
    """Draw ``folder/NAME.tar`` and ``folder/NAME.jsonl`` with ``{id, image, kind, captions}`` a line.

    The records appear last and only when complete; what is there already is left alone. The same arguments
    give the same pictures, whatever the number of processes.

    Args:
        count: Pictures, spread evenly over the kinds.
        size: Pixels of a side; pictures are squashed to a square, as the model sees them.
        held_out: Draw the kinds that training never sees, rather than those it may.
        processes: That draw side by side.
    """
    records = folder / f"{name}.jsonl"
    if records.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    starts = range(0, count, _CHUNK)
    sizes = [min(_CHUNK, count - start) for start in starts]
    draw = partial(_draw_chunk, size=size, held_out=held_out)
    seeds = [seed * 1_000_003 + start for start in starts]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        lines = _pack(folder / f"{name}.tar", name, pool.map(draw, sizes, seeds))
    part = records.with_suffix(".part")
    part.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    part.replace(records)


def _draw_chunk(count: int, seed: int, size: int, held_out: bool) -> list[_Entry]:
    kinds = [kind for kind in KINDS if (kind.name in HELD_OUT) == held_out]
    # A chunk starts where the one before it ended, or every chunk would begin with the same kinds.
    first = seed % len(kinds)
    entries = []
    for drawing in drawings([*kinds[first:], *kinds[:first]], count, seed):
        blob = io.BytesIO()
        small = drawing.image.resize((size, size), Image.Resampling.BILINEAR)
        small.save(blob, "JPEG", quality=_QUALITY)
        entries.append(_Entry(drawing.kind, drawing.captions, blob.getvalue()))
    return entries


def _pack(archive: Path, name: str, chunks: Iterable[Sequence[_Entry]]) -> list[dict[str, object]]:
    lines: list[dict[str, object]] = []
    with tarfile.open(archive, "w") as tar:
        for entry in _flat(chunks):
            file = f"{name}-{len(lines):06d}.jpg"
            info = tarfile.TarInfo(file)
            info.size = len(entry.data)
            tar.addfile(info, io.BytesIO(entry.data))
            lines.append({"id": file[:-4], "image": file, "kind": entry.kind, "captions": entry.captions})
    return lines


def _flat(chunks: Iterable[Sequence[_Entry]]) -> Iterator[_Entry]:
    for chunk in chunks:
        yield from chunk

"""The text in pictures: how many letters are read wrongly, what is made up, how fast, and what it finds.

Pictures are drawn by ``benchmarks.lettering`` with a seed. With ``--against`` rapidocr as it comes reads them
too; with ``--data`` photos are shown in which it reads something, for a look at what it makes up.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from benchmarks import data
from benchmarks.lettering import CASES, MESSAGES, encoded, message_picture, noisy
from univldr import load_encoder
from univldr.canvas import Canvas, Colour, Point
from univldr.demo.pictures import PICTURES
from univldr.types import Document, Encoder, Expansion, Modality, Query
from univldr.verbalize.base import Words
from univldr.verbalize.ocr import OcrVerbalizer
from univldr.verbalize.settings import OcrSettings

PHOTOS = 200
"""Photos that are looked at."""

Reader = Callable[[Sequence[bytes]], list[str]]
"""The text of each picture."""


def edits(left: str, right: str) -> int:
    """Levenshtein's distance: fewest letters to insert, delete or replace."""
    above = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        here = [row]
        for column, other in enumerate(right, 1):
            here.append(min(above[column] + 1, here[-1] + 1, above[column - 1] + (letter != other)))
        above = here
    return above[-1]


def error_rate(reader: Reader, pictures: Sequence[tuple[bytes, str]]) -> float:
    """Edits over letters, blanks included."""
    read = reader([picture for picture, _ in pictures])
    wrong = sum(edits(said, text) for said, (_, text) in zip(read, pictures, strict=True))
    return wrong / sum(len(text) for _, text in pictures)


def error_rates(readers: dict[str, Reader], seed: int, count: int) -> Iterator[dict[str, Any]]:
    """A row for every condition."""
    for varied, cases in CASES.items():
        for value, draw in cases.items():
            pictures = [draw(random.Random(f"{seed}/{varied}/{value}/{n}")) for n in range(count)]
            rates = {name: round(error_rate(reader, pictures), 4) for name, reader in readers.items()}
            yield {"varied": varied, "value": value, **rates}


# --- nothing made up ---


class _Listening(Canvas):
    """A canvas that knows whether anything was written on it."""

    wrote = False

    def text(
        self, at: Point, words: str, size: float, colour: Colour = (0, 0, 0), anchor: str = "mm"
    ) -> None:
        self.wrote = True
        super().text(at, words, size, colour, anchor)


def wordless_drawings() -> dict[str, Image.Image]:
    """The demo's drawings in which nothing is written."""
    found = {}
    for picture in PICTURES:
        canvas = _Listening(picture.name)
        picture.draw(canvas)
        if not canvas.wrote:
            found[picture.name] = canvas.finish()
    return found


def wordless_patterns(seed: int) -> dict[str, Image.Image]:
    """Noise, fine and coarse, gradients, stripes and checks."""
    rng = random.Random(f"{seed}/patterns")
    found = {}
    for side in (200, 500, 1100):
        grey = Image.new("RGB", (side, side), (128, 128, 128))
        noise = noisy(grey, 60, rng)
        found[f"noise {side}"] = noise
        found[f"coarse noise {side}"] = noise.filter(ImageFilter.GaussianBlur(3)).point(lambda v: 4 * v - 384)
        found[f"gradient {side}"] = Image.radial_gradient("L").resize((side, side)).convert("RGB")
        across, down = np.meshgrid(np.arange(side), np.arange(side))
        for width in (7, 23):
            stripes = (across // width % 2 * 255).astype(np.uint8)
            checks = ((across // width + down // width) % 2 * 255).astype(np.uint8)
            found[f"stripes {side}/{width}"] = Image.fromarray(stripes).convert("RGB")
            found[f"checks {side}/{width}"] = Image.fromarray(checks).convert("RGB")
    return found


def made_up(reader: Reader, pictures: dict[str, Image.Image]) -> dict[str, Any]:
    """How many pictures there are, in how many of them something is read, and what."""
    read = reader([encoded(image) for image in pictures.values()])
    found = {name: said for name, said in zip(pictures, read, strict=True) if said}
    return {"pictures": len(pictures), "with words": len(found), "the words": found}


# --- speed ---


def speed(reader: Reader, seed: int) -> dict[str, float]:
    """Pictures a second, decoded from files in memory, by kind."""
    rng = random.Random(f"{seed}/speed")
    drawings = list(wordless_drawings().values())[:8]
    kinds = {
        "wordless, 224 x 224": [encoded(image.resize((224, 224)), 88) for image in drawings],
        "wordless, 640 x 480": [encoded(image.resize((640, 480)), 88) for image in drawings],
        "wordless, 4000 x 3000": [encoded(image.resize((4000, 3000)), 88) for image in drawings],
    }
    for name in ("sign in a street", "slide, two columns", "screenshot", "scanned page"):
        kinds[name] = [CASES["layout"][name](rng)[0] for _ in range(8)]
    reader(kinds["wordless, 224 x 224"])
    return {name: round(_rate(reader, pictures), 2) for name, pictures in kinds.items()}


def _rate(reader: Reader, pictures: Sequence[bytes]) -> float:
    started = time.perf_counter()
    reader(pictures)
    return len(pictures) / (time.perf_counter() - started)


# --- retrieval ---


def retrieval(verbalizer: OcrVerbalizer, encoder: Encoder, seed: int) -> list[dict[str, Any]]:
    """Pictures of messages among the demo's wordless ones, asked for by their words and by a paraphrase."""
    drawn = {
        message.text: encoded(message_picture(random.Random(f"{seed}/{message.text}"), message), 85)
        for message in MESSAGES
    }
    drawn |= {name: encoded(image, 85) for name, image in wordless_drawings().items()}
    bare = [Document(name, Modality.IMAGE, image=picture) for name, picture in drawn.items()]
    words = verbalizer.verbalize(list(drawn.values()))
    read = [
        Document(
            document.id,
            Modality.IMAGE,
            image=document.image,
            expansions=tuple(Expansion(text.text, "ocr") for text in texts),
        )
        for document, texts in zip(bare, words, strict=True)
    ]
    rows = []
    for asked in ("text", "paraphrase"):
        queries = encoder.encode_queries([Query(getattr(message, asked)) for message in MESSAGES])
        for name, documents in (("pixels", bare), ("pixels and OCR", read)):
            scores = queries @ encoder.encode_documents(documents).T
            right = scores[np.arange(len(MESSAGES)), np.arange(len(MESSAGES))]
            ranks = (scores > right[:, None]).sum(axis=1) + 1
            gains = [1 / math.log2(rank + 1) if rank <= 10 else 0.0 for rank in ranks.tolist()]
            rows.append(
                {
                    "asked by": asked,
                    "documents": name,
                    "R@1": round(float((ranks == 1).mean()), 3),
                    "nDCG@10": round(float(np.mean(gains)), 3),
                }
            )
    return rows


# --- the command ---


def _joined(words: Sequence[Words]) -> str:
    return " ".join(text.text for text in words)


def rapidocr_as_it_comes() -> Reader:
    """rapidocr with its own settings, threads included."""
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "critical"})

    def read(pictures: Sequence[bytes]) -> list[str]:
        return [" ".join(engine(picture).txts or ()) for picture in pictures]

    return read


def measure(args: argparse.Namespace) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every table: its name and its rows."""
    verbalizer = OcrVerbalizer(OcrSettings(min_confidence=args.min_confidence))

    def read(pictures: Sequence[bytes]) -> list[str]:
        return [_joined(words) for words in verbalizer.verbalize(pictures)]

    readers: dict[str, Reader] = {"univldr": read}
    if args.against:
        readers["rapidocr"] = rapidocr_as_it_comes()
    yield "retrieval", retrieval(verbalizer, load_encoder(args.model), args.seed)
    yield (
        "made up",
        [
            {"by": name, "in": source, **made_up(reader, pictures)}
            for name, reader in readers.items()
            for source, pictures in (
                ("drawings", wordless_drawings()),
                ("patterns", wordless_patterns(args.seed)),
            )
        ],
    )
    yield "pictures a second", [{"by": name, **speed(reader, args.seed)} for name, reader in readers.items()]
    yield "letter error rate", list(error_rates(readers, args.seed, args.pictures))
    if args.data:
        photos, _, _ = data.pictures(data.checked(args.data))
        pictures = [photo.image for photo in photos[:PHOTOS] if isinstance(photo.image, bytes)]
        found = zip(photos, verbalizer.verbalize(pictures), strict=False)
        rows = [{"photo": photo.id, "words": _joined(words)} for photo, words in found if words]
        yield f"photos with words, of {PHOTOS}", rows


def main() -> None:
    """``python -m benchmarks.ocr [--json]``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pictures", type=int, default=8, help="of each condition")
    parser.add_argument("--min-confidence", type=float, default=OcrSettings().min_confidence)
    parser.add_argument("--model", default="mini", help="any name that load_encoder takes")
    parser.add_argument("--against", action="store_true", help="read with rapidocr as it comes too; slow")
    parser.add_argument("--data", default="", help="the folder that benchmarks/README.md describes")
    parser.add_argument("--json", action="store_true", help="an object of all tables, at the end")
    args = parser.parse_args()
    results = {}
    for name, rows in measure(args):
        results[name] = rows
        if not args.json:
            print(f"**{name}**\n\n{_table(rows)}\n", flush=True)
    if args.json:
        json.dump(results, sys.stdout, indent=1, ensure_ascii=False)


def _table(rows: Sequence[dict[str, Any]]) -> str:
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)] if rows else []
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


if __name__ == "__main__":
    main()

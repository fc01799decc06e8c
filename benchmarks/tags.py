"""How right tags are against human captions, ways to score them, and what they do for retrieval."""

from __future__ import annotations

import io
import math
import re
import sys
import tarfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import Stemmer
from PIL import Image

from benchmarks import data
from univldr import load_encoder
from univldr.evaluation.lexical import BM25
from univldr.index.topk import top_k
from univldr.types import Document, Encoder, Expansion, Float32Array, Modality, Query
from univldr.verbalize.settings import TagSettings
from univldr.verbalize.tags import Directions, TagVerbalizer, builtin_vocabulary, repeats

T = TypeVar("T")

PLAIN, SENTENCES = "{}", ("a photo of a {}", "a photo of {}", "a picture that shows {}")
MOST = 8
PER_PICTURE = 2.0
THRESHOLDS = (3.0, 3.5, 4.0, 4.5, 5.0, 6.0)
SEED = 1

Tags = list[list[tuple[int, float]]]
"""For each picture the numbers of its words, and their scores, the best first."""


@dataclass(frozen=True)
class Split:
    """Pictures, what five people said of each, and how many of the five use each word of the vocabulary.

    Attributes:
        said: int8 [pictures, words].
    """

    documents: list[Document]
    captions: list[list[str]]
    said: npt.NDArray[np.int8]
    vectors: Float32Array


def split(folder: Path, name: str, count: int, encoder: Encoder) -> Split:
    """The first ``count`` pictures of Flickr8k's ``train`` or ``dev``, encoded."""
    with tarfile.open(folder / f"flickr8k/{name}.tar") as tar:
        members = {Path(member.name).name: member for member in tar if member.isfile()}
        rows = data.rows(folder / f"flickr8k/{name}.jsonl")[:count]
        files = [tar.extractfile(members[row["image"]]) for row in rows]
        documents = [
            Document(row["id"], Modality.IMAGE, image=file.read())
            for row, file in zip(rows, files, strict=True)
            if file
        ]
    captions = [row["captions"] for row in rows]
    return Split(documents, captions, said(captions), encoded(encoder, documents))


def encoded(encoder: Encoder, documents: list[Document]) -> Float32Array:
    """Vectors, 64 documents at a time."""
    parts = [
        encoder.encode_documents(documents[start : start + 64]) for start in range(0, len(documents), 64)
    ]
    return np.concatenate(parts)


def said(captions: Sequence[Sequence[str]]) -> npt.NDArray[np.int8]:
    """int8 [pictures, words]: of how many captions all stems of a word are part."""
    stem: Callable[[str], str] = Stemmer.Stemmer("english").stemWord

    def stems(text: str) -> set[str]:
        return {stem(word) for word in re.findall(r"\w+", text.casefold())}

    words = [stems(word) for word in builtin_vocabulary()]
    spoken = [[stems(caption) for caption in of_one] for of_one in captions]
    counts = [[sum(word <= caption for caption in of_one) for word in words] for of_one in spoken]
    return np.array(counts, np.int8)


# --- ways to score ---


def best(scores: Float32Array) -> Tags:
    """The best ``MOST`` words by a matrix of scores, none of which repeats another."""
    words, tags = builtin_vocabulary(), []
    for row in scores:
        chosen: list[int] = []
        for word in np.argsort(-row)[: 10 * MOST].tolist():
            if len(chosen) < MOST and not any(repeats(words[word], words[other]) for other in chosen):
                chosen.append(word)
        tags.append([(word, float(row[word])) for word in chosen])
    return tags


def deviations(scores: Float32Array, axis: int = 1) -> Float32Array:
    """Scores less their mean, over their standard deviation: of a picture (1) or of a word (0)."""
    result: Float32Array = (scores - scores.mean(axis, keepdims=True)) / scores.std(axis, keepdims=True)
    return result


def against(scores: Float32Array, background: Float32Array) -> Float32Array:
    """Scores in deviations of the same word's scores over background pictures."""
    result: Float32Array = (scores - background.mean(0)) / background.std(0)
    return result


def centred(words: Float32Array) -> Float32Array:
    """Unit rows, less the mean word."""
    rows = words - words.mean(0)
    result: Float32Array = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return result


def pursued(words: Float32Array, pictures: Float32Array, threshold: float) -> Tags:
    """What univldr does."""
    vocabulary, directions = builtin_vocabulary(), Directions.of(words)
    return [
        directions.pursue(
            row,
            among=len(words),
            count=MOST,
            threshold=threshold,
            repeats=lambda one, other: repeats(vocabulary[one], vocabulary[other]),
        )
        for row in pictures
    ]


def ways(
    words: dict[str, Float32Array], drawn: Float32Array, photos: Float32Array
) -> dict[str, Callable[[Float32Array], Tags]]:
    """Ways to tag pictures, by what they do."""
    plain, sentence = words[PLAIN], words[SENTENCES[1]]
    middle, whitened = centred(sentence), Directions.of(sentence)
    return {
        "cosine of the bare word": lambda x: best(x @ plain.T),
        f'cosine of "{SENTENCES[1]}"': lambda x: best(x @ sentence.T),
        "the same, in deviations of the picture": lambda x: best(deviations(x @ sentence.T)),
        "in deviations of the word over 200 drawn pictures": lambda x: best(
            against(x @ sentence.T, drawn @ sentence.T)
        ),
        "in deviations of the word over the train photos": lambda x: best(
            against(x @ sentence.T, photos @ sentence.T)
        ),
        "less the mean word, in deviations of the picture": lambda x: best(deviations(x @ middle.T)),
        "whitened by the words, in deviations of the picture": lambda x: best(
            deviations(x @ whitened.axes @ whitened.words.T)
        ),
        "the same, and pursued: bare word": lambda x: pursued(plain, x, 1.0),
    } | {
        f'the same, and pursued: "{form}"': lambda x, rows=words[form]: pursued(rows, x, 1.0)
        for form in SENTENCES
    }


# --- figures ---


def figures(tags: Tags, said: npt.NDArray[np.int8], threshold: float) -> dict[str, float]:
    """Tags a picture above a threshold, their precision and recall against the captions."""
    pairs = [(row, word) for row, of_one in enumerate(tags) for word, score in of_one if score > threshold]
    counts = np.array([said[pair] for pair in pairs] or [0])
    return {
        "tags": len(pairs) / len(tags),
        "precision": float((counts > 0).mean()),
        "recall": float((counts > 0).sum() / (said > 0).sum()),
        "recall of what two people say": float((counts > 1).sum() / (said > 1).sum()),
        "pictures without": 1 - len({row for row, _ in pairs}) / len(tags),
    }


def row(label: str, values: dict[str, float]) -> str:
    """A row of a Markdown table."""
    return f"| {label} | " + " | ".join(f"{value:.3f}" for value in values.values()) + " |"


def header(label: str, names: Sequence[str]) -> str:
    """The head of a Markdown table."""
    return f"\n| {label} | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}"


def compare(train: Split, dev: Split, words: dict[str, Float32Array], drawn: Float32Array) -> None:
    """Every way at the threshold that gives ``PER_PICTURE`` tags on train, measured on dev."""
    for number, (label, tag) in enumerate(ways(words, drawn, train.vectors).items()):
        seen, new = tag(train.vectors), tag(dev.vectors)
        scores = np.sort([score for of_one in seen for _, score in of_one])[::-1]
        threshold = float(scores[min(int(PER_PICTURE * len(seen)), len(scores) - 1)])
        on_train, on_dev = figures(seen, train.said, threshold), figures(new, dev.said, threshold)
        if not number:
            print(header("way", ["precision on train", *on_dev]))
        print(row(label, {"train": on_train["precision"]} | on_dev), flush=True)


def thresholds(dev: Split, words: Float32Array, drawn: Float32Array) -> None:
    """What univldr gives at each threshold."""
    print(header("threshold", [*figures([[]], dev.said[:1], 0), "tags of a drawn picture"]))
    for threshold in THRESHOLDS:
        of_drawn = sum(map(len, pursued(words, drawn, threshold))) / len(drawn)
        tags = pursued(words, dev.vectors, threshold)
        print(row(f"{threshold}", figures(tags, dev.said, threshold) | {"drawn": of_drawn}))


def confidence(dev: Split, words: Float32Array) -> None:
    """The share of right tags by score on either half of dev, and the logistic curve of the first half."""
    tags = pursued(words, dev.vectors, THRESHOLDS[0])
    half = len(tags) // 2
    halves = []
    for rows in (range(half), range(half, len(tags))):
        pairs = [(score, dev.said[row, word] > 0) for row in rows for word, score in tags[row]]
        halves.append((np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])))
    even, steepness = logistic(*halves[0])
    print(f"\nright by score, first half of dev: even at {even:.2f}, steepness {steepness:.2f}")
    print(header("score", ["first half", "second half", "curve"]))
    for low in np.arange(3, 7.5, 0.5):
        shares = [float(right[(scores > low) & (scores <= low + 0.5)].mean()) for scores, right in halves]
        curve = 1 / (1 + math.exp(-steepness * (low + 0.25 - even)))
        print(row(f"{low:.1f} to {low + 0.5:.1f}", dict(enumerate([*shares, curve]))))  # type: ignore[arg-type]


def logistic(scores: Any, right: Any) -> tuple[float, float]:
    """Where a logistic regression of ``right`` on ``scores`` is a half, and its slope; Newton's method."""
    rows, weights = np.stack([np.ones_like(scores), scores], 1), np.zeros(2)
    for _ in range(30):
        share = 1 / (1 + np.exp(-rows @ weights))
        hessian = (rows * (share * (1 - share))[:, None]).T @ rows
        weights += np.linalg.solve(hessian, rows.T @ (right - share))
    return float(-weights[0] / weights[1]), float(weights[1])


def retrieval(encoder: Encoder, dev: Split, tags: list[list[str]]) -> None:
    """nDCG@10 of captions: pictures alone and with tags, bare and under one caption; dense and BM25."""
    print(header("pictures with", ["encoder", "BM25"]))
    for label, texts, first in (
        ("nothing", [""] * len(tags), 0),
        ("tags", [""] * len(tags), 0),
        ("a caption", [captions[0] for captions in dev.captions], 1),
        ("a caption and tags", [captions[0] for captions in dev.captions], 1),
    ):
        said = tags if "tags" in label else [[] for _ in tags]
        documents = [
            replace(document, text=text, expansions=tuple(Expansion(tag, "tags") for tag in of_one))
            for document, text, of_one in zip(dev.documents, texts, said, strict=True)
        ]
        queries = [caption for captions in dev.captions for caption in captions[first:]]
        own = np.repeat(np.arange(len(documents)), len(queries) // len(documents))
        asked = encoder.encode_queries([Query(query) for query in queries])
        dense, _ = top_k(asked, encoded(encoder, documents), 10)
        lexical, _ = BM25(" ".join([text, *of_one]) for text, of_one in zip(texts, said, strict=True)).search(
            queries, 10
        )
        print(row(label, {"encoder": ndcg(dense, own), "BM25": ndcg(lexical, own)}), flush=True)


def ndcg(rows: npt.NDArray[np.int64], own: npt.NDArray[np.int64]) -> float:
    """Mean nDCG@10 where each query has one right row."""
    return float(((rows == own[:, None]) / np.log2(np.arange(2, 12))).sum(axis=1).mean())


def drawn_pictures(count: int) -> list[Document]:
    """Pictures of nothing: noise, one colour, a few colours smooth or in squares."""
    random = np.random.default_rng(SEED)
    documents = []
    for number in range(count):
        side = (224, 1, int(random.integers(2, 12)), int(random.integers(2, 12)))[number % 4]
        image = Image.fromarray(random.integers(0, 256, (side, side, 3), np.uint8))
        how = (Image.Resampling.BICUBIC, Image.Resampling.NEAREST)[number % 2]
        stream = io.BytesIO()
        image.resize((224, 224), how).save(stream, "PNG")
        documents.append(Document(f"drawn-{number}", Modality.IMAGE, image=stream.getvalue()))
    return documents


def speed(verbalizer: TagVerbalizer, encoder: Encoder, dev: Split) -> list[list[str]]:
    """Tags as the verbalizer gives them; prints what that takes, and what its encoder alone takes of it."""
    pictures = [document.image for document in dev.documents if document.image is not None]
    _, vocabulary = timed(lambda: verbalizer.verbalize(pictures[:1]))
    tags, seconds = timed(
        lambda: [
            [words.text for words in of_one]
            for start in range(0, len(pictures), verbalizer.batch)
            for of_one in verbalizer.verbalize(pictures[start : start + verbalizer.batch])
        ]
    )
    _, alone = timed(lambda: encoded(encoder, dev.documents))
    print(
        f"\nCPU seconds: the vocabulary {vocabulary:.2f}, once; {len(pictures)} pictures {seconds:.2f}, of "
        f"which the encoder {alone:.2f}"
    )
    return tags


def timed(do: Callable[[], T]) -> tuple[T, float]:
    """What a function gives, and the seconds of all processors in it."""
    start = time.process_time()
    return do(), time.process_time() - start


def main() -> None:
    """``python -m benchmarks.tags --data DATA [--model mini]``."""
    parser = data.arguments(__doc__ or "")
    parser.add_argument(
        "--train", type=int, default=2000, help="pictures of train on which ways are compared"
    )
    args = parser.parse_args()
    folder = data.checked(args.data)
    if not (folder / "flickr8k/train.tar").is_file():
        sys.exit(f"no data at {folder}: flickr8k/train.tar missing; see benchmarks/README.md")
    encoder = load_encoder(args.model)
    verbalizer = TagVerbalizer(TagSettings(), lambda: encoder)
    print(f"model {encoder.name}, {encoder.fingerprint}; {len(verbalizer.vocabulary)} words")
    train, dev = split(folder, "train", args.train, encoder), split(folder, "dev", 1000, encoder)
    print(f"{(dev.said > 0).sum(1).mean():.1f} of the words are in a dev picture's captions")
    drawn = encoded(encoder, drawn_pictures(200))
    words = {
        form: encoder.encode_queries([Query(form.replace("{}", word)) for word in verbalizer.vocabulary])
        for form in (PLAIN, *SENTENCES)
    }
    compare(train, dev, words, drawn)
    thresholds(dev, words[TagSettings().template], drawn)
    confidence(dev, words[TagSettings().template])
    retrieval(encoder, dev, speed(verbalizer, encoder, dev))


if __name__ == "__main__":
    main()

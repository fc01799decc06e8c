"""A document's vector taken apart: by hand, and with each encoder."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.encoders import small_clip
from univldr.encoders.captions import CaptionFitter, check_template
from univldr.encoders.hash import HashEncoder
from univldr.encoders.onnx import OnnxEncoder
from univldr.encoders.parts import Splits, is_weighted, split_documents
from univldr.encoders.settings import TextSettings
from univldr.encoders.torch_encoder import TorchEncoder
from univldr.errors import ConfigError
from univldr.types import Document, Expansion, Float32Array, Modality

FITTER = CaptionFitter("{caption} | {expansions}", 8, lambda texts: [len(text.split()) for text in texts])


def picture(caption: str = "", *expansions: tuple[str, str], colour: str = "red") -> Document:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(stream, "PNG")
    words = tuple(Expansion(text, origin) for text, origin in expansions)
    return Document(f"{caption}-{colour}", Modality.IMAGE, caption, stream.getvalue(), expansions=words)


def rows_of(table: dict[str, list[float]]) -> Callable[[list[str]], Float32Array]:
    return lambda texts: np.array([table[text] for text in texts], np.float32).reshape(-1, 2)


def pixels(documents: list[Document]) -> Float32Array:
    return np.array([[3.0, 0.0]] * len(documents), np.float32)


def test_each_origin_gets_what_it_changes() -> None:
    document = picture("a dog", ("grass", "tags"), ("a", "tags"), ("EXIT", "ocr"))
    table = {"a dog": [0.0, 1.0], "a dog | grass a": [0.0, 3.0], "a dog | grass a EXIT": [1.0, 3.0]}
    [parts] = split_documents([document], FITTER, rows_of(table), pixels)
    by_hand = {"pixels": [3, 0], "caption": [0, 1], "generated:tags": [0, 2], "generated:ocr": [1, 0]}
    assert {name: (5 * row).round(5).tolist() for name, row in parts.items()} == by_hand  # the norm is 5
    np.testing.assert_allclose(sum(parts.values()), [0.8, 0.6], atol=1e-6)


def test_words_that_do_not_fit_have_no_part() -> None:
    document = picture("a dog", ("one two three", "caption"), ("four five six seven", "query"))
    table = {"a dog": [0.0, 1.0], "a dog | one two three": [0.0, 2.0]}
    [parts] = split_documents([document], FITTER, rows_of(table), pixels)
    assert list(parts) == ["pixels", "caption", "generated:caption"]


def test_a_bare_picture_and_a_passage() -> None:
    passage = Document("p", Modality.TEXT, "words")
    worded = picture("", ("EXIT", ""))
    table = {"words": [0.0, 2.0], "EXIT": [4.0, 0.0]}
    parts = split_documents([passage, picture(), worded], FITTER, rows_of(table), pixels)
    assert [list(some) for some in parts] == [["text"], ["pixels"], ["pixels", "generated"]]
    np.testing.assert_allclose(parts[0]["text"], [0, 1])
    np.testing.assert_allclose(parts[2]["generated"], [4 / 7, 0])


def test_words_may_weigh_less() -> None:
    light = (Expansion("grass a", "tags", 0.5), Expansion("EXIT", "ocr", 1.0))
    document = replace(picture("a dog"), expansions=light)
    table = {"a dog": [0.0, 2.0], "a dog | grass a": [0.0, 4.0], "a dog | grass a EXIT": [1.0, 4.0]}
    [parts] = split_documents([document], FITTER, rows_of(table), pixels)
    by_hand = {"pixels": [3, 0], "caption": [0, 2], "generated:tags": [0, 1], "generated:ocr": [1, 0]}
    assert {name: (5 * row).round(5).tolist() for name, row in parts.items()} == by_hand  # (4, 3)
    assert is_weighted([picture("a dog"), document])
    assert not is_weighted([picture("a dog", ("grass", "tags"))])


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_clip.build(tmp_path_factory.mktemp("clip")).directory


def hash_encoder(_: Callable[[str], Path], __: Path) -> Splits:
    return HashEncoder()


def onnx_encoder(_: Callable[[str], Path], clip: Path) -> Splits:
    return OnnxEncoder(clip)


def torch_encoder(checkpoint: Callable[[str], Path], _: Path) -> Splits:
    return TorchEncoder.load(checkpoint("clip"))


@pytest.mark.parametrize("make", [hash_encoder, onnx_encoder, torch_encoder])
def test_the_parts_add_up_to_the_vector(
    make: Callable[[Callable[[str], Path], Path], HashEncoder], checkpoint: Callable[[str], Path], clip: Path
) -> None:
    encoder = make(checkpoint, clip)
    documents = [
        Document("t", Modality.TEXT, "the dog"),
        picture("a dog", ("on the beach", "caption"), ("red", "tags")),
        picture("", ("beach", "ocr"), colour="blue"),
        picture("the beach", colour="green"),
        picture(colour="white"),
    ]
    parts = encoder.document_parts(documents)
    sums = np.stack([sum(some.values(), np.float32(0)) for some in parts])
    np.testing.assert_allclose(sums, encoder.encode_documents(documents), atol=2e-5)
    assert [*parts[1]] == ["pixels", "caption", "generated:caption", "generated:tags"]


@pytest.mark.parametrize("make", [hash_encoder, onnx_encoder, torch_encoder])
def test_a_weight_lies_between_with_words_and_without(
    make: Callable[[Callable[[str], Path], Path], HashEncoder], checkpoint: Callable[[str], Path], clip: Path
) -> None:
    encoder = make(checkpoint, clip)
    passage = Document("t", Modality.TEXT, "the dog")

    def encoded(*weight: float) -> Float32Array:
        words = tuple(Expansion("on the beach", "caption", some) for some in weight)
        return encoder.encode_documents([replace(picture("a dog"), expansions=words), passage])

    without, with_words, light = encoded(), encoded(1.0), encoded(0.25)
    np.testing.assert_allclose(np.linalg.norm(light, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(light[1], without[1], atol=2e-5)
    to_without, to_with = float(light[0] @ without[0]), float(light[0] @ with_words[0])
    assert with_words[0] @ without[0] < to_with < to_without < 1 - 1e-6
    np.testing.assert_allclose(encoded(1e-9)[0], without[0], atol=2e-5)


@pytest.mark.parametrize("value", [3, {"text": 1}, {"text": "a", "weight": 0}, {"text": "a", "x": 1}, {}])
def test_what_is_no_expansion(value: object) -> None:
    with pytest.raises(ValueError, match="neither a string nor an object"):
        Expansion.parse(value)


@pytest.mark.parametrize("words", [Expansion("a"), Expansion("a", "ocr"), Expansion("a", "", 0.5)])
def test_an_expansion_is_read_back(words: Expansion) -> None:
    assert Expansion.parse(words.plain()) == words


@pytest.mark.parametrize("template", ["{caption}", "{expansions}", "{caption}{expansions}{title}", "{", "x"])
def test_a_template_that_loses_something_is_refused(template: str) -> None:
    with pytest.raises(ConfigError, match=r"write \{caption\} and \{expansions\} once each"):
        check_template(template)


def test_template_and_limit_can_be_changed() -> None:
    document = picture("a dog", ("one two", "caption"), ("three", "tags"))
    plain, changed = HashEncoder(), HashEncoder(texts=TextSettings("{expansions} of {caption}", 8))
    assert plain.fingerprint != changed.fingerprint
    changed.encode_documents([document])
    assert (changed.max_tokens, changed.dropped_expansions) == (8, 0)
    changed.encode_documents([picture("a dog", ("one two three four five six", "caption"))])
    assert changed.dropped_expansions == 1
    with pytest.raises(ConfigError, match="max_tokens is 300; the model reads 256"):
        HashEncoder(texts=TextSettings(max_tokens=300))


def test_template_and_limit_of_the_other_encoders(checkpoint: Callable[[str], Path], clip: Path) -> None:
    document = picture("a dog", ("on the beach", "caption"))
    texts = TextSettings("{caption} {expansions}", 9)
    pairs: list[tuple[OnnxEncoder | TorchEncoder, OnnxEncoder | TorchEncoder]] = [
        (OnnxEncoder(clip), OnnxEncoder(clip, texts=texts)),
        (TorchEncoder.load(checkpoint("clip")), TorchEncoder.load(checkpoint("clip"), texts=texts)),
    ]
    for plain, changed in pairs:
        assert plain.fingerprint != changed.fingerprint
        assert changed.max_tokens == 9
        assert abs(plain.encode_documents([document]) - changed.encode_documents([document])).max() > 1e-4
        changed.encode_documents([picture("a dog", ("on the beach on the beach", "caption"))])
        assert changed.dropped_expansions == 1

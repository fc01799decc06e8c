"""The verbalizers caption and query, over every family: a batch says what each picture says, without echo."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub import HfApi, constants
from PIL import Image
from transformers import AutoProcessor, AutoTokenizer, VisionEncoderDecoderModel

from tests.verbalize import tiny_models
from univldr.encoders.preprocess import ImageProcessor
from univldr.errors import ConfigError, ImageError, MissingExtra, ModelError
from univldr.images import load_image
from univldr.verbalize import generate
from univldr.verbalize.base import Words
from univldr.verbalize.caption import QUESTIONS, CaptionVerbalizer
from univldr.verbalize.settings import CaptionSettings, QuerySettings

Model = Callable[[str], Path]
PROMPTED = [family for family in tiny_models.FAMILIES if family not in ("vit-gpt2", "own")]
LONG = "a dog runs on the beach near two blue street sleeps"


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The directory of a tiny model by family; tests must not change it."""
    folder = tmp_path_factory.mktemp("captioners")

    def get(family: str) -> Path:
        place = folder / family
        return place if place.exists() else tiny_models.build(family, place)

    return get


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No network, caches of its own; and SmolVLM's processor wants num2words, though only for videos."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("transformers.models.smolvlm.processing_smolvlm.num2words", str)


def picture(seed: int, width: int = 40, height: int = 30) -> bytes:
    """Sixteen large squares of any colour."""
    squares = np.random.default_rng(seed).integers(0, 255, (4, 4, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(squares).resize((width, height), Image.Resampling.NEAREST).save(stream, "PNG")
    return stream.getvalue()


PICTURES = [picture(1), picture(2, 90, 20), picture(3, 30, 90), picture(4, 64, 64)]


def verbalizer(directory: Path, name: str = "", **settings: Any) -> CaptionVerbalizer:
    own = (directory / "verbalizer.json").exists()
    chosen = CaptionSettings(model=str(directory), **({"max_tokens": 6} | settings))
    return CaptionVerbalizer(chosen, name or ("query" if own else "caption"))


def texts(words: list[list[Words]]) -> list[list[str]]:
    return [[text.text for text in one] for one in words]


@pytest.mark.parametrize("family", tiny_models.FAMILIES)
def test_a_batch_says_what_each_picture_alone_says(model: Model, family: str) -> None:
    directory = model(family)
    together = verbalizer(directory).verbalize(PICTURES)
    alone = verbalizer(directory, batch=1).verbalize(PICTURES)
    assert texts(together) == texts(alone)
    assert len({text for (text,) in texts(together)}) > 1, "the pictures make no difference"
    for (words,), (other,) in zip(together, alone, strict=True):
        assert len(words.text.split()) <= 6
        if words.confidence is None or other.confidence is None:
            assert words.text == ""
        else:
            assert 0 < words.confidence <= 1
            assert words.confidence == pytest.approx(other.confidence, rel=1e-3)


@pytest.mark.parametrize("family", PROMPTED)
def test_a_prompt_changes_the_words_and_is_not_among_them(model: Model, family: str) -> None:
    directory = model(family)
    found = [
        texts(verbalizer(directory, prompt=prompt, max_tokens=3).verbalize(PICTURES))
        for prompt in ("", LONG, LONG.replace("dog", "two"))
    ]
    assert len({str(words) for words in found}) > 1
    for words in found:
        assert all(len(text.split()) <= 3 for (text,) in words)


@pytest.mark.parametrize("family", ["vit-gpt2", "blip", "florence2", "llava"])
def test_more_texts_are_the_best_beams(model: Model, family: str) -> None:
    words = verbalizer(model(family), beams=4, count=3).verbalize(PICTURES)
    assert [len(set(one)) for one in texts(words)] == [3] * 4
    (best,) = zip(*verbalizer(model(family), beams=4).verbalize(PICTURES), strict=True)
    assert [one[0].text for one in words] == [one.text for one in best]


@pytest.mark.parametrize("settings", [{}, {"beams": 3, "count": 3}])
def test_confidence_is_the_geometric_mean_of_the_tokens_probabilities(
    model: Model, settings: dict[str, Any]
) -> None:
    directory = model("vit-gpt2")
    (words,) = verbalizer(directory, **settings).verbalize(PICTURES[:1])
    captioner = VisionEncoderDecoderModel.from_pretrained(directory)
    tokenizer: Any = AutoTokenizer.from_pretrained(directory)
    pixels = ImageProcessor.load(directory / "preprocessor_config.json")(load_image(PICTURES[0]))
    for text, confidence in ((one.text, one.confidence) for one in words):
        ids = tokenizer.convert_tokens_to_ids(text.split())
        with torch.no_grad():
            logits = captioner(
                pixel_values=torch.from_numpy(pixels)[None], decoder_input_ids=torch.tensor([[1, *ids]])
            ).logits[0]
        steps = logits.log_softmax(-1)[range(len(ids)), ids]
        assert confidence == pytest.approx(math.exp(steps.mean()), rel=1e-3)


def test_lengths_are_kept(model: Model) -> None:
    exactly = verbalizer(model("own"), min_tokens=4, max_tokens=4).verbalize(PICTURES)
    assert [len(text.split()) for (text,) in texts(exactly)] == [4] * 4
    endless = verbalizer(model("own"), min_tokens=1000, max_tokens=1000).verbalize(PICTURES)
    assert max(len(text.split()) for (text,) in texts(endless)) == 23  # the decoder has 24 positions


def test_a_chat_model_is_asked_the_verbalizers_question(model: Model) -> None:
    directory = model("qwen2-vl")
    asked = texts(verbalizer(directory).verbalize(PICTURES))
    assert asked == texts(verbalizer(directory, prompt=QUESTIONS["caption"]).verbalize(PICTURES))
    assert asked != texts(verbalizer(directory, "query").verbalize(PICTURES))


@pytest.mark.parametrize("family", ["idefics3", "llava"])
def test_a_chat_is_written_as_transformers_writes_it(model: Model, family: str) -> None:
    images = [load_image(one) for one in PICTURES]
    content = [[{"type": "image", "image": one}, {"type": "text", "text": LONG}] for one in images]
    processor = AutoProcessor.from_pretrained(model(family))  # type: ignore[no-untyped-call]
    processor.tokenizer.padding_side = "left"
    theirs = processor.apply_chat_template(
        [[{"role": "user", "content": one}] for one in content],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
        processor_kwargs={"padding": True},
    )
    ours = verbalizer(model(family), prompt=LONG)._generator._reader.inputs(images)
    assert ours.keys() == theirs.keys()
    for key in ours:
        torch.testing.assert_close(ours[key], theirs[key])


def test_florence_names_what_it_found_without_the_boxes(tmp_path: Path) -> None:
    directory = tiny_models.build("florence2", tmp_path / "florence2")
    rules = {
        "processor_class": "Florence2Processor",
        "post_processor_config": {"description_with_bboxes": {}},
    }
    tiny_models.write(directory, "processor_config.json", rules)
    reader = verbalizer(directory, prompt="<OD>")._generator._reader
    box = "<loc_1><loc_2><loc_30><loc_40>"
    raw = f"</s><s>dog{box}red street{box}dog{box}</s>"
    assert isinstance(reader, generate._PromptReader)
    assert reader._labels(raw, "<OD>", Image.new("RGB", (100, 50))) == "dog, red street"


@pytest.mark.parametrize("family", ["vit-gpt2", "blip"])
def test_models_of_our_own_see_pictures_as_in_training(model: Model, tmp_path: Path, family: str) -> None:
    directory = shutil.copytree(model(family), tmp_path / family)
    tiny_models.write(directory, "verbalizer.json", {"format": 1, "kind": "query", "name": family})
    generator = verbalizer(directory)._generator
    inputs = generator._reader.inputs([load_image(PICTURES[0])])
    assert inputs.keys() == {"pixel_values"}
    processor = ImageProcessor.load(directory / "preprocessor_config.json")
    np.testing.assert_array_equal(inputs["pixel_values"][0], processor(load_image(PICTURES[0])))
    assert texts(generator(PICTURES)) == texts(verbalizer(model(family)).verbalize(PICTURES))


@pytest.mark.parametrize("family", ["blip", "idefics3", "qwen2-vl", "llava", "own"])
def test_odd_pictures(model: Model, family: str) -> None:
    sizes = [(1, 1), (3, 3), (1, 3), (1, 20_000), (5_000, 2), (2_000, 2_000)]
    words = verbalizer(model(family)).verbalize([picture(7, *size) for size in sizes])
    assert len(words) == len(sizes)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((100, 50), (100, 50)), ((4000, 2000), (1024, 512)), ((1, 20_000), (1, 64)), ((200, 2), (128, 2))],
)
def test_large_and_narrow_pictures_are_bounded(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert generate._bounded(Image.new("RGB", size), 1024).size == expected


def test_a_jpeg_is_decoded_at_little_more_than_the_model_wants(model: Model) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (800, 800)).save(stream, "JPEG")
    decode = verbalizer(model("blip"))._generator._reader.decode  # it wants 32 x 32
    assert decode(stream.getvalue()).size == (100, 100)
    assert verbalizer(model("qwen2-vl"))._generator._reader.decode(stream.getvalue()).size == (800, 800)


def test_a_broken_picture_is_named(model: Model, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"bad\.jpg"):
        verbalizer(model("own")).verbalize([PICTURES[0], bad])


def test_no_pictures_no_words(model: Model) -> None:
    assert verbalizer(model("own")).verbalize([]) == []


# --- fingerprints ---


def test_fingerprint_is_of_the_model_and_of_what_changes_words(model: Model, tmp_path: Path) -> None:
    directory = shutil.copytree(model("blip"), tmp_path / "blip")
    first = verbalizer(directory).fingerprint
    same = ({"batch": 3}, {"device": "cuda"})
    assert {verbalizer(directory, **one).fingerprint for one in same} == {first}
    other: list[dict[str, Any]] = [
        {"prompt": "a"}, {"max_tokens": 7}, {"min_tokens": 1}, {"beams": 2}, {"beams": 2, "count": 2},
        {"max_side": 99},
    ]  # fmt: skip
    assert len({first, *(verbalizer(directory, **one).fingerprint for one in other)}) == 1 + len(other)
    assert verbalizer(directory, "query").fingerprint != first  # a chat model is asked something else
    weights = directory / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert verbalizer(directory).fingerprint != first


def test_a_hub_model_has_one_fingerprint_before_and_after_its_download(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosted = CaptionVerbalizer(CaptionSettings(model="org/blip", max_tokens=6))
    with pytest.raises(ModelError, match="org/blip: not cached, and the hub does not give it"):
        assert hosted.fingerprint
    commit = "0123456789abcdef0123456789abcdef01234567"
    answer = type("Info", (), {"sha": commit})()
    with monkeypatch.context() as online:
        online.setattr(HfApi, "model_info", lambda *_, **__: answer)
        before = CaptionVerbalizer(hosted.settings).fingerprint
    folder = tmp_path / "hub" / "models--org--blip"
    shutil.copytree(model("blip"), folder / "snapshots" / commit)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(commit)
    cached = CaptionVerbalizer(hosted.settings)
    assert cached.fingerprint == before
    words = texts(verbalizer(model("blip")).verbalize(PICTURES))
    assert texts(cached.verbalize(PICTURES)) == words
    (folder / "refs" / "main").write_text("f" * 40)  # the newest is another one, and not here
    named = CaptionVerbalizer(CaptionSettings(model=f"org/blip@{commit}", max_tokens=6))
    assert texts(named.verbalize(PICTURES)) == words


def test_a_label_names_the_model_and_what_is_unusual() -> None:
    settings = CaptionSettings(model="org/name", beams=3, prompt="a photo of", batch=2)
    assert CaptionVerbalizer(settings).label == "org/name, prompt 'a photo of', beams 3"


# --- errors ---


def remove(*names: str) -> Callable[[Path], None]:
    def unlink(directory: Path) -> None:
        for name in names:
            (directory / name).unlink()

    return unlink


def rewrite(name: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def write(directory: Path) -> None:
        content = json.loads((directory / name).read_text())
        change(content)
        tiny_models.write(directory, name, content)

    return write


def cut(name: str) -> Callable[[Path], None]:
    def halve(directory: Path) -> None:
        content = (directory / name).read_bytes()
        (directory / name).write_bytes(content[: len(content) // 2])

    return halve


BROKEN: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "no weights": ("vit-gpt2", remove("model.safetensors"), "no file named model.safetensors"),
    "cut weights": ("vit-gpt2", cut("model.safetensors"), "incomplete"),
    "no tokenizer": ("blip", remove("tokenizer.json", "tokenizer_config.json"), "it has no tokenizer"),
    "no processor": ("blip", remove("preprocessor_config.json"), "preprocessor_config.json"),
    "missing weights": (
        "vit-gpt2",
        rewrite("config.json", lambda config: config["decoder"].update(n_layer=2)),
        r"weights are missing or misshapen, decoder\.transformer\.h\.1",
    ),
    "misshapen weights": (
        "vit-gpt2",
        rewrite("config.json", lambda config: config["decoder"].update(n_positions=9)),
        r"1 of its weights are missing or misshapen, decoder\.transformer\.wpe",
    ),
    "not JSON": ("vit-gpt2", cut("config.json"), "not a valid JSON file"),
    "writes nothing": (
        "vit-gpt2",
        lambda directory: tiny_models.write(directory, "config.json", {"model_type": "clip"}),
        "CLIPConfig",
    ),
    "code of its own": (
        "vit-gpt2",
        lambda directory: tiny_models.write(
            directory,
            "config.json",
            {"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}},
        ),
        "custom code .* trust_remote_code",
    ),
    "needs a package": (
        "smolvlm",
        lambda directory: None,
        "pip install num2words",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_model_that_cannot_be_loaded_says_why(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    family, breaks, reason = BROKEN[case]
    monkeypatch.setattr("transformers.models.smolvlm.processing_smolvlm.num2words", None)
    directory = shutil.copytree(model(family), tmp_path / "broken")
    breaks(directory)
    with pytest.raises(ModelError, match=f"broken: cannot be loaded as an image-to-text model: .*{reason}"):
        verbalizer(directory).verbalize(PICTURES[:1])


@pytest.mark.parametrize("name", ["nowhere", "./org/name", "../org/name", "mini", "/no/such/place"])
def test_a_model_that_is_nowhere(name: str) -> None:
    with pytest.raises(ModelError, match="neither a directory nor a hub id"):
        CaptionVerbalizer(CaptionSettings(model=name))


def test_directories_that_hold_no_such_model(model: Model, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json"):
        verbalizer(tmp_path)
    with pytest.raises(ModelError, match='made for the verbalizer "query", not "caption"; use query:'):
        verbalizer(model("own"), "caption")
    newer = shutil.copytree(model("own"), tmp_path / "newer")
    tiny_models.write(newer, "verbalizer.json", {"format": 2, "kind": "query"})
    with pytest.raises(ModelError, match="format 2, this version reads 1"):
        verbalizer(newer)


def test_a_query_verbalizer_needs_a_model() -> None:
    with pytest.raises(ConfigError, match="query needs a model"):
        CaptionVerbalizer(QuerySettings(), "query")


def test_what_a_model_cannot_do(model: Model) -> None:
    with pytest.raises(ConfigError, match="takes no prompt"):
        verbalizer(model("vit-gpt2"), prompt="a").verbalize(PICTURES[:1])
    with pytest.raises(ConfigError, match='device "abacus" cannot be used'):
        verbalizer(model("vit-gpt2"), device="abacus").verbalize(PICTURES[:1])
    with pytest.raises(
        ModelError, match=r"failed: picture and prompt take 82 of its 64 tokens; .*shorter prompt"
    ):
        verbalizer(model("blip"), prompt="a dog " * 40).verbalize(PICTURES[:1])


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf'caption needs {package}: pip install "univldr\[verbalize\]"'):
        CaptionVerbalizer(CaptionSettings())


@pytest.mark.parametrize("value", [{"max_side": 0}, {"count": 2}, {"min_tokens": 41}, {"beams": 0}])
def test_settings_that_make_no_sense(value: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(value))):
        dataclasses.replace(CaptionSettings(), **value)


def test_looking_at_a_model_imports_neither_torch_nor_transformers(model: Model) -> None:
    code = (
        "import sys; from univldr.verbalize.caption import CaptionVerbalizer as V, CaptionSettings as S;"
        f"V(S(model={str(model('blip'))!r})).fingerprint; print(*{{m.split('.')[0] for m in sys.modules}})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "transformers", "cv2"} & set(done.stdout.split())

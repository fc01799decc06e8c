"""The ONNX encoder gives transformers' vectors, whatever the batch, and the documented sum for captions."""

from __future__ import annotations

import io
import json
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from tests.encoders.small_clip import MAX_TOKENS, SmallClip, build
from univldr.encoders.onnx import OnnxEncoder
from univldr.errors import ConfigError, ImageError, ModelError
from univldr.types import Document, Expansion, Float32Array, Modality, Query

TEXTS = ["a dog on the beach", "red", "", "the pricing model on a whiteboard", "x" * 40, "blue dog " * 20]


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "univldr"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> SmallClip:
    return build(tmp_path_factory.mktemp("clip") / "model")


@pytest.fixture(scope="module")
def encoder(clip: SmallClip) -> OnnxEncoder:
    return OnnxEncoder(clip.directory, name="small")


@pytest.fixture
def copied(clip: SmallClip, tmp_path: Path) -> Path:
    """The model directory, to be changed."""
    return shutil.copytree(clip.directory, tmp_path / "copied")


def noise(seed: int, width: int = 50, height: int = 40) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 256, (height // 5, width // 5, 3), np.uint8)
    return Image.fromarray(values).resize((width, height), Image.Resampling.BICUBIC)


def png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def passage(text: str) -> Document:
    return Document(id=text[:10], modality=Modality.TEXT, text=text)


def picture(seed: int, caption: str = "", expansions: tuple[str, ...] = ()) -> Document:
    return Document(
        f"p{seed}",
        Modality.IMAGE,
        text=caption,
        image=png(noise(seed)),
        expansions=tuple(map(Expansion, expansions)),
    )


def unit(rows: torch.Tensor) -> Float32Array:
    result: Float32Array = torch.nn.functional.normalize(rows, dim=-1).numpy()
    return result


def cosines(left: Float32Array, right: Float32Array) -> npt.NDArray[np.float32]:
    result: npt.NDArray[np.float32] = (left * right).sum(1)
    return result


def test_texts_match_transformers_padded_to_full_length(clip: SmallClip, encoder: OnnxEncoder) -> None:
    expected = unit(clip.texts(TEXTS))
    assert np.abs(expected @ expected.T - np.eye(len(TEXTS))).max() < 0.9999  # the texts do differ
    found = encoder.encode_documents([passage(text) for text in TEXTS])
    assert found.shape == (6, 24)
    assert found.dtype == np.float32
    assert cosines(found, expected).min() >= 0.9999
    queries = encoder.encode_queries([Query(text=text) for text in TEXTS if text])
    assert cosines(queries, np.delete(expected, 2, 0)).min() >= 0.9999


def test_trimming_padding_is_exact(encoder: OnnxEncoder) -> None:
    """One by one nothing is padded; together the short ones are; the vectors are the same."""
    together = encoder.encode_documents([passage(text) for text in TEXTS])
    alone = np.concatenate([encoder.encode_documents([passage(text)]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=2e-6)


def test_images_match_transformers(clip: SmallClip, encoder: OnnxEncoder) -> None:
    expected = unit(clip.images([noise(seed) for seed in range(11)]))
    found = encoder.encode_documents([picture(seed) for seed in range(11)])
    assert cosines(found, expected).min() >= 0.9999
    assert cosines(found, np.roll(expected, 1, 0)).max() < 0.9999


def test_captioned_image_is_the_sum_of_raw_projections(clip: SmallClip, encoder: OnnxEncoder) -> None:
    captions = ["a red dog", "the beach"]
    expected = unit(clip.images([noise(0), noise(1)]) + clip.texts(captions))
    documents = [picture(seed, caption) for seed, caption in enumerate(captions)]
    assert cosines(encoder.encode_documents(documents), expected).min() >= 0.9999
    queries = [Query(text=document.text, image=document.image) for document in documents]
    assert cosines(encoder.encode_queries(queries), expected).min() >= 0.9999


def test_mixed_batch_keeps_its_order_and_unit_rows(encoder: OnnxEncoder) -> None:
    documents = [
        picture(n, "a dog" * (n % 4 == 0)) if n % 2 else passage("red blue " * (n % 7)) for n in range(90)
    ]
    rows = encoder.encode_documents(documents)
    alone = np.concatenate([encoder.encode_documents([document]) for document in documents])
    np.testing.assert_allclose(rows, alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-6)
    assert encoder.encode_documents([]).shape == (0, 24)


def test_expansions_join_the_caption_by_the_template(clip: SmallClip, encoder: OnnxEncoder) -> None:
    expanded = picture(0, "a dog", ("red", "beach"))
    expected = unit(clip.images([noise(0)]) + clip.texts(["a dog [SEP] red beach"]))
    assert cosines(encoder.encode_documents([expanded]), expected).min() >= 0.9999
    assert encoder.dropped_expansions == 0


def test_expansions_that_do_not_fit_are_dropped_from_the_end(clip: SmallClip) -> None:
    encoder = OnnxEncoder(clip.directory)
    caption = "a dog on the beach"  # 5 tokens; [SEP] takes 3 and the ends 2, so 6 are left of 16
    rows = encoder.encode_documents([picture(0, caption, ("red dog", "blue", "a b c d", "red"))])
    assert encoder.dropped_expansions == 2
    np.testing.assert_allclose(
        rows, encoder.encode_documents([picture(0, caption, ("red dog", "blue"))]), atol=1e-6
    )
    encoder.encode_documents([picture(0, "dog " * 20, ("red",))])
    assert encoder.dropped_expansions == 3


def test_count_tokens_counts_ends_and_is_not_cut(encoder: OnnxEncoder) -> None:
    assert encoder.count_tokens(["a dog", "", "dog " * 50]) == [4, 2, 52]
    assert encoder.max_tokens == MAX_TOKENS


def test_a_text_query_loads_no_image_graph(copied: Path) -> None:
    (copied / "onnx" / "vision_model.onnx").write_bytes(b"not a graph")
    encoder = OnnxEncoder(copied)
    assert encoder.encode_queries([Query(text="a dog")]).shape == (1, 24)
    with pytest.raises(ModelError, match=r"vision_model\.onnx: cannot be loaded"):
        encoder.encode_documents([picture(0)])


def test_broken_picture_is_named(encoder: OnnxEncoder, tmp_path: Path) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8\xff broken")
    broken = Document("holiday/7", Modality.IMAGE, image=path)
    with pytest.raises(ImageError, match=rf"holiday/7 \({path}\)"):
        encoder.encode_documents([*(picture(seed) for seed in range(20)), broken])
    with pytest.raises(ImageError, match="lost: an image document without an image"):
        encoder.encode_documents([Document("lost", Modality.IMAGE, text="a caption")])


def test_empty_query(encoder: OnnxEncoder) -> None:
    with pytest.raises(ConfigError, match="an empty query"):
        encoder.encode_queries([Query(text="  ")])


def test_settings_choose_the_graphs_and_a_variant_overrides_them(copied: Path) -> None:
    onnx = copied / "onnx"
    (onnx / "text_model.onnx").rename(onnx / "text_model_quantized.onnx")
    with pytest.raises(
        ModelError, match=r"text_model\.onnx: no such file; present: text_model_quantized\.onnx, vision"
    ):
        OnnxEncoder(copied)
    write_settings(copied, onnx={"text": "text_model_quantized.onnx"})
    assert OnnxEncoder(copied).encode_queries([Query(text="red")]).shape == (1, 24)
    with pytest.raises(ModelError, match=r"vision_model_quantized\.onnx: no such file"):
        OnnxEncoder(copied, variant="quantized")


def write_settings(directory: Path, **changes: Any) -> None:
    settings = {"format": 1, "name": "small", "dim": 24, "max_tokens": MAX_TOKENS, "fusion": "sum"}
    (directory / "univldr.json").write_text(json.dumps(settings | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "format 2, this version reads 1"),
        ({"fusion": "concat"}, "fusion 'concat' is not known"),
        ({"dim": None}, "malformed"),
        ({"onnx": {"text": "../../elsewhere.onnx"}}, "may only name files in onnx/"),
        ({"template": "{captoin}"}, 'malformed value: template "{captoin}"'),
    ],
)
def test_settings_are_checked(copied: Path, changes: dict[str, Any], message: str) -> None:
    write_settings(copied, **changes)
    with pytest.raises(ModelError, match=message):
        OnnxEncoder(copied)


@pytest.mark.parametrize("name", ["tokenizer.json", "preprocessor_config.json"])
@pytest.mark.parametrize("content", [None, "{", "[]", "{}"])
def test_missing_and_broken_files_are_named(copied: Path, name: str, content: str | None) -> None:
    (copied / name).unlink()
    if content is not None:
        (copied / name).write_text(content)
    with pytest.raises(ModelError, match=name):
        OnnxEncoder(copied).encode_documents([picture(0, "a dog")])


def test_fingerprint_follows_content_not_place(copied: Path, encoder: OnnxEncoder, own_cache: Path) -> None:
    first = OnnxEncoder(copied).fingerprint
    assert first == encoder.fingerprint == OnnxEncoder(copied).fingerprint
    assert (own_cache / "digests.json").is_file()
    with (copied / "onnx" / "text_model.onnx").open("ab") as stream:
        stream.write(b"\0")
    second = OnnxEncoder(copied).fingerprint
    write_settings(copied, template="{caption} {expansions}")
    third = OnnxEncoder(copied).fingerprint
    assert len({first, second, third}) == 3
    (own_cache / "digests.json").write_text("not JSON")
    assert OnnxEncoder(copied).fingerprint == third


def test_outputs_are_chosen_by_name(copied: Path) -> None:
    """Of several outputs the projected one is taken; a graph without one is refused."""
    onnx = pytest.importorskip("onnx")
    path = copied / "onnx" / "text_model.onnx"
    graph = onnx.load(path)
    graph.graph.output.insert(
        0, onnx.helper.make_tensor_value_info("input_ids", onnx.TensorProto.INT64, None)
    )
    onnx.save(graph, path)
    assert OnnxEncoder(copied).encode_queries([Query(text="red")]).shape == (1, 24)
    del graph.graph.output[1]
    onnx.save(graph, path)
    with pytest.raises(
        ModelError, match=r"outputs \['input_ids'\], none of \['text_embeds', 'pooler_output'\]"
    ):
        OnnxEncoder(copied).encode_queries([Query(text="red")])


class MeanPooling(torch.nn.Module):
    """A text tower that needs its mask, as BERT-like ones do."""

    def __init__(self) -> None:
        super().__init__()
        self.words = torch.nn.Embedding(100, 24)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        mask = attention_mask[:, :, None].float()
        pooled: torch.Tensor = (self.words(input_ids) * mask).sum(1) / mask.sum(1)
        return pooled


def test_padding_is_masked_where_the_graph_takes_a_mask(clip: SmallClip, copied: Path) -> None:
    tower = MeanPooling()
    examples = (torch.zeros(2, 3, dtype=torch.long), torch.ones(2, 3, dtype=torch.long))
    names, axes = ["input_ids", "attention_mask"], {0: "batch", 1: "length"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            tower,
            examples,
            copied / "onnx" / "text_model.onnx",
            input_names=names,
            output_names=["text_embeds"],
            dynamic_axes=dict.fromkeys(names, axes),
            dynamo=False,
        )
    texts = ["a dog", "red", "the pricing model on a whiteboard", "blue"]
    words = [tower.words.weight[clip.tokenizer.encode(text).ids].mean(0).detach() for text in texts]
    found = OnnxEncoder(copied).encode_documents([passage(text) for text in texts])
    np.testing.assert_allclose(found, unit(torch.stack(words)), atol=1e-6)


def siglip_like(directory: Path, pad_token: str) -> Path:
    (directory / "config.json").write_text(json.dumps({"model_type": "siglip"}))
    settings = {"pad_token": pad_token, "model_max_length": MAX_TOKENS}
    (directory / "tokenizer_config.json").write_text(json.dumps(settings))
    return directory


def test_siglip_is_padded_to_full_length(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = OnnxEncoder(siglip_like(copied, pad_token="<unk>"))
    seen: list[Sequence[int]] = []
    run = encoder._text.run

    def spy(**inputs: npt.NDArray[Any]) -> Float32Array:
        seen.append(inputs["input_ids"][0].tolist())
        return run(**inputs)

    monkeypatch.setattr(encoder._text, "run", spy)
    encoder.encode_queries([Query(text="a dog")])
    assert seen[-1] == [0, 3, 4, 1] + [2] * (MAX_TOKENS - 4)

"""Models come back from their graphs: the same vectors and sizes, trainable; anything else is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper
from PIL import Image

from univldr import encoders, export
from univldr.demo.corpus import passages, write_corpus
from univldr.demo.questions import TOUR
from univldr.encoders import load_encoder, mini_directory
from univldr.encoders.dual import DualConfig, DualModel
from univldr.encoders.fusion import FusionModule
from univldr.encoders.onnx import OnnxEncoder
from univldr.encoders.restore import restore
from univldr.encoders.torch_encoder import TorchEncoder
from univldr.errors import ModelError
from univldr.types import Document, Encoder, Float32Array, Modality, Query

Checkpoint = Callable[[str], Path]
TEXT, IMAGE = "text_model.onnx", "vision_model.onnx"
HEAD = "module.model.head.out.weight"


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Models this small only wait for a second thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def module(checkpoint: Checkpoint) -> FusionModule:
    """A model with a text head and two blocks, of which one has no array that is equal to another's."""
    fusion = FusionModule.load(str(checkpoint("univldr-dual")))
    given = fusion.model.config
    text = given.text_config.to_dict() | {"num_hidden_layers": 2, "layer_norm_eps": 1e-6}
    vision = given.vision_config.to_dict() | {"image_size": [32, 32], "output_stride": 16}
    torch.manual_seed(1)
    config = DualConfig(text, vision, head_hidden=16, text_head=True, middle=4, logit_scale_init_value=2.5)
    model = DualModel(config)
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
        elif parameter.ndim and "layer.1." not in name:  # zeros and ones, stored once or not at all
            torch.nn.init.normal_(parameter, mean=parameter[0].item(), std=0.2)
    for norm in model.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(norm.get_buffer("running_mean"), std=0.2)
            torch.nn.init.uniform_(norm.get_buffer("running_var"), 0.5, 1.5)
    fusion.model = model
    return fusion.eval()


@pytest.fixture(scope="module")
def small(module: FusionModule, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its export; int8 and half precision are the default."""
    directory = tmp_path_factory.mktemp("exported")
    export.export_onnx(module, directory)
    return directory


@pytest.fixture
def full(small: Path, tmp_path: Path) -> Path:
    """A copy of the export with its float32 graphs, to be changed."""
    directory = tmp_path / "full"
    shutil.copytree(small, directory)
    settings = json.loads((directory / "univldr.json").read_text())
    (directory / "univldr.json").write_text(json.dumps(settings | {"onnx": {}}))
    return directory


@pytest.fixture(scope="module")
def mini() -> TorchEncoder:
    return TorchEncoder.load("mini")


def change(path: Path, edit: Callable[[Any], None]) -> None:
    """Edit the graph in a file."""
    model = onnx.load(path)
    edit(model.graph)
    onnx.save(model, path)


def initializer(graph: Any, name: str) -> Any:
    return next(tensor for tensor in graph.initializer if tensor.name == name)


def picture(seed: int) -> Image.Image:
    levels = np.random.default_rng(seed).integers(0, 256, (5, 4, 3), np.uint8)
    return Image.fromarray(levels).resize((48, 40))


def vectors(module: FusionModule) -> tuple[Float32Array, Float32Array]:
    """Rows of three texts and of two pictures."""
    with torch.inference_mode():
        texts = module.preprocess(["dog", "the red bird runs on the beach", "a blue cat sleeps"])
        pixels = module.preprocess([picture(1), picture(2)])["pixel_values"]
        rows = module.text_features(texts["input_ids"], texts["attention_mask"])
        return rows.numpy(), module.image_features(pixels).numpy()


def test_float32_graphs_give_the_model_back(module: FusionModule, full: Path) -> None:
    restored = FusionModule.load(str(full))
    for mine, expected in zip(vectors(restored), vectors(module), strict=True):
        np.testing.assert_allclose(mine, expected, atol=2e-5)
    assert not restored.model.training
    assert restored.logit_scale.item() == 2.5
    assert restored.name == module.name
    weights = module.model.state_dict()
    for name, tensor in restored.model.state_dict().items():
        if not name.startswith("vision_model."):  # there the batch norms are folded
            torch.testing.assert_close(tensor, weights[name], msg=name)
    for tower in ("text_config", "vision_config"):
        found, given = (getattr(m.model.config, tower).to_dict() for m in (restored, module))
        assert {key for key in given if found.get(key) != given[key]} <= {
            "_name_or_path",
            "dtype",
            "image_size",
        }


def test_small_graphs_give_nearly_the_model_back(module: FusionModule, small: Path) -> None:
    restored = FusionModule.load(str(small))
    texts, pictures = vectors(restored)
    expected_texts, expected_pictures = vectors(module)
    np.testing.assert_allclose((texts * expected_texts).sum(axis=1), 1, atol=1e-2)
    np.testing.assert_allclose((pictures * expected_pictures).sum(axis=1), 1, atol=1e-4)
    encoder = TorchEncoder.load(small)
    assert encoder.name == str(small)
    assert encoder.fingerprint not in (OnnxEncoder(small).fingerprint, "")


def test_int8_weights_are_within_half_a_step(module: FusionModule, small: Path) -> None:
    """A column of a matrix has 127 steps of its maximum: 7 bits and a sign, of which one is the sum's."""
    mine, given = restore(small).state_dict(), module.model.state_dict()
    name = "text_model.encoder.layer.1.intermediate.dense.weight"
    step = given[name].abs().amax(dim=1, keepdim=True) / 63
    assert ((mine[name] - given[name]).abs() <= 0.5 * step + 1e-6).all()
    assert (mine[name] != given[name]).any()


def test_a_table_in_int8_comes_back_by_row(
    full: Path, module: FusionModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_SMALL", 1)
    change(full / "onnx" / TEXT, export._quantize_tables)
    found = restore(full).state_dict()
    for name in ("word", "position", "token_type"):
        key = f"text_model.embeddings.{name}_embeddings.weight"
        given = module.model.state_dict()[key]
        assert ((found[key] - given).abs() <= given.abs().amax(dim=1, keepdim=True) / 254 + 1e-6).all()
        assert (found[key] != given).any()


def test_a_batch_norm_that_was_not_folded(full: Path, module: FusionModule) -> None:
    """A norm that divides by 2 and adds 1 after a kernel that was doubled, and its bias accordingly."""
    weight = "module.model.vision_model.layer.3.expand_1x1.convolution.weight"

    def unfold(graph: Any) -> None:
        conv = next(node for node in graph.node if weight in node.input)
        kernel, bias = (numpy_helper.to_array(initializer(graph, name)) for name in conv.input[1:])
        one = np.ones_like(bias)
        epsilon = 0.5
        arrays = {
            "norm.scale": 0.5 * one,
            "norm.shift": bias + 1,
            "norm.mean": 2 * one,
            "norm.variance": one - epsilon,
        }
        initializer(graph, weight).CopyFrom(numpy_helper.from_array(2 * kernel, weight))
        graph.initializer.remove(initializer(graph, conv.input[2]))
        graph.initializer.extend(numpy_helper.from_array(a, name) for name, a in arrays.items())
        out = conv.output[0]
        norm = helper.make_node("BatchNormalization", ["raw", *arrays], [out], epsilon=epsilon)
        del conv.input[2:]
        conv.output[0] = "raw"
        graph.node.insert(list(graph.node).index(conv) + 1, norm)

    change(full / "onnx" / IMAGE, unfold)
    np.testing.assert_allclose(vectors(FusionModule.load(str(full)))[1], vectors(module)[1], atol=2e-5)


def test_restored_models_are_trained_and_saved(small: Path, tmp_path: Path) -> None:
    fusion = FusionModule.load(str(small))
    fusion(fusion.preprocess(["dog", picture(1)]))["sentence_embedding"].sum().backward()
    assert all(parameter.grad is not None for parameter in fusion.model.head.parameters())
    fusion.save(str(tmp_path / "saved"))
    again = FusionModule.load(str(tmp_path / "saved")).eval()
    for mine, expected in zip(vectors(again), vectors(fusion), strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-6)


def test_restoring_draws_no_random_numbers(small: Path) -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    restore(small)
    assert torch.equal(torch.get_rng_state(), before)


def test_mini_by_its_name(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "_MINI_PLACES", (small,))
    assert FusionModule.load("mini").name == "mini"
    monkeypatch.setattr(encoders, "_MINI_PLACES", (small / "nothing",))
    with pytest.raises(ModelError, match="the bundled model is missing"):
        TorchEncoder.load("mini")


def test_broken_and_missing_graphs(full: Path) -> None:
    (full / "onnx" / TEXT).write_bytes(b"no graph")
    with pytest.raises(ModelError, match=r"text_model\.onnx: cannot be loaded"):
        FusionModule.load(str(full))
    (full / "onnx" / TEXT).unlink()
    with pytest.raises(ModelError, match=r"text_model\.onnx: no such file; .*torch weights"):
        FusionModule.load(str(full))


def drop(graph: Any) -> None:
    graph.initializer.remove(initializer(graph, HEAD))


def from_outside(graph: Any) -> None:
    """The weights are computed by the graph, so they are not stored in it."""
    stored = initializer(graph, HEAD)
    node = helper.make_node("Constant", [], [HEAD], value=stored)
    graph.initializer.remove(stored)
    graph.node.insert(0, node)


def add(graph: Any) -> None:
    graph.initializer.append(
        numpy_helper.from_array(np.zeros((3, 2), np.float32), "module.model.gate.weight")
    )


def skip_norm(graph: Any) -> None:
    norm = next(node for node in graph.node if node.op_type == "LayerNormalization")
    for name in norm.input[1:]:
        graph.initializer.remove(initializer(graph, name))
    norm.CopyFrom(helper.make_node("Identity", norm.input[:1], norm.output[:1]))


def other_activation(graph: Any) -> None:
    gelu = next(node for node in graph.node if node.op_type == "Gelu")
    gelu.CopyFrom(helper.make_node("Neg", gelu.input, gelu.output))


def halve_channels(graph: Any) -> None:
    """A last layer with fewer channels than MobileNetV2 has."""
    for name in ("conv_1x1.convolution.weight", "conv_1x1.convolution.weight_bias"):
        cut(graph, f"module.model.vision_model.{name}", lambda values: values[:640])
    for name in ("norm.weight", "norm.bias"):
        cut(graph, f"module.model.head.{name}", lambda values: values[:1280])
    cut(graph, "module.model.head.hidden.weight", lambda values: values[:, :1280])
    del graph.value_info[:]  # the shapes before


def cut(graph: Any, name: str, part: Callable[[Any], Any]) -> None:
    tensor = initializer(graph, name)
    values = np.ascontiguousarray(part(numpy_helper.to_array(tensor)))
    tensor.CopyFrom(numpy_helper.from_array(values, name))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (drop, r"cannot be loaded.*module\.model\.head\.out\.weight"),
        (from_outside, r"not stored in the graph: module\.model\.head\.out\.weight"),
        (add, r"weights that no layer uses: module\.model\.gate\.weight"),
        (skip_norm, r"0 weights of the kind norm, 1 are needed, among them head\.norm"),
        (other_activation, r"vision_model\.onnx: what was restored gives image vectors of cosine"),
        (halve_channels, r"these weights make no model: .*are of no MobileNetV2"),
    ],
)
def test_what_cannot_be_restored_is_named(edit: Callable[[Any], None], message: str, full: Path) -> None:
    change(full / "onnx" / IMAGE, edit)
    with pytest.raises(ModelError, match=f"(?s){message}"):
        restore(full)


def test_a_clip_needs_its_torch_weights(checkpoint: Checkpoint, tmp_path: Path) -> None:
    clip = FusionModule.load(str(checkpoint("clip"))).eval()
    clip.model.set_attn_implementation("eager")
    clip.save_beside(tmp_path)
    (tmp_path / "onnx").mkdir()
    batch = export._text_batches(clip)[-1]
    export._write(export._TextTower(clip).eval(), batch, tmp_path / "onnx" / TEXT, "text_embeds")
    with pytest.raises(ModelError, match=r"not exported from a univldr-dual model.*model\.safetensors"):
        TorchEncoder.load(tmp_path)


def rankings(encoder: Encoder, folder: Path) -> tuple[list[str], Float32Array]:
    """The best document of each question of the tour, and all vectors."""
    named = {name for question in TOUR for name in question.answers}
    notes = [p for number, p in enumerate(passages()) if p.key in named or number % 25 == 0]
    documents = [Document(p.key, Modality.TEXT, p.text) for p in notes]
    documents += [
        Document(f"pictures/{path.name}", Modality.IMAGE, image=path)
        for path in sorted((folder / "pictures").iterdir())
        if f"pictures/{path.name}" in named or path.name in ("skier.jpg", "penguins-on-ice.jpg")
    ]
    rows = encoder.encode_documents(documents)
    scores = encoder.encode_queries([Query(question.text) for question in TOUR]) @ rows.T
    return [documents[best].id for best in scores.argmax(axis=1)], rows


def test_mini_ranks_the_demo_as_its_graphs_do(mini: TorchEncoder, tmp_path: Path) -> None:
    write_corpus(tmp_path)
    mine, rows = rankings(mini, tmp_path)
    graphs = load_encoder("mini")
    expected, expected_rows = rankings(graphs, tmp_path)
    assert mine == expected
    assert (rows * expected_rows).sum(axis=1).min() > 0.98
    assert (mini.name, mini.dim, mini.max_tokens) == (graphs.name, graphs.dim, 256)
    assert mini.fingerprint != graphs.fingerprint


def test_mini_is_saved_as_a_torch_model(mini: TorchEncoder, tmp_path: Path) -> None:
    fusion: Any = mini.model[0]
    assert fusion.name == "mini"
    fusion.save(str(tmp_path))
    again = TorchEncoder.load(tmp_path)
    queries = [Query("a black dog in the snow")]
    np.testing.assert_allclose(again.encode_queries(queries), mini.encode_queries(queries), atol=1e-6)
    assert fusion.model.config.text_config.num_attention_heads == 12
    told = json.loads((mini_directory() / "univldr.json").read_text("utf-8"))
    assert fusion.logit_scale.item() == pytest.approx(told["logit_scale"], abs=1e-4)
    assert fusion.model.config.middle == told["middle"] > 0

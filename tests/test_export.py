"""Exported directories give torch's vectors without torch, and their small graphs are small."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from univldr import export as module
from univldr.calibration import Calibration, Curve
from univldr.encoders.fusion import FusionModule
from univldr.encoders.onnx import OnnxEncoder
from univldr.encoders.settings import load_calibration
from univldr.encoders.torch_encoder import TorchEncoder
from univldr.errors import ModelError
from univldr.export import ExportReport, GraphReport, export_onnx, store_int8, store_small
from univldr.types import Document, Float32Array, Modality

Checkpoint = Callable[[str], Path]
FAMILIES = ["clip", "univldr-dual", pytest.param("siglip", marks=pytest.mark.slow)]


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def exported(
    checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], ExportReport]:
    """The report of one full export by family."""
    made: dict[str, ExportReport] = {}

    def get(family: str) -> ExportReport:
        if family not in made:
            made[family] = export_onnx(checkpoint(family), tmp_path_factory.mktemp("exported"))
        return made[family]

    return get


def documents() -> list[Document]:
    levels = np.random.default_rng(3).integers(0, 256, (2, 5, 4, 3), np.uint8)
    pictures = [Image.fromarray(array).resize((60, 40)) for array in levels]
    encoded = []
    for number, picture in enumerate(pictures):
        path = Path(f"{number}.png")
        picture.save(path)
        encoded.append(path.absolute())
    return [
        Document("short", Modality.TEXT, text="dog"),
        Document("long", Modality.TEXT, text="the red bird runs on the beach " * 9),
        Document("image", Modality.IMAGE, image=encoded[0]),
        Document("captioned", Modality.IMAGE, text="a blue cat", image=encoded[1]),
    ]


def cosines(left: Float32Array, right: Float32Array) -> Float32Array:
    return np.asarray((left * right).sum(axis=1), np.float32)


@pytest.mark.parametrize("family", FAMILIES)
def test_exported_directory_encodes_like_torch(
    family: str,
    checkpoint: Checkpoint,
    exported: Callable[[str], ExportReport],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    report = exported(family)
    expected = TorchEncoder.load(checkpoint(family)).encode_documents(documents())
    files = [graph.file for graph in report.graphs]
    assert files == [
        "text_model.onnx",
        "text_model_quantized.onnx",
        "vision_model.onnx",
        "vision_model_small.onnx",
    ]
    assert all(0.999 <= graph.lowest <= graph.mean <= 1.0001 for graph in report.graphs[::2])
    settings = json.loads((report.directory / "univldr.json").read_text())
    assert settings["onnx"] == {"text": "text_model_quantized.onnx", "image": "vision_model_small.onnx"}
    small = OnnxEncoder(report.directory).encode_documents(documents())
    assert cosines(small, expected).min() > 0.98
    settings["onnx"] = {}
    (tmp_path / "full").mkdir()
    for path in report.directory.glob("*.json"):
        (tmp_path / "full" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "full" / "univldr.json").write_text(json.dumps(settings))
    (tmp_path / "full" / "onnx").symlink_to(report.directory / "onnx")
    full = OnnxEncoder(tmp_path / "full").encode_documents(documents())
    np.testing.assert_allclose(full, expected, atol=1e-4)


def test_no_graph_tells_where_it_was_made(exported: Callable[[str], ExportReport]) -> None:
    for path in (exported("univldr-dual").directory / "onnx").iterdir():
        content = path.read_bytes()
        assert b".py" not in content
        assert str(Path.cwd()).encode() not in content


def test_report_prints_one_line_per_graph(exported: Callable[[str], ExportReport]) -> None:
    report = exported("clip")
    header, *lines = str(report).splitlines()
    assert "cosine" in header
    assert [line.split()[0] for line in lines] == [graph.file for graph in report.graphs]
    for graph in report.graphs:
        assert graph.bytes == (report.directory / "onnx" / graph.file).stat().st_size


def test_only_the_small_graphs_are_kept(
    checkpoint: Checkpoint,
    exported: Callable[[str], ExportReport],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graphs = exported("univldr-dual").directory / "onnx"

    def copy_traced(_: object, __: object, path: Path, ___: object) -> None:
        shutil.copy(graphs / path.name, path)  # tracing takes seconds, and this is not about it

    monkeypatch.setattr(module, "_write", copy_traced)
    fusion = FusionModule.load(str(checkpoint("univldr-dual"))).train()
    fusion.calibration = Calibration({"text": Curve(20.0, 0.4)}, 0.5)
    report = export_onnx(fusion, tmp_path, keep_float32=False)
    assert fusion.training
    assert load_calibration(tmp_path) == fusion.calibration
    assert fusion.model.config._attn_implementation != "eager"
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {
        "onnx/text_model_quantized.onnx",
        "onnx/vision_model_small.onnx",
        "preprocessor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "univldr.json",
    }
    assert len(report.graphs) == 2


def test_graph_unlike_torch_is_refused(
    checkpoint: Checkpoint, exported: Callable[[str], ExportReport]
) -> None:
    path = exported("clip").directory / "onnx" / "text_model.onnx"
    other = FusionModule.load(str(checkpoint("clip"))).eval()
    batches = module._text_batches(other)
    with torch.no_grad():
        other.model.text_projection.weight.normal_()
    with pytest.raises(ModelError, match=r"text_model\.onnx: cosine .* with torch, at least 0\.999"):
        module._check(path, "", module._TextTower(other), batches)


@pytest.mark.parametrize("transposed", [False, True])
def test_small_matrices_compute_in_full(tmp_path: Path, transposed: bool) -> None:
    """Four times as small, and the same as a graph whose outputs were each rounded to 255 levels by hand."""
    random = np.random.default_rng(0)
    weights = (random.normal(size=(96, 80)) * random.uniform(0.01, 10, 80)).astype(np.float32)
    _linear(weights, tmp_path / "full.onnx", transposed=transposed)
    store_small(tmp_path / "full.onnx", tmp_path / "small.onnx")
    assert (tmp_path / "small.onnx").stat().st_size < 0.3 * (tmp_path / "full.onnx").stat().st_size
    rows = random.normal(size=(3, 96)).astype(np.float32)
    scales = np.abs(weights).max(axis=0) / 127
    rounded = np.rint(weights / scales) * scales
    np.testing.assert_allclose(_run(tmp_path / "small.onnx", rows), rows @ rounded, rtol=1e-4, atol=1e-4)


def test_what_is_no_matrix_of_a_product_is_kept_in_half(tmp_path: Path) -> None:
    kernel = np.random.default_rng(0).normal(size=(32, 16, 3, 3)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "k"], ["y"])],
        "convolution",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 16, 5, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 32, 3, 3])],
        [numpy_helper.from_array(kernel, "k")],
    )
    _save(graph, tmp_path / "full.onnx")
    store_small(tmp_path / "full.onnx", tmp_path / "small.onnx")
    stored = {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in onnx.load(tmp_path / "small.onnx").graph.initializer
    }
    assert stored.keys() == {"k.float16"}
    np.testing.assert_array_equal(stored["k.float16"], kernel.astype(np.float16))


def test_pictures_in_int8_where_they_are_asked_for(
    exported: Callable[[str], ExportReport],
    checkpoint: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    graphs = exported("clip").directory / "onnx"
    monkeypatch.setattr(module, "_write", lambda _, __, path, ___: shutil.copy(graphs / path.name, path))
    export_onnx(str(checkpoint("clip")), tmp_path, int8_pictures=True, keep_float32=False)
    settings = json.loads((tmp_path / "univldr.json").read_text())
    assert settings["onnx"]["image"] == "vision_model_quantized.onnx"
    whole = OnnxEncoder(exported("clip").directory, variant=None).encode_documents(documents())
    assert cosines(OnnxEncoder(tmp_path).encode_documents(documents()), whole).min() > 0.97


def test_int8_shrinks_tables_and_products(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    table = (random.normal(size=(500, 64)) * random.uniform(0.01, 10, (500, 1))).astype(np.float32)
    weights = random.normal(size=(64, 128)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "x"], ["rows"]),
            helper.make_node("MatMul", ["rows", "w"], ["y"]),
        ],
        "lookup",
        [helper.make_tensor_value_info("x", TensorProto.INT64, ["n"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 128])],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(weights, "w")],
    )
    _save(graph, tmp_path / "full.onnx")
    store_int8(tmp_path / "full.onnx", tmp_path / "int8.onnx")
    assert (tmp_path / "int8.onnx").stat().st_size < 0.32 * (tmp_path / "full.onnx").stat().st_size
    rows = np.arange(0, 500, 7)
    expected = table[rows] @ weights
    got = np.concatenate([_run(tmp_path / "int8.onnx", rows[n : n + 1]) for n in range(len(rows))])
    norms = np.linalg.norm(got, axis=1) * np.linalg.norm(expected, axis=1)
    assert (
        (got * expected).sum(axis=1) / norms
    ).min() > 0.999  # rows of every magnitude keep their direction


def test_report_is_a_value() -> None:
    graph = GraphReport("text_model.onnx", 1_500_000, 0.99951, 0.9999, 120.4)
    lines = str(ExportReport(Path("x"), (graph,))).splitlines()
    assert lines[1].split() == ["text_model.onnx", "1.5", "0.99951", "0.99990", "120"]


def _linear(weights: Float32Array, path: Path, *, transposed: bool) -> None:
    product = helper.make_node("MatMul", ["x", "w"], ["y"])
    if transposed:
        product = helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)
    graph = helper.make_graph(
        [product],
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", weights.shape[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", weights.shape[1]])],
        [numpy_helper.from_array(np.ascontiguousarray(weights.T) if transposed else weights, "w")],
    )
    _save(graph, path)


def _save(graph: onnx.GraphProto, path: Path) -> None:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _run(path: Path, rows: object) -> Float32Array:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"x": rows})
    return np.asarray(result, np.float32)

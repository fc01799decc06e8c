"""From torch to the model directory that searching uses: one ONNX graph per tower, whole and small."""

from __future__ import annotations

import copy
import json
import logging
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic
from onnxruntime.quantization.quant_utils import add_pre_process_metadata
from PIL import Image
from torch import Tensor, nn

from univldr.encoders.fusion import FusionModule
from univldr.encoders.settings import FILE_NAME
from univldr.errors import ModelError

Inputs = dict[str, npt.NDArray[Any]]

_LEAST_COSINE = {"": 0.999, "small": 0.99, "quantized": 0.95}
"""What the worst row of each variant may have with torch's; below it the graph is taken for broken."""

_SMALL = 4096
"""Arrays of fewer values are left alone: they weigh nothing and carry scales, shapes and norms."""


@dataclass(frozen=True, slots=True)
class GraphReport:
    """One graph against torch.

    Attributes:
        file: Below ``onnx/``.
        bytes: Its size.
        lowest, mean: Cosine between its rows and torch's, the worst and the mean over all sample inputs.
        per_second: Sample texts or pictures a second, on one thread.
    """

    file: str
    bytes: int
    lowest: float
    mean: float
    per_second: float


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written to ``directory``; prints as a table."""

    directory: Path
    graphs: tuple[GraphReport, ...]

    def __str__(self) -> str:
        lines = [f"{'graph':<30}{'MB':>8}{'cosine: lowest':>16}{'mean':>10}{'rows/s':>9}"]
        lines += [
            f"{g.file:<30}{g.bytes / 1e6:>8.1f}{g.lowest:>16.5f}{g.mean:>10.5f}{g.per_second:>9.0f}"
            for g in self.graphs
        ]
        return "\n".join(lines)


class _TextTower(nn.Module):
    def __init__(self, module: FusionModule) -> None:
        super().__init__()
        self.module = module

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.module.text_features(input_ids, attention_mask)


class _ImageTower(nn.Module):
    def __init__(self, module: FusionModule) -> None:
        super().__init__()
        self.module = module

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.module.image_features(pixel_values)


def export_onnx(
    model: str | Path | FusionModule,
    out_dir: str | Path,
    *,
    quantize: bool = True,
    int8_pictures: bool = False,
    keep_float32: bool = True,
) -> ExportReport:
    """Write a model directory for :class:`univldr.encoders.onnx.OnnxEncoder`.

    ``onnx/text_model.onnx`` maps int64 ``input_ids`` and ``attention_mask`` [B, T] to float32
    ``text_embeds`` [B, dim]; ``onnx/vision_model.onnx`` maps float32 ``pixel_values`` [B, 3, H, W] to
    ``image_embeds`` [B, dim]. Neither normalises: the sum of a picture and its caption comes first. Every
    graph is run against torch.

    Args:
        model: A saved model, a hub id, or the module itself, which is left as it is.
        out_dir: Made if need be; files of the same names are replaced.
        quantize: Also write ``text_model_quantized.onnx`` (int8) and ``vision_model_small.onnx`` (weights
            stored in int8 and half precision, computed in fp32), and make these the default.
        int8_pictures: Compute pictures in int8, too, in ``vision_model_quantized.onnx``: much faster for
            transformers, at a cost in vectors that is to be measured on the model's own pictures.
        keep_float32: Keep the full graphs beside them.

    Raises:
        ModelError: no such model, or a graph that gives other vectors than torch.
    """
    module = model if isinstance(model, FusionModule) else FusionModule.load(str(model))
    module = copy.deepcopy(module).cpu()
    module.model.set_attn_implementation("eager")  # the plain graph; onnxruntime fuses what it likes
    directory = Path(out_dir)
    (directory / "onnx").mkdir(parents=True, exist_ok=True)
    reports: list[GraphReport] = []
    default: dict[str, str] = {}
    for job in _jobs(module, int8_pictures=int8_pictures):
        written = _export_tower(job, directory / "onnx", quantize=quantize)
        default[job.modality] = written[-1].file
        if not keep_float32:
            for report in written[:-1]:
                (directory / "onnx" / report.file).unlink()
            del written[:-1]
        reports += written
    module.save_beside(directory)
    record = module.get_config_dict() | {"onnx": default}
    (directory / FILE_NAME).write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    return ExportReport(directory, tuple(reports))


@dataclass(frozen=True, slots=True)
class _Job:
    """One tower: its sample inputs, its graph's name and output, and how its small variant is made."""

    modality: str
    tower: nn.Module
    batches: Sequence[Inputs]
    stem: str
    output: str
    variant: str
    shrink: Callable[[Path, Path], None]


def _jobs(module: FusionModule, *, int8_pictures: bool) -> list[_Job]:
    text, image = _TextTower(module).eval(), _ImageTower(module).eval()
    pictures, shrink = ("quantized", store_int8) if int8_pictures else ("small", store_small)
    return [
        _Job("text", text, _text_batches(module), "text_model", "text_embeds", "quantized", store_int8),
        _Job("image", image, _image_batches(module), "vision_model", "image_embeds", pictures, shrink),
    ]


def _export_tower(job: _Job, folder: Path, *, quantize: bool) -> list[GraphReport]:
    """The full graph and, if asked for, the small one, each checked against torch."""
    full = folder / f"{job.stem}.onnx"
    _write(job.tower, job.batches[-1], full, job.output)
    reports = [_check(full, "", job.tower, job.batches)]
    if quantize:
        small = folder / f"{job.stem}_{job.variant}.onnx"
        job.shrink(full, small)
        reports.append(_check(small, job.variant, job.tower, job.batches))
    return reports


def store_small(source: Path, target: Path) -> None:
    """Rewrite a graph with small weights: matrices in int8, a scale for each output; kernels in float16.

    Onnxruntime makes them float32 again when it loads the graph, and computes as before on any CPU.
    """
    model = onnx.load(source)
    across = _summed_axes(model.graph)
    restored = []
    for tensor in list(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _SMALL:
            continue
        model.graph.initializer.remove(tensor)
        name = tensor.name
        if name not in across:
            half = numpy_helper.from_array(values.astype(np.float16), f"{name}.float16")
            model.graph.initializer.append(half)
            restored.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
            continue
        integers, scales = _as_int8(values, across[name])
        model.graph.initializer.append(numpy_helper.from_array(integers, f"{name}.int8"))
        model.graph.initializer.append(numpy_helper.from_array(scales, f"{name}.scale"))
        restored += [
            helper.make_node("Cast", [f"{name}.int8"], [f"{name}.float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}.float", f"{name}.scale"], [name]),
        ]
    _prepend(model.graph, restored)
    onnx.save(model, target)


def _summed_axes(graph: Any) -> dict[str, int]:
    """The axis that a product sums over, for each matrix that only products read."""
    axes: dict[str, set[int | None]] = {}
    for node in graph.node:
        for place, name in enumerate(node.input):
            axis = None
            if node.op_type in ("MatMul", "Gemm") and place == 1:
                axis = int(any(a.name == "transB" and a.i for a in node.attribute))
            axes.setdefault(name, set()).add(axis)
    matrices = {tensor.name for tensor in graph.initializer if len(tensor.dims) == 2}
    return {
        name: axis
        for name, (axis, *others) in axes.items()
        if name in matrices and axis is not None and not others
    }


def _as_int8(
    values: npt.NDArray[np.float32], axis: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Integers and their scales, one scale for all values along ``axis``."""
    scales = np.maximum(np.abs(values).max(axis=axis, keepdims=True), 1e-12).astype(np.float32) / 127
    return np.rint(values / scales).astype(np.int8), scales


def store_int8(source: Path, target: Path) -> None:
    """Rewrite a graph in int8: embedding tables by row, matrices by column, activations as they come.

    Weights take 7 bits of the 8: with AVX2 but no VNNI, full ones overflow the 16-bit sum of two products.
    """
    model = onnx.load(source)
    _quantize_tables(model.graph)
    add_pre_process_metadata(model)  # the exporter folded and inferred shapes already
    quantize_dynamic(
        model, target, op_types_to_quantize=["MatMul", "Gemm"], per_channel=True, reduce_range=True
    )


def _quantize_tables(graph: Any) -> None:
    """Replace each lookup in a float table by one in int8 and one in the rows' scales."""
    tables = {tensor.name: tensor for tensor in graph.initializer}
    for position, node in reversed(list(enumerate(graph.node))):
        if node.op_type != "Gather" or node.input[0] not in tables:
            continue
        name, rows = node.input
        values = numpy_helper.to_array(tables[name])
        if values.dtype != np.float32 or values.ndim != 2 or values.size < _SMALL:
            continue
        integers, scale = _as_int8(values, axis=1)
        if not any(tensor.name == f"{name}.int8" for tensor in graph.initializer):
            graph.initializer.append(numpy_helper.from_array(integers, f"{name}.int8"))
            graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
        out = node.output[0]
        graph.node.remove(node)
        replacement = [
            helper.make_node("Gather", [f"{name}.int8", rows], [f"{out}.int8"]),
            helper.make_node("Gather", [f"{name}.scale", rows], [f"{out}.scale"]),
            helper.make_node("Cast", [f"{out}.int8"], [f"{out}.float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{out}.float", f"{out}.scale"], [out]),
        ]
        for new in reversed(replacement):
            graph.node.insert(position, new)
    used = {name for node in graph.node for name in node.input}
    for tensor in tables.values():
        if tensor.name not in used:
            graph.initializer.remove(tensor)


def _prepend(graph: Any, nodes: Sequence[Any]) -> None:
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *rest])


def _write(tower: nn.Module, example: Inputs, path: Path, output: str) -> None:
    """Trace ``tower`` on a batch of several rows; rows, and tokens where there are any, may then vary."""
    varying = {"input_ids": 2, "attention_mask": 2, "pixel_values": 1}
    dynamic = {name: dict.fromkeys(range(varying[name]), torch.export.Dim.DYNAMIC) for name in example}
    tensors = tuple(torch.from_numpy(array) for array in example.values())
    with _quiet_exporter():
        torch.onnx.export(
            tower,
            tensors,
            path,
            input_names=list(example),
            output_names=[output],
            dynamic_shapes=dynamic,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    _forget_origins(path)


def _forget_origins(path: Path) -> None:
    """Drop the exporter's notes, which are stack traces with the paths of the machine it ran on."""
    model = onnx.load(path)
    graph = model.graph
    for part in (
        model,
        graph,
        *graph.node,
        *graph.value_info,
        *graph.input,
        *graph.output,
        *graph.initializer,
    ):
        del part.metadata_props[:]
    for node in graph.node:
        node.ClearField("doc_string")
    onnx.save(model, path)


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """No word from the exporter about its own deprecated calls and the packages it can do without."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"(torch|copyreg|onnxscript)\b")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _check(path: Path, variant: str, tower: nn.Module, batches: Sequence[Inputs]) -> GraphReport:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    wanted = [entry.name for entry in session.get_inputs()]
    cosines, seconds = [], 0.0
    for batch in batches:
        session.run(
            None, {name: batch[name] for name in wanted}
        )  # the first run of a shape also plans memory
        started = time.perf_counter()
        (rows,) = session.run(None, {name: batch[name] for name in wanted})
        seconds += time.perf_counter() - started
        with torch.inference_mode():
            expected = tower(**{name: torch.from_numpy(array) for name, array in batch.items()}).numpy()
        cosines.append(_cosine(rows, expected))
    all_rows = np.concatenate(cosines)
    lowest = float(all_rows.min())
    if not lowest >= _LEAST_COSINE[variant]:
        raise ModelError(
            f"{path}: cosine {lowest:.5f} with torch, at least {_LEAST_COSINE[variant]} is needed; "
            "export without quantizing, or report the architecture"
        )
    return GraphReport(
        path.name, path.stat().st_size, lowest, float(all_rows.mean()), len(all_rows) / seconds
    )


def _cosine(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> npt.NDArray[Any]:
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    result: npt.NDArray[Any] = (left * right).sum(axis=1) / np.maximum(norms, 1e-12)
    return result


_SENTENCES = (
    "sunset",
    "a dog on the beach",
    "Two children in red coats throw snowballs at each other in front of a wooden house.",
    "How many points did the defence give up in the last game of the season?",
    "The bridge, opened in 1894 after eight years of work, carries the road between two towers over the "
    "river and its lower deck still lifts for tall ships, a few times a day in summer and seldom in winter.",
    "Quarterly pricing model: unit cost, margin and discount by region (draft, 2019-03-14).",
)


def _text_batches(module: FusionModule) -> list[Inputs]:
    """One text, a few of one length, and many from a word to past the limit."""
    long = [" ".join(_SENTENCES * times) for times in (1, 2, 20)]
    return [
        _as_arrays(module.preprocess(texts))
        for texts in ([_SENTENCES[0]], [_SENTENCES[1]] * 3, [*_SENTENCES, *long])
    ]


def _image_batches(module: FusionModule) -> list[Inputs]:
    """One picture and a few: soft colours and hard noise, in several shapes."""
    random = np.random.default_rng(0)
    draw: Callable[..., Image.Image] = lambda *size: Image.fromarray(random.integers(0, 256, size, np.uint8))  # noqa: E731
    pictures = [
        draw(rows, columns, 3).resize((320, 240)) for rows, columns in [(2, 2), (3, 5), (8, 8), (12, 16)]
    ]
    pictures += [draw(300, 200, 3), draw(64, 64, 3)]
    return [_as_arrays(module.preprocess(batch)) for batch in (pictures[:1], pictures)]


def _as_arrays(features: dict[str, Tensor]) -> Inputs:
    return {name: tensor.numpy() for name, tensor in features.items() if name != "num_images_per_sample"}

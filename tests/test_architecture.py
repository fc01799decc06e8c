"""The conventions of docs/design.md, kept by tests: layers, a light base path, nothing unsafe."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import univldr

ROOT = Path(univldr.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

LAYERS = {
    "types": 0, "errors": 0, "_optional": 0, "_cores": 0, "_lock": 0, "_pdf": 0,
    "_pdf_process": 0, "_pdf_worker": 0, "_processes": 0,
    "images": 1, "config": 1, "canvas": 1,
    "corpus": 2, "fusion": 2, "trec": 2, "centering": 2, "calibration": 2, "where": 2,
    "encoders": 3, "index": 3, "lexical": 3,
    "verbalize": 4,
    "search": 5, "pipeline": 5, "transfer": 5, "export": 5, "plan": 5,
    "evaluation": 6, "client": 6, "encode": 6,
    "training": 7, "doctor": 7,
    "cli": 8, "demo": 8, "server": 8, "integrations": 8, "__main__": 8, "__init__": 8,
}  # fmt: skip

BASE = {"numpy", "PIL", "onnxruntime", "tokenizers", "huggingface_hub", "qdrant_edge", "typer", "rich"} | {
    "fastapi",
    "starlette",
    "uvicorn",
    "prometheus_client",
    "httpx2",
    "pydantic",
}
TRAINING_ONLY = {
    "torch", "transformers", "sentence_transformers", "onnx", "onnxscript", "safetensors",
    "matplotlib", "ir_measures", "bm25s", "datasets",
}  # fmt: skip
NEEDS_TORCH = {
    "encoders/fusion.py", "encoders/dual.py", "encoders/heads.py", "encoders/torch_encoder.py",
    "encoders/openai_clip.py", "encoders/openmatch.py", "encoders/restore.py", "encoders/graph_layers.py",
    "export.py", "verbalize/grid.py", "verbalize/generate.py",
}  # fmt: skip


def imports(tree: ast.AST) -> list[str]:
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def unit(path: Path) -> str:
    """The layer's unit that a file belongs to: ``index`` for ``index/edge.py``."""
    return relative(path).split("/")[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_imports_point_down(path: Path) -> None:
    here = unit(path)
    if here == "__init__":
        return  # the lazily loaded public names
    for name in imports(ast.parse(path.read_text(encoding="utf-8"))):
        parts = name.split(".")
        if parts[0] != "univldr":
            continue
        there = parts[1] if len(parts) > 1 and parts[1] in LAYERS else "__init__"
        sideways = LAYERS[there] == LAYERS[here] and LAYERS[here] not in (0, 8)
        assert there == here or (LAYERS[there] <= LAYERS[here] and not sideways), f"{relative(path)}: {name}"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_nothing_unsafe_and_nothing_oversized(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not {"pickle", "dill", "joblib", "shelve"} & {
        name.split(".")[0] for name in imports(ast.parse(source))
    }
    assert source.count("torch.load(") == source.count("weights_only=True")
    assert len(source.splitlines()) <= 400


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_third_party_imports_are_base_or_behind_an_extra(path: Path) -> None:
    allowed = set(sys.stdlib_module_names) | BASE | {"univldr"}
    if relative(path) in NEEDS_TORCH or unit(path) == "training":
        allowed |= TRAINING_ONLY | {"onnxruntime", "tflite"}
    found = {name.split(".")[0] for name in imports(ast.parse(path.read_text(encoding="utf-8")))}
    assert found <= allowed


def test_public_names_are_sorted_documented_and_loadable() -> None:
    assert univldr.__all__ == sorted(univldr.__all__)
    assert dir(univldr) == univldr.__all__
    for name in univldr.__all__:
        assert getattr(univldr, name).__doc__, name


def test_unknown_public_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'opne'"):
        univldr.opne  # noqa: B018


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_public_functions_are_documented(path: Path) -> None:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{relative(path)}: {node.name}"


def test_searching_imports_no_torch() -> None:
    commands = ", ".join(f"univldr.cli.{name}" for name in ("search", "index", "info", "doctor", "demo"))
    modules = f"{commands}, univldr.search, univldr.pipeline, univldr.encoders.onnx, univldr.demo.tour"
    code = f"import sys, {modules}; print(*{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not TRAINING_ONLY & set(done.stdout.split())

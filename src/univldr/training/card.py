"""The card that a trained model carries: data, settings, seed and results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from univldr.config import to_dict
from univldr.corpus.collection import Collection
from univldr.training.recipe import Recipe, Stage
from univldr.types import Modality
from univldr.verbalize.settings import Plan


def write_card(
    folder: Path, recipe: Recipe, stage: Stage, collection: Collection, history: Sequence[Mapping[str, Any]]
) -> None:
    """Write ``README.md`` into a model's folder, in the form that model hubs read."""
    looks = [entry for entry in history if any(name.startswith("eval_") for name in entry)]
    metric = f"eval_{recipe.validation.metric}"
    best = max(looks, key=lambda entry: entry.get(metric, -1.0), default={})
    name = recipe.model.name or f"{recipe.name}-{stage.name}"
    parts = [_head(recipe), f"# {name}", _what(recipe, stage), _data(collection, stage)]
    if stage.verbalize:
        parts.append(_words(recipe, stage))
    parts.append(_settings(stage))
    if best:
        parts.append(_results(best, recipe))
    (folder / "README.md").write_text("\n\n".join(parts) + "\n", "utf-8")


def _head(recipe: Recipe) -> str:
    base = recipe.model.start
    known = f"base_model: {base}\n" if base.count("/") == 1 and not Path(base).exists() else ""
    return (
        f"---\nlibrary_name: univldr\n{known}pipeline_tag: sentence-similarity\n"
        "tags: [universal retrieval, image-text retrieval, dense retrieval, sentence-transformers]\n---"
    )


def _what(recipe: Recipe, stage: Stage) -> str:
    start = recipe.before(stage)
    origin = f"`{Path(recipe.model.start).name}`" if start == "start" else f"the stage `{start}`"
    return (
        f"A universal encoder: questions, passages and captioned pictures in one space. Stage `{stage.name}` "
        f"of the recipe `{recipe.name}`, trained from {origin} with univldr {version('univldr')}.\n\n"
        "```python\nimport univldr\n\n"
        'encoder = univldr.load_encoder("path/to/this/folder")\n```'
    )


def _data(collection: Collection, stage: Stage) -> str:
    counts = ", ".join(f"{collection.count(modality):,} {modality} documents" for modality in Modality)
    queries = ", ".join(f"{split} {count:,}" for split, count in collection.report.queries.items())
    return (
        f"## Data\n\n`{collection.name}`: {counts}. Queries: {queries}; trained on `{stage.split}`. "
        f"Fingerprint `{collection.fingerprint}`."
    )


def _words(recipe: Recipe, stage: Stage) -> str:
    plan = Plan(stage.verbalize, recipe.verbalize.in_full())
    return (
        f"## Generated words\n\nCaptions were joined with the words of {', '.join(plan.names)}, and pictures "
        f"should be indexed so: `univldr index --verbalize {stage.words}`, with these settings.\n\n"
        f"```json\n{json.dumps(plan.to_dict(), indent=2)}\n```"
    )


def _settings(stage: Stage) -> str:
    return f"## Settings\n\n```json\n{json.dumps(to_dict(stage), indent=2)}\n```"


def _results(best: Mapping[str, Any], recipe: Recipe) -> str:
    rows = [
        f"| {name.removeprefix('eval_')} | {value:.4f} |"
        for name, value in best.items()
        if name.startswith("eval_")
    ]
    validation = recipe.validation
    pool = f"{validation.pool:,} documents at most" if validation.pool else "all documents"
    return (
        f"## Results\n\nOn queries of `{validation.split}`, in a pool of {pool}, at step {best['step']}, "
        f"the best by {validation.metric}; seed {recipe.seed}.\n\n| measure | value |\n|---|---|\n"
        + "\n".join(rows)
    )

"""The verbalizers of a recipe, in order, each once, and a report of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from univldr.corpus.collection import open_collection
from univldr.errors import ConfigError
from univldr.training.recipe import Recipe
from univldr.training.stages import silent
from univldr.training.verbalizer import HISTORY, VerbalizerRun
from univldr.training.verbalizer_report import RESULTS, VerbalizerReport
from univldr.training.verbalizer_settings import VerbalizerTraining
from univldr.types import Progress
from univldr.verbalize.cache import WordCache
from univldr.verbalize.caption import CaptionVerbalizer
from univldr.verbalize.run import Verbalization
from univldr.verbalize.settings import CaptionSettings


def train_verbalizers(
    recipe: Recipe, names: Sequence[str], out: Path, cache: Path, progress: Progress = silent
) -> str:
    """Train the verbalizers of these names, by default all, after those that they start from.

    Args:
        recipe: With ``[[verbalizers]]``.
        names: Some of theirs.
        out: A folder for each goes here.
        cache: Where feature maps, vectors and words are kept.
        progress: Told how far it is.

    Returns:
        The reports, as Markdown.

    Raises:
        ConfigError: the recipe has no such verbalizer, or none at all.
    """
    chosen = _with_starts(recipe, names)
    collection = open_collection(recipe.data.path, format=recipe.data.format, progress=progress)
    reports = []
    for settings in chosen:
        start = settings.start or recipe.model.start
        if start in (other.name for other in chosen):
            start = str(out / start / "model")
        run = VerbalizerRun(recipe, settings, start, collection, out / settings.name, cache, progress)
        run.run()
        reports.append(_report(run))
    return "\n\n".join(reports)


def _report(run: VerbalizerRun) -> str:
    """The report on a trained verbalizer, made once."""
    written = run.folder / "results.md"
    if (run.folder / RESULTS).exists():
        return written.read_text("utf-8")
    kind, settings = (
        run.settings.kind,
        CaptionSettings(str(run.model_folder), max_tokens=run.settings.max_tokens),
    )
    verbalization = Verbalization([CaptionVerbalizer(settings, kind)], WordCache(run.cache / "words.sqlite"))
    history = json.loads((run.folder / HISTORY).read_text("utf-8"))["history"]
    report = VerbalizerReport(run.recipe, run.collection, run.pairs, verbalization, history, run.progress)
    return report.write(run.folder, f"{run.recipe.name}, {run.settings.name}")


def _with_starts(recipe: Recipe, names: Sequence[str]) -> list[VerbalizerTraining]:
    """Those of these names and those that they start from, in the recipe's order."""
    known = {settings.name: settings for settings in recipe.verbalizers}
    if not known:
        raise ConfigError(f"recipe {recipe.name} has no [[verbalizers]]; recipes/captioner.toml shows one")
    for name in names:
        if name not in known:
            raise ConfigError(f'no verbalizer "{name}" in recipe {recipe.name}; it has {", ".join(known)}')
    wanted = set(names or known)
    for name in reversed(known):
        if name in wanted and known[name].start in known:
            wanted.add(known[name].start)
    return [settings for settings in recipe.verbalizers if settings.name in wanted]

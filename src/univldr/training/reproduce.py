"""A whole recipe: data, stages, table. Whatever is done already is not done again."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from univldr.corpus.collection import Collection, open_collection
from univldr.corpus.webqa_check import check_webqa
from univldr.encoders import load_encoder
from univldr.encoders.torch_encoder import TorchEncoder
from univldr.errors import ConfigError, CorpusError
from univldr.evaluation.measures import DEFAULT
from univldr.evaluation.plots import plot_reports
from univldr.evaluation.runs import Named, load_runs, of_collection, save_runs
from univldr.evaluation.systems import parse_system
from univldr.evaluation.tasks import measure_tasks, modality_reports, task_table
from univldr.training.files import write_json
from univldr.training.inputs import search_encoder
from univldr.training.processes import part
from univldr.training.recipe import Recipe, Stage
from univldr.training.stages import StageRun, make_inputs, silent
from univldr.types import Encoder, Modality, Progress

logger = logging.getLogger("univldr")

RESULTS = "results.json"


@dataclass(frozen=True)
class Reproduction:
    """A recipe and where its files go.

    Attributes:
        recipe: What to do.
        out: One folder for each stage, ``runs/``, and the results.
        progress: Told how far it is.
        cache: Where vectors are kept, which recipes can share; by default ``out/cache``.
    """

    recipe: Recipe
    out: Path
    progress: Progress = silent
    cache: Path | None = None

    def check(self, *, table: bool = True) -> None:
        """Look at the data before an hour is lost; for the table, at what it is measured on, too.

        Raises:
            ConfigError: a system or a split of the recipe is unknown.
            CorpusError: files of the data set are missing or broken; the message lists them.
            ModelError: the model to start from cannot be loaded.
        """
        data = self.recipe.data
        if data.format.startswith("webqa"):
            found = check_webqa(data.path)
            for line in found:
                if line.startswith("warning: "):
                    logger.warning("%s", line.removeprefix("warning: "))
            broken = [line for line in found if not line.startswith("warning: ")]
            if broken:
                raise CorpusError(f"{data.path} cannot be trained on: {'; '.join(broken)}")
        splits = self.collection.splits()
        for stage in self.recipe.stages:
            if stage.split not in splits:
                raise ConfigError(
                    f'stage "{stage.name}" trains on split "{stage.split}"; the data has {", ".join(splits)}'
                )

        if table:
            self._check_table()

    def _check_table(self) -> None:
        for spec in self.recipe.evaluation.systems:
            parse_system(spec.rpartition("=")[2])
        split, splits = self.recipe.evaluation.split, self.tested.splits()
        if split not in splits:
            raise ConfigError(
                f'the table is measured on split "{split}"; the data has {", ".join(splits) or "none"}'
            )

    @cached_property
    def collection(self) -> Collection:
        """The data, compiled on first use."""
        return open_collection(self.recipe.data.path, format=self.recipe.data.format, progress=self.progress)

    @cached_property
    def tested(self) -> Collection:
        """What the table is measured on: the same data, or another set."""
        other = self.recipe.evaluation.data
        return self.collection if other is None else open_collection(other.path, format=other.format)

    def train(self, stage: Stage) -> Path:
        """Run a stage, after those that it needs: its model's folder."""
        name = self.recipe.before(stage)
        start = self.recipe.model.start if name == "start" else str(self.train(self._stage(name)))
        run = StageRun(
            self.recipe, stage, start, self.collection, self.out / stage.name, self._cache, self.progress
        )
        return run.run()

    def evaluate(self) -> str:
        """Measure the recipe's systems; the tables as Markdown, beside them in JSON, runs and a plot."""
        settings = self.recipe.evaluation
        wanted = [(spec, False) for spec in settings.systems or self._usual_systems()]
        data = of_collection(self.tested, settings.split, self._cache)
        runs = load_runs(wanted, data, k=settings.k, progress=self.progress, load=self.load)
        tables = [task_table(task) for task in measure_tasks(runs, data, DEFAULT)]
        save_runs(runs, self.out / "runs")
        reports = modality_reports(self._joint(runs), data)
        plot_reports(reports, self.out / "modalities.png")
        parts = [table.markdown() for table in tables]
        parts += [report.markdown(name) for name, report in reports.items()]
        text = f"# {self.recipe.name}\n\n" + "\n\n".join(parts) + "\n"
        (self.out / "results.md").write_text(text, "utf-8")
        record: dict[str, Any] = {
            "tables": [table.to_dict() for table in tables],
            "modalities": {name: report.to_dict() for name, report in reports.items()},
        }
        write_json(self.out / RESULTS, record)
        return "\n\n".join(table.markdown() for table in tables)

    def load(self, name: str) -> Encoder:
        """The encoder of a stage, of ``start``, or of any other name that ``load_encoder`` knows."""
        if name == "start":
            return self._encoder(self.recipe.model.start, name)
        if name in (stage.name for stage in self.recipe.stages):
            return self._encoder(str(self.train(self._stage(name))), name)
        return load_encoder(name)

    def _encoder(self, place: str, name: str) -> Encoder:
        loaded = TorchEncoder.load(place)
        if self.recipe.model.train == "all":
            return loaded
        inputs = make_inputs(self.recipe, loaded.model, self.tested, self._cache, self.progress)
        return search_encoder(loaded.model, name, inputs, self.tested)

    def _stage(self, name: str) -> Stage:
        for stage in self.recipe.stages:
            if stage.name == name:
                return stage
        known = ", ".join(stage.name for stage in self.recipe.stages)
        raise ConfigError(f'no stage "{name}" in the recipe {self.recipe.name}; it has {known}')

    def run(self, stages: Sequence[str] = ()) -> str:
        """Everything, or only some stages: the tables, or where the last stage's model is."""
        self.check(table=not stages)
        chosen = [self._stage(name) for name in stages] or self.recipe.stages
        folders = [self.train(stage) for stage in chosen]
        if not part():
            return ""  # measuring is the first process's work
        return str(folders[-1]) if stages else self.evaluate()

    def _usual_systems(self) -> list[str]:
        stages = [stage.name for stage in self.recipe.stages]
        return ["bm25", "start", "start+center", *stages, f"{stages[-1]}+center", f"divide:{stages[0]}"]

    def _joint(self, runs: Sequence[Named]) -> list[Named]:
        """The runs over the joint pool; those over one pool have no modalities to report."""
        return [named for named in runs if len(named.own) == len(Modality)]

    @property
    def _cache(self) -> Path:
        return self.cache or self.out / "cache"

"""A whole recipe: data, stages, table. Whatever is done already is not done again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from univldr._processes import one_process_first, rank
from univldr.corpus.collection import Collection, open_collection
from univldr.corpus.webqa_check import check_webqa
from univldr.encoders import load_encoder
from univldr.encoders.torch_encoder import TorchEncoder
from univldr.errors import ConfigError, CorpusError, ModelError
from univldr.evaluation.measures import DEFAULT
from univldr.evaluation.plots import plot_reports
from univldr.evaluation.runs import Named, load_runs, of_collection, save_runs
from univldr.evaluation.systems import parse_system, words_of
from univldr.evaluation.tasks import measure_tasks, modality_reports, task_table
from univldr.evaluation.words import Wording
from univldr.training.files import write_json
from univldr.training.inputs import search_encoder
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

    def check(self, stages: Sequence[str] = (), *, ready: bool = False) -> None:
        """Look at the data and at what makes words before an hour is lost.

        Args:
            stages: Only these and those that they start from; by default all, and the table.
            ready: Whether the models of verbalizers must be there, those on the hub within reach. Else none
                is asked for, and a directory that is missing is a warning if the recipe trains verbalizers.

        Raises:
            ConfigError: a system, a split or a stage is unknown.
            CorpusError: files of the data set are missing or broken; the message lists them.
            MissingExtra: a verbalizer needs an optional dependency.
            ModelError: the model of a verbalizer is missing.
        """
        self._check_words(stages, ready)
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
        if not stages:
            self._check_table()

    def _check_words(self, stages: Sequence[str], ready: bool) -> None:
        specs = [stage.words for stage in self._with_starts(stages)]
        specs += [] if stages else [words_of(parse_system(row.rpartition("=")[2])) for row in self._systems()]
        for spec in filter(None, dict.fromkeys(specs)):
            try:
                verbalization = self._wording.verbalization(spec)
                if ready:
                    _ = verbalization.key  # asks for the files of every model
            except ModelError as error:
                if not self.recipe.verbalizers:
                    raise
                message = f"{error}; univldr train-verbalizer makes the verbalizers of this recipe"
                if ready:
                    raise ModelError(message) from error
                logger.warning("%s", message)

    def _check_table(self) -> None:
        split, splits = self.recipe.evaluation.split, self.tested.splits()
        if split not in splits:
            raise ConfigError(
                f'the table is measured on split "{split}"; the data has {", ".join(splits) or "none"}'
            )

    @cached_property
    def collection(self) -> Collection:
        """The data, compiled on first use."""
        with one_process_first():
            return open_collection(
                self.recipe.data.path, format=self.recipe.data.format, progress=self.progress
            )

    @cached_property
    def tested(self) -> Collection:
        """What the table is measured on: the same data, or another set."""
        other = self.recipe.evaluation.data
        if other is None:
            return self.collection
        with one_process_first():
            return open_collection(other.path, format=other.format)

    def train(self, stage: Stage) -> Path:
        """Run a stage, after those that it needs: its model's folder."""
        name = self.recipe.before(stage)
        start = self.recipe.model.start if name == "start" else str(self.train(self._stage(name)))
        folder = self.out / stage.name
        run = StageRun(
            self.recipe, stage, start, self.collection, folder, self._cache, self._wording, self.progress
        )
        return run.run()

    def evaluate(self) -> str:
        """Measure the recipe's systems; the tables as Markdown, beside them in JSON, runs and a plot.

        Of several processes the first one writes.
        """
        settings = self.recipe.evaluation
        wanted = [(row, False) for row in self._systems()]
        data = of_collection(self.tested, settings.split, self._cache)
        runs = load_runs(
            wanted, data, k=settings.k, progress=self.progress, load=self.load, wording=self._wording
        )
        if rank() > 0:
            return ""
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

    def load(self, name: str, collection: Collection) -> Encoder:
        """The encoder of a stage, of ``start``, or of any other name that ``load_encoder`` knows.

        Frozen towers need not run again over ``collection`` where it is what the table is measured on, with
        generated words or without.
        """
        encoder = self._encoder(name)
        if self.recipe.model.train == "all" or not self._is_own(name):
            return encoder
        assert isinstance(encoder, TorchEncoder)
        plain = self.tested if collection.file == self.tested.file else collection
        inputs = make_inputs(self.recipe, encoder.model, collection, plain, self._cache, self.progress)
        return search_encoder(encoder.model, name, inputs, collection)

    @cached_property
    def _encoder(self) -> Callable[[str], Encoder]:
        """Loads a model by its name; the one at hand is kept, and one to go back to."""

        def load(name: str) -> Encoder:
            if name == "start":
                return TorchEncoder.load(self.recipe.model.start)
            return (
                TorchEncoder.load(self.train(self._stage(name))) if self._is_own(name) else load_encoder(name)
            )

        return lru_cache(maxsize=2)(load)

    def _is_own(self, name: str) -> bool:
        return name == "start" or name in (stage.name for stage in self.recipe.stages)

    @cached_property
    def _wording(self) -> Wording:
        """Tags are those of the model that training starts from: they stay the same from stage to stage.

        Words have their full weight, as in the paper: a model learns what they are worth.
        """
        return Wording(self.recipe.verbalize.in_full(), tags_by=self.recipe.model.start)

    def _stage(self, name: str) -> Stage:
        for stage in self.recipe.stages:
            if stage.name == name:
                return stage
        known = ", ".join(stage.name for stage in self.recipe.stages)
        raise ConfigError(f'no stage "{name}" in the recipe {self.recipe.name}; it has {known}')

    def run(self, stages: Sequence[str] = ()) -> str:
        """Everything, or only some stages: the tables, or where the last stage's model is."""
        self.check(stages, ready=True)
        chosen = [self._stage(name) for name in stages] or self.recipe.stages
        folders = [self.train(stage) for stage in chosen]
        return str(folders[-1]) if stages else self.evaluate()

    def _with_starts(self, names: Sequence[str]) -> Sequence[Stage]:
        """The stages of these names, and those that they start from; all where there are no names."""
        needed = list(names)
        for name in needed:
            start = self.recipe.before(self._stage(name))
            needed += [start] if start not in ("start", *needed) else []
        return [stage for stage in self.recipe.stages if not names or stage.name in needed]

    def _systems(self) -> Sequence[str]:
        """The rows of the table: by default the baselines, and each stage with the words it trained with."""
        if self.recipe.evaluation.systems:
            return self.recipe.evaluation.systems
        stages = [f"{stage.name}[{stage.words}]" for stage in self.recipe.stages]
        first, last = stages[0], stages[-1]
        systems = ["bm25", "start", "start+center", *stages, f"{last}+center", f"divide:{first}"]
        return [str(parse_system(system)) for system in systems]

    def _joint(self, runs: Sequence[Named]) -> list[Named]:
        """The runs over the joint pool; those over one pool have no modalities to report."""
        return [named for named in runs if len(named.own) == len(Modality)]

    @property
    def _cache(self) -> Path:
        return self.cache or self.out / "cache"

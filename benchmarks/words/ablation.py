"""Every encoder over the joint pool with every choice of words; a TREC run for each."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.ordering.__main__ import HERE as ORDERING
from benchmarks.ordering.report import SEEDS
from univldr.corpus.collection import open_collection
from univldr.evaluation.running import Load
from univldr.evaluation.runs import load_runs, of_collection
from univldr.evaluation.words import Wording
from univldr.training.recipe import read_recipe
from univldr.training.reproduce import Reproduction
from univldr.training.stages import silent
from univldr.trec import write_run
from univldr.verbalize.settings import NAMES

SETTINGS = {"bare": "", "captioned": "human"}
"""A test set of ``ordering``, and what its pictures say for themselves."""

ALL = "caption,query,tags,ocr"


class Choice(NamedTuple):
    """Verbalizers, and what their words weigh; the small weight was chosen on held-out training pictures."""

    words: str = ""
    weight: float = 1.0


LITTLE = 0.1
IN_FULL = (
    Choice(),
    Choice("caption"),
    Choice("query"),
    Choice("tags"),
    Choice("ocr"),
    Choice("caption,query"),
    Choice("caption,tags"),
    Choice("query,tags"),
    Choice(ALL),
)
LIGHT = (Choice("caption", LITTLE), Choice("query", LITTLE), Choice("tags", LITTLE), Choice(ALL, LITTLE))
CHOICES = (*IN_FULL, *LIGHT)

STUDIED = {"bare": "bare-trained", "captioned": "captioned-trained"}
STAGE = "balanced-batch"


def row(setting: str, choice: Choice) -> str:
    """What a choice of words is called: ``human + 0.1 × caption``."""
    generated = "all four" if choice.words == ALL else choice.words.replace(",", ", ")
    light = f"{choice.weight:g} × " if choice.weight != 1 else ""
    return " + ".join(filter(None, (SETTINGS[setting], light + generated))) or "none"


def run_file(folder: Path, encoder: str, name: str, seed: int) -> Path:
    """Where a run is."""
    return (
        folder
        / "runs"
        / encoder
        / f"{name.replace(', ', '_').replace(' × ', 'x').replace(' ', '-')}-{seed}.run"
    )


@dataclass(frozen=True)
class Ablation:
    """The study.

    Attributes:
        ordering: The folder of ``benchmarks.ordering``.
        words: Captioners below ``captioner/``; runs and caches go here.
    """

    ordering: Path
    words: Path

    def run(self) -> None:
        """Every run that is not there yet."""
        for setting in SETTINGS:
            for trained, encoder in STUDIED.items():
                for seed in SEEDS:
                    load = self._reproduction(trained, setting, seed).load
                    for choice in IN_FULL:
                        self._answer(setting, encoder, STAGE, seed, choice, load)
            for choice in CHOICES:
                self._answer(setting, "mini", "mini", 1, choice)
            for choice in IN_FULL:
                self._answer(setting, "bm25", "bm25", 1, choice)
        for seed in SEEDS:  # the whole model, slowly: towers that ran once know no weights
            model = self.ordering / f"bare-{seed}" / STAGE / "model"
            self._answer("bare", STUDIED["bare"], str(model), seed, LIGHT[0])

    def _answer(
        self, setting: str, encoder: str, model: str, seed: int, choice: Choice, load: Load | None = None
    ) -> None:
        name = row(setting, choice)
        path = run_file(self.words, encoder, name, seed)
        if path.exists() or (model == "bm25" and name == "none"):
            return
        print(f"{encoder} {name} {seed}", file=sys.stderr, flush=True)
        collection = open_collection(self.ordering / setting / "test")
        data = of_collection(collection, "test", self.ordering / "cache")
        system = [(f"run={model}[{choice.words}]" if choice.words else f"run={model}", False)]
        wording = self.wording("mini" if encoder in ("mini", "bm25") else "", choice.weight)
        [named] = load_runs(system, data, k=100, progress=silent, pools=False, load=load, wording=wording)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_run(named.run, path)

    def wording(self, tags_by: str = "", weight: float = 1.0) -> Wording:
        """The captioners, by beam search; tags are placed by the encoder that the first seed starts from."""
        captioners = self.words / "captioner"
        settings = [f"{name}.model={captioners / name / 'model'}" for name in ("caption", "query")]
        settings += [f"{name}.beams=3" for name in ("caption", "query")]
        settings += [f"{name}.weight={weight}" for name in NAMES]
        return Wording.of(settings, tags_by or str(self.ordering / "start-1" / "align" / "model"))

    def _reproduction(self, trained: str, setting: str, seed: int) -> Reproduction:
        """The models that ``ordering`` trained in one setting, on the pool of another."""
        recipe = read_recipe(
            ORDERING / "grid.toml",
            (
                f'data.path="{self.ordering / trained / "train"}"',
                f'model.start="{self.ordering / f"start-{seed}" / "align" / "model"}"',
                f'evaluation.data.path="{self.ordering / setting / "test"}"',
                f"seed={seed}",
            ),
        )
        return Reproduction(recipe, self.ordering / f"{trained}-{seed}", cache=self.ordering / "cache")

"""Every encoder over the joint pool with every choice of words; a TREC run for each."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ordering.__main__ import HERE as ORDERING
from benchmarks.ordering.report import SEEDS
from univldr.corpus.collection import open_collection
from univldr.evaluation.runs import load_runs, of_collection
from univldr.evaluation.systems import Load
from univldr.evaluation.words import Wording
from univldr.training.recipe import read_recipe
from univldr.training.reproduce import Reproduction
from univldr.training.stages import silent
from univldr.trec import write_run

SETTINGS = {"bare": "", "captioned": "human"}
"""A test set of ``ordering``, and what its pictures say for themselves."""

ALL = "caption,query,tags,ocr"
WORDS = (
    "",
    "caption",
    "query",
    "tags",
    "ocr",
    "caption,query",
    "caption,tags",
    "query,tags",
    ALL,
)
"""Choices of verbalizers."""

STUDIED = {"bare": "bare-trained", "captioned": "captioned-trained"}
STAGE = "balanced-batch"
ENCODERS = (*STUDIED.values(), "mini", "bm25")


def row(setting: str, words: str) -> str:
    """What a choice of words is called: ``human + caption, query``."""
    generated = "all four" if words == ALL else words.replace(",", ", ")
    return " + ".join(filter(None, (SETTINGS[setting], generated))) or "none"


def run_file(folder: Path, encoder: str, name: str, seed: int) -> Path:
    """Where a run is."""
    return folder / "runs" / encoder / f"{name.replace(', ', '_').replace(' ', '-')}-{seed}.run"


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
                    self._answer(setting, encoder, STAGE, seed, load)
            for encoder in ("mini", "bm25"):
                self._answer(setting, encoder, encoder, 1)

    def _answer(self, setting: str, encoder: str, model: str, seed: int, load: Load | None = None) -> None:
        collection = open_collection(self.ordering / setting / "test")
        data = of_collection(collection, "test", self.ordering / "cache")
        wording = self.wording("" if load else "mini")
        for words in WORDS:
            name = row(setting, words)
            path = run_file(self.words, encoder, name, seed)
            if path.exists() or (model == "bm25" and name == "none"):
                continue
            print(f"{encoder} {name} {seed}", file=sys.stderr, flush=True)
            system = [(f"{model}[{words}]" if words else model, False)]
            [named] = load_runs(system, data, k=100, progress=silent, pools=False, load=load, wording=wording)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_run(named.run, path)

    def wording(self, tags_by: str = "") -> Wording:
        """The captioners, by beam search; tags are placed by the encoder that the first seed starts from."""
        captioners = self.words / "captioner"
        settings = [f"{name}.model={captioners / name / 'model'}" for name in ("caption", "query")]
        settings += [f"{name}.beams=3" for name in ("caption", "query")]
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

"""What benchmarks/train.py compares: three ways to train one model on one data set."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import datasets  # type: ignore[import-untyped]
import numpy as np
import torch
import transformers
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
    MultipleNegativesRankingLoss,
)
from torch import Tensor
from torch.nn import functional
from torch.utils.data import BatchSampler, SequentialSampler
from transformers import CLIPConfig, CLIPModel, PrinterCallback, TrainerCallback

from benchmarks.ordering.data import write_sets
from univldr.corpus.collection import Collection, open_collection
from univldr.encoders.fusion import FusionModule, fusion_transformer
from univldr.encoders.preprocess import BatchTokenizer
from univldr.images import load_image
from univldr.training.examples import EpochBatches, Example, TrainingExamples, lists_by_modality
from univldr.training.gradients import Embedding
from univldr.training.inputs import Collator, LiveInputs
from univldr.training.recipe import OptimizerSettings, RunSettings, Stage
from univldr.training.trainer import UniversalTrainer, freeze, training_arguments
from univldr.types import Modality

SEED = 1234
TOKENS = 77
SHAPES = {"vit-b-32": (12, 512, 768, 512), "small": (2, 64, 64, 64)}
"""Layers, width of the text tower and of the picture tower (64 a head), and of the space."""

RELEASED, UNIVLDR, STOCK = "released", "univldr", "sentence-transformers"


@dataclass(frozen=True, slots=True)
class Job:
    """One process: a system, what it trains, and for how long.

    Attributes:
        system: A key of ``SYSTEMS``.
        model: A key of ``SHAPES``.
        hard: Stage 2, one negative of each modality in a softmax of their own; else stage 1.
        steps: The first is not timed.
    """

    system: str
    model: str
    batch: int
    hard: bool = False
    chunk: int = 0
    cached: bool = False
    workers: int = 0
    steps: int = 2

    def __str__(self) -> str:
        extras = {f"pieces of {self.chunk}": self.chunk, "cached": self.cached, "2 workers": self.workers}
        return ", ".join([self.system, *(name for name, there in extras.items() if there)])

    def stage(self) -> Stage:
        """As a recipe would have it, false negatives unmasked as in the released code."""
        own: dict[str, Any] = {"negatives": "own", "hard_negatives": {"text": 1, "image": 1}, "given": True}
        return Stage(
            name="benchmark",
            batch=self.batch,
            chunk=self.chunk,
            cached=self.cached,
            steps=self.steps,
            mask_positives=False,
            **(own if self.hard else {}),
        )


@dataclass(slots=True)
class Clock:
    """Processor seconds of this process: when steps end, and what each part of them takes in all."""

    ends: list[float] = field(default_factory=list)
    parts: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    shared: float = 0.0

    def tick(self) -> None:
        """A step has ended; what came before the end of the first does not count."""
        self.ends.append(time.process_time())
        self.shared = max(self.shared, shared_memory())
        if len(self.ends) == 1:
            self.parts.clear()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time spent inside counts for ``name``."""
        started = time.process_time()
        yield
        self.parts[name] += time.process_time() - started

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, timed."""

        def timed(*args: Any, **options: Any) -> Any:
            with self.part(name):
                return function(*args, **options)

        return timed


class Ticks(TrainerCallback):
    """Drives a clock from transformers' loop."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.started = clock, 0.0

    def on_pre_optimizer_step(self, *_: Any, **__: Any) -> None:
        self.started = time.process_time()

    def on_optimizer_step(self, *_: Any, **__: Any) -> None:
        self.clock.parts["optimiser"] += time.process_time() - self.started

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.clock.tick()


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a process found; memory in MB.

    Attributes:
        losses: Of each step.
        seconds: Of each step but the first, reading and decoding included.
        shares: Of these seconds.
        loaded: Resident once the model is there.
        peak: Resident at most.
        shared: More in shared memory at the end of a step than before the first: what workers read ahead.
    """

    losses: list[float]
    seconds: list[float]
    shares: dict[str, float]
    loaded: float
    peak: float
    shared: float


def measure(job: Job, folder: Path) -> Measurement:
    """Train, in this process."""
    quiet()
    model = fusion_transformer(FusionModule.load(str(folder / job.model)), device="cpu")
    for parameter in model.parameters():  # a mapped file is not in memory before it is read
        parameter.detach().sum()
    collection = open_collection(folder / "train", cache=folder / "cache")
    examples = draw(collection, job.stage())
    loaded = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    before = shared_memory()
    bench = Bench(job, folder, model, collection, examples, Clock())
    losses = SYSTEMS[job.system](bench)
    clock = bench.clock
    seconds = np.diff(clock.ends)
    shares = {name: part / seconds.sum() for name, part in clock.parts.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measurement(losses, seconds.tolist(), shares, loaded, peak, clock.shared - before)


@dataclass(frozen=True, slots=True)
class Bench:
    """What a system trains with."""

    job: Job
    folder: Path
    model: SentenceTransformer
    collection: Collection
    examples: TrainingExamples
    clock: Clock

    @property
    def module(self) -> Any:
        """The model's first module."""
        return self.model[0]

    def arguments(self) -> Any:
        """Of transformers' loop, without checkpoints."""
        run = RunSettings(log_every=1, workers=self.job.workers)
        made = training_arguments(self.job.stage(), run, None, self.folder / "out", SEED)
        made.set_save("no")
        return made

    def batches(self, further: int = 0) -> Iterator[list[Example]]:
        """What the trainer draws for its steps, and for some further ones."""
        keys = EpochBatches(len(self.examples), self.job.batch, SEED)
        for step in range(self.job.steps + further):
            epoch, turn = divmod(step, len(keys))
            if turn == 0:
                keys.set_epoch(epoch)
                drawn = list(keys)
            yield [self.examples[key] for key in drawn[turn]]


def quiet() -> None:
    """One thread, and nothing on the screen."""
    multiprocessing.set_start_method("fork", force=True)  # of workers; this process was not forked itself
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    datasets.disable_progress_bars()


def shared_memory() -> float:
    """MB of shared memory in use on this machine, which no process's resident memory shows."""
    disk = os.statvfs("/dev/shm")
    return (disk.f_blocks - disk.f_bfree) * disk.f_frsize / 2**20


def draw(collection: Collection, stage: Stage) -> TrainingExamples:
    """The training queries; twenty random documents of each modality stand for mined negatives."""
    topics, codes, names = collection.topics("train"), collection.modalities(), tuple(Modality)
    rng = np.random.default_rng(SEED)
    pools = [np.flatnonzero(codes == code) for code in range(len(names))]
    drawn = [np.concatenate([rng.choice(pool, 20) for pool in pools]) for _ in topics]
    lists = [lists_by_modality(rows.tolist(), codes, names) for rows in drawn]
    return TrainingExamples(topics, stage, lists if stage.hard_negatives else None, SEED)


def train(trainer: Any) -> list[float]:
    """Run a trainer, and give its losses."""
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def ours(bench: Bench) -> list[float]:
    """``UniversalTrainer`` as a stage makes it, without validation."""
    job, clock, stage = bench.job, bench.clock, bench.job.stage()
    freeze(bench.model, stage, "all")
    collator: Any = Collator(LiveInputs(bench.collection, bench.module), bench.examples.topics)
    if not job.workers:
        collator = clock.around("read", collator)
    ticks = [Ticks(clock)]
    trainer: Any = UniversalTrainer(
        bench.model, stage, bench.arguments(), bench.examples, collator, callbacks=ticks
    )
    trainer._embed = clock.around("forward", trainer._embed)
    setattr(Embedding, "backward", clock.around("backward", Embedding.backward))  # noqa: B010
    return train(trainer)


def released(bench: Bench) -> list[float]:
    """What the released code does with a batch, but in float32: half precision is slower on CPUs.

    Texts are padded to 77 tokens and all go through at once, and so do all pictures, decoded on the spot.
    """
    module, clock = bench.module, bench.clock
    tokenizer = BatchTokenizer(bench.folder / bench.job.model, max_tokens=TOKENS, fixed_length=TOKENS)
    adam = plain_adamw(bench.model)
    schedule = transformers.get_cosine_schedule_with_warmup(adam, 0, bench.job.steps)
    bench.model.train()
    losses = []
    for batch in bench.batches():
        with clock.part("read"):
            ids, pixels, pictured = read_whole(batch, bench, tokenizer)
        with clock.part("forward"):
            texts = module.model.get_text_features(input_ids=ids).pooler_output
            images = module.model.get_image_features(pixel_values=pixels).pooler_output
            found = texts[len(batch) :].index_add(0, pictured, images)
            queries, documents = (functional.normalize(rows) for rows in (texts[: len(batch)], found))
            loss = released_loss(queries, documents, module.logit_scale.exp(), own=bench.job.hard)
        with clock.part("backward"):
            loss.backward()  # type: ignore[no-untyped-call]
        with clock.part("optimiser"):
            adam.step()
        schedule.step()
        adam.zero_grad()
        losses.append(loss.item())
        clock.tick()
    return losses


def plain_adamw(model: SentenceTransformer) -> torch.optim.Optimizer:
    """The paper's."""
    settings = OptimizerSettings()
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    betas = settings.beta1, settings.beta2
    return torch.optim.AdamW(groups, lr=settings.rate, betas=betas, eps=settings.eps)


def read_whole(
    batch: list[Example], bench: Bench, tokenizer: BatchTokenizer
) -> tuple[Tensor, Tensor, Tensor]:
    """Token ids [queries + documents, 77], pixels [pictures, 3, H, W], and the documents these belong to.

    The positives come first, then each query's negatives.
    """
    rows = [example.positive for example in batch] + [row for example in batch for row in example.negatives]
    documents = bench.collection.documents(rows)
    texts = [bench.examples.topics[example.topic].query.text or "" for example in batch]
    ids, _ = tokenizer.pad(tokenizer.ids(texts + [document.text for document in documents]))
    pictures = {n: document.image for n, document in enumerate(documents) if document.image is not None}
    pixels = [bench.module.pictures(load_image(picture)) for picture in pictures.values()]
    return torch.from_numpy(ids), torch.from_numpy(np.stack(pixels)), torch.tensor(list(pictures))


def released_loss(queries: Tensor, documents: Tensor, scale: Tensor, *, own: bool) -> Tensor:
    """Cross-entropy of the positive among the batch, or among it and the query's own negatives."""
    count = len(queries)
    if not own:
        return functional.cross_entropy(scale * queries @ documents.T, torch.arange(count))
    negatives = documents[count:].view(count, -1, documents.shape[1])
    candidates = torch.cat([documents[:count, None], negatives], dim=1)
    scores = scale * (candidates @ queries[:, :, None]).squeeze(2)
    return functional.cross_entropy(scores, torch.zeros(count, dtype=torch.long))


def stock(bench: Bench) -> list[float]:
    """sentence-transformers' trainer with its own loss, plain or cached, over our module."""
    model, topics = bench.model, bench.examples.topics
    scale = bench.module.logit_scale.exp().item()
    loss: Any = (
        CachedMultipleNegativesRankingLoss(model, scale=scale, mini_batch_size=bench.job.chunk)
        if bench.job.cached
        else MultipleNegativesRankingLoss(model, scale=scale)
    )
    # Its loader reads a batch ahead, so there must be one after the last.
    drawn = [example for batch in bench.batches(further=1) for example in batch]
    table = datasets.Dataset.from_list([{"anchor": e.topic, "positive": e.positive} for e in drawn])

    def read(columns: dict[str, list[int]]) -> dict[str, list[Any]]:
        documents = bench.collection.documents(columns["positive"])
        return {
            "anchor": [topics[number].query.text for number in columns["anchor"]],
            "positive": [{"text": document.text, "image": document.image} for document in documents],
        }

    settings = bench.arguments()
    settings.batch_sampler = in_order
    ticks: list[TrainerCallback] = [Ticks(bench.clock)]
    trainer = SentenceTransformerTrainer(
        model, settings, table.with_transform(read), loss=loss, callbacks=ticks
    )
    return train(trainer)


def in_order(dataset: Any, batch_size: int, **_: Any) -> BatchSampler:
    """Rows as they come."""
    return BatchSampler(SequentialSampler(dataset), batch_size, drop_last=True)


SYSTEMS: dict[str, Callable[[Bench], list[float]]] = {RELEASED: released, UNIVLDR: ours, STOCK: stock}


def prepare(folder: Path, source: Path) -> None:
    """Write the data set and both models."""
    quiet()
    write_sets(source, folder, captioned=True)
    open_collection(folder / "train", cache=folder / "cache")
    for name, (layers, text, vision, dim) in SHAPES.items():
        write_model(folder / name, layers, text, vision, dim)


def write_model(folder: Path, layers: int, text: int, vision: int, dim: int) -> None:
    """A CLIP with random weights, and the bundled model's tokenizer."""
    words = {"vocab_size": 49408, "max_position_embeddings": TOKENS}
    special = {"bos_token_id": 101, "eos_token_id": 102, "pad_token_id": 0}
    config = CLIPConfig(
        text_config=tower(layers, text) | words | special,
        vision_config=tower(layers, vision) | {"image_size": 224, "patch_size": 32},
        projection_dim=dim,
    )
    CLIPModel(config).save_pretrained(folder)
    mini = Path(__file__).parents[1] / "models/mini/tokenizer.json"
    (folder / "tokenizer.json").write_bytes(mini.read_bytes())
    levels = {"do_rescale": True, "do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    picture = {"size": {"shortest_edge": 224}, "do_center_crop": True, "crop_size": 224, "resample": 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(picture | levels))


def tower(layers: int, width: int) -> dict[str, int]:
    """The settings that both towers have."""
    return {
        "num_hidden_layers": layers,
        "hidden_size": width,
        "intermediate_size": 4 * width,
        "num_attention_heads": width // 64,
    }

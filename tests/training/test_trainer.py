"""A step equals a plain one, a killed run ends as if it had not been, two processes are one."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training import training_kit as kit
from univldr.corpus.collection import Collection
from univldr.errors import ConfigError, MissingExtra
from univldr.training.losses import candidate_mask, universal_loss
from univldr.training.recipe import OptimizerSettings, RunSettings, Stage, ValidationSettings
from univldr.training.trainer import COMPLETE, UniversalTrainer, freeze, last_checkpoint
from univldr.types import Modality

Checkpoint = Callable[[str], Path]


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return kit.make_data(tmp_path_factory.mktemp("data"))


@pytest.fixture
def start(checkpoint: Checkpoint) -> Path:
    return checkpoint("clip")


def one_batch(trainer: UniversalTrainer) -> dict[str, Any]:
    batch: dict[str, Any] = next(iter(trainer.get_train_dataloader()))
    return batch


def gradients(trainer: UniversalTrainer, batch: dict[str, Any]) -> dict[str, torch.Tensor]:
    trainer.current_gradient_accumulation_steps = 1
    trainer.training_step(trainer.model, batch)
    return {name: p.grad.clone() for name, p in trainer.model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(
    "stage",
    [
        Stage("one", batch=8),
        kit.stage_two(),
        kit.stage_two(cached=True, chunk=3),
        kit.stage_two(negatives="batch", hard_negatives={"any": 3}, chunk=4),
    ],
    ids=["in-batch", "own", "own, cached", "batch, in pieces"],
)
def test_a_step_has_the_gradients_of_the_plain_loss(
    stage: Stage, start: Path, collection: Collection, tmp_path: Path
) -> None:
    trainer = kit.make_trainer(start, collection, tmp_path, stage)
    batch = one_batch(trainer)
    found = gradients(trainer, dict(batch))
    trainer.model.zero_grad()
    candidates = candidate_mask(
        batch["owners"],
        batch["rows"],
        batch["relevant"],
        own=stage.negatives == "own",
        mask_relevant=True,
    )
    queries, documents = (
        trainer.model(dict(batch[name]))["sentence_embedding"] for name in ("queries", "documents")
    )
    loss, _ = universal_loss(queries, documents, trainer.module.logit_scale.exp(), candidates)
    loss.backward()  # type: ignore[no-untyped-call]
    assert "0.model.logit_scale" in found
    for name, parameter in trainer.model.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(found[name], parameter.grad, atol=1e-5, rtol=1e-4, msg=name)


def test_training_learns_both_kinds(start: Path, collection: Collection, tmp_path: Path) -> None:
    validation = ValidationSettings(every=6, metric="accuracy", patience=0)
    stage = Stage("one", batch=8, epochs=12, optimizer=OptimizerSettings(rate=3e-3, warmup=2))
    trainer = kit.make_trainer(start, collection, tmp_path, stage, validation=validation)
    trainer.train()
    accuracies = [entry["eval_accuracy"] for entry in trainer.state.log_history if "eval_accuracy" in entry]
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert accuracies[-1] > accuracies[0]
    assert losses[-1] < losses[0] / 2
    best = last_checkpoint(tmp_path)
    assert best is not None
    assert not (best / "training_args.bin").exists()  # it would be a pickle


def test_nothing_but_matrices_decays(start: Path, collection: Collection, tmp_path: Path) -> None:
    trainer = kit.make_trainer(start, collection, tmp_path, Stage("one", batch=8))
    optimizer: Any = trainer.create_optimizer()
    named = {id(p): name for name, p in trainer.model.named_parameters()}
    decay = {named[id(p)]: group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert decay.keys() == {name for name, p in trainer.model.named_parameters() if p.requires_grad}
    assert decay["0.model.text_projection.weight"] == 0.2
    assert {rate for name, rate in decay.items() if "norm" in name or "bias" in name or "scale" in name} == {
        0
    }
    group = optimizer.param_groups[0]
    assert (group["betas"], group["eps"]) == ((0.9, 0.98), 1e-6)


def test_accumulation_is_the_mean_over_its_batches(
    start: Path, collection: Collection, tmp_path: Path
) -> None:
    trainer = kit.make_trainer(start, collection, tmp_path, Stage("one", batch=8))
    batches = list(trainer.get_train_dataloader())[:2]
    apart = [gradients(trainer, batch) for batch in batches[:1]]
    trainer.model.zero_grad()
    apart += [gradients(trainer, batches[1])]
    trainer.model.zero_grad()
    trainer.current_gradient_accumulation_steps = 2
    for batch in batches:
        trainer.training_step(trainer.model, batch)
    for name, parameter in trainer.model.named_parameters():
        if parameter.grad is not None:
            expected = (apart[0][name] + apart[1][name]) / 2
            torch.testing.assert_close(parameter.grad, expected, atol=1e-6, rtol=1e-4)


def test_half_precision_keeps_full_weights(start: Path, collection: Collection, tmp_path: Path) -> None:
    trainer = kit.make_trainer(start, collection, tmp_path, kit.stage_two(precision="bf16", steps=2))
    trainer.train()
    assert {p.dtype for p in trainer.model.parameters()} == {torch.float32}
    full = kit.make_trainer(start, collection, tmp_path / "full", kit.stage_two(steps=2))
    full.train()
    losses = [
        next(e["loss"] for e in t.state.log_history if "loss" in e and e["step"] == 1)
        for t in (trainer, full)
    ]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)


def test_one_modality_alone_trains(start: Path, collection: Collection, tmp_path: Path) -> None:
    stage = kit.stage_two(freeze=("vision", "visual"), steps=2)
    trainer = kit.make_trainer(start, collection, tmp_path, stage)
    before = {name: p.clone() for name, p in trainer.model.named_parameters()}
    trainer.train()
    changed = {name for name, p in trainer.model.named_parameters() if not torch.equal(p, before[name])}
    assert changed
    assert not any("vision" in name or "visual" in name for name in changed)


def test_training_on_both_kinds_makes_a_model_joint(
    start: Path, collection: Collection, tmp_path: Path
) -> None:
    for only, joint in ((Modality.IMAGE, False), (None, True)):
        stage = Stage("one", batch=8, epochs=1, only=only)
        trainer = kit.make_trainer(start, collection, tmp_path, stage)
        assert trainer.module.joint is joint  # the stock model's was false


def test_wrong_settings_say_so(start: Path, collection: Collection, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'freeze "no_such" finds no parameter; names are like 0\.model'):
        kit.make_trainer(start, collection, tmp_path, kit.stage_two(freeze=("no_such",)))
    with pytest.raises(ConfigError, match="24 queries to train on do not fill a batch of 32"):
        kit.make_trainer(start, collection, tmp_path, Stage("one", batch=32))
    trainer = kit.make_trainer(
        start,
        collection,
        tmp_path,
        kit.stage_two(steps=1),
        validation=ValidationSettings(every=1, metric="nDCG@99"),
    )
    with pytest.raises(ConfigError, match=r"no metric 'eval_nDCG@99'; known: eval_accuracy, eval_loss"):
        trainer.train()
    with pytest.raises(ConfigError, match="everything is frozen"):
        freeze(trainer.model, kit.stage_two(freeze=("model",), learn_temperature=False), "all")


KILLED = """
import os, signal, sys
from pathlib import Path
from transformers import TrainerCallback
from tests.training import training_kit as kit
from univldr.corpus.collection import open_collection
from univldr.training.recipe import RunSettings, ValidationSettings
from univldr.training.trainer import last_checkpoint

class Die(TrainerCallback):
    def on_step_end(self, args, state, control, **options):
        if state.global_step == int(sys.argv[4]):
            os.kill(os.getpid(), signal.SIGKILL)

start, data, out = map(Path, sys.argv[1:4])
stage = kit.stage_two(epochs=4, chunk=3, cached=True)
run = RunSettings(checkpoint_every=2, log_every=1, workers=1, report_to=())
look = lambda model: {"score": float(model[0].logit_scale)}
trainer = kit.make_trainer(start, open_collection(data), out, stage, run=run, callbacks=[Die()], look=look,
    patience=9, validation=ValidationSettings(every=3, metric="accuracy"))
for module in trainer.model.modules():
    if type(module).__name__ == "CLIPAttention":
        module.dropout = 0.3
checkpoint = last_checkpoint(out)
trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
trainer.save_model(str(out / "model"))
"""


def train_apart(*arguments: object) -> int:
    command = [sys.executable, "-c", KILLED, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def test_a_killed_run_ends_with_the_weights_of_one_that_was_not(
    start: Path, collection: Collection, tmp_path: Path
) -> None:
    """Killed in the middle of the second epoch of three steps, one step after its last checkpoint."""
    from safetensors.torch import load_file

    assert train_apart(start, collection.path, tmp_path / "whole", 0) == 0
    assert train_apart(start, collection.path, tmp_path / "killed", 5) == -signal.SIGKILL
    checkpoint = last_checkpoint(tmp_path / "killed")
    assert checkpoint is not None
    assert checkpoint.name == "checkpoint-4"
    (tmp_path / "killed" / "checkpoint-5").mkdir()  # one that was cut short is not gone on from
    assert train_apart(start, collection.path, tmp_path / "killed", 0) == 0
    whole, again = (load_file(tmp_path / name / "model/model.safetensors") for name in ("whole", "killed"))
    assert whole.keys() == again.keys()
    for name, tensor in whole.items():
        assert torch.equal(again[name], tensor), name


def test_checkpoints_cut_short_do_not_count(tmp_path: Path) -> None:
    assert last_checkpoint(tmp_path) is None
    for step in (9, 10, 11):
        (tmp_path / f"checkpoint-{step}").mkdir()
    for step in (9, 10):
        (tmp_path / f"checkpoint-{step}" / COMPLETE).touch()
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-10"


TOGETHER = """
import os, sys
from pathlib import Path
import torch
from tests.training import training_kit as kit
from univldr.corpus.collection import open_collection
from univldr.training.processes import processes

start, data, out = map(Path, sys.argv[1:4])
torch.distributed.init_process_group("gloo") if "RANK" in os.environ else None
for mode in ("own", "batch"):
    stage = kit.stage_two(negatives=mode, chunk=2, steps=2, fill=False,
        hard_negatives={"text": 2, "image": 2}, cached=mode == "batch" and processes() == 2)
    trainer = kit.make_trainer(start, open_collection(data), out, stage)
    batch = next(iter(trainer.get_train_dataloader()))
    trainer.current_gradient_accumulation_steps = 1
    loss = trainer.training_step(trainer.model, batch)
    gradients = {n: p.grad for n, p in trainer.model.named_parameters() if p.grad is not None}
    trainer.model.zero_grad()
    trainer.train()
    if trainer.is_world_process_zero():
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        torch.save({"loss": loss, "processes": processes(), "gradients": gradients, "losses": losses},
            out / f"{mode}.pt")
if torch.distributed.is_initialized():
    torch.distributed.barrier()  # one that leaves early takes the connections of the other with it
    torch.distributed.destroy_process_group()
"""


def test_two_processes_are_one(start: Path, collection: Collection, tmp_path: Path) -> None:
    """Same global batch: same loss and gradients to 1e-5, and the same losses in the steps after."""
    script = tmp_path / "together.py"
    script.write_text(TOGETHER)
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node=2", "--master-port", str(free_port())]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    for count, how in ((1, []), (2, launcher)):
        out = tmp_path / str(count)
        out.mkdir()
        command = [sys.executable, *how, str(script), str(start), str(collection.path), str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr
    for mode in ("own", "batch"):
        one, two = (torch.load(tmp_path / str(n) / f"{mode}.pt", weights_only=True) for n in (1, 2))
        assert (one["processes"], two["processes"]) == (1, 2)
        torch.testing.assert_close(one["loss"], two["loss"], atol=1e-5, rtol=0)
        assert one["gradients"].keys() == two["gradients"].keys()
        for name, gradient in one["gradients"].items():
            torch.testing.assert_close(two["gradients"][name], gradient, atol=1e-5, rtol=1e-4, msg=name)
        assert two["losses"] == pytest.approx(one["losses"], abs=1e-4)


def free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_run_settings_change_no_result(start: Path, collection: Collection, tmp_path: Path) -> None:
    """Readers beside training, other checkpoints: the same weights."""
    found = []
    for name, run in (
        ("alone", RunSettings(workers=0, log_every=1, report_to=())),
        ("helped", RunSettings(workers=2, checkpoint_every=1, report_to=())),
    ):
        trainer = kit.make_trainer(start, collection, tmp_path / name, kit.stage_two(steps=3), run=run)
        trainer.train()
        found.append([p.detach().clone() for p in trainer.model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_the_log_goes_where_it_is_asked_to(start: Path, collection: Collection, tmp_path: Path) -> None:
    run = RunSettings(workers=0, log_every=1, report_to=("tensorboard",))
    trainer = kit.make_trainer(start, collection, tmp_path, kit.stage_two(steps=1), run=run)
    trainer.train()
    assert list(tmp_path.glob("runs/**/events.out.tfevents.*"))
    if importlib.util.find_spec("wandb") is None:
        with pytest.raises(MissingExtra, match=r"univldr\[wandb\]"):
            kit.make_trainer(
                start, collection, tmp_path, kit.stage_two(), run=RunSettings(report_to=("wandb",))
            )

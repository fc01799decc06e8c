"""Stages 1 and 2 of UniVL-DR as two configurations of one trainer, on top of sentence-transformers'."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
from sentence_transformers.sentence_transformer import SentenceTransformerTrainingArguments
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback

from univldr._optional import require
from univldr._processes import processes, rank
from univldr.encoders import heads
from univldr.encoders.fusion import FusionModule
from univldr.encoders.torch_encoder import TorchEncoder
from univldr.errors import ConfigError
from univldr.training.examples import EpochBatches, TrainingExamples
from univldr.training.gradients import Embedding
from univldr.training.inputs import Collator
from univldr.training.losses import candidate_mask, universal_loss
from univldr.training.processes import gather, sum_gradients
from univldr.training.recipe import RunSettings, Stage, ValidationSettings

MAX_LOG_SCALE = 4.6052
"""log(100), CLIP's own limit of the inverse temperature."""

COMPLETE = "complete"
"""The last file of a checkpoint; one without it was cut short and is not gone on from."""

_EXTRAS = {"tensorboard": "train", "wandb": "wandb"}

Look = Callable[[SentenceTransformer], dict[str, float]]


def training_arguments(
    stage: Stage, run: RunSettings, validation: ValidationSettings | None, folder: Path, seed: int
) -> SentenceTransformerTrainingArguments:
    """A stage's settings in the words of transformers."""
    for name in run.report_to:
        require(name, extra=_EXTRAS[name], purpose=f'report_to = ["{name}"]')
    optimizer = stage.optimizer
    share = stage.batch // processes()
    return SentenceTransformerTrainingArguments(
        output_dir=str(folder),
        num_train_epochs=stage.epochs,
        max_steps=stage.steps or -1,
        per_device_train_batch_size=share,
        per_device_eval_batch_size=share,
        gradient_accumulation_steps=stage.accumulation,
        learning_rate=optimizer.rate,
        lr_scheduler_type="cosine",
        warmup_steps=optimizer.warmup,
        adam_beta1=optimizer.beta1,
        adam_beta2=optimizer.beta2,
        adam_epsilon=optimizer.eps,
        weight_decay=optimizer.weight_decay,
        max_grad_norm=optimizer.clip,
        bf16=stage.precision == "bf16",
        fp16=stage.precision == "fp16",
        use_cpu=not torch.cuda.is_available(),
        seed=seed,
        eval_strategy="steps" if validation else "no",
        eval_steps=validation.every if validation else None,
        metric_for_best_model=f"eval_{validation.metric}" if validation else None,
        greater_is_better=True if validation else None,
        save_strategy="steps",
        save_steps=run.checkpoint_every,
        save_total_limit=2,
        restore_callback_states_from_checkpoint=True,
        logging_steps=run.log_every,
        logging_nan_inf_filter=False,
        report_to=list(run.report_to) or "none",
        disable_tqdm=True,
        dataloader_num_workers=run.workers,
        dataloader_drop_last=True,
        remove_unused_columns=False,
    )


class _Nothing(nn.Module):
    """Stands where sentence-transformers expects a loss; it only tells the optimiser what to train."""

    def __init__(self, model: SentenceTransformer) -> None:
        super().__init__()
        self.model = model


class UniversalTrainer(SentenceTransformerTrainer):
    """One loop for both stages: embed queries and documents, one softmax over both modalities, step.

    The optimiser, its schedule, checkpoints, precision and logging are transformers'. Gradients go through
    :mod:`univldr.training.gradients` and are summed over processes here, not by ``DistributedDataParallel``,
    which cannot follow a step that goes through the model in pieces.
    """

    def __init__(
        self,
        model: SentenceTransformer,
        stage: Stage,
        arguments: SentenceTransformerTrainingArguments,
        examples: TrainingExamples,
        collator: Collator,
        *,
        held_out: TrainingExamples | None = None,
        held_out_collator: Collator | None = None,
        look: Look | None = None,
        patience: int = 0,
        callbacks: Sequence[TrainerCallback] = (),
    ) -> None:
        """
        Args:
            model: A :class:`FusionModule` and a norm, trained in place.
            stage: What a step does.
            arguments: See ``training_arguments``.
            examples: What to train on.
            collator: Makes tensors of them.
            held_out: What the paper's accuracies and the loss are measured on.
            held_out_collator: Makes tensors of those.
            look: Further measures of the model, by name.
            patience: Looks without gain before it stops; 0 never does.
            callbacks: Of transformers.
        """
        self.stage, self.examples, self.collator = stage, examples, collator
        self.held_out, self.held_out_collator, self.look = held_out, held_out_collator, look
        stop = [EarlyStopping(patience)] if patience and arguments.eval_strategy != "no" else []
        super().__init__(
            model=model,
            args=arguments,
            loss=_Nothing(model),
            evaluator=[],  # evaluate() below does it all
            data_collator=collator,  # type: ignore[arg-type]
            callbacks=[*callbacks, *stop],
        )
        if stage.only is None:
            self.module.joint = True
        self.train_dataset = examples
        self.batches = EpochBatches(
            len(examples), stage.batch, int(arguments.seed), rank=rank(), processes=processes()
        )
        self.add_callback(_NextEpoch(self.batches))
        self.remove_callback(PrinterCallback)

    @property
    def module(self) -> FusionModule:
        """The model's first module."""
        module = self.model[0]
        assert isinstance(module, FusionModule)
        return module

    # What a step does

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Any = None
    ) -> Tensor:
        """Add a batch's gradients to the parameters' and return its loss over all processes."""
        _train(model)
        inputs = self._prepare_inputs(inputs)
        queries, documents = (self._embed(model, inputs[name]) for name in ("queries", "documents"))
        found, own_queries = gather(queries.rows)
        answers, own_documents = self._gather_documents(documents.rows, len(queries.rows))
        found.requires_grad_()
        answers.requires_grad_()
        scale = self.module.logit_scale
        leaf = scale.detach().clone().requires_grad_(scale.requires_grad)
        loss, _ = universal_loss(found, answers, leaf.exp(), self._candidates(inputs))
        self.accelerator.backward(loss / self.current_gradient_accumulation_steps)
        assert found.grad is not None
        assert answers.grad is not None
        if leaf.grad is not None:  # every process has the whole of it
            share = leaf.grad / processes()
            scale.grad = share if scale.grad is None else scale.grad + share
        queries.backward(found.grad[own_queries])
        documents.backward(answers.grad[own_documents])
        if self.accelerator.sync_gradients:
            sum_gradients(self._trained)
        return loss.detach() / self.current_gradient_accumulation_steps

    @functools.cached_property
    def _trained(self) -> list[nn.Parameter]:
        return [parameter for parameter in self.model.parameters() if parameter.requires_grad]

    def _embed(self, model: nn.Module, features: Any) -> Embedding:
        def embed(piece: dict[str, Tensor]) -> Tensor:
            rows: Tensor = model(piece)["sentence_embedding"]
            return rows

        trim = not self.module.settings.fixed_length
        return Embedding(embed, features, chunk=self.stage.chunk, cached=self.stage.cached, trim=trim)

    def _gather_documents(self, rows: Tensor, queries: int) -> tuple[Tensor, Tensor]:
        """All processes' documents, every positive first, and where one's own are (int64 [own rows])."""
        positives, own = gather(rows[:queries])
        negatives, own_negatives = gather(rows[queries:])
        places = torch.arange(len(positives) + len(negatives), device=rows.device)
        own_rows = torch.cat([places[: len(positives)][own], places[len(positives) :][own_negatives]])
        return torch.cat([positives, negatives]), own_rows

    def _candidates(self, inputs: dict[str, Any]) -> Tensor:
        """bool [queries of all processes, documents of all processes]."""
        relevant = inputs["relevant"]
        queries = len(relevant)
        if processes() > 1:
            width = torch.tensor(relevant.shape[1], device=relevant.device)
            dist.all_reduce(width, dist.ReduceOp.MAX)
            relevant = nn.functional.pad(relevant, (0, int(width) - relevant.shape[1]), value=-1)
        all_relevant, own = gather(relevant)
        documents, _ = self._gather_documents(inputs["rows"], queries)
        owners, _ = self._gather_documents(inputs["owners"] + own.start, queries)
        return candidate_mask(
            owners,
            documents,
            all_relevant,
            own=self.stage.negatives == "own",
            mask_relevant=self.stage.mask_positives,
        )

    # What it is given

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Batches of this process."""
        return DataLoader(
            self.examples,
            batch_sampler=self.batches,
            collate_fn=self.collator,
            num_workers=self.args.dataloader_num_workers,
            pin_memory=torch.cuda.is_available(),
        )

    def get_decay_parameter_names(self, model: nn.Module) -> list[str]:
        """Matrices and kernels: no norm, no bias, no temperature decays."""
        return [name for name, parameter in model.named_parameters() if parameter.ndim > 1]

    def create_accelerator_and_postprocess(self) -> None:
        """Keep accelerate from wrapping the model; see the class."""
        super().create_accelerator_and_postprocess()
        prepare = self.accelerator.prepare_model
        self.accelerator.prepare_model = functools.partial(prepare, evaluation_mode=True)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Not counted."""
        return 0

    # What it tells and keeps

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """The paper's accuracy and the loss over held-out batches, and whatever ``look`` measures."""
        values = self._accuracy()
        with torch.random.fork_rng():
            values |= self.look(self.model) if self.look else {}
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in values.items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    @torch.no_grad()
    def _accuracy(self) -> dict[str, float]:
        if self.held_out is None or self.held_out_collator is None:
            return {}
        self.model.eval()
        batch = min(self.stage.batch, len(self.held_out))
        totals = torch.zeros(2, dtype=torch.float64)
        batches = EpochBatches(len(self.held_out), batch, int(self.args.seed))
        for keys in batches:
            inputs = self._prepare_inputs(self.held_out_collator([self.held_out[key] for key in keys]))
            queries, documents = (self._embed(self.model, inputs[n]).rows for n in ("queries", "documents"))
            candidates = candidate_mask(
                inputs["owners"],
                inputs["rows"],
                inputs["relevant"],
                own=self.stage.negatives == "own",
                mask_relevant=self.stage.mask_positives,
            )
            scale = self.module.logit_scale.exp()
            totals += torch.stack(universal_loss(queries, documents, scale, candidates)).cpu().double()
        loss, accuracy = (totals / len(batches)).tolist()
        return {"loss": loss, "accuracy": accuracy}

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        if self.args.metric_for_best_model not in metrics:
            raise ConfigError(
                f"no metric {self.args.metric_for_best_model!r}; known: {', '.join(sorted(metrics))}"
            )
        best = super()._determine_best_metric(metrics, trial)
        self.control.should_save |= best
        return bool(best)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        self.model.save_pretrained(str(output_dir or self.args.output_dir), create_model_card=False)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        if self.is_world_process_zero():
            (Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}" / COMPLETE).touch()

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        saved = TorchEncoder.load(resume_from_checkpoint, device="cpu").model
        self.model.load_state_dict(saved.state_dict())

    def restore_best(self) -> None:
        """Take the weights of the best look, where there was one and its checkpoint is still there."""
        if self.state.best_model_checkpoint:
            self._load_from_checkpoint(self.state.best_model_checkpoint)


def _train(model: nn.Module) -> None:
    """Training mode, but batch norms keep the statistics they came with.

    A batch goes through in pieces, some of them twice, and what a norm saw of one would change the others.
    """
    model.train()
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


class _NextEpoch(TrainerCallback):
    """Tells the batches which epoch begins, or goes on after a checkpoint."""

    def __init__(self, batches: EpochBatches) -> None:
        self.batches = batches

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **options: Any) -> None:
        self.batches.set_epoch(int(state.epoch))


class EarlyStopping(EarlyStoppingCallback):
    """transformers' own, without its warning: the best model is restored by ``restore_best``."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **options: Any) -> None:
        """Nothing to check."""


class LimitTemperature(TrainerCallback):
    """Hold the inverse temperature at CLIP's limit, after every step."""

    def on_step_end(self, args: Any, state: Any, control: Any, **options: Any) -> None:
        with torch.no_grad():
            options["model"][0].logit_scale.clamp_(max=MAX_LOG_SCALE)


class LookAtTheEnd(TrainerCallback):
    """A last look and a last checkpoint after the last step, wherever it falls."""

    def on_step_end(self, args: Any, state: Any, control: Any, **options: Any) -> None:
        if state.global_step >= state.max_steps:
            control.should_evaluate = args.eval_strategy != "no"
            control.should_save = True


def freeze(model: SentenceTransformer, stage: Stage, train: str) -> None:
    """Leave trainable what the stage trains.

    Raises:
        ConfigError: a pattern of ``freeze`` finds no parameter, or nothing is left to train.
    """
    module = model[0]
    model.requires_grad_(train == "all")
    if train == "heads":
        for head in heads.head_modules(module.model):
            head.requires_grad_(True)
    for pattern in stage.freeze:
        found = [parameter for name, parameter in model.named_parameters() if re.search(pattern, name)]
        if not found:
            names = ", ".join(name for name, _ in list(model.named_parameters())[:3])
            raise ConfigError(f'freeze "{pattern}" finds no parameter; names are like {names}')
        for parameter in found:
            parameter.requires_grad_(False)
    module.logit_scale.requires_grad_(stage.learn_temperature)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ConfigError(f'stage "{stage.name}": everything is frozen; take something out of freeze')


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was written to its end."""
    complete = [path.parent for path in folder.glob(f"checkpoint-*/{COMPLETE}")]
    return max(complete, key=lambda path: int(path.name.rpartition("-")[2]), default=None)

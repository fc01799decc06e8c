"""Words for pictures from any image-to-text or image-text-to-text model of transformers.

What a model needs is asked of the model and of its processor, never guessed from its name: whether it takes
a prompt (its ``forward`` has ``input_ids``), whether that is a chat (its processor has a template) or one of
a list of tasks (Florence-2). Pictures go through transformers' processors on Pillow; torchvision is not used.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub.errors import StrictDataclassError
from PIL import Image, ImageOps
from safetensors import SafetensorError
from torch import Tensor
from transformers import (
    PROCESSOR_MAPPING,
    AutoImageProcessor,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    BatchFeature,
    ProcessorMixin,
)
from transformers.utils import logging as transformers_logging

from univldr.encoders.preprocess import ImageProcessor
from univldr.errors import ConfigError, ModelError
from univldr.images import load_image
from univldr.verbalize.base import Words
from univldr.verbalize.caption import FILE_NAME
from univldr.verbalize.settings import CaptionSettings

# What Florence-2 is told where there is no prompt: it knows tasks, and nothing else.
_TASK = "<CAPTION>"

# Between a picture's sides. Past it only the middle is read: resized to a shortest side, a hair would become
# gigabytes, and Qwen-VL refuses more than 200.
_MAX_ASPECT = 64

# Files of which every tokenizer has one.
_TOKENIZERS = ("tokenizer.json", "*.model", "vocab.*", "tekken.json")

_WHOLE = "give the whole directory of such a model; code of its own needs trust_remote_code"
_SMALLER = "a smaller batch or max_side, or a shorter prompt may help"

# What transformers raises on directories that are no whole model of the kind asked for.
_BROKEN = (
    OSError,
    ValueError,
    RuntimeError,
    LookupError,
    TypeError,
    AttributeError,
    ImportError,
    SafetensorError,
    StrictDataclassError,
)


class Generator:
    """A model, loaded, that writes about pictures. The same picture always gives the same words."""

    def __init__(self, directory: Path, settings: CaptionSettings, question: str) -> None:
        """Load a model: in float32 on a CPU, in bfloat16 on a GPU.

        Args:
            directory: Of the model.
            settings: How it writes.
            question: What a chat model is asked where ``settings`` has no prompt.

        Raises:
            ConfigError: a prompt for a model without prompts, or there is no such device.
            ModelError: the directory holds no whole model that writes about pictures.
        """
        self._settings = settings
        self._device = _device(settings.device)
        self._dtype = torch.bfloat16 if self._device.type == "cuda" else torch.float32
        with _explained(f"{settings.model}: cannot be loaded as an image-to-text model", _WHOLE), _quiet():
            if (directory / FILE_NAME).is_file():
                from univldr.verbalize import grid  # noqa: F401 - makes its picture tower known
            self._model = _model(directory, self._dtype, settings).to(self._device)
            self._reader = _reader(directory, self._model, settings, question)
            self._special = torch.tensor(_special_ids(self._reader.tokenizer), device=self._device)

    @torch.inference_mode()
    def __call__(self, pictures: Sequence[Path | bytes]) -> list[list[Words]]:
        """``count`` texts for each picture, in order, the best first.

        Raises:
            ImageError: a picture cannot be decoded.
            ModelError: the model fails, or has no room for a text beside the picture and the prompt.
        """
        count = self._settings.count
        with _explained(f"{self._settings.model}: failed", _SMALLER), _quiet():
            images = [self._reader.decode(picture) for picture in pictures]
            tokens, confidences = self._generate(self._reader.inputs(images))
            texts = self._reader.texts(tokens, [image for image in images for _ in range(count)])
        words = [Words(text.strip(), sure) for text, sure in zip(texts, confidences, strict=True)]
        return [words[start : start + count] for start in range(0, len(words), count)]

    def _generate(self, inputs: BatchFeature) -> tuple[Tensor, list[float | None]]:
        """(int64 [texts, T] of what was written and nothing else, a confidence each)."""
        room = self._room(inputs)
        output = self._model.generate(
            **inputs.to(self._device, self._dtype),
            do_sample=False,
            num_beams=self._settings.beams,
            num_return_sequences=self._settings.count,
            max_new_tokens=min(self._settings.max_tokens, room),
            min_new_tokens=min(self._settings.min_tokens, room),
            return_dict_in_generate=True,
            output_scores=True,
        )
        beams = getattr(output, "beam_indices", None)
        scores = self._model.compute_transition_scores(
            output.sequences, output.scores, beams, normalize_logits=beams is None
        )
        # There is a score for each token written, so what a model echoes of its prompt comes before these.
        tokens = output.sequences[:, -scores.shape[1] :]
        return tokens, self._confidences(tokens, scores)

    def _confidences(self, tokens: Tensor, scores: Tensor) -> list[float | None]:
        """The geometric mean of the probabilities of the tokens, special ones left out."""
        written = ~torch.isin(tokens, self._special)
        totals = torch.where(written, scores.float(), 0.0).sum(1)
        lengths = written.sum(1)
        means = (totals / lengths.clamp(min=1)).exp().tolist()
        return [mean if length else None for mean, length in zip(means, lengths.tolist(), strict=True)]

    def _room(self, inputs: BatchFeature) -> int:
        """How many tokens the model can write after its prompt."""
        config = self._model.config
        positions = getattr(config.get_text_config(decoder=True), "max_position_embeddings", None)
        if not positions:
            return self._settings.max_tokens
        start = 1 if config.is_encoder_decoder or "input_ids" not in inputs else inputs["input_ids"].shape[1]
        if start >= positions:
            raise ValueError(f"picture and prompt take {start} of its {positions} tokens")
        return int(positions - start)


class _Reader:
    """Between pictures and a model that takes nothing but pictures."""

    def __init__(self, tokenizer: Any, pictures: Any, max_side: int) -> None:
        """``tokenizer`` and ``pictures`` are a tokenizer and an image processor of transformers."""
        self.tokenizer = tokenizer
        self._pictures = pictures
        self._side = max_side

    def decode(self, picture: Path | bytes) -> Image.Image:
        """RGB, at most ``max_side`` long; a JPEG at little more than what the model wants."""
        sizes = [getattr(self._pictures, name, None) or {} for name in ("size", "crop_size")]
        # Sides in pixels, but areas for Qwen-VL: so large that every picture is decoded in full.
        wanted = [2 * side for size in sizes for side in dict(size).values() if side]
        side = min(self._side, max(wanted, default=self._side))
        return _bounded(load_image(picture, draft=(side, side)), self._side)

    def inputs(self, images: list[Image.Image]) -> BatchFeature:
        """What the model takes."""
        made: BatchFeature = self._pictures(images, return_tensors="pt")
        return made

    def texts(self, tokens: Tensor, images: list[Image.Image]) -> list[str]:
        """What int64 [texts, T] say; ``images`` are those they were written for, one for each text."""
        texts: list[str] = self.tokenizer.batch_decode(tokens, skip_special_tokens=True)
        return texts


class _OwnReader(_Reader):
    """For the models that univldr trains: ``pictures`` is the ImageProcessor that they were trained with."""

    def decode(self, picture: Path | bytes) -> Image.Image:
        return load_image(picture, draft=self._pictures.draft)

    def inputs(self, images: list[Image.Image]) -> BatchFeature:
        pixels = np.stack([self._pictures(image) for image in images])
        return BatchFeature({"pixel_values": torch.from_numpy(pixels)})


class _PromptReader(_Reader):
    """For models that can be told something: the start of a text, a task, or a message of a chat."""

    def __init__(self, processor: Any, config: Any, settings: CaptionSettings, question: str) -> None:
        """``processor`` is a processor of transformers for a model of ``config``."""
        super().__init__(processor.tokenizer, processor.image_processor, settings.max_side)
        self._processor = processor
        if not config.is_encoder_decoder:
            self.tokenizer.padding_side = "left"
        self._chat = bool(getattr(processor, "chat_template", None))
        self._tasks: dict[str, str] = getattr(processor, "tasks_answer_post_processing_type", {})
        self._prompt = settings.prompt or (_TASK if self._tasks else "")
        if self._chat:
            self._prompt = self._message(settings.prompt or question)

    def inputs(self, images: list[Image.Image]) -> BatchFeature:
        given: dict[str, Any] = {"images": images, "return_tensors": "pt"}
        if self._prompt:
            given |= {"text": [self._prompt] * len(images), "padding": True}
        if self._chat:
            given["images"] = [[image] for image in images]
            first = self.tokenizer.bos_token  # where the template has written it, once is enough
            given["add_special_tokens"] = not (first and self._prompt.startswith(first))
        made: BatchFeature = self._processor(**given)
        return made

    def texts(self, tokens: Tensor, images: list[Image.Image]) -> list[str]:
        task = next((task for task in self._tasks if self._prompt.startswith(task)), "")
        if self._tasks.get(task, "pure_text") == "pure_text":
            return super().texts(tokens, images)
        raw = self.tokenizer.batch_decode(tokens, skip_special_tokens=False)
        return [self._labels(text, task, image) for text, image in zip(raw, images, strict=True)]

    def _labels(self, text: str, task: str, image: Image.Image) -> str:
        """The names without the boxes, each once, of a task that finds things."""
        found = self._processor.post_process_generation(text, task=task, image_size=image.size)[task]
        labels = (label for key, values in found.items() if key.endswith("labels") for label in values)
        return ", ".join(dict.fromkeys(filter(None, labels)))

    def _message(self, words: str) -> str:
        content: Any = [{"type": "image"}, {"type": "text", "text": words}]
        # The base class's: SmolVLM's own asks its video processor, which there is not.
        text: str = ProcessorMixin.apply_chat_template(
            self._processor, [{"role": "user", "content": content}], add_generation_prompt=True
        )
        return text


class _WithoutVideo:
    """A processor of pictures and texts alone: transformers' video processors need torchvision."""

    def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
        if argument_name == "video_processor":
            return None
        return super().check_argument_for_proper_class(argument_name, argument)  # type: ignore[misc]


def _reader(directory: Path, model: Any, settings: CaptionSettings, question: str) -> _Reader:
    trust = settings.trust_remote_code
    if not any(path for pattern in _TOKENIZERS for path in directory.glob(pattern)):
        raise ValueError("it has no tokenizer")  # transformers would make up an empty one
    own = (directory / FILE_NAME).is_file()
    takes_words = "input_ids" in inspect.signature(model.forward).parameters
    if takes_words and (settings.prompt or not own):
        return _PromptReader(_processor(directory, model.config, trust), model.config, settings, question)
    if settings.prompt:
        raise ConfigError(f'{settings.model} takes no prompt; leave "{settings.prompt}" out')
    tokenizer = AutoTokenizer.from_pretrained(directory, trust_remote_code=trust)
    if own:
        pictures = ImageProcessor.load(directory / "preprocessor_config.json")
        return _OwnReader(tokenizer, pictures, settings.max_side)
    return _Reader(tokenizer, _image_processor(directory, trust), settings.max_side)


def _image_processor(directory: Path, trust: bool) -> Any:
    return AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
        directory, backend="pil", trust_remote_code=trust
    )


def _processor(directory: Path, config: Any, trust: bool) -> Any:
    """The processor of a model, its pictures on Pillow, its videos, if it knows any, left out."""
    pictures = _image_processor(directory, trust)
    kind: Any = PROCESSOR_MAPPING.get(type(config), None)
    if kind is None or "video_processor" not in kind.get_attributes():
        processor = AutoProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            directory, trust_remote_code=trust
        )
        processor.image_processor = pictures
        return processor
    tokenizer = AutoTokenizer.from_pretrained(directory, trust_remote_code=trust)
    parts = {"image_processor": pictures, "tokenizer": tokenizer, "video_processor": None}
    record, _ = kind.get_processor_dict(directory)
    still: Any = type(kind.__name__, (_WithoutVideo, kind), {})
    return still.from_args_and_dict([parts[name] for name in kind.get_attributes()], record)


def _model(directory: Path, dtype: torch.dtype, settings: CaptionSettings) -> Any:
    """The model, whole, and set to write without chance."""
    auto: Any = AutoModelForImageTextToText
    model, report = auto.from_pretrained(
        directory,
        dtype=dtype,
        trust_remote_code=settings.trust_remote_code,
        ignore_mismatched_sizes=True,  # to say which
        output_loading_info=True,
    )
    wrong = {key for key in report["missing_keys"] if "pooler." not in key}  # no model writes with its pooler
    wrong |= {key for key, *_ in report["mismatched_keys"]}
    if wrong:
        raise ValueError(f"{len(wrong)} of its weights are missing or misshapen, {min(wrong)} among them")
    for part in model.modules():
        if (chosen := getattr(part, "generation_config", None)) is not None:
            chosen.update(temperature=None, top_p=None, top_k=None, max_length=None)
    return model.eval()


def _special_ids(tokenizer: Any) -> list[int]:
    """The tokens that decoding leaves out: those with a role, and those marked so in its file."""
    marked = {id for id, token in tokenizer.added_tokens_decoder.items() if token.special}
    return sorted(marked | set(tokenizer.all_special_ids))


def _bounded(image: Image.Image, side: int) -> Image.Image:
    """At most ``side`` pixels long, and not too narrow."""
    longest = min(image.size) * _MAX_ASPECT
    if max(image.size) > longest:
        image = ImageOps.fit(image, (min(image.width, longest), min(image.height, longest)))
    image.thumbnail((side, side), reducing_gap=2.0)
    return image


def _device(name: str) -> torch.device:
    if not name:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.empty(0, device=name)
        return torch.device(name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # torch built without it asserts
        reason = str(error).partition("\n")[0]
        raise ConfigError(
            f'device "{name}" cannot be used ({reason}); try cpu, or "" for the best'
        ) from error


@contextmanager
def _explained(what: str, remedy: str) -> Iterator[None]:
    """What transformers raises, as a ModelError on one line."""
    try:
        yield
    except _BROKEN as error:
        reason = str(error).strip().partition("\n")[0].rstrip(" .:") or type(error).__name__
        raise ModelError(f"{what}: {reason}; {remedy}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars and no advice from transformers."""
    level, shown = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        transformers_logging.set_verbosity(level)
        if shown:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]

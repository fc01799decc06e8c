"""A small captioner: the picture tower of an encoder, and a decoder of a few million parameters.

It is an ordinary ``VisionEncoderDecoderModel`` of transformers whose encoder is a
:class:`univldr.verbalize.grid.GridEncoder`.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor, nn
from transformers import (
    AutoModelForImageTextToText,
    AutoTokenizer,
    BlipForConditionalGeneration,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from univldr.encoders.checkpoints import fetch, only_graphs
from univldr.encoders.fusion import FusionModule, has_both_towers, no_bars
from univldr.encoders.preprocess import ImageProcessor
from univldr.encoders.settings import read_json
from univldr.errors import ModelError
from univldr.verbalize.caption import FILE_NAME
from univldr.verbalize.grid import GridConfig, GridEncoder

PREPROCESSOR = "preprocessor_config.json"

POSITIONS = 128
"""A decoder has so many at least; what it is trained on may be shorter."""

PAD, UNKNOWN, FIRST, LAST = "[PAD]", "[UNK]", "[BOS]", "[EOS]"
_SPECIAL = (PAD, UNKNOWN, FIRST, LAST)

# Kinds of letters a vocabulary has at most; each takes two of its places.
_LETTERS = 500

_TRAINABLE = (VisionEncoderDecoderModel, BlipForConditionalGeneration)


@dataclass(frozen=True)
class Captioner:
    """A model that writes about pictures, and what must lie beside it.

    Attributes:
        model: Of transformers; its encoder is a :class:`GridEncoder` where it was made here.
        tokenizer: Texts to ids and back.
        directory: Where its ``preprocessor_config.json`` lies.
        processor: What that file says: pictures to what the model takes.
    """

    model: Any
    tokenizer: Any
    directory: Path
    processor: ImageProcessor

    @classmethod
    def new(cls, start: str, texts: Sequence[str], *, vocabulary: int, size: Mapping[str, Any]) -> Captioner:
        """A captioner on the picture tower of an encoder, its decoder untrained.

        Args:
            start: The encoder: ``mini``, a directory or a hub id.
            texts: What its vocabulary is made of.
            vocabulary: Word pieces at most.
            size: ``width``, ``layers``, ``heads``, ``dropout`` and ``max_tokens`` of the decoder.

        Raises:
            ModelError: the encoder has no picture tower with a feature map.
        """
        encoder = grid_encoder(FusionModule.load(start))
        tokenizer = train_tokenizer(texts, vocabulary)
        decoder = GPT2LMHeadModel(
            GPT2Config(
                vocab_size=len(tokenizer),
                n_positions=max(size["max_tokens"], POSITIONS),
                n_embd=size["width"],
                n_layer=size["layers"],
                n_head=size["heads"],
                resid_pdrop=size["dropout"],
                embd_pdrop=size["dropout"],
                attn_pdrop=0.0,
                add_cross_attention=True,
                bos_token_id=tokenizer.bos_token_id,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )
        )
        config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder.config, decoder.config)
        config.decoder_start_token_id = tokenizer.bos_token_id
        config.pad_token_id = tokenizer.pad_token_id
        config.eos_token_id = tokenizer.eos_token_id
        model = VisionEncoderDecoderModel(config, encoder=encoder, decoder=decoder)
        chosen = model.generation_config
        chosen.decoder_start_token_id = chosen.bos_token_id = tokenizer.bos_token_id
        chosen.eos_token_id, chosen.pad_token_id = tokenizer.eos_token_id, tokenizer.pad_token_id
        chosen.suppress_tokens = [tokenizer.unk_token_id, tokenizer.pad_token_id, tokenizer.bos_token_id]
        model.train(False)
        directory = fetch(start)
        return cls(model, tokenizer, directory, ImageProcessor.load(directory / PREPROCESSOR))

    @classmethod
    def load(cls, place: str) -> Captioner:
        """A captioner to train further: one made here, a BLIP, or another encoder-decoder of transformers.

        Args:
            place: A directory or a hub id.

        Raises:
            ModelError: it is missing, broken, or of another kind.
        """
        directory = fetch(place)
        try:
            with no_bars():
                model = AutoModelForImageTextToText.from_pretrained(directory, dtype=torch.float32)
            tokenizer = AutoTokenizer.from_pretrained(directory)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise ModelError(f"{place}: cannot be loaded as a captioner: {error}") from error
        if not isinstance(model, _TRAINABLE):
            raise ModelError(
                f"{place}: a {type(model).__name__} cannot be trained here; start from an encoder such as "
                "mini, from a captioner that univldr made, or from a BLIP or VisionEncoderDecoder model"
            )
        return cls(model, tokenizer, directory, ImageProcessor.load(directory / PREPROCESSOR))

    @property
    def tower(self) -> nn.Module:
        """What sees the picture and can be frozen."""
        if isinstance(self.model, BlipForConditionalGeneration):
            return self.model.vision_model
        encoder: nn.Module = self.model.encoder
        return encoder.tower if isinstance(encoder, GridEncoder) else encoder

    @property
    def ends(self) -> tuple[int, int]:
        """The ids before the first token and after the last."""
        if isinstance(self.model, BlipForConditionalGeneration):
            text: Any = self.model.config.text_config
            return text.bos_token_id, text.sep_token_id
        settings = self.model.generation_config
        first = settings.decoder_start_token_id
        if first is None:
            first = self.model.config.decoder_start_token_id
        return first, self.tokenizer.eos_token_id

    def logits(self, pictures: Mapping[str, Tensor], given: Tensor) -> Tensor:
        """What the model thinks comes after each token.

        Args:
            pictures: ``pixel_values`` [B, 3, H, W], or ``grid`` [B, cells, hidden_size] of
                :meth:`GridEncoder.grid`.
            given: int64 [B, T], the id before the first token, then the tokens, then anything.

        Returns:
            [B, T, vocabulary].
        """
        if isinstance(self.model, BlipForConditionalGeneration):
            output = self.model(**pictures, input_ids=given, attention_mask=torch.ones_like(given))
        elif "grid" in pictures:
            states = self.model.encoder.finish(pictures["grid"])
            output = self.model(encoder_outputs=states, decoder_input_ids=given, use_cache=False)
        else:
            output = self.model(**pictures, decoder_input_ids=given, use_cache=False)
        logits: Tensor = output.logits
        return logits

    def save(self, folder: Path, record: Mapping[str, Any]) -> None:
        """Write a directory that transformers loads; it appears only when it is whole.

        Args:
            folder: Where to.
            record: Content of ``verbalizer.json``.
        """
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        with no_bars():
            self.model.save_pretrained(part)
        self.tokenizer.save_pretrained(part)
        shutil.copyfile(self.directory / PREPROCESSOR, part / PREPROCESSOR)
        (part / FILE_NAME).write_text(json.dumps(record, indent=2) + "\n", "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)


def is_encoder(place: str) -> bool:
    """Whether ``place`` is a universal encoder, on whose tower a captioner can be built, and not a captioner.

    A configuration alone does not tell: BLIP's has an encoder, too, whatever the weights are.
    """
    directory = fetch(place)
    if only_graphs(directory):
        return True
    names = read_json(directory / "config.json", missing={}).get("architectures") or ()
    return has_both_towers(directory) and not set(names) & set(
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES.values()
    )


def grid_encoder(start: FusionModule) -> GridEncoder:
    """The picture tower of an encoder, its last feature map as rows.

    Raises:
        ModelError: it has none, or one whose size cannot be told.
    """
    tower = getattr(start.model, "vision_model", None)
    if tower is None:
        raise ModelError(f"{start.name}: no picture tower to build on; start from mini, CLIP or SigLIP")
    height, width = start.pictures.size
    tower.eval()
    with torch.no_grad():
        states = tower(pixel_values=torch.zeros(1, 3, height, width)).last_hidden_state
    rows = states.flatten(2).transpose(1, 2) if states.ndim == 4 else states
    config = GridConfig(tower.config, hidden_size=rows.shape[2], cells=rows.shape[1])
    encoder = GridEncoder(config)
    encoder.tower.load_state_dict(tower.state_dict())
    return encoder


def train_tokenizer(texts: Sequence[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Word pieces of lower-cased ``texts``, at most ``vocabulary`` of them; texts end with ``[EOS]``.

    The same texts give the same ids. The trainer numbers the pieces inside a word as it comes upon them, and
    breaks ties by number, so it is given the letters among them beforehand, in order.
    """
    draft = _word_pieces({})
    seen = Counter(letter for text in texts for letter in draft.normalizer.normalize_str(text))
    letters = sorted(letter for letter, _ in seen.most_common(_LETTERS) if not letter.isspace())
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary,
        special_tokens=[*_SPECIAL, *(f"##{letter}" for letter in letters)],
        initial_alphabet=letters,
        limit_alphabet=len(letters),
        show_progress=False,
    )
    draft.train_from_iterator(texts, trainer)
    tokenizer = _word_pieces(draft.get_vocab())
    tokenizer.add_special_tokens(list(_SPECIAL))
    last = tokenizer.token_to_id(LAST)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {LAST}", special_tokens=[(LAST, last)]
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        bos_token=FIRST,
        eos_token=LAST,
        pad_token=PAD,
        unk_token=UNKNOWN,
        clean_up_tokenization_spaces=False,
    )


def _word_pieces(vocabulary: dict[str, int]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer

"""CLIP ViT-B/32 with random weights, made here: its shape, its vocabulary's size, a tokenizer of its kind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import CLIPConfig, CLIPModel, CLIPProcessor, CLIPTokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

VOCABULARY = 49_408
START, END = "<|startoftext|>", "<|endoftext|>"


def build(directory: Path, texts: Sequence[str], *, seed: int) -> None:
    """Save a checkpoint that transformers, sentence-transformers and ``univldr export`` read.

    Args:
        directory: Where to.
        texts: What its merges are learnt from: common words become one token, as with the real one.
        seed: Of the weights.
    """
    torch.manual_seed(seed)
    start, end = VOCABULARY - 2, VOCABULARY - 1
    config = CLIPConfig(
        text_config={
            "vocab_size": VOCABULARY,
            "bos_token_id": start,
            "eos_token_id": end,
            "pad_token_id": end,
        }
    )
    CLIPModel(config).save_pretrained(directory)
    vocabulary, merges = _merges(texts)
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=77)  # type: ignore[arg-type]
    CLIPProcessor(CLIPImageProcessorPil(), tokenizer).save_pretrained(directory)  # type: ignore[no-untyped-call]
    CLIPImageProcessorPil().save_pretrained(directory)  # as the hub has it: preprocessor_config.json


def _merges(texts: Sequence[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Byte-level BPE with CLIP's end-of-word mark, filled up to CLIP's size with tokens that no text has."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>", continuing_subword_prefix=""))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 2,
        end_of_word_suffix="</w>",
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    learnt = json.loads(tokenizer.to_str())["model"]
    vocabulary: dict[str, int] = learnt["vocab"]
    for number in range(len(vocabulary), VOCABULARY - 2):
        vocabulary[f"<filler{number}>"] = number
    vocabulary |= {START: VOCABULARY - 2, END: VOCABULARY - 1}
    return vocabulary, [tuple(pair) for pair in learnt["merges"]]

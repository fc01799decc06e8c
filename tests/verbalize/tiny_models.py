"""Captioners with random weights, as small as they come, in directories laid out as the hub has them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BartConfig,
    Blip2Config,
    Blip2ForConditionalGeneration,
    BlipConfig,
    BlipForConditionalGeneration,
    CLIPVisionConfig,
    Florence2Config,
    Florence2ForConditionalGeneration,
    GitConfig,
    GitForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    OPTConfig,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
    ViTModel,
)
from transformers.utils import logging as transformers_logging

_SPECIAL = ("[PAD]", "[BOS]", "[EOS]", "[UNK]")
_WORDS = (
    "a",
    "the",
    "dog",
    "cat",
    "bird",
    "beach",
    "street",
    "red",
    "blue",
    "runs",
    "sleeps",
    "on",
    "near",
    "two",
)
_PAD, _BOS, _EOS = 0, 1, 2
_PROMPTS = ("Describe", "this", "picture", "in", "one", "sentence.", "user", "assistant")
_CHAT = (
    "{% for message in messages %}{{ message['role'] }} {% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}IMAGE {% else %}{{ part['text'] }} {% endif %}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}assistant {% endif %}"
)
_TEXT: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "pad_token_id": _PAD,
    "bos_token_id": _BOS,
    "eos_token_id": _EOS,
}
_VISION: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 16,
}
_LEVELS = {"do_rescale": True, "do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
_SQUARE = {"do_resize": True, "size": {"height": 32, "width": 32}, "resample": 3} | _LEVELS


def build(family: str, directory: Path) -> Path:
    """Write a model of ``family``, one of ``FAMILIES``, into ``directory``; the same one every time."""
    torch.manual_seed(0)
    directory.mkdir(parents=True, exist_ok=True)
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model, preprocessor = FAMILIES[family](directory)
    for parameter in model.parameters():  # as drawn, they give nearly the same words for every picture
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.25)
    model.save_pretrained(directory)
    write(directory, "preprocessor_config.json", preprocessor)
    return directory


def write(directory: Path, name: str, content: object) -> None:
    """A JSON file."""
    (directory / name).write_text(json.dumps(content), "utf-8")


def _tokenizer(directory: Path, *special: str, pattern: str = "$A [EOS]", **names: str) -> int:
    """Save a tokenizer of whole words: how many tokens it has. Ids go on after the words with ``special``."""
    vocabulary = {word: n for n, word in enumerate([*_SPECIAL, *_WORDS, *_PROMPTS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=pattern, special_tokens=[("[BOS]", _BOS), ("[EOS]", _EOS)]
    )
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        bos_token="[BOS]",
        eos_token="[EOS]",
        unk_token="[UNK]",
        extra_special_tokens=names or list(special),
    )
    fast.save_pretrained(directory)
    return len(fast)


def _id(directory: Path, token: str) -> int:
    found = Tokenizer.from_file(str(directory / "tokenizer.json")).token_to_id(token)
    assert found is not None
    return int(found)


def _blip(directory: Path) -> tuple[Any, dict[str, Any]]:
    size = _tokenizer(directory, pattern="[BOS] $A [EOS]")
    text = _TEXT | {"vocab_size": size, "encoder_hidden_size": 32, "sep_token_id": _EOS}
    text |= {"projection_dim": 16, "max_position_embeddings": 64, "label_smoothing": 0.0}
    config = BlipConfig(text_config=text, vision_config=_VISION | {"projection_dim": 16}, projection_dim=16)
    return BlipForConditionalGeneration(config), _SQUARE | {
        "processor_class": "BlipProcessor",
        "image_processor_type": "BlipImageProcessor",
    }


def _vit_gpt2(directory: Path) -> tuple[Any, dict[str, Any]]:
    size = _tokenizer(directory)
    encoder = ViTModel(ViTConfig(**_VISION), add_pooling_layer=False)
    decoder = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=size,
            n_embd=32,
            n_layer=1,
            n_head=2,
            n_positions=24,
            add_cross_attention=True,
            bos_token_id=_BOS,
            eos_token_id=_EOS,
            pad_token_id=_PAD,
        )
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder.config, decoder.config)
    model = VisionEncoderDecoderModel(config, encoder=encoder, decoder=decoder)
    chosen = model.generation_config
    chosen.decoder_start_token_id = chosen.bos_token_id = _BOS
    chosen.eos_token_id, chosen.pad_token_id = _EOS, _PAD
    return model, _SQUARE | {"image_processor_type": "ViTImageProcessor"}


def _own(directory: Path) -> tuple[Any, dict[str, Any]]:
    model, _ = _vit_gpt2(directory)
    write(directory, "verbalizer.json", {"format": 1, "kind": "query", "name": "tiny"})
    return model, _SQUARE | {"do_center_crop": False}


def _florence2(directory: Path) -> tuple[Any, dict[str, Any]]:
    size = _tokenizer(directory, "<image>", pattern="[BOS] $A [EOS]", image_token="<image>")
    text = BartConfig(
        vocab_size=size,
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=48,
        decoder_ffn_dim=48,
        max_position_embeddings=64,
        pad_token_id=_PAD,
        bos_token_id=_BOS,
        eos_token_id=_EOS,
        decoder_start_token_id=_EOS,
        forced_eos_token_id=_EOS,
    )
    vision = {
        "depths": (1,),
        "patch_size": (7,),
        "patch_stride": (8,),
        "patch_padding": (3,),
        "patch_prenorm": (False,),
        "embed_dim": (16,),
        "num_heads": (2,),
        "num_groups": (2,),
        "window_size": 4,
        "projection_dim": 32,
    }
    config = Florence2Config(
        text_config=text.to_dict(), vision_config=vision, image_token_id=_id(directory, "<image>")
    )
    write(directory, "processor_config.json", {"processor_class": "Florence2Processor"})
    return Florence2ForConditionalGeneration(config), _SQUARE | {
        "image_processor_type": "CLIPImageProcessor",
        "image_seq_length": 17,
        "do_center_crop": False,
    }


def _idefics3(directory: Path) -> tuple[Any, dict[str, Any]]:
    return _smol(directory, Idefics3Config, Idefics3ForConditionalGeneration, "Idefics3")


def _smolvlm(directory: Path) -> tuple[Any, dict[str, Any]]:
    return _smol(directory, SmolVLMConfig, SmolVLMForConditionalGeneration, "SmolVLM")


def _smol(directory: Path, config: Any, model: Any, prefix: str) -> tuple[Any, dict[str, Any]]:
    marks = ["<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>"]
    marks += [f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5)]
    size = _tokenizer(directory, *marks, pattern="$A")
    text = _TEXT | {"model_type": "llama", "vocab_size": size, "max_position_embeddings": 512}
    made = model(
        config(
            text_config=text | {"num_key_value_heads": 2},
            vision_config=_VISION,
            image_token_id=_id(directory, "<image>"),
            scale_factor=2,
            pad_token_id=_PAD,
        )
    )
    write(
        directory,
        "processor_config.json",
        {"image_seq_len": 1, "processor_class": f"{prefix}Processor"},
    )
    write(directory, "chat_template.json", {"chat_template": _CHAT.replace("IMAGE", "<image>")})
    return made, _LEVELS | {
        "image_processor_type": f"{prefix}ImageProcessor",
        "processor_class": f"{prefix}Processor",
        "do_resize": True,
        "do_image_splitting": True,
        "do_pad": True,
        "size": {"longest_edge": 64},
        "max_image_size": {"longest_edge": 32},
        "resample": 1,
    }


_QWEN_MARKS = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")


def _qwen(
    directory: Path, config: Any, model: Any, vision: dict[str, Any], kind: str
) -> tuple[Any, dict[str, Any]]:
    size = _tokenizer(directory, *_QWEN_MARKS, pattern="$A")
    rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e4}
    text = _TEXT | {"vocab_size": size, "num_key_value_heads": 2, "rope_parameters": rope}
    text |= {"max_position_embeddings": 512, "head_dim": 16}
    made = model(
        config(
            text_config=text,
            vision_config=vision,
            vision_start_token_id=_id(directory, "<|vision_start|>"),
            vision_end_token_id=_id(directory, "<|vision_end|>"),
            image_token_id=_id(directory, "<|image_pad|>"),
            video_token_id=_id(directory, "<|video_pad|>"),
        )
    )
    made.generation_config.update(do_sample=True, temperature=0.01, top_p=0.001, top_k=1)
    made.generation_config.update(pad_token_id=_PAD, eos_token_id=[_EOS, _PAD])
    chat = _CHAT.replace("IMAGE", "<|vision_start|> <|image_pad|> <|vision_end|>")
    write(directory, "chat_template.json", {"chat_template": chat})
    return made, _LEVELS | {
        "image_processor_type": "Qwen2VLImageProcessor",
        "processor_class": kind,
        "patch_size": 14,
        "merge_size": 2,
        "temporal_patch_size": 2,
        "min_pixels": 28 * 28,
        "max_pixels": 28 * 28 * 16,
    }


def _qwen2_vl(directory: Path) -> tuple[Any, dict[str, Any]]:
    vision = {"depth": 1, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2}
    return _qwen(directory, Qwen2VLConfig, Qwen2VLForConditionalGeneration, vision, "Qwen2VLProcessor")


def _qwen2_5_vl(directory: Path) -> tuple[Any, dict[str, Any]]:
    vision: dict[str, Any] = {
        "depth": 1,
        "hidden_size": 32,
        "out_hidden_size": 32,
        "num_heads": 2,
        "intermediate_size": 48,
    }
    vision |= {"fullatt_block_indexes": [0]}
    return _qwen(
        directory, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, vision, "Qwen2_5_VLProcessor"
    )


def _qwen3_vl(directory: Path) -> tuple[Any, dict[str, Any]]:
    vision: dict[str, Any] = {"depth": 1, "hidden_size": 32, "out_hidden_size": 32, "num_heads": 2}
    vision |= {"intermediate_size": 48, "patch_size": 14, "num_position_embeddings": 16}
    vision |= {"deepstack_visual_indexes": [0]}
    return _qwen(directory, Qwen3VLConfig, Qwen3VLForConditionalGeneration, vision, "Qwen3VLProcessor")


def _git(directory: Path) -> tuple[Any, dict[str, Any]]:
    size = _tokenizer(directory, pattern="[BOS] $A [EOS]")
    config = GitConfig(**_TEXT, vocab_size=size, vision_config=_VISION, max_position_embeddings=64)
    return GitForCausalLM(config), _SQUARE | {
        "processor_class": "GitProcessor",
        "image_processor_type": "CLIPImageProcessor",
        "do_center_crop": False,
    }


def _llava(directory: Path) -> tuple[Any, dict[str, Any]]:
    size = _tokenizer(directory, "<image>", pattern="[BOS] $A")
    config = LlavaConfig(
        text_config=LlamaConfig(**_TEXT, vocab_size=size, num_key_value_heads=2, max_position_embeddings=512),
        vision_config=CLIPVisionConfig(**_VISION),
        image_token_index=_id(directory, "<image>"),
        vision_feature_layer=-1,
    )
    processor = {"processor_class": "LlavaProcessor", "patch_size": 16, "num_additional_image_tokens": 1}
    write(directory, "processor_config.json", processor | {"vision_feature_select_strategy": "default"})
    write(directory, "chat_template.json", {"chat_template": _CHAT.replace("IMAGE", "<image>")})
    return LlavaForConditionalGeneration(config), _LEVELS | {
        "image_processor_type": "CLIPImageProcessor",
        "do_resize": True,
        "size": {"shortest_edge": 32},
        "do_center_crop": True,
        "crop_size": {"height": 32, "width": 32},
        "resample": 3,
    }


def _blip2(directory: Path) -> tuple[Any, dict[str, Any]]:
    size = _tokenizer(directory, "<image>", pattern="[BOS] $A")
    config = Blip2Config(
        vision_config=_VISION | {"qkv_bias": True},
        qformer_config=_TEXT | {"encoder_hidden_size": 32, "vocab_size": size},
        text_config=OPTConfig(
            vocab_size=size,
            hidden_size=32,
            ffn_dim=48,
            num_hidden_layers=1,
            num_attention_heads=2,
            word_embed_proj_dim=32,
            max_position_embeddings=64,
            pad_token_id=_PAD,
            bos_token_id=_BOS,
            eos_token_id=_EOS,
        ).to_dict(),
        num_query_tokens=4,
        image_token_index=_id(directory, "<image>"),
    )
    write(directory, "processor_config.json", {"processor_class": "Blip2Processor", "num_query_tokens": 4})
    return Blip2ForConditionalGeneration(config), _SQUARE | {"image_processor_type": "BlipImageProcessor"}


FAMILIES: dict[str, Callable[[Path], tuple[Any, dict[str, Any]]]] = {
    "blip": _blip,
    "vit-gpt2": _vit_gpt2,
    "own": _own,
    "florence2": _florence2,
    "idefics3": _idefics3,
    "smolvlm": _smolvlm,
    "qwen2-vl": _qwen2_vl,
    "qwen2.5-vl": _qwen2_5_vl,
    "qwen3-vl": _qwen3_vl,
    "git": _git,
    "llava": _llava,
    "blip-2": _blip2,
}
"""Each writes its tokenizer and gives its model and the content of ``preprocessor_config.json``."""

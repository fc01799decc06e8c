"""OpenAI-CLIP checkpoints: converted ones embed as the original, others are refused in a sentence."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import typer
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPConfig, CLIPModel
from typer.testing import CliRunner

from univldr.cli import convert as command
from univldr.encoders import load_encoder
from univldr.encoders.fusion import FusionModule
from univldr.encoders.openai_clip import ClipShape, Tower, recognise
from univldr.encoders.openmatch import convert_openmatch, load_openmatch, read_state
from univldr.errors import ModelError
from univldr.types import Document, Modality, Query

WORDS = ("a", "the", "dog", "cat", "runs", "<start>", "<end>")
TEXTS = ("a dog", "the cat runs", "a", "dog " * 40)
State = dict[str, Any]


def make_clip(device: str = "cpu", **sizes: int) -> CLIPModel:
    """A CLIP with random weights that is 128 wide for pictures (2 heads) and 64 for texts (1 head)."""
    size = {"image": 128, "text": 64, "layers": 2, "patch": 8, "side": 32, "dim": 24, "tokens": 12} | sizes
    vocabulary = size.get("vocabulary", len(WORDS))
    common: dict[str, Any] = {"num_hidden_layers": size["layers"], "hidden_act": "quick_gelu"}
    text = {"hidden_size": size["text"], "intermediate_size": 4 * size["text"]}
    image = {"hidden_size": size["image"], "intermediate_size": 4 * size["image"]}
    torch.manual_seed(0)
    with torch.device(device):
        model = CLIPModel(
            CLIPConfig(
                text_config=common
                | text
                | {"num_attention_heads": size["text"] // 64, "max_position_embeddings": size["tokens"]}
                | {"vocab_size": vocabulary, "eos_token_id": vocabulary - 1, "bos_token_id": vocabulary - 2},
                vision_config=common
                | image
                | {"num_attention_heads": size["image"] // 64}
                | {"image_size": size["side"], "patch_size": size["patch"]},
                projection_dim=size["dim"],
            )
        )
    if device == "cpu":
        with torch.no_grad():
            for parameter in model.parameters():  # as drawn, norms and biases are all ones and zeros
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.eval()  # type: ignore[no-any-return,no-untyped-call]


def openai_state(model: CLIPModel) -> State:
    """The model's weights as OpenAI's package names and lays them out."""
    state: State = {}
    stacked: dict[str, dict[str, Tensor]] = {}
    for key, tensor in model.state_dict().items():
        parts = key.split(".")
        head = "visual." if parts[0] in ("vision_model", "visual_projection") else ""
        if parts[0].endswith("_projection"):
            state["visual.proj" if head else "text_projection"] = tensor.t()
        elif "layers" in parts:
            block = f"{head}transformer.resblocks.{parts[3]}."
            inside, kind = ".".join(parts[4:-1]), parts[-1]
            if inside in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"):
                stacked.setdefault(f"{block}attn.in_proj_{kind}", {})[inside[10]] = tensor
            else:
                inside = {
                    "self_attn.out_proj": "attn.out_proj",
                    "layer_norm1": "ln_1",
                    "layer_norm2": "ln_2",
                    "mlp.fc1": "mlp.c_fc",
                    "mlp.fc2": "mlp.c_proj",
                }[inside]
                state[f"{block}{inside}.{kind}"] = tensor
        elif "embeddings" in parts:
            name = {
                "patch_embedding": "conv1.weight",
                "class_embedding": "class_embedding",
                "position_embedding": "positional_embedding",
                "token_embedding": "token_embedding.weight",
            }[parts[2]]
            state[head + name] = tensor
        elif key == "logit_scale":
            state[key] = tensor
        else:
            name = {
                "pre_layrnorm": "ln_pre",
                "post_layernorm": "ln_post",
                "final_layer_norm": "ln_final",
            }[parts[1]]
            state[f"{head}{name}.{parts[-1]}"] = tensor
    return state | {key: torch.cat([rows[part] for part in "qkv"]) for key, rows in stacked.items()}


def shapes_of(model: CLIPModel) -> dict[str, tuple[int, ...]]:
    return {key: tuple(tensor.shape) for key, tensor in openai_state(model).items()}


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No network; an empty cache, which is returned."""
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache / "hub"))
    return cache


@pytest.fixture(scope="module")
def original() -> CLIPModel:
    return make_clip()


@pytest.fixture(scope="module")
def state(original: CLIPModel) -> State:
    return openai_state(original)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tokenizer of whole words, its closing token the last as in CLIP's."""
    made = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="a"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 5), ("<end>", 6)]
    )
    folder = tmp_path_factory.mktemp("tokenizer")
    made.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text('{"pad_token": "<end>", "model_max_length": 5}')
    return folder


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[Any], Path]:
    """Saves a value as the checkpoint ``model.best.pt``."""

    def save(value: Any) -> Path:
        torch.save(value, tmp_path / "model.best.pt")
        return tmp_path / "model.best.pt"

    return save


def pictures() -> list[Image.Image]:
    """Of the size the model takes, so that nothing is resized."""
    levels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    return [Image.fromarray(array) for array in levels]


def pixels() -> Tensor:
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073])
    std = torch.tensor([0.26862954, 0.26130258, 0.27577711])
    levels = torch.stack([torch.from_numpy(np.asarray(picture).copy()) for picture in pictures()])
    return ((levels / 255 - mean) / std).permute(0, 3, 1, 2)


def tokens() -> list[Tensor]:
    """The ids of ``TEXTS``, the last one cut to 12 with its closing token kept."""
    ids = [[5, *[WORDS.index(word) for word in text.split()][:10], 6] for text in TEXTS]
    return [torch.tensor([row]) for row in ids]


def rows_of(original: CLIPModel) -> tuple[Tensor, Tensor]:
    """Unit rows of ``TEXTS`` and of ``pictures()``, straight from transformers."""
    with torch.inference_mode():
        texts = torch.cat([original.get_text_features(ids).pooler_output for ids in tokens()])
        images = original.get_image_features(pixels()).pooler_output
    return functional.normalize(texts), functional.normalize(images)


def check(directory: Path, original: CLIPModel, folder: Path, atol: float = 1e-5) -> None:
    encoder = load_encoder(str(directory))
    texts, images = rows_of(original)
    np.testing.assert_allclose(encoder.encode_queries([Query(text) for text in TEXTS]), texts, atol=atol)
    documents = []
    for number, picture in enumerate(pictures()):
        picture.save(folder / f"{number}.png")
        documents.append(Document(str(number), Modality.IMAGE, image=folder / f"{number}.png"))
    np.testing.assert_allclose(encoder.encode_documents(documents), images, atol=atol)


def test_the_converted_model_embeds_as_the_original(
    original: CLIPModel, state: State, tokenizer: Path, saved: Callable[[Any], Path], tmp_path: Path
) -> None:
    path = saved({"epoch": 3, "model": state})
    shape = convert_openmatch(path, tmp_path / "small", tokenizer=tokenizer)
    assert shape == ClipShape(24, 32, 8, 12, len(WORDS), Tower(128, 2, 512), Tower(64, 2, 256))
    check(tmp_path / "small", original, tmp_path)
    assert {file.name for file in (tmp_path / "small").iterdir()} >= {
        "config.json",
        "model.safetensors",
        "modules.json",
        "preprocessor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "univldr.json",
    }
    settings = json.loads((tmp_path / "small" / "univldr.json").read_text())
    assert (settings["name"], settings["dim"], settings["max_tokens"]) == ("small", 24, 12)
    assert settings["logit_scale"] == original.logit_scale.item()
    module = FusionModule.load(str(tmp_path / "small"))
    assert module.joint  # laid out as the authors' training writes it
    assert module.model.dtype == torch.float32
    config = module.model.config
    assert (config.vision_config.num_attention_heads, config.text_config.num_attention_heads) == (2, 1)


def test_it_computes_what_openai_defines(
    state: State, tokenizer: Path, saved: Callable[[Any], Path], tmp_path: Path
) -> None:
    """Against the forward pass written out with torch's own attention, from OpenAI's names alone."""
    convert_openmatch(saved(state), tmp_path / "out", tokenizer=tokenizer)
    module = FusionModule.load(str(tmp_path / "out"))
    assert not module.joint  # bare weights: a CLIP of OpenAI's
    with torch.inference_mode():
        for ids in tokens():
            expected = openai_text(state, ids)
            torch.testing.assert_close(
                module.text_features(ids, torch.ones_like(ids)), expected, atol=1e-5, rtol=1e-4
            )
        images = module.image_features(pixels())
        torch.testing.assert_close(images, openai_image(state, pixels()), atol=1e-5, rtol=1e-4)


def openai_text(state: Mapping[str, Tensor], ids: Tensor) -> Tensor:
    length = ids.shape[1]
    x = state["token_embedding.weight"][ids] + state["positional_embedding"][:length]
    future = torch.full((length, length), float("-inf")).triu(1)
    x = norm(state, "ln_final", blocks(state, "transformer", x, future))
    return x[torch.arange(len(ids)), ids.argmax(dim=1)] @ state["text_projection"]


def openai_image(state: Mapping[str, Tensor], pixels: Tensor) -> Tensor:
    patch = state["visual.conv1.weight"].shape[-1]
    cells = functional.conv2d(pixels, state["visual.conv1.weight"], stride=patch).flatten(2).transpose(1, 2)
    first = state["visual.class_embedding"].expand(len(cells), 1, -1)
    x = torch.cat([first, cells], dim=1) + state["visual.positional_embedding"]
    x = blocks(state, "visual.transformer", norm(state, "visual.ln_pre", x), None)
    return norm(state, "visual.ln_post", x[:, 0]) @ state["visual.proj"]


def blocks(state: Mapping[str, Tensor], tower: str, x: Tensor, mask: Tensor | None) -> Tensor:
    for layer in range(2):
        at = f"{tower}.resblocks.{layer}"
        attention = nn.MultiheadAttention(x.shape[-1], x.shape[-1] // 64, batch_first=True).eval()
        own = {key.removeprefix(f"{at}.attn."): value for key, value in state.items() if f"{at}.attn." in key}
        attention.load_state_dict({k: v for k, v in own.items() if "." not in k or k.startswith("out_proj")})
        y = norm(state, f"{at}.ln_1", x)
        x = x + attention(y, y, y, attn_mask=mask, need_weights=False)[0]
        y = linear(state, f"{at}.mlp.c_fc", norm(state, f"{at}.ln_2", x))
        x = x + linear(state, f"{at}.mlp.c_proj", y * torch.sigmoid(1.702 * y))
    return x


def norm(state: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    return functional.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"])


def linear(state: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    return functional.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])


def as_halves(state: State) -> State:
    """As OpenAI's package converts weights: all but norms, embeddings and the scale."""
    kept = ("ln_", "embedding", "logit_scale")
    return {
        key: tensor if any(word in key for word in kept) else tensor.half() for key, tensor in state.items()
    }


@pytest.mark.parametrize(
    ("wrap", "atol"),
    [
        (lambda state: {f"module.{key}": tensor for key, tensor in state.items()}, 1e-5),
        (lambda state: {"state_dict": {f"clip_model.{key}": value for key, value in state.items()}}, 1e-5),
        (lambda state: {"a": {"b": state}, "loss": 0.5, "steps": [1, 2], "none": None}, 1e-5),
        (lambda state: {"epoch": 1, "model": as_halves(state)}, 1e-2),
        (
            lambda state: (
                state
                | {"input_resolution": torch.tensor(32), "context_length": 12, "vocab_size": torch.tensor(7)}
            ),
            1e-5,
        ),
    ],
    ids=["prefixed", "nested and prefixed", "deep", "halves", "buffers"],
)
def test_wherever_the_weights_lie(
    wrap: Callable[[State], Any],
    atol: float,
    original: CLIPModel,
    state: State,
    tokenizer: Path,
    saved: Callable[[Any], Path],
    tmp_path: Path,
) -> None:
    convert_openmatch(saved(wrap(state)), tmp_path / "out", tokenizer=tokenizer)
    check(tmp_path / "out", original, tmp_path, atol)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("ViT-B/32", {"patch": 32}),
        ("ViT-B/16", {"patch": 16}),
        ("ViT-L/14", {"patch": 14, "image": 1024, "text": 768, "dim": 768, "layers": 24}),
        ("ViT-L/14@336", {"patch": 14, "image": 1024, "text": 768, "dim": 768, "layers": 24, "side": 336}),
        ("ViT 3 x 192/8@32", {"patch": 8, "image": 192, "layers": 3, "side": 32}),
    ],
)
def test_recognised_by_shapes_alone(name: str, sizes: dict[str, int]) -> None:
    base = {"image": 768, "text": 512, "layers": 12, "side": 224, "dim": 512, "tokens": 77}
    model = make_clip("meta", **(base | {"vocabulary": 49408} | sizes))
    shape = recognise(shapes_of(model))
    assert str(shape) == name
    config: Any = shape.config()
    wanted: Any = model.config
    for ours, theirs in (
        (config.text_config, wanted.text_config),
        (config.vision_config, wanted.vision_config),
    ):
        for key in ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"):
            assert getattr(ours, key) == getattr(theirs, key)
    assert config.vision_config.image_size == wanted.vision_config.image_size
    assert (config.text_config.bos_token_id, config.text_config.eos_token_id) == (49406, 49407)
    assert config.projection_dim == wanted.projection_dim
    assert config.text_config.hidden_act == config.vision_config.hidden_act == "quick_gelu"


def test_a_tokenizer_from_vocabulary_and_merges(
    saved: Callable[[Any], Path], tmp_path: Path, state: State
) -> None:
    folder = tmp_path / "bpe"
    folder.mkdir()
    pieces = ["a", "b", "a</w>", "b</w>", "ab</w>", "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({piece: n for n, piece in enumerate(pieces)}))
    (folder / "merges.txt").write_text("#version: 0.2\na b</w>\n")
    convert_openmatch(saved(state), tmp_path / "out", tokenizer=folder)
    module = FusionModule.load(str(tmp_path / "out"))
    assert module.preprocess(["AB  b ba"])["input_ids"].tolist() == [[5, 4, 3, 1, 2, 6]]
    (folder / "merges.txt").write_text("#version: 0.2\nx y\n")
    with pytest.raises(ModelError, match=r"bpe: vocab\.json and merges\.txt make no tokenizer: .*x"):
        convert_openmatch(saved(state), tmp_path / "again", tokenizer=folder)


def test_tokenizers_that_do_not_fit(
    state: State, tokenizer: Path, saved: Callable[[Any], Path], tmp_path: Path
) -> None:
    path, out = saved(state), tmp_path / "out"
    with pytest.raises(
        ModelError, match=r"no tokenizer openai/clip-vit-base-patch32: .* OUT --tokenizer FOLDER, which"
    ):
        convert_openmatch(path, out)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ModelError, match=r"empty: no tokenizer\.json, nor vocab\.json and merges\.txt"):
        convert_openmatch(path, out, tokenizer=empty)
    (empty / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match=r"tokenizer\.json: cannot be read"):
        convert_openmatch(path, out, tokenizer=empty)
    grown = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))
    grown.post_processor = None
    grown.save(str(empty / "tokenizer.json"))
    with pytest.raises(ModelError, match=r"empty: closes a text with \[\], the checkpoint with \[6\]"):
        convert_openmatch(path, out, tokenizer=empty)
    assert not out.exists()


def test_an_older_model_is_not_mixed_with(state: State, saved: Callable[[Any], Path], tmp_path: Path) -> None:
    path = saved(state)
    with pytest.raises(ModelError, match=r"model\.best\.pt: exists already; give a new folder"):
        convert_openmatch(path, path)
    with pytest.raises(ModelError, match=r"exists already; give a new folder"):
        convert_openmatch(path, tmp_path)
    with pytest.raises(ModelError, match=r"out: cannot be written: File exists"):
        convert_openmatch(path, path / "out")


def without(*keys: str) -> Callable[[State], State]:
    return lambda state: {key: tensor for key, tensor in state.items() if key not in keys}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: [state], r'no CLIP in OpenAI\'s names: no "visual\.conv1\.weight"; it holds list'),
        (lambda state: {"a": 1, "b": 2, "c": 3, "d": 4}, r"it holds a, b, c and 1 more"),
        (without("visual.conv1.weight"), r'no "visual\.conv1\.weight"'),
        (without("visual.proj"), r"not the weights of a ViT 2 x 128/8@32: 1 missing \(visual\.proj\)$"),
        (without("text_projection"), r"no 'text_projection' among its weights"),
        (
            lambda state: without("logit_scale")(state) | {"head.weight": torch.zeros(1)},
            r"1 missing \(logit_scale\), 1 unknown \(head\.weight\)$",
        ),
        (
            lambda state: {key.replace("resblocks.1", "resblocks.2"): value for key, value in state.items()},
            r"24 missing \(transformer\.resblocks\.1\.attn\.in_proj_bias, .* and 21 more\), 24 unknown",
        ),
        (
            lambda state: {f"clip.{key}": value for key, value in state.items()} | {"gate": torch.zeros(1)},
            r'weights beside "clip\.", unknown to CLIP: gate$',
        ),
        (
            lambda state: state | {"visual.proj": torch.zeros(24, 128)},
            r"visual\.proj is \[24, 128\]; a ViT 2 x 128/8@32 has \[128, 24\]$",
        ),
        (
            lambda state: state | {"transformer.resblocks.1.attn.in_proj_bias": torch.zeros(5)},
            r"transformer\.resblocks\.1\.attn\.in_proj_bias is \[5\]; a ViT 2 x 128/8@32 has \[192\]$",
        ),
        (
            lambda state: state | {"visual.positional_embedding": torch.zeros(16, 128)},
            r"16 positions of a picture; a square of patches and 1 are needed",
        ),
        (
            lambda state: state | {"visual.conv1.weight": torch.zeros(100, 3, 8, 8)},
            r"towers 100 and 64 wide; multiples of 64 are needed",
        ),
        (
            lambda state: state | {"text_projection": torch.zeros(64)},
            r"weights with other numbers of axes than those of a CLIP",
        ),
        (
            lambda state: {
                "visual.conv1.weight": torch.zeros(32, 3, 3, 3),
                "visual.layer1.0.conv1.weight": torch.zeros(64, 64, 1, 1),
                "visual.attnpool.positional_embedding": torch.zeros(50, 2048),
            },
            r"a CLIP with a ResNet; only those with a ViT \(B/32, B/16, L/14, \.\.\.\) can be converted",
        ),
    ],
)
def test_weights_that_are_not_of_a_clip(
    change: Callable[[State], Any],
    message: str,
    state: State,
    tokenizer: Path,
    saved: Callable[[Any], Path],
    tmp_path: Path,
) -> None:
    path = saved(change(state))
    with pytest.raises(ModelError, match=message) as caught:
        convert_openmatch(path, tmp_path / "out", tokenizer=tokenizer)
    assert str(caught.value).startswith(f"{path}: ")
    assert not (tmp_path / "out").exists()


def test_files_that_are_not_checkpoints(saved: Callable[[Any], Path], state: State, tmp_path: Path) -> None:
    path = saved(state)
    whole = path.read_bytes()
    for content in (b"", b"hello world", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"model\.best\.pt: not a checkpoint that torch\.save wrote"):
            read_state(path)
    for nothing in (tmp_path / "nothing.pt", tmp_path):
        with pytest.raises(ModelError, match="no such file; give the checkpoint itself"):
            read_state(nothing)


def test_pickled_objects_are_not_run(saved: Callable[[Any], Path], state: State) -> None:
    with pytest.raises(
        ModelError, match=r"holds Python objects \(torch\.nn\.modules\.linear\.Linear\).*state_dict\(\)"
    ):
        read_state(saved(nn.Linear(2, 2)))
    with pytest.raises(ModelError, match=r"holds Python objects \(argparse\.Namespace\)"):
        read_state(saved({"args": argparse.Namespace(lr=1), "model": state}))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_not_run(tmp_path: Path) -> None:
    torch.jit.script(nn.Linear(2, 2)).save(str(tmp_path / "ViT-B-32.pt"))  # type: ignore[no-untyped-call]
    with pytest.raises(ModelError, match=r"ViT-B-32\.pt: a TorchScript archive, which is a program"):
        read_state(tmp_path / "ViT-B-32.pt")


def test_a_checkpoint_as_an_encoder_is_converted_once(
    state: State, tokenizer: Path, saved: Callable[[Any], Path], own_cache: Path
) -> None:
    path = saved(state)
    encoder = load_openmatch(path, tokenizer=tokenizer)
    assert encoder.name == f"openmatch:{path}"
    (kept,) = (own_cache / "univldr" / "openmatch").iterdir()
    made = (kept / "model.safetensors").stat().st_mtime_ns
    again = load_openmatch(path, tokenizer=tokenizer)
    assert (kept / "model.safetensors").stat().st_mtime_ns == made
    assert again.fingerprint == encoder.fingerprint
    changed = saved(state | {"logit_scale": torch.tensor(1.0)})
    assert load_openmatch(changed, tokenizer=tokenizer).fingerprint != encoder.fingerprint
    with pytest.raises(ModelError, match="no such file"):
        load_openmatch(path.with_name("other.pt"))


def test_the_command(state: State, tokenizer: Path, saved: Callable[[Any], Path], tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(command.run)
    out = tmp_path / "out"
    arguments = ["openmatch", str(saved(state)), str(out), "--tokenizer", str(tokenizer)]
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.stdout) == (
        0,
        f"ViT 2 x 128/8@32, vectors of 24, texts up to 12 tokens: {out}\n",
    )
    assert (out / "univldr.json").is_file()
    assert CliRunner().invoke(app, ["other", *arguments[1:]]).exit_code == 2

"""A dual encoder whose towers were trained apart: BERT for text, MobileNetV2 for pictures, one space.

Both towers give rows of length one. Mean-pooled BERT states and a picture head have unrelated scales, and
a captioned picture is the plain sum of its two features (UniVL-DR, Liu et al. 2023): at length one each,
neither the picture nor its caption drowns the other.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    AutoConfig,
    AutoModel,
    BertConfig,
    BertModel,
    MobileNetV2Config,
    MobileNetV2Model,
    PreTrainedConfig,
    PreTrainedModel,
    initialization,
)


class DualConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """Sizes of both towers and of the head between them.

    Attributes:
        text_config: Fields of a ``BertConfig``; its hidden size is the dimension of the space.
        vision_config: Fields of a ``MobileNetV2Config``.
        head_hidden: Width of the picture head's hidden layer.
        head_dropout: Dropout before each layer of the head.
        text_head: Whether texts, too, go through a head; it starts as the identity.
        text_dropout: Dropout before the last layer of the text head.
        middle: Pixels off each side of a picture for a second look, at its middle enlarged; 0 for one look.
        logit_scale_init_value: Natural logarithm of the first inverse temperature.
    """

    model_type = "univldr-dual"
    sub_configs = {"text_config": BertConfig, "vision_config": MobileNetV2Config}  # noqa: RUF012

    def __init__(
        self,
        text_config: dict[str, Any] | BertConfig | None = None,
        vision_config: dict[str, Any] | MobileNetV2Config | None = None,
        head_hidden: int = 1024,
        head_dropout: float = 0.1,
        text_head: bool = False,
        text_dropout: float = 0.1,
        middle: int = 0,
        logit_scale_init_value: float = 3.0,
        **kwargs: Any,
    ) -> None:
        self.text_config = (
            text_config if isinstance(text_config, BertConfig) else BertConfig(**text_config or {})
        )
        self.vision_config = (
            vision_config
            if isinstance(vision_config, MobileNetV2Config)
            else MobileNetV2Config(**vision_config or {})
        )
        self.head_hidden = head_hidden
        self.head_dropout = head_dropout
        self.text_head = text_head
        self.text_dropout = text_dropout
        self.middle = middle
        self.logit_scale_init_value = logit_scale_init_value
        super().__init__(**kwargs)

    @property
    def dim(self) -> int:
        """Length of a vector of the shared space."""
        return int(self.text_config.hidden_size)


class PictureHead(nn.Module):
    """Two layers from a feature map to the shared space, over its mean and its maximum.

    The mean says what fills the picture, the maximum what appears anywhere in it, however small.
    """

    def __init__(self, channels: int, hidden: int, dim: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(2 * channels)
        self.hidden = nn.Linear(2 * channels, hidden)
        self.out = nn.Linear(hidden, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, feature_map: Tensor) -> Tensor:
        """Float [B, channels, H, W] to [B, dim], not normalised."""
        return self.project(self.pool(feature_map))

    def pool(self, feature_map: Tensor) -> Tensor:
        """Float [B, channels, H, W] to [B, 2 * channels]: the mean, then the maximum."""
        return torch.cat([feature_map.mean((2, 3)), feature_map.amax((2, 3))], dim=1)

    def project(self, pooled: Tensor) -> Tensor:
        """Float [B, 2 * channels] to [B, dim], not normalised."""
        hidden = functional.gelu(self.hidden(self.dropout(self.norm(pooled))))
        out: Tensor = self.out(self.dropout(hidden))
        return out


class TextHead(nn.Module):
    """Two layers whose output is added to their input; the last starts at zero, so it changes nothing yet."""

    def __init__(self, dim: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.hidden = nn.Linear(dim, hidden)
        self.out = nn.Linear(hidden, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, rows: Tensor) -> Tensor:
        """Float [B, dim] to [B, dim]."""
        hidden = functional.gelu(self.hidden(self.norm(rows)))
        added: Tensor = self.out(self.dropout(hidden))
        return rows + added


class DualModel(PreTrainedModel):  # type: ignore[no-untyped-call]
    """Text and pictures to unit rows of one space; see the module's text for why they are unit rows."""

    config_class = DualConfig
    base_model_prefix = "dual"
    main_input_name = "input_ids"
    _supports_sdpa = True

    def __init__(self, config: DualConfig) -> None:
        super().__init__(config)
        self.text_model = BertModel(config.text_config, add_pooling_layer=False)
        self.vision_model = MobileNetV2Model(config.vision_config, add_pooling_layer=False)
        channels = self.vision_model.conv_1x1.convolution.out_channels
        self.head = PictureHead(channels, config.head_hidden, config.dim, config.head_dropout)
        self.text_head = (
            TextHead(config.dim, config.head_hidden, config.text_dropout) if config.text_head else None
        )
        self.logit_scale = nn.Parameter(torch.tensor(float(config.logit_scale_init_value)))
        self.post_init()  # type: ignore[no-untyped-call]

    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)  # type: ignore[no-untyped-call]
        if isinstance(module, TextHead):
            initialization.zeros_(module.out.weight)
            initialization.zeros_(module.out.bias)

    def get_text_features(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """int64 [B, T] and its mask to float32 [B, dim], unit rows."""
        return self.project_text(self.text_trunk(input_ids, attention_mask))

    def get_image_features(self, pixel_values: Tensor) -> Tensor:
        """float32 [B, 3, H, W] in [-1, 1] to float32 [B, dim], unit rows."""
        return self.project_image(self.image_trunk(pixel_values))

    def text_trunk(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """int64 [B, T] and its mask to float32 [B, dim], unit rows: the mean over unmasked tokens."""
        states = self.text_model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1.0)
        return functional.normalize(mean, dim=-1)

    def image_trunk(self, pixel_values: Tensor) -> Tensor:
        """float32 [B, 3, H, W] in [-1, 1] to the pooled feature map, float32 [B, 2 * channels].

        With a second look at the middle, it is the mean of both: what training saw in crops is as large
        there as it was then (Touvron et al. 2019, "Fixing the train-test resolution discrepancy").
        """
        count, cut = pixel_values.shape[0], self.config.middle
        if cut:
            middle = pixel_values[:, :, cut:-cut, cut:-cut]
            size = pixel_values.shape[-2:]
            middle = functional.interpolate(middle, size=size, mode="bilinear", align_corners=False)
            pixel_values = torch.cat([pixel_values, middle])
        pooled = self.head.pool(self.vision_model(pixel_values).last_hidden_state)
        return (pooled[:count] + pooled[count:]) / 2 if cut else pooled

    def project_text(self, trunk: Tensor) -> Tensor:
        """Float [B, dim] of :meth:`text_trunk` to [B, dim], unit rows."""
        return trunk if self.text_head is None else functional.normalize(self.text_head(trunk), dim=-1)

    def project_image(self, trunk: Tensor) -> Tensor:
        """Float [B, 2 * channels] of :meth:`image_trunk` to [B, dim], unit rows."""
        return functional.normalize(self.head.project(trunk), dim=-1)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        pixel_values: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """``text_embeds`` and ``image_embeds`` [B, dim], each where its input is given.

        Raises:
            ValueError: neither text nor a picture is given, or text comes without its mask.
        """
        if (input_ids is None) != (attention_mask is None):
            raise ValueError("input_ids and attention_mask go together; give both or neither")
        output: dict[str, Tensor] = {}
        if input_ids is not None and attention_mask is not None:
            output["text_embeds"] = self.get_text_features(input_ids, attention_mask)
        if pixel_values is not None:
            output["image_embeds"] = self.get_image_features(pixel_values)
        if not output:
            raise ValueError("nothing to encode; give input_ids with attention_mask, or pixel_values")
        return output


AutoConfig.register(DualConfig.model_type, DualConfig, exist_ok=True)
AutoModel.register(DualConfig, DualModel, exist_ok=True)

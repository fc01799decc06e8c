"""The picture tower of an encoder as the encoder of a captioner: a row for each cell of its last feature map.

Importing this module makes the directories of captioners that were trained here loadable by transformers'
``AutoModelForImageTextToText``.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel, initialization
from transformers.modeling_outputs import BaseModelOutput


class GridConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """A picture tower and the shape of what it gives.

    Attributes:
        tower: The tower's own configuration.
        hidden_size: Width of a cell's row.
        cells: Rows for one picture.
    """

    model_type = "univldr-grid"
    sub_configs = {"tower": AutoConfig}  # noqa: RUF012

    def __init__(
        self,
        tower: dict[str, Any] | PreTrainedConfig | None = None,
        hidden_size: int = 1280,
        cells: int = 49,
        **kwargs: Any,
    ) -> None:
        if not isinstance(tower, PreTrainedConfig):
            values = dict(tower or {"model_type": "mobilenet_v2"})
            tower = AutoConfig.for_model(values.pop("model_type"), **values)
        self.tower = tower
        self.hidden_size = hidden_size
        self.cells = cells
        super().__init__(**kwargs)


class GridEncoder(PreTrainedModel):  # type: ignore[no-untyped-call]
    """Pictures to one row for each cell of the tower's last feature map."""

    config_class = GridConfig
    base_model_prefix = "grid"
    main_input_name = "pixel_values"
    _supports_sdpa = True

    def __init__(self, config: GridConfig) -> None:
        super().__init__(config)
        self.tower = AutoModel.from_config(config.tower)  # type: ignore[no-untyped-call]
        self.norm = nn.LayerNorm(config.hidden_size)
        self.positions = nn.Parameter(torch.zeros(config.cells, config.hidden_size))
        self.post_init()  # type: ignore[no-untyped-call]

    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)  # type: ignore[no-untyped-call]
        if isinstance(module, GridEncoder):
            initialization.zeros_(module.positions)

    def forward(self, pixel_values: Tensor, **_: Any) -> BaseModelOutput:
        """float32 [B, 3, H, W] to ``last_hidden_state`` [B, cells, hidden_size]."""
        return self.finish(self.grid(pixel_values))

    def grid(self, pixel_values: Tensor) -> Tensor:
        """float32 [B, 3, H, W] to the tower's own [B, cells, hidden_size], the same while it is frozen."""
        states: Tensor = self.tower(pixel_values=pixel_values).last_hidden_state
        return states.flatten(2).transpose(1, 2) if states.ndim == 4 else states

    def finish(self, grid: Tensor) -> BaseModelOutput:
        """What :meth:`forward` gives, from [B, cells, hidden_size] of :meth:`grid`."""
        return BaseModelOutput(last_hidden_state=self.norm(grid) + self.positions)


AutoConfig.register(GridConfig.model_type, GridConfig, exist_ok=True)
AutoModel.register(GridConfig, GridEncoder, exist_ok=True)

"""From a plan to its verbalizers. Cheap: no model is loaded until there is a picture to look at."""

from __future__ import annotations

from collections.abc import Callable

from univldr.errors import ConfigError
from univldr.types import Encoder
from univldr.verbalize.base import Verbalizer
from univldr.verbalize.cache import WordCache, default_cache
from univldr.verbalize.run import Verbalization
from univldr.verbalize.settings import Plan, VerbalizerSettings

Load = Callable[[], Encoder]


def load_verbalizers(plan: Plan, encoder: Load) -> list[Verbalizer]:
    """The verbalizers of ``plan``, in its order.

    Args:
        plan: Which, and their settings.
        encoder: Gives the encoder whose space ``tags`` are placed in; called only where they are wanted.

    Raises:
        ConfigError: ``query`` without a model.
        MissingExtra: a verbalizer's optional dependency is not installed.
        ModelError: a model directory is missing or broken.
    """
    return [_MAKERS[name](plan.settings, encoder) for name in plan.names]


def verbalization_of(plan: Plan, encoder: Load) -> Verbalization:
    """These verbalizers at work, with the user's cache of what was said before.

    Raises:
        ConfigError, MissingExtra, ModelError: see ``load_verbalizers``.
    """
    return Verbalization(load_verbalizers(plan, encoder), WordCache(default_cache()))


def _caption(settings: VerbalizerSettings, encoder: Load) -> Verbalizer:
    from univldr.verbalize.caption import CaptionVerbalizer

    return CaptionVerbalizer(settings.caption)


def _query(settings: VerbalizerSettings, encoder: Load) -> Verbalizer:
    from univldr.verbalize.caption import CaptionVerbalizer

    if not settings.query.model:
        raise ConfigError(
            'the verbalizer "query" has no model: make one with univldr train-verbalizer, then name it as '
            "query:PATH"
        )
    return CaptionVerbalizer(settings.query, name="query")


def _ocr(settings: VerbalizerSettings, encoder: Load) -> Verbalizer:
    from univldr.verbalize.ocr import OcrVerbalizer

    return OcrVerbalizer(settings.ocr)


def _tags(settings: VerbalizerSettings, encoder: Load) -> Verbalizer:
    from univldr.verbalize.tags import TagVerbalizer

    return TagVerbalizer(settings.tags, encoder)


_MAKERS: dict[str, Callable[[VerbalizerSettings, Load], Verbalizer]] = {
    "caption": _caption,
    "query": _query,
    "ocr": _ocr,
    "tags": _tags,
}

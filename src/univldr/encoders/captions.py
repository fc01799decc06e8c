"""One text per image: its caption and the words made from its pixels, within the model's length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Protocol, runtime_checkable

from univldr.errors import ConfigError
from univldr.types import Document, Expansion


def compose(caption: str, expansions: Sequence[Expansion], template: str) -> str:
    """Caption and expansions joined by ``template``; either stands for itself alone; "" if both are empty."""
    caption, words = caption.strip(), " ".join(expansion.text for expansion in expansions).strip()
    if not words:
        return caption
    return template.format(caption=caption, expansions=words) if caption else words


def check_template(template: str) -> None:
    """Refuse a template that would lose the caption or the words.

    Raises:
        ConfigError: it does not hold ``{caption}`` and ``{expansions}``, each once, and no other braces.
    """
    try:
        fields = [field for _, *field in Formatter().parse(template) if field[0] is not None]
    except ValueError:
        fields = []
    # Nothing after a name: {caption:>9999999999} would be filled up with as many blanks.
    if sorted(fields) != [["caption", "", None], ["expansions", "", None]]:
        raise ConfigError(
            f'template "{template}": write {{caption}} and {{expansions}} once each, '
            'such as "{caption} [SEP] {expansions}"'
        )


@dataclass(frozen=True, slots=True)
class CaptionFitter:
    """Captions with as many of their expansions as the model reads.

    Attributes:
        template: Joins a caption and its expansions.
        max_tokens: Of the whole text, special tokens included.
        count_tokens: Tokens of each of some texts, special tokens included.
    """

    template: str
    max_tokens: int
    count_tokens: Callable[[list[str]], list[int]]

    def compose(self, document: Document, expansions: int) -> str:
        """The text of an image document with the first so many of its expansions."""
        return compose(document.text, document.expansions[:expansions], self.template)

    def kept(self, documents: Sequence[Document]) -> list[int]:
        """How many expansions of each image document fit; the others are dropped, whole and from the end.

        A caption that is too long by itself keeps none; the tokenizer cuts it.
        """
        kept = [len(document.expansions) for document in documents]
        expanded = [row for row, count in enumerate(kept) if count]
        whole = [self.compose(documents[row], kept[row]) for row in expanded]
        counts = self.count_tokens(whole) if expanded else []
        for row, count in zip(expanded, counts, strict=True):
            if count > self.max_tokens:
                shorter = [self.compose(documents[row], n) for n in range(kept[row])]
                fitting = [n for n, c in enumerate(self.count_tokens(shorter)) if c <= self.max_tokens]
                kept[row] = max(fitting, default=0)
        return kept

    def fit(self, documents: Sequence[Document]) -> tuple[list[str], int]:
        """The text of each image document, in order, and how many expansions were dropped in all."""
        kept = self.kept(documents)
        texts = [self.compose(document, n) for document, n in zip(documents, kept, strict=True)]
        return texts, sum(len(document.expansions) for document in documents) - sum(kept)


@runtime_checkable
class FitsCaptions(Protocol):
    """An encoder that tells what it reads of captions and words."""

    @property
    def fitter(self) -> CaptionFitter:
        """How it joins them."""

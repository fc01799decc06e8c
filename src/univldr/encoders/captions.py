"""One text per image: its caption and the words made from its pixels, within the model's length."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from univldr.types import Document


def compose(caption: str, expansions: Sequence[str], template: str) -> str:
    """Caption and expansions joined by ``template``; either stands for itself alone; "" if both are empty."""
    caption, words = caption.strip(), " ".join(expansions).strip()
    if not words:
        return caption
    return template.format(caption=caption, expansions=words) if caption else words


def fit_captions(
    documents: Sequence[Document],
    *,
    template: str,
    max_tokens: int,
    count_tokens: Callable[[list[str]], list[int]],
) -> tuple[list[str], int]:
    """The text of each image document, whole expansions dropped from the end until it fits ``max_tokens``.

    Returns:
        The texts, in order, and how many expansions were dropped in all. A caption that is too long by itself
        keeps none; the tokenizer cuts it.
    """
    texts = [compose(document.text, document.expansions, template) for document in documents]
    expanded = [row for row, document in enumerate(documents) if document.expansions]
    counts = count_tokens([texts[row] for row in expanded]) if expanded else []
    dropped = 0
    for row, count in zip(expanded, counts, strict=True):
        if count > max_tokens:
            document = documents[row]
            shorter = [
                compose(document.text, document.expansions[:n], template)
                for n in range(len(document.expansions))
            ]
            fitting = [n for n, tokens in enumerate(count_tokens(shorter)) if tokens <= max_tokens]
            kept = max(fitting, default=0)
            texts[row] = shorter[kept]
            dropped += len(document.expansions) - kept
    return texts, dropped

"""Texts that are longer than the model reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from univldr.doctor.findings import EXAMPLES, Finding, Level, many, share
from univldr.doctor.look import Sample
from univldr.encoders.captions import CaptionFitter
from univldr.types import Document, Encoder, Modality, Progress

_TOGETHER = 1000  # documents
_FEW = 0.02  # share of the documents up to which nothing needs to be done


def findings(
    sample: Sample, encoder: Encoder, fitter: CaptionFitter, progress: Progress | None = None
) -> list[Finding]:
    """What the model does not read of passages and captions, and generated words that did not fit.

    Args:
        sample: The documents to look at.
        encoder: Its tokenizer counts.
        fitter: How it joins captions and words.
        progress: Told how far it is.
    """
    cut: list[tuple[float, str]] = []
    dropped, made, full = 0, 0, []
    for start in range(0, len(sample.documents), _TOGETHER):
        documents = sample.documents[start : start + _TOGETHER]
        pictures = [one for one in documents if one.modality is Modality.IMAGE]
        kept = fitter.kept(pictures)
        for picture, fitting in zip(pictures, kept, strict=True):
            made += len(picture.expansions)
            if fitting < len(picture.expansions):
                dropped += len(picture.expansions) - fitting
                full.append(picture.id)
        cut += _cut(documents, dict(zip((one.id for one in pictures), kept, strict=True)), encoder, fitter)
        if progress:
            progress(start + len(documents), len(sample.documents), "counting tokens")
    return [
        *_truncated(cut, sample, encoder.max_tokens),
        *_left_out(dropped, made, full, sample, encoder.max_tokens),
    ]


def _cut(
    documents: Sequence[Document], kept: dict[str, int], encoder: Encoder, fitter: CaptionFitter
) -> list[tuple[float, str]]:
    """Of each document that is not read whole, the share of its tokens that is lost, and its id."""
    texts = [fitter.compose(one, kept[one.id]) if one.id in kept else one.text for one in documents]
    counts = np.array(encoder.count_tokens(texts))
    limit = encoder.max_tokens
    return [
        (1 - limit / int(counts[number]), documents[number].id)
        for number in np.flatnonzero(counts > limit).tolist()
    ]


def _truncated(cut: list[tuple[float, str]], sample: Sample, limit: int) -> list[Finding]:
    if not cut:
        return []
    lost = sum(part for part, _ in cut) / len(cut)
    says = (
        f"{len(cut):,} {_of(sample)} {'is' if len(cut) == 1 else 'are'} longer than the {limit} tokens that "
    )
    says += f"the model reads; {share(lost)} of such a text is lost on average, and no search finds it."
    cut.sort(key=lambda pair: (-pair[0], pair[1]))
    examples = tuple(f"{id_} ({share(part)} lost)" for part, id_ in cut[:EXAMPLES])
    figures = {"truncated": len(cut), "looked_at": len(sample.documents), "lost": round(float(lost), 4)}
    if len(cut) <= _FEW * len(sample.documents):
        return [Finding(Level.NOTE, "truncated", says, examples=examples, figures=figures)]
    remedy = "cut them before they are indexed, or index with a model that reads more: --rebuild --model"
    return [Finding(Level.POOR, "truncated", says, remedy, examples, figures)]


def _left_out(dropped: int, made: int, full: list[str], sample: Sample, limit: int) -> list[Finding]:
    if not dropped:
        return []
    says = f"{many(dropped, 'generated text')} of {made:,} {'' if sample.is_all else 'looked at '}are in no "
    says += f"vector: the captions of {many(len(full), 'picture')} are full at {limit} tokens."
    few = dropped <= _FEW * made
    remedy = "" if few else "make fewer or shorter ones: univldr index --set (docs/verbalization.md)"
    level = Level.NOTE if few else Level.POOR
    figures = {"dropped": dropped, "generated": made}
    return [Finding(level, "dropped words", says, remedy, tuple(full[:EXAMPLES]), figures)]


def _of(sample: Sample) -> str:
    drawn = "" if sample.is_all else f" drawn from {sample.seen:,}"
    return f"of {len(sample.documents):,} documents{drawn}"

"""The bodies of requests and answers. Requests are checked against these; answers follow them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from univldr.search.request import Switch
from univldr.types import MINUS

MAX_HITS = 200
MAX_OFFSET = 2_000
MAX_TERMS = 16
MAX_INPUTS = 256
"""Documents, or texts to embed, of one request."""

MAX_QUERY = 20_000
MAX_TEXT = 100_000
MAX_ID = 1_024

Picture = Annotated[
    str,
    Field(
        min_length=1,
        description="A data URI: `data:image/jpeg;base64,…`; with `--allow-url` also an http(s) address.",
    ),
]
Kind = Literal["text", "image"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class PlusBody(_Body):
    """What should be there as well: words, a picture, or both."""

    text: str = Field("", max_length=MAX_QUERY)
    image: Picture | None = None
    weight: float = Field(1.0, gt=0, le=100)


class MinusBody(_Body):
    """What should not be there: words, a picture, or both."""

    text: str = Field("", max_length=MAX_QUERY)
    image: Picture | None = None
    weight: float = Field(MINUS, gt=0, le=100)


class SearchBody(_Body):
    """A query and how it is to be answered: what `univldr search` takes."""

    query: str = Field("", max_length=MAX_QUERY, description="Words to look for.")
    image: Picture | None = None
    plus: list[PlusBody] = Field([], max_length=MAX_TERMS)
    minus: list[MinusBody] = Field([], max_length=MAX_TERMS)
    like: list[Annotated[str, Field(min_length=1, max_length=4096)]] = Field(
        [], max_length=MAX_TERMS, description="More like these: document ids, or paths of indexed files."
    )
    k: int = Field(10, ge=1, le=MAX_HITS)
    offset: int = Field(0, ge=0, le=MAX_OFFSET)
    modality: Kind | None = None
    where: str | None = Field(
        None, max_length=MAX_QUERY, description="A filter, such as `year >= 2020`.", examples=["year >= 2020"]
    )
    center: Switch = "auto"
    image_bias: float = Field(0.0, ge=-2, le=2)
    lexical: Switch = "auto"
    per_file: bool = Field(True, description="One hit for each file.")
    fold: bool = Field(True, description="One hit for pictures that look the same.")
    min_relevance: float | None = Field(None, ge=0, le=1)
    explain: bool = False


class ExpansionBody(_Body):
    """Words made from a picture, which join its caption."""

    text: str = Field(max_length=MAX_QUERY)
    origin: str = Field("", max_length=100)
    weight: float = Field(1.0, gt=0, le=1)


class DocumentBody(_Body):
    """A passage, or a picture with or without a caption."""

    id: str = Field(min_length=1, max_length=MAX_ID)
    modality: Kind | None = Field(None, description="By default `image` where there is one, else `text`.")
    text: str = Field("", max_length=MAX_TEXT)
    title: str = Field("", max_length=MAX_QUERY)
    image: Picture | None = None
    expansions: list[Annotated[str, Field(max_length=MAX_QUERY)] | ExpansionBody] = Field(
        [], max_length=MAX_TERMS
    )
    metadata: dict[str, Any] = {}


class DocumentsBody(_Body):
    """Documents to store; one of an id that is there already replaces it."""

    documents: list[DocumentBody] = Field(min_length=1, max_length=MAX_INPUTS)


class InputBody(_Body):
    """Words, a picture, or both, as one vector."""

    text: str = Field("", max_length=MAX_TEXT)
    image: Picture | None = None


_Input = str | InputBody


class EmbeddingsBody(_Body):
    """OpenAI's; a text that begins with `data:image/` is a picture."""

    input: _Input | Annotated[list[_Input], Field(min_length=1, max_length=MAX_INPUTS)]
    model: str = Field("", max_length=200, description="The index's own, or left out.")
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(None, ge=1, description="The model's own, or left out.")
    user: str | None = None


class SessionBody(_Body):
    """What the page sends to sign in."""

    key: str = Field(max_length=1_000)


# --- answers ---


class ErrorFields(BaseModel):
    """What went wrong, and what helps."""

    type: str
    message: str
    remedy: str


class ErrorAnswer(BaseModel):
    """Every answer that is not a success."""

    error: ErrorFields


class Generated(BaseModel):
    """Words that a verbalizer made from the picture."""

    text: str
    origin: str


class DocumentAnswer(BaseModel):
    """A document without its pixels."""

    id: str
    modality: Kind
    path: str | None
    page: Any
    title: str
    text: str
    expansions: list[Generated]
    metadata: dict[str, Any]


class HitAnswer(DocumentAnswer):
    """One row of a ranked list."""

    rank: int
    score: float
    relevance: float | None
    more: list[str]
    copies: list[str]
    explanation: dict[str, float]


class SearchAnswer(BaseModel):
    """A ranked list. `answered` says whether any hit counts as an answer, where the model can tell."""

    query: str
    took_ms: float
    answered: bool | None
    model: str
    next_offset: int | None
    stages_ms: dict[str, float]
    hits: list[HitAnswer]


class Outcome(BaseModel):
    """What became of one document."""

    id: str
    status: Literal["stored", "failed"]
    error: ErrorFields | None


class DocumentsAnswer(BaseModel):
    """What became of each document, in order; those stored survive a crash."""

    stored: int
    failed: int
    documents: list[Outcome]


class Deleted(BaseModel):
    """A document that is gone."""

    id: str
    deleted: Literal[True]


class FieldAnswer(BaseModel):
    """A field of documents that filters can use, as far as a sample shows."""

    name: str
    kind: Literal["text", "number", "date", "boolean"]
    documents: int
    values: list[Any]


class IndexAnswer(BaseModel):
    """What is searched."""

    documents: int
    texts: int
    images: int
    model: str
    dim: int
    bytes: int
    roots: list[str]
    calibrated: bool
    joint: bool
    read_only: bool
    allow_url: bool
    fields: list[FieldAnswer]


class Embedding(BaseModel):
    """One vector of unit length."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class Usage(BaseModel):
    """How many tokens the texts had."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsAnswer(BaseModel):
    """OpenAI's; base64 is of little-endian float32."""

    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: Usage


class Model(BaseModel):
    """OpenAI's, and what its vectors are."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    dim: int
    max_tokens: int


class Models(BaseModel):
    """OpenAI's."""

    object: Literal["list"]
    data: list[Model]


class Status(BaseModel):
    """How the server is."""

    status: str

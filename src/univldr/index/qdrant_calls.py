"""Calls to a Qdrant cluster: tried again where that may help, and their errors ours."""

from __future__ import annotations

import json
import time
from typing import Any

from univldr._optional import require
from univldr.errors import StoreError
from univldr.index.qdrant_place import KEY, Place

PAUSES = (0.2, 1.0, 3.0)
"""Seconds between tries; every call that is tried again does the same twice as once."""

_LONGEST_PAUSE = 30.0  # however long a cluster asks to wait
_PASSING = frozenset({429, 500, 502, 503, 504})


class Calls:
    """One collection's calls of a ``QdrantClient``; threads may share it."""

    def __init__(self, client: Any, place: Place) -> None:
        self._client = client
        self._place = place
        purpose = f"the index {place.uri}"
        self.models: Any = require("qdrant_client.models", extra="scale", purpose=purpose)
        self._http: Any = require("qdrant_client.http.exceptions", extra="scale", purpose=purpose)
        self._other: Any = require("qdrant_client.common.client_exceptions", extra="scale", purpose=purpose)

    def __call__(self, action: str, method: str, *, once: bool = False, **options: Any) -> Any:
        """What ``method`` of the client returns for this collection.

        Args:
            action: What is done, for an error: "cannot ACTION index ...".
            method: The client's, which takes ``collection_name``.
            once: Whether it is not tried again.
            options: The method's.

        Raises:
            StoreError: it failed; the message says why and what helps.
        """
        return self._tried(action, method, {"collection_name": self._place.name, **options}, once=once)

    def version(self) -> tuple[int, ...]:
        """The cluster's, without patience: a wrong address is told at once.

        Raises:
            StoreError: see ``__call__``.
        """
        text = str(self._tried("open", "info", {}, once=True).version)
        return tuple(int(part) for part in text.split("-")[0].split(".") if part.isdigit())

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _tried(self, action: str, method: str, options: dict[str, Any], *, once: bool) -> Any:
        pauses = () if once else PAUSES
        for pause in (*pauses, None):
            try:
                return getattr(self._client, method)(**options)
            except (self._http.ApiException, self._other.QdrantException, ValueError, RuntimeError) as error:
                if pause is None or not self._is_passing(error):
                    raise StoreError(self._told(action, error)) from error
                asked = float(getattr(error, "retry_after_s", 0) or 0)
                time.sleep(min(max(pause, asked), _LONGEST_PAUSE))
        raise AssertionError("unreachable")

    def _is_passing(self, error: Any) -> bool:
        if isinstance(error, self._http.UnexpectedResponse):
            return error.status_code in _PASSING
        if isinstance(error, self._http.ResponseHandlingException):
            return not isinstance(error.source, ValueError)
        return isinstance(error, self._other.ResourceExhaustedResponse)

    def _told(self, action: str, error: Any) -> str:
        place, cannot = self._place, f"cannot {action} index {self._place.uri}"
        if isinstance(error, self._http.ResponseHandlingException):
            source = error.source
            if "Timeout" in type(source).__name__:
                return f"{cannot}: no answer within {place.timeout} s; try again, or allow more: ?timeout=120"
            if isinstance(source, ValueError):  # an answer, but not of Qdrant's form
                return f"{cannot}: what answers at {place.url} is no Qdrant, or its version too old or new"
            hint = "?" if place.tls else ", and does it want qdrants://?"
            return f"{cannot}: nobody answers at {place.url} ({_short(source)}); does it run{hint}"
        if isinstance(error, self._http.UnexpectedResponse):
            reason = _reason(error.content)
            is_gone = error.status_code == 404 and "ollection" in reason
            return self.missing() if is_gone else f"{cannot}: {self._refused(error.status_code, reason)}"
        if isinstance(error, self._other.ResourceExhaustedResponse):
            return f"{cannot}: {place.url} has too much to do ({_short(error)}); try again later"
        if "not found" in str(error):
            return self.missing()
        return f"{cannot}: {_short(error)}"

    def missing(self) -> str:
        """That there is no such collection."""
        return f"no index at {self._place.uri}; make one: univldr index DIR --index '{self._place.uri}'"

    def _refused(self, status: int, reason: str) -> str:
        url = self._place.url
        if status == 401:
            return f"{url} wants another API key; put it into {KEY} ({reason})"
        if status == 403:
            return f"the API key in {KEY} does not allow it ({reason}); use one that does"
        if status in _PASSING:
            return f"{url} cannot do it now ({status}: {reason}); look at its health, then try again"
        return f"{url} refused it ({status}: {reason})"


def _reason(content: bytes) -> str:
    try:
        status = json.loads(content)["status"]
        return _short(status["error"] if isinstance(status, dict) else status)
    except (ValueError, KeyError, TypeError):
        return _short(content.decode(errors="replace"))


def _short(error: object) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__

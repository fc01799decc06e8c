"""The API is what ``docs/openapi.json`` says: a golden file, and many requests made from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.testclient import TestClient

from univldr import update

from ..serve_kit import running_app

GOLDEN = Path(__file__).parents[2] / "docs" / "openapi.json"
EXAMPLES = 25

described = schemathesis.openapi.from_dict(json.loads(GOLDEN.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server."""
    folder = tmp_path_factory.mktemp("described")
    (folder / "soup.txt").write_text("Onion soup needs an hour.")
    update(folder, model="hash")
    with running_app(folder) as address:
        yield address


def test_the_description_is_the_golden_file(api: TestClient, tmp_path: Path) -> None:
    now = tmp_path / GOLDEN.name
    now.write_text(json.dumps(api.get("/openapi.json").json(), indent=1, ensure_ascii=False) + "\n", "utf-8")
    same = GOLDEN.read_text("utf-8") == now.read_text("utf-8")
    assert same, f"the API changed; if it was meant to: cp {now} {GOLDEN}"


@described.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
def test_every_request_gets_an_answer_as_described(base: str, case: Any) -> None:
    # Data that fits the schema may still make no sense, such as a filter that cannot be parsed.
    case.call_and_validate(base_url=base, excluded_checks=[positive_data_acceptance], timeout=20)

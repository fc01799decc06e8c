from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from univldr.cli import main

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def univldr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs ``main`` in this process; returns its exit code and what it printed."""
    monkeypatch.setenv("UNIVLDR_MODEL", "hash")

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["univldr", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        printed = capsys.readouterr()
        return subprocess.CompletedProcess("univldr", int(stop.value.code or 0), printed.out, printed.err)

    return run

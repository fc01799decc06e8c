"""The ``univldr`` command: one thin file per noun."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections import UserDict
from typing import Annotated, Any

import typer
import typer.core

from univldr import __version__
from univldr.errors import UnivldrError

# A command is the ``run`` of the module of its name. In the order of the help.
_COMMANDS = (
    "search",
    "serve",
    "index",
    "info",
    "doctor",
    "plan",
    "dump",
    "load",
    "copy",
    "encode",
    "export",
    "verbalize",
    "train",
    "train-verbalizer",
    "mine",
    "evaluate",
    "calibrate",
    "compare",
    "convert",
    "demo",
)


class _Commands(UserDict[str, Any]):
    """Name to command. A module is imported when its command is wanted, so that none pays for the others."""

    def __getitem__(self, name: str) -> Any:
        module = importlib.import_module(f"univldr.cli.{self.data[name].replace('-', '_')}")
        single = typer.Typer(add_completion=False)
        single.command(name)(module.run)
        return typer.main.get_command(single)


class _Group(typer.core.TyperGroup):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**(settings | {"commands": _Commands(zip(_COMMANDS, _COMMANDS, strict=True))}))


app = typer.Typer(
    name="univldr",
    help="One search over texts and pictures.",
    cls=_Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"univldr {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the command."""


def main() -> None:
    """Run the command line: exit 0 found, 1 nothing found, 2 wrong use or an error, 130 interrupted."""
    _log_to_stderr()
    try:
        app(standalone_mode=True)
    except UnivldrError as error:
        sys.exit(_fail(str(error)))
    except BrokenPipeError:
        sys.stderr.close()  # the reader, e.g. head, has had enough
        sys.exit(0)


def _log_to_stderr() -> None:
    """Our own warnings, one line each; other libraries' words are not the user's business."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("univldr: %(message)s"))
    logging.getLogger("univldr").handlers = [handler]
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # read when it is first imported


def _fail(message: str) -> int:
    print(f"univldr: {message}", file=sys.stderr)
    return 2

"""The ``univldr`` command: one thin file per noun."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated

import typer

from univldr import __version__
from univldr.cli import (
    calibrate,
    compare,
    convert,
    demo,
    evaluate,
    export,
    index,
    info,
    mine,
    search,
    train,
    train_verbalizer,
    verbalize,
)
from univldr.errors import UnivldrError

app = typer.Typer(
    name="univldr",
    help="One search over texts and pictures.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("search")(search.run)
app.command("index")(index.run)
app.command("info")(info.run)
app.command("export")(export.run)
app.command("verbalize")(verbalize.run)
app.command("train")(train.run)
app.command("train-verbalizer")(train_verbalizer.run)
app.command("mine")(mine.run)
app.command("evaluate")(evaluate.run)
app.command("calibrate")(calibrate.run)
app.command("compare")(compare.run)
app.command("convert")(convert.run)
app.command("demo")(demo.run)


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

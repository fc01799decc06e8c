"""``univldr serve``: a page to search from, and an HTTP API, over one index."""

from __future__ import annotations

import os
import stat
import sys
import threading
import webbrowser
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from univldr.cli import options, output
from univldr.cli.updating import updated
from univldr.errors import ConfigError, UnivldrError
from univldr.index import Store, directory_of, exists
from univldr.index.holder import Holder
from univldr.pipeline import IndexReport, Loader, update
from univldr.server.run import Keeper, bind, serve
from univldr.server.settings import ServerSettings
from univldr.types import Progress

_ACCESS, _BOUNDS = "Access", "Bounds"
_DEFAULTS = ServerSettings()
_KEY = "UNIVLDR_API_KEY"
_LONGEST_KEY = 4096  # bytes of the file that are looked at


def run(
    corpus: Annotated[
        Path, typer.Argument(help="A folder, a .jsonl or .parquet file of records, or an index as it is.")
    ],
    host: Annotated[
        str, typer.Option(help="The address to listen on; any but this machine's own needs an API key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 8080,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that answer, each with a model of its own.")
    ] = 1,
    open: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    no_watch: Annotated[
        bool, typer.Option("--no-watch", help="Take no notice of files that change while it serves.")
    ] = False,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=f"Who asks needs the key in this file; else the one in {_KEY}, if there is one.",
            rich_help_panel=_ACCESS,
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A further name by which the server may be called. May be repeated.",
            rich_help_panel=_ACCESS,
        ),
    ] = None,
    allow_url: Annotated[
        bool,
        typer.Option(
            "--allow-url",
            help="Pictures may be given as addresses, which the server fetches; never from this network.",
            rich_help_panel=_ACCESS,
        ),
    ] = False,
    read_only: Annotated[
        bool,
        typer.Option(
            "--read-only", help="Nobody may store or delete documents over HTTP.", rich_help_panel=_ACCESS
        ),
    ] = False,
    queue: Annotated[
        int,
        typer.Option(
            min=1, help="Requests that each worker has at once; one more gets 429.", rich_help_panel=_BOUNDS
        ),
    ] = _DEFAULTS.queue,
    timeout: Annotated[
        float, typer.Option(help="Seconds that a request may take.", rich_help_panel=_BOUNDS)
    ] = _DEFAULTS.timeout,
    max_body_mb: Annotated[
        int, typer.Option(min=1, help="Megabytes that a request may send.", rich_help_panel=_BOUNDS)
    ] = _DEFAULTS.max_body >> 20,
    index: options.Index = None,
    model: options.Model = None,
) -> None:
    """Serve a page to search from and an HTTP API.

    The index of a folder is brought up to date first, and kept current while the server runs. Ctrl-C or
    SIGTERM stops it once it has answered what it accepted; a second one stops it at once.
    """
    settings = ServerSettings(
        host=host,
        port=port,
        workers=workers,
        api_key=_api_key(api_key_file),
        allow_hosts=tuple(allow_host or ()),
        allow_url=allow_url,
        read_only=read_only,
        queue=queue,
        timeout=timeout,
        max_body=max_body_mb << 20,
    )
    try:
        _serve(corpus, index, model, settings, watching=not no_watch, page=open)
    except KeyboardInterrupt:  # before there was anything to answer
        raise typer.Exit(130) from None


def _serve(
    corpus: Path,
    index: Path | None,
    model: str | None,
    settings: ServerSettings,
    *,
    watching: bool,
    page: bool,
) -> None:
    keeper = None
    with closing(bind(settings.host, settings.port)) as listener:  # a wrong port is told before any work
        if not exists(corpus):
            with output.progress() as progress:
                report = updated(partial(update, corpus, index=index, model=model, progress=progress))
            output.warn_skipped(report)
            keeper = Keeper(corpus, partial(_again, corpus), _tell) if watching else None
        with Holder(directory_of(corpus, index)) as holder:
            if model not in (None, "auto"):
                with holder.lease() as lease:
                    lease.manifest.check_name(holder.path, model)
            serve(listener, holder, settings, keeper=keeper, ready=partial(_ready, page=page))


def _again(corpus: Path, store: Store, loader: Loader, progress: Progress) -> IndexReport:
    return updated(partial(update, corpus, store=store, loader=loader, progress=progress))


def _tell(done: IndexReport | UnivldrError) -> None:
    if isinstance(done, UnivldrError):
        print(f"univldr: the index could not be brought up to date: {done}", file=sys.stderr)
    else:
        print(f"{datetime.now():%H:%M:%S} {output.report_line(done)}", flush=True)


def _ready(url: str, holder: Holder, *, page: bool) -> None:
    with holder.lease() as lease:
        count, name = lease.engine.count(), lease.manifest.encoder
    print(f"{url}  {count:,} documents ({name}); Ctrl-C stops it", flush=True)
    if page:
        threading.Thread(target=webbrowser.open, args=[url], daemon=True).start()


def _api_key(file: Path | None) -> str | None:
    """The key, which is taken out of the environment so that no other process inherits it.

    Raises:
        ConfigError: the file cannot be read, or has no key.
    """
    given = os.environ.pop(_KEY, None)
    if file is None:
        return given or None
    try:
        with file.expanduser().open("rb") as stream:
            key = stream.read(_LONGEST_KEY).decode().strip()
            mode = os.fstat(stream.fileno()).st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the API key: {error}") from error
    if not key:
        raise ConfigError(f"{file} is empty; put the API key there")
    if os.name == "posix" and mode & (stat.S_IRGRP | stat.S_IROTH):
        print(f"univldr: others can read the API key in {file}; chmod 600 {file}", file=sys.stderr)
    return key

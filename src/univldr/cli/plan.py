"""``univldr plan``: what a corpus of a size takes, on paper."""

from __future__ import annotations

import math
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from univldr.cli import options, output
from univldr.errors import ConfigError
from univldr.plan import CONSTANTS, MEASURED_CHARACTERS, Plan, Wanted, plan


def run(
    documents: Annotated[float, typer.Option(help="Passages and pictures together, such as 1e9.")],
    qps: Annotated[float, typer.Option(help="Searches a second.")] = 1.0,
    model: Annotated[str, typer.Option(help="mini or clip: the models that were measured.")] = "clip",
    dim: Annotated[int | None, typer.Option(help="Length of a vector; by default the model's.")] = None,
    picture_share: Annotated[float, typer.Option(help="Pictures among the documents, 0 to 1.")] = 0.5,
    characters: Annotated[
        int, typer.Option(help="Mean length of a passage or caption.")
    ] = MEASURED_CHARACTERS,
    replicas: Annotated[int, typer.Option(help="Copies of the index.")] = 2,
    on_disk: Annotated[
        bool, typer.Option("--on-disk", help="Only codes and graph in memory, the rest on disk.")
    ] = False,
    node_cores: Annotated[int, typer.Option(help="Cores of a node.")] = 16,
    node_gb: Annotated[float, typer.Option(help="Memory of a node, GB.")] = 64.0,
    pictures_per_second: Annotated[
        float | None, typer.Option(help="What one of your GPUs encodes; else pictures are encoded on CPUs.")
    ] = None,
    texts_per_second: Annotated[float | None, typer.Option(help="The same of passages.")] = None,
    gpu_hour: Annotated[float | None, typer.Option(help="Price of a GPU for an hour.")] = None,
    node_hour: Annotated[float | None, typer.Option(help="Price of a node for an hour.")] = None,
    disk_gb_month: Annotated[float | None, typer.Option(help="Price of a GB of disk for a month.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also print each constant and the benchmark it is from.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Compute what a corpus takes: hours to encode it, disk, memory, shards, nodes, cost at your prices.

    The constants are this project's own measurements. No GPU was measured: say what yours encodes in a
    second, or the plan counts CPUs.
    """
    if not math.isfinite(documents):
        raise ConfigError(f"documents is {documents}; it is a number such as 1e9")
    wanted = Wanted(
        documents=int(documents),
        qps=qps,
        model=model,
        dim=dim,
        picture_share=picture_share,
        characters=characters,
        replicas=replicas,
        on_disk=on_disk,
        node_cores=node_cores,
        node_gb=node_gb,
        pictures_per_second=pictures_per_second,
        texts_per_second=texts_per_second,
        gpu_hour=gpu_hour,
        node_hour=node_hour,
        disk_gb_month=disk_gb_month,
    )
    planned = plan(wanted)
    if json:
        sources = {name: [one.value, one.unit, one.source] for name, one in CONSTANTS.items()}
        output.print_json(planned.to_dict() | ({"constants": sources} if explain else {}))
    else:
        _print(wanted, planned, explain)


def _print(wanted: Wanted, planned: Plan, explain: bool) -> None:
    console = Console(highlight=False)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in _rows(wanted, planned):
        table.add_row(name, value)
    console.print(table)
    console.print("\nassumed:")
    for line in planned.assumptions:
        console.print(f"- {line}", soft_wrap=True, markup=False)
    if explain:
        constants = Table("constant", "value", "from", box=None, padding=(0, 2, 0, 0))
        for name, one in CONSTANTS.items():
            constants.add_row(name, f"{one.value:g} {one.unit}", one.source)
        console.print()
        console.print(constants)


def _rows(wanted: Wanted, planned: Plan) -> list[tuple[str, str]]:
    copies = f"{wanted.replicas} {'copy' if wanted.replicas == 1 else 'copies'}"
    encoding = [f"{planned.gpu_hours:,.1f} GPU hours"] if planned.gpu_hours else []
    encoding += [f"{planned.encode_cpu_hours:,.1f} core hours"] if planned.encode_cpu_hours else []
    once = "--node-hour and --gpu-hour" if planned.gpu_hours else "--node-hour"
    return [
        ("documents", f"{wanted.documents:,}, {wanted.picture_share:.0%} of them pictures"),
        ("model", f"{wanted.model}, {planned.dim} dimensions"),
        ("encoding, once", " and ".join(encoding)),
        ("storing, once a copy", f"{planned.store_cpu_hours:,.1f} core hours"),
        ("disk", f"{_size(planned.disk)} for {copies}"),
        ("memory", f"{_size(planned.memory)} for {copies}"),
        ("shards", f"{planned.shards:,} of {planned.shard_documents:,} documents"),
        (
            "nodes of the index",
            f"{planned.index_nodes:,}; searching keeps {planned.index_cores:,.1f} cores busy",
        ),
        (
            "nodes that serve",
            f"{planned.serving_nodes:,}; encoding and HTTP take {planned.serving_cores:,.1f} cores",
        ),
        ("a search of a shard", f"{planned.search_ms:,.1f} ms on an idle node, best 100"),
        ("cost, once", _price(planned.once, once)),
        ("cost a month", _price(planned.monthly, "--node-hour and --disk-gb-month")),
    ]


def _size(count: float) -> str:
    for unit, divisor in (("TB", 1e12), ("GB", 1e9)):
        if count >= divisor:
            return f"{count / divisor:,.1f} {unit}"
    return f"{count / 1e6:,.1f} MB"


def _price(value: float | None, needed: str) -> str:
    return f"not priced: give {needed}" if value is None else f"{value:,.0f}"

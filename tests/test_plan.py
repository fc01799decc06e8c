"""Plans: held to what was measured, linear where they extrapolate, silent about what was not measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from univldr.cli import app
from univldr.errors import ConfigError, UnivldrError
from univldr.plan import CONSTANTS, Wanted, disk_bytes, graph_bytes, memory_bytes, plan, search_seconds

MIB = 2**20
BILLION = Wanted(documents=10**9, qps=500)

# benchmarks.growth and benchmarks.scale: documents, MiB on disk, peak MiB, ms of the best 100 as searched.
MEASURED = (
    (1_000, 6.4, 121, 1.4),
    (10_000, 61.9, 207, 2.0),
    (100_000, 376, 671, 9.5),
    (250_000, 911, 1_663, 1.8),
    (1_000_000, 3_460, 5_216, 2.0),
)


def within(factor: float, planned: float, measured: float) -> bool:
    return measured / factor <= planned <= measured * factor


@pytest.mark.parametrize(("documents", "disk", "memory", "ms"), MEASURED)
def test_a_plan_is_near_what_was_measured(documents: int, disk: float, memory: float, ms: float) -> None:
    assert within(1.15, disk_bytes(documents, 512), disk * MIB)
    assert within(1.35, 1e3 * search_seconds(documents, 512, cores=2), ms)
    # The engine maps its files twice, so that a peak counts up to twice what is in memory.
    assert memory_bytes(documents, 512) <= memory * MIB <= 2 * memory_bytes(documents, 512)


def test_the_page_shows_what_is_printed() -> None:
    page = (Path(__file__).parents[1] / "docs" / "plan.md").read_text(encoding="utf-8")
    command = "plan --documents 1e9 --qps 500 --model clip"
    assert f"$ univldr {command}\n" in page
    printed = CliRunner().invoke(app, command.split()).stdout.partition("\n\n")[0]
    assert page.partition("```text\n")[2].partition("\n```")[0] == "\n".join(
        line.rstrip() for line in printed.splitlines()
    )
    for documents, disk, _, ms in MEASURED:
        planned = disk_bytes(documents, 512) / MIB, 1e3 * search_seconds(documents, 512, cores=2)
        assert f"| {documents:,} | {planned[0]:,.1f} | {disk:,.1f} | {planned[1]:.1f} | {ms} |" in page


def test_building_a_million_takes_what_it_took() -> None:
    assert within(1.05, 3600 * plan(Wanted(documents=10**6)).store_cpu_hours, 458)


def test_every_constant_names_a_benchmark_that_is_there() -> None:
    benchmarks = Path(__file__).parents[1] / "benchmarks"
    for name, constant in CONSTANTS.items():
        assert constant.value > 0
        if constant.source != "the model":
            module = constant.source.split()[0].rstrip(":,").removeprefix("benchmarks.")
            assert (benchmarks / f"{module}.py").is_file(), name


def test_what_is_not_measured_is_not_counted() -> None:
    on_cpus = plan(BILLION)
    assert on_cpus.gpu_hours == 0
    assert on_cpus.once is on_cpus.monthly is None
    with_gpu = plan(replace(BILLION, pictures_per_second=1000, texts_per_second=2000))
    assert with_gpu.encode_cpu_hours == 0
    assert with_gpu.gpu_hours == pytest.approx(5e8 / 1000 / 3600 + 5e8 / 2000 / 3600)
    assert any("no GPU was measured" in line for line in on_cpus.assumptions)
    assert not any("no GPU was measured" in line for line in with_gpu.assumptions)


def test_prices_are_added_up() -> None:
    wanted = replace(BILLION, pictures_per_second=1000, gpu_hour=2, node_hour=0.5, disk_gb_month=0.1)
    planned = plan(wanted)
    nodes = planned.index_nodes + planned.serving_nodes
    assert planned.monthly == pytest.approx(nodes * 730 * 0.5 + planned.disk / 1e9 * 0.1)
    cores = planned.encode_cpu_hours + 2 * planned.store_cpu_hours
    assert planned.once == pytest.approx(planned.gpu_hours * 2 + cores / 16 * 0.5)
    assert plan(replace(wanted, gpu_hour=None)).once is None  # it needs GPUs, and they have no price
    assert plan(replace(wanted, gpu_hour=None)).monthly == planned.monthly


def test_nodes_hold_the_memory_and_bear_the_load() -> None:
    planned = plan(BILLION)
    assert planned.index_nodes == planned.shards * BILLION.replicas
    assert planned.index_nodes * 64e9 * 0.6 >= planned.memory
    assert planned.index_nodes * 16 * 0.6 >= planned.index_cores
    assert planned.shards * planned.shard_documents >= BILLION.documents
    on_disk = plan(replace(BILLION, on_disk=True))
    assert on_disk.memory < planned.memory / 5
    assert on_disk.disk == planned.disk
    busy = plan(replace(BILLION, on_disk=True, qps=5_000))
    assert busy.index_nodes > on_disk.index_nodes  # many searches need cores where memory would do


def test_more_of_anything_takes_more() -> None:
    few = plan(BILLION)
    twice = plan(replace(BILLION, documents=2 * BILLION.documents))
    assert twice.disk == pytest.approx(2 * few.disk, rel=1e-3)
    assert plan(replace(BILLION, characters=1000)).disk > few.disk
    assert plan(replace(BILLION, replicas=3)).disk == pytest.approx(1.5 * few.disk)
    assert plan(replace(BILLION, dim=1024)).disk > few.disk
    assert plan(replace(BILLION, model="mini")).dim == 384
    assert graph_bytes(1000, 512) == 0


def test_a_small_corpus_takes_one_node_a_copy() -> None:
    planned = plan(Wanted(documents=10_000, model="mini"))
    assert (planned.shards, planned.index_nodes, planned.serving_nodes) == (1, 2, 1)
    assert not any("extrapolated" in line for line in planned.assumptions)
    assert any("extrapolated" in line for line in plan(BILLION).assumptions)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: Wanted(documents=0), "documents is 0; it is at least 1"),
        (lambda: Wanted(documents=1, qps=0), "qps is 0; it is above 0"),
        (
            lambda: Wanted(documents=1, model="gme"),
            "model 'gme' was not measured; take the nearer of mini and",
        ),
        (lambda: Wanted(documents=1, picture_share=1.5), "picture share is 1.5; it lies from 0 to 1"),
        (lambda: Wanted(documents=1, node_hour=-1), "the price node hour is -1; it is at least 0"),
        (lambda: Wanted(documents=1, dim=0), "dim is 0"),
        (lambda: Wanted(documents=1, texts_per_second=float("nan")), "texts per second is nan"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: Callable[[], Wanted], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        wrong()
    assert said in str(refused.value)


def test_the_command_prints_a_plan_its_assumptions_and_its_sources() -> None:
    done = CliRunner().invoke(
        app, ["plan", "--documents", "1e9", "--qps", "500", "--model", "clip", "--explain"]
    )
    assert done.exit_code == 0
    for words in (
        "1,000,000,000",
        "14,359.5 core hours",
        "assumed:",
        "no GPU was measured",
        "benchmarks.growth",
    ):
        assert words in done.stdout


def test_the_command_prints_json() -> None:
    arguments = ["plan", "--documents", "1e6", "--json", "--node-hour", "1", "--disk-gb-month", "1"]
    printed = json.loads(CliRunner().invoke(app, arguments).stdout)
    assert printed == json.loads(json.dumps(plan(Wanted(10**6, node_hour=1, disk_gb_month=1)).to_dict()))
    assert "constants" in json.loads(CliRunner().invoke(app, [*arguments, "--explain"]).stdout)


def test_the_command_refuses_what_is_no_number() -> None:
    for documents in ("inf", "nan", "0.4"):
        done = CliRunner().invoke(app, ["plan", "--documents", documents])
        assert isinstance(done.exception, UnivldrError), documents

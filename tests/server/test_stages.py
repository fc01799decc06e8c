"""Where the time of a request goes."""

from __future__ import annotations

import asyncio

from univldr.server import stages


def test_a_stage_counts_what_is_not_counted_within() -> None:
    with stages.measured() as times:
        with stages.stage("search"):
            stages.add("encode", 1000.0)
        stages.add("queue", 2.0)
    assert times["encode"] == 1000.0
    assert times["queue"] == 2.0
    assert times["search"] == 0.0  # a thousand seconds within a moment: none is left for it
    assert list(times) == list(stages.NAMES)


def test_nothing_is_counted_outside() -> None:
    with stages.stage("search"):
        stages.add("encode", 1.0)
    assert stages.deadline() == float("inf")


def test_a_record_within_another_begins_with_it_and_adds_to_it() -> None:
    with stages.measured(100) as outer:
        with stages.measured(10) as inner:
            stages.add("decode", 3.0)
            assert stages.deadline() == inner.deadline
        assert inner.started == outer.started
        assert inner.deadline == outer.started + 10
        assert stages.deadline() == outer.deadline
    assert outer["decode"] == inner["decode"] == 3.0


def test_a_thread_writes_into_the_record_of_its_request() -> None:
    async def request(seconds: float) -> float:
        with stages.measured() as times:
            await asyncio.to_thread(stages.add, "search", seconds)
        return times["search"]

    async def several() -> list[float]:
        return await asyncio.gather(*(request(float(n)) for n in range(5)))

    assert asyncio.run(several()) == [0.0, 1.0, 2.0, 3.0, 4.0]

"""Tencent's rate: many submissions at once stay below it without a throttling answer, and status calls continue."""

from __future__ import annotations

import signal
import sys
import threading
import time
from contextlib import contextmanager
from typing import Dict, Iterator, List

from proof import CREATE, DESCRIBE, LONG, granted, main, refusals, until
from rig import Keys, Rig, fields
from tap import Report

import aigc
from aigc.enums import EventType, State

JOBS = 500 if LONG else 100
PER_SECOND = 20.0
LEAST = JOBS / PER_SECOND - 0.5
FOLLOWED = 3


def _keys(rig: Rig) -> Keys:
    rates = {"rate.tencent.create_per_s": PER_SECOND, "rate.tencent.describe_per_s": PER_SECOND}
    return dict(rig.keys(rig.box.info["http"], poll_initial_ms=200, poll_max_ms=200), **rates)


@contextmanager
def _stalls(rig: Rig) -> Iterator[None]:
    """The cloud stands still again and again, as on a busy machine: what was sent meanwhile is seen all at once."""
    process = rig.box._process
    assert process is not None
    over = threading.Event()

    def run() -> None:
        while not over.wait(0.6):
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.4)
            process.send_signal(signal.SIGCONT)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _flood(rig: Rig, report: Report, clients: List[aigc.Client], what: str) -> None:
    followed = [clients[0].submit(**fields("tencent", "followed %d [never]" % number)) for number in range(FOLLOWED)]
    until(lambda: all(job.remote_id for job in followed))
    first = len(rig.box.stats()["jobs"])
    jobs = [
        clients[number % len(clients)].submit(**fields("tencent", "flood %d" % number, follow=False))
        for number in range(JOBS)
    ]
    until(lambda: all(job.remote_id or job.done for job in jobs), 90)
    stats = rig.box.stats()
    times = [job["time"] for job in stats["jobs"][first:]]
    span = times[-1] - times[0]
    report.ok(len(times) == JOBS, "%s: %d submissions, as many jobs" % (what, JOBS), len(times))
    report.ok(
        LEAST <= span < JOBS / PER_SECOND * 1.15 + 1,
        "%s: they take %.1f s or a little more" % (what, LEAST),
        "%.2f s" % span,
    )
    report.note("%s: %d submissions in %.2f s" % (what, JOBS, span))
    for operation in (CREATE["tencent"], DESCRIBE["tencent"]):
        found = refusals(rig, "tencent", operation)
        report.ok(not found, "%s: no request of %s was refused" % (what, operation), found)
        most = granted(rig, operation)
        text = "%s: never more of %s granted in a second" % (what, operation)
        report.ok(0 < most <= PER_SECOND + 1, text, most)
        seen = stats["operations"]["tencent"][operation]["max_per_second"]
        report.note("%s: %s: %d granted, %d seen in the busiest second" % (what, operation, most, seen))
    report.ok(stats["duplicates"] == 0, "%s: no job twice" % what, stats["duplicates"])
    polls = [seen["time"] for seen in rig.box.requests(DESCRIBE["tencent"]) if times[0] <= seen["time"] <= times[-1]]
    polls = [times[0], *polls, times[-1]]
    longest = max(after - before for before, after in zip(polls, polls[1:]))
    text = "%s: status calls kept running while submissions waited (%d of them)" % (what, len(polls) - 2)
    report.ok(longest < 1.0 and len(polls) > 2 * span, text, "%.2f s without one" % longest)
    for job in followed:
        job.cancel()


def one_client(rig: Rig, report: Report) -> None:
    """All through one client."""
    with aigc.Client(_keys(rig)) as client:
        _flood(rig, report, [client], "one client")


def two_clients(rig: Rig, report: Report) -> None:
    """The rate belongs to the account: two clients of one process share it."""
    with aigc.Client(_keys(rig)) as first, aigc.Client(_keys(rig)) as second:
        _flood(rig, report, [first, second], "two clients")


def stalled(rig: Rig, report: Report) -> None:
    """The same while the cloud stands still again and again: what is granted in a second does not depend on the load."""
    with aigc.Client(_keys(rig)) as client, _stalls(rig):
        jobs = [client.submit(**fields("tencent", "stalled %d" % number, follow=False)) for number in range(60)]
        until(lambda: all(job.remote_id or job.done for job in jobs), 90)
    most = granted(rig, CREATE["tencent"])
    seen = rig.box.stats()["operations"]["tencent"][CREATE["tencent"]]["max_per_second"]
    report.ok(0 < most <= PER_SECOND + 1, "a cloud that stands still: never more granted in a second", most)
    report.note("a cloud that stands still: %d granted, %d seen in the busiest second" % (most, seen))


def crowded(rig: Rig, report: Report) -> None:
    """The account may run three tasks at once: the others wait for a slot, and each of them gets one."""
    for provider, limit in (("tencent", "concurrency"), ("alibaba", "alibaba_concurrency")):
        rig.box.reset()
        rig.box.config(duration=2.0, **{limit: 3})
        keys = dict(_keys(rig), **rig.own_identity(provider))
        with aigc.Client(keys) as client:
            began = time.monotonic()
            jobs = [client.submit(**fields(provider, "crowd %d" % number)) for number in range(12)]
            until(lambda: sum(bool(job.remote_id) for job in jobs) == 3 and _waits(jobs) == 9)
            waiting = next(job for job in jobs if not job.remote_id)
            why = waiting.provider_response or {}
            report.ok("Message" in why and bool(waiting.provider_state), "%s: why a job waits can be read" % provider, why)
            until(lambda: all(job.done for job in jobs), 60)
            took = time.monotonic() - began
            warnings = [event.message for event in client.events(timeout=0) if event.type is EventType.WARNING]
            lost = [job.error for job in jobs if job.error]
            report.ok(not lost, "%s: every job gets its slot in the end" % provider, lost[:1])
            report.ok(len(warnings) == 1 and "at once" in warnings[0], "%s: one warning tells" % provider, warnings)
        stats = rig.box.stats()
        places: Dict[str, int] = max(stats["places"][provider].values(), key=lambda found: found["most"])
        report.ok(places["most"] == 3, "%s: never more than three at once" % provider, places)
        report.ok(places["refused"] <= 40, "%s: few submissions are refused" % provider, places)
        report.ok(stats["duplicates"] == 0, "%s: no job twice" % provider, stats["duplicates"])
        report.ok(took < 30, "%s: slots are used as they come free" % provider, "%.1f s" % took)
        report.note("%s: 12 jobs of 2 s, three at once: %.1f s, %d refusals" % (provider, took, places["refused"]))
        rig.box.config(duration=0.1, **{limit: 0})


def slots(rig: Rig, report: Report) -> None:
    """Five tasks may run: the limit is learned from few refusals, and its slots are used."""
    count, life = (200, 2.0) if LONG else (40, 1.0)
    rig.box.config(duration=life, concurrency=5)
    keys = dict(_keys(rig), **rig.own_identity("tencent"))
    usual = {"poll.initial_ms": 1_000, "poll.max_ms": 5_000, "job.deadline_ms": 600_000}
    with aigc.Client(dict(keys, **usual)) as client:
        jobs = [client.submit(**fields("tencent", "slot %d" % number)) for number in range(count)]
        until(lambda: all(job.done for job in jobs), 60 + count * life)
        lost = [job.error for job in jobs if job.error]
    stats = rig.box.stats()
    times = [job["time"] for job in stats["jobs"]]
    refused = max(found["refused"] for found in stats["places"]["tencent"].values())
    busy = count * life / (5 * (times[-1] - times[0] + life))
    report.ok(not lost and len(times) == count, "slots: every job ends well, and each is created once", lost[:1])
    report.ok(refused <= 20, "slots: at most 20 submissions of %d are refused" % count, refused)
    report.ok(busy >= (0.95 if LONG else 0.6), "slots: they are used", "%.0f %% busy" % (100 * busy))
    report.note("slots: %d jobs of %.0f s, five at once: %d refused, %.1f %% busy" % (count, life, refused, 100 * busy))


def _waits(jobs: List[aigc.Job]) -> int:
    """How many jobs wait after a refusal."""
    return sum(job.state is State.QUEUED and bool(job.provider_state) for job in jobs)


def throttled(rig: Rig, report: Report) -> None:
    """Somebody else uses the account too: the library slows down, and every job is created once."""
    rig.box.config(rate=10.0)
    with aigc.Client(dict(_keys(rig), **rig.own_identity("tencent"))) as client:
        jobs = [client.submit(**fields("tencent", "slowed %d" % number, follow=False)) for number in range(60)]
        until(lambda: all(job.remote_id or job.done for job in jobs), 60)
        refused = refusals(rig, "tencent", CREATE["tencent"])
        lost = [job.error for job in jobs if not job.remote_id]
    stats = rig.box.stats()
    report.ok(not lost, "half the rate: every job is accepted in the end", lost[:1])
    report.ok(
        stats["duplicates"] == 0 and len(stats["jobs"]) == 60, "half the rate: 60 jobs, none twice", len(stats["jobs"])
    )
    count = sum(refused.values())
    report.ok(count <= 30, "half the rate: few refusals, because the library slows down", refused)
    report.note("half the rate: %d refusals for 60 jobs" % count)


if __name__ == "__main__":
    sys.exit(main("rate", [one_client, two_clients, stalled, crowded, slots, throttled], "--duration", "0.1", "--rate", "20"))

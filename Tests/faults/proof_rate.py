"""Tencent's rate: many submissions at once keep to it without a throttling answer, and status calls go on meanwhile."""

from __future__ import annotations

import sys
from typing import List

from proof import CREATE, DESCRIBE, LONG, main, refusals, until
from rig import Keys, Rig, fields
from tap import Report

import aigc

JOBS = 500 if LONG else 100
PER_SECOND = 20.0
LEAST = JOBS / PER_SECOND - 0.5
FOLLOWED = 3


def _keys(rig: Rig) -> Keys:
    rates = {"rate.tencent.create_per_s": PER_SECOND, "rate.tencent.describe_per_s": PER_SECOND}
    return dict(rig.keys(rig.box.info["http"], poll_initial_ms=200, poll_max_ms=200), **rates)


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
        most = stats["operations"]["tencent"][operation]["max_per_second"]
        report.ok(most <= PER_SECOND + 1, "%s: never more of %s in a second" % (what, operation), most)
    report.ok(stats["duplicates"] == 0, "%s: no job twice" % what, stats["duplicates"])
    polls = [seen["time"] for seen in rig.box.requests(DESCRIBE["tencent"]) if times[0] <= seen["time"] <= times[-1]]
    polls = [times[0], *polls, times[-1]]
    longest = max(after - before for before, after in zip(polls, polls[1:]))
    text = "%s: status calls went on while submissions waited (%d of them)" % (what, len(polls) - 2)
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
    sys.exit(main("rate", [one_client, two_clients, throttled], "--duration", "0.1", "--rate", "20"))

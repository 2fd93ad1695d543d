"""Answers that come after a cancel, a deadline or a close: the end is told at once, and the id is not lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

from proof import CREATE, PROVIDERS, created, ended, main, requests, until
from rig import Keys, Rig, fields
from tap import Report

import aigc
from aigc.enums import EventType, Outcome, State, Status

HERE = Path(__file__).resolve().parent
ANSWER_MS = 700
SOON = 0.1  # seconds within which the library keeps its word


def _keys(rig: Rig, **more: Any) -> Keys:
    return rig.keys(rig.box.info["http"], **more)


def _sent(rig: Rig, client: aigc.Client, provider: str, prompt: str, **more: Any) -> aigc.Job:
    """A submission that the cloud has carried out, and whose answer is on its way."""
    rig.box.fault("delay_after", CREATE[provider], ms=ANSWER_MS)
    job = client.submit(**fields(provider, prompt, **more))
    until(lambda: created(rig, prompt))
    return job


def _late_id(rig: Rig, report: Report, client: aigc.Client, job: aigc.Job, what: str, prompt: str) -> None:
    until(lambda: job.remote_id, 5)
    ids = created(rig, prompt)
    report.ok([job.remote_id] == ids, "%s: the late id is the cloud's" % what, "%s, %s" % (job.remote_id, ids))
    report.ok(job.outcome is Outcome.ACCEPTED, "%s: the outcome turns to ACCEPTED" % what, job.outcome.name)
    kinds = [event.type for event in client.events(timeout=0.1) if event.job_id == job.id]
    kinds = [kind for kind in kinds if kind in (EventType.JOB_ACCEPTED, EventType.JOB_DONE)]
    report.ok(sorted(kinds) == [EventType.JOB_ACCEPTED, EventType.JOB_DONE], "%s: one event of each" % what, kinds)
    with aigc.Client(_keys(rig)) as other:
        error = ended(other.attach(job.token or ""))
        report.ok(error is None, "%s: the token attaches a job that finishes" % what, error)


def cancelled(rig: Rig, report: Report) -> None:
    """Cancel while the answer is on its way."""
    for provider in PROVIDERS:
        with aigc.Client(_keys(rig)) as client:
            what = "cancel, %s" % provider
            prompt = "cancelled by its caller at " + provider
            job = _sent(rig, client, provider, prompt)
            told: Dict[EventType, float] = {}
            began = time.monotonic()
            job.cancel()
            job.cancel()
            error = ended(job, 5)
            took = time.monotonic() - began
            report.ok(took < SOON, "%s: ends at once" % what, "%.3f s" % took)
            good = error is not None and error.status is Status.CANCELLED and error.outcome is Outcome.UNKNOWN
            report.ok(good and job.state is State.CANCELLED, "%s: CANCELLED, outcome UNKNOWN" % what, error)
            report.ok(job.remote_id is None and job.token is None, "%s: no id before the answer" % what, job.remote_id)
            ends = time.monotonic() + 3
            order: List[EventType] = []
            warned: List[str] = []
            while EventType.JOB_ACCEPTED not in order and time.monotonic() < ends:
                for event in client.events(timeout=0.02):
                    if event.type is EventType.WARNING:
                        warned.append(event.message or "")
                    elif event.job_id == job.id and event.type not in told:
                        told[event.type] = time.monotonic() - began
                        order.append(event.type)
            ends_with = order[-2:] == [EventType.JOB_DONE, EventType.JOB_ACCEPTED]
            report.ok(ends_with, "%s: JOB_ACCEPTED comes after JOB_DONE" % what, [kind.name for kind in order])
            report.ok(job.remote_id in created(rig, prompt), "%s: the late id is the cloud's" % what, job.remote_id)
            report.ok(job.outcome is Outcome.ACCEPTED, "%s: the outcome turns to ACCEPTED" % what, job.outcome.name)
            again = ended(job, 1)
            text = "%s: it stays cancelled" % what
            report.ok(
                job.state is State.CANCELLED and again is not None and again.status is Status.CANCELLED, text, again
            )
            known = again is not None and again.outcome is Outcome.ACCEPTED
            report.ok(known, "%s: its error tells the outcome that is known now" % what, again and again.outcome)
            warned += [event.message or "" for event in client.events(timeout=0.2) if event.type is EventType.WARNING]
            good = len(warned) == 1 and job.token is not None and job.token in warned[0]
            report.ok(good, "%s: one warning names the late id and its token" % what, warned)
            with aigc.Client(_keys(rig)) as other:
                attached = ended(other.attach(job.token or ""))
                report.ok(attached is None, "%s: the token attaches a job that finishes" % what, attached)
            report.ok(requests(rig, CREATE[provider]) == 1, "%s: one request" % what, requests(rig, CREATE[provider]))


def deadline(rig: Rig, report: Report) -> None:
    """The deadline passes while the answer is on its way."""
    for provider in PROVIDERS:
        with aigc.Client(_keys(rig)) as client:
            what, prompt = "deadline, %s" % provider, "too late at " + provider
            began = time.monotonic()
            job = _sent(rig, client, provider, prompt, deadline=0.3)
            error = ended(job, 5)
            took = time.monotonic() - began
            report.ok(0.3 <= took < 0.3 + SOON, "%s: ends at its time" % what, "%.3f s" % took)
            good = error is not None and error.status is Status.DEADLINE and error.outcome is Outcome.UNKNOWN
            report.ok(good, "%s: DEADLINE, outcome UNKNOWN" % what, error)
            _late_id(rig, report, client, job, what, prompt)


def closed(rig: Rig, report: Report) -> None:
    """Close waits for answers that are on their way, for the grace and no longer."""
    for provider in PROVIDERS:
        client = aigc.Client(_keys(rig))
        what, prompt = "close, %s" % provider, "closed with patience at " + provider
        job = _sent(rig, client, provider, prompt)
        began = time.monotonic()
        client.close(5.0)
        took = time.monotonic() - began
        report.ok(took < ANSWER_MS / 1000 + SOON, "%s: returns when the answer has come" % what, "%.3f s" % took)
        report.ok([job.remote_id] == created(rig, prompt), "%s: the id is known" % what, job.remote_id)
        state = job.state is State.CANCELLED and job.outcome is Outcome.ACCEPTED and bool(job.token)
        report.ok(state, "%s: CANCELLED, outcome ACCEPTED, with token" % what, "%s %s" % (job.state, job.outcome))
        kinds = [event.type for event in client.events(timeout=0) if event.job_id == job.id]
        text = "%s: queued events can still be taken" % what
        report.ok(kinds.count(EventType.JOB_ACCEPTED) == 1 and kinds.count(EventType.JOB_DONE) == 1, text, kinds)

        client = aigc.Client(_keys(rig))
        what, prompt = "close in a hurry, %s" % provider, "closed in a hurry at " + provider
        job = _sent(rig, client, provider, prompt)
        began = time.monotonic()
        client.close(0.2)
        took = time.monotonic() - began
        report.ok(0.19 <= took < 0.2 + SOON, "%s: returns after the grace" % what, "%.3f s" % took)
        report.ok(
            job.outcome is Outcome.UNKNOWN and job.remote_id is None, "%s: outcome UNKNOWN" % what, job.outcome.name
        )
        error = job.error
        report.ok(error is not None and error.status is Status.CANCELLED, "%s: CANCELLED" % what, error)

        client = aigc.Client(_keys(rig, close_grace_ms=5000))
        what, prompt = "close by configuration, %s" % provider, "closed as configured at " + provider
        job = _sent(rig, client, provider, prompt)
        client.close()
        report.ok([job.remote_id] == created(rig, prompt), "%s: the id is known" % what, job.remote_id)


def never_sent(rig: Rig, report: Report) -> None:
    """A job that waits for the rate limit can be cancelled, and was never sent."""
    with aigc.Client(dict(_keys(rig), **{"rate.tencent.create_per_s": 0.5})) as client:
        client.submit(**fields("tencent", "takes the permit", follow=False))
        job = client.submit(**fields("tencent", "waits for a permit"))
        until(lambda: created(rig, "takes the permit"))
        job.cancel()
        error = ended(job, 5)
        good = error is not None and error.status is Status.CANCELLED and error.outcome is Outcome.NOT_SENT
        report.ok(good, "cancel before it was sent: NOT_SENT", error)
        time.sleep(2.2)  # its permit would have come by now
        report.ok(not created(rig, "waits for a permit"), "cancel before it was sent: nothing was created")


STOPPED = """
import json, sys
import rig
import aigc
keys, first, second = json.loads(sys.argv[1])
with aigc.Client(keys) as client:
    client.submit(**first).wait(30)
    job = client.submit(**second)
    print("submitted", flush=True)
    try:
        job.wait(30)
    except aigc.AigcError as error:
        print(str(error).replace(chr(10), " "), end=" ")
    print(job.outcome.name, job.remote_id, flush=True)
"""


def stopped(rig: Rig, report: Report) -> None:
    """The process is stopped (a debugger, a paused container) while the answer comes, for longer than all its limits."""
    for provider in PROVIDERS:
        what = "%s: stopped" % provider
        limits = {"timeout_submit_ms": 1500, "timeout_exchange_ms": 1500, "timeout_idle_ms": 1500}
        first, second = fields(provider, "before"), fields(provider, "while it stood still")
        setup = json.dumps([_keys(rig, **limits), first, second])
        rig.box.fault("delay_after", CREATE[provider], ms=ANSWER_MS, after=1)
        process = subprocess.Popen(
            [sys.executable, "-c", STOPPED, setup], cwd=str(HERE), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        until(lambda: created(rig, "while it stood still"))
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(2.5)
        os.kill(process.pid, signal.SIGCONT)
        said = process.communicate(timeout=60)[0].split()
        ids = created(rig, "while it stood still")
        report.ok(said[-2:] == ["ACCEPTED", *ids], "%s: it finds its id when it runs again" % what, "%s, %s" % (said, ids))
        rig.box.reset()


if __name__ == "__main__":
    sys.exit(main("late answers", [cancelled, deadline, closed, never_sent, stopped]))

"""Calls by name: each gets the answer that was made for it, and a write that nobody answers is sent once."""

from __future__ import annotations

import json
import sys
import time
from typing import Any, List

from proof import LONG, PROVIDERS, ended, main
from proof_stray import LATE, STRAYS, Way
from rig import Rig
from tap import Report

import aigc
from aigc.enums import Outcome, State

ECHO = "SandboxEchoThing"
ACTIONS = {"alibaba": ECHO + " POST /api/v1/thing", "tencent": ECHO}
ROUNDS = 20 if LONG else 6
_LATER = 0.05  # seconds: what comes late has come by then
_OLDER = 3.0  # seconds: an answer that comes again then has a date of the past
# No answer, or none that can be read, after the cloud has carried the call out.
LOST = ("reset_answered", "garbage", "html_502", "empty_503", "cut_0", "cut_4", "chunked_cut")


def _echoed(job: aigc.Job) -> Any:
    """What the cloud says that it was sent."""
    answer: Any = job.provider_response
    if not isinstance(answer, dict):
        return answer
    if "Response" in answer:
        return answer["Response"].get("Parameters")
    return json.loads((answer.get("data") or {}).get("body") or "null")


def _requests(rig: Rig, provider: str) -> int:
    found = rig.box.stats(jobs=False)["operations"].get(provider, {}).get(ECHO, {})
    return int(found.get("requests", 0))


def answers(rig: Rig, report: Report) -> None:
    """Two answers, late ones, somebody else's: behind each answer of the cloud's comes one that nobody has asked for."""
    for provider in PROVIDERS:
        for way in ("http", "https"):
            for name in STRAYS:
                wrong: List[str] = []
                with Way(rig, provider, way) as there:
                    there.api.arm(name, -1)
                    for number in range(ROUNDS):
                        sent = {"Name": "%s %s %s %d" % (provider, way, name, number)}
                        job = there.client.call(provider, ACTIONS[provider], sent, reads=number % 2 == 0)
                        error = ended(job)
                        if error is not None or _echoed(job) != sent:
                            wrong.append("%s: %s %s" % (sent, error, _echoed(job)))
                        time.sleep(_LATER if name in LATE else 0)
                report.ok(not wrong, "%s, %s: %s: each call has its own answer" % (provider, way, name), wrong[:2])


def no_answer(rig: Rig, report: Report) -> None:
    """A read is asked again; a write is not, and its outcome is unknown."""
    for provider in PROVIDERS:
        for name in LOST:
            with Way(rig, provider, "http") as there:
                for reads in (False, True):
                    before = _requests(rig, provider)
                    there.api.arm(name, 1)
                    sent = {"Name": "%s %s %s" % (provider, name, reads)}
                    job = there.client.call(provider, ACTIONS[provider], sent, reads=reads)
                    error = ended(job)
                    count = _requests(rig, provider) - before
                    if reads:
                        good = error is None and count == 2 and _echoed(job) == sent
                    else:
                        good = job.state is State.UNKNOWN and job.outcome is Outcome.UNKNOWN and count == 1
                    what = "read: asked again" if reads else "write: UNKNOWN, sent once"
                    report.ok(good, "%s: %s: a %s" % (provider, name, what), "%d, %s" % (count, error))
                    there.api.disarm()


def caches(rig: Rig, report: Report) -> None:
    """A write that is answered with an older answer of somebody else's: nobody knows the outcome of it."""
    for provider in PROVIDERS:
        for name in ("cached", "replayed"):
            with Way(rig, provider, "http") as there:
                first = there.client.call(provider, ACTIONS[provider], {"Name": "first " + name})
                error = ended(first)
                time.sleep(_OLDER)
                there.api.arm(name, -1)
                second = there.client.call(provider, ACTIONS[provider], {"Name": "second " + name})
                told = ended(second)
                good = error is None and second.outcome is Outcome.UNKNOWN and "cache" in str(told)
                report.ok(good, "%s: %s: a write: UNKNOWN" % (provider, name), "%s, %s" % (error, told))


def old_refusals(rig: Rig, report: Report) -> None:
    """The cloud carries a call out, and something on the way answers with an older refusal: a write is not sent again."""
    for provider in PROVIDERS:
        with Way(rig, provider, "http") as there:
            there.api.arm("throttled")
            first = ended(there.client.call(provider, ACTIONS[provider], {"Name": "refused once"}))
            time.sleep(_OLDER)
            for reads in (False, True):
                before = _requests(rig, provider)
                there.api.arm("old_refusal", 1)
                sent = {"Name": "%s %s" % (provider, reads)}
                job = there.client.call(provider, ACTIONS[provider], sent, reads=reads)
                error = ended(job)
                count = _requests(rig, provider) - before
                if reads:
                    good = first is None and error is None and count == 2 and _echoed(job) == sent
                else:
                    good = first is None and job.outcome is Outcome.UNKNOWN and count == 1
                what = "read: asked again" if reads else "write: UNKNOWN, sent once"
                report.ok(good, "%s: an old refusal: a %s" % (provider, what), "%d, %s, %s" % (count, error, first))


if __name__ == "__main__":
    sys.exit(main("calls", [answers, no_answer, caches, old_refusals]))

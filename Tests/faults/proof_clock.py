"""Clocks that differ by an hour are bridged without a second job; a used nonce is no licence to send again."""

from __future__ import annotations

import sys
import time

from proof import CREATE, DESCRIBE, PROVIDERS, created, ended, main, requests
from rig import Rig, fields
from tap import Report

import aigc
from aigc.enums import Outcome, State, Status

HOUR = 3600.0


def skewed(rig: Rig, report: Report) -> None:
    """The cloud's clock is an hour ahead, or behind."""
    for provider in PROVIDERS:
        for skew in (HOUR, -HOUR):
            rig.box.reset()
            rig.box.config(clock_skew=skew)
            what = "%s, clock off by %+d s" % (provider, skew)
            with aigc.Client(rig.keys(rig.box.info["http"])) as client:
                error = ended(client.submit(**fields(provider, "skewed first")))
                report.ok(error is None, "%s: the job finishes" % what, error)
                seen = requests(rig, CREATE[provider])
                report.ok(seen == 2, "%s: one refusal, one submission" % what, seen)
                ids = created(rig, "skewed first")
                report.ok(len(ids) == 1, "%s: one job" % what, ids)
                error = ended(client.submit(**fields(provider, "skewed second")))
                seen = requests(rig, CREATE[provider])
                report.ok(
                    error is None and seen == 3, "%s: the next job needs no lesson" % what, "%s, %d" % (error, seen)
                )
            with aigc.Client(rig.keys(rig.box.info["http"])) as client:
                before = requests(rig, DESCRIBE[provider])
                error = ended(
                    client.attach_id(provider, "aigc_image" if provider == "tencent" else "pre_model_inference", ids[0])
                )
                asked = requests(rig, DESCRIBE[provider]) - before
                report.ok(
                    error is None and asked == 2, "%s: a status call learns it too" % what, "%s, %d" % (error, asked)
                )
            rig.box.config(clock_skew=0.0)


def runs_away(rig: Rig, report: Report) -> None:
    """A cloud that calls every clock wrong is asked twice, not for ever; nothing was created."""
    codes = {"alibaba": "InvalidTimeStamp.Expired", "tencent": "AuthFailure.SignatureExpire"}
    for provider in PROVIDERS:
        rig.box.fault("error", CREATE[provider], code=codes[provider], times=-1)
        with aigc.Client(rig.keys(rig.box.info["http"])) as client:
            job = client.submit(**fields(provider, "no clock is right"))
            error = ended(job)
        seen = requests(rig, CREATE[provider])
        good = error is not None and error.status is Status.CLOCK and error.outcome is Outcome.NOT_SENT
        report.ok(good, "%s: no clock is right: CLOCK, NOT_SENT" % provider, error)
        report.ok(seen == 2, "%s: no clock is right: two requests" % provider, seen)


def nonce_used(rig: Rig, report: Report) -> None:
    """SignatureNonceUsed on a submission: somebody's request with that nonce was taken, perhaps ours."""
    for handled in (False, True):
        rig.box.reset()
        rig.box.fault("error", CREATE["alibaba"], code="SignatureNonceUsed", status=400, handled=handled, times=-1)
        with aigc.Client(rig.keys(rig.box.info["http"])) as client:
            job = client.submit(**fields("alibaba", "nonce"))
            error = ended(job)
            time.sleep(0.3)  # a second sending would come within this
        what = "used nonce, %s" % ("executed" if handled else "not executed")
        good = job.outcome is Outcome.UNKNOWN and job.state is State.UNKNOWN
        report.ok(
            good and error is not None and error.status is Status.OUTCOME_UNKNOWN, "%s: outcome UNKNOWN" % what, error
        )
        seen = requests(rig, CREATE["alibaba"])
        report.ok(seen == 1, "%s: one request" % what, seen)
        report.ok(len(created(rig, "nonce")) == int(handled), "%s: no second job" % what, created(rig, "nonce"))


if __name__ == "__main__":
    sys.exit(main("clock", [skewed, runs_away, nonce_used]))

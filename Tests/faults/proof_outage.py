"""The cloud goes away under jobs of every stage, again and again, and comes back: as it was, or without a memory."""

from __future__ import annotations

import random
import sys
import time
from typing import Dict, List, Tuple

from proof import CREATE, PROVIDERS, ended, main
from rig import Rig, fields
from tap import Report

import aigc
from aigc.enums import EventType, Outcome, State, Status
from aigc.sandbox.testing import SandboxProcess

JOBS = 80
OUTAGES = 8




def flickers(rig: Rig, report: Report) -> None:
    """Every connection is cut and the port refuses, eight times. Nothing is paid twice, no id is lost."""
    moments = random.Random(3)
    for scheme in ("http", "https"):
        for provider in PROVIDERS:
            what = "%s, %s: %d outages under %d jobs" % (provider, scheme, OUTAGES, JOBS)
            rig.box.reset()
            rig.box.fault("delay_after", CREATE[provider], ms=30, times=-1)  # most outages meet one on the wire
            door = rig.door("http", scheme, provider)
            keys = rig.keys(door.url, retry_max_attempts=100)
            with aigc.Client(keys) as client:
                jobs: List[Tuple[str, aigc.Job]] = []
                for _ in range(OUTAGES):
                    for number in range(JOBS // OUTAGES):
                        prompt = "outage %s %s %d" % (scheme, provider, len(jobs))
                        jobs.append((prompt, client.submit(**fields(provider, prompt))))
                        time.sleep(moments.uniform(0, 0.02))
                    time.sleep(moments.uniform(0, 0.02))
                    door.vanish()
                    time.sleep(moments.uniform(0, 0.3))
                    door.disarm()
                errors = {prompt: ended(job) for prompt, job in jobs}
                stats = rig.box.stats()
                ids: Dict[str, List[str]] = {}
                for job in stats["jobs"]:
                    ids.setdefault(job["prompt"].rsplit(" [size", 1)[0], []).append(job["id"])
                twice = [prompt for prompt, found in ids.items() if len(found) > 1]
                report.ok(not twice and stats["duplicates"] == 0, "%s: no job twice" % what, twice)
                denied = [p for p, job in jobs if job.outcome in (Outcome.NOT_SENT, Outcome.NONE) and p in ids]
                report.ok(not denied, "%s: what the cloud has is never called NOT_SENT" % what, denied)
                lost = [p for p, job in jobs if job.outcome is Outcome.ACCEPTED and ids.get(p) != [job.remote_id]]
                report.ok(not lost, "%s: ids are the cloud's" % what, lost)
                bad = [
                    "%s: %s %s" % (prompt, job.outcome.name, errors[prompt])
                    for prompt, job in jobs
                    if (job.outcome is Outcome.ACCEPTED) != (errors[prompt] is None)
                    or (job.outcome is Outcome.UNKNOWN) != (job.state is State.UNKNOWN)
                    or job.outcome not in (Outcome.ACCEPTED, Outcome.UNKNOWN)
                ]
                report.ok(not bad, "%s: what was accepted finishes, the rest is UNKNOWN" % what, bad[:2])
                unknown = sum(job.outcome is Outcome.UNKNOWN for _, job in jobs)
                report.note("%s: %d unknown, %d of them at the cloud" % (what, unknown, len(ids) - JOBS + unknown))
                report.ok(0 < unknown < JOBS, "%s: some were met on the wire, and not all" % what, unknown)
                kinds = [event for event in client.events(timeout=0) if event.type is EventType.JOB_DONE]
                report.ok(len(kinds) == JOBS, "%s: each ends once" % what, len(kinds))
            door.close()


def forgets(rig: Rig, report: Report) -> None:
    """The cloud is killed and another one stands in its place, which knows none of the jobs: they end with a clear error
    or at their deadline, nothing is submitted anew, and new jobs are served."""
    for provider in PROVIDERS:
        box = SandboxProcess("--duration", "30", "--rate", "0", "--state-dir", str(rig.folder / "state"))
        with box:
            door = rig.door_to(box.info["http"], provider=provider)
            keys = rig.keys(door.url, job_deadline_ms=4000)
            for name in ("alibaba", "tencent"):
                for key in ("access_key_id", "access_key_secret") if name == "alibaba" else ("secret_id", "secret_key"):
                    keys["%s.%s" % (name, key)] = box.info[name][key]
            with aigc.Client(keys) as client:
                jobs = [client.submit(**fields(provider, "forgotten %d" % number)) for number in range(10)]
                while not all(job.remote_id or job.done for job in jobs):
                    time.sleep(0.01)
                process = box._process
                assert process is not None
                process.kill()
                process.wait()
                door.vanish()
                with SandboxProcess("--duration", "0.1", "--rate", "0", "--state-dir", str(rig.folder / "state")) as other:
                    # A cloud never gives an id twice: the ids of the first one are used up here, and forgotten.
                    with aigc.Client(dict(keys, **{provider + ".endpoint": other.info["http"]})) as somebody:
                        for number in range(10):
                            somebody.submit(**fields(provider, "of somebody else %d" % number)).wait(30)
                    other.reset()
                    door.lead_to(other.info["http"])
                    door.disarm()
                    errors = [ended(job) for job in jobs]
                    good = all(error is not None and error.status in (Status.NOT_FOUND, Status.DEADLINE) for error in errors)
                    report.ok(good, "%s: jobs that the cloud forgot end as such" % provider, errors[0])
                    kept = all(job.token and job.outcome is Outcome.ACCEPTED for job in jobs)
                    report.ok(kept, "%s: their tokens are kept" % provider)
                    created = other.stats(jobs=False)["jobs_created"].get(provider, 0)
                    report.ok(created == 0, "%s: none is submitted anew" % provider, created)
                    error = ended(client.submit(**fields(provider, "a new one")))
                    report.ok(error is None, "%s: a new job is served" % provider, error)
            door.close()


if __name__ == "__main__":
    sys.exit(main("outage", [flickers, forgets]))

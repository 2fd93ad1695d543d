"""Answers that nobody has asked for: second ones, late ones, somebody else's, a cache's. Each job keeps its own id and image."""

from __future__ import annotations

import sys
import time
from typing import Any, List, Optional

from faults import FAULTS
from proof import LONG, PROVIDERS, created, ended, main, until
from rig import Door, Keys, Rig, fields
from tap import Report

import aigc
from aigc.enums import Outcome, State

STRAYS = [name for name, fault in FAULTS.items() if fault.harmless]
LATE = [name for name in STRAYS if not FAULTS[name].in_matrix]
_LATER = 0.05  # seconds: what comes late has come by then
_OLDER = 3.0  # seconds: an answer that comes again then has a date of the past
ROUNDS = 20 if LONG else 6
WAYS = ("http", "https", "http proxy", "tunnel")


class Way:
    """A client and the doors between it and the cloud, for the length of a with block."""

    def __init__(self, rig: Rig, provider: str, way: str, dotted: Optional[Keys] = None, **more: Any) -> None:
        self._rig = rig
        scheme = "https" if way == "https" else "http"
        self.api = rig.door("http", scheme, provider)
        self.store = rig.door("asset_http", scheme, "store")
        self.doors: List[Door] = [self.api, self.store]
        keys: Keys
        if way in ("http", "https"):
            keys = rig.keys(self.api.url, **more)
            self.api.rewrite(rig.box.info["asset_http"], self.store.url)
        else:
            # The door is a proxy: behind it lies the API, whatever the URL says; images come straight.
            self.api.be_proxy()
            url = rig.box.info["http"].replace("http://", "https://") if way == "tunnel" else rig.box.info["http"]
            keys = rig.keys(url, **dict(more, http_proxy=self.api.url))
            self.api.rewrite(rig.box.info["asset_http"], self.store.url)
            keys["http.no_proxy"] = ""
            if provider == "tencent":
                self.store.be_proxy()
        self.client = aigc.Client(dict(keys, **(dotted or {})))

    def __enter__(self) -> "Way":
        return self

    def __exit__(self, *_: Any) -> None:
        self.client.close(0)
        for door in self.doors:
            door.close()


def accepted(client: aigc.Client, provider: str, prompt: str, **more: Any) -> aigc.Job:
    """A submission that has come to something."""
    job = client.submit(**fields(provider, prompt, follow=False, **more))
    until(lambda: job.remote_id or job.done)
    return job


def wrong_id(rig: Rig, job: aigc.Job, prompt: str) -> str:
    """What is wrong with the id of a job; the cloud knows which one it gave to the prompt."""
    ids = created(rig, prompt)
    if job.outcome is Outcome.ACCEPTED and [job.remote_id] == ids:
        return ""
    return "%s: %s with id %s, the cloud has %s" % (prompt, job.outcome.name, job.remote_id, ids)


def submissions(rig: Rig, report: Report) -> None:
    """One after another on the same connection, at once and after a while."""
    for provider in PROVIDERS:
        for way in WAYS:
            for name in STRAYS:
                wrong: List[str] = []
                hits = 0
                for variant in (0, 1):
                    with Way(rig, provider, way) as there:
                        there.api.arm(name, -1, variant=variant)
                        for number in range(ROUNDS):
                            prompt = "stray %s %s %s %d %d " % (provider, way, name, variant, number)
                            job = accepted(there.client, provider, prompt)
                            wrong.append(wrong_id(rig, job, prompt))
                            time.sleep(_LATER if name in LATE or number % 2 else 0)
                        hits += len(there.api.counts.hits)
                bad = [text for text in wrong if text]
                # Where the rest of an answer comes with the next request, that one has gone before to another connection.
                good = not bad and hits >= ROUNDS
                text = "%s, %s: %s: %d submissions, each has its own id" % (provider, way, name, 2 * ROUNDS)
                report.ok(good, text, bad or "it struck %d times" % hits)


def everything(rig: Rig, report: Report) -> None:
    """Submissions, status calls and fetches, each answer followed by a stray one: eight jobs at once, or one after another
    where calls have to be some time apart."""
    for provider in PROVIDERS:
        for way in ("http", "https"):
            for name in STRAYS:
                pauses = {"poll.initial_ms": 60, "poll.max_ms": 90} if name in LATE else {}
                with Way(rig, provider, way, pauses, http_max_in_flight=4) as there:
                    for door in there.doors:
                        door.arm(name, -1)
                    prompts = ["all %s %s %s %d " % (provider, way, name, number) for number in range(8)]
                    jobs = []
                    for prompt in prompts:
                        jobs.append(there.client.submit(**fields(provider, prompt)))
                        if name in LATE:
                            ended(jobs[-1])
                            time.sleep(_LATER)
                    wrong = [str(error) for error in map(ended, jobs) if error is not None]
                    wrong += [text for text in map(lambda j, p: wrong_id(rig, j, p), jobs, prompts) if text]
                    for job in jobs:
                        wrong += [text for text in [_wrong_image(rig, job)] if text]
                        time.sleep(_LATER if name in LATE else 0)
                report.ok(not wrong, "%s, %s: %s: eight jobs and their images" % (provider, way, name), wrong[:3])


def trainings(rig: Rig, report: Report) -> None:
    """Jobs whose state is asked for in the list of all: each finds itself, whatever comes behind an answer."""
    listed = "Personalizedtxt2imgQueryModelTrainJobList GET /api/v1/personalizedtxt2img/queryModelTrainJobList"
    for way in ("http", "https"):
        for name in STRAYS:
            wrong: List[str] = []
            with Way(rig, "alibaba", way, {"poll.initial_ms": 60, "poll.max_ms": 90}) as there:
                there.api.arm(name, -1)
                jobs = []
                for number in range(4):
                    jobs.append(
                        there.client.submit(
                            provider="alibaba", operation="model_train", name="%s %s %d" % (way, name, number),
                            object_type="girl", image_urls=["https://example.com/1.png"],
                        )
                    )
                    if name in LATE:
                        ended(jobs[-1])
                        time.sleep(_LATER)
                wrong += [str(error) for error in map(ended, jobs) if error is not None]
                there.api.disarm()
                time.sleep(_LATER)
                call = there.client.call("alibaba", listed, {}, reads=True)
                wrong += [str(error) for error in [ended(call)] if error is not None]
                answer: Any = call.provider_response or {}
                known = {str(job["id"]): job for job in answer.get("data") or []}
                for number, job in enumerate(jobs):
                    there_is = known.get(job.remote_id or "", {})
                    if there_is.get("name") != "%s %s %d" % (way, name, number) or there_is["modelId"] != job.result_id:
                        wrong.append("%s: %s, the cloud says %s" % (job.remote_id, job.result_id, there_is))
            report.ok(not wrong, "%s: %s: four trainings, each its own model" % (way, name), wrong[:2])


def _wrong_image(rig: Rig, job: aigc.Job) -> Optional[str]:
    if job.state is not State.SUCCEEDED:
        return "the job is %s" % job.state.name
    download = job.download(0)
    error = ended(download)
    if error is not None:
        return "the image of %s: %s" % (job.remote_id, error)
    return None if download.data == rig.box.image(job.provider, job.remote_id or "") else "another image"


def caches(rig: Rig, report: Report) -> None:
    """A proxy that answers a repeated POST from its cache: nobody knows the outcome of the second submission."""
    for provider in PROVIDERS:
        for way in ("http", "http proxy"):
            for name in ("cached", "replayed"):
                with Way(rig, provider, way) as there:
                    text = "%s, %s: %s" % (provider, way, name)
                    first = accepted(there.client, provider, "cache first " + text)
                    there.api.arm(name, -1)
                    second = accepted(there.client, provider, "cache second " + text)
                    error = ended(second)
                    good = first.outcome is Outcome.ACCEPTED and second.outcome is Outcome.UNKNOWN
                    report.ok(good and second.remote_id is None, text + ": UNKNOWN", second.outcome.name)
                    words = ("cache", first.remote_id or "?")
                    report.ok(all(word in str(error) for word in words), text + ": it says so", error)
                    there.api.disarm()
                    prompt = "cache third " + text
                    third = accepted(there.client, provider, prompt)
                    wrong = wrong_id(rig, third, prompt)
                    report.ok(not wrong, text + ": a later submission is fine", wrong)


def old_refusals(rig: Rig, report: Report) -> None:
    """Something on the way passes each call on, and answers with the refusal of an earlier one. A submission that is tried
    again then is a second bill; a status call, or that of an image, is asked again."""
    for provider in PROVIDERS:
        for way in ("http", "http proxy"):
            with Way(rig, provider, way) as there:
                text = "%s, %s: an old refusal" % (provider, way)
                there.api.arm("throttled")
                refused = accepted(there.client, provider, "old first " + text)
                good = refused.outcome is Outcome.ACCEPTED and len(created(rig, "old first " + text)) == 1
                report.ok(good, text + ": when it was new, it was a leave to try again", refused.outcome.name)

                time.sleep(_OLDER)
                there.api.arm("old_refusal", -1)
                job = accepted(there.client, provider, "old second " + text)
                error = ended(job)
                time.sleep(_LATER)
                count = len(created(rig, "old second " + text))
                good = job.outcome is Outcome.UNKNOWN and count == 1
                report.ok(good, text + ": UNKNOWN, paid once", "%s, %d jobs: %s" % (job.outcome.name, count, error))
                report.ok("the request id and the date of an earlier one" in str(error), text + ": it says so", error)

                refused.follow()
                before = len(there.api.counts.hits)
                asked = until(lambda: len(there.api.counts.hits) >= before + 2)
                good = bool(asked) and not refused.done
                there.api.disarm()
                error = ended(refused)
                report.ok(good and error is None, text + ": a status call is asked again", error)

                if provider == "alibaba":  # whose images are calls of the API
                    there.api.arm("old_refusal", 1)
                    wrong = _wrong_image(rig, refused)
                    report.ok(not wrong, text + ": an image is asked for again", wrong)


if __name__ == "__main__":
    sys.exit(main("stray", [submissions, everything, trainings, caches, old_refusals]))

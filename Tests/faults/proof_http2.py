"""Where reads may use HTTP/2: submissions never do, and whatever GOAWAY or RST_STREAM does to the reads, they come through."""

from __future__ import annotations

import sys
from typing import Any, List, Optional

from http2 import FAULTS, Http2Door
from proof import CREATE, DESCRIBE, PROVIDERS, created, ended, main, until
from rig import Rig, fields
from tap import Report

import aigc

QUERY = {"alibaba": "QueryPreModelInferenceJobInfo", "tencent": DESCRIBE["tencent"]}


class Doors:
    """Of both origins, for the length of a with block."""

    def __init__(self, rig: Rig, mixed: Optional[str] = None) -> None:
        self._rig = rig
        info = rig.box.info
        self.assets = Http2Door(info["asset_http"], rig.certificate, mixed=None if mixed is None else "")
        rig.wait(self.assets.start)
        pair = (info["asset_http"].encode(), self.assets.url.encode())
        self.api = Http2Door(info["http"], rig.certificate, [pair], mixed)
        rig.wait(self.api.start)

    def __enter__(self) -> "Doors":
        return self

    def __exit__(self, *_: Any) -> None:
        for door in (self.api, self.assets):
            self._rig.wait(door.stop)

    def image(self, provider: str) -> Http2Door:
        """Where the images of a cloud come from."""
        return self.assets if provider == "tencent" else self.api


def _client(rig: Rig, doors: Doors, **more: Any) -> aigc.Client:
    return aigc.Client(dict(rig.keys(doors.api.url, http_http2=True, retry_max_attempts=8), **more))


def _accepted(client: aigc.Client, provider: str, prompt: str) -> aigc.Job:
    job = client.submit(**fields(provider, prompt, follow=False))
    until(lambda: job.remote_id or job.done)
    return job


def _read(rig: Rig, reader: aigc.Client, token: str, doors: Doors, fault: str = "") -> str:
    """Follow a job and fetch its image by a client that has submitted nothing: libcurl would take the HTTP/1.1
    connection of a submission for its reads. What is wrong."""
    job = reader.attach(token)
    error = ended(job)
    if error is not None:
        return "the job: %s" % error
    if fault:
        rig.wait(lambda: doors.image(job.provider).arm(fault, 2))
    download = job.download(0)
    error = ended(download)
    if error is not None:
        return "the image: %s" % error
    return "" if download.data == rig.box.image(job.provider, job.remote_id or "") else "another image"


def reads_only(rig: Rig, report: Report) -> None:
    """Nothing goes wrong."""
    for provider in PROVIDERS:
        with Doors(rig) as doors, _client(rig, doors) as client, _client(rig, doors) as reader:
            wrong: List[str] = []
            for number in range(5):
                job = _accepted(client, provider, "h2 %s %d" % (provider, number))
                wrong.append(_read(rig, reader, job.token or "", doors))
            seen = doors.api
            report.ok(not any(wrong), "%s: five jobs and their images" % provider, wrong)
            only = seen.count("h2", QUERY[provider]) > 0 and seen.count("http/1.1", QUERY[provider]) == 0
            report.ok(only, "%s: status calls use HTTP/2" % provider, dict(seen.seen))
            images = doors.image(provider).count("h2", "" if provider == "tencent" else "QueryImageAsset")
            report.ok(images == 5, "%s: so do images" % provider, images)
            # Idle connections of HTTP/2 lead to the host now.
            error = ended(reader.submit(**fields(provider, "h2 %s beside reads" % provider)))
            report.ok(error is None, "%s: a submission beside such reads" % provider, error)
            sent = seen.count("http/1.1", CREATE[provider]), seen.count("h2", CREATE[provider])
            report.ok(sent == (6, 0), "%s: submissions use HTTP/1.1" % provider, sent)


def faults_of_reads(rig: Rig, report: Report) -> None:
    """Each strikes two status calls and two fetches; a submission follows, beside such connections."""
    for provider in PROVIDERS:
        for fault in FAULTS:
            with Doors(rig) as doors, _client(rig, doors) as client, _client(rig, doors) as reader:
                text = "%s: %s" % (provider, fault)
                job = _accepted(client, provider, "h2 %s" % text)
                rig.wait(lambda: doors.api.arm(fault, 2))
                wrong = _read(rig, reader, job.token or "", doors, fault)
                report.ok(not wrong, "%s: the job finishes, and its image is right" % text, wrong)
                hits = doors.image(provider).hits
                report.ok(hits == (1 if fault == "goaway_answered" else 2), "%s: it struck" % text, hits)
                rig.wait(lambda: doors.api.arm(fault, 2))
                error = ended(reader.submit(**fields(provider, "h2 beside %s" % text)))
                sent = doors.api.count("http/1.1", CREATE[provider]) + doors.api.count("h2", CREATE[provider])
                ids = created(rig, "h2 beside %s" % text)
                good = error is None and sent == 2 and len(ids) == 1
                report.ok(good, "%s: a submission beside it, one job" % text, "%s, %d, %s" % (error, sent, ids))


def many_at_once(rig: Rig, report: Report) -> None:
    """GOAWAY under 40 jobs that share connections."""
    for provider in PROVIDERS:
        for fault in ("goaway_answered", "goaway_after", "goaway_before", "refused_stream"):
            with Doors(rig) as doors, _client(rig, doors) as client, _client(rig, doors) as reader:
                prompts = ["h2 many %s %s %d " % (provider, fault, number) for number in range(40)]
                tokens = [_accepted(client, provider, prompt).token for prompt in prompts]
                rig.wait(lambda: doors.api.arm(fault, 20))
                jobs = [reader.attach(token or "") for token in tokens]
                errors = [error for error in map(ended, jobs) if error is not None]
                once = sum(len(created(rig, prompt)) == 1 for prompt in prompts)
                text = "%s: 40 jobs, 20 times %s" % (provider, fault)
                report.ok(not errors and doors.api.hits == 20, "%s: all finish" % text, errors[:2] or doors.api.hits)
                report.ok(once == 40, "%s: each was created once" % text, once)


def both_at_one_host(rig: Rig, report: Report) -> None:
    """Behind one name some machines speak HTTP/2 and some do not: no two calls share a connection of HTTP/1.1."""
    for provider in PROVIDERS:
        with Doors(rig, mixed=QUERY[provider]) as doors, _client(rig, doors, **{"http.max_in_flight": 24}) as client:
            prompts = ["h2 both %s %d " % (provider, number) for number in range(120)]
            jobs = [client.submit(**fields(provider, prompt)) for prompt in prompts]
            errors = [error for error in map(ended, jobs) if error is not None]
            wrong = [prompt for job, prompt in zip(jobs, prompts) if created(rig, prompt) != [job.remote_id]]
            downloads = [job.download(0) for job in jobs if not job.error]
            errors += [error for error in map(ended, downloads) if error is not None]
            images = [
                job.remote_id for job, download in zip(jobs, downloads)
                if download.data != rig.box.image(provider, job.remote_id or "")
            ]
            text = "%s: 120 jobs at a host that speaks both" % provider
            report.ok(not errors, "%s: all finish" % text, errors[:2])
            report.ok(not wrong and not images, "%s: each has its own id and image" % text, (wrong[:3], images[:3]))
            counts = doors.api.connections
            report.ok(counts["h2"] > 0 and counts["http/1.1"] > 0, "%s: both were spoken" % text, dict(counts))
            reads = doors.api.count("http/1.1", QUERY[provider])
            report.ok(reads > 0, "%s: status calls came over both" % text, reads)


if __name__ == "__main__":
    sys.exit(main("http2", [reads_only, faults_of_reads, many_at_once, both_at_one_host]))

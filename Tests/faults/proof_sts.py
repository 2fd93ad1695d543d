"""Temporary credentials that end: one refresh, one job, and no endless asking."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import List

from faults import FAULTS
from proof import CREATE, PROVIDERS, created, ended, main, requests, until
from rig import Keys, Rig, fields
from tap import Report

import aigc
from aigc.enums import EventType, Outcome, Status

STRAYS = [name for name, fault in FAULTS.items() if fault.harmless]
EXPIRED = {"alibaba": "InvalidSecurityToken.Expired", "tencent": "AuthFailure.TokenFailure"}


def _temporary(rig: Rig, provider: str, name: str, lasts: float) -> None:
    rig.box.add_identity(
        provider=provider,
        id=name + "-id",
        secret=name + "-secret",
        token=name + "-token",
        expires_in=lasts,
        account="main",
    )


def _without_keys(rig: Rig) -> Keys:
    keys = rig.keys(rig.box.info["http"], job_deadline_ms=15_000)
    for name in ("alibaba.access_key_id", "alibaba.access_key_secret", "tencent.secret_id", "tencent.secret_key"):
        del keys[name]
    return keys


class Host:
    """A program that gives new credentials when it is asked for them."""

    def __init__(self, client: aigc.Client, provider: str, fresh: str) -> None:
        self._client, self._provider, self._fresh = client, provider, fresh
        self.asked: List[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.is_set():
            for event in self._client.events(timeout=0.05):
                if event.type is EventType.CREDENTIALS_NEEDED and event.provider == self._provider:
                    self.asked.append(time.monotonic())
                    new = self._fresh
                    self._client.set_credentials(self._provider, new + "-id", new + "-secret", new + "-token")

    def end(self) -> None:
        """Take no more events."""
        self._over.set()
        self._thread.join()


def refused(rig: Rig, report: Report) -> None:
    """The cloud refuses a token that has ended: the host is asked once, and the job is created once."""
    for provider in PROVIDERS:
        old, new = "old-" + provider, "new-" + provider
        _temporary(rig, provider, old, -60)
        _temporary(rig, provider, new, 3600)
        with aigc.Client(_without_keys(rig)) as client:
            client.set_credentials(provider, old + "-id", old + "-secret", old + "-token")
            host = Host(client, provider, new)
            error = ended(client.submit(**fields(provider, "stale " + provider)), 20)
            more = ended(client.submit(**fields(provider, "fresh " + provider)), 20)
            host.end()
        report.ok(error is None and more is None, "%s: a stale token: both jobs finish" % provider, error or more)
        report.ok(len(host.asked) == 1, "%s: a stale token: the host is asked once" % provider, len(host.asked))
        ids = created(rig, "stale " + provider), created(rig, "fresh " + provider)
        report.ok([len(found) for found in ids] == [1, 1], "%s: a stale token: one job each" % provider, ids)
        seen = requests(rig, CREATE[provider])
        report.ok(seen == 3, "%s: a stale token: one refusal, two submissions" % provider, seen)


def ends_soon(rig: Rig, report: Report) -> None:
    """The host is asked before the end that it has told of, and not only at the next call."""
    for provider in PROVIDERS:
        name = "soon-" + provider
        _temporary(rig, provider, name, 3600)
        with aigc.Client(_without_keys(rig)) as client:
            ends = time.time() + 4
            client.set_credentials(provider, name + "-id", name + "-secret", name + "-token", expires_at=ends)
            error = ended(client.submit(**fields(provider, "soon")), 20)
            asked: List[float] = []
            while time.time() < ends:
                kinds = [event.type for event in client.events(timeout=0.05)]
                asked += [time.time()] * kinds.count(EventType.CREDENTIALS_NEEDED)
        report.ok(error is None, "%s: credentials that end soon still serve" % provider, error)
        report.ok(len(asked) == 1, "%s: the host is asked for others once, before they end" % provider, len(asked))


def nobody_answers(rig: Rig, report: Report) -> None:
    """The host gives nothing: the job ends by its deadline or as refused, and was sent no second time."""
    for provider in PROVIDERS:
        name = "gone-" + provider
        _temporary(rig, provider, name, -60)
        with aigc.Client(_without_keys(rig)) as client:
            client.set_credentials(provider, name + "-id", name + "-secret", name + "-token")
            job = client.submit(**fields(provider, "nobody gives keys", deadline=1.5))
            error = ended(job, 20)
        good = error is not None and error.status in (Status.AUTH, Status.DEADLINE, Status.NO_CREDENTIALS)
        report.ok(good and job.outcome is Outcome.NOT_SENT, "%s: no new keys: NOT_SENT" % provider, error)
        seen = requests(rig, CREATE[provider])
        report.ok(seen == 1, "%s: no new keys: one request" % provider, seen)


def from_metadata(rig: Rig, report: Report) -> None:
    """Credentials of the machine: refused as ended, they are fetched once more, and again refused the job ends."""
    operations = {"alibaba": "imds-credentials", "tencent": "cvm-credentials"}
    for provider in PROVIDERS:
        for times in (1, -1):
            rig.box.reset()
            what = "%s: keys of the machine, refused %s" % (provider, "once" if times == 1 else "always")
            rig.box.fault("error", CREATE[provider], code=EXPIRED[provider], times=times)
            keys = _without_keys(rig)
            keys.update({"credentials.use_metadata": True, "credentials.metadata_endpoint": rig.box.info["metadata"]})
            with aigc.Client(keys) as client:
                job = client.submit(**fields(provider, "machine"))
                error = ended(job, 20)
            asked, sent = requests(rig, operations[provider]), requests(rig, CREATE[provider])
            if times == 1:
                report.ok(error is None, "%s: the job finishes" % what, error)
                report.ok(len(created(rig, "machine")) == 1, "%s: one job" % what, created(rig, "machine"))
            else:
                good = error is not None and error.status is Status.AUTH and error.outcome is Outcome.NOT_SENT
                report.ok(good, "%s: AUTH, NOT_SENT" % what, error)
            report.ok((asked, sent) == (2, 2), "%s: fetched twice, sent twice" % what, (asked, sent))


PATIENT = {"retry_max_attempts": 50, "retry_max_ms": 400}


def sts_has_a_bad_moment(rig: Rig, report: Report) -> None:
    """Fault 23: STS redirects or throttles: the job waits for it, and does not end."""
    for name, fault in {
        "302": {"kind": "redirect", "status": 302},
        "307": {"kind": "redirect", "status": 307},
        "Throttling": {"kind": "http", "status": 400, "body": '{"Code":"Throttling"}', "content_type": "application/json"},
        "Throttling.User": {"kind": "error", "status": 400, "code": "Throttling.User"},
        "Throttling.Api": {"kind": "error", "status": 400, "code": "Throttling.Api"},
    }.items():
        rig.box.reset()
        rig.box.fault(operation="AssumeRole", times=2, **fault)
        keys = {**rig.keys(rig.box.info["http"], **PATIENT), "credentials.sts_endpoint": rig.box.info["http"]}
        keys["credentials.role_arn"] = "acs:ram::1234567890123456:role/worker"
        with aigc.Client(keys) as client:
            error = ended(client.submit(**fields("alibaba", "bad moment")), 30)
        asked = requests(rig, "AssumeRole")
        report.ok(error is None and asked == 3, "STS answers %s twice: the job finishes" % name, (error, asked))


def strays(rig: Rig, report: Report) -> None:
    """Behind each answer of STS and of the metadata service comes one that nobody has asked for: the keys are the right ones,
    and a stray answer is never used or asked about."""
    for name in STRAYS:
        for provider in PROVIDERS:
            rig.box.reset()
            door = rig.door("metadata")
            door.arm(name, -1)
            keys = _without_keys(rig)
            keys.update({"credentials.use_metadata": True, "credentials.metadata_endpoint": door.url})
            with aigc.Client(keys) as client:
                error = ended(client.submit(**fields(provider, "machine " + name)), 20)
            good = error is None and len(created(rig, "machine " + name)) == 1
            report.ok(good, "%s: metadata, %s: the job finishes, paid once" % (provider, name), error)
            door.close()
        rig.box.reset()
        door = rig.door("http", "http", "alibaba")
        door.arm(name, -1)
        keys = {**rig.keys(rig.box.info["http"]), "credentials.sts_endpoint": door.url}
        keys["credentials.role_arn"] = "acs:ram::1234567890123456:role/worker"
        with aigc.Client(keys) as client:
            error = ended(client.submit(**fields("alibaba", "role " + name)), 20)
        good = error is None and len(created(rig, "role " + name)) == 1 and requests(rig, "AssumeRole") == 1
        report.ok(good, "STS, %s: the job finishes, paid once, asked once" % name, error)
        door.close()


def a_cache_before_sts(rig: Rig, report: Report) -> None:
    """Something before STS answers from its cache: nobody knows whose keys these are, and nothing is sent with them."""
    door = rig.door("http", "http", "alibaba")
    keys = {**rig.keys(rig.box.info["http"]), "credentials.sts_endpoint": door.url}
    keys["credentials.role_arn"] = "acs:ram::1234567890123456:role/worker"
    with aigc.Client(keys) as client:
        first = ended(client.submit(**fields("alibaba", "fresh role")), 20)
    door.arm("cached", -1)
    before = requests(rig, CREATE["alibaba"])
    keys["credentials.role_arn"] = "acs:ram::1234567890123456:role/another"
    with aigc.Client(keys) as client:
        job = client.submit(**fields("alibaba", "cached role", deadline=2))
        error = ended(job, 20)
    sent = requests(rig, CREATE["alibaba"]) - before
    good = first is None and error is not None and job.outcome is Outcome.NOT_SENT and sent == 0
    report.ok(good and "cache" in str(error), "STS, cached: nothing is sent, and the message says so", (first, error, sent))
    door.close()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


def a_file_is_rewritten(rig: Rig, report: Report) -> None:
    """Fault 6: a tool leaves the file with the keys empty for a moment, just when others are needed."""
    home = rig.folder / "home"
    path = home / ".tencentcloud" / "credentials"
    path.parent.mkdir(parents=True)
    text = "[default]\nsecret_id=%s-id\nsecret_key=%s-secret\ntoken=%s-token\n"
    before = os.environ.get("HOME")
    os.environ["HOME"] = str(home)
    try:
        for what, between in (("empty", ""), ("half", "[default]\nsecret_id=new-id\nsecret_k"), ("away", None)):
            rig.box.reset()
            _temporary(rig, "tencent", "old", 3600)
            _temporary(rig, "tencent", "new", 3600)
            _write(path, text % ("old", "old", "old"))
            rig.box.config(duration=3)
            keys = {**_without_keys(rig), "credentials.use_files": True, "retry.max_attempts": 50, "retry.max_ms": 400}
            with aigc.Client(keys) as client:
                jobs = [client.submit(**fields("tencent", "rewritten")) for _ in range(20)]
                until(lambda: all(job.remote_id for job in jobs))
                _temporary(rig, "tencent", "old", -60)
                if between is None:
                    path.unlink()
                else:
                    _write(path, between)
                time.sleep(1.5)
                _write(path, text % ("new", "new", "new"))
                errors = [error for error in (ended(job, 20) for job in jobs) if error]
                warned = [e.message for e in client.events(timeout=0) if e.type is EventType.WARNING]
            report.ok(not errors, "a file that is %s for a moment: 20 of 20 jobs finish" % what, errors[:1])
            told = [text for text in warned if "gave credentials before and gives none now" in text]
            report.ok(len(told) == 1, "a file that is %s for a moment: one warning tells it" % what, warned)
    finally:
        os.environ.pop("HOME") if before is None else os.environ.update(HOME=before)


if __name__ == "__main__":
    sys.exit(
        main(
            "temporary credentials",
            [
                refused, ends_soon, nobody_answers, from_metadata, sts_has_a_bad_moment, strays, a_cache_before_sts,
                a_file_is_rewritten,
            ],
        )
    )

"""Answers that no cloud gives: none makes the library send a submission again, or take a wrong id for its own."""

from __future__ import annotations

import sys
import time
from typing import Callable, List

from proof import CREATE, DESCRIBE, PROVIDERS, created, ended, main, requests, until
from rig import Rig, fields
from tap import Report

import aigc
from aigc.enums import Outcome, State, Status

# Each of them makes some client try again: redirects, authentication, time-outs of the server, expectations, throttles.
STATUSES = (
    204,
    205,
    300,
    301,
    302,
    303,
    304,
    305,
    307,
    308,
    400,
    401,
    403,
    404,
    405,
    407,
    408,
    409,
    410,
    411,
    413,
    415,
    417,
    421,
    423,
    425,
    426,
    428,
    429,
    431,
    451,
    500,
    501,
    502,
    503,
    504,
    505,
    511,
)
_LINGER = 0.12


def statuses(rig: Rig, report: Report) -> None:
    """Any HTTP status without the cloud's own words, after the cloud has carried the request out."""
    elsewhere = rig.door("http")
    extra = {
        401: {"WWW-Authenticate": 'Basic realm="x"'},
        407: {"Proxy-Authenticate": 'Basic realm="x"'},
        408: {"Connection": "close"},
        426: {"Upgrade": "h2c", "Connection": "Upgrade"},
        503: {"Retry-After": "0"},
        429: {"Retry-After": "0"},
        **{code: {"Location": elsewhere.url + "/"} for code in (300, 301, 302, 303, 305, 307, 308)},
    }
    for provider in PROVIDERS:
        with aigc.Client(dict(rig.keys(rig.box.info["http"]), **rig.own_identity(provider))) as client:
            wrong: List[str] = []
            before = requests(rig, CREATE[provider])
            for code in STATUSES:
                body = "" if code in (204, 205, 304) else "<html>%d</html>" % code
                rig.box.fault("http", CREATE[provider], status=code, body=body, headers=extra.get(code), handled=True)
                job = client.submit(**fields(provider, "status %d" % code))
                error = ended(job)
                if job.outcome is not Outcome.UNKNOWN or job.state is not State.UNKNOWN:
                    wrong.append("%d: %s %s" % (code, job.outcome.name, error))
            time.sleep(_LINGER)
            text = "%s: %d HTTP statuses, executed: outcome UNKNOWN" % (provider, len(STATUSES))
            report.ok(not wrong, text, "; ".join(wrong)[:600])
            sent = requests(rig, CREATE[provider]) - before
            report.ok(sent == len(STATUSES), "%s: each was sent once" % provider, sent)
    report.ok(rig.box.stats()["duplicates"] == 0, "no job twice", rig.box.stats()["duplicates"])
    report.ok(elsewhere.counts.begun == 0, "no redirect of a submission is followed", elsewhere.counts.begun)
    elsewhere.close()


BODIES = (
    "",
    "{}",
    "[]",
    "null",
    "true",
    '"text"',
    "{",
    '{"Response":{}}',
    '{"Response":{"TaskId":""}}',
    '{"Response":{"TaskId":{}}}',
    '{"Response":{"TaskId":null,"RequestId":"x"}}',
    '{"Response":null}',
    '{"success":true}',
    '{"success":true,"data":{}}',
    '{"success":true,"data":{"inferenceJobId":null}}',
    '{"success":true,"data":null,"requestId":"x"}',
    "\0" * 50,
    "[" * 5000,
    '{"a":' * 2000,
    "9" * 5000,
    '{"Response":{"TaskId":"' + "x" * 200_000,
)


def bodies(rig: Rig, report: Report) -> None:
    """HTTP 200 with invalid JSON, or without the id."""
    for provider in PROVIDERS:
        wrong: List[str] = []
        with aigc.Client(rig.keys(rig.box.info["http"])) as client:
            before = requests(rig, CREATE[provider])
            for number, body in enumerate(BODIES):
                rig.box.fault(
                    "http", CREATE[provider], status=200, body=body, content_type="application/json", handled=True
                )
                job = client.submit(**fields(provider, "body %d" % number))
                error = ended(job)
                if job.outcome is not Outcome.UNKNOWN or job.remote_id:
                    wrong.append("%r: %s %s %s" % (body[:40], job.outcome.name, job.remote_id, error))
            time.sleep(_LINGER)
            sent = requests(rig, CREATE[provider]) - before
        report.ok(not wrong, "%s: %d odd bodies: outcome UNKNOWN" % (provider, len(BODIES)), "; ".join(wrong)[:600])
        report.ok(sent == len(BODIES), "%s: each was sent once" % provider, sent)


ID = "4-AigcImage-bent"
# What the id stands in, and what stands beside it in the same object.
SUBMITTED = {
    "tencent": '{"Response":{"TaskId":"%s",%s"RequestId":"%s"}}',
    "alibaba": '{"success":true,"data":{"id":"%s",%s"jobStatus":"NOT_START"},"requestId":"%s"}',
}
ODD = (
    '"prompt":"a \\ud800 cat",',
    '"score":NaN,"scores":[-Infinity],',
    '"deep":' + "[" * 70 + "]" * 70 + ",",
    '"deep":' + '{"a":' * 9000 + "1" + "}" * 9000 + ",",
    '"prompt":"caf\udce9",',
    "/* note */",
    "\0",
    '"n":1e400,"n":2,',
)


def as_text(data: bytes) -> str:
    """Bytes as the sandbox takes them: what is no text has a place in it."""
    return data.decode("utf-8", "surrogateescape")


def bent(rig: Rig, report: Report) -> None:
    """An answer that a tolerant reader reads is no answer of unknown outcome: the id that was paid for is used."""
    bends: List[Callable[[str], str]] = [
        lambda plain: "\ufeff" + plain,
        lambda plain: as_text(plain.encode("utf-16")),
        lambda plain: as_text(plain.encode("utf-16-be")),
        lambda plain: plain + "\0}",
        lambda plain: plain[: plain.index(ID) + len(ID) + 5],
        lambda plain: plain[:-1],
        lambda plain: plain.replace("Response", "response").replace("TaskId", "TASKID"),
    ]
    for provider in PROVIDERS:
        wrong: List[str] = []
        cases = [(odd, str) for odd in ODD] + [("", bend) for bend in bends]
        with aigc.Client(rig.keys(rig.box.info["http"])) as client:
            for number, (odd, bend) in enumerate(cases):
                # Each job has its own id and its own request: what is known already is not believed.
                wanted = "%s-%03d" % (ID, number)
                body = bend(SUBMITTED[provider] % (wanted, odd, "r-%s-%d" % (provider, number)))
                rig.box.fault("http", CREATE[provider], status=200, body=body, content_type="application/json")
                job = client.submit(**fields(provider, "bent %d" % number, follow=False))
                until(lambda: job.remote_id or job.done)
                if job.remote_id != wanted or job.outcome is not Outcome.ACCEPTED:
                    wrong.append("%d %r: %s %s" % (number, body[:60], job.outcome.name, job.error))
        report.ok(not wrong, "%s: %d bent answers give their id" % (provider, len(cases)), "; ".join(wrong)[:600])


def named(rig: Rig, report: Report) -> None:
    """What cannot be believed names the id that it holds, and can be looked at."""
    for provider in PROVIDERS:
        form = SUBMITTED[provider]
        plain = form % (ID, "", "r")
        bodies = {
            "<pre>%s</pre>" % plain: ID,
            form % (ID, '"prompt":"a "quoted" cat",', "r"): ID,
            form % (ID, '"TaskId":"4-other","id":"4-other",', "r"): ID + " and 4-other",
            plain + plain.replace(ID, "4-other"): ID + " and 4-other",
            form % ("4-a\u202eb", "", "r"): "4-a\\u{202E}b",
            as_text(("<" + plain).encode("utf-16-le")): ID,
            plain[: plain.index(ID) + len(ID)]: ID + "...",
        }
        wrong: List[str] = []
        with aigc.Client(rig.keys(rig.box.info["http"])) as client:
            before = requests(rig, CREATE[provider])
            for body, name in bodies.items():
                rig.box.fault("http", CREATE[provider], status=200, body=body, content_type="application/json")
                job = client.submit(**fields(provider, "named"))
                error = ended(job)
                kept = str(job.provider_response)
                if job.outcome is not Outcome.UNKNOWN or job.remote_id or "names the job %s" % name not in str(error):
                    wrong.append("%r: %s %s" % (body[:60], job.outcome.name, error))
                elif "4-" not in kept:
                    wrong.append("%r: kept %r" % (body[:60], kept[:60]))
            sent = requests(rig, CREATE[provider]) - before
        report.ok(not wrong, "%s: %d answers name their id" % (provider, len(bodies)), "; ".join(wrong)[:900])
        report.ok(sent == len(bodies), "%s: each was sent once" % provider, sent)


def lists(rig: Rig, report: Report) -> None:
    """One odd entry of a list hides no finished job; what was left out is a warning in the log."""
    answers = {
        "tencent": '{"Response":{"Status":"DONE","ImageUrls":["https://a/1","https://b/2","FAILED"],"RequestId":"r"}}',
        "alibaba": '{"requestId":"r","success":true,"data":{"id":{},"jobStatus":"FINISHED","resultImageUrl":'
        '["0.png",{"x":1},"1.png"]}}',
    }
    for provider, body in answers.items():
        rig.box.fault("http", DESCRIBE[provider], status=200, body=body, content_type="application/json", times=-1)
        with aigc.Client(dict(rig.keys(rig.box.info["http"]), **{"log.level": "warning"})) as client:
            job = client.submit(**fields(provider, "odd list"))
            error = ended(job)
            told = [event.message for event in client.events(timeout=0.5) if event.message]
            good = error is None and job.state is State.SUCCEEDED and len(job.assets) == 2
            report.ok(good, "%s: two of three images are there" % provider, "%s %s" % (job.state.name, error))
            report.ok(any("left out" in text for text in told), "%s: the third one is told" % provider, told)


def server_faults(rig: Rig, report: Report) -> None:
    """The cloud's own word for "something went wrong here" says nothing about the job."""
    codes = {
        "alibaba": ("InternalError", "ServiceUnavailable", "SystemError", "UnknownError"),
        "tencent": ("InternalError", "InternalError.Timeout", "FailedOperation.InternalError", "ServiceUnavailable"),
    }
    for provider in PROVIDERS:
        for code in codes[provider]:
            rig.box.reset()
            more = {"status": 500} if provider == "alibaba" else {}
            rig.box.fault("error", CREATE[provider], code=code, handled=True, times=-1, **more)
            with aigc.Client(rig.keys(rig.box.info["http"])) as client:
                job = client.submit(**fields(provider, "fault"))
                error = ended(job)
                time.sleep(_LINGER)
            sent = requests(rig, CREATE[provider])
            good = job.outcome is Outcome.UNKNOWN and sent == 1
            report.ok(
                good,
                "%s: %s, executed: UNKNOWN, sent once" % (provider, code),
                "%s, %d: %s" % (job.outcome.name, sent, error),
            )


def smuggled(rig: Rig, report: Report) -> None:
    """A good reply, and behind it one that nobody asked for: the next submission does not take its id from there."""
    for scheme in ("http", "https"):
        for provider in PROVIDERS:
            door = rig.door("http", scheme, provider)
            with aigc.Client(rig.keys(door.url)) as client:
                wrong: List[str] = []
                for number in range(20):
                    door.arm("smuggle")
                    prompts = ["smuggled %s %s %d %d" % (scheme, provider, number, part) for part in (1, 2)]
                    for prompt in prompts:
                        job = client.submit(**fields(provider, prompt, follow=False))
                        until(lambda: job.remote_id or job.done)
                        ids = created(rig, prompt + " ")
                        if job.remote_id and [job.remote_id] != ids:
                            wrong.append("%s has %s, the cloud %s" % (prompt, job.remote_id, ids))
                        if job.outcome is Outcome.NOT_SENT and ids:
                            wrong.append("%s NOT_SENT, the cloud %s" % (prompt, ids))
                report.ok(
                    not wrong, "%s, %s: a second answer behind the first is nobody's" % (provider, scheme), wrong[:2]
                )
            door.close()


def large(rig: Rig, report: Report) -> None:
    """A large body, reset while it is being sent, or answered before it has been read."""
    body = {"ExtraParameters.Padding": "x" * 3_000_000}
    for scheme in ("http", "https"):
        for name in ("reset_half", "reset_1", "reset_all"):
            door = rig.door("http", scheme, "tencent")
            with aigc.Client(rig.keys(door.url)) as client:
                door.arm(name)
                job = client.submit(**fields("tencent", "large %s %s" % (scheme, name), body=body))
                error = ended(job)
                time.sleep(_LINGER)
            good = job.outcome is Outcome.UNKNOWN and door.counts.begun == 1
            text = "3 MB, %s, %s: UNKNOWN, sent once" % (scheme, name)
            report.ok(good, text, "%s, %d requests: %s" % (job.outcome.name, door.counts.begun, error))
            door.close()
    # libcurl sends a large body again when 417 answers its Expect: 100-continue.
    rig.box.fault("http", CREATE["tencent"], status=417, times=-1)
    with aigc.Client(rig.keys(rig.box.info["http"])) as client:
        job = client.submit(**fields("tencent", "large 417", body=body))
        error = ended(job)
    seen = [request for request in rig.box.requests(CREATE["tencent"]) if request.get("fault") == "http"]
    report.ok(len(seen) == 1, "3 MB, 417: sent once", len(seen))
    good = error is not None and error.status in (Status.OUTCOME_UNKNOWN, Status.BAD_RESPONSE)
    report.ok(good and job.outcome is Outcome.UNKNOWN, "3 MB, 417: UNKNOWN", error)


if __name__ == "__main__":
    sys.exit(main("answers", [statuses, bodies, bent, named, lists, server_faults, smuggled, large]))

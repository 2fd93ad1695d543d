"""Before the cloud is reached: a proxy that fails, a name that nobody knows. Nothing has left, and nothing is lost."""

from __future__ import annotations

import sys
import time
from typing import Any, Dict

from proof import CREATE, PROVIDERS, created, ended, main, requests
from rig import Keys, Rig, fields
from tap import Report

import aigc
from aigc.enums import Outcome, State, Status

FAULTS: Dict[str, Dict[str, Any]] = {
    "403": {"kind": "http", "status": 403},
    "407": {"kind": "http", "status": 407, "headers": {"Proxy-Authenticate": 'Basic realm="x"'}},
    "502": {"kind": "http", "status": 502},
    "503": {"kind": "http", "status": 503, "headers": {"Retry-After": "0"}},
    "reset": {"kind": "reset_before"},
    "close": {"kind": "close_before"},
    "silence": {"kind": "silence", "ms": 3000},
}


def _keys(rig: Rig, origin: str, **more: Any) -> Keys:
    return rig.keys(
        rig.box.info[origin], http_proxy=rig.box.info["proxy"], timeout_connect_ms=800, timeout_submit_ms=4000, **more
    )


def tunnels(rig: Rig, report: Report) -> None:
    """CONNECT fails: the request has not left. Once: the job finishes. Always: NOT_SENT."""
    for provider in PROVIDERS:
        for what, fault in FAULTS.items():
            for times in (1, -1):
                rig.box.reset()
                rig.box.fault(operation="proxy", times=times, **fault)
                with aigc.Client(_keys(rig, "https", retry_max_attempts=3)) as client:
                    job = client.submit(**fields(provider, "tunnel"))
                    error = ended(job)
                text = "%s: CONNECT, %s, %s" % (provider, what, "once" if times == 1 else "always")
                if times == 1:
                    good = error is None and len(created(rig, "tunnel")) == 1
                    report.ok(good, "%s: the job finishes" % text, error)
                else:
                    good = (
                        job.outcome is Outcome.NOT_SENT
                        and error is not None
                        and error.status in (Status.NETWORK, Status.TLS)
                    )
                    report.ok(
                        good and not created(rig, "tunnel"), "%s: NOT_SENT" % text, "%s %s" % (job.outcome.name, error)
                    )


def plain(rig: Rig, report: Report) -> None:
    """Plain HTTP through a proxy: the request has left, whoever answers instead of the cloud. Never sent again."""
    for provider in PROVIDERS:
        for what, fault in FAULTS.items():
            rig.box.reset()
            rig.box.fault(operation="proxy", times=-1, **fault)
            with aigc.Client(_keys(rig, "http", retry_max_attempts=3)) as client:
                job = client.submit(**fields(provider, "plain"))
                error = ended(job)
                time.sleep(0.1)
            seen = len(rig.box.proxy_requests())
            good = job.outcome is Outcome.UNKNOWN and job.state is State.UNKNOWN and seen == 1
            report.ok(
                good,
                "%s: plain, %s: UNKNOWN, sent once" % (provider, what),
                "%s, %d: %s" % (job.outcome.name, seen, error),
            )


def nobody(rig: Rig, report: Report) -> None:
    """A host that does not exist, and a proxy where nobody listens."""
    for provider in PROVIDERS:
        for what, more in {
            "no such host": {provider + ".endpoint": "http://no-such-host.invalid"},
            "no such proxy": {"http.proxy": "http://127.0.0.1:1"},
        }.items():
            with aigc.Client(dict(rig.keys(rig.box.info["http"], retry_max_attempts=2), **more)) as client:
                job = client.submit(**fields(provider, "nobody"))
                error = ended(job)
            good = job.outcome is Outcome.NOT_SENT and error is not None and error.status is Status.NETWORK
            report.ok(good, "%s: %s: NETWORK, NOT_SENT" % (provider, what), error)
        report.ok(requests(rig, CREATE[provider]) == 0, "%s: nothing came" % provider)


if __name__ == "__main__":
    sys.exit(main("proxy", [tunnels, plain, nobody]))

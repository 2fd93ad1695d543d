"""Limits hold to within a tenth of a second, even against a server that sends a byte a second."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Callable, List, Optional

from proof import PROVIDERS, ended, main, until
from rig import Door, Keys, Rig, fields
from tap import Report

import aigc
from aigc.enums import Outcome, Status
from aigc.errors import AigcError

SOON = 0.1
LIMIT = 0.8
LONG_MS = 20_000


class Lateness:
    """How late this machine itself is: a thread that sleeps a little notes how much too long it slept."""

    def __init__(self) -> None:
        self.most = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            time.sleep(0.005)
            self.most = max(self.most, time.monotonic() - began - 0.005)

    def __enter__(self) -> "Lateness":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def _measure(
    report: Report,
    text: str,
    limit: float,
    work: Callable[[], Optional[AigcError]],
    good: Callable[[AigcError], bool],
) -> None:
    with Lateness() as machine:
        began = time.monotonic()
        error = work()
        took = time.monotonic() - began
    report.ok(error is not None and good(error), "%s: how it ends" % text, error)
    late = took - limit
    spread = 2 * machine.most
    report.ok(
        # Early by a few milliseconds at most: a turn of the engine reads the clock once, when it begins.
        -0.005 - spread <= late <= SOON + spread,
        "%s: after %.1f s, to within 0.1 s" % (text, limit),
        "%.3f s late, the machine %.3f s" % (late, machine.most),
    )
    report.note("%s: %.0f ms late" % (text, late * 1000))


def _keys(door: Door, rig: Rig, **limits: int) -> Keys:
    keys = rig.keys(door.url, retry_max_attempts=1, timeout_connect_ms=LONG_MS, timeout_exchange_ms=LONG_MS)
    keys.update({"timeout.submit_ms": LONG_MS, "timeout.idle_ms": LONG_MS})
    keys.update({name.replace("_", ".", 1): value for name, value in limits.items()})
    return keys


def _unknown(error: AigcError) -> bool:
    return error.status is Status.OUTCOME_UNKNOWN and error.outcome is Outcome.UNKNOWN


def submit(rig: Rig, report: Report) -> None:
    """One submission."""
    for provider in PROVIDERS:
        for name in ("silence", "silence_answered", "drip", "stall"):
            door = rig.door("http", provider=provider)
            with aigc.Client(_keys(door, rig, timeout_submit_ms=int(LIMIT * 1000))) as client:
                door.arm(name)
                job_fields = fields(provider, name)
                _measure(
                    report,
                    "submit, %s, %s" % (provider, name),
                    LIMIT,
                    lambda: ended(client.submit(**job_fields)),
                    _unknown,
                )
            door.close()


def connect(rig: Rig, report: Report) -> None:
    """A connection that never stands."""
    door = rig.door("http", "https")
    with aigc.Client(_keys(door, rig, timeout_connect_ms=int(LIMIT * 1000))) as client:
        door.arm("tls_silence", times=-1)

        def not_sent(error: AigcError) -> bool:
            return error.status in (Status.NETWORK, Status.TLS) and error.outcome is Outcome.NOT_SENT

        _measure(
            report,
            "connect, silence before TLS",
            LIMIT,
            lambda: ended(client.submit(**fields("tencent", "x"))),
            not_sent,
        )
    door.close()


def refresh(rig: Rig, report: Report) -> None:
    """One status call."""
    for name in ("silence", "drip"):
        door = rig.door("http", provider="tencent")
        with aigc.Client(_keys(door, rig, timeout_exchange_ms=int(LIMIT * 1000))) as client:
            job = client.submit(**fields("tencent", "refreshed", follow=False))
            until(lambda: job.remote_id)
            door.arm(name)

            def call() -> Optional[AigcError]:
                try:
                    job.refresh(30)
                except AigcError as error:
                    return error
                return None

            _measure(report, "status, %s" % name, LIMIT, call, lambda error: error.status is Status.NETWORK)
            report.ok(not job.done, "status, %s: the job has not ended because of it" % name)
        door.close()


def deadlines(rig: Rig, report: Report) -> None:
    """The limit of a whole job or download, while bytes keep coming."""

    def late(error: AigcError) -> bool:
        return error.status is Status.DEADLINE

    for name in ("drip", "silence_answered", "cut_0", "html_502", "refuse"):
        door = rig.door("http", provider="tencent", close_each=True)
        with aigc.Client(_keys(door, rig)) as client:
            job = client.submit(**fields("tencent", "deadline %s" % name, follow=False))
            until(lambda: job.remote_id)
            door.arm(name, times=-1)
            job.follow()
            job.set_deadline(LIMIT)
            _measure(report, "deadline of a job, %s" % name, LIMIT, lambda: ended(job), late)
            report.ok(job.outcome is Outcome.ACCEPTED and bool(job.token), "deadline of a job, %s: token kept" % name)
        door.close()
    store = rig.door("asset_http", provider="store")
    api = rig.door("http", rewrite=[(rig.box.info["asset_http"], store.url)])
    with aigc.Client(
        dict(_keys(api, rig, download_deadline_ms=int(LIMIT * 1000)), **{"retry.max_attempts": 100})
    ) as client:
        job = client.submit(**fields("tencent", "deadline of a download")).wait(30)
        for name in ("drip", "silence_answered", "cut_0", "empty_503"):
            store.arm(name, times=-1)
            path: Path = rig.folder / ("late-%s.png" % name)
            _measure(report, "deadline of a download, %s" % name, LIMIT, lambda: ended(job.download(0, path)), late)
            report.ok(not path.exists(), "deadline of a download, %s: no file" % name)
    api.close()
    store.close()


def idle(rig: Rig, report: Report) -> None:
    """A download in which nothing moves."""
    store = rig.door("asset_http", provider="store")
    api = rig.door("http", rewrite=[(rig.box.info["asset_http"], store.url)])
    with aigc.Client(_keys(api, rig, timeout_idle_ms=int(LIMIT * 1000))) as client:
        job = client.submit(**fields("tencent", "idle download")).wait(30)
        for name in ("silence_answered", "stall"):
            store.arm(name, times=-1)
            text = "idle download, %s" % name
            _measure(report, text, LIMIT, lambda: ended(job.download(0)), lambda error: error.status is Status.NETWORK)
    api.close()
    store.close()


def cancels(rig: Rig, report: Report) -> None:
    """A cancel ends a job and a download at once, whatever the server does."""
    door = rig.door("http", provider="tencent")
    with aigc.Client(_keys(door, rig)) as client:
        took: List[float] = []
        for name in ("silence", "drip", "stall", "refuse"):
            door.arm(name)
            job = client.submit(**fields("tencent", "cancelled %s" % name))
            time.sleep(0.1)
            began = time.monotonic()
            job.cancel()
            error = ended(job)
            took.append(time.monotonic() - began)
            door.disarm()
            report.ok(
                error is not None and error.status in (Status.CANCELLED, Status.NETWORK), "cancel, %s" % name, error
            )
        report.ok(max(took) < SOON, "cancel: at once", took)
    door.close()


if __name__ == "__main__":
    sys.exit(main("time", [submit, connect, refresh, deadlines, idle, cancels]))

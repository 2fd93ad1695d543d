"""Images that change, shrink or lose a bit on the way: the right bytes come in the end, or none at all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Dict, List, Tuple

from proof import ASSET, PROVIDERS, ended, main
from rig import Rig, fields
from tap import Report

import aigc
from aigc.enums import State, Status

Fault = Tuple[str, Dict[str, Any]]
CUT: Fault = ("cut", {"fraction": 0.6})
# Faults in the order in which they strike; afterwards the store behaves.
RETRIED: Dict[str, List[Fault]] = {
    "cut, then resumed": [CUT],
    "cut with a reset": [("cut", {"fraction": 0.6, "reset": True})],
    "cut twice": [CUT, CUT],
    "cut, then the object changed": [CUT, ("change_object", {})],
    "cut, then Range is ignored": [CUT, ("no_range", {})],
    "a flipped bit": [("flip_byte", {})],
    "a flipped bit after a cut": [CUT, ("flip_byte", {})],
    "a flipped bit at the first byte": [("flip_byte", {"position": 0})],
    "a truncated object": [("truncate", {"fraction": 0.5})],
    "an object of no bytes": [("truncate", {"bytes": 0})],
    "one byte is missing": [("truncate", {"bytes": -1})],
    "length too large": [("wrong_length", {"delta": 10})],
    "length too small": [("wrong_length", {"delta": -10})],
    "chunked and cut": [("chunked_cut", {"fraction": 0.5})],
    "500": [("http", {"status": 500})],
    "429": [("http", {"status": 429})],
    "random bytes under 200": [("garbage_body", {"content_type": "image/png"})],
    "a login page": [("html", {})],
}
# What no second try fixes: the error, never a file.
HOPELESS: Dict[str, Tuple[Fault, Tuple[Status, ...]]] = {
    "always a flipped bit": (("flip_byte", {}), (Status.CORRUPT,)),
    "always truncated": (("truncate", {"fraction": 0.5}), (Status.CORRUPT,)),
    "always a login page": (("html", {}), (Status.NOT_AN_IMAGE, Status.BAD_RESPONSE)),
    "always random bytes": (
        ("garbage_body", {"content_type": "image/png"}),
        (Status.NOT_AN_IMAGE, Status.BAD_RESPONSE),
    ),
    "always 404": (("http", {"status": 404}), (Status.NOT_FOUND, Status.EXPIRED, Status.BAD_RESPONSE)),
}
# A refusal that is no passing trouble ends the download: the caller sees it, and nothing is handed over.
MAY_GIVE_UP = ("random bytes under 200", "a login page")


def _job(client: aigc.Client, provider: str, prompt: str) -> aigc.Job:
    job = client.submit(**fields(provider, prompt + " [size:96x96]"))
    job.wait(30)
    return job


def _leftovers(folder: Path) -> List[str]:
    return [file.name for file in folder.iterdir() if not file.name.endswith((".part", ".part.info"))]


def retried(rig: Rig, report: Report) -> None:
    """One trouble after another, then none: the right bytes."""
    for provider in PROVIDERS:
        for number, (what, faults) in enumerate(RETRIED.items()):
            for to_file in (True, False):
                _retried(
                    rig,
                    report,
                    provider,
                    what,
                    faults,
                    rig.folder / ("fixed-%s-%d" % (provider, number)) if to_file else None,
                )


def _retried(rig: Rig, report: Report, provider: str, what: str, faults: List[Fault], folder: "Path | None") -> None:
    with aigc.Client(rig.keys(rig.box.info["http"], timeout_idle_ms=3000)) as client:
        job = _job(client, provider, what)
        whole = len(rig.box.image(provider, job.remote_id or ""))
        for kind, values in faults:
            if values.get("bytes") == -1:
                values = {"bytes": whole - 1}
            rig.box.fault(kind, ASSET[provider], **values)
        if folder is not None:
            folder.mkdir()
        download = job.download(0, None if folder is None else folder / "image.*")
        error = ended(download)
        rig.box.clear_faults()
        # Now: a changed object can be fetched as it is after the change.
        image = rig.box.image(provider, job.remote_id or "")
        text = "%s, %s, to %s" % (what, provider, "memory" if folder is None else "a file")
        if error is not None:
            gives_up = what in MAY_GIVE_UP and error.status in (Status.NOT_AN_IMAGE, Status.BAD_RESPONSE)
            report.ok(gives_up, text, error)
            files = [] if folder is None else _leftovers(folder)
            report.ok(not files, text + ": no file", files)
            return
        data = download.data if folder is None else Path(str(download.path)).read_bytes()
        report.ok(data == image, text, "%d bytes, the cloud's are %d" % (len(data), len(image)))
        if folder is not None:
            files = sorted(file.name for file in folder.iterdir())
            report.ok(files == ["image.png"], text + ": one file and nothing beside it", files)


def hopeless(rig: Rig, report: Report) -> None:
    """The trouble stays: an error, and no file."""
    for provider in PROVIDERS:
        for number, (what, ((kind, values), statuses)) in enumerate(HOPELESS.items()):
            folder = rig.folder / ("hopeless-%s-%d" % (provider, number))
            folder.mkdir()
            with aigc.Client(rig.keys(rig.box.info["http"], retry_max_attempts=4)) as client:
                job = _job(client, provider, what)
                rig.box.fault(kind, ASSET[provider], times=-1, **values)
                download = job.download(0, folder / "image.png")
                error = ended(download)
                rig.box.clear_faults()
            text = "%s, %s" % (what, provider)
            good = error is not None and error.status in statuses and download.state is State.FAILED
            report.ok(good, "%s: %s" % (text, "/".join(status.name for status in statuses)), error)
            left = [file.name for file in folder.iterdir()]
            report.ok(not left, text + ": nothing is left behind", left)


def flipped(rig: Rig, report: Report) -> None:
    """WebP has no checksums of its own as PNG has: the store's is all that sees a flipped bit."""
    with aigc.Client(rig.keys(rig.box.info["http"], retry_max_attempts=4)) as client:
        job = _job(client, "tencent", "flipped [webp]")
        image = rig.box.image("tencent", job.remote_id or "")
        report.ok(image[8:12] == b"WEBP", "the picture is a WebP")
        wrong = []
        for position in range(16, len(image), max(1, len(image) // 40)):
            rig.box.fault("flip_byte", "asset", position=position)
            download = job.download(0)
            if ended(download) is not None or download.data != image:
                wrong.append(position)
        report.ok(not wrong, "WebP, a bit flipped in many places: the right bytes", wrong)
        rig.box.fault("flip_byte", "asset", times=-1)
        error = ended(job.download(0))
        report.ok(error is not None and error.status is Status.CORRUPT, "WebP, always a flipped bit: CORRUPT", error)


if __name__ == "__main__":
    sys.exit(main("bytes", [retried, hopeless, flipped]))

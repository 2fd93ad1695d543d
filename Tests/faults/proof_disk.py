"""A full disk, a limit on file sizes, a folder that cannot be written: an error, no wrong file, and a resume."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Tuple

from proof import ended, main
from rig import Rig, fields
from store import Store, noisy_png
from tap import Report

import aigc
from aigc.enums import State

HERE = Path(__file__).resolve().parent
# A file system of 64 KiB; after the first try it grows.
TWO_TRIES = """set -e
mount -t tmpfs -o size=64k none "$1"
"$2" "$3" "$4" "$5" "$1/image.png" | tail -n 1
ls "$1" | tr '\\n' ' '; echo
mount -o remount,size=16m "$1"
"$2" "$3" "$4" "$5" "$1/image.png" | tail -n 1
cp "$1/image.png" "$6"
"""


def _large(rig: Rig) -> Tuple[str, str]:
    with aigc.Client(rig.keys(rig.box.info["http"])) as client:
        job = client.submit(**fields("tencent", "large [size:3000x3000]")).wait(30)
        return job.token or "", job.remote_id or ""


def full(rig: Rig, report: Report) -> None:
    """NO_SPACE, what was received is kept, and it is continued when there is room."""
    folder, copy = rig.folder / "full", rig.folder / "copy.png"
    folder.mkdir()
    test = ["unshare", "-m", "mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
    if shutil.which("unshare") is None or subprocess.run(test, capture_output=True, check=False).returncode != 0:
        report.skip("a full disk", "a small file system needs the right to mount one")
        return
    token, remote_id = _large(rig)
    keys = json.dumps(rig.keys(rig.box.info["http"]))
    words = [str(folder), sys.executable, str(HERE / "child.py"), keys, json.dumps({"token": token}), str(copy)]
    command = ["unshare", "-m", "sh", "-c", TWO_TRIES, "sh", *words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    lines = (done.stdout.splitlines() + ["", "", ""])[:3]
    image = rig.box.image("tencent", remote_id)
    report.ok(len(image) > 65536, "the image is larger than the disk", len(image))
    report.ok(lines[0].startswith("NO_SPACE"), "a full disk: NO_SPACE", lines[0] + done.stderr)
    names = lines[1].split()
    report.ok("image.png" not in names, "a full disk: no file of that name", names)
    report.ok(lines[2] == "OK", "room again: it finishes", lines[2])
    report.ok(copy.exists() and copy.read_bytes() == image, "room again: the bytes are the cloud's")
    ranges = [value for seen in rig.box.asset_requests() for name, value in seen["headers"] if name.lower() == "range"]
    report.note("kept on the full disk: %s; Range asked for: %s" % (names, ranges))


def limited(rig: Rig, report: Report) -> None:
    """ulimit -f: the kernel would end the process by SIGXFSZ; it lives and has an error."""
    folder = rig.folder / "limited"
    folder.mkdir()
    token, _ = _large(rig)
    keys = json.dumps(rig.keys(rig.box.info["http"]))
    words = [sys.executable, str(HERE / "child.py"), keys, json.dumps({"token": token}), str(folder / "image.png")]
    command = ["sh", "-c", 'ulimit -f 16 && exec "$@"', "sh", *words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    last = (done.stdout.splitlines() or [""])[-1]
    report.ok(done.returncode == 0, "a limit on file sizes: the process lives", done.returncode)
    report.ok(
        last.startswith(("FILE ", "NO_SPACE ", "TOO_LARGE ")), "a limit on file sizes: an error", last or done.stderr
    )
    report.ok(not (folder / "image.png").exists(), "a limit on file sizes: no file of that name")


def unwritable(rig: Rig, report: Report) -> None:
    """A folder that is not there, a file in its place, a name that is too long."""
    token, _ = _large(rig)
    with aigc.Client(rig.keys(rig.box.info["http"])) as client:
        job = client.attach(token).wait(30)
        plain = rig.folder / "plain"
        plain.write_text("a file")
        places = {
            "no such folder": rig.folder / "nowhere" / "image.png",
            "a file as folder": plain / "image.png",
            "a name too long": rig.folder / ("x" * 300),
        }
        for what, path in places.items():
            try:
                job.download(0, path).wait(30)
                report.ok(False, what, "it succeeded")
            except aigc.AigcError as error:
                good = error.status.name in ("FILE", "INVALID_ARGUMENT") and os.path.basename(path.parent) in str(error)
                report.ok(good, "%s: an error that names the place" % what, "%s %s" % (error.status.name, error))
        taken = rig.folder / "taken.png"
        taken.write_text("mine")
        try:
            job.download(0, taken).wait(30)
            report.ok(False, "an existing file", "it was replaced")
        except aigc.AigcError as error:
            report.ok(error.status.name == "FILE_EXISTS", "an existing file: FILE_EXISTS", error.status.name)
        report.ok(taken.read_text() == "mine", "an existing file: untouched")


def descriptors(rig: Rig, report: Report) -> None:
    """Hundreds of downloads wait without a descriptor; where there are too few, they are waited for."""
    before = len(os.listdir("/proc/self/fd"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Store() as store, aigc.Client(rig.keys(rig.box.info["http"])) as client:
        image = noisy_png(20, 20, seed=3)
        store.objects["/p.png"] = image
        store.delay = 0.02
        for limit, text in ((0, "as many as there are"), (before + 12, "too few")):
            folder = rig.folder / ("many-%d" % limit)
            folder.mkdir()
            downloads = [
                client.fetch("tencent", "aigc_image_asset", path=folder / ("%d.png" % number), url=store.url + "/p.png")
                for number in range(300)
            ]
            if limit:
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            most, until = 0, time.monotonic() + (3 if limit else 60)
            try:
                while time.monotonic() < until and any(d.state in (State.QUEUED, State.RUNNING) for d in downloads):
                    if not limit:
                        most = max(most, len(os.listdir("/proc/self/fd")))
                    time.sleep(0.01)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            errors = [str(download.error) for download in downloads if ended(download) is not None]
            report.ok(not errors, "descriptors, %s: every image comes" % text, errors[:2])
            if not limit:
                # 16 places, each with a folder, a file and a connection, on both sides; the worker may be behind.
                report.ok(most - before < 180, "300 downloads hold few descriptors", most - before)


if __name__ == "__main__":
    sys.exit(main("disk", [full, limited, unwritable, descriptors]))

"""The proxy shows what it is meant to show: plain libcurl, given the same faults, sends a POST twice."""

from __future__ import annotations

import shutil
import subprocess
import sys

from proof import main
from rig import Door, Rig
from tap import Report

RESENT = ("reset_0", "reset_1", "reset_half", "close_0", "reset_all", "reset_answered", "close_all", "cut_0")
NOT_RESENT = ("cut_4", "garbage", "html_502", "empty_503", "length_long", "chunked_cut")


def _curl(rig: Rig, door: Door, posts: int) -> None:
    command = ["curl"]
    for number in range(posts):
        command += ["--next"] if number else []
        command += ["-sS", "-m", "5", "--noproxy", "*", "--cacert", rig.box.info["ca_file"], "-o", "/dev/null"]
        command += ["-d", "post %d" % number, door.url + "/"]
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=30)


def plain_libcurl(rig: Rig, report: Report) -> None:
    """On a reused connection it sends again after a reset, and on a fresh one it does not."""
    if shutil.which("curl") is None:
        report.skip("plain libcurl", "there is no curl command")
        return
    for scheme in ("http", "https"):
        for name in RESENT + NOT_RESENT:
            with_reuse, fresh = rig.door("http", scheme), rig.door("http", scheme)
            with_reuse.arm(name, skip=1)
            _curl(rig, with_reuse, 2)
            fresh.arm(name)
            _curl(rig, fresh, 1)
            wanted = 3 if name in RESENT else 2
            seen = with_reuse.counts.begun
            report.ok(seen == wanted, "%s, %s: %d requests for two POSTs of curl" % (name, scheme, wanted), seen)
            report.ok(fresh.counts.begun == 1, "%s, %s: one request for one POST" % (name, scheme), fresh.counts.begun)
            with_reuse.close()
            fresh.close()


if __name__ == "__main__":
    sys.exit(main("instrument", [plain_libcurl]))

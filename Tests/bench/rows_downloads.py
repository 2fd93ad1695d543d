"""Images: against libcurl to a file, curl, and requests."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import List, Optional

from lab import Figures, Lab, Measures, Row, compare, cpu_per_call, information, limit, per_second


def place(lab: Lab) -> Path:
    """A folder in memory, so that the disk is not what is measured."""
    shm = Path("/dev/shm")
    folder = (shm if shm.is_dir() else lab.out) / ("aigc-bench-files-%s" % lab.out.parent.name.strip("."))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def mebibytes(lab: Lab, size: str) -> int:
    """In a hurry the large file is none."""
    return 2 if size == "small" or lab.quick else 200


def emptied(folder: Path) -> Path:
    """What the other side left behind is memory that the kernel would have to find again for this one."""
    for file in folder.iterdir():
        file.unlink()
    return folder


def files(lab: Lab) -> List[Row]:
    """To a file, with every check on."""
    rows: List[Row] = []
    folder = place(lab)
    peaks = {}
    for size, width, count, turns in (("small", 1, 300, 5), ("small", 16, 600, 5), ("large", 1, 4, 3), ("large", 16, 16, 3)):
        if size == "small":
            count = lab.count(count)
        elif lab.quick:
            count = width
        url = "https://%s/%s-%%d.png" % (lab.host, size)

        def plain() -> Figures:
            return lab.program("plain_download", url, lab.ca, emptied(folder), width, count)

        def ours() -> Figures:
            return lab.program("ours_download", url, lab.ca, emptied(folder), width, count)

        theirs, mine = lab.in_turns(turns, plain, ours)
        text = "%s MiB to a file, %d at once" % (mebibytes(lab, size), width)
        rows.append(compare(text + ": throughput", "a second", per_second(mine), per_second(theirs), least=0.95))
        rows.append(compare(text + ": CPU", "us", cpu_per_call(mine), cpu_per_call(theirs), most=1.15))
        peaks[size, width] = min(f["peak_kb"] for f in mine) / 1000
    shutil.rmtree(folder, ignore_errors=True)
    for width in (1, 16):
        small, large = peaks["small", width], peaks["large", width]
        rows.append(Row("peak memory, %d MiB against 2 MiB, %d at once" % (mebibytes(lab, "large"), width), "MB", large, small,
                        "at most 1 MB more", large - small <= 1, large / small))
    return rows


def with_curl(lab: Lab) -> List[Row]:
    """One large file, against the curl command."""
    folder = place(lab)
    url = "https://%s/large-0.png" % lab.host

    def curl() -> Figures:
        import resource

        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        command = ["curl", "-s", "--cacert", lab.ca, "-o", str(folder / "curl"), url]
        subprocess.run(command, check=True, env=lab.environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {"calls": 1, "seconds": time.perf_counter() - start, "cpu": used}

    theirs, ours = lab.in_turns(3, curl, lambda: lab.program("ours_download", url, lab.ca, folder, 1, 1))
    shutil.rmtree(folder, ignore_errors=True)
    return [compare("%d MiB to a file, against curl: throughput" % mebibytes(lab, "large"), "a second", per_second(ours),
                    per_second(theirs), least=0.95)]


def python(lab: Lab) -> List[Row]:
    """From Python: to memory against requests' content, to a file against its stream."""
    folder = place(lab)
    rows = []
    for kind, size, width, count, goal in (
            ("memory", "small", 1, 100, 2), ("memory", "small", 16, 300, 2), ("memory", "large", 1, 2, 2),
            ("file", "small", 1, 100, 1), ("file", "small", 16, 300, 1), ("file", "large", 1, 2, 1)):
        count = lab.count(count)
        url = "https://%s/%s-%%d.png" % (lab.host, size)
        theirs, ours = lab.in_turns(
            3, lambda: lab.script("requests_download.py", url, lab.ca, kind, folder, width, count),
            lambda: lab.script("ours_download.py", url, lab.ca, kind, folder, width, count))
        text = "Python: %s MiB to %s, %d at once, against requests" % (mebibytes(lab, size), kind, width)
        rows.append(compare(text, "a second", per_second(ours), per_second(theirs), least=goal))
        rows.append(information(text + ": CPU", "us", cpu_per_call(ours), cpu_per_call(theirs)))
    shutil.rmtree(folder, ignore_errors=True)
    return rows


def base64(lab: Lab) -> List[Row]:
    """An asset of 20 MiB, as Base64 and raw, to memory."""
    count = lab.count(20)

    def fetch(form: str, number: Optional[int] = None) -> Figures:
        return lab.program("ours_download", "alibaba " + lab.host, lab.ca, "-", 1, number or count,
                           "alibaba.asset_encoding=" + form)

    raw, text = lab.in_turns(5, lambda: fetch("raw"), lambda: fetch("base64"))
    # Base64 is a third more to receive and to decrypt: the same of that share is no cost of the decoding.
    once_raw, once_text = fetch("raw", 1), fetch("base64", 1)
    return [
        compare("20 MiB as Base64 against raw: CPU", "us", cpu_per_call(text), cpu_per_call(raw), most=1.3),
        limit("20 MiB as Base64 against raw: memory more", "MB", (once_text["peak_kb"] - once_raw["peak_kb"]) / 1000, 2),
    ]


MEASURES: Measures = [("files", files), ("curl", with_curl), ("requests", python), ("base64", base64)]

"""A download whose process is killed is continued by another one: little is fetched twice, and the bytes are right."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import List

from proof import LONG, main, until
from rig import Door, Keys, Rig
from store import Store, noisy_png
from tap import Report

HERE = Path(__file__).resolve().parent
CUTS = 12 if LONG else 4
STEP_KIB = 1100  # between two cuts; notes for another process begin with the first MiB
REFETCHED = 64 * 1024  # bytes that one cut may cost


def _start(keys: Keys, url: str, path: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, str(HERE / "child.py"), json.dumps(keys), json.dumps({"url": url}), str(path)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def _cut(door: Door, keys: Keys, url: str, path: Path, kib: int, skip: int = 0) -> None:
    """Let a process fetch so much more, see it idle, and kill it."""
    hits = len(door.counts.hits)
    door.arm("hold", variant=kib, skip=skip)
    process = _start(keys, url, path)
    try:
        until(lambda: len(door.counts.hits) > hits and door.counts.hits[-1].sent > 0, 30)
        time.sleep(0.3)  # it takes what was sent
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def killed(rig: Rig, report: Report) -> None:
    """kill -9 in the middle, several times, then in peace to the end."""
    with Store() as store:
        image = noisy_png(1500, (CUTS + 2) * STEP_KIB * 1024 // 4500, seed=1)
        store.objects["/large.png"] = image
        door = rig.door_to(store.url)
        keys, url = rig.keys(door.url), door.url + "/large.png"
        folder = rig.folder / "resume"
        folder.mkdir()
        path = folder / "large.png"
        for _ in range(CUTS):
            _cut(door, keys, url, path, STEP_KIB)
            report.ok(not path.exists(), "cut %d: no file of that name" % len(door.counts.hits))
        door.arm("hold", variant=1 << 20)
        said = _start(keys, url, path).communicate(timeout=90)[0]
        report.ok(said.strip().endswith("OK"), "after %d kills another process finishes it" % CUTS, said)
        report.ok(path.exists() and path.read_bytes() == image, "the bytes are the store's")
        files = sorted(file.name for file in folder.iterdir())
        report.ok(files == ["large.png"], "nothing is left beside it", files)
        hits = door.counts.hits
        costs: List[int] = [before.offset + before.sent - after.offset for before, after in zip(hits, hits[1:])]
        report.ok(len(costs) == CUTS and max(costs) <= REFETCHED, "each cut cost at most %d bytes" % REFETCHED, costs)
        report.ok(min(costs) >= 0, "no byte was left out", costs)
        report.note("an image of %d bytes; fetched twice, by cut: %s" % (len(image), costs))
        door.close()


def other_object(rig: Rig, report: Report) -> None:
    """What was left is not continued with the bytes of an object that has changed, or of another one."""
    with Store() as store:
        door = rig.door_to(store.url)
        keys = rig.keys(door.url)
        folder = rig.folder / "other"
        folder.mkdir()
        for what in ("the object changes", "another object under the same name"):
            path = folder / "picture.png"
            store.objects["/picture.png"] = noisy_png(1500, 700, seed=2)
            store.objects["/other.png"] = noisy_png(1500, 700, seed=3)
            _cut(door, keys, door.url + "/picture.png", path, 2000)
            name = "/other.png" if what.startswith("another") else "/picture.png"
            if name == "/picture.png":
                store.objects[name] = noisy_png(1500, 700, seed=4)
            said = _start(keys, door.url + name, path).communicate(timeout=90)[0]
            report.ok(said.strip().endswith("OK"), "a kill, then %s: it finishes" % what, said)
            good = path.exists() and path.read_bytes() == store.objects[name]
            report.ok(good, "a kill, then %s: not one byte of the old one" % what)
            for file in folder.iterdir():
                file.unlink()
        door.close()


SIGNED = "&q-sign-algorithm=sha1&q-ak=%d&q-sign-time=1;%d&q-key-time=1;%d&q-signature=%d"


def same_date(rig: Rig, report: Report) -> None:
    """Objects of one path, one size and one date, told apart by the query alone; and one object that is signed anew."""
    with Store() as store:
        store.only_dates = True
        door = rig.door_to(store.url)
        keys = rig.keys(door.url)
        folder = rig.folder / "date"
        folder.mkdir()
        images = [noisy_png(1500, 700, seed=5), noisy_png(1500, 700, seed=6)]
        again = tuple(SIGNED % (number, number, number, number) for number in (1, 2))
        for number, image in enumerate(images):
            for tail in ("", again[0]):
                store.objects["/p.png?versionId=%d%s" % (number, tail)] = image
        store.objects["/signed.png"] = images[0]
        pairs = {
            "another version": ("/p.png?versionId=0", "/p.png?versionId=1", images[1], False),
            "a signature besides": ("/p.png?versionId=0" + again[0], "/p.png?versionId=1" + again[0], images[1], False),
            "a new signature": ("/signed.png?a=1" + again[0], "/signed.png?a=1" + again[1], images[0], True),
            "another redirect": ("/moving", "/moving", images[1], False),
        }
        for number, (what, (first, second, image, continues)) in enumerate(pairs.items()):
            path = folder / ("%d.png" % number)
            store.moved["/moving"] = b"/p.png?versionId=0"
            _cut(door, keys, door.url + first, path, 2000, skip=int(first in store.moved))
            store.moved["/moving"] = b"/p.png?versionId=1"
            seen = len(store.seen)
            said = _start(keys, door.url + second, path).communicate(timeout=90)[0]
            report.ok(said.strip().endswith("OK"), "%s: it finishes" % what, said)
            report.ok(path.exists() and path.read_bytes() == image, "%s: the bytes of one image" % what)
            ranges = [headers.get("range") for _, headers in store.seen[seen:]]
            report.ok(any(ranges) == continues, "%s: %s" % (what, "continued" if continues else "from the start"), ranges)
        door.close()


if __name__ == "__main__":
    sys.exit(main("resume", [killed, other_object, same_date]))

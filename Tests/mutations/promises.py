"""Breaks each promise of include/aigc.h on purpose and shows that a test fails: mutants.py says where, and which test.

usage: promises.py [--folder PATH] [--only WORDS] [--check]
  --folder  a copy of the tree is kept and built there (default .build/mutations; about a minute for each mutant)
  --only    mutants whose line has all of these words, such as "promise 6"
  --check   only that each mutant still applies, and that a run ends at its limits: a few seconds, builds nothing
  --seconds how long the tests of one line may take (default 600)
  --memory  how many MiB the processes of one test run may hold together (default 4096)
Prints one TAP line a mutant. "no result" is not ok: the tests of a mutant reached a limit before one of them failed,
and a test that cannot end is no test. Run Tests/run.sh --only build first: it makes .venv.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import List, Tuple

import anchors
import limits
from mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("Package.swift", "Sources", "Tests", "bindings", "include")
BUILD = limits.Limits(seconds=1800, mib=16384)


def copy(folder: Path) -> None:
    """The tree as it is now; what has not changed keeps its time, so that little is built anew."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source, target = ROOT / part, folder / part
        if source.is_file():
            shutil.copy2(source, target)
            continue
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))


def apply(mutant: Mutant, folder: Path, write: bool) -> str:
    """Make the edits in the copy; what is wrong with them."""
    for name, function, old, new in mutant.edits:
        file = folder / name
        changed, wrong = anchors.edit(file.read_text(encoding="utf-8"), function, file.suffix != ".swift", old, new)
        if wrong:
            return "%s: %s" % (name, wrong)
        if write:
            file.write_text(changed, encoding="utf-8")
    return ""


def run(folder: Path, command: List[str], log: Path, bounds: limits.Limits) -> limits.Run:
    """One command in the copy."""
    environment = dict(os.environ, PYTHON=str(ROOT / ".venv" / "bin" / "python"))
    environment.pop("AIGC_LIBRARY", None)
    return limits.run(command, folder, environment, log, bounds)


def command_of(test: str) -> List[str]:
    """What a line of mutants.py stands for."""
    kind, *rest = shlex.split(test)
    if kind == "c":
        return ["bash", "Tests/c/run.sh", *[word for name in rest for word in ("--only", name)]]
    if kind == "journal":
        return ["bash", "Tests/journal/run.sh", *[word for name in rest for word in ("--only", name)]]
    if kind == "faults":
        return ["bash", "Tests/faults/run.sh", "--only", rest[0], *(["--", *rest[1:]] if rest[1:] else [])]
    return ["swift", "test", "--skip-build", "--filter", *rest]


def failed_facts(log: Path) -> List[str]:
    """What failed, in the words of the tests."""
    text = log.read_text(encoding="utf-8", errors="replace")
    return re.findall(r"^not ok (?:\d+ )?- (.*)$|^Test Case '(\S+)' failed", text, re.M)


def builds_of(test: str) -> List[str]:
    """What has to be built for a line of mutants.py."""
    if test.startswith("swift "):
        return ["swift", "build", "--build-tests"]
    return ["swift", "build", "-c", "release", "--product", "aigc"]


def try_one(mutant: Mutant, folder: Path, log: Path, bounds: limits.Limits) -> Tuple[bool, str]:
    """Build the mutant and run its tests until one fails."""
    built: List[List[str]] = []
    stuck = []
    for test in mutant.tests:
        log.unlink(missing_ok=True)
        if builds_of(test) not in built:
            made = run(folder, builds_of(test), log, BUILD)
            if made.status != 0 or made.limit:
                return False, "it does not build: %s" % (made.limit or log)
            built.append(builds_of(test))
            log.unlink(missing_ok=True)
        ran = run(folder, command_of(test), log, bounds)
        facts = ["".join(fact) for fact in failed_facts(log)]
        if facts:
            return True, "%s fails: %s%s" % (test, facts[0], ran.limit and ", then: " + ran.limit)
        if ran.limit:
            stuck.append("%s: %s" % (test, ran.limit))
        elif ran.status != 0:
            if not test.startswith("swift ") and "error: " in log.read_text(errors="replace"):
                return False, "%s could not be built: %s" % (test, log)
            return True, "%s fails: exit status %d" % (test, ran.status)
    if stuck:
        return False, "no result: %s" % ", ".join(stuck)
    return False, "no test fails: %s" % ", ".join(mutant.tests)


def main() -> int:
    """Run what was asked for."""
    p = argparse.ArgumentParser()
    p.add_argument("--folder", type=Path, default=ROOT / ".build" / "mutations")
    p.add_argument("--only", default="")
    p.add_argument("--check", action="store_true")
    p.add_argument("--seconds", type=int, default=600)
    p.add_argument("--memory", type=int, default=4096)
    options = p.parse_args()
    words = set(options.only.split())
    chosen = [mutant for mutant in MUTANTS if words <= set(("promise %d %s" % (mutant.promise, mutant.what)).split())]
    bounds = limits.Limits(options.seconds, options.memory)
    failures = 0
    if not options.check:
        copy(options.folder)
    for number, mutant in enumerate(chosen, 1):
        name = "promise %d: %s" % (mutant.promise, mutant.what)
        start = time.monotonic()
        text = apply(mutant, ROOT if options.check else options.folder, write=False)
        good = not text
        if good and not options.check:
            # The tree that was copied may be another one by now: what comes back is what was there.
            before = {name: (options.folder / name).read_text(encoding="utf-8") for name, *_ in mutant.edits}
            apply(mutant, options.folder, write=True)
            good, text = try_one(mutant, options.folder, options.folder / ("mutant-%d.log" % number), bounds)
            for edited, content in before.items():
                (options.folder / edited).write_text(content, encoding="utf-8")
        failures += not good
        print("%s %d - %s%s" % ("ok" if good else "not ok", number, name, ": " + text if text else ""), flush=True)
        if not options.check:
            print("# %.0f s" % (time.monotonic() - start), flush=True)
    facts = list(limits.check()) if options.check else []
    for number, (fact, holds) in enumerate(facts, len(chosen) + 1):
        failures += not holds
        print("%s %d - %s" % ("ok" if holds else "not ok", number, fact))
    print("1..%d" % (len(chosen) + len(facts)))
    return 1 if failures or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Figures that may fall and may not rise: allocations of a call (the built library), modules of "import aigc".

usage: ceilings.py [LIBRARY]
Where a change makes one of them smaller, lower the ceiling with it. Speed is no check: Tests/bench measures it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List

from tap import ROOT, Report

# Requests for memory by all libraries together, over plain HTTP. A fraction is what the
# clock brings: a second begins, a timer fires.
ALLOCATIONS = {"status": 54, "submission": 72}
# Modules that "import aigc" brings into a bare interpreter.
MODULES = 40


def allocations(library: Path) -> Dict[str, float]:
    """What allocations.c counts; the lowest of three runs."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "allocations")
        shutil.copy(library, Path(folder, "libaigc.so.1"))
        os.symlink("libaigc.so.1", Path(folder, "libaigc.so"))
        subprocess.run(
            ["gcc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-I", str(ROOT / "include"),
             str(ROOT / "Tests/checks/allocations.c"), "-L", folder, "-laigc", "-o", str(program)],
            check=True)
        environment = {"PATH": os.environ.get("PATH", ""), "LD_LIBRARY_PATH": folder}
        found: Dict[str, float] = {}
        for _ in range(3):
            out = subprocess.run([str(program)], check=True, stdout=subprocess.PIPE, encoding="utf-8", env=environment,
                                 timeout=60).stdout
            for line in out.splitlines():
                name, value = line.split()
                found[name] = min(float(value), found.get(name, float("inf")))
        return found


def imported() -> Dict[str, List[str]]:
    """The modules that "import aigc" brings, and what else it did."""
    code = ("import sys; before = set(sys.modules); import aigc; new = sorted(set(sys.modules) - before); "
            "import json, threading; maps = open('/proc/self/maps').read(); "
            "print(json.dumps({'modules': new, 'native': [n for n in ('libaigc', 'libcurl', 'libffi') if n in maps], "
            "'threads': [t.name for t in threading.enumerate()][1:]}))")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "bindings/python/src"), "PYTHONDONTWRITEBYTECODE": "1"}
    out = subprocess.run([sys.executable, "-S", "-c", code], check=True, stdout=subprocess.PIPE, encoding="utf-8",
                         env=environment).stdout
    result: Dict[str, List[str]] = json.loads(out)
    return result


def main() -> int:
    """Look at both."""
    report = Report()
    if len(sys.argv) > 1:
        if shutil.which("gcc"):
            found = allocations(Path(sys.argv[1]))
            for name, most in ALLOCATIONS.items():
                value = found.get(name, float("inf"))
                print("# allocations of one %s call: %.2f" % (name, value))
                report.rule("at most %g allocations for one %s call" % (most, name),
                            ["it takes %.2f" % value] if value > most else [])
        else:
            report.skip("allocations of a call", "there is no gcc")
    what = imported()
    print("# import aigc: %d modules" % len(what["modules"]))
    report.rule("import aigc brings at most %d modules" % MODULES,
                ["it brings " + ", ".join(what["modules"])] if len(what["modules"]) > MODULES else [])
    report.rule("import aigc loads no library", ["it loads " + name for name in what["native"]])
    report.rule("import aigc starts no thread", ["it starts " + name for name in what["threads"]])
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

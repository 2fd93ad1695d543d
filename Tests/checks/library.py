#!/usr/bin/env python3
"""What the built library is: what it needs, how large it is, how it was linked.

usage: library.py LIBRARY
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import List

from tap import Report

import header

MAY_NEED = (
    "libcurl.so.4", "libcrypto.so.3", "libjansson.so.4", "libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libc.so.6",
    "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
)
MOST_BYTES = 8_388_608


def tool(*command: str) -> str:
    """What a program prints."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def users_of_regex(built: Path) -> List[str]:
    """The object files beside the library that call the regex engine, or a String method that lives with it."""
    found = []
    for file in sorted(built.glob("*.build/*.o")):
        if "_StringProcessing" in tool("nm", "-u", str(file)):
            found.append("%s/%s calls it" % (file.parent.name.replace(".build", ""), file.name.replace(".o", "")))
    return found


def main() -> int:
    """Look at the library."""
    library = sys.argv[1]
    report = Report()
    dynamic = tool("readelf", "-W", "-d", library)
    segments = tool("readelf", "-W", "-l", library)

    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    report.rule("needs only what is listed", ["it needs %s" % n for n in needed if n not in MAY_NEED])
    missing = [n for n in ("libcurl.so.4", "libcrypto.so.3", "libjansson.so.4") if n not in needed]
    report.rule("needs curl, crypto and jansson", ["it does not need %s" % n for n in missing])

    soname = re.findall(r"\(SONAME\).*\[(.*)\]", dynamic)
    wanted = "libaigc.so." + header.version().split(".")[0]
    report.rule("soname", [] if soname == [wanted] else ["it is %s, not %s" % (soname, wanted)])

    flags = " ".join(re.findall(r"\((?:FLAGS|FLAGS_1)\)\s*(.*)", dynamic))
    report.rule("linked -z now", [] if "NOW" in flags else ["flags are: " + flags])
    report.rule("linked -z nodelete", [] if "NODELETE" in flags else ["flags are: " + flags])
    report.rule("linked -z relro", [] if "GNU_RELRO" in segments else ["there is no GNU_RELRO segment"])
    report.rule("no text relocations", ["it has TEXTREL"] if "TEXTREL" in dynamic else [])
    stack = re.search(r"GNU_STACK\s+(?:\S+\s+){5}(\S+)", segments)
    executable: List[str] = []
    if stack is None or "E" in stack.group(1):
        executable = ["GNU_STACK is %s" % (stack.group(1) if stack else "missing")]
    report.rule("the stack is not executable", executable)
    paths = re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", dynamic)
    bad = [p for entry in paths for p in entry.split(":") if p != "$ORIGIN"]
    report.rule("no search path of the machine that built it", ["it looks in %s" % p for p in bad])

    handle, stripped = tempfile.mkstemp(suffix=".so")
    os.close(handle)
    try:
        tool("strip", "--strip-unneeded", "-o", stripped, library)
        size = os.path.getsize(stripped)
    finally:
        os.unlink(stripped)
    print("# stripped: %d bytes" % size)
    # One call such as text.contains("://") brings Swift's regex engine along, 1.3 MB of it.
    names = tool("nm", "--defined-only", library)
    weight = names.count("17_StringProcessing") + names.count("12_RegexParser")
    inside = ["%d symbols of it are" % weight] if weight else []
    report.rule("Swift's regex engine is not inside", inside and users_of_regex(Path(library).parent) + inside)
    report.rule("under 8 MiB", ["%d bytes when stripped" % size] if size > MOST_BYTES else [])
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Runs the measures and writes the table. run.sh builds what it needs and calls it."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
import traceback
from pathlib import Path
from typing import List

import rows_calls
import rows_downloads
import rows_journal
import rows_languages
import rows_polls
import rows_start
import rows_waiting
from lab import HERE, Lab, Row, say, table
from servers import Server

MEASURES = rows_calls.MEASURES + rows_waiting.MEASURES + rows_downloads.MEASURES + rows_polls.MEASURES + rows_journal.MEASURES
MEASURES += rows_start.MEASURES + rows_languages.MEASURES


def record(text: str) -> None:
    """Puts the table between its marks in the README."""
    readme = HERE / "README.md"
    head, _, rest = readme.read_text().partition("<!-- table -->\n")
    _, _, tail = rest.partition("<!-- end of the table -->\n")
    if not tail:
        raise SystemExit("README.md has lost the marks of its table")
    readme.write_text("%s<!-- table -->\n%s\n<!-- end of the table -->\n%s" % (head, text, tail))


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--only", action="append", choices=[name for name, _ in MEASURES])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--library", type=Path, required=True)
    arguments = parser.parse_args()
    if arguments.record and (arguments.quick or arguments.only):
        parser.error("--record takes a whole run")
    lab = Lab(arguments.out, arguments.library, Path(sys.executable), arguments.quick)
    rows: List[Row] = []
    failed = False
    with Server(arguments.out / "server", arguments.out / "bin" / "crc64", large=not arguments.quick) as server:
        lab.server, lab.host, lab.ca = server, server.host, server.ca
        for name, measure in MEASURES:
            if arguments.only and name not in arguments.only:
                continue
            start = time.monotonic()
            try:
                found = measure(lab)
            except Exception:
                failed = True
                traceback.print_exc()
                continue
            rows += found
            say("%-11s %3d s   %s" % (name, time.monotonic() - start, "; ".join(
                "%s %s" % (row.name, "-" if row.met is None else "met" if row.met else "NOT met") for row in found)))
    print(table(rows))
    print("\n%d goals, %d met; %s, Python %s" % (
        sum(row.met is not None for row in rows), sum(row.met is True for row in rows), platform.machine(),
        platform.python_version()))
    if arguments.record and not failed:
        record(table(rows))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps([row._asdict() for row in rows], indent=1) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

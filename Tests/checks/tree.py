#!/usr/bin/env python3
"""The tree and its history: where files lie, how long they are, and what they must not say."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Iterator

from tap import ROOT, Report, tracked, where

TOP = {"Package.swift", "Sources", "Tests", "include", "bindings", "README.md"}
LINE = 130  # code is folded at 120 by swift format; a comment or a table may stand out a little
SWIFT_LINES = 400
LIMITED = {".swift", ".c", ".h", ".py", ".sh"}
# Written so that this file does not hold what it looks for.
FORBIDDEN = (
    ("a path of one machine", re.compile(r"(?<![\w.)}])/(?:work|root|mnt)/\w")),
    ("a registry's host", re.compile(r"pypi\." r"org|python" r"hosted|deb\.deb" r"ian|npmjs\." r"org", re.I)),
)


def stray() -> Iterator[str]:
    """Top-level entries that nobody expects."""
    for name in sorted({p.relative_to(ROOT).parts[0] for p in tracked()}):
        if name not in TOP and not name.startswith("."):
            yield name


def too_long() -> Iterator[str]:
    """Lines beyond the limit."""
    for path in tracked():
        if path.suffix in LIMITED:
            for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
                if len(line) > LINE:
                    yield "%s: %d characters" % (where(path, number), len(line))


def long_files() -> Iterator[str]:
    """Swift files that want to be two."""
    for path in tracked("*.swift"):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > SWIFT_LINES and "Tests" not in path.parts:
            yield "%s has %d lines" % (path.relative_to(ROOT), lines)


def forbidden_in_files() -> Iterator[str]:
    """Words in files."""
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.split("\n"), 1):
            for what, pattern in FORBIDDEN:
                if pattern.search(line):
                    yield "%s: %s" % (where(path, number), what)


def forbidden_in_history() -> Iterator[str]:
    """Words in commit messages."""
    log = subprocess.run(
        ["git", "-C", str(ROOT), "log", "--format=%h%x00%B%x01"], check=True, stdout=subprocess.PIPE
    ).stdout.decode("utf-8", "replace")
    for entry in log.split("\x01"):
        commit, _, message = entry.strip().partition("\0")
        for what, pattern in FORBIDDEN:
            if pattern.search(message):
                yield "the message of %s: %s" % (commit, what)


def main() -> int:
    """Look."""
    report = Report()
    report.rule("nothing strays at the top", stray())
    report.rule("lines have at most %d characters" % LINE, too_long())
    report.warn(long_files())
    report.rule("files name no machine and no registry", forbidden_in_files())
    report.rule("nor do commit messages", forbidden_in_history())
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

"""What aigc doctor says about the journal: whether SQLite is there, and what state the record of keys is in."""

from __future__ import annotations

import os
import shlex
import tempfile
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from .. import journal, profiles
from ..client import Client
from ..errors import AigcError
from .again import Again
from .doctor_findings import Command

_SMALL = 64 << 20


class Finding(NamedTuple):
    """One line, its advice, and how bad it is: "ok", "warn", "bad" or "none"."""

    state: str
    text: str
    advice: List[str] = []


def folder(settings: Dict[str, str]) -> Optional[str]:
    """The journal that a client with these settings would use; None if it would have none."""
    return profiles.configuration(settings).value("journal.path") or None


def look(settings: Dict[str, str], again: Again) -> List[Finding]:
    """SQLite, and the journal that is set. Changes nothing. again: what a further command repeats."""
    named = folder(settings)
    try:
        version = _sqlite(settings)
    except AigcError as error:
        text = f"no journal can be kept: {_reason(error)}"
        return [Finding("bad" if named else "none", text, ["Debian and Ubuntu: apt-get install libsqlite3-0"])]
    if named is None:
        return [
            Finding(
                "ok",
                f"no journal is set; SQLite {version} is there. With --journal FOLDER and --key a job is paid once, "
                "whatever is killed and typed again",
            )
        ]
    if not journal.is_made(named):
        around = Path(named).absolute().parent
        if not around.is_dir():
            return [Finding("bad", f"journal {named}: the folder {around} does not exist", [_make(around)])]
        return [Finding("ok", f"journal {named}: there is none yet, the first job makes it; SQLite {version}")]
    try:
        return [_state(named, journal.check(named), again.without_journal())]
    except AigcError as error:
        return [Finding("bad", _reason(error))]


def _sqlite(settings: Dict[str, str]) -> str:
    """The version of the SQLite that a journal would use, found out with a journal that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="aigc-doctor-") as scratch:
        place = os.path.join(scratch, "journal")
        try:
            with Client({**settings, "journal.path": place}):
                return str(journal.check(place)["sqlite"])
        except AigcError as error:
            # The folder for temporary files may be where no journal can be, and then says nothing about SQLite.
            if "SQLite" in str(error):
                raise
            return "(version unknown)"


def _state(named: str, report: Dict[str, Any], again: Again) -> Finding:
    counts = {state: number for state, number in report["counts"].items() if number}
    keys = ", ".join(f"{number} {state}" for state, number in counts.items()) or "no keys"
    free = report["free_bytes"]
    room = "unknown" if free < 0 else f"{free / (1 << 20):,.0f} MiB"
    text = (
        f"journal {report['path']}: {keys}; clients that use it now: {report['clients']}; "
        f"{report['bytes'] / (1 << 20):.1f} MiB, free on its disk: {room}; SQLite {report['sqlite']}"
    )
    if not report["ok"]:
        advice = "Put a copy of the folder aside, and take another folder or restore this one. Nothing was deleted."
        return Finding("bad", f"{text}; it is damaged: {'; '.join(report['problems'][:3])}", [advice])
    which = shlex.quote(f"--journal={named}")
    resume = f"{again.command('jobs resume', which)}   # {report['orphans']} open jobs whose clients are gone"
    unknown = f"{again.command('jobs list', which)} --state unknown   # look for them at the provider, then: aigc jobs resolve"
    advice_of = {
        report["warning"]: bool(report["warning"]),
        Command(resume): report["orphans"] > 0,
        Command(unknown): counts.get("unknown", 0) > 0,
        "Make room on that disk: what cannot be written down is not sent.": 0 <= free < _SMALL,
    }
    lines = [line for line, holds in advice_of.items() if holds]
    return Finding("warn" if lines else "ok", text, lines)


def _make(folder: Path) -> Command:
    words = ["mkdir", "-p", str(folder)]
    return Command(" ".join(map(shlex.quote, words)))


def _reason(error: AigcError) -> str:
    return str(error).strip()

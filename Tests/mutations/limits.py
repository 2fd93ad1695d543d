"""Runs a command with all its processes within a time and an amount of memory, so that no broken test can hang."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Set, Tuple


class Limits(NamedTuple):
    """How long a command may run, how much memory its processes may hold together, and how long they may clean up."""

    seconds: int
    mib: int
    grace: int = 10


class Run(NamedTuple):
    """How a command ended. `limit` is empty, or says which limit it reached; its processes were killed then."""

    status: int
    limit: str


class Process(NamedTuple):
    """What /proc says of a process."""

    parent: int
    session: int
    held: int


def processes() -> Dict[int, Process]:
    """All processes that have not ended."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue  # it has ended
            if words[0] != "Z":
                held = int(words[21]) * os.sysconf("SC_PAGE_SIZE")
                found[int(entry.name)] = Process(int(words[1]), int(words[3]), held)
    return found


def family(roots: Set[int], table: Dict[int, Process]) -> Set[int]:
    """Processes, their descendants, and whatever is left of the sessions that they lead."""
    pids = {pid for pid, process in table.items() if pid in roots or process.session in roots}
    while True:
        more = {pid for pid, process in table.items() if process.parent in pids} - pids
        if not more:
            return pids
        pids |= more


def tell(pids: Set[int], number: signal.Signals) -> None:
    """Send a signal to processes, of which some may have ended."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def end(root: int, grace: int) -> None:
    """End a command's processes, after some seconds for those that clean up, and all that they start meanwhile."""
    pids = family({root}, processes())
    tell(pids, signal.SIGTERM)
    for kills, seconds in ((False, grace), (True, 10)):
        by = time.monotonic() + seconds
        while pids and time.monotonic() < by:
            if kills:
                tell(pids, signal.SIGKILL)
            time.sleep(0.1)
            pids = family(pids | {root}, processes())


def run(command: List[str], folder: Path, environment: Dict[str, str], log: Path, limits: Limits) -> Run:
    """One command in a folder, its words added to the log. It ends at its limits, whatever it does."""
    by = time.monotonic() + limits.seconds
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        limit = ""
        try:
            while process.poll() is None and not limit:
                time.sleep(0.2)
                table = processes()
                if time.monotonic() > by:
                    limit = "no end within %d s" % limits.seconds
                elif sum(table[pid].held for pid in family({process.pid}, table)) > limits.mib << 20:
                    limit = "more than %d MiB" % limits.mib
        finally:
            end(process.pid, limits.grace)  # also what a command that has ended left behind
        return Run(process.wait(), limit)


def playing(command: str) -> Set[int]:
    """The processes that run a command of these words."""
    found = set()
    for pid in processes():
        try:
            line = Path("/proc/%d/cmdline" % pid).read_bytes()
        except OSError:
            continue  # it has ended
        if line == b"".join(word.encode() + b"\0" for word in command.split()):
            found.add(pid)
    return found


def check() -> Iterator[Tuple[str, bool]]:
    """Facts about this file, each with whether it holds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def play(limits: Limits, *command: str) -> Run:
            return run(list(command), folder, dict(os.environ), folder / "log", limits)

        made = play(Limits(60, 4096), "sh", "-c", "exit 3")
        yield "a run within its limits keeps its status", made == Run(3, "")
        pause = "sleep 600.%d" % os.getpid()
        stubborn = "trap : TERM; while :; do %s; done" % pause
        made = play(Limits(1, 4096, grace=1), "sh", "-c", "setsid sh -c \"$0\" & %s & wait" % pause, stubborn)
        ended = made.limit == "no end within 1 s" and not playing(pause)
        yield "a run that does not end is ended with all its children", ended
        hungry = "import time; kept = bytearray(200 << 20); time.sleep(600)"
        made = play(Limits(60, 100), "sh", "-c", "'%s' -c '%s' & wait" % (sys.executable, hungry))
        yield "a run that takes too much memory is ended", made.limit == "more than 100 MiB"

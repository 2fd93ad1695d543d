"""Interrupts an example, and checks whether it has told of every job that keeps running.

usage: interrupt.py [--operation NAME] [--by-signal] JOBS COMMAND [ARGUMENT]...
  inside sandbox.py; the command submits so many jobs that never end
  --by-signal  the runtime of the language says how it leaves: with 128 and the signal's number, not always with 130

Once with each of SIGINT, SIGTERM and SIGHUP: while the answers to the submissions are on their way, and after they have
come. The program has to leave with 130 within the grace of such an answer, and what it has printed names every job that
the sandbox has created.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, Optional
from urllib.request import Request, urlopen

CONTROL = os.environ["AIGC_TEST_CONTROL"]
DELAY_MS = 900


def call(method: str, path: str, body: Optional[Dict[str, Any]] = None) -> Any:
    """One request to the sandbox's control interface."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(CONTROL + path, data=data, method=method), timeout=30) as answer:
        return json.loads(answer.read() or b"null")


def jobs() -> List[str]:
    """The ids of the jobs that were created."""
    return [job["id"] for job in call("GET", "/stats")["jobs"]]


def submissions(operation: str) -> int:
    """How many submissions have arrived."""
    return len([row for row in call("GET", "/requests") if row.get("operation") == operation])


def restored() -> None:
    """A program that a shell has put into the background ignores SIGINT: this one has the usual handlers."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def interrupt(operation: str, number: int, on_the_wire: bool, count: int, command: List[str], leaves: int) -> None:
    """One run; raises AssertionError."""
    call("POST", "/reset")
    if on_the_wire:
        call("POST", "/faults", {"kind": "delay_after", "operation": operation, "times": count, "ms": DELAY_MS})
    with tempfile.NamedTemporaryFile("ab") as said:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, preexec_fn=restored
        )

        def text() -> str:
            return Path(said.name).read_text(encoding="utf-8", errors="replace")

        try:
            end = time.monotonic() + 30
            while (submissions(operation) if on_the_wire else text().count("aigc1:")) < count:
                assert process.poll() is None and time.monotonic() < end, "it did not get that far: " + text()
                time.sleep(0.02)
            time.sleep(0.1)
            process.send_signal(number)
            status = process.wait(DELAY_MS / 1000 + 10)
        finally:
            process.kill()
            process.wait()
        out = text()
    made = jobs()
    assert len(made) == count, "%d jobs were created" % len(made)
    assert status == leaves, "exit status %d: %s" % (status, out)
    missing = [job for job in made if job not in out]
    assert not missing, "%d of %d jobs are not told: %s" % (len(missing), count, out)


def main() -> int:
    """All of them."""
    arguments, operation = sys.argv[1:], "CreateAigcImageTask"
    if arguments[0] == "--operation":
        operation, arguments = arguments[1], arguments[2:]
    by_signal = arguments[0] == "--by-signal"
    arguments = arguments[1:] if by_signal else arguments
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        for on_the_wire in (True, False):
            try:
                interrupt(operation, number, on_the_wire, int(arguments[0]), arguments[1:], 128 + number if by_signal else 130)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                print("%s %s: %s" % (number.name, "on the wire" if on_the_wire else "after the answer", error))
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

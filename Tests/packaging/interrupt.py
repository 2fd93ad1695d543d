"""Interrupts an example, and checks what it says of its jobs: a statement about money has to be true.

usage: interrupt.py [--operation NAME] [--by-signal] [--terminal] JOBS COMMAND [ARGUMENT]...
  inside sandbox.py; the command submits so many jobs that never end: its prompt begins with "[never] ", the last part of
  its output's path is "none", and it has options -c KEY=VALUE
  --by-signal  the runtime of the language says how it leaves: with 128 and the signal's number, not always with 130
  --terminal   only Ctrl-C at a terminal reaches the program, no other signal

Once with each of SIGINT, SIGTERM and SIGHUP: while the answers to the submissions are on their way, and after they have
come. The program has to leave with 130 within the grace of such an answer, and what it has printed names every job that
the sandbox has created.

Then the answers outlast every grace: the jobs run and are paid, and the program cannot know. It has to say so, to leave
with 3, and with a journal to name the key. After that all submissions are refused for now: the program
has to say that nothing is paid. At last nobody can take what it prints: the token is on standard error all the same.
"""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple
from urllib.request import Request, urlopen

CONTROL = os.environ["AIGC_TEST_CONTROL"]
TENCENT = "CreateAigcImageTask"
DELAY_MS = 900
PATIENCE_S = 120  # For what has to come; no test waits so long for anything that comes.
FREE = r"nothing is paid|nothing was accepted|nothing was submitted|nothing runs"


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


def until(reached: Callable[[], bool], process: "subprocess.Popen[bytes]", text: Callable[[], str]) -> None:
    """Waits for a state; a program that ends before it fails the test."""
    end = time.monotonic() + PATIENCE_S
    while not reached():
        assert process.poll() is None and time.monotonic() < end, "it did not get that far: " + text()
        time.sleep(0.02)


def left(operation: str, number: int, count: int, command: List[str], terminal: bool) -> Tuple[int, str]:
    """Runs the command, ends it when so many submissions have arrived: its exit status, and what it has said."""
    with tempfile.NamedTemporaryFile("ab") as said:
        theirs = pty.openpty() if terminal else None

        def text() -> str:
            return Path(said.name).read_text(encoding="utf-8", errors="replace")

        def begun() -> None:
            restored()
            if theirs:
                os.setsid()
                os.close(os.open(os.ttyname(theirs[1]), os.O_RDWR))  # The terminal that controls it.

        process = subprocess.Popen(
            command, stdin=theirs[1] if theirs else subprocess.DEVNULL, stdout=theirs[1] if theirs else said, stderr=said,
            env={**os.environ, "TERM": "xterm"}, preexec_fn=begun,
        )
        try:
            until(lambda: submissions(operation) >= count, process, text)
            if theirs:
                os.write(theirs[0], b"\x03")
            else:
                process.send_signal(number)
            status = process.wait(PATIENCE_S)
        finally:
            process.kill()
            process.wait()
            for descriptor in theirs or ():
                os.close(descriptor)
        return status, text()


def unknown(operation: str, number: int, count: int, command: List[str], terminal: bool) -> None:
    """The answers come later than anybody waits for them; raises AssertionError."""
    call("POST", "/reset")
    call("POST", "/faults", {"kind": "delay_after", "operation": operation, "times": count, "ms": 3600000})
    status, out = left(operation, number, count, command, terminal)
    made = jobs()
    call("DELETE", "/faults")
    assert len(made) == count, "%d jobs were created: %s" % (len(made), out)
    assert status == 3, "exit status %d: %s" % (status, out)
    assert "may run and be paid" in out, "it does not say that the job may be paid: " + out
    assert not re.search(FREE, out), "it says that nothing is paid: " + out


def in_doubt(operation: str, number: int, count: int, command: List[str], terminal: bool) -> None:
    """The same with a journal: the command that the program names finds the key. Raises AssertionError."""
    with tempfile.TemporaryDirectory() as journal:
        at = command.index("-c")
        with_journal = [*command[:at], "-c", "journal.path=" + journal, *command[at:]]
        call("POST", "/reset")
        call("POST", "/faults", {"kind": "delay_after", "operation": operation, "times": count, "ms": 3600000})
        status, out = left(operation, number, count, with_journal, terminal)
        call("DELETE", "/faults")
        assert status == 3, "exit status %d: %s" % (status, out)
        aigc = [sys.executable, "-m", "aigc"]
        listed = subprocess.check_output([*aigc, "jobs", "list", "--journal", journal, "--json"], timeout=PATIENCE_S)
        rows = [json.loads(line) for line in listed.splitlines()]
        keys = [row["key"] for row in rows if "key" in row]
        assert len(keys) == count, "%d keys for %d jobs" % (len(keys), count)
        missing = [key for key in keys if key not in out]
        assert not missing, "these keys are not told: %s: %s" % (missing, out)
        for words in re.findall(r"\baigc (jobs show --journal \S+ -- [^\s)]+)", out):
            shown = [*aigc, *words.replace("FOLDER", journal).split()]
            found = subprocess.run(shown, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S, check=False)
            assert found.returncode == 0, "aigc %s: %s" % (words, found.stdout.decode())


def not_sent(operation: str, number: int, count: int, command: List[str], terminal: bool, leaves: int) -> None:
    """Every submission is refused for now, so that the library tries again and again; raises AssertionError."""
    call("POST", "/reset")
    code = "RequestLimitExceeded" if operation == TENCENT else "Throttling.User"
    refusal = {"code": code, "message": "too many requests", "times": 1000000}
    call("POST", "/faults", {"kind": "error", "operation": operation, **refusal})
    status, out = left(operation, number, count, command, terminal)
    call("DELETE", "/faults")
    assert not jobs(), "jobs were created: " + out
    assert status == leaves, "exit status %d: %s" % (status, out)
    assert len(re.findall(FREE, out)) >= count, "it does not say that nothing is paid: " + out
    assert "may run and be paid" not in out, "it says that the job may be paid: " + out


def untold(full: bool, count: int, command: List[str]) -> None:
    """The program runs to its end, and nobody can take what it prints: the token is on standard error. A full file has to
    make the program fail; some runtimes put /dev/null in the place of a closed descriptor. Raises AssertionError."""
    call("POST", "/reset")
    with tempfile.TemporaryDirectory() as folder:
        words = [word[8:] if word.startswith("[never] ") else word for word in command]
        words = [os.path.join(folder, "cat") if os.path.basename(word) == "none" else word for word in words]
        with open("/dev/full", "wb", buffering=0) as nowhere:
            ended = subprocess.run(
                words, stdin=subprocess.DEVNULL, stdout=nowhere if full else None, stderr=subprocess.PIPE, timeout=PATIENCE_S,
                preexec_fn=None if full else lambda: os.close(1),
            )
    said = ended.stderr.decode("utf-8", "replace")
    missing = [job for job in jobs() if job not in said]
    assert not missing, "%d jobs are not told on standard error: %s" % (len(missing), said)
    if full:
        assert len(jobs()) >= count, "%d jobs were created: %s" % (len(jobs()), said)
        assert ended.returncode != 0, "exit status 0 although nothing was printed: " + said


def facts(operation: str, count: int, command: List[str], by_signal: bool, terminal: bool) -> Dict[str, Callable[[], None]]:
    """All of them, each with its name."""
    found: Dict[str, Callable[[], None]] = {}

    def leaves(number: int) -> int:
        return 128 + number if by_signal else 130

    for number in () if terminal else (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        for on_the_wire in (True, False):
            name = "%s %s" % (number.name, "on the wire" if on_the_wire else "after the answer")
            found[name] = partial(interrupt, operation, number, on_the_wire, count, command, leaves(number))
    number = signal.SIGINT
    found["an answer later than the grace"] = partial(unknown, operation, number, count, command, terminal)
    number = number if terminal else signal.SIGTERM
    found["a key in doubt"] = partial(in_doubt, operation, number, count, command, terminal)
    found["refused for now"] = partial(not_sent, operation, number, count, command, terminal, leaves(number))
    found["a full standard output"] = partial(untold, True, count, command)
    found["a closed standard output"] = partial(untold, False, count, command)
    return found


def main() -> int:
    """All of them."""
    arguments, operation = sys.argv[1:], TENCENT
    if arguments[0] == "--operation":
        operation, arguments = arguments[1], arguments[2:]
    by_signal = arguments[0] == "--by-signal"
    arguments = arguments[1:] if by_signal else arguments
    terminal = arguments[0] == "--terminal"
    arguments = arguments[1:] if terminal else arguments
    for name, fact in facts(operation, int(arguments[0]), arguments[1:], by_signal, terminal).items():
        try:
            fact()
        except (AssertionError, subprocess.TimeoutExpired) as error:
            print("%s: %s" % (name, error))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

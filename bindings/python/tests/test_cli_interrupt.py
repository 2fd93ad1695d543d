"""Ctrl-C and SIGTERM: the command leaves at once, and the job that goes on can be found again."""

from __future__ import annotations

import importlib.util
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Tuple

import pytest
from support import Command, environment

NEVER = ("--provider", "tencent", "[never] cat")


class Running:
    """The command, with what it has written to standard error so far, through a pipe or a terminal."""

    def __init__(self, command: Command, terminal: bool, *arguments: str) -> None:
        if terminal:
            self._reader, writer = pty.openpty()
        else:
            self._reader, writer = os.pipe()
        os.set_blocking(self._reader, False)
        self.text = ""
        self.process = command.start(*arguments, stderr=writer, stdout=subprocess.PIPE, start_new_session=True)
        os.close(writer)

    def read(self) -> None:
        try:
            while True:
                data = os.read(self._reader, 65536)
                if not data:
                    return
                self.text += data.decode("utf-8", "replace")
        except (BlockingIOError, OSError):
            pass

    def until(self, condition: Callable[[str], bool], timeout: float = 20) -> None:
        end = time.monotonic() + timeout
        while not condition(self.text):
            assert time.monotonic() < end and self.process.poll() is None, self.text
            time.sleep(0.01)
            self.read()

    def signal(self, number: int) -> Tuple[int, float]:
        """Sends a signal and waits for the end: the exit code, and the seconds it took."""
        start = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(20)
        seconds = time.monotonic() - start
        self.read()
        os.close(self._reader)
        assert self.process.stdout is not None
        self.process.stdout.close()
        assert "Traceback" not in self.text
        return code, seconds


def token_of(text: str) -> str:
    for line in text.replace("\r", "").splitlines():
        _, found, token = line.partition("accepted, token: ")
        if found:
            return token.strip()
    raise AssertionError(text)


def test_results_go_to_a_pipe_and_progress_to_the_terminal(sandbox: Any, command: Command, tmp_path: Path) -> None:
    sandbox.config(duration=1.0)
    running = Running(command, True, "generate", "--provider", "tencent", "a cat", "--out", str(tmp_path))
    assert running.process.stdout is not None
    out = running.process.stdout.read()
    assert running.process.wait(20) == 0
    running.read()
    (path,) = tmp_path.iterdir()
    assert out == f"{path}\n" and str(path) not in running.text
    if importlib.util.find_spec("rich") is not None:
        assert "\x1b[" in running.text  # The bars were there.


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_generate(sandbox: Any, command: Command, tmp_path: Path, terminal: bool, number: int) -> None:
    running = Running(command, terminal, "generate", *NEVER, "--out", str(tmp_path))
    running.until(lambda text: "accepted, token: " in text)
    time.sleep(0.3)
    code, seconds = running.signal(number)
    assert code == 130 and seconds < 1, (seconds, running.text)
    token = token_of(running.text)
    after = running.text.split("goes on at the provider")[1].replace("\r", "").replace("\n", "")
    assert f"aigc wait {token}" in after and f"aigc fetch {token}" in after
    status = command.run("status", token)
    assert status.returncode == 0 and status.stdout.startswith(("PENDING", "RUNNING"))


def test_wait(sandbox: Any, command: Command) -> None:
    token = command.run("submit", *NEVER).stdout.strip()
    running = Running(command, False, "wait", token)
    running.until(lambda text: "tencent aigc_image" in text)
    time.sleep(0.3)
    code, seconds = running.signal(signal.SIGINT)
    assert code == 130 and seconds < 1 and f"aigc fetch {token}" in running.text


def test_status_and_fetch_of_a_silent_provider(sandbox: Any, command: Command, tmp_path: Path) -> None:
    token = command.run("submit", *NEVER).stdout.strip()
    for arguments in (("status", token), ("fetch", token, "--out", str(tmp_path))):
        sandbox.fault("silence", "DescribeAigcImageTask", times=100)
        before = len(sandbox.requests("DescribeAigcImageTask"))
        running = Running(command, False, *arguments)
        running.until(lambda _, before=before: len(sandbox.requests("DescribeAigcImageTask")) > before)
        code, seconds = running.signal(signal.SIGINT)
        assert code == 130 and seconds < 1, (arguments, seconds, running.text)
        sandbox.clear_faults()


def test_on_the_wire_the_id_is_not_lost(sandbox: Any, command: Command, tmp_path: Path) -> None:
    sandbox.fault("delay_after", "CreateAigcImageTask", ms=1500)
    running = Running(command, False, "generate", *NEVER, "--out", str(tmp_path))
    running.until(lambda _: bool(sandbox.requests("CreateAigcImageTask")))
    time.sleep(0.3)
    code, seconds = running.signal(signal.SIGINT)
    assert code == 130 and 0.5 < seconds < 4, (seconds, running.text)
    assert "goes on at the provider; its token: " in running.text
    token = running.text.split("its token: ")[1].split()[0]
    assert command.run("status", token).returncode == 0


def test_twice_on_the_wire_leaves_at_once_and_says_so(sandbox: Any, command: Command, tmp_path: Path) -> None:
    sandbox.fault("silence", "CreateAigcImageTask", handled=True)
    running = Running(command, False, "generate", *NEVER, "--out", str(tmp_path))
    running.until(lambda _: bool(sandbox.requests("CreateAigcImageTask")))
    time.sleep(0.3)
    running.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    code, seconds = running.signal(signal.SIGINT)
    assert code == 6 and seconds < 1, (seconds, running.text)
    assert "OUTCOME UNKNOWN" in running.text


def test_not_sent_yet(sandbox: Any, command: Command, tmp_path: Path) -> None:
    arguments = ("--endpoint", "http://127.0.0.1:9", "-c", "retry.max_attempts=50", "--out", str(tmp_path))
    running = Running(command, False, "generate", *NEVER, *arguments)
    running.until(lambda text: "queued" in text)
    time.sleep(0.3)
    code, seconds = running.signal(signal.SIGINT)
    assert code == 130 and seconds < 1, (seconds, running.text)
    assert "OUTCOME" not in running.text and "token" not in running.text


def test_a_program_in_python(sandbox: Any, keys: Any) -> None:
    """KeyboardInterrupt comes out of wait() at once, with the token written on it."""
    code = f"""
import aigc, sys, time
with aigc.Client({keys!r}) as client:
    try:
        client.generate("tencent", "aigc_image", prompt="[never]", on_accepted=lambda job: print(job.token, flush=True))
    except KeyboardInterrupt as error:
        print(time.monotonic(), getattr(error, "__notes__", None), flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", code], env=environment(), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    token = process.stdout.readline().strip()
    time.sleep(0.2)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    moment, _, notes = process.stdout.readline().partition(" ")
    assert float(moment) - start < 0.5
    if sys.version_info >= (3, 11):
        assert token in notes
    assert process.wait(10) == 0 and time.monotonic() - start < 2
    process.stdout.close()


def test_in_the_moment_of_the_submission(sandbox: Any, command: Command, tmp_path: Path) -> None:
    """Between the C call and keeping its result, a signal must not lose the job."""
    patched = """
import os, signal, sys
from aigc import cli, client
submit = client.Client.submit
def struck(*arguments, **more):
    job = submit(*arguments, **more)
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000): pass  # Time for the handler to run.
    return job
client.Client.submit = struck
sys.exit(cli.main(sys.argv[1:]))
"""
    for name, more in (("generate", ("--out", str(tmp_path))), ("submit", ())):
        before = sum(sandbox.stats()["jobs_created"].values())
        arguments = command.line(name, *NEVER, *more)[3:]
        env = environment(**command.variables)
        done = subprocess.run(
            [sys.executable, "-c", patched, *arguments], env=env, capture_output=True, text=True, timeout=30
        )
        created = sum(sandbox.stats()["jobs_created"].values()) - before
        assert done.returncode == 130 and "Traceback" not in done.stderr, done.stderr
        assert done.stderr.count("goes on at the provider; its token: ") == created


def test_a_program_in_python_on_the_wire(sandbox: Any, keys: Any) -> None:
    """Interrupted before the answer: the answer gets its grace, and the token is not lost."""
    sandbox.fault("delay_after", "CreateAigcImageTask", ms=800)
    code = f"""
import aigc
with aigc.Client({keys!r}) as client:
    try:
        client.generate("tencent", "aigc_image", prompt="[never]", on_accepted=lambda job: print(job.token, flush=True))
    except KeyboardInterrupt as error:
        print("interrupted", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", code], env=environment(), stdout=subprocess.PIPE, text=True)
    while not sandbox.requests("CreateAigcImageTask"):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    token, last = out.splitlines()
    assert len(token) > 20 and last == "interrupted" and process.returncode == 0

"""Ctrl-C and SIGTERM: the command leaves at once, and the job that keeps running can be found again."""

from __future__ import annotations

import importlib.util
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, List, Tuple

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
@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGXCPU],
    ids=lambda number: number.name,
)
def test_generate(sandbox: Any, command: Command, tmp_path: Path, terminal: bool, number: int) -> None:
    running = Running(command, terminal, "generate", *NEVER, "--out", str(tmp_path))
    running.until(lambda text: "accepted, token: " in text)
    time.sleep(0.3)
    code, seconds = running.signal(number)
    assert code == 130 and seconds < 1, (seconds, running.text)
    token = token_of(running.text)
    after = running.text.split("keeps running at the provider")[1].replace("\r", "").replace("\n", "")
    assert f"aigc wait {token}" in after and f"aigc fetch {token}" in after
    status = command.run("status", token)
    assert status.returncode == 0 and status.stdout.startswith(("PENDING", "RUNNING"))


def pasted(text: str) -> List[str]:
    """The commands that it has printed."""
    lines = text.replace("\r", "").splitlines()
    starts = ("aigc: to wait for it: ", "aigc: to get its images: ")
    return [line.partition(start)[2] for line in lines for start in starts if line.startswith(start)]


def test_what_it_prints_works_when_it_is_pasted(sandbox: Any, command: Command, tmp_path: Path) -> None:
    """With all that the command line had: without the endpoint, for instance, the job would be asked for elsewhere."""
    out = tmp_path / "it's a folder; $HOME"
    sandbox.config(duration=2.0)
    options = ("--out", str(out), "--name-template", "cat {index} $x")
    running = Running(command, False, "generate", "--provider", "tencent", "a cat", *options)
    running.until(lambda text: "accepted, token: " in text)
    code, _ = running.signal(signal.SIGHUP)
    assert code == 130
    wait, fetch = pasted(running.text)
    env = environment(**command.variables)
    done = [subprocess.run(["bash", "-c", line], env=env, capture_output=True, text=True, timeout=60) for line in (wait, fetch)]
    assert [one.returncode for one in done] == [0, 0], [one.stderr for one in done]
    (path,) = out.iterdir()
    assert done[1].stdout == f"{path}\n" and path.stem == "cat 0 $x"


def test_what_it_prints_repeats_no_secret(sandbox: Any, command: Command, tmp_path: Path) -> None:
    secret = sandbox.info["tencent"]["secret_key"]
    values = {
        "tencent.secret_id": sandbox.info["tencent"]["secret_id"],
        "tencent.secret_key": secret,
        "http.proxy": "http://me:S3cret@127.0.0.1:9",
        "http.no_proxy": "*",
    }
    keys = [part for key, value in values.items() for part in ("-c", f"{key}={value}")]
    running = Running(command, False, "generate", *NEVER, "--out", str(tmp_path), *keys)
    running.until(lambda text: "accepted, token: " in text)
    running.signal(signal.SIGTERM)
    assert "once more, which are not repeated here: tencent.secret_key, http.proxy" in running.text
    assert secret not in running.text and "S3cret" not in running.text


def test_a_terminal_that_has_gone(sandbox: Any, command: Command, tmp_path: Path) -> None:
    """Nobody can be told: the token is kept in a file."""
    command.variables["XDG_STATE_HOME"] = str(tmp_path / "state")
    for name, more in (("generate", ["--out", str(tmp_path)]), ("submit", ["--quiet"])):
        master, terminal = pty.openpty()
        process = command.start(name, *NEVER, *more, stdin=terminal, stdout=terminal, stderr=terminal)
        os.close(terminal)
        if name == "generate":
            while b"token: " not in os.read(master, 65536):
                pass
        os.close(master)
        if name == "generate":
            process.send_signal(signal.SIGHUP)
            time.sleep(0.02)
            process.send_signal(signal.SIGHUP)  # A shell passes on what the terminal has sent already.
        assert process.wait(20) == (130 if name == "generate" else 1)
        kept = (tmp_path / "state" / "aigc" / "untold-tokens").read_text()
        token = kept.splitlines()[-1].split()[-1]
        assert command.run("status", token).returncode == 0
        assert (tmp_path / "state" / "aigc" / "untold-tokens").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("redirection", ["| true", ">&-", "2>&1 | true", ">&- 2>&-", "> /dev/full", ">/dev/full 2>&1"])
@pytest.mark.parametrize("more", ["", "--quiet", "--json", "--quiet --json"])
def test_a_submission_whose_token_nobody_reads(
    sandbox: Any, command: Command, tmp_path: Path, redirection: str, more: str
) -> None:
    """It fails, and the token is on standard error; where that is closed too, in a file."""
    env = environment(**command.variables, XDG_STATE_HOME=str(tmp_path))
    line = " ".join(map(shlex.quote, command.line("submit", *NEVER, *more.split())))
    shell = f"set -o pipefail; {line} {redirection}"
    done = subprocess.run(["bash", "-c", shell], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done
    kept = tmp_path / "aigc" / "untold-tokens"
    told = done.stderr + (kept.read_text() if kept.exists() else "")
    tokens = {word.strip('"') for word in re.split(r"[\s,]+", told) if word.strip('"').startswith("aigc1:")}
    assert len(tokens) == 1, told
    assert command.run("status", *tokens).returncode == 0


@pytest.mark.parametrize("name", ["generate", "wait", "status --json", "fetch"])
def test_results_that_nobody_reads(sandbox: Any, command: Command, tmp_path: Path, name: str) -> None:
    """They are on standard error. A reader who has gone away does not make a failure of images that are there."""
    token = command.run("submit", "--provider", "tencent", "a cat").stdout.strip()
    command.run("wait", token)
    first, *more = name.split()
    arguments = ["--provider", "tencent", "a cat"] if first == "generate" else [token]
    if first in ("generate", "fetch"):
        arguments += ["--out", str(tmp_path)]
    process = command.start(first, *arguments, *more, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == (0 if first in ("generate", "fetch") else 1), told
    assert (str(tmp_path) if first in ("generate", "fetch") else token) in told


def test_generate_quietly_for_nobody(sandbox: Any, command: Command, tmp_path: Path) -> None:
    process = command.start(
        "generate", "--provider", "tencent", "a cat", "--quiet", "--out", str(tmp_path),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == 1 and "the job's token: aigc1:" in told and str(tmp_path) in told


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
    assert "keeps running at the provider; its token: " in running.text
    token = running.text.split("its token: ")[1].split()[0]
    assert command.run("status", token).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_one_wish_that_is_passed_on_twice(sandbox: Any, command: Command, tmp_path: Path, number: int) -> None:
    """Terminal and shell both send SIGHUP, a wrapper passes on the SIGINT that everybody got: the answer has its grace."""
    sandbox.fault("delay_after", "CreateAigcImageTask", ms=1500)
    running = Running(command, False, "generate", *NEVER, "--out", str(tmp_path))
    running.until(lambda _: bool(sandbox.requests("CreateAigcImageTask")))
    running.process.send_signal(number)
    time.sleep(0.02)
    code, _ = running.signal(number)
    assert code == 130 and "keeps running at the provider; its token: " in running.text


@pytest.mark.parametrize("name", ["generate", "submit"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_late_answer_is_waited_for(sandbox: Any, command: Command, tmp_path: Path, name: str, number: int) -> None:
    """Longer than the library's own two seconds: a second signal can end the wait, and the first says so at once."""
    sandbox.fault("delay_after", "CreateAigcImageTask", ms=5000)
    more = ("--out", str(tmp_path)) if name == "generate" else ()
    running = Running(command, False, name, *NEVER, *more)
    running.until(lambda _: bool(sandbox.requests("CreateAigcImageTask")))
    running.process.send_signal(number)
    running.until(lambda text: "waiting up to 10 s for the answer; again: end at once" in text)
    assert "its token: " not in running.text
    code = running.process.wait(20)
    running.read()
    assert code == 130 and "OUTCOME" not in running.text, running.text
    token = running.text.split("keeps running at the provider; its token: ")[1].split()[0]
    assert command.run("status", token).returncode == 0


def test_a_grace_that_somebody_has_set(sandbox: Any, command: Command, tmp_path: Path) -> None:
    sandbox.fault("silence", "CreateAigcImageTask", handled=True)
    running = Running(command, False, "submit", *NEVER, "-c", "close.grace_ms=300")
    running.until(lambda _: bool(sandbox.requests("CreateAigcImageTask")))
    code, _ = running.signal(signal.SIGINT)
    assert code == 6 and "waiting up to 0.3 s" in running.text and "OUTCOME UNKNOWN" in running.text


def test_a_late_answer_after_a_timeout(sandbox: Any, command: Command) -> None:
    sandbox.fault("delay_after", "CreateAigcImageTask", ms=5000)
    done = command.run("submit", *NEVER, "--timeout", "1")
    assert done.returncode == 9 and "waiting up to 10 s for the answer; Ctrl-C: end at once" in done.stderr, done
    assert "keeps running at the provider; its token: " in done.stderr


@pytest.mark.parametrize("again", [False, True], ids=["once", "twice"])
def test_a_call_on_the_wire(sandbox: Any, command: Command, again: bool) -> None:
    """It may have cost money: its answer is waited for, and printed."""
    sandbox.fault("delay_after", "SandboxEchoThing", ms=4000)
    running = Running(command, False, "call", "tencent", "SandboxEchoThing", "--set", "A=b")
    running.until(lambda _: bool(sandbox.requests("SandboxEchoThing")))
    running.process.send_signal(signal.SIGINT)
    running.until(lambda text: "waiting up to 10 s for the answer" in text)
    if again:
        time.sleep(0.3)
        running.process.send_signal(signal.SIGINT)
    assert running.process.stdout is not None
    out = running.process.stdout.read()
    code = running.process.wait(20)
    running.read()
    assert (code, "OUTCOME UNKNOWN" in running.text) == ((6, True) if again else (130, False)), running.text
    assert ("RequestId" in out) is not again and len(sandbox.requests("SandboxEchoThing")) == 1


def test_a_call_that_only_reads(sandbox: Any, command: Command) -> None:
    sandbox.fault("silence", "SandboxEchoThing", times=10)
    running = Running(command, False, "call", "tencent", "SandboxEchoThing", "--reads")
    running.until(lambda _: bool(sandbox.requests("SandboxEchoThing")))
    code, _ = running.signal(signal.SIGTERM)
    assert code == 130 and "on the wire" not in running.text


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
        assert done.stderr.count("keeps running at the provider; its token: ") == created


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

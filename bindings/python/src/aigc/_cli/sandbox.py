"""aigc sandbox: a stand-in for both clouds, and the environment in which any program meets it."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import Any, Dict, List, Optional, Tuple

from ..enums import Status
from ..errors import AigcError, InvalidArgumentError
from . import exits
from .again import program
from .interrupts import Interrupted, Interrupts
from .output import Output

_START = 60.0
_PASSED_ON = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_THE_TERMINALS = ("SIGINT", "SIGQUIT")


def sandbox(args: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    """Starts it: for a command, for this shell, or until Ctrl-C."""
    if args.rest and not args.run:
        words = ["sandbox", f"--duration={args.duration:g}", f"--rate={args.rate:g}", "--", *args.rest]
        line = " ".join([program(), *map(shlex.quote, words)])
        raise InvalidArgumentError(
            f"to run a command in the sandbox's environment: {line}", status=Status.INVALID_ARGUMENT
        )
    if args.env and args.run:
        raise InvalidArgumentError("--env is for a shell: give it, or a command", status=Status.INVALID_ARGUMENT)
    if args.env:
        return _for_this_shell(args)
    process, info = _start(args, os.getpid())
    try:
        return _command(args.run, info) if args.run else _until_told(process, info, output)
    finally:
        _stop(process)


def _for_this_shell(args: argparse.Namespace) -> int:
    """What a shell evaluates; the sandbox ends with the shell."""
    try:
        process, info = _start(args, _shell())
    except BaseException:
        print("false")  # eval "$(...)" fails too, and not only this command.
        raise
    for name, value in _environment(info).items():
        print(f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}")
    print(f"export AIGC_SANDBOX_PID={process.pid}")
    print("aigc: the sandbox stands in for both clouds in this shell, and ends with it", file=sys.stderr)
    print(f"aigc: what it does is to be seen at {info['page']}", file=sys.stderr)
    return exits.OK


def _until_told(process: "subprocess.Popen[bytes]", info: Dict[str, Any], output: Output) -> int:
    if output.as_json:
        output.event(type="sandbox", **info)
    else:
        for name, value in _environment(info).items():
            if value is not None:
                output.result(f"export {name}={shlex.quote(value)}", vital=False)
        output.note("aigc: the sandbox runs until Ctrl-C; the lines above are for other shells")
    output.note(f"aigc: what it does is to be seen at {info['page']}")
    try:
        process.wait()
    except Interrupted:
        return exits.INTERRUPTED
    return exits.FAILURE


def _command(command: List[str], info: Dict[str, Any]) -> int:
    """Runs it, and returns its exit status; a signal for us is one for it."""
    environment = dict(os.environ)
    for name, value in _environment(info).items():
        environment.pop(name, None)
        if value is not None:
            environment[name] = value
    child: Optional["subprocess.Popen[bytes]"] = None
    early: List[int] = []  # The command can have begun before Popen() has returned.

    def pass_on(number: int, frame: Optional[FrameType]) -> None:
        if child is None:
            early.append(number)
        elif child.poll() is None:
            child.send_signal(number)

    for name in _PASSED_ON:
        if signal.getsignal(getattr(signal, name)) != signal.SIG_IGN:
            signal.signal(getattr(signal, name), pass_on)
    for name in _THE_TERMINALS:  # The terminal sends these to the command as well.
        if signal.getsignal(getattr(signal, name)) != signal.SIG_IGN:
            signal.signal(getattr(signal, name), lambda number, frame: None)
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise InvalidArgumentError(
            f"{command[0]} cannot be started: {error.strerror}", status=Status.INVALID_ARGUMENT
        ) from error
    for number in early:
        child.send_signal(number)
    code = child.wait()
    return code if code >= 0 else 128 - code


def _environment(info: Dict[str, Any]) -> Dict[str, Optional[str]]:
    from ..sandbox.environment import environment

    return environment(info)


def _start(args: argparse.Namespace, pid: int) -> "Tuple[subprocess.Popen[bytes], Dict[str, Any]]":
    """Starts a sandbox that ends with that process, in a session of its own: Ctrl-C is not meant for it."""
    missing = [name for name, module in (("aiohttp", "aiohttp"), ("Pillow", "PIL")) if not importlib.util.find_spec(module)]
    if missing:
        raise AigcError(
            f"the sandbox needs {' and '.join(missing)}: {sys.executable} -m pip install 'libaigc[sandbox]'",
            status=Status.NO_RESOURCES,
        )
    source = str(Path(__file__).resolve().parents[2])  # Works from a source tree too.
    paths = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryDirectory(prefix="aigc-") as folder:
        ready, log = Path(folder) / "ready", Path(folder) / "log"
        command = [sys.executable, "-m", "aigc.sandbox", "--exit-with", str(pid), "--ready-file", str(ready)]
        command += ["--duration", str(args.duration), "--rate", str(args.rate)]
        with log.open("wb") as said:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                env={**os.environ, "PYTHONPATH": paths},
                start_new_session=True,
            )
        end = time.monotonic() + _START
        try:
            while not ready.exists():
                if process.poll() is not None or time.monotonic() > end:
                    text = log.read_text(encoding="utf-8", errors="replace").strip() or "it said nothing"
                    raise AigcError(f"the sandbox did not start: {text}", status=Status.NO_RESOURCES)
                time.sleep(0.02)
        except BaseException:
            _stop(process)
            raise
        return process, json.loads(ready.read_text(encoding="utf-8"))


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _shell() -> int:
    """The shell that evaluates what we print. A substitution can be a fork of the shell that is gone in a moment: it has the
    shell's own command line."""
    pid = os.getppid()
    while True:
        parent = _parent(pid)
        if parent <= 1 or not _line(pid) or _line(pid) != _line(parent):
            return pid
        pid = parent


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""

"""Hosts that use a journal and are killed: starting them, reading what they said, and what the cloud counted."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "bindings" / "python" / "src"))
sys.path.insert(0, str(ROOT / "Tests" / "faults"))

from aigc.sandbox.testing import SandboxProcess, keys  # noqa: E402
from tap import Report  # noqa: E402,F401  (for those who import this)

QUICK = {
    "poll.initial_ms": "100",
    "poll.max_ms": "300",
    "rate.tencent.create_per_s": "0",
    "rate.tencent.describe_per_s": "0",
    "retry.base_ms": "20",
    "retry.max_ms": "100",
    "http.proxy": "none",
    "credentials.use_environment": "false",
    "credentials.use_files": "false",
    "credentials.use_metadata": "false",
}


def settings(box: SandboxProcess, **more: str) -> str:
    """The configuration of a host, as the drivers read it."""
    return "\n".join("%s=%s" % pair for pair in {**QUICK, **keys(box.info), **more}.items())


@dataclass
class Said:
    """What a host has said in its life."""

    began: bool = False
    ended: bool = False
    accepted: Dict[str, str] = field(default_factory=dict)
    done: Dict[str, Tuple[str, str, str, str]] = field(default_factory=dict)  # state, status, outcome, id
    refused: Dict[str, Tuple[str, str]] = field(default_factory=dict)  # status, outcome
    warnings: List[str] = field(default_factory=list)
    broken: List[str] = field(default_factory=list)

    def hear(self, line: str) -> None:
        """One line of a driver. A killed driver may leave half a line, which does not count."""
        if not line.endswith("\n"):
            return
        words = line.split()
        kind = words[0] if words else ""
        if kind == "S":
            self.began = True
        elif kind == "A":
            self.accepted[words[1]] = words[2]
        elif kind == "D":
            self.done[words[1]] = (words[2], words[3], words[4], words[5])
        elif kind == "E":
            self.refused[words[1]] = (words[2], words[3])
        elif kind == "W":
            self.warnings.append(line.strip())
        elif kind == ".":
            self.ended = True
        else:
            self.broken.append(line.strip())

    @property
    def ids(self) -> Dict[str, str]:
        """All ids that it told, whenever."""
        return {**self.accepted, **{key: end[3] for key, end in self.done.items() if end[3] != "-"}}


class Host:
    """One life of a driver."""

    def __init__(
        self, language: str, folder: Path, keys: Iterable[str], config: str, flags: Sequence[str] = (),
        environment: Optional[Mapping[str, str]] = None,
    ) -> None:
        command = [str(program())] if language == "c" else [sys.executable, str(HERE / "driver.py")]
        inherited = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "HOME", "TMPDIR", "AIGC_LIBRARY")}
        inherited["PYTHONPATH"] = str(ROOT / "bindings" / "python" / "src")
        inherited["PYTHONDONTWRITEBYTECODE"] = "1"
        self.said = Said()
        self.errors = b""
        self.process = subprocess.Popen(
            [*command, str(folder), *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**inherited, "AIGC_TEST_CONFIG": config, **(environment or {})},
        )
        self._begun = threading.Event()
        lines = "".join("%s %s\n" % (provider_of(key), key) for key in keys)
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(lines.encode())
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None and self.process.stderr is not None
        for line in self.process.stdout:
            self.said.hear(line.decode("utf-8", "replace"))
            self._begun.set()
        self._begun.set()
        self.errors = self.process.stderr.read()

    def begun(self, seconds: float) -> bool:
        """Waits until its client is about to be made, or it has ended."""
        return self._begun.wait(seconds)

    def kill(self) -> bool:
        """False: it had ended by itself."""
        lives = self.process.poll() is None
        self.process.kill()
        return lives

    def wait(self, seconds: float) -> int:
        """Its exit status; -999: it did not end in time, and was killed."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = -999
        self._reader.join(30)
        return code


def program() -> Path:
    """The driver in C; run.sh builds it."""
    return ROOT / ".build" / "journal-tests" / "driver"


def provider_of(key: str) -> str:
    """A key names its cloud by its last word: every second one."""
    return "alibaba" if int(key.rsplit("/", 1)[1]) % 2 else "tencent"


def created(box: SandboxProcess) -> Dict[str, List[str]]:
    """The ids of the jobs that the cloud has created, by key: a prompt ends with the key that it was made for."""
    found: Dict[str, List[str]] = defaultdict(list)
    for job in box.stats()["jobs"]:
        found[job["prompt"].split()[-1]].append(str(job["id"]))
    return found

"""What several test files need. Fixtures are in conftest.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional

from aigc.sandbox.testing import keys

PACKAGE = Path(__file__).resolve().parents[1]
SOURCE = PACKAGE / "src"
REPOSITORY = PACKAGE.parents[1]
HEADER = REPOSITORY / "include" / "aigc.h"


def environment(**changes: Optional[str]) -> Dict[str, str]:
    """The environment of a Python process that finds this source tree; None takes a variable away."""
    result = dict(os.environ, PYTHONPATH=str(SOURCE), TERM="xterm", AIGC_CONFIG_FILE="none")
    for name in list(result):
        if name.startswith(("TENCENTCLOUD_", "ALIBABA_CLOUD_")) or name.lower().endswith("_proxy"):
            del result[name]
    for name, value in changes.items():
        result.pop(name, None)
        if value is not None:
            result[name] = value
    return result


def python(
    code: str, *arguments: str, timeout: float = 60, **variables: Optional[str]
) -> "subprocess.CompletedProcess[str]":
    """Runs a program in a Python process of its own."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environment(**variables), capture_output=True, text=True, timeout=timeout)


def settings(info: Dict[str, Any], **more: Any) -> Dict[str, Any]:
    """Configuration keys for a client that talks to the sandbox with that ready line."""
    result: Dict[str, Any] = {
        **keys(info),
        "download.allow_private_addresses": True,
        "poll.initial_ms": 100,
        "poll.max_ms": 200,
        "rate.tencent.create_per_s": 0,
        "rate.tencent.describe_per_s": 0,
    }
    result.update(more)
    return result


class Command:
    """The command "aigc" against a sandbox."""

    def __init__(self, info: Dict[str, Any]) -> None:
        self._info = info
        self.variables: Dict[str, Optional[str]] = {
            "TENCENTCLOUD_SECRET_ID": info["tencent"]["secret_id"],
            "TENCENTCLOUD_SECRET_KEY": info["tencent"]["secret_key"],
            "ALIBABA_CLOUD_ACCESS_KEY_ID": info["alibaba"]["access_key_id"],
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": info["alibaba"]["access_key_secret"],
        }

    def line(self, *arguments: str) -> List[str]:
        """A command line with what every call against the sandbox needs."""
        keys = {
            "alibaba.endpoint": self._info["http"],
            "tencent.endpoint": self._info["http"],
            "download.allow_private_addresses": "true",
            "poll.initial_ms": "100",
            "poll.max_ms": "200",
        }
        pairs = [part for key, value in keys.items() for part in ("-c", f"{key}={value}")]
        words = 2 if arguments[0] == "jobs" else 1
        return [sys.executable, "-m", "aigc", *arguments[:words], *pairs, *arguments[words:]]

    def run(
        self, *arguments: str, input: Optional[str] = None, **variables: Optional[str]
    ) -> "subprocess.CompletedProcess[str]":
        """Runs it to its end."""
        env = environment(**{**self.variables, **variables})
        return subprocess.run(self.line(*arguments), env=env, capture_output=True, text=True, timeout=60, input=input)

    def start(self, *arguments: str, **pipes: Any) -> "subprocess.Popen[str]":
        """Starts it and lets it run."""
        env = environment(**self.variables)
        return subprocess.Popen(self.line(*arguments), env=env, text=True, **pipes)

"""Runs a command against a sandbox of its own.

usage: sandbox.py COMMAND [ARGUMENT]...

The command finds in its environment AIGC_TEST_CONFIG (configuration keys, one KEY=VALUE a line) and AIGC_TEST_CONTROL (the
sandbox's control interface).
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any, Dict

from aigc.sandbox.testing import SandboxProcess
from aigc.sandbox.testing import keys as sandbox_keys


def keys(info: Dict[str, Any]) -> Dict[str, str]:
    """The configuration keys that lead to the sandbox, with polls that do not keep a test waiting."""
    return {
        **sandbox_keys(info),
        "download.allow_private_addresses": "true",
        "poll.initial_ms": "100",
        "poll.max_ms": "500",
        "rate.tencent.create_per_s": "1000",
        "rate.tencent.describe_per_s": "1000",
    }


def main() -> int:
    """Run it."""
    with SandboxProcess("--duration", "0.4", "--rate", "0") as box:
        lines = "\n".join("%s=%s" % pair for pair in keys(box.info).items())
        environment = dict(os.environ, AIGC_TEST_CONFIG=lines, AIGC_TEST_CONTROL=box.info["control"])
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

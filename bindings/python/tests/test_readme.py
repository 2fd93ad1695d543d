"""Every code block of the README runs, against the sandbox."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest
from support import PACKAGE, Command, environment

TEXT = (PACKAGE / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> List[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, flags=re.M | re.S)


# Puts the sandbox's keys under the defaults of every client, and changes nothing else.
PATCH = """
import aigc.aio, aigc.client, functools, sys
keys = {keys!r}
for module in (aigc.client, aigc.aio):
    module.Client.__init__ = functools.partialmethod(module.Client.__init__, keys)
exec(compile(sys.stdin.read(), "README.md", "exec"), {{"__name__": "__main__"}})
"""


@pytest.mark.parametrize("block", blocks("python"))
def test_python(sandbox: Any, keys: Dict[str, Any], tmp_path: Path, block: str) -> None:
    command = [sys.executable, "-W", "error", "-c", PATCH.format(keys=keys)]
    result = subprocess.run(
        command, input=block, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0 and result.stdout and not result.stderr, result.stderr


def test_the_command_line(sandbox: Any, command: Command, tmp_path: Path) -> None:
    (block,) = [block for block in blocks("sh") if "aigc generate" in block]
    here = shlex.join(command.line("NAME")).replace("NAME", '"$1" ')
    plain = shlex.join([sys.executable, "-m", "aigc"])
    function = f'aigc() {{ if [ "$1" = fields ]; then {plain} "$@"; else {here} "${{@:2}}"; fi; }}'
    result = subprocess.run(
        ["bash", "-euc", f"{function}\n{block}"],
        cwd=tmp_path,
        env=environment(**command.variables),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    assert len(list((tmp_path / "images").iterdir())) == 2


def test_every_block_is_tested() -> None:
    assert len(blocks("python")) == 3 and len(re.findall(r"^```\w", TEXT, flags=re.M)) == 3 + len(blocks("sh"))

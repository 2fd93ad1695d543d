"""Standard streams that are closed, full or a pipe whose reader has gone: never a traceback, and no token is lost."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any, List

import pytest
from aigc import journal
from support import Command, environment

STREAMS = (
    ">&-", "2>&-", ">&- 2>&-", "<&-", "<&- >&- 2>&-", "> /dev/full", "2> /dev/full", "> /dev/full 2>&1", "| true", "2>&1 | true",
    "2>&- | true", "2> /dev/full | true",
)
ENDS = {0, 1, 2, 3, 4, 6, 8, 9}
"""What a shell of its own says otherwise: 120 is an interpreter that could not say something at its end."""


def shell(
    command: Command, tmp_path: Path, words: List[str], redirection: str, **variables: Any
) -> "subprocess.CompletedProcess[str]":
    line = " ".join(map(shlex.quote, words))
    env = environment(**{**command.variables, "XDG_STATE_HOME": str(tmp_path / "state"), **variables})
    script = ["bash", "-c", f"set -o pipefail; {line} {redirection}"]
    done = subprocess.run(script, env=env, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    for wrong in ("Traceback", "Exception ignored", "BrokenPipe"):
        assert wrong not in done.stderr, done
    assert done.returncode in ENDS, done
    return done


def told(done: "subprocess.CompletedProcess[str]", tmp_path: Path) -> List[str]:
    """The tokens that somebody can find."""
    kept = tmp_path / "state" / "aigc" / "untold-tokens"
    text = done.stdout + done.stderr + (kept.read_text() if kept.exists() else "")
    return sorted(set(re.findall(r"aigc1:[^\s\"',]+", text)))


@pytest.mark.parametrize("redirection", STREAMS)
@pytest.mark.parametrize("more", [[], ["--json", "--log", "debug"]], ids=" ".join)
@pytest.mark.parametrize("name", ["submit", "generate"])
def test_what_is_paid(
    sandbox: Any, command: Command, tmp_path: Path, name: str, more: List[str], redirection: str
) -> None:
    out = ["--out", "pictures"] if name == "generate" else []
    done = shell(command, tmp_path, command.line(name, "--provider", "tencent", "a cat", *out, *more), redirection)
    assert sandbox.stats(jobs=False)["jobs_created"]["tencent"] == 1
    pictures = list((tmp_path / "pictures").iterdir()) if name == "generate" else []
    tokens = told(done, tmp_path)
    assert pictures or len(tokens) == 1, done
    if name == "submit":
        assert command.run("status", *tokens).returncode == 0
    else:
        assert len(pictures) == 1


@pytest.mark.parametrize("redirection", STREAMS)
@pytest.mark.parametrize("name", ["generate", "fetch"])
def test_a_job_that_keeps_running(sandbox: Any, command: Command, tmp_path: Path, name: str, redirection: str) -> None:
    """Time runs out, and the token is somewhere."""
    given = ["--provider", "tencent", "[never] cat"]
    if name == "fetch":
        given = [command.run("submit", *given).stdout.strip()]
    done = shell(command, tmp_path, command.line(name, *given, "--timeout", "1"), redirection)
    assert done.returncode == 9 or "| true" in redirection and done.returncode != 0, done
    assert len(told(done, tmp_path)) == 1 or name == "fetch", done  # Whoever fetches has the token.


@pytest.mark.parametrize("redirection", STREAMS)
@pytest.mark.parametrize("more", [[], ["--json"]], ids=" ".join)
def test_a_batch(sandbox: Any, command: Command, tmp_path: Path, redirection: str, more: List[str]) -> None:
    (tmp_path / "rows.csv").write_text("key,prompt\na,a cat\nb,[fail] b\nc,c\n")
    sandbox.fault("close_after", "CreateAigcImageTask", times=1, after=2)
    words = command.line("batch", "rows.csv", "--out", "pictures", "--provider", "tencent", "--yes", *more)
    done = shell(command, tmp_path, words, redirection)
    assert done.returncode != 0, done
    rows = {row["key"]: row["state"] for row in journal.rows(str(tmp_path / "pictures" / ".aigc"))}
    assert sorted(rows) == ["a", "b", "c"] and "unknown" in rows.values(), rows
    results = (tmp_path / "pictures" / "results.jsonl").read_text()
    assert results.count("\n") == 3
    done = shell(command, tmp_path, [*words[:3], "batch", "--resolve", "--out", "pictures"], redirection)
    assert done.returncode in (1, 6), done


OTHERS = (
    "jobs list --journal keys", "jobs show a --journal keys", "jobs show nokey --journal keys", "jobs check --journal keys",
    "jobs list --journal keys --json", "jobs prune --journal keys --older-than-days 99", "jobs resume --journal keys", "fields",
    "config", "config show", "config check", "completion bash", "--version", "--help", "generate --help", "", "nonsense",
    "fetch -", "generate -", "list --provider tencent", "call tencent X --reads", "status nonsense", "doctor --provider tencent",
    "batch rows.csv --out x --provider tencent --dry-run", "batch rows.csv --out x --provider tencent", "sandbox nonsense",
    "batch nowhere.csv --out x",
)


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&- >&- 2>&-", "> /dev/full 2>&1", "2>&1 | true"])
def test_everything_else(sandbox: Any, command: Command, tmp_path: Path, redirection: str) -> None:
    (tmp_path / "rows.csv").write_text("key,prompt\na,a cat\n")
    done = command.run("submit", "--provider", "tencent", "a cat", "--journal", str(tmp_path / "keys"), "--key", "a")
    assert done.returncode == 0
    for text in OTHERS:
        words = text.split()
        line = command.line(*words) if words and words[0] in ("jobs", "list", "call", "doctor", "fetch") else None
        shell(command, tmp_path, line or [*command.line("fields")[:3], *words], redirection)


def test_a_program_whose_output_is_closed(sandbox: Any, command: Command, keys: Any, tmp_path: Path) -> None:
    """A program of the package's user that has no standard streams: no socket takes their place."""
    code = f"""
import aigc, os
with aigc.Client({keys!r}) as client:
    images = client.generate("tencent", "aigc_image", prompt="a cat", out="pictures")
os.write(os.open("said", os.O_CREAT | os.O_WRONLY), images[0].path.encode())
"""
    (tmp_path / "program.py").write_text(code)
    for redirection in STREAMS:
        words = [*command.line("fields")[:1], "program.py"]
        done = shell(command, tmp_path, words, redirection)
        assert done.returncode == 0 and os.path.isfile((tmp_path / "said").read_text()), (redirection, done)

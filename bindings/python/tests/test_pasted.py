"""Commands that the command prints for its user: each one works when it is pasted into the same shell."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from pathlib import Path
from typing import Any, List

import pytest
from aigc import journal
from aigc._cli import options
from aigc._cli.again import repeated
from support import Command, environment
from test_cli_interrupt import Running, pasted

NEVER = ("--provider", "tencent", "[never] cat")
FAST = ("-c", "rate.tencent.create_per_s=0", "--progress", "quiet")


def paste(command: Command, line: str, **variables: Any) -> "subprocess.CompletedProcess[str]":
    """Runs a line in a shell whose folder and environment are those of the command that has printed it."""
    env = environment(**{**command.variables, **variables})
    return subprocess.run(["bash", "-c", line], env=env, capture_output=True, text=True, timeout=60)


def after(text: str, start: str) -> str:
    """The command behind some words, on the same line."""
    (line,) = [line for line in text.splitlines() if start in line]
    return line.partition(start)[2]


def test_the_journal_is_repeated(sandbox: Any, command: Command, tmp_path: Path) -> None:
    """Its folder is also where processes share their rates."""
    place, out = str(tmp_path / "it's a $journal"), str(tmp_path / "out")
    sandbox.config(duration=1.5)
    words = ("--journal", place, "--key", "cat", "--out", out)
    running = Running(command, False, "generate", "--provider", "tencent", "a cat", *words)
    running.until(lambda text: "accepted, token: " in text)
    code, _ = running.signal(signal.SIGTERM)
    assert code == 130
    wait, fetch = pasted(running.text)
    assert f"--journal={place}" in shlex.split(wait) and f"--journal={place}" in shlex.split(fetch)
    for line in (wait, fetch):
        done = paste(command, line)
        assert done.returncode == 0, (line, done.stderr)
    assert len(os.listdir(out)) == 1


def test_the_wanted_images_are_repeated(sandbox: Any, command: Command, tmp_path: Path) -> None:
    sandbox.config(duration=2.0)
    token = command.run("submit", "--provider", "tencent", "a cat", "--set", "count=3").stdout.strip()
    running = Running(command, False, "fetch", token, "--index", "1", "--index", "2", "--out", str(tmp_path))
    running.until(lambda text: "tencent aigc_image" in text)
    running.signal(signal.SIGINT)
    done = paste(command, pasted(running.text)[1])
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 2, done.stderr
    assert sorted(path.stem[-2:] for path in tmp_path.iterdir()) == ["-1", "-2"]


def test_resumed_jobs_keep_their_journal(sandbox: Any, command: Command, tmp_path: Path) -> None:
    place = str(tmp_path / "keys")
    assert command.run("submit", *NEVER, "--journal", place, "--key", "a").returncode == 0
    running = Running(command, False, "jobs", "resume", "--journal", place, "--out", str(tmp_path / "out"))
    running.until(lambda text: "1 jobs taken over" in text)
    running.signal(signal.SIGTERM)
    for line in pasted(running.text):
        assert f"--journal={place}" in shlex.split(line)
        again = Running(command, False, *shlex.split(line)[3:])
        again.until(lambda text: "tencent aigc_image" in text)
        again.signal(signal.SIGTERM)


@pytest.mark.parametrize("how", ["option", "key", "profile"])
def test_a_batch_in_doubt(sandbox: Any, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """From the first line to the last with what is printed, and names that are as odd as they can be."""
    monkeypatch.chdir(tmp_path)
    place = str(tmp_path / "my $keys")
    (tmp_path / "-rows.csv").write_text("key,prompt\n-a b'c,a cat\nb,a dog\n")
    (tmp_path / "config.toml").write_text(f'[profiles.mine]\njournal.path = "{place}"\n')
    command.variables["AIGC_CONFIG_FILE"] = str(tmp_path / "config.toml")
    named = {"option": ("--journal", place), "key": ("-c", f"journal.path={place}"), "profile": ("--profile", "mine")}[how]
    sandbox.fault("close_after", "CreateAigcImageTask", times=1)
    words = ("--out=-pictures", *named, "--provider", "tencent", "-yq", "--limit", "1", "--", "-rows.csv")
    first = command.run("batch", *FAST, *words)
    assert first.returncode == 6 and "1 in doubt" in first.stdout, first.stderr
    settle = paste(command, after(first.stderr, "to settle them: "))
    assert settle.returncode == 6, settle.stderr
    (line,) = [line for line in settle.stderr.splitlines() if " jobs resolve " in line]
    (key,) = [row["key"] for row in journal.rows(place, states=["unknown"])]
    made = {job["prompt"]: job["id"] for job in sandbox.stats()["jobs"]}["a cat" if key.startswith("-") else "a dog"]
    done = paste(command, re.sub(r"\bID\b", made, line))
    assert done.returncode == 0, done.stderr
    assert paste(command, after(first.stderr, "to settle them: ")).returncode == 0
    last = paste(command, after(first.stderr, "to continue: "))
    assert last.returncode == 0 and "2 done" in last.stdout, last.stderr
    assert sandbox.stats(jobs=False)["jobs_created"]["tencent"] == 2


SECRET = "S3cret"
SPELLINGS = (
    ["-c", f"tencent.secret_key={SECRET}"], [f"-ctencent.secret_key={SECRET}"], [f"--config=tencent.secret_key={SECRET}"],
    ["--conf", f"tencent.secret_key={SECRET}"], [f"--con=tencent.secret_key={SECRET}"], ["-yc", f"tencent.secret_key={SECRET}"],
    [f"-yqctencent.secret_key={SECRET}"], ["-c", f"http.proxy=http://me:{SECRET}@host"],
    ["--journal", f"postgresql://me:{SECRET}@host/keys"], [f"--jour=postgresql://me:{SECRET}@host/keys"],
    ["-c", f"journal.path=postgresql://me:{SECRET}@host/keys"], ["--journal", f"postgresql://host/keys?password={SECRET}"],
)


@pytest.mark.parametrize("words", SPELLINGS, ids=" ".join)
def test_the_line_to_continue_repeats_no_secret(library: str, words: List[str]) -> None:
    line = repeated(["batch", "-o", "x", *words, "--price", "1", "rows.csv"], ["tencent.secret_key"])
    assert SECRET not in line.text and len(line.left_out) == 1
    assert line.text.endswith(" --price 1 rows.csv") and (" -y" in line.text) is words[0].startswith("-y")


@pytest.mark.parametrize(
    "words",
    [["--yes", "-"], ["--limit", "3"], ["-ox"], ["--again=-b", "--again", "c"], ["-c", "a=b", "-qv"],
     ["--journal=postgresql://me@host:5432/keys"]],
)
def test_the_line_to_continue_repeats_the_rest(library: str, words: List[str]) -> None:
    args = ["batch", "--out", "y", *words, *(["rows.csv"] if words[-1] != "-" else [])]
    line = repeated(args, [])
    typed = shlex.split(line.text)
    assert options.parser().parse_args(typed[typed.index("batch") :]) == options.parser().parse_args(args)
    assert line.left_out == []


def test_the_doctor(sandbox: Any, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place = f"{tmp_path}/{'a long way to the $journal ' * 4}/keys"
    page = command.run("doctor", "--journal", place).stdout
    (line,) = [line for line in page.splitlines() if line.strip().startswith("mkdir ")]
    assert paste(command, line).returncode == 0 and os.path.isdir(os.path.dirname(place))
    sandbox.fault("close_after", "CreateAigcImageTask", times=1)
    assert command.run("submit", *NEVER, "--journal", place, "--key", "a").returncode == 6
    assert command.run("submit", *NEVER, "--journal", place, "--key", "b").returncode == 0
    page = command.run("doctor", "--journal", place).stdout
    (line,) = [line for line in page.splitlines() if " jobs list " in line]
    done = paste(command, line)
    assert done.returncode == 0 and '"key": "a"' in done.stdout, done.stderr
    (line,) = [line for line in page.splitlines() if " jobs resume " in line]
    (first, *_) = shlex.split(line.partition("#")[0])
    assert line.split()[1:5] == ["-m", "aigc", "jobs", "resume"], line
    found = page.replace("\\\n", "")
    (line,) = [line.partition(" Next: ")[2] for line in found.splitlines() if line.startswith("Tencent") and " Next: " in line]
    done = paste(command, line)
    assert done.returncode == 0 and len(done.stdout.splitlines()) >= 1, done.stderr


def test_the_sandbox(library: str, command: Command) -> None:
    done = paste(command, f"{shlex.join(command.line('sandbox')[:4])} --duration 0.2 printf '%s|' 'a  b' c")
    assert done.returncode == 2, done
    line = done.stderr.partition("environment: ")[2].strip()
    assert "--duration=0.2" in line
    again = paste(command, line)
    assert again.returncode == 0 and "c|" in again.stdout, again.stderr

"""Commands that the command prints for its user: each one works when it is pasted into the same shell."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import signal
import subprocess
from pathlib import Path
from typing import Any, List, Tuple

import aigc
import pytest
from aigc import journal
from aigc._cli import again, grammar, options
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


VALUES = {
    "--config": "timeout.submit_ms=90000", "--index": "2", "--timeout": "7", "--set": "count=2", "--json-field": "count=2",
    "--bucket": "cos:a-1250000000:b", "--repeat": "2", "--max-jobs": "3", "--limit": "4", "--price": "0.5", "--map": "a=b",
    "--older-than-days": "3",
}
"""Of options that do not take any text."""
ODD = "-it's a $name;\n*"


def command_of(*words: str) -> grammar.Command:
    (found,) = [row for row in grammar.commands(options.parser()) if row.words == words]
    return found


def spelt(option: grammar.Option) -> List[str]:
    """An option with a value that has to be quoted, where it takes one."""
    (flag, *_) = [flag for flag in option.flags if flag.startswith("--")]
    if not option.metavar:
        return [flag]
    return [f"{flag}={option.choices[0] if option.choices else VALUES.get(flag, ODD)}"]


def parsed(line: str) -> Any:
    """What argparse makes of a printed line, as a shell takes it apart."""
    done = subprocess.run(["sh", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True)
    words = done.stdout.decode().split("\0")[:-1]
    return options.parser().parse_args(words[3 if words[1:3] == ["-m", "aigc"] else 1 :])


RUNNING = [("generate",), ("submit",), ("wait",), ("fetch",), ("status",), ("jobs", "resume"), ("doctor",), ("batch",)]
FURTHER = {"wait": "TOKEN", "fetch": "TOKEN", "jobs resume": "", "jobs list": ""}
"""What the command prints, behind these."""
NOT_FOR_JOBS = {
    # Which rows, and which files they have.
    "--repeat", "--keep", "--map", "--drop", "--format", "--encoding", "--dry-run", "--max-jobs", "--yes", "--limit", "--price",
    "--retry", "--again", "--resolve", "--no-prompts",
    "--endpoint",  # As -c PROVIDER.endpoint.
    "--live",
}
"""Options that a line about jobs that are paid has no use for, and that the command of the line does not know."""
FILES = {"--out", "--name-template", "--overwrite", "--index"}


@pytest.mark.parametrize("further", FURTHER)
@pytest.mark.parametrize("running", RUNNING, ids=" ".join)
def test_a_further_command_repeats_what_it_can(library: str, running: Tuple[str, ...], further: str) -> None:
    """Each option of each command, as its parser has them: a new one is repeated, or somebody has decided that it is not."""
    target = {flag for option in command_of(*further.split()).options for flag in option.flags}
    for option in command_of(*running).options:
        if not option.flags:
            continue
        long = next(flag for flag in option.flags if flag.startswith("--"))
        needed = [word for other in command_of(*running).options if other.needed and other.flags and other != option
                  for word in spelt(other)]
        words = [*running, *needed, *spelt(option)]
        line = again.Again(argparse.Namespace(words=words, provider="tencent")).command(further, FURTHER[further])
        own = again.OWN_OF_BATCH if running == ("batch",) else again.OWN
        if long in own:
            assert long not in line, line
        elif long in target:
            typed, read = options.parser().parse_args(words), parsed(line)
            (name,) = [name for name in vars(read) if name == {"--as": "outcome"}.get(long, long[2:].replace("-", "_"))]
            assert getattr(read, name) == getattr(typed, name) != None, line  # noqa: E711
        else:
            assert long in NOT_FOR_JOBS | FILES, f"{' '.join(running)} {long}: decide whether `aigc {further}` needs it"
    assert not {"--config", "--journal", "--profile", *FILES} & again.ROWS - {"--name-template"}


def test_the_endpoint_wins_as_it_did(library: str) -> None:
    words = ["submit", "--endpoint", "http://b", "-c", "tencent.endpoint=http://a", "--provider", "tencent", "a cat"]
    read = parsed(again.Again(argparse.Namespace(words=words, provider="tencent")).command("wait", "TOKEN"))
    assert dict(read.config)["tencent.endpoint"] == options.settings(options.parser().parse_args(words))["tencent.endpoint"]


def test_the_line_that_resolves_repeats_what_it_can(library: str) -> None:
    """How old a doubt has to be, and where the journal is: all of the batch's options but those that say which rows there are."""
    for option in command_of("batch").options:
        if not option.flags:
            continue
        long = next(flag for flag in option.flags if flag.startswith("--"))
        words = ["batch", *(["--out", ODD] if long != "--out" else []), *spelt(option), "rows.csv"]
        line = again.resolving(words, [])
        if long in again.ROWS:
            assert line.count(long) == (long == "--resolve"), line
        else:
            typed, read = options.parser().parse_args(words), parsed(line)
            assert read.resolve and read.out == ODD and read.file is None
            name = long[2:].replace("-", "_")
            assert getattr(read, name) == getattr(typed, name), line
    words = ["batch", "-o", "x", "-c", "timeout.submit_ms=600000", "-ctencent.secret_key=S3cret", "-y"]
    line = again.resolving(words, again.secret_keys())
    assert "timeout.submit_ms=600000" in line and "S3cret" not in line and " -y" not in line


def test_the_line_to_continue_repeats_every_option(library: str) -> None:
    for option in command_of("batch").options:
        long = next((flag for flag in option.flags if flag.startswith("--")), "")
        if not option.flags or long == "--help":
            continue
        words = ["batch", *(["--out", ODD] if long != "--out" else []), *spelt(option), "--", ODD]
        typed, read = options.parser().parse_args(words), parsed(repeated(words, []).text)
        assert (typed.file, read.file) == (ODD, f"./{ODD}")
        assert {**vars(typed), "file": ""} == {**vars(read), "file": ""}, long


def test_a_program_names_its_journal_in_the_line_that_resolves(
    sandbox: Any, keys: Any, tmp_path: Path, command: Command
) -> None:
    """A batch that a program ran: the line of its report found no journal, and said that nothing is in doubt."""
    place, out = tmp_path / "the $keys", tmp_path / "-out it's"
    sandbox.fault("close_after", "CreateAigcImageTask", times=1)
    config = {**keys, "timeout.submit_ms": 90_000, "tencent.secret_key": keys["tencent.secret_key"]}
    summary = aigc.batch.run([{"key": "a", "prompt": "a cat"}], out=out, provider="tencent", journal=place, config=config)
    assert summary.counts == {"in doubt": 1}
    page = (out / "report.html").read_text()
    (group,) = json.loads(page.partition('id="head">')[2].partition("</script>")[0])["groups"]
    assert keys["tencent.secret_key"] not in group["command"]
    assert "timeout.submit_ms=90000" in group["command"]
    done = paste(command, group["command"])
    assert done.returncode == 6 and "jobs resolve" in done.stderr, done


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
    second = paste(command, line)
    assert second.returncode == 0 and "c|" in second.stdout, second.stderr

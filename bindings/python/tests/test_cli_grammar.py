"""Completion and manual pages, made of the command's own grammar; aigc call, aigc list; many jobs at once."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest
from aigc._cli import completion, grammar, manual, options
from support import Command, environment
from test_cli_interrupt import Running

COMMANDS = grammar.commands(options.parser())


def completed(tmp_path: Path, *words: str) -> List[str]:
    """What bash offers for the last word."""
    script = tmp_path / "aigc.bash"
    script.write_text(completion.script("bash", COMMANDS))
    line = " ".join(f"'{word}'" for word in words)
    code = f"source {script}; COMP_WORDS=(aigc {line}); COMP_CWORD={len(words)}; _aigc; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, timeout=30, cwd=tmp_path)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.split()


def test_bash_completes(tmp_path: Path) -> None:
    assert {"generate", "jobs", "config", "completion", "--version"} <= set(completed(tmp_path, ""))
    assert completed(tmp_path, "gen") == ["generate"]
    assert completed(tmp_path, "generate", "--prov") == ["--provider"]
    assert completed(tmp_path, "generate", "--provider", "") == ["alibaba", "tencent"]
    assert completed(tmp_path, "jobs", "re") == ["resume", "resolve"]
    assert completed(tmp_path, "jobs", "resolve", "--as", "not") == ["not-sent"]
    assert completed(tmp_path, "config", "sh") == ["show"]
    assert completed(tmp_path, "generate", "jobs", "--prompt-") == ["--prompt-file"]  # A prompt that is called like a command.
    (tmp_path / "a cat.txt").write_text("")
    assert "cat.txt" in completed(tmp_path, "generate", "--prompt-file", "a")


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_every_command_and_option_is_in_the_script(shell: str, tmp_path: Path) -> None:
    text = completion.script(shell, COMMANDS)
    for command in COMMANDS:
        for word in command.words:
            assert word in text
        for option in command.options:
            for flag in option.flags:
                assert (flag.lstrip("-") if shell == "fish" else flag) in text
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(text)
    assert subprocess.run([program, "-n", str(tmp_path / "script")], capture_output=True, timeout=30).stderr == b""


def test_fish_completes(tmp_path: Path) -> None:
    fish = shutil.which("fish")
    if fish is None:
        pytest.skip("fish is not installed")
    (tmp_path / "aigc.fish").write_text(completion.script("fish", COMMANDS))

    def asked(line: str) -> List[str]:
        code = f"source {tmp_path / 'aigc.fish'}; complete -C '{line}'"
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
        done = subprocess.run([fish, "-c", code], capture_output=True, text=True, timeout=60, cwd=tmp_path, env=env)
        assert done.returncode == 0 and not done.stderr, done.stderr
        return [row.split("\t")[0] for row in done.stdout.splitlines()]

    assert asked("aigc gen") == ["generate"]
    assert asked("aigc generate --prov") == ["--provider"]
    assert asked("aigc generate --provider ") == ["alibaba", "tencent"]
    assert sorted(asked("aigc jobs re")) == ["resolve", "resume"]
    assert asked("aigc config sh") == ["show"]


ZSH = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -D -u; print -r -- RE''ADY"
zpty -r -m shell text '*READY*'
shift
for line shown in "$@"; do
    zpty -w -n shell "$line"$'\t'
    zpty -r -m shell text "*$shown*"
    zpty -w -n shell $'\x15'
done
print -r -- done
"""


def test_zsh_completes(tmp_path: Path) -> None:
    """In a real one, with the script as a file in $fpath, as its first lines advise."""
    zsh = shutil.which("zsh")
    if zsh is None:
        pytest.skip("zsh is not installed")
    folder = tmp_path / "functions"
    folder.mkdir()
    (folder / "_aigc").write_text(completion.script("zsh", COMMANDS))
    lines = ["aigc gen", "generate", "aigc jobs resu", "resume", "aigc config sh", "show", "aigc generate --prov", "--provider"]
    lines += ["aigc generate --provider t", "tencent", "aigc generate jobs --prompt-", "--prompt-file"]
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "TERM": "xterm"}
    words = [zsh, "-f", "-c", ZSH, "zsh", str(folder), *lines]
    # What is not offered is waited for in vain.
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=tmp_path, env=env)
    assert done.returncode == 0 and done.stdout == "done\n", done.stdout + done.stderr


def test_manual_pages(tmp_path: Path) -> None:
    assert manual.main([str(tmp_path)]) == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"-".join(("aigc", *command.words)) + ".1" for command in COMMANDS}
    for command in COMMANDS:
        path = tmp_path / ("-".join(("aigc", *command.words)) + ".1")
        text = path.read_text()
        for option in command.options:
            assert all(flag.replace("-", "\\-") in text for flag in option.flags)
        for other in re.findall(r"^\.BR (\S+) \(1\)", text, flags=re.M):
            assert other.replace("\\-", "-") + ".1" in names
        if shutil.which("man") is not None:
            done = subprocess.run(["man", "--warnings", "-l", str(path)], capture_output=True, text=True, timeout=60)
            assert done.returncode == 0 and done.stderr == "" and "SYNOPSIS" in done.stdout


def test_call_and_list(sandbox: Any, command: Command) -> None:
    done = command.run("call", "tencent", "DescribeAigcImageTask", "--reads", "--set", "TaskId=4-AigcImage-0")
    assert done.returncode == 3 and "TaskNotFound" in done.stderr
    made = sandbox.call("POST", "/scene-tasks", {"type": "AIDrama", "prompt": "x"})["id"]
    done = command.run("call", "tencent", "DescribeAigcTaskStatus", "--reads", "--set", f"TaskId={made}")
    assert done.returncode == 0 and made in done.stdout
    done = command.run("list", "--provider", "tencent")
    assert done.returncode == 0 and done.stdout.split()[:2] == [made, "AIDrama"], done.stderr
    done = command.run("list", "--provider", "tencent", "--json-field", 'QueryTaskFilter={"TaskId":"none"}')
    assert done.returncode == 0 and done.stdout == "" and "lists nothing" in done.stderr
    done = command.run("list", "--provider", "alibaba")
    assert done.returncode == 0 and "lists nothing" in done.stderr
    done = command.run("call", "acme", "X")
    assert done.returncode == 2 and "no provider" in done.stderr


def submitted(command: Command, count: int, prompt: str) -> List[str]:
    import aigc
    from support import settings

    with aigc.Client(settings(command._info)) as client:
        jobs = [client.submit("tencent", "aigc_image", prompt=f"{prompt} {at}") for at in range(count)]
        while any(job.token is None for job in jobs):
            next(client.events(timeout=1), None)
        return [str(job.token) for job in jobs]


def test_thirty_jobs_have_one_line(sandbox: Any, command: Command, tmp_path: Path) -> None:
    tokens = submitted(command, 30, "a cat")
    done = command.run("fetch", *tokens, "--out", str(tmp_path))
    assert done.returncode == 0 and len(list(tmp_path.iterdir())) == 30
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) <= 12 and all(line.startswith("30 jobs: ") for line in lines), done.stderr


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_thirty_jobs_have_one_resume_line(sandbox: Any, command: Command, tmp_path: Path, terminal: bool) -> None:
    tokens = submitted(command, 30, "[never] cat")
    running = Running(command, terminal, "fetch", *tokens, "--out", str(tmp_path))
    running.until(lambda text: "30 jobs" in text)
    code, _ = running.signal(signal.SIGINT)
    assert code == 130
    text = running.text.replace("\r", "")
    assert text.count("keep running at the provider") == 1 and text.count("to get their images: ") == 1
    line = text.split("to get their images: ")[1].replace("\n", "")
    assert all(token in line for token in tokens)


ODD = (
    "--", "-", "", "-1", "--x", "-o", "=", "a=b", "a=--", "--=--", "%s %(prog)s", "{x}", "{", "nan", "1e400", "9" * 400, "\n",
    "\x1b[31m", "\udcff", "\u202e\U0001f431", "a.b.c=" + "[" * 5000, "é" * 5000, "/proc", "/dev/null",
    "/proc/nowhere/x.png", "./-",
)
BASES = {
    "generate": ("--provider", "tencent", "a cat"), "submit": ("--provider", "tencent", "a cat"),
    "batch": ("rows.txt", "--out", "pictures", "--provider", "tencent", "--dry-run"),
    "status": ("aigc1:x",), "wait": ("aigc1:x",), "fetch": ("aigc1:x",), "fields": ("tencent",),
    "call": ("tencent", "X"), "list": ("--provider", "tencent"), "completion": ("bash",),
    "jobs list": (), "jobs show": ("key",), "jobs resume": (), "jobs check": (),
    "jobs resolve": ("key", "--as", "not-sent"), "jobs prune": ("--older-than-days", "1"), "config": (),
}
"""For each command the words without which it does nothing."""

FUZZ = r"""
import contextlib, io, json, os, re, sys
import aigc
from aigc import cli, uploads
from aigc.client import Client

def struck(self, *words, **more):  # Nothing is sent.
    for word in words:
        if isinstance(word, aigc.Request):
            word._build()
    raise aigc.AigcError("stop", status=aigc.Status.CANCELLED)

for name in ("submit", "fetch", "call", "attach", "attach_id", "resume"):
    setattr(Client, name, struck)
uploads.Bucket.upload = struck
for words in json.load(sys.stdin):
    for name in ("AIGC_PROFILE", "AIGC_JOURNAL"):
        os.environ.pop(name, None)
    said, wrong = io.StringIO(), False
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = cli.main(words)
        wrong = type(code) is not int
    except SystemExit as end:
        wrong = end.code not in (0, 2)
    except BaseException as error:
        said.write(f"aigc: {type(error).__name__}: {error}")
    if wrong or re.search(r"^aigc: \w+(Error|Exception|Interrupt)\b: |Traceback", said.getvalue(), re.M):
        print(json.dumps([words, said.getvalue()[-300:]]))
"""


def test_no_command_line_ends_in_a_traceback(library: str, tmp_path: Path) -> None:
    """Every option of every command with every odd value, in each way to write it."""
    (tmp_path / "rows.txt").write_text("a cat\n")
    lines: List[List[str]] = []
    for command in COMMANDS:
        name = " ".join(command.words)
        base = BASES.get(name)
        if base is None or command.actions:  # The doctor asks the clouds; a group has no options of its own.
            continue
        common = [*base, *(("--journal", "keys") if name.startswith("jobs") else ())]
        for value in ODD:
            lines += [[*command.words, *common, value], [*command.words, value], [*command.words, "--", value]]
            for option in command.options:
                if option.metavar and option.flags:
                    long = next(flag for flag in option.flags if flag.startswith("--"))
                    lines.append([*command.words, *common, f"{long}={value}"])
                    if value.startswith("-"):
                        lines += [[*command.words, *common, flag + value] for flag in option.flags if flag != long]
                        lines.append([*command.words, *common, long, value])
    lines += [[value] for value in ODD]
    assert len(lines) > 3000
    env = environment(HOME=str(tmp_path), AIGC_LIBRARY=library)
    done = subprocess.run(
        [sys.executable, "-c", FUZZ], env=env, input=json.dumps(lines), capture_output=True, text=True, timeout=600, cwd=tmp_path
    )
    assert done.returncode == 0 and not done.stderr and not done.stdout, done.stdout[:5000] + done.stderr


def test_a_value_of_two_dashes(sandbox: Any, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["--out=--"], ["-o--"]):
        done = command.run("generate", "--provider", "tencent", "a cat", *words)
        assert done.returncode == 0 and "/--/tencent-aigc_image-" in done.stdout, done.stderr
    assert len(list((tmp_path / "--").iterdir())) == 2

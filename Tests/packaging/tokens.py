"""A job that each language has submitted is attached and fetched by each other language.

usage: tokens.py FOLDER LANGUAGES     (inside sandbox.py; LANGUAGES is a file of programs.sh)
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

from languages import ask

PROVIDERS = {"tencent": "[slow] a cat of %s", "alibaba": "[slow] a <special-token> of %s"}


class Submitted(NamedTuple):
    """A job that a program has left behind."""

    language: str
    provider: str
    token: str
    remote_id: str


def run(command: List[str], *words: str) -> str:
    """What a program says."""
    said = subprocess.run(
        [*command, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        timeout=120,
    )
    if said.returncode != 0:
        raise AssertionError("%s ended with %d: %s" % (words[0], said.returncode, (said.stderr or said.stdout).strip()[:300]))
    return said.stdout


def fact(text: str, work, part: str = "tokens") -> Tuple[bool, object]:  # type: ignore[no-untyped-def]
    """One line."""
    try:
        given = work()
    except (AssertionError, subprocess.TimeoutExpired, ValueError) as error:
        print("not ok - %s: %s: %s" % (part, text, str(error).replace("\n", " ")), flush=True)
        return False, None
    print("ok - %s: %s" % (part, text), flush=True)
    return True, given


def submitted(language: str, command: List[str]) -> List[Submitted]:
    """A job at each provider."""
    found = []
    for provider, prompt in PROVIDERS.items():
        token, remote_id = run(command, "submit", provider, prompt % language).split()
        if not token.startswith("aigc1:%s:" % provider):
            raise AssertionError("it told %r" % token)
        found.append(Submitted(language, provider, token, remote_id))
    return found


def fetched(command: List[str], folder: Path, jobs: List[Submitted]) -> None:
    """Every picture, byte for byte as it was drawn."""
    folder.mkdir(parents=True)
    run(command, "fetch", str(folder), *(job.token for job in jobs))
    for number, job in enumerate(jobs):
        files = list(folder.glob("%d.*" % number))
        if len(files) != 1:
            raise AssertionError("there are %d pictures of %s at %s" % (len(files), job.language, job.provider))
        if files[0].read_bytes() != ask("/image", provider=job.provider, job=job.remote_id, index=0):
            raise AssertionError("%s of %s at %s is not what was drawn" % (files[0].name, job.language, job.provider))


def main() -> int:
    """The matrix."""
    folder = Path(sys.argv[1])
    rows = [line.split("\t") for line in Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()]
    programs: Dict[str, List[str]] = {name: command for name, *command in rows}
    ask("/reset", "POST")
    jobs: List[Submitted] = []
    good = len(programs) > 1
    for name, command in programs.items():
        fine, found = fact("%s submits" % name, lambda: submitted(name, command))
        good = good and fine
        jobs += found or []  # type: ignore[operator]
    for name, command in programs.items():
        text = "%s attaches and fetches %d jobs of %d languages" % (name, len(jobs), len({job.language for job in jobs}))
        fine, _ = fact(text, lambda: fetched(command, folder / name, jobs))
        good = good and fine

    def counted() -> None:
        made = json.loads(ask("/stats", jobs=0))["jobs_created"]
        if any(made.get(p, 0) != len([j for j in jobs if j.provider == p]) for p in PROVIDERS):
            raise AssertionError("the sandbox has %s" % made)

    fine, _ = fact("nobody has created another job", counted)
    return 0 if good and fine else 1


if __name__ == "__main__":
    sys.exit(main())

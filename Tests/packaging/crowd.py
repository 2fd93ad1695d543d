"""Each language's program prints strings of which another thread gets newer ones before they are copied (crowd.sh).

usage: crowd.py LANGUAGES     (inside sandbox.py; LANGUAGES is a file of programs.sh)
"""

from __future__ import annotations

import json
import re
import sys
from functools import partial
from pathlib import Path
from typing import List

from tokens import fact, run

JOBS = {"tencent": "[never] a cat", "alibaba": "[never] a <special-token> cat"}
ID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def strings(command: List[str], token: str) -> None:
    """Every string is whole; raises AssertionError."""
    lines = run(command, "strings", token).splitlines()
    assert len(lines) == 3, "it printed %d lines" % len(lines)
    for line in lines:
        state, request_id, answer = line.split("\t")
        assert re.fullmatch("[A-Z_]+", state), "the state is %r" % state
        assert ID.fullmatch(request_id), "the request id is %r" % request_id
        assert isinstance(json.loads(answer), dict), "the answer is %s" % answer


def main() -> int:
    """Every language, at both providers."""
    failed = False
    programs = {name: command for name, *command in (line.split("\t") for line in Path(sys.argv[1]).read_text().splitlines())}
    for provider, prompt in JOBS.items():
        token = run(programs["python"], "submit", provider, prompt).split()[0]
        for language, command in programs.items():
            text = "%s at %s: a string is whole although other threads read newer ones" % (language, provider)
            failed = not fact(text, partial(strings, command, token), "crowd")[0] or failed
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""What the tests of every language look at from outside: the sandbox's counts, its pictures, and its faults.

usage: languages.py forget                    the sandbox forgets what was before
       languages.py created PROVIDER          how many jobs the sandbox has
       languages.py duplicates                how many of them had been there before
       languages.py fault KIND OPERATION [NAME=VALUE]...
       languages.py calm                      no more faults
       languages.py same PROVIDER JOB INDEX FILE   the file holds the picture, byte for byte
"""

from __future__ import annotations

import json
import os
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Dict, Optional


def ask(path: str, method: str = "GET", body: Optional[Dict[str, Any]] = None, **arguments: object) -> bytes:
    """The sandbox's answer."""
    url = "%s%s?%s" % (os.environ["AIGC_TEST_CONTROL"], path, urllib.parse.urlencode(arguments))
    data = json.dumps(body).encode() if body is not None else None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, method=method, data=data), timeout=30) as answer:
        content: bytes = answer.read()
    return content


def value(text: str) -> Any:
    """A number where it is one."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def main() -> int:
    """Do one of them."""
    command, rest = sys.argv[1], sys.argv[2:]
    if command == "forget":
        ask("/reset", "POST")
    elif command == "created":
        print(json.loads(ask("/stats", jobs=0))["jobs_created"].get(rest[0], 0))
    elif command == "duplicates":
        found = json.loads(ask("/stats", jobs=0))["duplicates"]
        print(sum(found.values()) if isinstance(found, dict) else found if isinstance(found, int) else len(found))
    elif command == "fault":
        fault = {"kind": rest[0], "operation": rest[1], **{k: value(v) for k, v in (p.split("=", 1) for p in rest[2:])}}
        ask("/faults", "POST", fault)
    elif command == "calm":
        ask("/faults", "DELETE")
    elif command == "same":
        provider, job, index, name = rest
        return 0 if ask("/image", provider=provider, job=job, index=index) == Path(name).read_bytes() else 1
    else:
        raise SystemExit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Whether the sandbox was asked for so many jobs, and a folder holds the images of all of them, byte for byte.

usage: images.py PROVIDER JOBS FOLDER [FIRST]     files are named NAME-REMOTEID-NUMBER.EXTENSION, numbers from FIRST (1)
       images.py forget                           the sandbox forgets what was before
"""

from __future__ import annotations

import json
import os
import sys
import urllib.parse
import urllib.request
from pathlib import Path

MAGIC = {b"\x89PNG\r\n\x1a\n": ".png", b"\xff\xd8\xff": ".jpg", b"RIFF": ".webp"}


def ask(path: str, method: str = "GET", **arguments: object) -> bytes:
    """The sandbox's answer."""
    url = "%s%s?%s" % (os.environ["AIGC_TEST_CONTROL"], path, urllib.parse.urlencode(arguments))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, method=method), timeout=30) as answer:
        content: bytes = answer.read()
    return content


def main() -> int:
    """Compare."""
    if sys.argv[1:] == ["forget"]:
        ask("/reset", "POST")
        return 0
    provider, jobs, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    first = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    created = json.loads(ask("/stats", jobs=0))["jobs_created"].get(provider, 0)
    if created != jobs:
        sys.exit("the sandbox has %d jobs, not %d" % (created, jobs))
    seen = set()
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix not in MAGIC.values():
            sys.exit("%s is no image's file name" % path.name)
        _, _, rest = path.stem.partition("-")
        job, _, number = rest.rpartition("-")
        content = path.read_bytes()
        extension = next((e for m, e in MAGIC.items() if content.startswith(m)), "")
        if path.suffix != extension:
            sys.exit("%s holds a %s" % (path.name, extension or "file that is no image"))
        if content != ask("/image", provider=provider, job=job, index=int(number) - first):
            sys.exit("%s is not what was drawn" % path.name)
        seen.add(job)
    if len(seen) != jobs:
        sys.exit("there are images of %d jobs, not of %d" % (len(seen), jobs))
    return 0


if __name__ == "__main__":
    sys.exit(main())

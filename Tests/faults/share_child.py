"""A process of its own that submits jobs to one account together with others.

usage: share_child.py KEYS NAME COUNT FOLLOW
  keys of the configuration as JSON, the beginning of the prompts, how many jobs, and whether they are followed (0 or 1)
Prints "ready", waits for a line, submits, and prints how many jobs ended well (followed) or were accepted, or the first
error. It is ended by its standard input.
"""

from __future__ import annotations

import json
import sys
import time

from rig import fields  # first: it says where the aigc package lies

import aigc  # noqa: E402
from aigc.errors import AigcError  # noqa: E402


def main() -> int:
    """Submit, and report the outcome."""
    keys, name, count, follow = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4] == "1"
    with aigc.Client(keys) as client:
        print("ready", flush=True)
        sys.stdin.readline()
        jobs = [client.submit(**fields("tencent", "%s %d" % (name, number), follow=follow)) for number in range(count)]
        good = 0
        try:
            for job in jobs:
                if follow:
                    job.wait(300)
                else:
                    while not job.remote_id and not job.done:
                        time.sleep(0.01)
                good += 1
        except AigcError as error:
            print("%s %s" % (error.status.name, error.message), flush=True)
        print("good %d" % good, flush=True)
        sys.stdin.readline()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""One download in a process of its own, for proofs that end such a process or take its disk away.

usage: child.py KEYS REQUEST PATH
  keys of the configuration and {"token": ..} or {"url": ..} as JSON, and a file name
Prints the status and the message, or "OK".
"""

from __future__ import annotations

import json
import signal
import sys

import rig  # noqa: F401  (it says where the aigc package lies)

import aigc  # noqa: E402
from aigc.errors import AigcError  # noqa: E402


def main() -> int:
    """Download, and tell how it ended."""
    keys, request, path = json.loads(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it; most hosts do not
    with aigc.Client(keys) as client:
        print("started", flush=True)
        try:
            if "url" in request:
                client.fetch("tencent", "aigc_image_asset", url=request["url"], path=path).wait(60)
            else:
                client.attach(request["token"]).wait(30).download(0, path).wait(60)
        except AigcError as error:
            print("%s %s" % (error.status.name, error.message), flush=True)
            return 0
    print("OK", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

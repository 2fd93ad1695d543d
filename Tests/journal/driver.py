"""The host of driver.c in Python: the same arguments, input and output."""

from __future__ import annotations

import os
import sys
from typing import Any, Dict

import aigc


def say(*words: Any) -> None:
    """One line, in one write."""
    os.write(1, (" ".join(str(word) for word in words).replace("\n", " ") + "\n").encode())


def main() -> int:
    """Until every job has ended."""
    folder, flags = sys.argv[1], sys.argv[2:]
    keys = {line.split()[1]: line.split()[0] for line in sys.stdin}
    settings: Dict[str, Any] = dict(line.split("=", 1) for line in os.environ["AIGC_TEST_CONFIG"].splitlines())
    say("S")
    try:
        client = aigc.Client({**settings, "journal.path": folder})
    except aigc.AigcError as error:
        say("!", "AIGC_E_" + error.status.name, error)
        return 3
    for event in client.events(timeout=0):  # asked once: events of jobs that nobody holds are kept from now on
        say("W", event.message)
    if "resume" in flags:
        client.resume()
    left = set(keys)
    for key, provider in keys.items():
        try:
            if provider == "alibaba":
                client.submit(
                    provider, "pre_model_inference", prompt=f"a <special-token> of {key}", key=key, hold="hold" in flags,
                    image_urls=["https://example.com/reference.png"],
                )
            else:
                client.submit(provider, "aigc_image", prompt=f"a lighthouse of {key}", key=key, hold="hold" in flags)
        except aigc.AigcError as error:
            say("E", key, "AIGC_E_" + error.status.name, int(error.outcome))
            left.discard(key)
    while left:
        for event in client.events(timeout=60):
            job = event.job
            if event.type is aigc.EventType.WARNING:
                say("W", event.message)
            if not isinstance(job, aigc.Job) or not job.key:
                continue
            if event.type is aigc.EventType.JOB_READY:
                job.release()
            elif event.type is aigc.EventType.JOB_ACCEPTED:
                say("A", job.key, job.remote_id)
            elif event.type is aigc.EventType.JOB_DONE:
                status = "AIGC_OK" if event.status == 0 else "AIGC_E_" + event.status.name
                say("D", job.key, int(event.state), status, int(job.outcome), job.remote_id or "-")
                left.discard(job.key)
                if not left:
                    break
        else:
            say("W no event for a minute, %d left" % len(left))
            return 4
    client.close()
    say(".")
    return 0


if __name__ == "__main__":
    sys.exit(main())

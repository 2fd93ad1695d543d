#!/usr/bin/env python3
"""Many jobs in one asyncio loop, without a thread: each is awaited like anything else.

    pip install ./bindings/python
    python asyncio_jobs.py 100 "a cat in the snow" pictures/

Ctrl-C, SIGTERM and SIGHUP end the program in good order: an answer on its way gets ten seconds, and then the program says what is
known about each job without images.
Exit status: 0 all images are there, 1 something failed, 2 wrong usage, 3 nobody knows whether a job runs, 130 ended by a signal.
"""

import asyncio
import signal
import sys
from typing import Dict, List

import aigc
import aigc.aio


unwritten: List[str] = []


async def one(client: aigc.aio.Client, jobs: List[aigc.aio.Job], prompt: str, folder: str) -> None:
    """One job from its prompt to its files."""
    job = client.submit("tencent", "aigc_image", prompt=prompt)
    jobs.append(job)
    while job.remote_id is None and not job.done:
        await asyncio.sleep(0.05)
    if job.token is not None:
        print("accepted", job.token, file=sys.stderr)  # The moment to store the token.
    for image in await job.result(out=folder, name_template="asyncio-{remote_id}-{index}"):
        try:
            print(image.path, flush=True)
        except (OSError, ValueError) as error:  # A full disk or a closed pipe: the image is there all the same.
            print(f"standard output cannot be written ({error}); the image is in {image.path}; {job.token}", file=sys.stderr)
            unwritten.append(str(image.path))
    jobs.remove(job)


async def run(settings: Dict[str, str], jobs: List[aigc.aio.Job], count: int, prompt: str, folder: str) -> int:
    """All of them at the same time; the exit status."""
    status = 0
    async with aigc.aio.Client({"close.grace_ms": "10000", **settings}) as client:
        work = [one(client, jobs, prompt, folder) for _ in range(count)]
        for result in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(result, aigc.AigcError):
                print(f"{result.name}: {result}", file=sys.stderr)
                status = 1
            elif isinstance(result, BaseException):
                raise result
    return 1 if unwritten else status


def left(jobs: List[aigc.aio.Job], status: int) -> int:
    """Says what is known about the jobs without images, once the client is closed: the exit status."""
    for job in jobs:
        if job.token or job.remote_id:
            print("accepted; fetch it with: aigc fetch", job.token or job.remote_id, file=sys.stderr)
        elif job.outcome is aigc.Outcome.UNKNOWN:
            print("it may run and be paid: look at the provider's console first; key:", job.key, file=sys.stderr)
            status = 3
        else:
            print("provably not submitted, or refused: nothing is paid", file=sys.stderr)
    return status


def main(arguments: List[str]) -> int:
    """The command line."""
    settings = {}
    while len(arguments) > 1 and arguments[0] == "-c":
        key, _, value = arguments[1].partition("=")
        settings[key] = value
        arguments = arguments[2:]
    if len(arguments) != 3 or sys.stdout is None:
        print("usage: asyncio_jobs.py [-c KEY=VALUE]... JOBS PROMPT FOLDER", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)  # As Ctrl-C does.
    jobs: List[aigc.aio.Job] = []
    try:
        return left(jobs, asyncio.run(run(settings, jobs, int(arguments[0]), arguments[1], arguments[2])))
    except KeyboardInterrupt:
        return left(jobs, 130)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

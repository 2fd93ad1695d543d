#!/usr/bin/env python3
"""Many jobs in one asyncio loop, without a thread: each is awaited like anything else.

    pip install ./bindings/python
    python asyncio_jobs.py 100 "a cat in the snow" pictures/

Ctrl-C, SIGTERM and SIGHUP end the program in good order: what the provider has accepted keeps running there, and the tokens that
have been printed find it again.
Exit status: 0 all images are there, 1 something failed, 2 wrong usage, 130 ended by a signal.
"""

import asyncio
import signal
import sys
from typing import Dict, List

import aigc
import aigc.aio


async def one(client: aigc.aio.Client, prompt: str, folder: str) -> int:
    """One job from its prompt to its files; how many there are."""
    images = await client.generate(
        "tencent",
        "aigc_image",
        prompt=prompt,
        out=folder,
        name_template="asyncio-{remote_id}-{index}",
        on_accepted=lambda job: tell(f"accepted {job.token}"),  # The moment to store the token.
    )
    for image in images:
        tell(str(image.path))
    return len(images)


untold: List[str] = []


def tell(line: str) -> None:
    """A line on standard output; or on standard error, where a disk is full or a reader has gone: no token is lost."""
    try:
        print(line, flush=True)
    except (OSError, ValueError):
        untold.append(line)
        print("standard output cannot be written:", line, file=sys.stderr)


async def run(settings: Dict[str, str], jobs: int, prompt: str, folder: str) -> int:
    """All of them at the same time; the exit status."""
    async with aigc.aio.Client(settings) as client:
        work = [one(client, prompt, folder) for _ in range(jobs)]
        results = await asyncio.gather(*work, return_exceptions=True)
    status = 1 if untold else 0
    for result in results:
        if isinstance(result, aigc.AigcError):
            print(f"{result.name}: {result} {result.token or ''}", file=sys.stderr)
            status = 1
        elif isinstance(result, BaseException):
            raise result
    return status


def main(arguments: List[str]) -> int:
    """The command line."""
    settings = {}
    while len(arguments) > 1 and arguments[0] == "-c":
        key, _, value = arguments[1].partition("=")
        settings[key] = value
        arguments = arguments[2:]
    if len(arguments) != 3:
        print("usage: asyncio_jobs.py [-c KEY=VALUE]... JOBS PROMPT FOLDER", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)  # As Ctrl-C does.
    try:
        return asyncio.run(run(settings, int(arguments[0]), arguments[1], arguments[2]))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

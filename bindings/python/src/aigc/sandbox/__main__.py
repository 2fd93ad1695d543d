"""The aigc-sandbox command."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import List, Optional

DESCRIPTION = """A local server that stands for two image-generation clouds: Alibaba Cloud AiContent and
Tencent Cloud MPS. It checks signatures, walks jobs through their states, draws a real picture
for every job and can be told to misbehave. Nothing leaves this machine and nothing is billed.

When it is ready it prints one line of JSON: the addresses, the CA file for https, the keys to use,
and where its control interface is. It runs until SIGTERM or Ctrl-C."""

EPILOG = """Words in a prompt that change a job: [fail] and [moderated] end badly, [slow] takes ten times as
long, [never] never ends, [empty] ends without pictures, [blocked] is refused (Tencent),
[webp] gives WebP, [size:WxH] sets the size."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        "aigc-sandbox", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    ports = p.add_argument_group("ports (0, the default, lets the system choose; the ready line tells)")
    ports.add_argument("--http-port", type=_port, default=0, help="both clouds' APIs, plain HTTP")
    ports.add_argument("--https-port", type=_port, default=0, help="both clouds' APIs, TLS")
    ports.add_argument("--asset-port", type=_port, default=0, help="where Tencent's image URLs point, plain HTTP")
    ports.add_argument("--asset-tls-port", type=_port, default=0, help="the same with TLS")
    ports.add_argument("--bucket-port", type=_port, default=0, help="private bucket, plain HTTP")
    ports.add_argument("--bucket-tls-port", type=_port, default=0, help="the same with TLS")
    ports.add_argument("--metadata-port", type=_port, default=0, help="instance metadata and credentials URI")
    ports.add_argument("--proxy-port", type=_port, default=0, help="HTTP proxy that leads the clouds' hosts here")
    jobs = p.add_argument_group("jobs and limits")
    jobs.add_argument("--duration", type=float, default=2.0, metavar="SECONDS", help="from submit to finished (default 2)")
    jobs.add_argument(
        "--rate", type=float, default=20.0, help="Tencent requests per second, account and action (default 20; 0 = off)"
    )
    jobs.add_argument("--alibaba-rate", type=float, default=0.0, help="the same for Alibaba (default 0 = off)")
    jobs.add_argument(
        "--concurrency", type=float, default=0.0, metavar="N",
        help="Tencent tasks of an account that may run at once; one more is refused until one ends (default 0 = off)",
    )
    jobs.add_argument(
        "--alibaba-concurrency", type=float, default=0.0, metavar="N", help="the same for Alibaba (default 0 = off)"
    )
    jobs.add_argument("--any-model", action="store_true", help="accept model names the sandbox does not know")
    urls = p.add_argument_group("image addresses and time")
    urls.add_argument(
        "--url-life", type=float, default=43200.0, metavar="SECONDS", help="life of image URLs (default 43200)"
    )
    urls.add_argument("--signed-urls", action="store_true", help="image URLs carry a signature in their query")
    urls.add_argument(
        "--asset-scheme", choices=("http", "https"), default="http", help="scheme of image URLs (default http)"
    )
    urls.add_argument(
        "--asset-host", default="", metavar="NAME",
        help="host of image URLs, such as images.sandbox.test, for programs behind the proxy (default: where it listens)",
    )
    urls.add_argument(
        "--base64-form", default="bare", help="how base64 pictures are wrapped: bare, quoted, envelope, data, "
        "quoted-data, envelope-data (default bare)",
    )
    urls.add_argument(
        "--clock-skew", type=float, default=0.0, metavar="SECONDS", help="how far the server's clock is ahead (default 0)"
    )
    who = p.add_argument_group("callers and files")
    who.add_argument(
        "--identity", action="append", default=[], metavar="JSON",
        help='one more caller: {"provider": "alibaba", "id": "..", "secret": "..", "token": "..", "expires_in": 900}; '
        "token and expiry are for temporary ones; may be repeated",
    )
    who.add_argument(
        "--sts-life", type=float, default=0.0, metavar="SECONDS",
        help="life of temporary credentials, whatever was asked for (default 0 = as asked)",
    )
    who.add_argument("--ready-file", type=Path, metavar="PATH", help="write the ready line to this file too")
    who.add_argument("--state-dir", type=Path, metavar="PATH", help="keep the test CA here (default: a temporary folder)")
    who.add_argument(
        "--cert-name", action="append", default=[], metavar="NAME", help="one more host name for the certificate"
    )
    who.add_argument("--exit-with-parent", action="store_true", help="end when the process that started this one ends")
    who.add_argument("--exit-with", type=int, default=0, metavar="PID", help="end when that process ends")
    return p


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError("a port lies between 0 and 65535")
    return value


def _write_ready(path: Path, line: str) -> None:
    handle, name = tempfile.mkstemp(dir=str(path.parent), prefix=path.name)
    with os.fdopen(handle, "w") as out:
        out.write(line + "\n")
    os.replace(name, path)


async def _watch_parent(parent: int, stop: asyncio.Event) -> None:
    while os.getppid() == parent:
        await asyncio.sleep(0.25)
    stop.set()


def _begun(pid: int) -> str:
    """When a process was started, in the kernel's words; empty if there is none, or if nobody can tell."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _lives(pid: int, begun: str) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # Somebody else's.
    return _begun(pid) == begun


async def _watch(pid: int, stop: asyncio.Event) -> None:
    begun = _begun(pid)
    while _lives(pid, begun):
        await asyncio.sleep(0.25)
    stop.set()


async def _run(options: argparse.Namespace, state_dir: Path, parent: int) -> None:
    from .identities import identity_from_json
    from .server import Ports, Sandbox
    from .settings import Settings
    from .world import World

    settings = Settings()
    names = (
        "duration", "rate", "alibaba_rate", "concurrency", "alibaba_concurrency", "url_life", "clock_skew", "base64_form",
        "asset_scheme", "asset_host", "signed_urls", "any_model", "sts_life",
    )
    settings.update({name: getattr(options, name) for name in names})
    world = World(settings)
    for text in options.identity:
        try:
            value = json.loads(text)
        except ValueError:
            raise ValueError("--identity is not valid JSON: " + text) from None
        world.identities.add(identity_from_json(value, world.clock.now()))
    ports = Ports(
        options.http_port, options.https_port, options.asset_port, options.asset_tls_port, options.bucket_port,
        options.bucket_tls_port, options.metadata_port, options.proxy_port,
    )
    sandbox = Sandbox(world, state_dir, options.host, ports, options.cert_name)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    info = await sandbox.start()
    line = json.dumps(info)
    if options.ready_file is not None:
        _write_ready(options.ready_file, line)
    print(line, flush=True)
    watchers = [asyncio.ensure_future(_watch_parent(parent, stop))] if options.exit_with_parent else []
    if options.exit_with:
        watchers.append(asyncio.ensure_future(_watch(options.exit_with, stop)))
    try:
        await stop.wait()
    finally:
        for watcher in watchers:
            watcher.cancel()
        await sandbox.stop()


def main(argv: Optional[List[str]] = None) -> int:
    """Run until told to stop; the exit code."""
    parent = os.getppid()
    options = parser().parse_args(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="aigc-sandbox-") as folder:
            state_dir = options.state_dir or Path(folder)
            state_dir.mkdir(parents=True, exist_ok=True)
            with suppress(KeyboardInterrupt):
                asyncio.run(_run(options, state_dir, parent))
    except ImportError as missing:
        print("aigc-sandbox: %s; pip install 'libaigc[sandbox]'" % missing, file=sys.stderr)
        return 2
    except (ValueError, RuntimeError, OSError) as problem:
        print("aigc-sandbox: %s" % problem, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

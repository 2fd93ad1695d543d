"""A sandbox, proxies before it, and clients that go through them."""

from __future__ import annotations

import asyncio
import itertools
import ssl
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Awaitable, Callable, Dict, List, Optional, Sequence, Set, Tuple, Type, TypeVar

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings" / "python" / "src"))

import certs  # noqa: E402
from aigc.sandbox.testing import SandboxProcess, keys  # noqa: E402
from proxy import Address, Counts, Proxy, contexts_from  # noqa: E402

T = TypeVar("T")
Keys = Dict[str, Any]

# Small pauses and generous limits: a fault is to be met by what the library does about it, not by a slow machine.
QUICK: Keys = {
    "poll.initial_ms": 20,
    "poll.max_ms": 60,
    "retry.base_ms": 20,
    "retry.max_ms": 100,
    "rate.tencent.create_per_s": 0,
    "rate.tencent.describe_per_s": 0,
    "job.deadline_ms": 60_000,
    "download.deadline_ms": 60_000,
    "download.allow_private_addresses": True,
    "http.proxy": "none",
    "credentials.use_environment": False,
    "credentials.use_files": False,
    "credentials.use_metadata": False,
}


class Door:
    """A proxy as other threads see it."""

    def __init__(self, rig: "Rig", proxy: Proxy, scheme: str) -> None:
        self._rig = rig
        self._proxy = proxy
        self.scheme = scheme

    @property
    def url(self) -> str:
        """Where it is reached."""
        return "%s://127.0.0.1:%d" % (self.scheme, self._proxy.port)

    @property
    def counts(self) -> Counts:
        """What came so far."""
        return self._proxy.counts

    def arm(self, name: str, times: int = 1, skip: int = 0, variant: int = 0) -> None:
        """Misbehave from now on."""
        self._rig.wait(lambda: self._proxy.arm(name, times, skip, variant))

    def end_idle(self) -> None:
        """End the connections that are kept for another request."""
        self._rig.wait(self._proxy.end_idle)

    def vanish(self) -> None:
        """Port and connections are gone until disarm()."""
        self._rig.wait(self._proxy.vanish)

    def lead_to(self, url: str) -> None:
        """From now on to another origin."""
        host, _, port = url.split("//", 1)[1].rpartition(":")
        self._proxy.origin = Address(host, int(port))

    def disarm(self) -> None:
        """Behave, and open the port again."""
        self._rig.run(self._proxy.disarm)

    def rewrite(self, old: str, new: str) -> None:
        """Replace text in the bodies of replies."""
        self._proxy.rewrite.append((old.encode(), new.encode()))

    def be_proxy(self) -> None:
        """From now on it is what http.proxy names: requests with whole URLs, and TLS behind CONNECT."""
        self._proxy.tunnel = self._rig.context

    def close(self) -> None:
        """End it."""
        self._rig.forget(self)
        self._rig.wait(self._proxy.stop)


class Rig:
    """For the length of a with block."""

    def __init__(self, *options: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="aigc-faults-")
        self.folder = Path(self._folder.name)
        state = self.folder / "state"
        state.mkdir()
        self.box = SandboxProcess("--state-dir", str(state), *options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._contexts: Dict[str, Any] = {}
        # The certificate and the key that clients of the rig trust.
        self.certificate: Tuple[Path, Path] = (Path(), Path())
        self._numbers = itertools.count(1)
        self._doors: Set[Door] = set()

    def __enter__(self) -> "Rig":
        self.box.__enter__()
        made = self.folder / "certificates"
        made.mkdir()
        files = certs.make(self.folder / "state", made)
        self.certificate = files["good"]
        self._contexts = contexts_from(files)
        self._thread.start()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        for door in list(self._doors):
            door.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self.box.stop()
        self._folder.cleanup()

    @property
    def context(self) -> ssl.SSLContext:
        """What clients of the rig trust."""
        context: ssl.SSLContext = self._contexts["good"]
        return context

    # The loop of the proxies

    def wait(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run a coroutine there and wait for it."""

        async def run() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(30)

    def run(self, work: Callable[[], T]) -> T:
        """Run a function there and wait for it."""

        async def run() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(30)

    # Doors

    def door(
        self,
        origin: str = "http",
        scheme: str = "http",
        provider: str = "",
        close_each: bool = False,
        rewrite: Sequence[Tuple[str, str]] = (),
    ) -> Door:
        """A proxy before one of the sandbox's plain origins (http, asset_http, metadata)."""
        return self.door_to(self.box.info[origin], scheme, provider, close_each, rewrite)

    def door_to(
        self,
        url: str,
        scheme: str = "http",
        provider: str = "",
        close_each: bool = False,
        rewrite: Sequence[Tuple[str, str]] = (),
    ) -> Door:
        """The same before any origin that speaks plain HTTP."""
        host, _, port = url.split("//", 1)[1].rpartition(":")
        contexts = self._contexts if scheme == "https" else None
        pairs: List[Tuple[bytes, bytes]] = [(old.encode(), new.encode()) for old, new in rewrite]
        proxy = self.run(lambda: Proxy(Address(host, int(port)), contexts, provider, pairs, close_each))
        self.wait(proxy.start)
        door = Door(self, proxy, scheme)
        self._doors.add(door)
        return door

    def forget(self, door: Door) -> None:
        """It has been closed."""
        self._doors.discard(door)

    def own_identity(self, provider: str, account: str = "main") -> Keys:
        """Keys of somebody whom nobody else in this process is; rates are shared by all who are the same."""
        name = "somebody-%d" % next(self._numbers)
        self.box.add_identity(provider=provider, id=name + "-id", secret=name + "-secret", account=account)
        names = {"alibaba": ("access_key_id", "access_key_secret"), "tencent": ("secret_id", "secret_key")}[provider]
        return {"%s.%s" % (provider, names[0]): name + "-id", "%s.%s" % (provider, names[1]): name + "-secret"}

    def keys(self, api: str, **more: Any) -> Keys:
        """Configuration keys of a client that reaches both clouds there; "_" in more stands for the first dot."""
        info = self.box.info
        found: Keys = {**QUICK, **keys(info, api), "tls.ca_file": info["ca_file"]}
        found.update({name.replace("_", ".", 1): value for name, value in more.items()})
        return found


def words(provider: str, prompt: str) -> str:
    """The prompt of a small picture, as the cloud gets it."""
    text = prompt if "[size:" in prompt else prompt + " [size:48x48]"
    if provider == "alibaba" and "<special-token>" not in text:
        text += " <special-token>"
    return text


def fields(provider: str, prompt: str, trained: bool = False, **more: Any) -> Dict[str, Any]:
    """What Client.submit takes for a small picture; trained: of Alibaba's two operations the one with a model."""
    found: Dict[str, Any] = {"provider": provider, "prompt": words(provider, prompt)}
    if provider == "tencent":
        found["operation"] = "aigc_image"
    elif trained:
        found.update(operation="inference", model="sandbox-model")
    else:
        found.update(operation="pre_model_inference", image_urls=["https://example.com/reference.png"])
    found.update(more)
    return found

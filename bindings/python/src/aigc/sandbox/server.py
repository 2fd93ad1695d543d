"""The listening side: origins, dispatch by what a request says, start and stop."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
import traceback
from pathlib import Path
from typing import Any, Awaitable, Callable, Deque, Dict, List, NamedTuple, Optional, Sequence

from aiohttp import web

from . import alibaba, certificates, metadata, store, tencent, view
from .assets import Assets
from .bucket import Bucket, carries_signature
from .control import ROOT, Control
from .faults import Fault
from .identities import ALIBABA_ID, ALIBABA_SECRET, TENCENT_ID, TENCENT_SECRET
from .misbehave import perform, response
from .proxy import Proxy
from .wire import Head, Refusal, Reply
from .world import Call, World

MAX_BODY = 12 * 1024 * 1024
_LINE = 1 << 16


class Ports(NamedTuple):
    """Where to listen; 0 lets the kernel choose."""

    http: int = 0
    https: int = 0
    asset_http: int = 0
    asset_https: int = 0
    bucket_http: int = 0
    bucket_https: int = 0
    metadata: int = 0
    proxy: int = 0


class Route(NamedTuple):
    """Who answers a request and how a fault speaks in its voice."""

    provider: str
    operation: str
    handle: Callable[[Call], Awaitable[Reply]]
    refuse: Callable[[Fault], Reply]


def head_of(request: web.BaseRequest) -> Head:
    """The request head, untouched."""
    headers = [
        (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
        for name, value in request.raw_headers
    ]
    return Head(request.method, request.raw_path, headers)


async def _body_of(request: web.BaseRequest, head: Head) -> bytes:
    if (head.get("expect") or "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    parts: List[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        size += len(part)
        if size <= MAX_BODY:  # the rest is read and dropped: the handler refuses by length
            parts.append(part)
    return b"".join(parts)


def _failed(problem: BaseException) -> Reply:
    traceback.print_exception(type(problem), problem, problem.__traceback__, file=sys.stderr)
    return Reply(500, b"the sandbox itself failed; see its standard error\n", "text/plain", [], "sandbox-failure")


class Sandbox:
    """All origins of one sandbox."""

    def __init__(self, world: World, state_dir: Path, host: str, ports: Ports, cert_names: Sequence[str] = ()) -> None:
        self._world = world
        self._state_dir = state_dir
        self._host = host
        self._ports = ports
        self._cert_names = cert_names
        self._alibaba = alibaba.Alibaba(world)
        self._bucket = Bucket(world)
        self._tencent = tencent.Tencent(world, self._bucket)
        self._metadata = metadata.Metadata(world)
        self._assets = Assets(world)
        self.info: Dict[str, Any] = {}
        self._control = Control(world, self.info)
        self._proxy = Proxy(world, self.info)
        self._listeners: List[asyncio.AbstractServer] = []
        self._servers: List[web.Server] = []

    # Dispatch

    def _api_route(self, head: Head) -> Route:
        action = head.get("x-tc-action")
        host = head.get("host") or ""
        if action is not None or (head.get("authorization") or "").startswith("TC3-"):
            return Route("tencent", tencent.operation_of(action), self._tencent.handle, tencent.refuse_by_fault)
        return Route(
            "alibaba",
            alibaba.operation_of(head),
            self._alibaba.handle,
            lambda fault: alibaba.refuse_by_fault(fault, host),
        )

    def _store_route(self, head: Head, name: str, handle: Callable[[Call], Awaitable[Reply]]) -> Route:
        return Route("tencent", name, handle, lambda fault: _store_fault(fault, head.path))

    async def _api(self, request: web.BaseRequest) -> web.StreamResponse:
        head = head_of(request)
        if head.path == ROOT or head.path.startswith(ROOT + "/"):
            body = await _body_of(request, head)
            return response(await self._control.handle(head, body, request.remote), self._world.clock.now())
        if view.asks_for_page(head):
            return response(self._control.page(head, request.remote), self._world.clock.now())
        return await self._exchange(request, head, self._api_route(head), self._world.ledger.requests)

    async def _asset(self, request: web.BaseRequest) -> web.StreamResponse:
        head = head_of(request)
        route = self._store_route(head, "asset", self._assets.handle)
        return await self._exchange(request, head, route, self._world.ledger.asset_requests)

    async def _private(self, request: web.BaseRequest) -> web.StreamResponse:
        head = head_of(request)
        route = self._store_route(head, "bucket", self._bucket.handle)
        more = {"signed": carries_signature(head)}
        return await self._exchange(request, head, route, self._world.ledger.bucket_requests, more)

    async def _instance(self, request: web.BaseRequest) -> web.StreamResponse:
        head = head_of(request)
        provider, operation = metadata.operation_of(head)
        route = Route(provider, operation, self._metadata.handle, _plain_fault)
        return await self._exchange(request, head, route, self._world.ledger.requests)

    async def _exchange(
        self,
        request: web.BaseRequest,
        head: Head,
        route: Route,
        log: Deque[Dict[str, Any]],
        more: Optional[Dict[str, Any]] = None,
    ) -> web.StreamResponse:
        world = self._world
        counts = world.ledger.operation(route.provider, route.operation)
        counts.requests += 1
        counts.peak.count()
        entry = world.ledger.record(
            log,
            {
                "provider": route.provider, "operation": route.operation, "time": world.clock.now(),
                "method": head.method, "target": head.target, "headers": head.headers, "peer": request.remote, **(more or {}),
            },
        )
        fault = world.faults.take(route.provider, route.operation, head.target)

        async def handle() -> Reply:
            call = Call(head, await _body_of(request, head), route.operation, fault)
            try:
                reply = await route.handle(call)
            except Exception as problem:  # a bug of the sandbox must not look like a cloud's answer
                reply = _failed(problem)
            if reply.code:
                counts.refused[reply.code] += 1
            else:
                counts.accepted += 1
            entry["status"], entry["code"] = reply.status, reply.code
            entry["checks"] = call.results(not reply.code)
            return reply

        try:
            if fault is None:
                return response(await handle(), world.clock.now())
            counts.faults[fault.kind] += 1
            entry["fault"] = fault.kind
            return await perform(request, fault, handle, route.refuse, world.clock.now)
        finally:
            entry["over"] = True

    # Start and stop

    async def _listen(
        self,
        name: str,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        port: int,
        tls: Optional[ssl.SSLContext] = None,
    ) -> str:
        server = web.Server(
            handler, access_log=None, keepalive_timeout=75.0, max_line_size=_LINE, max_field_size=_LINE,
            lingering_time=1.0,
        )

        def accepted() -> asyncio.Protocol:
            self._world.ledger.connections[name] += 1
            return server()

        listener = await asyncio.get_running_loop().create_server(
            accepted, self._host, port, backlog=2048, ssl=tls, reuse_address=True
        )
        self._servers.append(server)
        self._listeners.append(listener)
        bound = listener.sockets[0].getsockname()[1]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)
        return "%s://%s:%d" % ("https" if tls else "http", "[%s]" % host if ":" in host else host, bound)

    async def start(self) -> Dict[str, Any]:
        """Listen; the ready information."""
        files = certificates.make(self._state_dir, self._cert_names)
        tls = certificates.server_context(files)
        info = self.info
        info["http"] = await self._listen("http", self._api, self._ports.http)
        info["https"] = await self._listen("https", self._api, self._ports.https, tls)
        info["asset_http"] = await self._listen("asset_http", self._asset, self._ports.asset_http)
        info["asset_https"] = await self._listen("asset_https", self._asset, self._ports.asset_https, tls)
        self._world.urls.origins.update(http=info["asset_http"], https=info["asset_https"])
        info["bucket_http"] = await self._listen("bucket_http", self._private, self._ports.bucket_http)
        info["bucket_https"] = await self._listen("bucket_https", self._private, self._ports.bucket_https, tls)
        self._world.bucket_origins.update(http=info["bucket_http"], https=info["bucket_https"])
        info["metadata"] = await self._listen("metadata", self._instance, self._ports.metadata)
        info["credentials_uri"] = info["metadata"] + metadata.URI_PATH
        bound = await self._proxy.start(self._host, self._ports.proxy)
        info["proxy"] = info["http"].rpartition(":")[0] + ":%d" % bound
        info["ca_file"] = str(files.ca)
        info["page"] = info["http"] + "/"
        info["control"] = info["http"] + ROOT
        info["alibaba"] = {
            "access_key_id": ALIBABA_ID, "access_key_secret": ALIBABA_SECRET, "model_id": alibaba.PRESET_MODEL,
        }
        info["tencent"] = {"secret_id": TENCENT_ID, "secret_key": TENCENT_SECRET}
        info["pid"] = os.getpid()
        return info

    async def stop(self) -> None:
        """Close everything."""
        for listener in self._listeners:
            listener.close()
        await self._proxy.stop()
        for server in self._servers:
            await server.shutdown(0.2)
        self._world.gallery.close()


def _plain_fault(fault: Fault) -> Reply:
    values = fault.values
    text = "%s: %s\n" % (values["code"], values["message"])
    return Reply(values["status"] or 500, text.encode(), "text/plain", [], str(values["code"]))


def _store_fault(fault: Fault, path: str) -> Reply:
    values = fault.values
    headers = [("Retry-After", str(values["retry_after"]))] if values.get("retry_after") is not None else []
    return store.refuse(Refusal(values["code"], values["message"], values["status"] or 503, headers=headers), path)

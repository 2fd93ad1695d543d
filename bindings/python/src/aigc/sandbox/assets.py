"""The asset origin: where Tencent's image URLs point. It needs no signature and records every header."""

from __future__ import annotations

from .signatures_cos import verify
from .store import refuse, serve_job
from .wire import Refusal, Reply
from .world import Call, World


class Assets:
    """Serves pictures by their short-lived addresses."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle(self, call: Call) -> Reply:
        """Answer one request, refusals included."""
        try:
            return await self._handle(call)
        except Refusal as refusal:
            return refuse(refusal, call.head.path)

    async def _handle(self, call: Call) -> Reply:
        head, world = call.head, self._world
        if head.method not in ("GET", "HEAD"):
            raise Refusal("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
        address = world.urls.find(head.path)
        job = world.jobs.find("tencent", address.job_id) if address is not None else None
        if address is None or job is None:
            raise Refusal("NoSuchKey", "The specified key does not exist.", 404)
        if world.clock.now() >= address.expires_at:
            raise Refusal("AccessDenied", "Request has expired", 403)
        if address.query:
            verify(head, world.identities, world.clock.now())
        return await serve_job(world, call, job, address.index)

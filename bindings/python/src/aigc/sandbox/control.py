"""The control interface under /_sandbox: unsigned, for this machine only."""

from __future__ import annotations

import json
from typing import Any, Callable, Deque, Dict, Optional, Tuple, cast

from . import tencent_scene, view
from .faults import KINDS, fault_from_json
from .guard import refusal
from .identities import identity_from_json
from .ledger import since
from .wire import Head, Reply, json_reply
from .world import World

ROOT = "/_sandbox"


class BadRequest(Exception):
    """A control call that makes no sense; the text says why."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def _object(body: bytes) -> Dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise BadRequest("the body is not valid JSON") from None
    if not isinstance(value, dict):
        raise BadRequest("the body must be a JSON object")
    return cast(Dict[str, Any], value)


def _number(arguments: Dict[str, str], name: str, default: int) -> int:
    text = arguments.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise BadRequest("%s must be a whole number" % name)
    return int(text)


class Control:
    """Reads and changes the world."""

    def __init__(self, world: World, info: Dict[str, Any]) -> None:
        self._world = world
        self._info = info
        self._calls: Dict[Tuple[str, str], Callable[[Dict[str, str], bytes], Any]] = {
            ("GET", ""): self._about,
            ("GET", "stats"): self._stats,
            ("GET", "requests"): self._requests,
            ("GET", "asset-requests"): self._asset_requests,
            ("GET", "bucket-requests"): self._bucket_requests,
            ("GET", "proxy-requests"): self._proxy_requests,
            ("POST", "scene-tasks"): lambda arguments, body: {"id": tencent_scene.create(world, _object(body))},
            ("GET", "view"): lambda arguments, body: view.look(world, _number(arguments, "since", 0)),
            ("GET", "config"): lambda arguments, body: world.settings.as_json(),
            ("POST", "config"): self._configure,
            ("GET", "faults"): lambda arguments, body: [f.as_json() for f in world.faults.every()],
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("POST", "expire"): self._expire,
            ("POST", "reset"): self._reset,
            ("GET", "identities"): self._identities,
            ("POST", "identities"): self._add_identity,
        }

    async def handle(self, head: Head, body: bytes, peer: Optional[str]) -> Reply:
        """Answer one control call."""
        try:
            refused = refusal(head, peer)
            if refused is not None:
                raise BadRequest(refused, 403)
            name = head.path[len(ROOT) :].strip("/")
            page = view.file(name) if head.method == "GET" and name else None
            if page is not None:
                return page
            if (head.method, name) == ("GET", "image"):
                return await self._image(head.arguments())
            call = self._calls.get((head.method, name))
            if call is None:
                known = any(path == name for _, path in self._calls)
                raise BadRequest("no such call; GET %s lists them" % ROOT, 405 if known else 404)
            return json_reply(call(head.arguments(), body))
        except BadRequest as bad:
            return json_reply({"error": str(bad)}, bad.status, "control")
        except ValueError as bad:
            return json_reply({"error": str(bad)}, 400, "control")

    def page(self, head: Head, peer: Optional[str]) -> Reply:
        """The page at the root, for people."""
        refused = refusal(head, peer)
        found = view.file("")
        if refused is not None or found is None:
            return Reply(403, (refused or "").encode("utf-8", "replace"), "text/plain; charset=utf-8", [], "control")
        return found

    def _about(self, arguments: Dict[str, str], body: bytes) -> Any:
        calls = sorted("%s %s/%s" % (method, ROOT, name) for method, name in self._calls)
        kinds = {kind: sorted(values) for kind, values in KINDS.items()}
        return {"info": self._info, "calls": calls + ["GET %s/image" % ROOT], "fault_kinds": kinds}

    def _stats(self, arguments: Dict[str, str], body: bytes) -> Any:
        stats = self._world.ledger.as_json()
        stats["places"] = {provider: places.as_json() for provider, places in self._world.places.items()}
        if arguments.get("jobs") == "0":
            del stats["jobs"]
        return stats

    @staticmethod
    def _since(log: Deque[Dict[str, Any]], arguments: Dict[str, str]) -> Any:
        return since(log, _number(arguments, "since", 0), arguments.get("operation", ""))

    def _requests(self, arguments: Dict[str, str], body: bytes) -> Any:
        return self._since(self._world.ledger.requests, arguments)

    def _asset_requests(self, arguments: Dict[str, str], body: bytes) -> Any:
        return self._since(self._world.ledger.asset_requests, arguments)

    def _bucket_requests(self, arguments: Dict[str, str], body: bytes) -> Any:
        return self._since(self._world.ledger.bucket_requests, arguments)

    def _proxy_requests(self, arguments: Dict[str, str], body: bytes) -> Any:
        return self._since(self._world.ledger.proxy_requests, arguments)

    def _configure(self, arguments: Dict[str, str], body: bytes) -> Any:
        self._world.settings.update(_object(body))
        self._world.apply_settings()
        return self._world.settings.as_json()

    def _add_fault(self, arguments: Dict[str, str], body: bytes) -> Any:
        fault = fault_from_json(_object(body))
        self._world.faults.add(fault)
        return fault.as_json()

    def _clear_faults(self, arguments: Dict[str, str], body: bytes) -> Any:
        self._world.faults.clear(_number(arguments, "id", 0) if "id" in arguments else None)
        return [f.as_json() for f in self._world.faults.every()]

    def _expire(self, arguments: Dict[str, str], body: bytes) -> Any:
        wanted = _object(body)
        job = wanted.get("job")
        if set(wanted) - {"job"} or (job is not None and not isinstance(job, str)):
            raise BadRequest("expire takes nothing, or job: a task id")
        return {"expired": self._world.urls.expire(job)}

    def _reset(self, arguments: Dict[str, str], body: bytes) -> Any:
        self._world.reset()
        return {"reset": True}

    def _identities(self, arguments: Dict[str, str], body: bytes) -> Any:
        return [vars(identity) for identity in self._world.identities.every()]

    def _add_identity(self, arguments: Dict[str, str], body: bytes) -> Any:
        identity = identity_from_json(_object(body), self._world.clock.now())
        self._world.identities.add(identity)
        return vars(identity)

    async def _image(self, arguments: Dict[str, str]) -> Reply:
        job = self._world.jobs.find(arguments.get("provider", ""), arguments.get("job", ""))
        index = _number(arguments, "index", 0)
        if job is None:
            raise BadRequest("no such job; give provider=alibaba|tencent and job=<id>", 404)
        if index >= job.images():
            raise BadRequest("the job has %d images" % job.images(), 404)
        picture = await self._world.picture(job, index)
        return Reply(200, picture.data, picture.content_type, [("ETag", picture.etag)])

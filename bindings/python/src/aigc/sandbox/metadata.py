"""Instance metadata of both clouds on one origin, and the credentials URI: where a machine finds its own identity."""

from __future__ import annotations

import json
import time
from typing import Dict, Optional, Tuple

from .identities import Identity
from .issuer import iso, issue
from .jobs import hex_id
from .wire import Head, Reply
from .world import Call, World

ECS_ROOT = "/latest/meta-data/ram/security-credentials/"
ECS_TOKEN = "/latest/api/token"
CVM_ROOT = "/latest/meta-data/cam/security-credentials/"
URI_PATH = "/credentials-uri"
_LONGEST_TOKEN = 21600


def operation_of(head: Head) -> Tuple[str, str]:
    """Provider and operation name, for counts and faults."""
    if head.path == ECS_TOKEN:
        return "alibaba", "imds-token"
    if head.path.startswith(ECS_ROOT.rstrip("/")):
        return "alibaba", "imds-credentials" if head.path[len(ECS_ROOT) :] else "imds-role"
    if head.path.startswith(CVM_ROOT.rstrip("/")):
        return "tencent", "cvm-credentials" if head.path[len(CVM_ROOT) :] else "cvm-role"
    if head.path == URI_PATH:
        return "alibaba", "credentials-uri"
    return "alibaba", "metadata"


def _text(status: int, text: str, code: str = "") -> Reply:
    return Reply(status, text.encode(), "text/plain", [], code)


def _json(value: Dict[str, object]) -> Reply:
    return Reply(200, json.dumps(value, indent=2).encode(), "text/plain")


class Metadata:
    """The link-local service of an instance that has a role attached."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tokens: Dict[str, float] = {}
        self._current: Dict[str, Tuple[Identity, float]] = {}

    async def handle(self, call: Call) -> Reply:
        """Answer one request."""
        head = call.head
        if head.path == ECS_TOKEN:
            return self._token(head)
        if head.method != "GET":
            return _text(405, "method not allowed\n", "405")
        if head.path.startswith(ECS_ROOT.rstrip("/")):
            return self._ecs(head)
        if head.path.startswith(CVM_ROOT.rstrip("/")):
            return self._cvm(head.path[len(CVM_ROOT) :])
        if head.path == URI_PATH:
            return _json(self._alibaba("uri"))
        return _text(404, "not found\n", "404")

    def _token(self, head: Head) -> Reply:
        if head.method != "PUT":
            return _text(405, "method not allowed\n", "405")
        text = head.get("x-aliyun-ecs-metadata-token-ttl-seconds") or ""
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _LONGEST_TOKEN:
            return _text(400, "the token life must lie between 1 and 21600 seconds\n", "400")
        token = hex_id(56)
        self._tokens[token] = time.monotonic() + int(text)
        return _text(200, token)

    def _refusal(self, head: Head) -> Optional[Reply]:
        token = head.get("x-aliyun-ecs-metadata-token")
        if token is None:
            return None if self._world.settings.imds_v1 else _text(403, "a token is required\n", "403")
        if self._tokens.get(token, 0.0) <= time.monotonic():
            return _text(401, "the token is unknown or has expired\n", "401")
        return None

    def _ecs(self, head: Head) -> Reply:
        refusal = self._refusal(head)
        if refusal is not None:
            return refusal
        asked, role = head.path[len(ECS_ROOT) :].strip("/"), self._world.settings.imds_role
        if not role or asked not in ("", role):
            return _text(404, "not found\n", "404")
        return _json(self._alibaba("ecs")) if asked else _text(200, role)

    def _cvm(self, rest: str) -> Reply:
        asked, role = rest.strip("/"), self._world.settings.imds_role
        if not role or asked not in ("", role):
            return _text(404, "not found\n", "404")
        if not asked:
            return _text(200, role)
        made = self._identity("cvm", "tencent")
        return _json(
            {
                "TmpSecretId": made.id, "TmpSecretKey": made.secret, "ExpiredTime": int(made.expires_at or 0),
                "Expiration": iso(made.expires_at), "Token": made.token, "Code": "Success",
            }
        )

    def _alibaba(self, slot: str) -> Dict[str, object]:
        made = self._identity(slot, "alibaba")
        return {
            "AccessKeyId": made.id, "AccessKeySecret": made.secret, "Expiration": iso(made.expires_at),
            "SecurityToken": made.token, "LastUpdated": iso(self._world.clock.now()), "Code": "Success",
        }

    def _identity(self, slot: str, provider: str) -> Identity:
        """The present identity; a new one when half of its life is over."""
        now = self._world.clock.now()
        held = self._current.get(slot)
        if held is None or now >= held[1] or self._world.identities.find(provider, held[0].id) is None:
            life = self._world.settings.imds_life
            made = issue(self._world, provider, life, "main")
            held = (made, now + ((made.expires_at or now) - now) / 2)
            self._current[slot] = held
        return held[0]

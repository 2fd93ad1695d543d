"""Temporary credentials: made here, accepted by the API side until they expire."""

from __future__ import annotations

import random
import re
from datetime import datetime, timezone
from typing import Optional

from .identities import Identity
from .jobs import hex_id
from .wire import Refusal
from .world import World

_TOKEN_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def issue(world: World, provider: str, life: float, account: str) -> Identity:
    """A new temporary identity; the setting sts_life, when above 0, overrules the life asked for."""
    lasting = world.settings.sts_life or life
    prefix = "STS.sandbox" if provider == "alibaba" else "AKIDsandbox"
    token = "".join(random.choice(_TOKEN_ALPHABET) for _ in range(120)) + "=="
    expires = float(int(world.clock.now() + lasting))
    made = Identity(provider, prefix + hex_id(24), hex_id(32), token, expires, account)
    world.identities.add(made)
    return made


def iso(seconds: Optional[float]) -> str:
    """The UTC form that both clouds print."""
    return datetime.fromtimestamp(seconds or 0, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_web_token(token: str, expired: str, invalid: str, status: int) -> None:
    """Any token will do, but one that says [expired] or [invalid] is what it says."""
    if "[expired]" in token:
        raise Refusal(expired, "The identity token has expired.", status)
    if "[invalid]" in token:
        raise Refusal(invalid, "The identity token is invalid.", status)


def check_role(arn: str, pattern: str, malformed: str, missing: str, denied: str, status: int) -> None:
    """A role must look like one; ``nosuch`` and ``denied`` in its name are what they say."""
    if not re.match(pattern, arn):
        raise Refusal(malformed, "The role %s is malformed." % arn, status)
    if "nosuch" in arn:
        raise Refusal(missing, "The role does not exist.", 404 if status != 200 else 200)
    if "denied" in arn:
        raise Refusal(denied, "You are not authorized to assume this role.", 403 if status != 200 else 200)

"""Who may call: permanent keys and temporary (STS) triples of both clouds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional

PROVIDERS = ("alibaba", "tencent")

ALIBABA_ID = "sandbox-alibaba-key-id"
ALIBABA_SECRET = "sandbox-alibaba-key-secret"
TENCENT_ID = "sandbox-tencent-secret-id"
TENCENT_SECRET = "sandbox-tencent-secret-key"


@dataclass(frozen=True)
class Identity:
    """One key pair. With ``token`` it is a temporary one, which may expire (seconds since 1970)."""

    provider: str
    id: str
    secret: str
    token: Optional[str] = None
    expires_at: Optional[float] = None
    account: str = "main"
    active: bool = True


class Identities:
    """All identities the sandbox knows."""

    def __init__(self) -> None:
        self._by_key: Dict[str, Identity] = {}
        self._tokens: Dict[str, Identity] = {}
        self.add(Identity("alibaba", ALIBABA_ID, ALIBABA_SECRET))
        self.add(Identity("tencent", TENCENT_ID, TENCENT_SECRET))

    def add(self, identity: Identity) -> None:
        """Add or replace."""
        self._by_key[identity.provider + "/" + identity.id] = identity
        if identity.token:
            self._tokens[identity.provider + "/" + identity.token] = identity

    def find(self, provider: str, key_id: str) -> Optional[Identity]:
        """The identity with this key id."""
        return self._by_key.get(provider + "/" + key_id)

    def token_owner(self, provider: str, token: str) -> Optional[Identity]:
        """The identity a security token was given to."""
        return self._tokens.get(provider + "/" + token)

    def every(self) -> List[Identity]:
        """All of them."""
        return list(self._by_key.values())


def identity_from_json(value: Any, now: float) -> Identity:
    """Read one identity from control JSON; ValueError says what is wrong."""
    if not isinstance(value, dict):
        raise ValueError("an identity is a JSON object")
    known = {"provider", "id", "secret", "token", "expires_at", "expires_in", "account", "active"}
    for name in value:
        if name not in known:
            raise ValueError("unknown field %r; known: %s" % (name, ", ".join(sorted(known))))
    if value.get("provider") not in PROVIDERS:
        raise ValueError("provider must be one of " + ", ".join(PROVIDERS))
    for name in ("id", "secret"):
        if not isinstance(value.get(name), str) or not value[name]:
            raise ValueError("%s must be a non-empty string" % name)
    token = value.get("token")
    if token is not None and (not isinstance(token, str) or not token):
        raise ValueError("token must be a non-empty string")
    expires = value.get("expires_at")
    if expires is None and value.get("expires_in") is not None:
        lasting = value["expires_in"]
        if isinstance(lasting, bool) or not isinstance(lasting, (int, float)):
            raise ValueError("expires_in must be a number of seconds")
        expires = now + lasting
    if expires is not None and (isinstance(expires, bool) or not isinstance(expires, (int, float))):
        raise ValueError("expires_at must be seconds since 1970")
    account = value.get("account", "main")
    active = value.get("active", True)
    if not isinstance(account, str) or not isinstance(active, bool):
        raise ValueError("account must be a string and active a boolean")
    return Identity(value["provider"], value["id"], value["secret"], token, expires, account, active)

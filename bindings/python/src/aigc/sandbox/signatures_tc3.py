"""TC3-HMAC-SHA256, verified from the raw request (Tencent Cloud API 3.0)."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timezone
from functools import lru_cache
from typing import List, NamedTuple, Sequence

from .identities import Identities, Identity
from .wire import Head, Refusal

ALGORITHM = "TC3-HMAC-SHA256"
CLOCK_TOLERANCE = 5 * 60
UNSIGNED = "UNSIGNED-PAYLOAD"
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256\s+Credential=([^/,\s]+)/(\d{4}-\d{2}-\d{2})/([a-z0-9]+)/tc3_request\s*,"
    r"\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([0-9a-f]{64})\s*\Z"
)


class Authorization(NamedTuple):
    """The parts of an Authorization header."""

    secret_id: str
    date: str
    service: str
    signed: List[str]
    signature: str


def parse_authorization(text: str) -> Authorization:
    """Split the header, or refuse it."""
    match = _AUTHORIZATION.match(text.strip())
    if match is None:
        raise Refusal("AuthFailure.InvalidAuthorization", "The Authorization header does not follow the TC3 form.")
    return Authorization(
        match.group(1), match.group(2), match.group(3), match.group(4).split(";"), match.group(5)
    )


def canonical_request(head: Head, signed: Sequence[str], payload_hash: str, *, lower: bool = False) -> str:
    """The text whose hash is signed. Values other than the two mandatory ones always count in lower case."""
    lines = []
    for name in signed:
        value = ",".join(head.all(name)).strip()
        if lower or name not in ("content-type", "host"):
            value = value.lower()
        lines.append(name + ":" + value + "\n")
    query = head.query if head.method == "GET" else ""
    return "\n".join([head.method, "/", query, "".join(lines), ";".join(signed), payload_hash])


def string_to_sign(timestamp: int, date: str, service: str, canonical: str) -> str:
    """Algorithm, time, scope and the hash of the canonical request."""
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    return "%s\n%d\n%s/%s/tc3_request\n%s" % (ALGORITHM, timestamp, date, service, digest)


@lru_cache(maxsize=256)
def signing_key(secret: str, date: str, service: str) -> bytes:
    """The key of one day and one service."""
    key = ("TC3" + secret).encode("utf-8")
    for part in (date, service, "tc3_request"):
        key = hmac.new(key, part.encode("utf-8"), hashlib.sha256).digest()
    return key


def signature(secret: str, date: str, service: str, text: str) -> str:
    """The lower-hex signature."""
    return hmac.new(signing_key(secret, date, service), text.encode("utf-8"), hashlib.sha256).hexdigest()


def check_token(identity: Identity, token: str, now: float) -> None:
    """Match a security token with the key it came with."""
    if (identity.token or "") != token:
        raise Refusal("AuthFailure.TokenFailure", "The token does not belong to this SecretId.")
    if identity.expires_at is not None and now >= identity.expires_at:
        raise Refusal("AuthFailure.TokenFailure", "The token has expired.")


def verify(head: Head, body: bytes, identities: Identities, service: str, now: float) -> Identity:
    """Accept a request or raise the Refusal that the gateway would send."""
    header = head.get("authorization")
    if not header:
        raise Refusal("AuthFailure.InvalidAuthorization", "The request carries no Authorization header.")
    auth = parse_authorization(header)
    if auth.signed != sorted(set(auth.signed)) or any(not head.all(name) for name in auth.signed):
        raise Refusal("AuthFailure.InvalidAuthorization", "SignedHeaders must be sorted, lower-case and present.")
    if "content-type" not in auth.signed or "host" not in auth.signed:
        raise Refusal("AuthFailure.InvalidAuthorization", "content-type and host must be signed.")
    if auth.service != service:
        raise Refusal(
            "AuthFailure.InvalidAuthorization", "The credential scope names %s, not %s." % (auth.service, service)
        )
    stamp = head.get("x-tc-timestamp") or ""
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        raise Refusal("InvalidParameterValue", "X-TC-Timestamp must be whole seconds since 1970.")
    timestamp = int(stamp)
    identity = identities.find("tencent", auth.secret_id)
    if identity is None:
        raise Refusal("AuthFailure.SecretIdNotFound", "The SecretId is not found.")
    if not identity.active:
        raise Refusal("AuthFailure.InvalidSecretId", "The SecretId is disabled.")
    if abs(timestamp - now) > CLOCK_TOLERANCE:
        raise Refusal("AuthFailure.SignatureExpire", "Signature expired.")
    if datetime.fromtimestamp(timestamp, timezone.utc).strftime("%Y-%m-%d") != auth.date:
        raise Refusal("AuthFailure.SignatureFailure", "The date of the scope is not the UTC day of X-TC-Timestamp.")
    check_token(identity, head.get("x-tc-token") or "", now)
    payload = UNSIGNED.encode() if head.get("x-tc-content-sha256") == UNSIGNED else body
    digest = hashlib.sha256(payload).hexdigest()
    for lower in (False, True):
        canonical = canonical_request(head, auth.signed, digest, lower=lower)
        text = string_to_sign(timestamp, auth.date, service, canonical)
        if hmac.compare_digest(signature(identity.secret, auth.date, service, text), auth.signature):
            return identity
    raise Refusal(
        "AuthFailure.SignatureFailure",
        "The provided credentials could not be validated. Please check your signature is correct.",
    )

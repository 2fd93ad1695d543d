"""ACS3-HMAC-SHA256, verified from the raw request (Alibaba Cloud signature version 3)."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from contextlib import suppress
from datetime import datetime, timezone
from typing import Dict, List, NamedTuple, Optional, Sequence

from .identities import Identities, Identity
from .wire import Head, Refusal, percent, query_pairs

ALGORITHM = "ACS3-HMAC-SHA256"
CLOCK_TOLERANCE = 15 * 60
NONCE_LIFE = 15 * 60
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z\Z")
_HEX64 = re.compile(r"[0-9a-f]{64}\Z")


class Authorization(NamedTuple):
    """The parts of an Authorization header."""

    algorithm: str
    key_id: str
    signed: List[str]
    signature: str


def parse_authorization(text: str) -> Authorization:
    """Split ``ACS3-HMAC-SHA256 Credential=..,SignedHeaders=..,Signature=..``."""
    algorithm, _, rest = text.strip().partition(" ")
    parts: Dict[str, str] = {}
    for item in rest.split(","):
        name, equals, value = item.strip().partition("=")
        if not equals or name in parts:
            raise Refusal("IncompleteSignature", "The Authorization header cannot be read.", 400)
        parts[name] = value
    if set(parts) != {"Credential", "SignedHeaders", "Signature"} or not all(parts.values()):
        raise Refusal("IncompleteSignature", "Authorization needs Credential, SignedHeaders and Signature.", 400)
    return Authorization(algorithm, parts["Credential"], parts["SignedHeaders"].split(";"), parts["Signature"])


def canonical_query(raw: str) -> str:
    """Decode the query as received and encode it the one canonical way, sorted by name."""
    pairs = sorted(query_pairs(raw))
    return "&".join(percent(name) + "=" + percent(value) for name, value in pairs)


def canonical_request(head: Head, signed: Sequence[str], payload_hash: str) -> str:
    """The text whose hash is signed."""
    lines = []
    for name in signed:
        values = sorted(value.strip() for value in head.all(name))
        lines.append(name + ":" + ",".join(values) + "\n")
    return "\n".join(
        [head.method, head.path or "/", canonical_query(head.query), "".join(lines), ";".join(signed), payload_hash]
    )


def string_to_sign(canonical: str) -> str:
    """Algorithm and hash of the canonical request."""
    return ALGORITHM + "\n" + hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()


def signature(secret: str, text: str) -> str:
    """The lower-hex signature."""
    return hmac.new(secret.encode("utf-8"), text.encode("utf-8"), hashlib.sha256).hexdigest()


class Nonces:
    """Nonces of the last quarter of an hour, each good for one request."""

    def __init__(self) -> None:
        self._seen: Dict[str, float] = {}
        self._swept = 0.0

    def use(self, key_id: str, nonce: str) -> bool:
        """True when it had not been used before."""
        now = time.monotonic()
        if now - self._swept > 60:
            self._swept = now
            self._seen = {k: t for k, t in self._seen.items() if now - t < NONCE_LIFE}
        key = key_id + "\n" + nonce
        if now - self._seen.get(key, -NONCE_LIFE) < NONCE_LIFE:
            return False
        self._seen[key] = now
        return True


def _check_signed_set(head: Head, signed: Sequence[str]) -> None:
    if list(signed) != sorted(set(signed)) or any(name != name.lower() for name in signed):
        raise Refusal("IncompleteSignature", "SignedHeaders must be lower-case, sorted and without repeats.", 400)
    for name in signed:
        if not head.all(name):
            raise Refusal("IncompleteSignature", "The signed header %s is not in the request." % name, 400)
    have = set(signed)
    for name in head.names():
        if (name in ("host", "content-type") or name.startswith("x-acs-")) and name not in have:
            raise Refusal("IncompleteSignature", "The header %s is present but not signed." % name, 400)
    if "host" not in have:
        raise Refusal("IncompleteSignature", "The header host must be signed.", 400)


def check_time(text: str, name: str, now: float) -> None:
    """A time stamp must have the one form and be near the server's clock."""
    moment = None
    if _DATE.match(text):
        with suppress(ValueError):
            moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    if moment is None:
        raise Refusal("InvalidTimeStamp.Format", "%s must look like 2026-01-31T12:00:00Z." % name, 400)
    if abs(moment.timestamp() - now) > CLOCK_TOLERANCE:
        raise Refusal("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.", 400)


def check_token(identities: Identities, identity: Identity, token: Optional[str], now: float) -> None:
    """Match a security token with the key it came with."""
    if identity.token is None:
        if token:
            raise Refusal(
                "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey.", 400
            )
        return
    if not token:
        raise Refusal("MissingSecurityToken", "SecurityToken is mandatory for this action.", 400)
    if token != identity.token:
        if identities.token_owner("alibaba", token) is None:
            raise Refusal("InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.", 400)
        raise Refusal(
            "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey.", 400
        )
    if identity.expires_at is not None and now >= identity.expires_at:
        raise Refusal("InvalidSecurityToken.Expired", "Specified SecurityToken is expired.", 400)


def find_key(identities: Identities, key_id: str) -> Identity:
    """The identity of an access key id."""
    identity = identities.find("alibaba", key_id)
    if identity is None:
        raise Refusal("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)
    if not identity.active:
        raise Refusal("InvalidAccessKeyId.Inactive", "Specified access key is disabled.", 400)
    return identity


def verify(head: Head, body: bytes, identities: Identities, nonces: Nonces, now: float) -> Identity:
    """Accept a request or raise the Refusal that the gateway would send."""
    header = head.get("authorization")
    if not header:
        raise Refusal("IncompleteSignature", "The request carries no Authorization header.", 400)
    if header.strip().partition(" ")[0] != ALGORITHM:
        raise Refusal("InvalidSignatureMethod", "Only ACS3-HMAC-SHA256 is understood.", 400)
    auth = parse_authorization(header)
    _check_signed_set(head, auth.signed)
    nonce = head.get("x-acs-signature-nonce")
    if not nonce:
        raise Refusal("IncompleteSignature", "The header x-acs-signature-nonce is missing.", 400)
    claimed = head.get("x-acs-content-sha256")
    if not claimed or not _HEX64.match(claimed):
        raise Refusal("IncompleteSignature", "The header x-acs-content-sha256 is missing or malformed.", 400)
    identity = find_key(identities, auth.key_id)
    date = head.get("x-acs-date")
    if not date:
        raise Refusal("IllegalTimestamp", "The header x-acs-date is missing.", 400)
    check_time(date, "x-acs-date", now)
    named = head.get("x-acs-accesskey-id")
    if named is not None and named != auth.key_id:
        raise Refusal("IncompleteSignature", "x-acs-accesskey-id differs from Credential.", 400)
    check_token(identities, identity, head.get("x-acs-security-token"), now)
    canonical = canonical_request(head, auth.signed, claimed)
    text = string_to_sign(canonical)
    if not hmac.compare_digest(signature(identity.secret, text), auth.signature):
        raise Refusal(
            "SignatureDoesNotMatch",
            "Specified signature is not matched with our calculation. server string to sign is:" + text
            + " server CanonicalRequest is:" + canonical.encode("utf-8", "replace").decode("utf-8"),
            400,
        )
    if hashlib.sha256(body).hexdigest() != claimed:
        raise Refusal("SignatureDoesNotMatch", "x-acs-content-sha256 is not the hash of the body received.", 400)
    if not nonces.use(auth.key_id, nonce):
        raise Refusal("SignatureNonceUsed", "Specified signature nonce was used already.", 400)
    return identity

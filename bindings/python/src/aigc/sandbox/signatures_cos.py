"""The COS object-store signature: made for presigned URLs, verified in a header or in the query."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple
from urllib.parse import unquote_to_bytes

from .identities import Identities, Identity
from .wire import Head, Refusal, percent, query_pairs

_TIME = re.compile(r"(\d{1,12});(\d{1,12})\Z")
FIELDS = (
    "q-sign-algorithm",
    "q-ak",
    "q-sign-time",
    "q-key-time",
    "q-header-list",
    "q-url-param-list",
    "q-signature",
)


class Signed(NamedTuple):
    """A signature as found in a request."""

    key_id: str
    sign_time: str
    key_time: str
    headers: List[str]
    params: List[str]
    signature: str


def _listed(pairs: Sequence[Tuple[str, str]]) -> str:
    encoded = sorted((percent(k.encode("utf-8", "surrogateescape")).lower(), v) for k, v in pairs)
    return "&".join(k + "=" + percent(v.encode("utf-8", "surrogateescape")) for k, v in encoded)


def http_string(
    method: str, path: str, params: Sequence[Tuple[str, str]], headers: Sequence[Tuple[str, str]]
) -> str:
    """The text whose hash is signed; ``path`` is decoded."""
    return "%s\n%s\n%s\n%s\n" % (method.lower(), path, _listed(params), _listed(headers))


def signature(secret: str, key_time: str, text: str) -> str:
    """The lower-hex signature of an HTTP string."""
    key = hmac.new(secret.encode(), key_time.encode(), hashlib.sha1).hexdigest()
    digest = hashlib.sha1(text.encode("utf-8", "surrogateescape")).hexdigest()
    message = "sha1\n%s\n%s\n" % (key_time, digest)
    return hmac.new(key.encode(), message.encode(), hashlib.sha1).hexdigest()


def presigned_query(identity: Identity, path: str, start: int, end: int) -> str:
    """The query of a presigned GET that signs nothing but the path."""
    key_time = "%d;%d" % (start, end)
    made = signature(identity.secret, key_time, http_string("get", path, [], []))
    return (
        "q-sign-algorithm=sha1&q-ak=%s&q-sign-time=%s&q-key-time=%s&q-header-list=&q-url-param-list=&q-signature=%s"
        % (percent(identity.id.encode()), key_time, key_time, made)
    )


def _fields(text: str) -> Dict[str, str]:
    found: Dict[str, str] = {}
    for part in text.split("&"):
        name, _, value = part.partition("=")
        found[name.strip()] = unquote_to_bytes(value.strip()).decode("utf-8", "replace")
    return found


def _read(fields: Mapping[str, str]) -> Signed:
    if fields.get("q-sign-algorithm") != "sha1" or any(name not in fields for name in FIELDS):
        raise Refusal("InvalidArgument", "The signature lacks one of its seven fields.", 403)
    return Signed(
        fields["q-ak"],
        fields["q-sign-time"],
        fields["q-key-time"],
        [n for n in fields["q-header-list"].lower().split(";") if n],
        [n for n in fields["q-url-param-list"].lower().split(";") if n],
        fields["q-signature"],
    )


def find_signature(head: Head) -> Optional[Signed]:
    """The signature of a request, from its header or its query, or None."""
    header = head.get("authorization")
    if header:
        return _read(_fields(header))
    arguments = head.arguments()
    if "q-signature" in arguments:
        return _read(arguments)
    return None


def verify(head: Head, identities: Identities, now: float) -> Identity:
    """Accept a signed request or raise the Refusal that the store would send."""
    signed = find_signature(head)
    if signed is None:
        raise Refusal("AccessDenied", "Access Denied.", 403)
    identity = identities.find("tencent", signed.key_id)
    if identity is None or not identity.active:
        raise Refusal("InvalidAccessKeyId", "The Access Key Id you provided does not exist in our records.", 403)
    times = _TIME.match(signed.sign_time)
    if times is None or _TIME.match(signed.key_time) is None:
        raise Refusal("InvalidArgument", "q-sign-time must be two numbers.", 403)
    if now > int(times.group(2)):
        raise Refusal("AccessDenied", "Request has expired", 403)
    if now < int(times.group(1)) - 15 * 60:
        raise Refusal("RequestTimeTooSkewed", "The request time is too far from the server's.", 403)
    arguments = head.arguments()
    token = head.get("x-cos-security-token") or arguments.get("x-cos-security-token") or ""
    if (identity.token or "") != token:
        raise Refusal("AccessDenied", "The security token does not belong to this key.", 403)
    if identity.expires_at is not None and now >= identity.expires_at:
        raise Refusal("ExpiredToken", "The provided token has expired.", 403)
    lower_params = {
        k.decode("utf-8", "surrogateescape").lower(): v.decode("utf-8", "surrogateescape")
        for k, v in query_pairs(head.query)
    }
    params = []
    for name in signed.params:
        plain = unquote_to_bytes(name).decode("utf-8", "replace").lower()
        if plain not in lower_params:
            raise Refusal("SignatureDoesNotMatch", "A signed parameter is missing: " + name, 403)
        params.append((plain, lower_params[plain]))
    headers = []
    for name in signed.headers:
        value = head.get(name)
        if value is None:
            raise Refusal("SignatureDoesNotMatch", "A signed header is missing: " + name, 403)
        headers.append((name, value))
    path = unquote_to_bytes(head.path).decode("utf-8", "surrogateescape")
    expected = signature(identity.secret, signed.key_time, http_string(head.method, path, params, headers))
    if not hmac.compare_digest(expected, signed.signature):
        raise Refusal("SignatureDoesNotMatch", "The Signature you specified is invalid.", 403)
    return identity

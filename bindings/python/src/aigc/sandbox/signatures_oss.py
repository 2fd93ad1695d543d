"""The OSS object-store signature, version 4, in the query or in the header."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta, timezone
from typing import Dict, List, Optional, Tuple

from .identities import Identities, Identity
from .wire import Head, Refusal, percent, query_pairs

ALGORITHM = "OSS4-HMAC-SHA256"
_LONGEST = 7 * 86_400
_HEADER = re.compile(ALGORITHM + r" Credential=([^,]+)(?:,AdditionalHeaders=([^,]*))?,\s*Signature=([0-9a-f]{64})\Z")


def carries(head: Head) -> bool:
    """Is that how the request is signed?"""
    return (head.get("authorization") or "").startswith(ALGORITHM) or "x-oss-signature" in head.query


def _canonical(head: Head, path: bytes, skip: str, additional: List[str]) -> str:
    pairs = [(percent(k), percent(v)) for k, v in query_pairs(head.query) if k.decode("latin-1") != skip]
    query = "&".join(k + "=" + v if v else k for k, v in sorted(pairs))
    headers = []
    for name in sorted(head.names()):
        if name.startswith("x-oss-") or name in ("content-type", "content-md5") or name in additional:
            headers.append("%s:%s\n" % (name, (head.get(name) or "").strip()))
    uri = "".join(chr(byte) if chr(byte) == "/" else percent(bytes([byte])) for byte in path)
    payload = head.get("x-oss-content-sha256") or "UNSIGNED-PAYLOAD"
    return "\n".join([head.method, uri, query, "".join(headers), ";".join(additional), payload])


def verify(head: Head, path: bytes, identities: Identities, now: float) -> Identity:
    """Accept a signed request or raise the Refusal that the store would send. path: decoded, with the bucket."""
    arguments = head.arguments()
    header = head.get("authorization") or ""
    found = _HEADER.match(header)
    if found is not None:
        credential, listed, given = found.group(1), found.group(2) or "", found.group(3)
        moment, life, skip = head.get("x-oss-date") or "", 900.0, ""
    else:
        credential, listed = arguments.get("x-oss-credential", ""), arguments.get("x-oss-additional-headers", "")
        given, moment, skip = arguments.get("x-oss-signature", ""), arguments.get("x-oss-date", ""), "x-oss-signature"
        life = _life(arguments)
    key_id, date, region, service, end = _scope(credential)
    identity = identities.find("alibaba", key_id)
    if identity is None or not identity.active:
        raise Refusal("InvalidAccessKeyId", "The OSS Access Key Id you provided does not exist in our records.", 403)
    token = head.get("x-oss-security-token") or arguments.get("x-oss-security-token") or ""
    if (identity.token or "") != token:
        raise Refusal("InvalidSecurityToken", "The security token you provided is invalid.", 403)
    if identity.expires_at is not None and now >= identity.expires_at:
        raise Refusal("SecurityTokenExpired", "The security token you provided has expired.", 403)
    _in_time(moment, date, life, now)
    canonical = _canonical(head, path, skip, [name for name in listed.split(";") if name])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join([ALGORITHM, moment, "/".join((date, region, service, end)), digest])
    key = ("aliyun_v4" + identity.secret).encode()
    for part in (date, region, service, end):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(hmac.new(key, text.encode(), hashlib.sha256).hexdigest(), given):
        raise Refusal("SignatureDoesNotMatch", "The request signature we calculated does not match.", 403)
    return identity


def _scope(credential: str) -> Tuple[str, str, str, str, str]:
    parts = credential.split("/")
    if len(parts) != 5 or parts[3:] != ["oss", "aliyun_v4_request"]:
        raise Refusal("InvalidArgument", "The credential is not ID/DATE/REGION/oss/aliyun_v4_request.", 400)
    return parts[0], parts[1], parts[2], parts[3], parts[4]


def _life(arguments: Dict[str, str]) -> float:
    text = arguments.get("x-oss-expires", "")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _LONGEST:
        raise Refusal("InvalidArgument", "x-oss-expires must lie between 1 and 604800.", 400)
    return float(text)


def _in_time(moment: str, date: str, life: float, now: float) -> None:
    begun: Optional[datetime] = None
    try:
        begun = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        pass
    if begun is None or moment[:8] != date:
        raise Refusal("InvalidArgument", "x-oss-date must look like 20260131T120000Z, on the day of the credential.", 400)
    here = datetime.fromtimestamp(now, timezone.utc)
    if begun > here + timedelta(minutes=15) or here >= begun + timedelta(seconds=life):
        raise Refusal("AccessDenied", "Request has expired.", 403)

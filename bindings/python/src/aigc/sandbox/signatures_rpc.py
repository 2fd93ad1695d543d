"""The older RPC signature (HMAC-SHA1 in the parameters), as Alibaba Cloud STS still takes it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime, timezone
from typing import Dict, Mapping

from .identities import Identities, Identity
from .signatures_acs3 import CLOCK_TOLERANCE, Nonces, check_token, find_key
from .wire import Refusal, percent

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z\Z")


def string_to_sign(method: str, parameters: Mapping[str, str]) -> str:
    """Method, path and the sorted parameters, all encoded once more."""
    encoded = sorted(
        (percent(k.encode("utf-8", "surrogateescape")), percent(v.encode("utf-8", "surrogateescape")))
        for k, v in parameters.items()
        if k != "Signature"
    )
    canonical = "&".join(k + "=" + v for k, v in encoded)
    return method + "&%2F&" + percent(canonical.encode())


def signature(secret: str, text: str) -> str:
    """The Base64 signature."""
    made = hmac.new((secret + "&").encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(made).decode("ascii")


def _check_time(stamp: str, now: float) -> None:
    if not _DATE.match(stamp):
        raise Refusal("InvalidTimeStamp.Format", "Timestamp must look like 2026-01-31T12:00:00Z.", 400)
    try:
        moment = datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise Refusal("InvalidTimeStamp.Format", "Timestamp is not a date.", 400) from None
    if abs(moment.timestamp() - now) > CLOCK_TOLERANCE:
        raise Refusal("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.", 400)


def verify(
    method: str, parameters: Dict[str, str], identities: Identities, nonces: Nonces, now: float
) -> Identity:
    """Accept signed parameters or raise the Refusal that the gateway would send."""
    for name in ("AccessKeyId", "Signature", "SignatureMethod", "SignatureNonce", "SignatureVersion", "Timestamp"):
        if not parameters.get(name):
            raise Refusal("MissingParameter", "The parameter %s is mandatory." % name, 400)
    if parameters["SignatureMethod"] != "HMAC-SHA1" or parameters["SignatureVersion"] != "1.0":
        raise Refusal("InvalidSignatureMethod", "Only HMAC-SHA1, version 1.0, is understood here.", 400)
    identity = find_key(identities, parameters["AccessKeyId"])
    _check_time(parameters["Timestamp"], now)
    check_token(identities, identity, parameters.get("SecurityToken"), now)
    text = string_to_sign(method, parameters)
    if not hmac.compare_digest(signature(identity.secret, text), parameters["Signature"]):
        raise Refusal(
            "SignatureDoesNotMatch",
            "Specified signature is not matched with our calculation. server string to sign is:" + text, 400,
        )
    if not nonces.use(identity.id, parameters["SignatureNonce"]):
        raise Refusal("SignatureNonceUsed", "Specified signature nonce was used already.", 400)
    return identity

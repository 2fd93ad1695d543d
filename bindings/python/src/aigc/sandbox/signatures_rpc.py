"""The older RPC signature (HMAC-SHA1 in the parameters), as Alibaba Cloud STS still takes it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Dict, Mapping

from .identities import Identities, Identity
from .signatures_acs3 import Nonces, check_time, check_token, find_key
from .wire import Refusal, percent


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
    check_time(parameters["Timestamp"], "Timestamp", now)
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

"""A small raw client: signs requests, sends exact bytes, shows exact answers."""

import hashlib
import http.client
import json
import socket
import ssl
import time
import uuid
from datetime import datetime, timezone
from typing import Any, Dict, List, NamedTuple, Optional, Tuple
from urllib.parse import quote, urlsplit

from aigc.sandbox import signatures_acs3, signatures_tc3
from aigc.sandbox.wire import Head

PREFIX = "/api/v1/personalizedtxt2img/"
ACTIONS = {
    "addPreModelInferenceJob": "PersonalizedTextToImageAddInferenceJob",
    "queryPreModelInferenceJobInfo": "PersonalizedTextToImageQueryPreModelInferenceJobInfo",
    "queryImageAssetFromImageId": "PersonalizedTextToImageQueryImageAsset",
    "addModelTrainJob": "Personalizedtxt2imgAddModelTrainJob",
    "queryModelTrainStatus": "Personalizedtxt2imgQueryModelTrainStatus",
    "queryModelTrainJobList": "Personalizedtxt2imgQueryModelTrainJobList",
    "addInferenceJob": "Personalizedtxt2imgAddInferenceJob",
    "queryInferenceJobInfo": "Personalizedtxt2imgQueryInferenceJobInfo",
    "queryImageAsset": "Personalizedtxt2imgQueryImageAsset",
}


class Answer(NamedTuple):
    status: int
    headers: Dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send(
    url: str, method: str, target: str, headers: List[Tuple[str, str]], body: bytes = b"", ca: Optional[str] = None
) -> Answer:
    parts = urlsplit(url)
    assert parts.hostname is not None
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=ca)
        link: http.client.HTTPConnection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=20, context=context
        )
    else:
        link = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        link.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            link.putheader(name, value)
        if body or method in ("POST", "PUT"):
            link.putheader("Content-Length", str(len(body)))
        link.endheaders(body)
        answer = link.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        link.close()


def acs3(
    info: Dict[str, Any],
    name: str,
    body: Any = None,
    query: str = "",
    *,
    path: Optional[str] = None,
    method: Optional[str] = None,
    secret: Optional[str] = None,
    key_id: Optional[str] = None,
    token: Optional[str] = None,
    when: Optional[float] = None,
    nonce: Optional[str] = None,
    change: Optional[Dict[str, Optional[str]]] = None,
    unsigned: Tuple[str, ...] = (),
    after: Optional[Dict[str, str]] = None,
) -> Tuple[str, str, List[Tuple[str, str]], bytes]:
    """A signed Alibaba request: method, target, headers, body. ``change`` acts before, ``after`` after signing."""
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    moment = datetime.fromtimestamp(time.time() if when is None else when, timezone.utc)
    values: Dict[str, Optional[str]] = {
        "host": urlsplit(info["http"]).netloc,
        "x-acs-action": ACTIONS.get(name, name),
        "x-acs-version": "20240611",
        "x-acs-date": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce or uuid.uuid4().hex,
        "x-acs-content-sha256": hashlib.sha256(data).hexdigest(),
    }
    if data:
        values["content-type"] = "application/json; charset=utf-8"
    if token:
        values["x-acs-security-token"] = token
        values["x-acs-accesskey-id"] = key_id or info["alibaba"]["access_key_id"]
    values.update(change or {})
    headers = [(k, v) for k, v in values.items() if v is not None]
    verb = method or ("POST" if body is not None else "GET")
    target = (path or PREFIX + name) + ("?" + query if query else "")
    signed = sorted(k for k, _ in headers if k not in unsigned)
    head = Head(verb, target, headers)
    canonical = signatures_acs3.canonical_request(head, signed, dict(headers).get("x-acs-content-sha256", ""))
    made = signatures_acs3.signature(
        secret or info["alibaba"]["access_key_secret"], signatures_acs3.string_to_sign(canonical)
    )
    headers.append(
        (
            "Authorization",
            "ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%s"
            % (key_id or info["alibaba"]["access_key_id"], ";".join(signed), made),
        )
    )
    replaced = after or {}
    headers = [(k, replaced.get(k, v)) for k, v in headers]
    return verb, target, headers, data


def alibaba(info: Dict[str, Any], name: str, body: Any = None, query: str = "", **options: Any) -> Answer:
    return send(info["http"], *acs3(info, name, body, query, **options))


def tc3(
    info: Dict[str, Any],
    action: str,
    body: Any = None,
    *,
    secret: Optional[str] = None,
    secret_id: Optional[str] = None,
    token: Optional[str] = None,
    when: Optional[float] = None,
    service: str = "mps",
    version: str = "2019-06-12",
    date: Optional[str] = None,
    signed: Tuple[str, ...] = ("content-type", "host"),
    change: Optional[Dict[str, Optional[str]]] = None,
    sent_body: Optional[bytes] = None,
) -> Tuple[str, str, List[Tuple[str, str]], bytes]:
    """A signed Tencent request: method, target, headers, body."""
    data = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    stamp = int(time.time() if when is None else when)
    day = date or datetime.fromtimestamp(stamp, timezone.utc).strftime("%Y-%m-%d")
    values: Dict[str, Optional[str]] = {
        "Host": urlsplit(info["http"]).netloc,
        "Content-Type": "application/json",
        "X-TC-Action": action,
        "X-TC-Version": version,
        "X-TC-Timestamp": str(stamp),
    }
    if token:
        values["X-TC-Token"] = token
    values.update(change or {})
    headers = [(k, v) for k, v in values.items() if v is not None]
    head = Head("POST", "/", headers)
    payload = b"UNSIGNED-PAYLOAD" if values.get("X-TC-Content-SHA256") == "UNSIGNED-PAYLOAD" else data
    canonical = signatures_tc3.canonical_request(head, signed, hashlib.sha256(payload).hexdigest())
    text = signatures_tc3.string_to_sign(stamp, day, service, canonical)
    made = signatures_tc3.signature(secret or info["tencent"]["secret_key"], day, service, text)
    headers.append(
        (
            "Authorization",
            "TC3-HMAC-SHA256 Credential=%s/%s/%s/tc3_request, SignedHeaders=%s, Signature=%s"
            % (secret_id or info["tencent"]["secret_id"], day, service, ";".join(signed), made),
        )
    )
    return "POST", "/", headers, data if sent_body is None else sent_body


def tencent(info: Dict[str, Any], action: str, body: Any = None, **options: Any) -> Any:
    answer = send(info["http"], *tc3(info, action, body, **options))
    assert answer.status == 200, answer
    return answer.json["Response"]


def raw_bytes(url: str, request: bytes, timeout: float = 10.0) -> Tuple[bytes, str]:
    """Send bytes, read to the end: what came, and how it ended (closed, reset, timeout)."""
    parts = urlsplit(url)
    got = b""
    with socket.create_connection((parts.hostname, parts.port), timeout=timeout) as link:
        try:
            link.sendall(request)
            while True:
                part = link.recv(65536)
                if not part:
                    return got, "closed"
                got += part
        except ConnectionResetError:
            return got, "reset"
        except socket.timeout:
            return got, "timeout"


def request_bytes(method: str, target: str, headers: List[Tuple[str, str]], body: bytes) -> bytes:
    lines = ["%s %s HTTP/1.1" % (method, target)] + ["%s: %s" % pair for pair in headers]
    if body or method == "POST":
        lines.append("Content-Length: %d" % len(body))
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def quoted(text: str) -> str:
    return quote(text, safe="-_.~")


def wait_for(check: Any, seconds: float = 5.0) -> Any:
    """Poll until the check gives something true."""
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)

"""The sandbox's signature code against vectors made with the vendors' own SDKs."""

import base64
import hashlib
import json
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote, urlsplit

import pytest
from aigc.sandbox import signatures_acs3, signatures_cos, signatures_tc3
from aigc.sandbox.identities import Identities, Identity
from aigc.sandbox.wire import Head, Refusal

FIXTURES = Path(__file__).resolve().parent / "fixtures"
ACS3 = json.loads((FIXTURES / "alibaba_acs3.json").read_text())["vectors"]
ALIBABA_WIRE = json.loads((FIXTURES / "alibaba_wire.json").read_text())["requests"]
TC3_FILE = json.loads((FIXTURES / "tencent_tc3.json").read_text())
TC3 = TC3_FILE["vectors"]
TENCENT_WIRE = json.loads((FIXTURES / "tencent_wire.json").read_text())["requests"]
COS_FILE = json.loads((FIXTURES / "tencent_cos.json").read_text())


@pytest.mark.parametrize("vector", ACS3, ids=[v["id"] for v in ACS3])
@pytest.mark.parametrize("plus", [False, True])
def test_acs3_vector(vector, plus):
    encode = quote_plus if plus else quote
    query = "&".join(encode(k, safe="-_.~") + "=" + encode(v, safe="-_.~") for k, v in vector["query"].items())
    block = vector["canonical_request"].split("\n")[3:-3]
    headers = dict(vector["headers"])
    for line in block:  # some vectors list trimmed headers only in their canonical form
        name, _, value = line.partition(":")
        headers[name] = value
    head = Head(vector["method"], vector["path"] + ("?" + query if query else ""), list(headers.items()))
    signed = vector["signed_headers"].split(";")
    canonical = signatures_acs3.canonical_request(head, signed, vector["headers"]["x-acs-content-sha256"])
    assert canonical == vector["canonical_request"]
    text = signatures_acs3.string_to_sign(canonical)
    assert text == vector["string_to_sign"]
    secret = vector["credentials"]["access_key_secret"]
    assert signatures_acs3.signature(secret, text) == vector["signature"]
    parsed = signatures_acs3.parse_authorization(vector["authorization"])
    assert (parsed.signed, parsed.signature) == (signed, vector["signature"])


def when(date):
    from datetime import datetime, timezone

    return datetime.strptime(date, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize("request_", ALIBABA_WIRE, ids=lambda r: "%s-%s" % (r["operation"], r["sts"]))
def test_alibaba_request_of_the_sdk_is_accepted(request_):
    headers = [tuple(pair) for pair in request_["headers_in_order"]]
    head = Head(request_["method"], request_["target"], headers)
    known = Identities()
    known.add(Identity("alibaba", "YourAccessKeyId", "YourAccessKeySecret", head.get("x-acs-security-token")))
    body = (request_["body"] or "").encode()
    nonces, now = signatures_acs3.Nonces(), when(head.get("x-acs-date"))
    assert signatures_acs3.verify(head, body, known, nonces, now).id == "YourAccessKeyId"
    with pytest.raises(Refusal) as again:
        signatures_acs3.verify(head, body, known, nonces, now)
    assert again.value.code == "SignatureNonceUsed"
    with pytest.raises(Refusal) as changed:
        signatures_acs3.verify(head, body + b" ", known, signatures_acs3.Nonces(), now)
    assert changed.value.code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("vector", TC3 + [TC3_FILE["published"]], ids=lambda v: v["name"])
def test_tc3_vector(vector):
    body = base64.b64decode(vector["body_b64"]) if "body_b64" in vector else vector["body"].encode()
    unsigned = vector.get("unsigned_payload", False)
    payload = hashlib.sha256(b"UNSIGNED-PAYLOAD" if unsigned else body).hexdigest()
    assert payload == vector["payload_sha256"]
    headers = [("Host", vector["host"]), ("Content-Type", vector["content_type"])]
    headers.append(("X-TC-Timestamp", str(vector["timestamp"])))
    if unsigned:
        headers.append(("X-TC-Content-SHA256", "UNSIGNED-PAYLOAD"))
    if vector.get("token"):
        headers.append(("X-TC-Token", vector["token"]))
    head = Head("POST", "/", headers)
    canonical = signatures_tc3.canonical_request(head, ["content-type", "host"], payload)
    assert canonical == vector["canonical_request"]
    assert hashlib.sha256(canonical.encode()).hexdigest() == vector["canonical_request_sha256"]
    if "authorization" in vector:
        known = Identities()
        known.add(Identity("tencent", vector["secret_id"], vector["secret_key"], vector["token"] or None))
        head = Head("POST", "/", headers + [("Authorization", vector["authorization"])])
        assert signatures_tc3.verify(head, body, known, "mps", vector["timestamp"] + 299).id == vector["secret_id"]
        with pytest.raises(Refusal) as late:
            signatures_tc3.verify(head, body, known, "mps", vector["timestamp"] + 301)
        assert late.value.code == "AuthFailure.SignatureExpire"
    else:
        text = signatures_tc3.string_to_sign(vector["timestamp"], "2019-02-25", vector["service"], canonical)
        assert text == vector["string_to_sign"]
        made = signatures_tc3.signature(vector["secret_key"], "2019-02-25", vector["service"], text)
        assert made == vector["published_signature"]


@pytest.mark.parametrize("request_", TENCENT_WIRE, ids=lambda r: r["label"])
def test_tencent_request_of_the_sdk_is_accepted(request_):
    headers = [tuple(pair) for pair in request_["headers"]]
    head = Head(request_["method"], request_["path"], headers)
    known = Identities()
    known.add(
        Identity(
            "tencent", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
            head.get("x-tc-token"),
        )
    )
    now = int(head.get("x-tc-timestamp"))
    body = base64.b64decode(request_["body_b64"])
    assert signatures_tc3.verify(head, body, known, "mps", now)


def cos_head(vector):
    parts = urlsplit(vector["url"])
    if vector["kind"] == "presigned-url":
        target = vector["result"].partition(parts.netloc)[2]
        headers = []
    else:
        query = "&".join(quote(k, safe="-_.~") + "=" + quote(v, safe="-_.~") for k, v in vector["params"].items())
        target = parts.path + ("?" + query if query else "")
        headers = [("Authorization", vector["result"])]
    headers.append(("Host", vector["host"]))
    return Head(vector["method"], target, headers + list(vector["headers"].items()))


@pytest.mark.parametrize("vector", COS_FILE["vectors"], ids=lambda v: v["name"])
def test_cos_vector(vector):
    known = Identities()
    known.add(Identity("tencent", vector["secret_id"], vector["secret_key"], vector["token"]))
    head = cos_head(vector)
    assert signatures_cos.verify(head, known, vector["now"]).id == vector["secret_id"]
    with pytest.raises(Refusal) as late:
        signatures_cos.verify(head, known, vector["now"] + vector["expired"] + 100)
    assert "expired" in late.value.message
    other = Head(head.method, head.target.replace(".png", ".pnx").replace("example", "eXample"), head.headers)
    with pytest.raises(Refusal) as changed:
        signatures_cos.verify(other, known, vector["now"])
    assert changed.value.code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("vector", COS_FILE["published"], ids=lambda v: v["name"])
def test_cos_published(vector):
    text = signatures_cos.http_string(
        vector["method"], unquote(vector["path"]), list(vector["params"].items()), list(vector["headers"].items())
    )
    assert text == vector["http_string"]
    assert signatures_cos.signature(vector["secret_key"], vector["key_time"], text) == vector["published_signature"]

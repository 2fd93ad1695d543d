"""Misbehaving on request: what the caller sees, and whether the request took effect."""

import json
import time

import pytest
from aigc.sandbox.faults import KINDS, INSIDE
from aigc.sandbox.crc64 import crc64
from sandbox_client import acs3, alibaba, raw_bytes, request_bytes, send, tc3, tencent

CREATE = "CreateAigcImageTask"
ADD = "Personalizedtxt2imgAddInferenceJob"


def attempt(box, timeout=5.0, provider="tencent", prompt="p"):
    """One create on a connection of its own: bytes received, how it ended, seconds it took."""
    if provider == "tencent":
        request = request_bytes(*tc3(box.info, CREATE, {"Prompt": prompt}, change={"Connection": "close"}))
    else:
        request = request_bytes(
            *acs3(box.info, "addInferenceJob", {"modelId": "sandbox-model", "prompt": prompt},
                  change={"connection": "close"})
        )
    start = time.monotonic()
    got, end = raw_bytes(box.info["http"], request, timeout)
    return got, end, time.monotonic() - start


def created(box):
    return sum(box.stats()["jobs_created"].values())


def body_of(got):
    return got.partition(b"\r\n\r\n")[2]


@pytest.fixture
def quick(box):
    box.config(duration=0, rate=0)
    return box


def test_delay(quick):
    quick.fault("delay", CREATE, ms=300)
    got, end, seconds = attempt(quick)
    assert seconds >= 0.3 and b"TaskId" in got and created(quick) == 1
    assert attempt(quick)[2] < 0.25


def test_delay_after_creates_first(quick):
    quick.fault("delay_after", CREATE, ms=2000)
    got, end, _ = attempt(quick, timeout=0.3)
    assert (got, end, created(quick)) == (b"", "timeout", 1)


@pytest.mark.parametrize("handled", [False, True])
def test_error(quick, handled):
    quick.fault("error", CREATE, code="InternalError", message="hm", retry_after=3, handled=handled)
    got, _, _ = attempt(quick)
    assert got.startswith(b"HTTP/1.1 200") and json.loads(body_of(got))["Response"]["Error"]["Code"] == "InternalError"
    assert b"Retry-After: 3" in got and created(quick) == int(handled)
    quick.fault(
        "error", ADD, code="Throttling.User", status=429, x_acs_retry_after=250,
        x_ratelimit_user="Limit:1,Remain:0,TimeLeft:2000,Reset:1",
    )
    answer = alibaba(quick.info, "addInferenceJob", {"modelId": "sandbox-model", "prompt": "x"})
    assert (answer.status, answer.json["Code"], answer.headers["x-acs-retry-after"]) == (429, "Throttling.User", "250")
    assert "TimeLeft:2000" in answer.headers["x-ratelimit-user"]


def test_http(quick):
    quick.fault("http", CREATE, status=502, body="<html>bad gateway</html>", headers={"X-A": "1"})
    got, _, _ = attempt(quick)
    assert got.startswith(b"HTTP/1.1 502") and b"bad gateway" in got and b"X-A: 1" in got and created(quick) == 0
    quick.fault("http", CREATE, status=503, handled=True)
    got, _, _ = attempt(quick)
    assert got.startswith(b"HTTP/1.1 503") and body_of(got) == b"" and created(quick) == 1


@pytest.mark.parametrize(
    "kind, values, end, effect",
    [
        ("reset_before", {}, "reset", 0),
        ("reset_after", {}, "reset", 1),
        ("close_before", {}, "closed", 0),
        ("close_after", {}, "closed", 1),
        ("cut", {"bytes": 0}, "closed", 1),
        ("silence", {"ms": 100}, "closed", 0),
        ("silence", {"ms": 100, "handled": True}, "closed", 1),
    ],
)
@pytest.mark.parametrize("provider", ["tencent", "alibaba"])
def test_no_answer_at_all(quick, kind, values, end, effect, provider):
    quick.fault(kind, provider=provider, **values)
    assert attempt(quick, provider=provider)[:2] == (b"", end)
    assert created(quick) == effect
    assert b"HTTP/1.1 200" in attempt(quick, provider=provider)[0]


def test_silence_lasts(quick):
    quick.fault("silence", CREATE)
    got, end, _ = attempt(quick, timeout=0.4)
    assert (got, end, created(quick)) == (b"", "timeout", 0)


@pytest.mark.parametrize("eighth", range(1, 8))
def test_cut(quick, eighth):
    whole = attempt(quick)[0]
    quick.fault("cut", CREATE, fraction=eighth / 8)
    got, end, _ = attempt(quick)
    assert end == "closed" and got.startswith(b"HTTP/1.1 200"[: len(got)])
    assert abs(len(got) - len(whole) * eighth // 8) <= 2 and created(quick) == 2
    quick.fault("cut", CREATE, bytes=100, reset=True)
    got, end, _ = attempt(quick)
    assert len(got) == 100 and end == "reset"
    quick.fault("cut", CREATE, bytes=3, of="body")
    assert body_of(attempt(quick)[0]) == b'{"R'


def test_garbage(quick):
    quick.fault("garbage", CREATE, size=300)
    got, _, _ = attempt(quick)
    assert len(got) == 300 and not got.startswith(b"HTTP") and created(quick) == 0
    quick.fault("garbage_body", CREATE, size=77, handled=True)
    got, _, _ = attempt(quick)
    assert got.startswith(b"HTTP/1.1 200") and len(body_of(got)) == 77 and created(quick) == 1
    quick.fault("html", CREATE)
    got, _, _ = attempt(quick)
    assert b"text/html" in got and b"<html>" in got and created(quick) == 1


@pytest.mark.parametrize("delta", [10, -10])
def test_wrong_length(quick, delta):
    quick.fault("wrong_length", CREATE, delta=delta)
    got, end, _ = attempt(quick)
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % (len(body) + delta) in head and end == "closed" and created(quick) == 1


def test_chunked_cut(quick):
    quick.fault("chunked_cut", CREATE, fraction=0.5)
    got, end, _ = attempt(quick)
    assert b"Transfer-Encoding: chunked" in got and not got.endswith(b"0\r\n\r\n") and end == "closed"


def test_drip(quick):
    quick.fault("drip", CREATE, interval_ms=2)
    got, end, seconds = attempt(quick)
    assert json.loads(body_of(got))["Response"]["TaskId"] and seconds > 0.15
    quick.fault("drip", CREATE, interval_ms=400, head=True)
    got, end, _ = attempt(quick, timeout=0.2)
    assert (got, end) == (b"", "timeout")


def test_redirect(quick):
    quick.fault("redirect", CREATE, location="http://127.0.0.1:1/x", status=307)
    got, _, _ = attempt(quick)
    assert got.startswith(b"HTTP/1.1 307") and b"Location: http://127.0.0.1:1/x" in got and created(quick) == 0


def test_success_false(quick):
    quick.fault("success_false", ADD)
    answer = alibaba(quick.info, "addInferenceJob", {"modelId": "sandbox-model", "prompt": "x"})
    assert answer.status == 200 and answer.json["success"] is False and answer.json["errCode"] == "UNKNOWN_ERROR"
    assert created(quick) == 0


def test_unknown_state(quick):
    task = tencent(quick.info, CREATE, {"Prompt": "x"})["TaskId"]
    quick.fault("unknown_state", "DescribeAigcImageTask", state="ODD", times=2)
    states = [tencent(quick.info, "DescribeAigcImageTask", {"TaskId": task})["Status"] for _ in range(3)]
    assert states == ["ODD", "ODD", "DONE"]
    job = alibaba(quick.info, "addInferenceJob", {"modelId": "sandbox-model", "prompt": "x"}).json["data"]["id"]
    quick.fault("unknown_state", "Personalizedtxt2imgQueryInferenceJobInfo", state="ODD")
    data = [
        alibaba(quick.info, "queryInferenceJobInfo", query="inferenceJobId=" + job).json["data"] for _ in range(2)
    ]
    assert [d["jobStatus"] for d in data] == ["ODD", "FINISHED"] and data[0]["resultImageUrl"] is None


def asset(box, headers=()):
    task = tencent(box.info, CREATE, {"Prompt": "x"})["TaskId"]
    url = tencent(box.info, "DescribeAigcImageTask", {"TaskId": task})["ImageUrls"][0]
    host = url.split("/")[2]

    def get(*headers):
        return send("http://" + host, "GET", "/" + url.split("/")[3], [("Host", host), *headers])

    return task, get


def test_spoiled_pictures(quick):
    task, get = asset(quick)
    true = quick.image("tencent", task)
    quick.fault("flip_byte", "asset", position=50)
    answer = get()
    assert [i for i in range(len(true)) if true[i] != answer.body[i]] == [50] and len(answer.body) == len(true)
    assert answer.headers["x-cos-hash-crc64ecma"] == str(crc64(true)) != str(crc64(answer.body))
    quick.fault("truncate", "asset", bytes=60)
    answer = get()
    assert answer.body == true[:60] and answer.headers["content-length"] == "60"
    quick.fault("no_range", "asset")
    assert get(("Range", "bytes=5-")).body == true
    quick.fault("cut", "asset", fraction=0.5)
    with pytest.raises(Exception):
        get()
    assert get().body == true


def test_change_object(quick):
    task, get = asset(quick)
    before = get()
    quick.fault("change_object", "asset")
    after = get(("Range", "bytes=5-"), ("If-Range", before.headers["etag"]))
    assert after.status == 200 and after.body != before.body and after.headers["etag"] != before.headers["etag"]
    assert after.body == quick.image("tencent", task) == get().body


def test_spoiled_alibaba_asset(quick):
    job = alibaba(quick.info, "addInferenceJob", {"modelId": "sandbox-model", "prompt": "x"}).json["data"]["id"]
    data = alibaba(quick.info, "queryInferenceJobInfo", query="inferenceJobId=" + job).json["data"]
    where = "modelId=%s&promptId=%s&imageId=0000.png" % (data["modelId"], data["promptId"])
    quick.fault("truncate", "Personalizedtxt2imgQueryImageAsset", fraction=0.25)
    short = alibaba(quick.info, "queryImageAsset", query=where).body
    whole = alibaba(quick.info, "queryImageAsset", query=where).body
    assert len(short) == len(whole) // 4 and whole.startswith(short)


def test_times_after_and_match(quick):
    quick.fault("http", CREATE, status=500, times=2, after=1)
    assert [attempt(quick)[0][9:12] for _ in range(4)] == [b"200", b"500", b"500", b"200"]
    quick.fault("http", "*", status=500, times=-1, match="nowhere")
    assert attempt(quick)[0][9:12] == b"200"
    quick.clear_faults()
    quick.fault("http", CREATE, provider="alibaba", status=500)
    assert attempt(quick)[0][9:12] == b"200"
    quick.clear_faults()
    task, get = asset(quick)
    quick.fault("http", "asset", provider="tencent", status=500)
    assert get().status == 500 and get().status == 200
    quick.fault("http", CREATE, status=500, times=-1, probability=0.5)
    codes = {attempt(quick)[0][9:12] for _ in range(60)}
    assert codes == {b"200", b"500"}
    listed = quick.call("GET", "/faults")
    assert listed[0]["kind"] == "http" and listed[0]["fired"] > 5
    quick.clear_faults()
    assert quick.call("GET", "/faults") == []


@pytest.mark.parametrize("kind", sorted(set(KINDS) - INSIDE - {"silence"}))
def test_every_kind_works_over_tls_and_leaves_the_server_well(quick, kind):
    from contextlib import suppress

    values = {"ms": 1} if "ms" in KINDS[kind] else {"interval_ms": 0} if kind == "drip" else {}
    quick.fault(kind, CREATE, **values)
    request = tc3(dict(quick.info, http=quick.info["https"]), CREATE, {"Prompt": "x"})
    with suppress(Exception):
        send(quick.info["https"], *request, ca=quick.info["ca_file"])
    request = tc3(dict(quick.info, http=quick.info["https"]), CREATE, {"Prompt": "x"})
    assert send(quick.info["https"], *request, ca=quick.info["ca_file"]).status == 200
    assert quick.stats()["operations"]["tencent"][CREATE]["faults"] == {kind: 1}


@pytest.mark.parametrize(
    "fault, word",
    [
        ({}, "kind"),
        ({"kind": "explode"}, "kind must be one of"),
        ({"kind": "http", "status": "500"}, "status"),
        ({"kind": "http", "status": 42}, "status"),
        ({"kind": "http", "bytes": 1}, "does not take"),
        ({"kind": "http", "times": 0}, "times"),
        ({"kind": "http", "after": -1}, "after"),
        ({"kind": "http", "probability": 2}, "probability"),
        ({"kind": "http", "provider": "amazon"}, "provider"),
        ({"kind": "http", "operation": 5}, "operation"),
        ({"kind": "http", "headers": {"a": "b\r\nc: d"}}, "headers"),
        ({"kind": "delay", "ms": -5}, "ms"),
        ({"kind": "cut", "of": "half"}, "of"),
        ([], "object"),
    ],
)
def test_bad_faults_are_refused_with_a_word(box, fault, word):
    with pytest.raises(RuntimeError) as refused:
        box.call("POST", "/faults", fault)
    assert word in str(refused.value)

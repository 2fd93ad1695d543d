"""The asset origin behaves like an object store and keeps a record of what it was sent."""

import time
from email.utils import formatdate

import pytest
from aigc.sandbox.crc64 import crc64
from sandbox_client import raw_bytes, request_bytes, send, tencent
from urllib.parse import urlsplit


def test_crc64_check_value():
    assert crc64(b"123456789") == 0x995DC9BBDF1939FA
    assert crc64(b"") == 0 and crc64(b"a") == crc64(bytes([97]))
    assert crc64(b"12345678") != crc64(b"123456789")


@pytest.fixture
def task(box):
    box.config(duration=0)
    return tencent(box.info, "CreateAigcImageTask", {"Prompt": "a cat"})["TaskId"]


def url_of(box, task):
    return tencent(box.info, "DescribeAigcImageTask", {"TaskId": task})["ImageUrls"][0]


def get(url, headers=(), method="GET", ca=None):
    parts = urlsplit(url)
    target = parts.path + ("?" + parts.query if parts.query else "")
    return send("%s://%s" % (parts.scheme, parts.netloc), method, target, [("Host", parts.netloc), *headers], ca=ca)


def test_whole_object(box, task):
    url = url_of(box, task)
    assert url.startswith(box.info["asset_http"] + "/4_") and url.endswith(".png") and "?" not in url
    answer = get(url)
    data = box.image("tencent", task)
    assert (answer.status, answer.body) == (200, data)
    headers = answer.headers
    assert headers["content-length"] == str(len(data)) and headers["content-type"] == "image/png"
    assert headers["accept-ranges"] == "bytes" and headers["etag"].startswith('"') and headers["last-modified"]
    assert headers["x-cos-hash-crc64ecma"] == str(crc64(data)) and headers["x-cos-request-id"]
    head = get(url, method="HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(data)))


@pytest.mark.parametrize(
    "value, first, last",
    [("bytes=0-0", 0, 1), ("bytes=100-", 100, None), ("bytes=5-9", 5, 10), ("bytes=-7", -7, None), ("bytes=3-99999999", 3, None)],
)
def test_ranges(box, task, value, first, last):
    url, data = url_of(box, task), box.image("tencent", task)
    answer = get(url, [("Range", value)])
    assert (answer.status, answer.body) == (206, data[first:last])
    start = first % len(data)
    assert answer.headers["content-range"] == "bytes %d-%d/%d" % (start, start + len(answer.body) - 1, len(data))
    assert answer.headers["x-cos-hash-crc64ecma"] == str(crc64(data))


def test_range_conditions(box, task):
    url, data = url_of(box, task), box.image("tencent", task)
    etag = get(url).headers["etag"]
    modified = get(url).headers["last-modified"]
    for good in (etag, modified):
        assert get(url, [("Range", "bytes=1-"), ("If-Range", good)]).status == 206
    for stale in ('"other"', formatdate(0, usegmt=True)):
        answer = get(url, [("Range", "bytes=1-"), ("If-Range", stale)])
        assert (answer.status, answer.body) == (200, data)
    over = get(url, [("Range", "bytes=%d-" % len(data))])
    assert over.status == 416 and over.headers["content-range"] == "bytes */%d" % len(data)
    assert b"<Code>InvalidRange</Code>" in over.body
    for odd in ("bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=0-1,4-5"):
        assert get(url, [("Range", odd)]).status == 200
    assert get(url, [("If-None-Match", etag)]).status == 304
    assert get(url, [("If-Match", '"no"')]).status == 412


def test_errors_are_xml(box, task):
    url = url_of(box, task)
    missing = get(url.replace("/4_", "/5_"))
    assert missing.status == 404 and b"<Code>NoSuchKey</Code>" in missing.body
    assert missing.headers["content-type"] == "application/xml"
    assert get(url, method="DELETE").status == 405


def test_urls_expire_and_describe_gives_fresh_ones(box, task):
    url = url_of(box, task)
    assert url_of(box, task) == url
    assert box.expire(task) == 1
    dead = get(url)
    assert dead.status == 403
    assert b"<Code>AccessDenied</Code>" in dead.body and b"<Message>Request has expired</Message>" in dead.body
    fresh = url_of(box, task)
    assert fresh != url and get(fresh).body == box.image("tencent", task)
    box.config(url_life=0.1)
    other = tencent(box.info, "CreateAigcImageTask", {"Prompt": "b"})["TaskId"]
    short = url_of(box, other)
    time.sleep(0.15)
    assert get(short).status == 403
    box.config(fresh_urls=False)
    assert url_of(box, other) == url_of(box, other)
    time.sleep(0.15)
    assert get(url_of(box, other)).status == 403


def test_signed_urls(box, task):
    box.config(signed_urls=True)
    url = url_of(box, task)
    assert "q-sign-time=" in url and "&q-signature=" in url
    assert get(url).status == 200
    assert get(url[:-1] + ("0" if url[-1] != "0" else "1")).status == 403
    assert get(url.partition("?")[0]).status == 403


def test_https_assets(box, task):
    box.config(asset_scheme="https")
    url = url_of(box, task)
    assert url.startswith(box.info["asset_https"])
    assert get(url, ca=box.info["ca_file"]).body == box.image("tencent", task)


def test_a_name_of_its_own_leads_here_through_the_proxy(box, task):
    box.config(asset_host="images.sandbox.test")
    url = url_of(box, task)
    port = box.info["asset_http"].rpartition(":")[2]
    assert url.startswith("http://images.sandbox.test:%s/4_" % port)
    answer, _ = raw_bytes(box.info["proxy"], request_bytes("GET", url, [("Host", urlsplit(url).netloc)], b""))
    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(box.image("tencent", task))


def test_the_asset_origin_records_headers(box, task):
    get(url_of(box, task), [("X-Marker", "seen"), ("Authorization", "leak")])
    entry = box.asset_requests()[-1]
    assert ["X-Marker", "seen"] in entry["headers"] and ["Authorization", "leak"] in entry["headers"]
    assert entry["status"] == 200 and entry["target"].startswith("/4_")

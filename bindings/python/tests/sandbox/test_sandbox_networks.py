"""The private bucket, the proxy, the read operations for scene tasks, and calls by name."""

import base64
import socket
import time
from urllib.parse import urlsplit

import pytest
from aigc.sandbox.identities import Identity
from aigc.sandbox.signatures_cos import http_string, presigned_query, signature
from sandbox_client import alibaba, quoted, raw_bytes, request_bytes, send, tc3, tencent, wait_for

STORE = {"CosBucketName": "pictures-1250000000", "CosBucketRegion": "ap-guangzhou", "CosBucketPath": "my file/图"}


@pytest.fixture
def stored(box):
    box.config(duration=0)
    return tencent(box.info, "CreateAigcImageTask", {"Prompt": "x", "OutputImageCount": 2, "StoreCosParam": STORE})["TaskId"]


def urls(box, task):
    return tencent(box.info, "DescribeAigcImageTask", {"TaskId": task})["ImageUrls"]


def signed_header(box, host, path, secret=None):
    keys = box.info["tencent"]
    key_time = "%d;%d" % (time.time() - 60, time.time() + 600)
    made = signature(secret or keys["secret_key"], key_time, http_string("get", path, [], [("host", host)]))
    return (
        "q-sign-algorithm=sha1&q-ak=%s&q-sign-time=%s&q-key-time=%s&q-header-list=host&q-url-param-list=&q-signature=%s"
        % (keys["secret_id"], key_time, key_time, made)
    )


def test_private_bucket_path_style(box, stored):
    first = urls(box, stored)
    assert len(first) == 2 and first == urls(box, stored)
    parts = urlsplit(first[1])
    assert first[1].startswith(box.info["bucket_http"] + "/pictures-1250000000/my%20file/%E5%9B%BE/4_")
    plain = [("Host", parts.netloc)]
    denied = send(box.info["bucket_http"], "GET", parts.path, plain)
    assert denied.status == 403 and b"<Code>AccessDenied</Code>" in denied.body
    decoded = "/pictures-1250000000/my file/图/" + parts.path.rpartition("/")[2]
    header = signed_header(box, parts.netloc, decoded)
    good = send(box.info["bucket_http"], "GET", parts.path, plain + [("Authorization", header)])
    assert (good.status, good.body) == (200, box.image("tencent", stored, 1))
    wrong = signed_header(box, parts.netloc, decoded, secret="no")
    refused = send(box.info["bucket_http"], "GET", parts.path, plain + [("Authorization", wrong)])
    assert refused.status == 403 and b"SignatureDoesNotMatch" in refused.body
    keys = box.info["tencent"]
    query = presigned_query(
        Identity("tencent", keys["secret_id"], keys["secret_key"]), decoded, int(time.time()) - 5, int(time.time()) + 60
    )
    asked = send(box.info["bucket_http"], "GET", parts.path + "?" + query, plain + [("Range", "bytes=0-3")])
    assert (asked.status, asked.body) == (206, b"\x89PNG")
    assert [entry["signed"] for entry in box.bucket_requests()] == [False, True, True, True]
    box.config(bucket_public=True)
    assert send(box.info["bucket_http"], "GET", parts.path, plain).status == 200


def test_private_bucket_host_style_and_redirect(box, stored):
    box.config(bucket_style="host")
    parts = urlsplit(urls(box, stored)[0])
    assert parts.hostname == "pictures-1250000000.cos.ap-guangzhou.sandbox.test"
    assert parts.port == urlsplit(box.info["bucket_http"]).port
    path = "/my file/图/" + parts.path.rpartition("/")[2]
    headers = [("Host", parts.netloc), ("Authorization", signed_header(box, parts.netloc, path))]
    assert send(box.info["bucket_http"], "GET", parts.path, headers).body == box.image("tencent", stored)
    box.fault("redirect", "bucket", location=box.info["asset_http"] + "/elsewhere")
    moved = send(box.info["bucket_http"], "GET", parts.path, headers)
    assert (moved.status, moved.headers["location"]) == (302, box.info["asset_http"] + "/elsewhere")


def test_another_account_may_not_read_the_bucket(box, stored):
    box.add_identity(provider="tencent", id="other", secret="s", account="other")
    parts = urlsplit(urls(box, stored)[0])
    path = "/pictures-1250000000/my file/图/" + parts.path.rpartition("/")[2]
    now = int(time.time())
    query = presigned_query(Identity("tencent", "other", "s"), path, now, now + 60)
    answer = send(box.info["bucket_http"], "GET", parts.path + "?" + query, [("Host", "x")])
    assert answer.status == 403 and b"AccessDenied" in answer.body
    late = presigned_query(Identity("tencent", "other", "s"), path, now - 100, now - 50)
    answer = send(box.info["bucket_http"], "GET", parts.path + "?" + late, [("Host", "x")])
    assert b"<Message>Request has expired</Message>" in answer.body


def test_the_vendors_cos_sdk_reads_the_bucket(box, stored):
    cos = pytest.importorskip("qcloud_cos")
    keys = box.info["tencent"]
    config = cos.CosConfig(
        Region="ap-guangzhou", SecretId=keys["secret_id"], SecretKey=keys["secret_key"], Scheme="http",
        Proxies={"http": box.info["proxy"]},
    )
    key = "my file/图/" + urls(box, stored)[1].rpartition("/")[2]
    got = cos.CosS3Client(config).get_object(Bucket="pictures-1250000000", Key=key)
    assert got["Body"].get_raw_stream().read() == box.image("tencent", stored, 1)
    assert got["x-cos-hash-crc64ecma"]


def proxied(box, head, extra=(), timeout=5.0):
    lines = [head, "Host: whatever"] + list(extra)
    return raw_bytes(box.info["proxy"], ("\r\n".join(lines) + "\r\n\r\n").encode(), timeout)


def test_proxy_plain_and_authentication(box):
    method, target, headers, body = tc3(box.info, "CreateAigcImageTask", {"Prompt": "x"})
    request = request_bytes(method, box.info["http"] + "/", headers, body)
    got, _ = raw_bytes(box.info["proxy"], request)
    assert got.startswith(b"HTTP/1.1 200") and b"TaskId" in got
    box.config(proxy_user="me", proxy_password="pass word")
    got, _ = raw_bytes(box.info["proxy"], request)
    assert got.startswith(b"HTTP/1.1 407") and b"Proxy-Authenticate: Basic" in got
    good = "Basic " + base64.b64encode(b"me:pass word").decode()
    method, target, headers, body = tc3(box.info, "CreateAigcImageTask", {"Prompt": "y"})
    request = request_bytes(method, box.info["http"] + "/", headers + [("Proxy-Authorization", good)], body)
    assert b"TaskId" in raw_bytes(box.info["proxy"], request)[0]
    counts = box.stats()["operations"]["proxy"]["plain"]
    assert (counts["requests"], counts["accepted"], counts["refused"]) == (3, 2, {"407": 1})
    forwarded = box.requests("CreateAigcImageTask")[-1]["headers"]
    assert not any(name.lower().startswith("proxy-") for name, _ in forwarded)


def test_proxy_connect(box):
    import ssl

    host, port = box.info["proxy"].rpartition("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=5) as link:
        link.sendall(b"CONNECT mps.tencentcloudapi.com:443 HTTP/1.1\r\nHost: mps.tencentcloudapi.com:443\r\n\r\n")
        assert link.recv(100) == b"HTTP/1.1 200 Connection established\r\n\r\n"
        context = ssl.create_default_context(cafile=box.info["ca_file"])
        with context.wrap_socket(link, server_hostname="mps.tencentcloudapi.com") as secure:
            change = {"Host": "mps.tencentcloudapi.com"}
            secure.sendall(request_bytes(*tc3(box.info, "CreateAigcImageTask", {"Prompt": "x"}, change=change)))
            assert b"TaskId" in secure.recv(10000)
    assert box.proxy_requests()[-1]["target"] == "mps.tencentcloudapi.com:443"
    assert proxied(box, "CONNECT example.com:443 HTTP/1.1")[0].startswith(b"HTTP/1.1 403")
    assert proxied(box, "CONNECT 10.0.0.1:443 HTTP/1.1")[0].startswith(b"HTTP/1.1 403")
    assert proxied(box, "CONNECT 127.0.0.1:1 HTTP/1.1")[0].startswith(b"HTTP/1.1 502")
    assert proxied(box, "GET http://example.com/ HTTP/1.1")[0].startswith(b"HTTP/1.1 403")
    assert proxied(box, "nonsense")[0].startswith(b"HTTP/1.1 400")


def test_proxy_faults(box):
    box.fault("reset_before", "*", times=-1)
    assert proxied(box, "CONNECT 127.0.0.1:1 HTTP/1.1")[0].startswith(b"HTTP/1.1 502")  # * does not mean the proxy
    box.clear_faults()
    box.fault("http", "proxy", status=503)
    assert proxied(box, "CONNECT 127.0.0.1:1 HTTP/1.1")[0].startswith(b"HTTP/1.1 503")
    box.fault("reset_before", "proxy")
    assert proxied(box, "CONNECT 127.0.0.1:1 HTTP/1.1") == (b"", "reset")
    box.fault("silence", "proxy")
    assert proxied(box, "CONNECT 127.0.0.1:1 HTTP/1.1", timeout=0.2) == (b"", "timeout")


def test_scene_tasks(box):
    box.config(duration=0.2)
    assert tencent(box.info, "DescribeAigcTaskList", {})["Total"] == 0
    made = [box.call("POST", "/scene-tasks", {"type": "AIDrama", "prompt": "p%d" % i})["id"] for i in range(3)]
    bad = box.call("POST", "/scene-tasks", {"prompt": "[fail]"})["id"]
    status = tencent(box.info, "DescribeAigcTaskStatus", {"TaskId": made[0]})
    assert status["TaskStatus"] in ("PENDING", "RUNNING") and status["OutputUrl"] == ""

    def finished():
        found = tencent(box.info, "DescribeAigcTaskStatus", {"TaskId": made[0]})
        return found if found["TaskStatus"] == "FINISHED" else None

    assert wait_for(finished)["OutputUrl"].startswith(box.info["asset_http"])
    failed = wait_for(
        lambda: [t for t in tencent(box.info, "DescribeAigcTaskList", {})["Tasks"] if t["TaskStatus"] == "FAILED"]
    )
    assert failed[0]["TaskId"] == bad and failed[0]["TaskResultCode"] == 1
    page = tencent(box.info, "DescribeAigcTaskList", {"PageNum": 2, "PageSize": 2, "QueryTaskFilter": {"TaskType": "AIDrama"}})
    assert (page["Total"], [t["TaskId"] for t in page["Tasks"]]) == (3, [made[0]])
    task = tencent(box.info, "CreateAigcImageTask", {"Prompt": "x"})["TaskId"]
    assert tencent(box.info, "DescribeAigcTaskStatus", {"TaskId": task})["Error"]["Code"] == "ResourceNotFound.TaskNotFound"
    for body in ({"PageSize": 0}, {"PageNum": "1"}, {"QueryTaskFilter": {"TaskType": "Image"}}):
        assert tencent(box.info, "DescribeAigcTaskList", body)["Error"]["Code"] == "InvalidParameterValue"
    with pytest.raises(RuntimeError, match="type must be one of"):
        box.call("POST", "/scene-tasks", {"type": "Other"})


def test_calls_by_name(box):
    said = tencent(box.info, "SandboxEchoAnything", {"A": [1, {"b": "ü"}]}, version="2030-01-01", service="cvm")
    assert said["Parameters"] == {"A": [1, {"b": "ü"}]} and said["Version"] == "2030-01-01"
    assert tencent(box.info, "SandboxEcho", {}, secret="no")["Error"]["Code"] == "AuthFailure.SignatureFailure"
    answer = alibaba(
        box.info, "SandboxEchoThat", {"x": "ü"}, "k=" + quoted("a b"), path="/api/v9/some/where",
        change={"x-acs-version": "20300101"},
    )
    data = answer.json["data"]
    assert data["query"] == {"k": "a b"} and data["path"] == "/api/v9/some/where" and "x" in data["body"]
    assert alibaba(box.info, "SandboxEchoRpc", query="A=1", path="/", method="POST").json["data"]["query"] == {"A": "1"}
    assert tencent(box.info, "DescribeTasks", {})["Error"]["Code"] == "InvalidAction"
    box.config(echo=True)
    assert tencent(box.info, "DescribeTasks", {"Limit": 1})["Parameters"] == {"Limit": 1}
    assert alibaba(box.info, "ListThings", path="/api/v2/things").json["data"]["action"] == "ListThings"

"""The control interface, the ready line and the life of the process."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aigc.sandbox.guard import is_loopback
from aigc.sandbox.testing import SandboxProcess
from sandbox_client import alibaba, request_bytes, send, tc3, tencent, wait_for

SOURCE = str(Path(__file__).resolve().parents[2] / "src")
CREATE = "CreateAigcImageTask"


def start(*options):
    environment = dict(os.environ, PYTHONPATH=SOURCE)
    return subprocess.Popen(
        [sys.executable, "-m", "aigc.sandbox", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ready_line_and_clean_end(tmp_path, number):
    ready = tmp_path / "ready.json"
    process = start("--ready-file", str(ready), "--state-dir", str(tmp_path / "state"))
    try:
        info = json.loads(process.stdout.readline())
        assert json.loads(ready.read_text()) == info and info["pid"] == process.pid
        assert set(info) >= {"http", "https", "asset_http", "asset_https", "ca_file", "control", "alibaba", "tencent"}
        assert info["control"] == info["http"] + "/_sandbox"
        assert Path(info["ca_file"]).read_text().startswith("-----BEGIN CERTIFICATE-----")
    finally:
        process.send_signal(number)
        rest, problems = process.communicate(timeout=10)
    assert (process.returncode, rest, problems) == (0, b"", b"")


def test_the_authority_is_kept_in_the_state_dir(tmp_path):
    with SandboxProcess("--state-dir", str(tmp_path)) as box:
        first = Path(box.info["ca_file"]).read_bytes()
    with SandboxProcess("--state-dir", str(tmp_path), "--cert-name", "more.test") as box:
        assert Path(box.info["ca_file"]).read_bytes() == first
        assert send(box.info["https"], "GET", "/_sandbox", [("Host", "localhost")], ca=box.info["ca_file"]).status == 200


def test_ends_with_its_parent():
    code = (
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-m', 'aigc.sandbox', '--exit-with-parent'], stdout=subprocess.PIPE)\n"
        "print(p.stdout.readline().decode(), flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env=dict(os.environ, PYTHONPATH=SOURCE), timeout=30
    )
    pid = json.loads(done.stdout.splitlines()[0])["pid"]

    def gone():
        try:
            return Path("/proc/%d/stat" % pid).read_text().split(")")[1].split()[0] == "Z"
        except FileNotFoundError:
            return True

    wait_for(gone, 10)


def test_wrong_options_end_with_a_word():
    for options, word in (
        (["--base64-form", "hex"], b"base64_form must be one of"),
        (["--duration", "-1"], b"must not be negative"),
        (["--identity", "{"], b"not valid JSON"),
        (["--identity", '{"provider": "x"}'], b"provider must be one of"),
        (["--http-port", "70000"], b"65535"),
    ):
        process = start(*options)
        _, problems = process.communicate(timeout=20)
        assert process.returncode == 2 and word in problems and b"Traceback" not in problems


def test_identity_option():
    who = json.dumps({"provider": "tencent", "id": "AKIDx", "secret": "s", "token": "t", "expires_in": 60})
    with SandboxProcess("--identity", who) as box:
        response = tencent(box.info, CREATE, {"Prompt": "x"}, secret_id="AKIDx", secret="s", token="t")
        assert "TaskId" in response


def test_control_is_for_this_machine():
    assert (
        is_loopback("127.0.0.1") and is_loopback("::1") and is_loopback("127.8.8.8") and is_loopback("::ffff:127.0.0.1")
    )
    assert not is_loopback("10.0.0.1") and not is_loopback(None) and not is_loopback("elsewhere")


def test_ipv6():
    with SandboxProcess("--host", "::1") as box:
        assert box.info["http"].startswith("http://[::1]:")
        assert box.stats()["duplicates"] == 0


def test_stats(box):
    box.config(rate=0)
    for prompt in ("a", "b", "a"):
        tencent(box.info, CREATE, {"Prompt": prompt})
    alibaba(box.info, "addInferenceJob", {"modelId": "sandbox-model", "prompt": "a"})
    tencent(box.info, CREATE, {"Prompt": "c"}, secret="wrong")
    stats = box.stats()
    counts = stats["operations"]["tencent"][CREATE]
    assert (counts["requests"], counts["accepted"]) == (4, 3)
    assert counts["refused"] == {"AuthFailure.SignatureFailure": 1} and counts["max_per_second"] >= 3
    assert stats["duplicates"] == 1 and stats["jobs_created"] == {"tencent": 3, "alibaba": 1}
    assert [(j["provider"], j["prompt"]) for j in stats["jobs"]] == [
        ("tencent", "a"),
        ("tencent", "b"),
        ("tencent", "a"),
        ("alibaba", "a"),
    ]
    assert stats["connections"]["http"] >= 5
    assert "jobs" not in box.stats(jobs=False)
    box.reset()
    assert box.stats()["operations"] == {} and box.stats()["jobs_created"] == {}


def test_requests_are_recorded(box):
    tencent(box.info, CREATE, {"Prompt": "a"})
    mark = box.requests()[-1]["number"]
    tencent(box.info, CREATE, {"Prompt": "b"})
    alibaba(box.info, "queryModelTrainJobList")
    later = box.requests(since=mark)
    assert [e["operation"] for e in later] == [CREATE, "Personalizedtxt2imgQueryModelTrainJobList"]
    assert any(name == "Authorization" and "Credential=" in value for name, value in later[0]["headers"])
    assert len(box.requests(CREATE)) == 2


def test_rate_limits(box):
    codes = [tencent(box.info, CREATE, {"Prompt": str(i)}).get("Error", {}).get("Code") for i in range(60)]
    assert codes.count(None) >= 20 and codes.count("RequestLimitExceeded") >= 1
    assert box.stats()["operations"]["tencent"][CREATE]["refused"] == {
        "RequestLimitExceeded": codes.count("RequestLimitExceeded")
    }
    assert "Error" in tencent(box.info, "DescribeAigcImageTask", {"TaskId": "x"})  # another action, another bucket
    box.config(rate=0)
    assert "TaskId" in tencent(box.info, CREATE, {"Prompt": "x"})
    box.config(alibaba_rate=1)
    answers = [alibaba(box.info, "queryModelTrainJobList") for _ in range(3)]
    assert answers[-1].status == 400 and answers[-1].json["Code"] == "Throttling.User"
    assert 0 < int(answers[-1].headers["x-acs-retry-after"]) <= 1000


def test_a_limit_of_tasks_at_once(box):
    """One task too many is refused until another one of the same account ends; the refusal is no matter of the rate."""
    box.config(concurrency=2, alibaba_concurrency=1, duration=0.5)
    box.add_identity(provider="tencent", id="AKIDother", secret="s", account="other")
    for _ in range(2):
        assert "TaskId" in tencent(box.info, CREATE, {"Prompt": "a"})
    for _ in range(3):
        error = tencent(box.info, CREATE, {"Prompt": "a"})["Error"]
        assert error["Code"] == "RequestLimitExceeded" and "maximum concurrency 2" in error["Message"]
    assert "TaskId" in tencent(box.info, CREATE, {"Prompt": "a"}, secret_id="AKIDother", secret="s")
    job = {"prompt": "<special-token>", "imageUrl": ["http://localhost/a.png"]}
    assert alibaba(box.info, "addPreModelInferenceJob", job).status == 200
    refused = alibaba(box.info, "addPreModelInferenceJob", job)
    assert (refused.status, refused.json["Code"]) == (400, "Throttling.User")
    assert "maximum concurrency" in refused.json["Message"] and "x-acs-retry-after" not in refused.headers
    places = box.stats()["places"]
    assert places["tencent"] == {
        "main": {"running": 2, "most": 2, "refused": 3}, "other": {"running": 1, "most": 1, "refused": 0},
    }
    assert places["alibaba"]["main"]["refused"] == 1
    time.sleep(0.6)
    assert "TaskId" in tencent(box.info, CREATE, {"Prompt": "[never]"})
    assert "TaskId" in tencent(box.info, CREATE, {"Prompt": "[never]"})
    assert alibaba(box.info, "addPreModelInferenceJob", job).status == 200
    time.sleep(0.6)
    assert "Error" in tencent(box.info, CREATE, {"Prompt": "a"})  # these two never end
    box.config(concurrency=3)
    assert "TaskId" in tencent(box.info, CREATE, {"Prompt": "a"})
    box.reset()
    assert box.stats()["places"] == {"tencent": {}, "alibaba": {}}


@pytest.mark.parametrize(
    "method, path, body, word",
    [
        ("POST", "/config", {"speed": 1}, "unknown setting"),
        ("POST", "/config", {"duration": "1"}, "number"),
        ("POST", "/config", {"duration": True}, "number"),
        ("POST", "/config", {"rate": -1}, "negative"),
        ("POST", "/config", {"any_model": 1}, "true or false"),
        ("POST", "/config", {"asset_scheme": "ftp"}, "one of"),
        ("POST", "/config", [1], "object"),
        ("POST", "/identities", {"provider": "tencent"}, "id must be"),
        ("POST", "/identities", {"provider": "tencent", "id": "a", "secret": "b", "colour": 1}, "unknown field"),
        ("POST", "/expire", {"task": "x"}, "expire takes"),
        ("GET", "/image?provider=tencent&job=none", None, "no such job"),
        ("GET", "/requests?since=x", None, "whole number"),
        ("GET", "/nothing", None, "no such call"),
        ("PUT", "/stats", {}, "no such call"),
    ],
)
def test_bad_calls_get_a_clear_word(box, method, path, body, word):
    with pytest.raises(RuntimeError) as refused:
        box.call(method, path, body)
    assert word in str(refused.value)
    answer = send(box.info["http"], "POST", "/_sandbox/config", [("Host", "localhost")], b"{no json")
    assert answer.status == 400 and "JSON" in answer.json["error"]


def test_it_tells_what_it_can_do(box):
    about = box.call("GET", "")
    assert "POST /_sandbox/faults" in about["calls"] and "reset_after" in about["fault_kinds"]
    assert about["info"]["http"] == box.info["http"]


def test_keep_alive_and_expect_continue(box):
    import socket

    host, port = box.info["http"].rpartition("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=5) as link:
        for i in range(3):
            method, target, headers, body = tc3(box.info, CREATE, {"Prompt": str(i)}, change={"Expect": "100-continue"})
            head = request_bytes(method, target, headers, body)[: -len(body)]
            link.sendall(head)
            assert link.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            link.sendall(body)
            assert b"TaskId" in link.recv(10000)
    assert box.stats()["operations"]["tencent"][CREATE]["accepted"] == 3


def test_thousand_jobs_in_flight(box):
    box.config(rate=0, duration=30)
    import http.client

    host, port = box.info["http"].rpartition("/")[2].split(":")
    link = http.client.HTTPConnection(host, int(port), timeout=10)

    def call(action, fields):
        method, target, headers, body = tc3(box.info, action, fields)
        link.request(method, target, body, dict(headers))
        return json.loads(link.getresponse().read())["Response"]

    begin = time.monotonic()
    tasks = [call(CREATE, {"Prompt": "p%d" % i})["TaskId"] for i in range(1000)]
    for task in tasks:
        assert call("DescribeAigcImageTask", {"TaskId": task})["Status"] in ("WAIT", "RUN")
    rate = 2000 / (time.monotonic() - begin)
    assert rate > 150, "only %d requests a second" % rate  # about 10 times that on a quiet machine
    stats = box.stats()
    assert stats["duplicates"] == 0 and len(stats["jobs"]) == 1000

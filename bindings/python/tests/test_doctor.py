"""aigc doctor: the page, its exit code, and the report that can be sent."""

from __future__ import annotations

import json
import shlex
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import aigc
import pytest
from aigc._cli import doctor_live, doctor_page
from support import REPOSITORY, Command, environment

Doctor = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def doctor(sandbox: Any, tmp_path: Path) -> Doctor:
    """The command on a machine of its own, with the clouds' own hosts behind the sandbox's proxy."""
    sandbox.config(imds_role="")
    keys = {
        "http.proxy": sandbox.info["proxy"],
        "tls.ca_file": sandbox.info["ca_file"],
        "credentials.metadata_endpoint": sandbox.info["metadata"],
    }

    def run(
        *arguments: str, change: Optional[Dict[str, str]] = None, **variables: Optional[str]
    ) -> "subprocess.CompletedProcess[str]":
        pairs = [part for key, value in {**keys, **(change or {})}.items() for part in ("-c", f"{key}={value}")]
        command = [sys.executable, "-m", "aigc", "doctor", *pairs, *arguments]
        env = environment(**{"HOME": str(tmp_path), **variables})
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=90, cwd=tmp_path)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


def both(info: Dict[str, Any]) -> Dict[str, str]:
    return {**alibaba(info), **tencent(info)}


def alibaba(info: Dict[str, Any]) -> Dict[str, str]:
    keys = info["alibaba"]
    return {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": keys["access_key_id"],
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys["access_key_secret"],
    }


def tencent(info: Dict[str, Any]) -> Dict[str, str]:
    keys = info["tencent"]
    return {"TENCENTCLOUD_SECRET_ID": keys["secret_id"], "TENCENTCLOUD_SECRET_KEY": keys["secret_key"]}


def section(page: str, title: str) -> str:
    """The lines below a title, up to the next empty one."""
    _, found, rest = page.partition(title)
    assert found, f"no {title!r} in\n{page}"
    return title + rest.partition("\n\n")[0]


def says(text: str, *parts: str) -> None:
    joined = " ".join(text.split())
    for part in parts:
        assert part in joined, f"{part!r} is not in\n{text}"


# The page


def test_the_next_step_repeats_the_configuration(sandbox: Any, command: Command) -> None:
    """And asks Alibaba for what its prompts need."""
    page = command.run("doctor", "-c", "http.no_proxy=a b'c").stdout.replace("\\\n", "")
    (alibaba, tencent) = [line for line in page.splitlines() if " is ready. Next: " in line]
    assert "'a portrait of <special-token> in the snow'" in alibaba
    for line in (alibaba, tencent):
        words = shlex.split(line.partition(" Next: ")[2])
        assert words[1:4] == ["-m", "aigc", "generate"] and words[words.index("http.no_proxy=a b'c") - 1] == "-c"
        assert f"tencent.endpoint={sandbox.info['http']}" in words


def test_page_with_credentials(sandbox: Any, doctor: Doctor) -> None:
    done = doctor(**both(sandbox.info))
    assert done.returncode == 0, done.stdout + done.stderr
    proxy = sandbox.info["proxy"]
    machine = section(done.stdout, "This machine")
    says(machine, "[ok] libaigc 1.", "libcurl ", "TLS by OpenSSL/3", f"[ok] certificate authorities: {sandbox.info['ca_file']}")
    says(machine, "TLS 1.2 at least")
    ours = section(done.stdout, "Alibaba Cloud: https://aicontent.aliyuncs.com")
    says(ours, f"region cn-shanghai, through the proxy {proxy}", "[ok] reachable: it answered within", "[ok] clock: agrees")
    says(ours, "[ok] credentials: environment, id sand...y-id; they do not end")
    says(ours, "[ok] rights: jobs and models can be asked for (")
    theirs = section(done.stdout, "Tencent Cloud: https://mps.tencentcloudapi.com")
    says(theirs, "[ok] reachable", "[ok] clock", "[ok] credentials: environment", "[ok] rights: jobs can be asked for")
    says(done.stdout, "Alibaba Cloud is ready. Next: ", "-m aigc generate --provider alibaba")
    says(done.stdout, "Tencent Cloud is ready. Next: ", "-m aigc generate --provider tencent")
    says(done.stdout, "Nothing was submitted, and nothing has cost money.")
    assert "[!" not in done.stdout and "[--]" not in done.stdout
    for secret in both(sandbox.info).values():
        assert secret not in done.stdout + done.stderr
    stats = sandbox.stats()
    assert stats["jobs"] == [] and max(len(line) for line in done.stdout.splitlines() if " Next: " not in line) <= 130
    asked = {name: row["requests"] for provider in ("alibaba", "tencent") for name, row in stats["operations"][provider].items()}
    assert asked == {
        "Personalizedtxt2imgQueryInferenceJobInfo": 1,
        "Personalizedtxt2imgQueryModelTrainJobList": 1,
        "DescribeAigcImageTask": 1,
    }


def test_page_without_credentials(sandbox: Any, doctor: Doctor, tmp_path: Path) -> None:
    done = doctor()
    assert done.returncode == 4
    ours = section(done.stdout, "Alibaba Cloud: ")
    says(ours, "[--] credentials: none Looked at: environment: ALIBABA_CLOUD_ACCESS_KEY_ID and", "are not set")
    says(ours, f"~/.aliyun/config.json: there is no {tmp_path}/.aliyun/config.json", "credentials URI: ")
    says(ours, "To use it: make an AccessKey", "export ALIBABA_CLOUD_ACCESS_KEY_ID=... ALIBABA_CLOUD_ACCESS_KEY_SECRET=...")
    says(ours, "[ok] reachable", "[ok] clock")
    theirs = section(done.stdout, "Tencent Cloud: ")
    says(theirs, "[--] credentials: none", "CVM instance role: the instance has no role", "export TENCENTCLOUD_SECRET_ID=...")
    says(theirs, "[ok] reachable")
    says(done.stdout, "Alibaba Cloud is not set up: it has no credentials.", "Tencent Cloud is not set up")
    assert "rights" not in done.stdout and "[!!]" not in done.stdout


def test_one_cloud_is_enough_unless_the_other_is_asked_for(sandbox: Any, doctor: Doctor) -> None:
    keys = tencent(sandbox.info)
    done = doctor(**keys)
    assert done.returncode == 0, done.stdout
    says(done.stdout, "Alibaba Cloud is not set up", "Tencent Cloud is ready.")
    only = doctor("--provider", "tencent", **keys)
    assert only.returncode == 0 and "Alibaba" not in only.stdout
    assert doctor("--provider", "alibaba", **keys).returncode == 4


def test_a_wrong_key(sandbox: Any, doctor: Doctor) -> None:
    keys = {**both(sandbox.info), "TENCENTCLOUD_SECRET_KEY": "wrong-but-secret"}
    done = doctor(**keys)
    assert done.returncode == 4
    theirs = section(done.stdout, "Tencent Cloud: ")
    says(theirs, "[ok] reachable", "[ok] credentials", "[!!] rights: AIGC_E_AUTH", "AuthFailure.SignatureFailure")
    says(theirs, "Are SecretId and SecretKey of one pair", "tencent.site=intl")
    says(done.stdout, "Tencent Cloud is not ready: see [!!] above.", "Alibaba Cloud is ready.")
    assert "wrong-but-secret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "provider, operation, code, said",
    [
        ("alibaba", "Personalizedtxt2imgQueryModelTrainJobList", "Forbidden.RAM", "a policy that allows aicontent:*"),
        ("tencent", "DescribeAigcImageTask", "UnauthorizedOperation", "a policy that allows mps:*"),
    ],
)
def test_a_key_without_rights(
    sandbox: Any, doctor: Doctor, provider: str, operation: str, code: str, said: str
) -> None:
    status = 403 if provider == "alibaba" else 200
    sandbox.fault("error", operation, provider=provider, code=code, status=status, times=-1)
    done = doctor("--provider", provider, **both(sandbox.info))
    assert done.returncode == 4, done.stdout
    says(done.stdout, "[!!] rights: AIGC_E_PERMISSION", code, said)


def test_temporary_credentials(sandbox: Any, doctor: Doctor) -> None:
    role = {"credentials.role_arn": "qcs::cam::uin/100000000001:roleName/worker"}
    done = doctor("--provider", "tencent", change=role, **both(sandbox.info))
    assert done.returncode == 0, done.stdout
    says(done.stdout, "[ok] credentials: role qcs::cam::uin/100000000001:roleName/worker, id AKID", "they end at 20")
    says(done.stdout, " minutes, and are renewed before")


def test_a_clock_that_is_off(sandbox: Any, doctor: Doctor) -> None:
    for skew, shown in ((3 * 3600.0, "3 hours behind"), (-3 * 3600.0, "3 hours ahead of")):
        sandbox.config(clock_skew=skew)
        done = doctor(**both(sandbox.info))
        says(done.stdout, f"[!] clock: {shown} the cloud's", "timedatectl", "Tencent Cloud is ready.")
        assert done.returncode == 0, done.stdout


def test_a_cloud_out_of_reach(sandbox: Any, doctor: Doctor) -> None:
    done = doctor(change={"http.proxy": "http://user:password@127.0.0.1:9"}, **both(sandbox.info))
    assert done.returncode == 5
    ours = section(done.stdout, "Alibaba Cloud: ")
    says(ours, "through the proxy http://127.0.0.1:9", "[!!] not reachable: ", "The proxy is http://127.0.0.1:9")
    says(ours, "[--] clock: not compared", "[ok] credentials: environment", "[--] rights: not looked at")
    assert "password" not in done.stdout + done.stderr
    sandbox.fault("http", "proxy", status=407, times=-1)
    says(doctor(**both(sandbox.info)).stdout, "[!!] not reachable: ", "407")


def test_no_certificates(sandbox: Any, doctor: Doctor) -> None:
    done = doctor(change={"tls.ca_file": "/nowhere.pem"}, **both(sandbox.info))
    assert done.returncode == 5
    says(section(done.stdout, "This machine"), "[!!] certificates: the configured CA file /nowhere.pem cannot be read")


def test_no_answer_in_time(sandbox: Any, doctor: Doctor) -> None:
    sandbox.fault("silence", "DescribeAigcImageTask", times=-1)
    done = doctor("--provider", "tencent", "--timeout", "1", **both(sandbox.info))
    assert done.returncode == 9
    says(done.stdout, "[!!] not reachable: no answer within 1 s")


def test_a_file_that_everybody_can_read(sandbox: Any, doctor: Doctor, tmp_path: Path) -> None:
    keys = sandbox.info["tencent"]
    path = tmp_path / ".tencentcloud" / "credentials"
    path.parent.mkdir()
    path.write_text(f"[default]\nsecret_id={keys['secret_id']}\nsecret_key={keys['secret_key']}\n")
    path.chmod(0o644)
    done = doctor("--provider", "tencent")
    assert done.returncode == 0
    says(section(done.stdout, "This machine"), f"[!] {path} can be read by every user of this machine: chmod 600 it")
    says(done.stdout, "credentials: credentials file")


@pytest.mark.parametrize(
    "change, said",
    [
        ({"TENCENTCLOUD_SECRET_ID": "x\n", "TENCENTCLOUD_SECRET_KEY": "hunter2"}, "SECRET_ID ends in a line break"),
        ({"TENCENTCLOUD_SECRET_KEY": "hunter2"}, "TENCENTCLOUD_SECRET_KEY is set but TENCENTCLOUD_SECRET_ID is not"),
        ({"TENCENTCLOUD_CREDENTIALS_FILE": "/no/such"}, "TENCENTCLOUD_CREDENTIALS_FILE names a file that cannot be used"),
    ],
)
def test_a_source_that_cannot_be_used(
    sandbox: Any, doctor: Doctor, tmp_path: Path, change: Dict[str, str], said: str
) -> None:
    """Fault 1: the file of another account does not hide the mistake."""
    keys = sandbox.info["tencent"]
    path = tmp_path / ".tencentcloud" / "credentials"
    path.parent.mkdir()
    path.write_text(f"[default]\nsecret_id={keys['secret_id']}\nsecret_key={keys['secret_key']}\n")
    path.chmod(0o600)
    done = doctor(**change)
    assert done.returncode != 0
    theirs = section(done.stdout, "Tencent Cloud")
    says(theirs, "[!!] credentials:", "is set up and cannot be used:", said, "another account")
    says(done.stdout, "Tencent Cloud is not ready: see [!!] above.")
    assert "hunter2" not in done.stdout


def test_why_a_file_wins_over_variables(sandbox: Any, doctor: Doctor, tmp_path: Path) -> None:
    keys = sandbox.info["tencent"]
    path = tmp_path / ".tencentcloud" / "credentials"
    path.parent.mkdir()
    path.write_text(f"[prod]\nsecret_id={keys['secret_id']}\nsecret_key={keys['secret_key']}\n")
    path.chmod(0o600)
    others = {"TENCENTCLOUD_SECRET_ID": "AKIDother", "TENCENTCLOUD_SECRET_KEY": "other"}
    done = doctor("--provider", "tencent", change={"credentials.profile": "prod"}, **others)
    assert done.returncode == 0, done.stdout + done.stderr
    says(done.stdout, "[ok] credentials: credentials file, id", 'this is the profile "prod"', "credentials.profile", "program")
    done = doctor("--provider", "tencent", change={"credentials.profile": "gone"}, **others)
    assert done.returncode != 0
    says(done.stdout, "[!!] credentials:", "gone", "because credentials.profile is set", "no variables with keys")


def test_usage(sandbox: Any, doctor: Doctor) -> None:
    assert doctor("--provider", "nobody").returncode == 2
    assert doctor(change={"no.such": "1"}).returncode == 2
    says(doctor("--help").stdout, "before anything costs money", "--live")


def test_what_is_not_verified_is_said(sandbox: Any, doctor: Doctor) -> None:
    page = doctor(**both(sandbox.info)).stdout
    for provider, lines in doctor_page.UNVERIFIED.items():
        assert 4 <= len(lines) <= 8
        says(section(page, "Not verified against the live services so far"), *lines)


# For programs


def test_json(sandbox: Any, doctor: Doctor) -> None:
    done = doctor("--json", **tencent(sandbox.info))
    found, end = [json.loads(line) for line in done.stdout.splitlines()]
    assert end == {"type": "end", "exit_code": 0}
    assert found["type"] == "doctor" and found["ready"] == ["tencent"]
    assert {check["id"]: check["state"] for check in found["machine"]} == {
        "library": "ok", "certificates": "ok", "journal": "ok",
    }
    ours, theirs = found["clouds"]
    assert {check["id"]: check["state"] for check in ours["checks"]} == {"credentials": "none", "reach": "ok", "clock": "ok"}
    assert {check["id"]: check["state"] for check in theirs["checks"]} == {
        "credentials": "ok",
        "reach": "ok",
        "clock": "ok",
        "rights": "ok",
    }
    assert theirs["ready"] and not ours["has_credentials"] and theirs["proxy"].startswith(sandbox.info["proxy"])
    assert sandbox.info["tencent"]["secret_key"] not in done.stdout


# The report


def test_live_report(sandbox: Any, doctor: Doctor, tmp_path: Path) -> None:
    done = doctor("--live", **both(sandbox.info))
    assert done.returncode == 0, done.stdout
    (path,) = tmp_path.glob("aigc-doctor-*.json")
    assert f"What was seen is in {path.name}." in done.stdout and stat.S_IMODE(path.stat().st_mode) == 0o600
    report = json.loads(path.read_text(encoding="utf-8"))
    assert report["build"]["libaigc"].startswith("1.") and report["system"]["os"] == "Linux"
    ours, theirs = report["clouds"]
    assert ours["host"] == "aicontent.aliyuncs.com" and theirs["host"] == "mps.tencentcloudapi.com"
    assert abs(ours["clock_offset_ms"]) < 2000 and ours["through_proxy"]
    calls = {(call["action"], *call["parameters"]): call for call in ours["calls"] + theirs["calls"]}
    models = calls[("Personalizedtxt2imgQueryModelTrainJobList",)]["answer"]
    assert models["success"] is True and models["requestId"] == "string"
    unknown = calls[("Personalizedtxt2imgQueryInferenceJobInfo", "inferenceJobId")]["error"]
    assert unknown == {"status": "AIGC_E_NOT_FOUND", "http_status": 404, "provider_code": "B_DATA_NOT_FOUND_EXCEPTION"}
    assert theirs["calls"][0]["error"]["provider_code"] and theirs["calls"][2]["action"] == "DescribeAigcTaskList"
    text = path.read_text(encoding="utf-8")
    for private in [*both(sandbox.info).values(), sandbox.info["alibaba"]["model_id"], str(tmp_path), sandbox.info["proxy"]]:
        assert private not in text, private
    assert sandbox.stats()["jobs"] == [], "free calls only"
    assert doctor("--live", "named.json", "--json").returncode == 4 and (tmp_path / "named.json").exists()
    names = json.loads((tmp_path / "named.json").read_text(encoding="utf-8"))
    assert [cloud["calls"] for cloud in names["clouds"]] == [[], []], "without credentials nothing can be asked"


def test_live_report_where_the_hosts_are_private(sandbox: Any, doctor: Doctor, tmp_path: Path) -> None:
    change = {"tencent.endpoint": sandbox.info["http"], "alibaba.endpoint": sandbox.info["http"]}
    assert doctor("--live", "out.json", change=change, **both(sandbox.info)).returncode == 0
    assert {cloud["host"] for cloud in json.loads((tmp_path / "out.json").read_text())["clouds"]} == {"another host"}


def test_shape_keeps_no_value() -> None:
    answer = {
        "data": [
            {"id": 17, "name": "Ada Lovelace", "jobStatus": "FINISHED", "createTime": "2023-12-25T12:00:00.0598209"},
            {"id": "x", "name": "", "jobStatus": "my own words!", "createTime": None, "progress": 0.5, "done": True},
        ],
        "my secret key 123": "https://bucket/x.png?sign=abc",
        "empty": [],
    }
    assert doctor_live.shape(answer) == {
        "data": {
            "list of": [
                {
                    "id": "int",
                    "name": "string",
                    "jobStatus": "string FINISHED",
                    "createTime": "string 9999-99-99T99:99:99.9999999",
                },
                {
                    "id": "string",
                    "name": "string (empty)",
                    "jobStatus": "string",
                    "createTime": None,
                    "progress": "float",
                    "done": True,
                },
            ],
            "items": "several",
        },
        "?": "string",
        "empty": {"list of": [], "items": "none"},
    }


def test_reasons() -> None:
    message = "looking for credentials for x: none found. Tried a: not set; b: it ended; is the clock right?; c: no"
    assert doctor_page.reasons(message) == ["Looked at:", "  a: not set", "  b: it ended; is the clock right?", "  c: no"]
    assert doctor_page.reasons("something else") == ["something else"]
    lines: List[str] = [doctor_page.span(seconds) for seconds in (0.4, 119, 121, -7300, 200_000)]
    assert lines == ["0 s", "119 s", "2 minutes", "2 hours", "2 days"]


def test_the_command_is_in_the_manual() -> None:
    for path in (REPOSITORY / "bindings/python/README.md",):
        assert "aigc doctor" in path.read_text(encoding="utf-8")


# The journal


def test_it_says_what_state_the_journal_is_in(sandbox: Any, doctor: Doctor, keys: Dict[str, Any], tmp_path: Path) -> None:
    page = doctor(**both(sandbox.info)).stdout
    says(page, "[ok] no journal is set; SQLite 3.")
    folder = tmp_path / "journal"
    page = doctor(change={"journal.path": str(folder)}, **both(sandbox.info)).stdout
    says(page, f"[ok] journal {folder}: there is none yet")
    assert not folder.exists()
    with aigc.Client({**keys, "journal.path": str(folder)}) as client:
        client.submit("tencent", "aigc_image", prompt="a cat for the doctor", key="k1").wait(30)
        limit = time.monotonic() + 20  # the end is written behind the job
        while next(iter(aigc.journal.rows(folder)))["state"] != "succeeded" and time.monotonic() < limit:
            time.sleep(0.02)
        # Where the tests run the folder may be on a disk that does not outlive the machine.
        page = doctor(AIGC_JOURNAL=str(folder), **both(sandbox.info)).stdout
        says(page, f"journal {folder}: 1 succeeded; clients that use it now: 1;", "MiB", "SQLite 3.")
    (folder / "jobs.db").write_bytes(b"no database" * 1000)
    done = doctor("--json", change={"journal.path": str(folder)}, **both(sandbox.info))
    found = json.loads(done.stdout.splitlines()[0])
    (check,) = [check for check in found["machine"] if check["id"] == "journal"]
    assert check["state"] == "bad" and "nothing was deleted" in check["text"]
    assert done.returncode != 0
    assert found["ready"] == ["alibaba", "tencent"], "the clouds are asked all the same"
    page = doctor(change={"journal.path": str(tmp_path / "no" / "such")}, **both(sandbox.info)).stdout
    says(page, "[!!] journal", "does not exist")


def test_it_names_the_package_of_sqlite(sandbox: Any, doctor: Doctor, tmp_path: Path) -> None:
    odd = build_odd_system(tmp_path)
    for kind, words in (("missing", "libsqlite3-0"), ("old", "3.35 is needed")):
        variables = {**both(sandbox.info), "LD_PRELOAD": str(odd), "AIGC_TEST_ODD": kind}
        says(doctor(**variables).stdout, "[--] no journal can be kept:", words, "apt-get install libsqlite3-0")
        done = doctor(change={"journal.path": str(tmp_path / "j")}, **variables)
        says(done.stdout, "[!!] no journal can be kept:", words)
        assert done.returncode != 0
    used = tmp_path / "used"
    used.mkdir(mode=0o700)
    (used / "jobs.db").touch()
    variables = {**both(sandbox.info), "LD_PRELOAD": str(odd), "AIGC_TEST_ODD": "nfs"}
    says(doctor(change={"journal.path": str(used)}, **variables).stdout, "NFS", "choose a folder on a local disk")


def build_odd_system(folder: Path) -> Path:
    """A machine without SQLite, with an old one, or whose disk is NFS, as AIGC_TEST_ODD says."""
    made = folder / "odd_system.so"
    source = REPOSITORY / "Tests" / "c" / "preload" / "odd_system.c"
    subprocess.run(["gcc", "-shared", "-fPIC", str(source), "-o", str(made), "-ldl"], check=True)
    return made

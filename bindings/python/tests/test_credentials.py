"""Where credentials come from: each source through the real library, its order, its failures and its end.

The sandbox plays STS, instance metadata and the credentials URI, and its log tells which key signed.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import pytest
from aigc import aio
from aigc.client import Client
from aigc.enums import EventType, Outcome, Status
from aigc.errors import AigcError, AuthError, DeadlineError, InvalidArgumentError, NoCredentialsError, NotFoundError
from support import REPOSITORY, environment

ROLE = "acs:ram::1234567890123456:role/worker"
TENCENT_ROLE = "qcs::cam::uin/100000000001:roleName/worker"
PROVIDER_ARN = "acs:ram::1234567890123456:oidc-provider/cluster"
OPERATION = {"alibaba": "inference", "tencent": "aigc_image"}
STATUS_CALL = {"alibaba": "Personalizedtxt2imgQueryInferenceJobInfo", "tencent": "DescribeAigcImageTask"}
TOKEN_HEADER = {"alibaba": "x-acs-security-token", "tencent": "x-tc-token"}


class Machine:
    """A machine of its own: home directory, environment and configuration, and calls from it to the sandbox."""

    def __init__(self, box: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.box = box
        self.home = home
        self._patch = monkeypatch
        self.a, self.t = box.info["alibaba"], box.info["tencent"]
        for name in list(os.environ):
            if name.startswith(("ALIBABA", "ALICLOUD", "TENCENT", "TKE_")) or name.lower().endswith("_proxy"):
                monkeypatch.delenv(name)
        monkeypatch.setenv("HOME", str(home))
        self.keys: Dict[str, Any] = {
            "alibaba.endpoint": box.info["http"],
            "tencent.endpoint": box.info["http"],
            "credentials.sts_endpoint": box.info["http"],
            "credentials.metadata_endpoint": box.info["metadata"],
            "rate.tencent.describe_per_s": 0,
        }
        box.config(imds_role="")  # No role is attached unless a test says so.

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self._patch.setenv(name, value)

    def write(self, path: str, content: Any, mode: int = 0o600) -> Path:
        target = self.home / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        target.chmod(mode)
        return target

    def profiles(self, *profiles: Dict[str, Any], current: Optional[str] = None) -> None:
        """~/.aliyun/config.json."""
        self.write(".aliyun/config.json", {"current": current or profiles[0]["name"], "profiles": list(profiles)})

    def key(self, provider: str, name: str, **more: Any) -> Dict[str, str]:
        """A key of its own that the sandbox knows."""
        identity = {"provider": provider, "id": f"id-of-{name}", "secret": f"secret-of-{name}", **more}
        self.box.add_identity(**identity)
        return identity

    def client(self, **keys: Any) -> Client:
        return Client({**self.keys, **keys})

    def identity(self, provider: str, client: Optional[Client] = None) -> str:
        """Makes one free call; the id of the key that signed it. The sandbox has checked signature and token."""
        own = client is None
        client = client or self.client()
        try:
            before = self.last()
            with pytest.raises(NotFoundError):
                client.attach_id(provider, OPERATION[provider], "987654321", follow=False).refresh(20)
            (request,) = self.box.requests(STATUS_CALL[provider], since=before)
            return key_of(request)
        finally:
            if own:
                client.close(0)

    def refusal(self, provider: str, client: Optional[Client] = None) -> NoCredentialsError:
        own = client is None
        client = client or self.client()
        try:
            with pytest.raises(NoCredentialsError) as caught:
                client.attach_id(provider, OPERATION[provider], "987654321", follow=False).refresh(20)
            return caught.value
        finally:
            if own:
                client.close(0)

    def found(self, client: Client, provider: str) -> Dict[str, Any]:
        (row,) = [row for row in client.report()["providers"] if row["provider"] == provider]
        credentials: Dict[str, Any] = row["credentials"]
        return credentials

    def count(self, provider: str, operation: str) -> int:
        row = self.box.stats(jobs=False)["operations"].get(provider, {}).get(operation)
        return int(row["requests"]) if row else 0

    def last(self) -> int:
        """The number of the newest request in the log."""
        return max((int(entry["number"]) for entry in self.box.requests()), default=0)


def key_of(request: Dict[str, Any]) -> str:
    headers = {name.lower(): value for name, value in request["headers"]}
    match = re.search(r"Credential=([^/,]+)", headers["authorization"])
    assert match, headers
    return match.group(1)


def header(request: Dict[str, Any], name: str) -> Optional[str]:
    return {n.lower(): v for n, v in request["headers"]}.get(name)


@pytest.fixture
def machine(sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(sandbox, tmp_path, monkeypatch)


@pytest.fixture
def instance(library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine with a metadata service that has not given anything so far."""
    from aigc.sandbox.testing import SandboxProcess

    with SandboxProcess("--duration", "0.3", "--rate", "0") as box:
        yield Machine(box, tmp_path, monkeypatch)


# Environment


@pytest.mark.parametrize(
    "provider, names",
    [
        ("alibaba", ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN")),
        ("alibaba", ("ALIBABACLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_SECURITY_TOKEN")),
        ("alibaba", ("ALICLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY_SECRET", "ALICLOUD_SECURITY_TOKEN")),
        ("alibaba", ("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY", "ALICLOUD_SECURITY_TOKEN")),
        ("tencent", ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_SESSION_TOKEN")),
        ("tencent", ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_TOKEN")),
        ("tencent", ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN")),
    ],
)
@pytest.mark.parametrize("temporary", [False, True])
def test_environment(machine: Machine, provider: str, names: Any, temporary: bool) -> None:
    more = {"token": "token-of-env", "expires_in": 600} if temporary else {}
    key = machine.key(provider, "env", **more)
    values = (key["id"], key["secret"], "token-of-env")[: 3 if temporary else 2]
    machine.set(**dict(zip(names, values)))
    with machine.client() as client:
        assert machine.identity(provider, client) == "id-of-env"
        found = machine.found(client, provider)
        assert (found["found_in"], found["temporary"]) == ("environment", temporary)
    (request,) = machine.box.requests(STATUS_CALL[provider])
    assert header(request, TOKEN_HEADER[provider]) == ("token-of-env" if temporary else None)


@pytest.mark.parametrize("provider", ["alibaba", "tencent"])
def test_half_of_the_environment_is_told(machine: Machine, provider: str) -> None:
    name = {"alibaba": "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "tencent": "TENCENTCLOUD_SECRET_KEY"}[provider]
    machine.set(**{name: "a-secret-value"})
    error = machine.refusal(provider)
    assert f"{name} is set but" in error.message and "a-secret-value" not in error.message


# Alibaba's files


def test_credentials_ini(machine: Machine) -> None:
    a, b = machine.key("alibaba", "a"), machine.key("alibaba", "b")
    text = "# mine\n[default]\ntype = access_key\naccess_key_id = %s\naccess_key_secret = %s\n" % (a["id"], a["secret"])
    text += "[other]\ntype=access_key\naccess_key_id=%s # a comment\naccess_key_secret=%s\n" % (b["id"], b["secret"])
    machine.write(".alibabacloud/credentials.ini", text)
    assert machine.identity("alibaba") == "id-of-a"
    with machine.client(**{"credentials.profile": "other"}) as client:
        assert machine.identity("alibaba", client) == "id-of-b"
    machine.set(ALIBABA_CLOUD_PROFILE="other")
    assert machine.identity("alibaba") == "id-of-b"
    elsewhere = machine.write("elsewhere.ini", text.replace("[other]", "[x]").replace("[default]", "[other]"))
    machine.set(ALIBABA_CLOUD_CREDENTIALS_FILE=str(elsewhere))
    assert machine.identity("alibaba") == "id-of-a"


def test_a_profile_of_the_configuration_is_the_only_source(machine: Machine, tmp_path: Path) -> None:
    """Fault 1: variables with the keys of another account are passed over, on both clouds."""
    mine, theirs = machine.key("alibaba", "mine"), machine.key("alibaba", "theirs")
    ours, others = machine.key("tencent", "ours"), machine.key("tencent", "others")
    machine.set(ALIBABA_CLOUD_ACCESS_KEY_ID=theirs["id"], ALIBABA_CLOUD_ACCESS_KEY_SECRET=theirs["secret"])
    machine.set(TENCENTCLOUD_SECRET_ID=others["id"], TENCENTCLOUD_SECRET_KEY=others["secret"])
    machine.write(
        ".alibabacloud/credentials.ini",
        f"[prod]\ntype=access_key\naccess_key_id={mine['id']}\naccess_key_secret={mine['secret']}\n",
    )
    machine.write(".tencentcloud/credentials", f"[prod]\nsecret_id={ours['id']}\nsecret_key={ours['secret']}\n")
    assert machine.identity("alibaba") == "id-of-theirs" and machine.identity("tencent") == "id-of-others"
    with machine.client(**{"credentials.profile": "prod"}) as client:
        assert machine.identity("alibaba", client) == "id-of-mine"
        assert machine.identity("tencent", client) == "id-of-ours"
    # A profile of the library's own configuration file means the same.
    config = tmp_path / "aigc.toml"
    config.write_text('[profiles.work]\ncredentials.profile = "prod"\n', encoding="utf-8")
    machine.set(AIGC_CONFIG_FILE=str(config), AIGC_PROFILE="work")
    assert machine.identity("alibaba") == "id-of-mine" and machine.identity("tencent") == "id-of-ours"
    for provider in ("alibaba", "tencent"):
        with machine.client(**{"credentials.profile": "gone"}) as client:
            message = machine.refusal(provider, client).message
            assert "gone" in message and "credentials.profile" in message


@pytest.mark.parametrize("type", ["ram_role_arn", "oidc_role_arn", "ecs_ram_role"])
def test_credentials_ini_with_a_role(machine: Machine, type: str) -> None:
    base = machine.key("alibaba", "base")
    token = machine.write("token", "jwt\n")
    machine.box.config(imds_role="sandbox-role")
    lines = {
        "ram_role_arn": [f"access_key_id={base['id']}", f"access_key_secret={base['secret']}", f"role_arn={ROLE}"],
        "oidc_role_arn": [f"role_arn={ROLE}", f"oidc_provider_arn={PROVIDER_ARN}", f"oidc_token_file_path={token}"],
        "ecs_ram_role": ["role_name=sandbox-role"],
    }[type]
    machine.write(".alibabacloud/credentials.ini", "\n".join(["[default]", f"type={type}", *lines]))
    assert machine.identity("alibaba").startswith("STS.sandbox")
    asked = {"ram_role_arn": "AssumeRole", "oidc_role_arn": "AssumeRoleWithOIDC", "ecs_ram_role": "imds-credentials"}
    assert machine.count("alibaba", asked[type]) == 1


def test_config_json_ak_and_sts_token(machine: Machine) -> None:
    ak = machine.key("alibaba", "ak")
    sts = machine.key("alibaba", "sts", token="token-of-sts", expires_in=600)
    machine.profiles(
        {"name": "one", "mode": "AK", "access_key_id": ak["id"], "access_key_secret": ak["secret"]},
        {
            "name": "two",
            "mode": "StsToken",
            "access_key_id": sts["id"],
            "access_key_secret": sts["secret"],
            "sts_token": "token-of-sts",
        },
    )
    assert machine.identity("alibaba") == "id-of-ak"
    with machine.client(**{"credentials.profile": "two"}) as client:
        assert machine.identity("alibaba", client) == "id-of-sts"
        assert machine.found(client, "alibaba")["found_in"] == "~/.aliyun/config.json"
    machine.set(ALIBABA_CLOUD_CLI_PROFILE_DISABLED="True")
    assert "ALIBABA_CLOUD_CLI_PROFILE_DISABLED is true" in machine.refusal("alibaba").message


def test_config_json_ram_role_arn(machine: Machine) -> None:
    base = machine.key("alibaba", "base")
    machine.profiles(
        {
            "name": "role",
            "mode": "RamRoleArn",
            "access_key_id": base["id"],
            "access_key_secret": base["secret"],
            "ram_role_arn": ROLE,
            "ram_session_name": "mine & only ~*",
            "expired_seconds": 900,
            "policy": '{"Version":"1"}',
        }
    )
    with machine.client() as client:
        assert machine.identity("alibaba", client).startswith("STS.sandbox")
        end = machine.found(client, "alibaba")["expires_at_ms"] / 1000
        assert 880 < end - time.time() <= 901
    (request,) = machine.box.requests("AssumeRole")
    assert request["method"] == "GET" and f"AccessKeyId={base['id']}&" in request["target"]
    assert "RoleSessionName=mine%20%26%20only%20~%2A" in request["target"] and base["secret"] not in str(request)


def test_config_json_ecs_ram_role(machine: Machine) -> None:
    machine.box.config(imds_role="named")
    machine.profiles({"name": "ecs", "mode": "EcsRamRole", "ram_role_name": "named"})
    assert machine.identity("alibaba").startswith("STS.sandbox")
    assert machine.count("alibaba", "imds-role") == 0, "the profile names the role"
    assert machine.count("alibaba", "imds-credentials") == 1


def test_config_json_oidc(machine: Machine) -> None:
    token = machine.write("jwt", "first\n")
    machine.profiles(
        {
            "name": "oidc",
            "mode": "OIDC",
            "ram_role_arn": ROLE,
            "oidc_provider_arn": PROVIDER_ARN,
            "oidc_token_file": str(token),
            "role_session_name": "s",
        }
    )
    assert machine.identity("alibaba").startswith("STS.sandbox")
    (request,) = machine.box.requests("AssumeRoleWithOIDC")
    assert request["method"] == "POST" and "first" not in request["target"], "a query ends up in logs"
    token.write_text("[expired]")
    error = machine.refusal("alibaba")
    assert "AuthenticationFail.OIDCToken.Expired" in error.message and "[expired]" not in error.message


def test_config_json_chainable_role(machine: Machine) -> None:
    base = machine.key("alibaba", "base")
    machine.profiles(
        {"name": "top", "mode": "ChainableRamRoleArn", "source_profile": "middle", "ram_role_arn": ROLE},
        {"name": "middle", "mode": "ChainableRamRoleArn", "source_profile": "base", "ram_role_arn": ROLE + "2"},
        {"name": "base", "mode": "AK", "access_key_id": base["id"], "access_key_secret": base["secret"]},
    )
    signer = machine.identity("alibaba")
    first, second = machine.box.requests("AssumeRole")
    assert f"AccessKeyId={base['id']}&" in first["target"] and "worker2" in first["target"]
    assert "AccessKeyId=STS.sandbox" in second["target"] and "SecurityToken=" in second["target"]
    assert signer.startswith("STS.sandbox") and signer not in second["target"]


def test_config_json_chain_that_is_a_circle(machine: Machine) -> None:
    machine.profiles(
        {"name": "a", "mode": "ChainableRamRoleArn", "source_profile": "b", "ram_role_arn": ROLE},
        {"name": "b", "mode": "ChainableRamRoleArn", "source_profile": "a", "ram_role_arn": ROLE},
    )
    error = machine.refusal("alibaba")
    assert 'form a circle: "a" -> "b" -> "a"' in error.message
    assert machine.count("alibaba", "AssumeRole") == 0


def test_config_json_external(machine: Machine) -> None:
    key = machine.key("alibaba", "external", token="token-of-external", expires_in=600)
    answer = {
        "mode": "StsToken",
        "access_key_id": key["id"],
        "access_key_secret": key["secret"],
        "sts_token": "token-of-external",
        "expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600)),
    }
    output = machine.write("out put.json", answer)
    machine.profiles({"name": "x", "mode": "External", "process_command": f"cat '{output}'"})
    assert machine.identity("alibaba") == "id-of-external"
    with machine.client(**{"credentials.use_processes": False}) as client:
        assert "switched off" in machine.refusal("alibaba", client).message
    for command, said in (
        ("false", "exit status 1"),
        ("/no/such/program", "does not exist"),
        ("echo nonsense", "is not JSON"),
        ("cat 'x", "open quote"),
    ):
        machine.profiles({"name": "x", "mode": "External", "process_command": command})
        assert said in machine.refusal("alibaba").message, command


# Tencent's files


def test_tencent_file_in_the_home(machine: Machine) -> None:
    key = machine.key("tencent", "file", token="token-of-file", expires_in=600)
    text = "[default]\nsecret_id = %s\nsecret_key = %s\ntoken = token-of-file\n" % (key["id"], key["secret"])
    path = machine.write(".tencentcloud/credentials", text)
    assert machine.identity("tencent") == "id-of-file"
    moved = machine.home / "moved"
    path.rename(moved)
    assert "there is neither" in machine.refusal("tencent").message
    machine.set(TENCENTCLOUD_CREDENTIALS_FILE=str(moved))
    assert machine.identity("tencent") == "id-of-file"


ASK = """
import json, sys
from aigc.client import Client
from aigc.errors import AigcError
keys = json.loads(sys.argv[1])
with Client(keys) as client:
    try:
        client.attach_id("tencent", "aigc_image", "987654321", follow=False).refresh(20)
    except AigcError as error:
        print(error.name, [row["credentials"] for row in client.report()["providers"]])
"""


def in_another_root(script: str, *arguments: str, **variables: Optional[str]) -> "subprocess.CompletedProcess[str]":
    """Runs a shell script where what is mounted is seen by nobody else."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("only root can mount for one process alone")
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    command = ["unshare", "-m", "sh", "-ec", script, "sh", *arguments]
    return subprocess.run(command, env=environment(**variables), capture_output=True, text=True, timeout=60)


def test_tencent_file_of_the_machine(machine: Machine) -> None:
    key = machine.key("tencent", "etc")
    machine.write("cred", "[default]\nsecret_id=%s\nsecret_key=%s\n" % (key["id"], key["secret"]))
    script = """
        mount -t tmpfs none /etc
        mkdir /etc/tencentcloud
        cp "$1" /etc/tencentcloud/credentials
        exec "$2" -c "$3" "$4"
    """
    done = in_another_root(
        script, str(machine.home / "cred"), sys.executable, ASK, json.dumps(machine.keys), HOME=str(machine.home)
    )
    assert done.returncode == 0, done.stderr
    assert "AIGC_E_NOT_FOUND" in done.stdout and "'found_in': 'credentials file'" in done.stdout
    assert key_of(machine.box.requests(STATUS_CALL["tencent"])[-1]) == "id-of-etc"


# Instance metadata


def test_ecs_metadata_v2(machine: Machine) -> None:
    machine.box.config(imds_role="sandbox-role", imds_v1=False)
    with machine.client() as client:
        assert machine.identity("alibaba", client).startswith("STS.sandbox")
        assert machine.found(client, "alibaba")["found_in"] == "ECS instance role"
    asked = [request["operation"] for request in machine.box.requests() if "imds" in request["operation"]]
    assert asked == ["imds-token", "imds-role", "imds-credentials"]


def test_ecs_metadata_v1_where_v2_is_not_offered(machine: Machine) -> None:
    machine.box.config(imds_role="sandbox-role")
    machine.box.fault("http", "imds-token", status=404, times=-1)
    assert machine.identity("alibaba").startswith("STS.sandbox")
    (request,) = machine.box.requests("imds-credentials")
    assert header(request, "x-aliyun-ecs-metadata-token") is None


def test_ecs_metadata_v1_forbidden(machine: Machine) -> None:
    machine.box.config(imds_role="sandbox-role")
    machine.box.fault("http", "imds-token", status=404, times=-1)
    machine.set(ALIBABA_CLOUD_IMDSV1_DISABLED="true")
    assert "HTTP 404 for a session token" in machine.refusal("alibaba").message
    assert machine.count("alibaba", "imds-credentials") == 0


def test_ecs_metadata_switched_off(machine: Machine) -> None:
    machine.box.config(imds_role="sandbox-role")
    machine.set(ALIBABA_CLOUD_ECS_METADATA_DISABLED="true")
    assert "ALIBABA_CLOUD_ECS_METADATA_DISABLED is true" in machine.refusal("alibaba").message
    with machine.client(**{"credentials.use_metadata": False}) as client:
        assert "instance role" not in machine.refusal("tencent", client).message
    assert [r for r in machine.box.requests() if r["operation"].startswith(("imds", "cvm"))] == []


def test_ecs_role_named_by_the_environment(machine: Machine) -> None:
    machine.box.config(imds_role="named")
    machine.set(ALIBABA_CLOUD_ECS_METADATA="named")
    assert machine.identity("alibaba").startswith("STS.sandbox")
    assert machine.count("alibaba", "imds-role") == 0


def test_cvm_metadata(machine: Machine) -> None:
    machine.box.config(imds_role="sandbox-role")
    with machine.client() as client:
        assert machine.identity("tencent", client).startswith("AKIDsandbox")
        assert machine.found(client, "tencent")["found_in"] == "CVM instance role"


def test_metadata_is_never_asked_through_a_proxy(machine: Machine) -> None:
    machine.box.config(imds_role="sandbox-role")
    proxy = machine.box.info["proxy"]
    machine.set(http_proxy=proxy, https_proxy=proxy, all_proxy=proxy)
    for provider in ("alibaba", "tencent"):
        for keys in ({}, {"http.proxy": proxy}):
            with machine.client(**keys) as client:
                machine.identity(provider, client)
    targets = [entry["target"] for entry in machine.box.proxy_requests()]
    assert len(targets) == 4 and not any("meta-data" in target or "api/token" in target for target in targets), targets
    assert machine.count("alibaba", "imds-credentials") == 2 and machine.count("tencent", "cvm-credentials") == 2


@pytest.fixture
def silence() -> Iterator[str]:
    """The URL of a server that takes connections and never says anything."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(16)
        yield "http://127.0.0.1:%d" % server.getsockname()[1]


def test_a_machine_that_is_no_cloud_instance(machine: Machine, silence: str) -> None:
    """Making a client and submitting take no time, whatever the search for credentials takes; and that gives up soon."""
    start = time.monotonic()
    client = machine.client(**{"credentials.metadata_endpoint": silence})
    jobs = [
        client.attach_id(provider, OPERATION[provider], "1", follow=True)
        for provider in ("alibaba", "tencent")
        for _ in range(5)
    ]
    assert time.monotonic() - start < 0.3
    # What a provider has accepted waits for credentials until its deadline, which tells why none came.
    for job in jobs:
        job.set_deadline(4.0)
    for job in jobs:
        with pytest.raises(DeadlineError) as caught:
            job.wait(20)
        assert "metadata service does not answer" in caught.value.message
    # One after the other, each within a second for the connection and a second for the answer.
    assert 0.9 < time.monotonic() - start < 6
    client.close(0)


# OIDC and credentials URI by environment


def test_alibaba_oidc_by_environment(machine: Machine) -> None:
    token = machine.write("jwt", "jwt")
    machine.set(ALIBABA_CLOUD_ROLE_ARN=ROLE, ALIBABA_CLOUD_OIDC_PROVIDER_ARN=PROVIDER_ARN)
    assert "are not all set" in machine.refusal("alibaba").message
    machine.set(ALIBABA_CLOUD_OIDC_TOKEN_FILE=str(token), ALIBABA_CLOUD_ROLE_SESSION_NAME="named")
    with machine.client() as client:
        assert machine.identity("alibaba", client).startswith("STS.sandbox")
        assert machine.found(client, "alibaba")["found_in"] == "OIDC role"
    token.unlink()
    assert "there is no token file" in machine.refusal("alibaba").message


def test_tencent_oidc_by_environment(machine: Machine) -> None:
    token = machine.write("jwt", "jwt\n")
    machine.set(TKE_REGION="ap-guangzhou", TKE_PROVIDER_ID="cluster", TKE_ROLE_ARN=TENCENT_ROLE)
    assert "are not all set" in machine.refusal("tencent").message
    machine.set(TKE_WEB_IDENTITY_TOKEN_FILE=str(token))
    with machine.client() as client:
        assert machine.identity("tencent", client).startswith("AKIDsandbox")
        assert machine.found(client, "tencent")["found_in"] == "OIDC role"
    token.write_text("[expired]")
    assert "InvalidParameter.WebIdentityTokenError" in machine.refusal("tencent").message


def test_credentials_uri(machine: Machine) -> None:
    machine.set(ALIBABA_CLOUD_CREDENTIALS_URI=machine.box.info["credentials_uri"])
    with machine.client() as client:
        assert machine.identity("alibaba", client).startswith("STS.sandbox")
        assert machine.found(client, "alibaba")["found_in"] == "credentials URI"
    machine.set(ALIBABA_CLOUD_CREDENTIALS_URI="ftp://x")
    assert "no http or https URL" in machine.refusal("alibaba").message


# A role of the configuration


@pytest.mark.parametrize("provider, role", [("alibaba", ROLE), ("tencent", TENCENT_ROLE)])
def test_role_of_the_configuration(machine: Machine, provider: str, role: str) -> None:
    a, t = machine.key("alibaba", "base"), machine.key("tencent", "base")
    machine.set(ALIBABA_CLOUD_ACCESS_KEY_ID=a["id"], ALIBABA_CLOUD_ACCESS_KEY_SECRET=a["secret"])
    machine.set(TENCENTCLOUD_SECRET_ID=t["id"], TENCENTCLOUD_SECRET_KEY=t["secret"])
    keys = {"credentials.role_arn": role, "credentials.role_duration_s": 900, "credentials.role_session_name": "s"}
    with machine.client(**keys) as client:
        assert machine.identity(provider, client).startswith(("STS.sandbox", "AKIDsandbox"))
        assert 880 < machine.found(client, provider)["expires_at_ms"] / 1000 - time.time() <= 901
        other = "tencent" if provider == "alibaba" else "alibaba"
        assert machine.identity(other, client) == "id-of-base", "the role is the other cloud's"
    assert machine.count(provider, "AssumeRole") == 1 and machine.count(other, "AssumeRole") == 0
    for word, code in (("nosuch", "Role"), ("denied", "")):
        with machine.client(**{**keys, "credentials.role_arn": role + word}) as client:
            assert code in machine.refusal(provider, client).message


def test_an_arn_of_no_cloud_is_refused(machine: Machine) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        machine.client(**{"credentials.role_arn": "arn:aws:iam::1:role/x"})
    assert caught.value.field == "credentials.role_arn" and "qcs::cam::" in caught.value.message


# Order


def test_order_for_alibaba(machine: Machine) -> None:
    """All sources at once, taken away from the front one by one."""
    token = machine.write("jwt", "jwt")
    names = ("config", "env", "cli", "ini")
    key = {name: machine.key("alibaba", name) for name in names}
    machine.box.config(imds_role="sandbox-role")
    machine.set(ALIBABA_CLOUD_ACCESS_KEY_ID=key["env"]["id"], ALIBABA_CLOUD_ACCESS_KEY_SECRET=key["env"]["secret"])
    machine.set(ALIBABA_CLOUD_ROLE_ARN=ROLE, ALIBABA_CLOUD_OIDC_PROVIDER_ARN=PROVIDER_ARN)
    machine.set(ALIBABA_CLOUD_OIDC_TOKEN_FILE=str(token))
    machine.set(ALIBABA_CLOUD_CREDENTIALS_URI=machine.box.info["credentials_uri"])
    machine.profiles(
        {
            "name": "default",
            "mode": "AK",
            "access_key_id": key["cli"]["id"],
            "access_key_secret": key["cli"]["secret"],
        }
    )
    machine.write(
        ".alibabacloud/credentials.ini",
        "[default]\ntype=access_key\naccess_key_id=%s\naccess_key_secret=%s\n" % (key["ini"]["id"], key["ini"]["secret"]),
    )
    own = {"alibaba.access_key_id": key["config"]["id"], "alibaba.access_key_secret": key["config"]["secret"]}
    seen: List[str] = []

    def look(**keys: Any) -> str:
        with machine.client(**keys) as client:
            identity = machine.identity("alibaba", client)
            seen.append(machine.found(client, "alibaba")["found_in"])
        return identity

    assert look(**own) == "id-of-config"
    assert look() == "id-of-env"
    machine.set(ALIBABA_CLOUD_ACCESS_KEY_ID="", ALIBABA_CLOUD_ACCESS_KEY_SECRET="")
    look()
    machine.set(ALIBABA_CLOUD_ROLE_ARN="", ALIBABA_CLOUD_OIDC_PROVIDER_ARN="", ALIBABA_CLOUD_OIDC_TOKEN_FILE="")
    assert look() == "id-of-cli"
    machine.set(ALIBABA_CLOUD_CLI_PROFILE_DISABLED="true")
    assert look() == "id-of-ini"
    (machine.home / ".alibabacloud/credentials.ini").unlink()
    look()
    machine.box.config(imds_role="")
    look()
    assert seen == [
        "configuration",
        "environment",
        "OIDC role",
        "~/.aliyun/config.json",
        "credentials.ini",
        "ECS instance role",
        "credentials URI",
    ]


def test_order_for_tencent(machine: Machine) -> None:
    token = machine.write("jwt", "jwt")
    key = {name: machine.key("tencent", name) for name in ("config", "env", "file")}
    machine.box.config(imds_role="sandbox-role")
    machine.set(TENCENTCLOUD_SECRET_ID=key["env"]["id"], TENCENTCLOUD_SECRET_KEY=key["env"]["secret"])
    machine.set(TKE_REGION="ap-guangzhou", TKE_PROVIDER_ID="c", TKE_ROLE_ARN=TENCENT_ROLE)
    machine.set(TKE_WEB_IDENTITY_TOKEN_FILE=str(token))
    file = machine.write(
        ".tencentcloud/credentials",
        "[default]\nsecret_id=%s\nsecret_key=%s\n" % (key["file"]["id"], key["file"]["secret"]),
    )
    own = {"tencent.secret_id": key["config"]["id"], "tencent.secret_key": key["config"]["secret"]}
    seen: List[str] = []

    def look(**keys: Any) -> None:
        with machine.client(**keys) as client:
            machine.identity("tencent", client)
            seen.append(machine.found(client, "tencent")["found_in"])

    look(**own)
    look()
    machine.set(TENCENTCLOUD_SECRET_ID="", TENCENTCLOUD_SECRET_KEY="")
    look()
    file.unlink()
    look()
    machine.box.config(imds_role="")
    look()
    assert seen == ["configuration", "environment", "credentials file", "CVM instance role", "OIDC role"]


@pytest.mark.slow
def test_a_source_that_has_given_stays_in_use(instance: Machine) -> None:
    """A renewal never wanders to another identity, and a source that is fixed later does not take over."""
    instance.box.config(imds_role="sandbox-role", imds_life=8)
    other = instance.key("alibaba", "late")
    with instance.client() as client:
        instance.identity("alibaba", client)
        instance.profiles(
            {"name": "default", "mode": "AK", "access_key_id": other["id"], "access_key_secret": other["secret"]}
        )
        instance.box.config(imds_role="")
        time.sleep(5)
        assert instance.identity("alibaba", client).startswith("STS.sandbox")
        time.sleep(3.2)
        error = instance.refusal("alibaba", client)
        assert "renewing the credentials for alibaba from ECS instance role: the instance has no role" in error.message


# Failure


def test_no_credentials_for_alibaba(machine: Machine) -> None:
    error = machine.refusal("alibaba")
    assert error.status == Status.NO_CREDENTIALS and "\n" not in error.message
    assert [part.split(":")[0] for part in error.message.partition("Tried ")[2].split("; ")] == [
        "environment",
        "OIDC role",
        "~/.aliyun/config.json",
        "credentials.ini",
        "ECS instance role",
        "credentials URI",
    ]
    for said in (
        "ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET are not set",
        f"there is no {machine.home}/.aliyun/config.json",
        f"there is no {machine.home}/.alibabacloud/credentials.ini",
        "the instance has no role",
        "ALIBABA_CLOUD_CREDENTIALS_URI is not set",
    ):
        assert said in error.message


def test_no_credentials_for_tencent(machine: Machine) -> None:
    error = machine.refusal("tencent")
    assert [part.split(":")[0] for part in error.message.partition("Tried ")[2].split("; ")] == [
        "environment",
        "credentials file",
        "CVM instance role",
        "OIDC role",
    ]


def test_no_secret_in_a_failure(machine: Machine) -> None:
    """Whatever is wrong with it, and wherever it lies, a secret is never repeated."""
    secret = "s3cr3t-that-nobody-may-see"
    machine.set(ALIBABA_CLOUD_ACCESS_KEY_ID="id", ALIBABA_CLOUD_ACCESS_KEY_SECRET=secret + "\n")
    machine.set(ALIBABA_CLOUD_CREDENTIALS_URI=f"http://127.0.0.1:9/{secret}?token={secret}")
    machine.write(".aliyun/config.json", '{"current": "a", "profiles": [{"name": "a", "mode": "%s"' % secret)
    machine.write(".alibabacloud/credentials.ini", f"[default]\ntype=access_key\naccess_key_secret={secret}\n")
    machine.set(TENCENTCLOUD_SECRET_ID="id", TENCENTCLOUD_SECRET_KEY=f"{secret} {secret}")
    machine.write(".tencentcloud/credentials", f"[default]\nsecret_key={secret}\n")
    for provider in ("alibaba", "tencent"):
        with machine.client() as client:
            error = machine.refusal(provider, client)
            for text in (str(error), repr(vars(error)), json.dumps(client.report())):
                assert secret not in text, text
    assert "holds a blank or a line break" in error.message


OTHER_ACCOUNT = {
    "tencent": (".tencentcloud/credentials", "[default]\nsecret_id=%s\nsecret_key=%s\n"),
    "alibaba": (".alibabacloud/credentials.ini", "[default]\ntype=access_key\naccess_key_id=%s\naccess_key_secret=%s\n"),
}


@pytest.mark.parametrize(
    "provider, variables, files, said",
    [
        ("tencent", {"SECRET_ID": "AKIDenv\n", "SECRET_KEY": "hunter2"}, {}, "TENCENTCLOUD_SECRET_ID ends in a line break"),
        ("tencent", {"SECRET_ID": "AKIDenv"}, {}, "TENCENTCLOUD_SECRET_ID is set but TENCENTCLOUD_SECRET_KEY is not"),
        ("tencent", {"SECRETID": "AKIDenv"}, {}, "TENCENTCLOUD_SECRETID is set but TENCENTCLOUD_SECRETKEY is not"),
        ("tencent", {"TOKEN": "hunter2"}, {}, "TENCENTCLOUD_TOKEN is set but"),
        ("tencent", {"SECRET_ID": "AKID\udcff", "SECRET_KEY": "hunter2"}, {}, "TENCENTCLOUD_SECRET_ID is not text"),
        ("tencent", {"CREDENTIALS_FILE": "/no/such/file"}, {}, "TENCENTCLOUD_CREDENTIALS_FILE names a file"),
        ("alibaba", {"ACCESS_KEY_ID": "LTAIenv"}, {}, "ALIBABA_CLOUD_ACCESS_KEY_ID is set but"),
        ("alibaba", {"ROLE_ARN": ROLE}, {}, "set ALIBABA_CLOUD_OIDC_PROVIDER_ARN and"),
        ("alibaba", {"CREDENTIALS_FILE": "/no/such/file"}, {}, "ALIBABA_CLOUD_CREDENTIALS_FILE names a file"),
        ("alibaba", {"PROFILE": "nobody"}, {}, "no section [nobody], which ALIBABA_CLOUD_PROFILE names"),
        ("alibaba", {}, {".aliyun/config.json": ""}, "config.json is empty"),
        ("alibaba", {}, {".aliyun/config.json": '{"current":"x","profiles":[{"name":"x","mode":"New"}]}'}, 'mode "New"'),
    ],
)
def test_a_source_that_is_set_up_and_broken_ends_the_search(
    machine: Machine, provider: str, variables: Dict[str, str], files: Dict[str, str], said: str
) -> None:
    """Fault 1: not the next source's account pays, and nothing is sent."""
    prefix = {"tencent": "TENCENTCLOUD_", "alibaba": "ALIBABA_CLOUD_"}[provider]
    other = machine.key(provider, "other")
    path, text = OTHER_ACCOUNT[provider]
    machine.write(path, text % (other["id"], other["secret"]))
    assert machine.identity(provider) == "id-of-other", "without the mistake that file counts"
    machine.set(**{prefix + name: value for name, value in variables.items()})
    for name, content in files.items():
        machine.write(name, content)
    before = machine.last()
    with machine.client() as client:
        request = {"tencent": {}, "alibaba": {"model": "sandbox-model"}}[provider]
        job = client.submit(provider, OPERATION[provider], prompt="a <special-token>", **request)
        with pytest.raises(NoCredentialsError) as caught:
            job.wait(20)
    error = caught.value
    assert "is set up and cannot be used" in error.message and said in error.message, error.message
    assert error.outcome == Outcome.NOT_SENT and "hunter2" not in str(error) and machine.last() == before


@pytest.mark.parametrize("provider", ["alibaba", "tencent"])
@pytest.mark.parametrize("bad, said", [("x\n", "ends in a line break"), ("x y", "blank"), ("\u200bx", "U+200B"), ('"x"', "quot")])
def test_keys_are_looked_at_where_they_are_given(machine: Machine, provider: str, bad: str, said: str) -> None:
    """Fault 1 and 6: a bad key is refused at once; one that is in use stays in use."""
    names = {
        "alibaba": ("alibaba.access_key_id", "alibaba.access_key_secret", "alibaba.security_token"),
        "tencent": ("tencent.secret_id", "tencent.secret_key", "tencent.token"),
    }[provider]
    good = machine.key(provider, "good")
    with machine.client() as client:
        client.set_credentials(provider, good["id"], good["secret"])
        for index, name in enumerate(names):
            values = [good["id"], good["secret"], "token"]
            values[index] = bad
            with pytest.raises(InvalidArgumentError) as caught:
                client.set_credentials(provider, *values)
            assert said in caught.value.message and caught.value.field == ("id", "secret", "token")[index]
            with pytest.raises(InvalidArgumentError) as caught:
                machine.client(**dict(zip(names, values)))
            assert said in caught.value.message and caught.value.field == name
        assert machine.identity(provider, client) == "id-of-good"


def test_a_refusal_of_sts_tells_its_code(machine: Machine) -> None:
    machine.key("alibaba", "base")
    machine.profiles(
        {
            "name": "x",
            "mode": "RamRoleArn",
            "access_key_id": "id-of-base",
            "access_key_secret": "wrong",
            "ram_role_arn": ROLE,
        }
    )
    error = machine.refusal("alibaba")
    assert "SignatureDoesNotMatch" in error.message and not error.retryable
    machine.box.fault("http", "AssumeRole", status=503, times=-1)
    assert machine.refusal("alibaba").retryable, "a fault of the server may pass"


def test_a_job_waits_for_a_source_that_is_down_for_a_while(machine: Machine) -> None:
    """What is set up is not passed over for another identity because its server has a bad moment."""
    base = machine.key("alibaba", "base")
    machine.profiles(
        {
            "name": "x",
            "mode": "RamRoleArn",
            "access_key_id": base["id"],
            "access_key_secret": base["secret"],
            "ram_role_arn": ROLE,
        }
    )
    other = machine.key("alibaba", "other")
    machine.write(
        ".alibabacloud/credentials.ini",
        f"[default]\ntype=access_key\naccess_key_id={other['id']}\naccess_key_secret={other['secret']}\n",
    )
    machine.box.fault("http", "AssumeRole", status=503, times=2)
    with machine.client(**{"retry.base_ms": 100, "retry.max_ms": 300, "retry.max_attempts": 50}) as client:
        job = client.submit("alibaba", "inference", prompt="a <special-token>", model="sandbox-model")
        job.wait(30)
        assert machine.found(client, "alibaba")["found_in"] == "~/.aliyun/config.json"
    assert machine.count("alibaba", "AssumeRole") == 3


# The end of credentials, and the renewal before it


def assumed(machine: Machine, provider: str) -> Dict[str, Any]:
    """A role to assume, and the keys for it."""
    a, t = machine.key("alibaba", "base"), machine.key("tencent", "base")
    machine.set(ALIBABA_CLOUD_ACCESS_KEY_ID=a["id"], ALIBABA_CLOUD_ACCESS_KEY_SECRET=a["secret"])
    machine.set(TENCENTCLOUD_SECRET_ID=t["id"], TENCENTCLOUD_SECRET_KEY=t["secret"])
    return {"credentials.role_arn": ROLE if provider == "alibaba" else TENCENT_ROLE}


def together(machine: Machine, client: Client, provider: str, threads: int, seconds: float) -> List[float]:
    """Calls from so many threads at once, again and again; how long the slowest took in each thread."""
    slowest = [0.0] * threads
    failures: List[str] = []
    gate = threading.Barrier(threads)

    def work(index: int) -> None:
        job = client.attach_id(provider, OPERATION[provider], f"9{index}", follow=False)
        gate.wait()
        end = time.monotonic() + seconds
        while True:
            begin = time.monotonic()
            try:
                job.refresh(20)
            except NotFoundError:
                pass
            except AigcError as error:
                failures.append(repr(error))
            slowest[index] = max(slowest[index], time.monotonic() - begin)
            if time.monotonic() >= end:
                return
            time.sleep(0.2)

    workers = [threading.Thread(target=work, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    return slowest


@pytest.mark.parametrize("provider", ["alibaba", "tencent"])
def test_a_hundred_threads_cause_one_request(machine: Machine, provider: str) -> None:
    keys = assumed(machine, provider)
    machine.box.fault("delay", "AssumeRole", ms=300)
    with machine.client(**keys) as client:
        together(machine, client, provider, threads=100, seconds=0)
    assert machine.count(provider, "AssumeRole") == 1
    assert machine.count(provider, STATUS_CALL[provider]) == 100


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["alibaba", "tencent"])
def test_a_renewal_race_causes_one_request_and_the_old_key_serves_meanwhile(machine: Machine, provider: str) -> None:
    keys = assumed(machine, provider)
    machine.box.config(sts_life=6)
    with machine.client(**keys) as client:
        old = machine.identity(provider, client)
        machine.box.config(sts_life=600)
        machine.box.fault("delay", "AssumeRole", ms=1500)
        slowest = together(machine, client, provider, threads=100, seconds=5.3)
        assert machine.found(client, provider)["expires_at_ms"] / 1000 > time.time() + 500
    assert machine.count(provider, "AssumeRole") == 2, "one to begin with, one to renew"
    renewal = machine.box.requests("AssumeRole")[-1]
    calls = machine.box.requests(STATUS_CALL[provider])
    during = [c for c in calls if renewal["time"] + 0.2 < c["time"] < renewal["time"] + 1.4]
    assert len(during) > 100 and {key_of(call) for call in during} == {old}
    after = {key_of(call) for call in calls if call["time"] > renewal["time"] + 2}
    assert len(after) == 1 and after != {old}
    assert max(slowest) < 1.2, "no call waited for the renewal"


@pytest.mark.slow
def test_metadata_is_renewed_and_the_same_again_is_not_asked_for_at_each_call(instance: Machine) -> None:
    instance.box.config(imds_role="sandbox-role", imds_life=11)
    with instance.client() as client:
        first = instance.identity("alibaba", client)
        instance.box.config(imds_life=600)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            assert instance.identity("alibaba", client) == first, "the service gives new ones after half of their life"
            time.sleep(0.2)
        assert instance.count("alibaba", "imds-credentials") == 1
        end = time.monotonic() + 8
        while instance.identity("alibaba", client) == first:
            assert time.monotonic() < end
            time.sleep(0.5)
        assert instance.count("alibaba", "imds-credentials") <= 5


def test_credentials_that_the_provider_calls_ended_are_renewed_once(machine: Machine) -> None:
    """Somebody took them back before their time: a call that was refused is made again with others."""
    keys = assumed(machine, "tencent")
    with machine.client(**{**keys, "poll.initial_ms": 100}) as client:
        old = machine.identity("tencent", client)
        machine.box.add_identity(
            provider="tencent", id=old, secret="x", token=header_of_last(machine, "tencent"), expires_in=-1
        )
        client.submit("tencent", "aigc_image", prompt="a cat after the end").wait(20)
    assert machine.count("tencent", "AssumeRole") == 2
    assert machine.box.stats()["duplicates"] == 0


def header_of_last(machine: Machine, provider: str) -> str:
    return header(machine.box.requests(STATUS_CALL[provider])[-1], TOKEN_HEADER[provider]) or ""


# Given by the host


@pytest.mark.parametrize("provider", ["alibaba", "tencent"])
def test_set_credentials_asks_before_the_end(machine: Machine, provider: str) -> None:
    first = machine.key(provider, "first", token="token-1", expires_in=4)
    second = machine.key(provider, "second", token="token-2", expires_in=600)
    env = machine.key(provider, "env")
    machine.set(ALIBABA_CLOUD_ACCESS_KEY_ID=env["id"], ALIBABA_CLOUD_ACCESS_KEY_SECRET=env["secret"])
    machine.set(TENCENTCLOUD_SECRET_ID=env["id"], TENCENTCLOUD_SECRET_KEY=env["secret"])
    with machine.client() as client:
        given = time.time()
        client.set_credentials(provider, first["id"], first["secret"], "token-1", given + 4)
        assert machine.identity(provider, client) == "id-of-first", "instead of all other sources"
        assert machine.found(client, provider)["found_in"] == "aigc_client_set_credentials()"
        event = next(event for event in client.events(timeout=10) if event.type == EventType.CREDENTIALS_NEEDED)
        assert event.provider == provider and event.job is None
        assert 1.5 < time.time() - given < 3.5, "before they end, though no call was made"
        client.set_credentials(provider, second["id"], second["secret"], "token-2", time.time() + 600)
        assert machine.identity(provider, client) == "id-of-second"
        assert [e for e in client.events(timeout=2.5) if e.type == EventType.CREDENTIALS_NEEDED] == []


def test_credentials_of_the_host_that_have_ended(machine: Machine) -> None:
    """Calls fail at once and say so; an accepted job waits for new ones."""
    key = machine.key("tencent", "host", token="token-1", expires_in=600)
    with machine.client(**{"poll.initial_ms": 100, "poll.max_ms": 200, "retry.max_ms": 300}) as client:
        client.set_credentials("tencent", key["id"], key["secret"], "token-1", time.time() + 1.2)
        machine.box.config(duration=3.0)
        job = client.submit("tencent", "aigc_image", prompt="a cat of the host")
        time.sleep(1.6)
        assert job.remote_id is not None and not job.done
        with pytest.raises(AuthError) as caught:
            client.attach_id("tencent", "aigc_image", "1", follow=False).refresh(5)
        assert "have ended: give new ones" in caught.value.message
        client.set_credentials("tencent", key["id"], key["secret"], "token-1", time.time() + 600)
        job.wait(20)


def test_a_wrong_key_of_the_host(machine: Machine) -> None:
    with machine.client() as client:
        client.set_credentials("tencent", "nobody", "nothing")
        with pytest.raises(AuthError) as caught:
            client.attach_id("tencent", "aigc_image", "1", follow=False).refresh(5)
        assert caught.value.provider_code == "AuthFailure.SecretIdNotFound"


# Warnings


def test_a_file_that_everybody_can_read_is_warned_of_once(machine: Machine) -> None:
    key = machine.key("tencent", "open")
    path = machine.write(
        ".tencentcloud/credentials", "[default]\nsecret_id=%s\nsecret_key=%s\n" % (key["id"], key["secret"]), 0o644
    )
    with machine.client() as client:
        assert machine.identity("tencent", client) == "id-of-open"
        (event,) = [event for event in client.events(timeout=0.3) if event.type == EventType.WARNING]
        assert event.message == f"{path} can be read by every user of this machine: chmod 600 it"
        assert event.provider == "tencent" and "chmod 600" in repr(event) and key["secret"] not in repr(event)
        machine.identity("tencent", client)
        assert [event for event in client.events(timeout=0.2) if event.type == EventType.WARNING] == []
    path.chmod(0o600)
    with machine.client() as client:
        machine.identity("tencent", client)
        assert [event for event in client.events(timeout=0.2) if event.type == EventType.WARNING] == []


def test_the_asyncio_client_hears_it_too(machine: Machine) -> None:
    key = machine.key("tencent", "open")
    text = "[default]\nsecret_id=%s\nsecret_key=%s\n" % (key["id"], key["secret"])
    path = machine.write(".tencentcloud/credentials", text, 0o644)

    async def main() -> List[Any]:
        async with aio.Client(machine.keys) as client:
            events = client.events()
            client.attach_id("tencent", "aigc_image", "987654321", follow=False)
            job = client.attach_id("tencent", "aigc_image", "987654321", follow=False)
            with pytest.raises(NotFoundError):
                await job.refresh(20)
            warning = await asyncio.wait_for(events.__anext__(), 5)
            client.set_credentials("tencent", key["id"], key["secret"], expires_at=time.time() + 2)
            async for event in events:
                if event.type == EventType.CREDENTIALS_NEEDED:
                    return [warning, event]
        return []

    warning, needed = asyncio.run(asyncio.wait_for(main(), 20))
    assert warning.type == EventType.WARNING and str(path) in warning.message
    assert needed.provider == "tencent" and needed.message is None


def test_the_command_tells_it(machine: Machine) -> None:
    key = machine.key("tencent", "open")
    text = "[default]\nsecret_id=%s\nsecret_key=%s\n" % (key["id"], key["secret"])
    path = machine.write(".tencentcloud/credentials", text, 0o644)
    keys = [part for name, value in machine.keys.items() for part in ("-c", f"{name}={value}")]
    command = [sys.executable, "-m", "aigc", "submit", *keys, "--provider", "tencent", "a cat", "--json"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert f"aigc: warning: {path} can be read by every user" in done.stderr
    assert [line for line in map(json.loads, done.stdout.splitlines()) if line["type"] == "warning"]
    assert key["secret"] not in done.stdout + done.stderr


# A close during a search


def test_close_ends_a_command_that_runs_long(machine: Machine) -> None:
    pid = machine.home / "pid"
    machine.profiles(
        {"name": "x", "mode": "External", "process_command": f"sh -c 'echo $$ > {pid}; exec sleep 60'"}
    )
    client = machine.client()
    client.attach_id("alibaba", "inference", "1")
    end = time.monotonic() + 10
    while not (pid.exists() and pid.read_text().strip()):
        assert time.monotonic() < end
        time.sleep(0.01)
    start = time.monotonic()
    client.close(0)
    assert time.monotonic() - start < 1.5
    child = int(pid.read_text())
    while True:
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            break
        assert time.monotonic() - start < 5
        time.sleep(0.01)


def test_close_ends_an_exchange_that_hangs(machine: Machine, silence: str) -> None:
    keys = assumed(machine, "alibaba")
    client = machine.client(**{**keys, "credentials.sts_endpoint": silence})
    client.attach_id("alibaba", "inference", "1")
    time.sleep(0.3)
    start = time.monotonic()
    client.close(0)
    assert time.monotonic() - start < 1


def test_the_table_of_sources_in_the_readme() -> None:
    """Every source and variable that the library looks at is in the README's table."""
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((REPOSITORY / "Sources/Credentials").glob("*.swift"))
    )
    names = set(re.findall(r'"((?:ALIBABA|ALICLOUD|TENCENTCLOUD|TKE)[A-Z0-9_]*_[A-Z0-9_]+)"', source))
    assert len(names) > 30
    readme = REPOSITORY / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    if "ALIBABA_CLOUD_CREDENTIALS_URI" not in text:
        pytest.skip("the README has no table of sources yet")
    assert sorted(name for name in names if name not in text) == []

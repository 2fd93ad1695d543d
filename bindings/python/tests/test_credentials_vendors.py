"""The vendors' own packages on the same machine: the same files and variables lead to the same identity.

Both programs get one environment and one home directory, and make the same free call. The sandbox's log tells who signed
it, whose account that is, and what was asked of STS and metadata on the way.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

import pytest
from support import environment

pytestmark = pytest.mark.slow
pytest.importorskip("alibabacloud_credentials")
pytest.importorskip("tencentcloud")

ROLE = "acs:ram::1234567890123456:role/worker"
TENCENT_ROLE = "qcs::cam::uin/100000000001:roleName/worker"
PROVIDER_ARN = "acs:ram::1234567890123456:oidc-provider/cluster"
CALL = {"alibaba": "Personalizedtxt2imgQueryInferenceJobInfo", "tencent": "DescribeAigcImageTask"}

VENDOR = {
    "alibaba": """
import certifi, os, sys
certifi.where = lambda: os.environ["SSL_CERT_FILE"]
from alibabacloud_aicontent20240611 import client, models
from alibabacloud_credentials.client import Client
from alibabacloud_tea_openapi.models import Config
client = client.Client(Config(credential=Client(), endpoint=sys.argv[1], protocol="http"))
try:
    client.personalizedtxt_2img_query_inference_job_info(
        models.Personalizedtxt2imgQueryInferenceJobInfoRequest(inference_job_id="987654321"))
except Exception as error:
    print(error)
""",
    "tencent": """
import certifi, os, sys
certifi.where = lambda: os.environ["SSL_CERT_FILE"]
from tencentcloud.common.credential import DefaultCredentialProvider
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.mps.v20190612 import models
from tencentcloud.mps.v20190612.mps_client import MpsClient
http = HttpProfile(endpoint=sys.argv[1], protocol="http")
try:
    client = MpsClient(DefaultCredentialProvider().get_credential(), "", ClientProfile(httpProfile=http))
    request = models.DescribeAigcImageTaskRequest()
    request.TaskId = "987654321"
    client.DescribeAigcImageTask(request)
except Exception as error:
    print(error)
""",
}
OURS = """
import json, sys
from aigc.client import Client
from aigc.errors import AigcError
provider, operation = {"alibaba": ("alibaba", "inference"), "tencent": ("tencent", "aigc_image")}[sys.argv[2]]
with Client(json.loads(sys.argv[1])) as client:
    try:
        client.attach_id(provider, operation, "987654321", follow=False).refresh(30)
    except AigcError as error:
        print(error.name, error)
"""


class Identity(NamedTuple):
    """What one program did."""

    key: str
    """The id of the key; for one that was made on the way, only that."""
    account: str
    has_token: bool
    named: Optional[str]
    """What it says about its source (x-acs-credentials-provider)."""
    asked: Tuple[str, ...]
    """Calls to STS and metadata before, with the key that signed them, without repetitions."""


class Setup:
    """Writes files and sets variables; both programs get them."""

    def __init__(self, box: Any, home: Path) -> None:
        self.box = box
        self.home = home
        self.variables: Dict[str, str] = {}

    def key(self, provider: str, name: str, **more: Any) -> Dict[str, str]:
        identity = {"provider": provider, "id": f"id-of-{name}", "secret": f"secret-of-{name}", **more}
        self.box.add_identity(**{"account": f"account-of-{name}", **identity})
        return identity

    def set(self, **variables: str) -> None:
        self.variables.update(variables)

    def write(self, path: str, content: Any) -> Path:
        target = self.home / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        target.chmod(0o600)
        return target

    def profiles(self, *profiles: Dict[str, Any]) -> None:
        self.write(".aliyun/config.json", {"current": profiles[0]["name"], "profiles": list(profiles)})

    def ini(self, **sections: Dict[str, str]) -> None:
        text = "".join(f"[{n}]\n" + "".join(f"{k} = {v}\n" for k, v in s.items()) for n, s in sections.items())
        self.write(".alibabacloud/credentials.ini", text)


def env_alibaba(setup: Setup) -> None:
    key = setup.key("alibaba", "env")
    setup.set(ALIBABA_CLOUD_ACCESS_KEY_ID=key["id"], ALIBABA_CLOUD_ACCESS_KEY_SECRET=key["secret"])


def env_alibaba_token(setup: Setup) -> None:
    env_alibaba(setup)
    setup.key("alibaba", "env", token="token-of-env", expires_in=600)
    setup.set(ALIBABA_CLOUD_SECURITY_TOKEN="token-of-env")


def ak_profile(setup: Setup, name: str) -> Dict[str, str]:
    key = setup.key("alibaba", name)
    return {"name": name, "mode": "AK", "access_key_id": key["id"], "access_key_secret": key["secret"]}


def ini_section(setup: Setup, name: str) -> Dict[str, str]:
    key = setup.key("alibaba", name)
    return {"type": "access_key", "access_key_id": key["id"], "access_key_secret": key["secret"]}


def cli_ak(setup: Setup) -> None:
    setup.profiles(ak_profile(setup, "one"), ak_profile(setup, "two"))


def cli_profile_by_variable(setup: Setup) -> None:
    cli_ak(setup)
    setup.set(ALIBABA_CLOUD_PROFILE="two")


def cli_sts_token(setup: Setup) -> None:
    key = setup.key("alibaba", "sts", token="token-of-sts", expires_in=600)
    setup.profiles(
        {
            "name": "s",
            "mode": "StsToken",
            "access_key_id": key["id"],
            "access_key_secret": key["secret"],
            "sts_token": "token-of-sts",
        }
    )


def cli_ram_role_arn(setup: Setup) -> None:
    base = dict(ak_profile(setup, "base"), mode="RamRoleArn", ram_role_arn=ROLE, ram_session_name="s")
    setup.profiles(dict(base, expired_seconds=900, policy='{"Version":"1"}', external_id="x-y"))  # Theirs cannot sign a blank.


def cli_ecs_ram_role(setup: Setup) -> None:
    setup.profiles({"name": "e", "mode": "EcsRamRole", "ram_role_name": "sandbox-role"})


def cli_oidc(setup: Setup) -> None:
    token = setup.write("jwt", "jwt")
    setup.profiles(
        {
            "name": "o",
            "mode": "OIDC",
            "ram_role_arn": ROLE,
            "oidc_provider_arn": PROVIDER_ARN,
            "oidc_token_file": str(token),
            "role_session_name": "s",
        }
    )


def cli_chainable(setup: Setup) -> None:
    setup.profiles(
        {
            "name": "top",
            "mode": "ChainableRamRoleArn",
            "source_profile": "base",
            "ram_role_arn": ROLE,
            "ram_session_name": "s",
        },
        ak_profile(setup, "base"),
    )


def cli_external(setup: Setup) -> None:
    key = setup.key("alibaba", "external", token="token-of-external", expires_in=3000)
    answer = {
        "mode": "StsToken",
        "access_key_id": key["id"],
        "access_key_secret": key["secret"],
        "sts_token": "token-of-external",
        "expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3000)),
    }
    path = setup.write("answer of mine.json", answer)
    setup.profiles({"name": "x", "mode": "External", "process_command": f"cat '{path}'"})


def cli_beats_ini(setup: Setup) -> None:
    cli_ak(setup)
    setup.ini(default=ini_section(setup, "ini"))


def cli_switched_off(setup: Setup) -> None:
    cli_beats_ini(setup)
    setup.set(ALIBABA_CLOUD_CLI_PROFILE_DISABLED="TRUE")


def cli_broken(setup: Setup) -> None:
    setup.write(".aliyun/config.json", "{ no JSON")
    setup.ini(default=ini_section(setup, "ini"))


def cli_unknown_mode(setup: Setup) -> None:
    setup.profiles({"name": "x", "mode": "Nonsense"})
    setup.ini(default=ini_section(setup, "ini"))


def env_half(setup: Setup) -> None:
    setup.set(ALIBABA_CLOUD_ACCESS_KEY_ID="LTAIhalf")
    setup.ini(default=ini_section(setup, "ini"))


def oidc_half(setup: Setup) -> None:
    setup.set(ALIBABA_CLOUD_ROLE_ARN=ROLE)
    setup.ini(default=ini_section(setup, "ini"))


def env_half_tencent(setup: Setup) -> None:
    file_tencent(setup)
    setup.set(TENCENTCLOUD_SECRET_ID="AKIDhalf")


def ini_access_key(setup: Setup) -> None:
    section = ini_section(setup, "ini")
    setup.ini(default={**section, "access_key_secret": section["access_key_secret"] + " # a comment"})


def ini_elsewhere(setup: Setup) -> None:
    setup.ini(default=ini_section(setup, "ini"), other=ini_section(setup, "other"))
    moved = setup.home / "moved.ini"
    (setup.home / ".alibabacloud/credentials.ini").rename(moved)
    setup.set(ALIBABA_CLOUD_CREDENTIALS_FILE=str(moved), ALIBABA_CLOUD_PROFILE="other")


def ini_ram_role_arn(setup: Setup) -> None:
    section = dict(ini_section(setup, "ini"), type="ram_role_arn", role_arn=ROLE, role_session_name="s")
    setup.ini(default=section)


def ini_oidc(setup: Setup) -> None:
    token = setup.write("jwt", "jwt")
    setup.ini(
        default={
            "type": "oidc_role_arn",
            "role_arn": ROLE,
            "oidc_provider_arn": PROVIDER_ARN,
            "oidc_token_file_path": str(token),
            "role_session_name": "s",
        }
    )


def ini_ecs(setup: Setup) -> None:
    setup.ini(default={"type": "ecs_ram_role", "role_name": "sandbox-role"})


def env_oidc(setup: Setup) -> None:
    token = setup.write("jwt", "jwt")
    setup.set(ALIBABA_CLOUD_ROLE_ARN=ROLE, ALIBABA_CLOUD_OIDC_PROVIDER_ARN=PROVIDER_ARN)
    setup.set(ALIBABA_CLOUD_OIDC_TOKEN_FILE=str(token), ALIBABA_CLOUD_ROLE_SESSION_NAME="s")
    cli_ak(setup)  # Comes later in the order.


def env_first(setup: Setup) -> None:
    env_oidc(setup)
    env_alibaba(setup)


def ecs(setup: Setup) -> None:
    setup.set(ALIBABA_CLOUD_IMDSV1_DISABLED="true")


def ecs_off_uri(setup: Setup) -> None:
    setup.set(ALIBABA_CLOUD_ECS_METADATA_DISABLED="true", ALIBABA_CLOUD_CREDENTIALS_URI=setup.box.info["credentials_uri"])


def env_tencent(setup: Setup) -> None:
    key = setup.key("tencent", "env")
    setup.set(TENCENTCLOUD_SECRET_ID=key["id"], TENCENTCLOUD_SECRET_KEY=key["secret"])


def file_tencent(setup: Setup) -> None:
    key = setup.key("tencent", "file")
    setup.write(
        ".tencentcloud/credentials", f"[default]\nsecret_id = {key['id']}\nsecret_key = {key['secret']}\nrole_arn = x\n"
    )


def env_beats_file_tencent(setup: Setup) -> None:
    file_tencent(setup)
    env_tencent(setup)


def cvm(setup: Setup) -> None:
    pass


def cvm_beats_oidc(setup: Setup) -> None:
    oidc_tencent(setup)


def oidc_tencent(setup: Setup) -> None:
    token = setup.write("jwt", "jwt")
    setup.set(TKE_REGION="ap-guangzhou", TKE_PROVIDER_ID="cluster", TKE_ROLE_ARN=TENCENT_ROLE)
    setup.set(TKE_WEB_IDENTITY_TOKEN_FILE=str(token))


Scenario = Tuple[str, Callable[[Setup], None], str]
SCENARIOS: List[Scenario] = [
    ("alibaba", env_alibaba, "id-of-env"),
    ("alibaba", env_alibaba_token, "id-of-env"),
    ("alibaba", env_first, "id-of-env"),
    ("alibaba", env_oidc, "made"),
    ("alibaba", cli_ak, "id-of-one"),
    ("alibaba", cli_profile_by_variable, "id-of-two"),
    ("alibaba", cli_sts_token, "id-of-sts"),
    ("alibaba", cli_ram_role_arn, "made"),
    ("alibaba", cli_ecs_ram_role, "made"),
    ("alibaba", cli_oidc, "made"),
    ("alibaba", cli_chainable, "made"),
    ("alibaba", cli_external, "id-of-external"),
    ("alibaba", cli_beats_ini, "id-of-one"),
    ("alibaba", cli_switched_off, "id-of-ini"),
    ("alibaba", ini_access_key, "id-of-ini"),
    ("alibaba", ini_elsewhere, "id-of-other"),
    ("alibaba", ini_ram_role_arn, "made"),
    ("alibaba", ini_oidc, "made"),
    ("alibaba", ini_ecs, "made"),
    ("alibaba", ecs, "made"),
    ("alibaba", ecs_off_uri, "made"),
    ("tencent", env_tencent, "id-of-env"),
    ("tencent", file_tencent, "id-of-file"),
    ("tencent", env_beats_file_tencent, "id-of-env"),
    ("tencent", cvm, "made"),
    ("tencent", cvm_beats_oidc, "made"),
    ("tencent", oidc_tencent, "made"),
]
WITH_ROLE = {"cli_ecs_ram_role", "ini_ecs", "ecs", "cvm", "cvm_beats_oidc"}


# Where a source is set up and cannot be used, the vendors' packages sign with the next one's account without a word. We
# stop there on purpose: whoever has set a source up would pay with another account.
PASSED_OVER: List[Scenario] = [
    ("alibaba", env_half, "id-of-ini"),
    ("alibaba", oidc_half, "id-of-ini"),
    ("alibaba", cli_broken, "id-of-ini"),
    ("alibaba", cli_unknown_mode, "id-of-ini"),
    ("tencent", env_half_tencent, "id-of-file"),
]


@pytest.fixture
def box(sandbox: Any) -> Iterator[Any]:
    sandbox.config(imds_role="")
    yield sandbox


def observe(box: Any, provider: str, since: int, said: str) -> Identity:
    """What the sandbox saw of one program."""
    accounts = {row["id"]: row["account"] for row in box.call("GET", "/identities")}
    asked: List[str] = []
    for request in box.requests(since=since):
        headers = {name.lower(): value for name, value in request["headers"]}
        signer = re.search(r"Credential=([^/,]+)", headers.get("authorization", ""))
        if request["operation"] == CALL[provider]:
            assert signer, request
            key = signer.group(1)
            token = headers.get("x-acs-security-token") or headers.get("x-tc-token")
            shown = key if key.startswith("id-of-") else "made"
            named = headers.get("x-acs-credentials-provider")
            return Identity(shown, accounts[key], bool(token), named, tuple(asked))
        query = re.search(r"AccessKeyId=([^&]+)", request["target"])
        by = signer.group(1) if signer else query.group(1) if query else ""
        # With OIDC theirs is in the URL, like the token; ours is in the body, which no log shows.
        role = None if "OIDC" in request["operation"] else re.search(r"RoleArn=([^&]+)", request["target"])
        line = " ".join(filter(None, [request["operation"], by if by.startswith("id-of") else "", role and role.group(1)]))
        if line not in asked:
            asked.append(line)
    raise AssertionError(f"no call came; the program said: {said}")


def run(setup: Setup, provider: str) -> Iterator[Tuple[str, int, str]]:
    """Runs both programs, one after the other: whose it was, the number of the request before it, and what it said."""
    box, info = setup.box, setup.box.info
    proxies = {name: info["proxy"] for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}
    keys = {
        "alibaba.endpoint": info["http"],
        "tencent.endpoint": info["http"],
        "credentials.metadata_endpoint": info["metadata"],  # Theirs goes through the proxy; ours never does.
    }
    for name, command in (
        ("vendor", [sys.executable, "-c", VENDOR[provider], info["http"].partition("//")[2]]),
        ("ours", [sys.executable, "-c", OURS, json.dumps(keys), provider]),
    ):
        env = environment(
            HOME=str(setup.home),
            SSL_CERT_FILE=info["ca_file"],
            SSL_CERT_DIR=None,
            REQUESTS_CA_BUNDLE=info["ca_file"],
            **proxies,
            **setup.variables,
        )
        since = max((int(entry["number"]) for entry in box.requests()), default=0)
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        yield name, since, done.stdout + done.stderr


@pytest.mark.parametrize("provider, prepare, expected", SCENARIOS, ids=lambda value: getattr(value, "__name__", None))
def test_same_identity(
    box: Any, tmp_path: Path, provider: str, prepare: Callable[[Setup], None], expected: str
) -> None:
    setup = Setup(box, tmp_path)
    prepare(setup)
    if prepare.__name__ in WITH_ROLE:
        box.config(imds_role="sandbox-role")
    seen = {name: observe(box, provider, since, said) for name, since, said in run(setup, provider)}
    assert seen["ours"] == seen["vendor"]
    assert seen["ours"].key == expected


@pytest.mark.parametrize("provider, prepare, theirs", PASSED_OVER, ids=lambda value: getattr(value, "__name__", None))
def test_we_stop_where_they_pass_over(
    box: Any, tmp_path: Path, provider: str, prepare: Callable[[Setup], None], theirs: str
) -> None:
    setup = Setup(box, tmp_path)
    prepare(setup)
    for name, since, said in run(setup, provider):
        if name == "vendor":
            assert observe(box, provider, since, said).key == theirs
        else:
            assert "AIGC_E_NO_CREDENTIALS" in said and "is set up and cannot be used" in said, said
            assert [r for r in box.requests(since=since) if r["operation"] == CALL[provider]] == []

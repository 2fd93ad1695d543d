"""Where identities come from: STS, instance metadata, credentials URI; by hand and with the vendors' packages."""

import json
import os
import subprocess
import sys
import time
from datetime import datetime, timezone
from urllib.parse import urlencode

import pytest
from aigc.sandbox.signatures_rpc import signature, string_to_sign
from sandbox_client import alibaba, send, tc3, tencent

ROLE = "acs:ram::1234567890123456:role/worker"
TENCENT_ROLE = "qcs::cam::uin/100000000001:roleName/worker"


def rpc(info, action="AssumeRole", secret=None, method="GET", change=None, sign=True):
    values = {
        "Action": action,
        "Format": "JSON",
        "Version": "2015-04-01",
        "RoleArn": ROLE,
        "RoleSessionName": "a session ~*+",
        "Timestamp": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": os.urandom(8).hex(),
        "AccessKeyId": info["alibaba"]["access_key_id"],
    }
    values.update(change or {})
    values = {k: v for k, v in values.items() if v is not None}
    if sign:
        key = secret or info["alibaba"]["access_key_secret"]
        values["Signature"] = signature(key, string_to_sign(method, values))
    host = info["http"].partition("//")[2]
    if method == "POST":
        form = [("Host", host), ("Content-Type", "application/x-www-form-urlencoded")]
        return send(info["http"], "POST", "/", form, urlencode(values).encode())
    return send(info["http"], "GET", "/?" + urlencode(values), [("Host", host)])


def test_rpc_published_example():
    values = {
        "Timestamp": "2016-02-23T12:46:24Z",
        "Format": "XML",
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "Version": "2014-05-26",
        "SignatureVersion": "1.0",
    }
    assert signature("testsecret", string_to_sign("GET", values)) == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_alibaba_assume_role(box, method):
    answer = rpc(box.info, method=method, change={"DurationSeconds": "900"})
    assert answer.status == 200, answer
    made = answer.json["Credentials"]
    expires = datetime.strptime(made["Expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()
    assert 890 < expires - time.time() <= 900
    who = {"key_id": made["AccessKeyId"], "secret": made["AccessKeySecret"], "token": made["SecurityToken"]}
    assert alibaba(box.info, "queryModelTrainJobList", **who).status == 200
    assert alibaba(box.info, "queryModelTrainJobList", **dict(who, token=None)).json["Code"] == "MissingSecurityToken"
    again = rpc(
        box.info,
        method=method,
        secret=who["secret"],
        change={"AccessKeyId": who["key_id"], "SecurityToken": who["token"]},
    )
    assert again.status == 200


def test_short_lives(box):
    box.config(sts_life=1.2)
    made = rpc(box.info).json["Credentials"]
    who = {"key_id": made["AccessKeyId"], "secret": made["AccessKeySecret"], "token": made["SecurityToken"]}
    assert alibaba(box.info, "queryModelTrainJobList", **who).status == 200
    time.sleep(1.3)
    assert alibaba(box.info, "queryModelTrainJobList", **who).json["Code"] == "InvalidSecurityToken.Expired"


@pytest.mark.parametrize(
    "options, status, code",
    [
        ({"secret": "no"}, 400, "SignatureDoesNotMatch"),
        ({"change": {"AccessKeyId": "no"}}, 404, "InvalidAccessKeyId.NotFound"),
        ({"change": {"Timestamp": "2020-01-01T00:00:00Z"}}, 400, "InvalidTimeStamp.Expired"),
        ({"change": {"Timestamp": "now"}}, 400, "InvalidTimeStamp.Format"),
        ({"change": {"Version": "2014-01-01"}}, 400, "InvalidVersion"),
        ({"change": {"DurationSeconds": "1"}}, 400, "InvalidParameter.DurationSeconds"),
        ({"change": {"RoleArn": "worker"}}, 400, "InvalidParameter.RoleArn"),
        ({"change": {"RoleArn": ROLE + "-nosuch"}}, 404, "EntityNotExist.Role"),
        ({"change": {"RoleArn": ROLE + "-denied"}}, 403, "NoPermission"),
        ({"change": {"RoleSessionName": None}}, 400, "MissingParameter"),
        ({"change": {"SecurityToken": "x"}}, 400, "InvalidSecurityToken.MismatchWithAccessKey"),
        ({"change": {"SignatureMethod": "HMAC-SHA256"}}, 400, "InvalidSignatureMethod"),
        ({"sign": False}, 400, "MissingParameter"),
        ({"action": "GetFederationToken"}, 404, "InvalidAction.NotFound"),
    ],
)
def test_alibaba_sts_refuses(box, options, status, code):
    answer = rpc(box.info, **options)
    assert (answer.status, answer.json["Code"]) == (status, code)


def test_alibaba_sts_nonce_works_once(box):
    assert rpc(box.info, change={"SignatureNonce": "n1"}).status == 200
    assert rpc(box.info, change={"SignatureNonce": "n1"}).json["Code"] == "SignatureNonceUsed"


def test_alibaba_sts_takes_acs3_too(box):
    query = urlencode({"RoleArn": ROLE, "RoleSessionName": "s"})
    answer = alibaba(
        box.info, "AssumeRole", query=query, path="/", change={"x-acs-version": "2015-04-01"}, method="POST"
    )
    assert answer.status == 200 and answer.json["Credentials"]["SecurityToken"]


@pytest.mark.parametrize(
    "token, code",
    [
        ("eyJ.x.y", None),
        ("[expired]", "AuthenticationFail.OIDCToken.Expired"),
        ("[invalid]", "AuthenticationFail.OIDCToken.Invalid"),
        (None, "MissingParameter"),
    ],
)
def test_alibaba_oidc(box, token, code):
    change = {"OIDCProviderArn": "acs:ram::1:oidc-provider/p", "OIDCToken": token, "AccessKeyId": None}
    answer = rpc(box.info, "AssumeRoleWithOIDC", change=change, sign=False)
    assert answer.json.get("Code") == code
    if code is None:
        made = answer.json["Credentials"]
        who = {"key_id": made["AccessKeyId"], "secret": made["AccessKeySecret"], "token": made["SecurityToken"]}
        assert alibaba(box.info, "queryModelTrainJobList", **who).status == 200


def tencent_sts(info, action="AssumeRole", body=None, **options):
    fields = {"RoleArn": TENCENT_ROLE, "RoleSessionName": "s"}
    fields.update(body or {})
    options.setdefault("service", "sts")
    options.setdefault("version", "2018-08-13")
    return tencent(info, action, {k: v for k, v in fields.items() if v is not None}, **options)


def test_tencent_assume_role(box):
    made = tencent_sts(box.info, body={"DurationSeconds": 60})
    assert 50 < made["ExpiredTime"] - time.time() <= 60
    keys = made["Credentials"]
    who = {"secret_id": keys["TmpSecretId"], "secret": keys["TmpSecretKey"], "token": keys["Token"]}
    assert "TaskId" in tencent(box.info, "CreateAigcImageTask", {"Prompt": "x"}, **who)
    box.config(clock_skew=61)
    refused = tencent(box.info, "CreateAigcImageTask", {"Prompt": "x"}, **who)
    assert refused["Error"]["Code"] == "AuthFailure.TokenFailure"


@pytest.mark.parametrize(
    "options, code",
    [
        ({"service": "mps"}, "AuthFailure.InvalidAuthorization"),
        ({"version": "2019-06-12"}, "NoSuchVersion"),
        ({"secret": "no"}, "AuthFailure.SignatureFailure"),
        ({"body": {"RoleArn": None}}, "MissingParameter"),
        ({"body": {"RoleArn": "worker"}}, "InvalidParameter.ParamError"),
        ({"body": {"RoleArn": TENCENT_ROLE + "nosuch"}}, "ResourceNotFound.RoleNotFound"),
        ({"body": {"DurationSeconds": 43201}}, "InvalidParameter.OverTimeError"),
        ({"body": {"Colour": 1}}, "UnknownParameter"),
        ({"action": "AssumeRoleWithWebIdentity"}, "AuthFailure.InvalidAuthorization"),
    ],
)
def test_tencent_sts_refuses(box, options, code):
    assert tencent_sts(box.info, **options)["Error"]["Code"] == code


@pytest.mark.parametrize("token, code", [("jwt", None), ("[expired]", "InvalidParameter.WebIdentityTokenError")])
def test_tencent_web_identity(box, token, code):
    body = {"RoleArn": TENCENT_ROLE, "RoleSessionName": "s", "ProviderId": "p", "WebIdentityToken": token}
    method, target, headers, data = tc3(box.info, "AssumeRoleWithWebIdentity", body, version="2018-08-13")
    headers = [(k, "SKIP" if k == "Authorization" else v) for k, v in headers]
    response = send(box.info["http"], method, target, headers, data).json["Response"]
    assert response.get("Error", {}).get("Code") == code
    if code is None:
        keys = response["Credentials"]
        who = {"secret_id": keys["TmpSecretId"], "secret": keys["TmpSecretKey"], "token": keys["Token"]}
        assert "TaskId" in tencent(box.info, "CreateAigcImageTask", {"Prompt": "x"}, **who)


ECS = "/latest/meta-data/ram/security-credentials/"
CVM = "/latest/meta-data/cam/security-credentials/"


def metadata(box, path, method="GET", **headers):
    pairs = [("Host", "100.100.100.200")] + [(k.replace("_", "-"), v) for k, v in headers.items()]
    return send(box.info["metadata"], method, path, pairs)


def ecs_token(box, life="60"):
    return metadata(box, "/latest/api/token", "PUT", X_aliyun_ecs_metadata_token_ttl_seconds=life)


def test_ecs_metadata_v2_and_v1(box):
    token = ecs_token(box).body.decode()
    role = metadata(box, ECS, X_aliyun_ecs_metadata_token=token)
    assert (role.status, role.body) == (200, b"sandbox-role")
    made = metadata(box, ECS + "sandbox-role", X_aliyun_ecs_metadata_token=token).json
    assert made["Code"] == "Success"
    who = {"key_id": made["AccessKeyId"], "secret": made["AccessKeySecret"], "token": made["SecurityToken"]}
    assert alibaba(box.info, "queryModelTrainJobList", **who).status == 200
    assert metadata(box, ECS + "sandbox-role").json["AccessKeyId"] == made["AccessKeyId"]
    box.config(imds_v1=False)
    assert metadata(box, ECS).status == 403 and metadata(box, ECS + "sandbox-role").status == 403
    assert metadata(box, ECS, X_aliyun_ecs_metadata_token=token).status == 200
    assert metadata(box, ECS, X_aliyun_ecs_metadata_token="stale").status == 401
    assert metadata(box, ECS + "other", X_aliyun_ecs_metadata_token=token).status == 404


@pytest.mark.parametrize("life", ["0", "21601", "soon", ""])
def test_ecs_token_life_is_checked(box, life):
    assert ecs_token(box, life).status == 400


def test_metadata_without_a_role_and_new_credentials_in_time(box):
    first = metadata(box, CVM + "sandbox-role").json["TmpSecretId"]
    assert metadata(box, CVM + "sandbox-role").json["TmpSecretId"] == first
    box.config(clock_skew=21000)
    assert metadata(box, CVM + "sandbox-role").json["TmpSecretId"] != first
    box.config(imds_role="")
    assert metadata(box, CVM).status == 404 and metadata(box, ECS).status == 404


def test_cvm_metadata(box):
    assert metadata(box, CVM).body == b"sandbox-role"
    made = metadata(box, CVM + "sandbox-role").json
    who = {"secret_id": made["TmpSecretId"], "secret": made["TmpSecretKey"], "token": made["Token"]}
    assert made["Code"] == "Success" and made["ExpiredTime"] > time.time()
    assert "TaskId" in tencent(box.info, "CreateAigcImageTask", {"Prompt": "x"}, **who)


def test_credentials_uri(box):
    path = box.info["credentials_uri"].rpartition("/")[2]
    made = metadata(box, "/" + path).json
    who = {"key_id": made["AccessKeyId"], "secret": made["AccessKeySecret"], "token": made["SecurityToken"]}
    assert made["Code"] == "Success" and alibaba(box.info, "queryModelTrainJobList", **who).status == 200


def test_faults_of_metadata_and_sts(box):
    box.fault("http", "imds-token", status=404)
    assert ecs_token(box).status == 404 and ecs_token(box).status == 200
    box.fault("garbage_body", "imds-credentials", size=10)
    assert len(metadata(box, ECS + "sandbox-role").body) == 10
    box.fault("error", "AssumeRole", code="Throttling", provider="alibaba")
    assert rpc(box.info).json["Code"] == "Throttling" and rpc(box.info).status == 200
    counts = box.stats()["operations"]["alibaba"]
    assert counts["AssumeRole"]["requests"] == 2 and counts["imds-token"]["requests"] == 2


VENDOR = """
import certifi, json, os, sys
certifi.where = lambda: os.environ["SANDBOX_CA"]
out = {}
def alibaba(name, provider):
    c = provider.get_credentials()
    out[name] = [c.get_access_key_id(), c.get_access_key_secret(), c.get_security_token()]
from alibabacloud_credentials.provider.ram_role_arn import RamRoleArnCredentialsProvider
from alibabacloud_credentials.provider.oidc import OIDCRoleArnCredentialsProvider
from alibabacloud_credentials.provider.ecs_ram_role import EcsRamRoleCredentialsProvider
from alibabacloud_credentials.provider.uri import URLCredentialsProvider
info = json.loads(os.environ["SANDBOX_INFO"])
a, t = info["alibaba"], info["tencent"]
alibaba("role", RamRoleArnCredentialsProvider(
    access_key_id=a["access_key_id"], access_key_secret=a["access_key_secret"],
    role_arn="acs:ram::1234567890123456:role/worker", role_session_name="s"))
alibaba("oidc", OIDCRoleArnCredentialsProvider(
    role_arn="acs:ram::1234567890123456:role/worker", oidc_provider_arn="acs:ram::1:oidc-provider/p",
    oidc_token_file_path=os.environ["TOKEN_FILE"], role_session_name="s"))
alibaba("ecs", EcsRamRoleCredentialsProvider(async_update_enabled=False, disable_imds_v1=True))
alibaba("uri", URLCredentialsProvider(uri=info["credentials_uri"]))
from tencentcloud.common import credential
sts = credential.STSAssumeRoleCredential(
    t["secret_id"], t["secret_key"], "qcs::cam::uin/100000000001:roleName/worker", "s")
out["tencent-role"] = list(sts.get_credential_info())
web = credential.OIDCRoleArnCredential(
    "ap-guangzhou", "p", "jwt", "qcs::cam::uin/100000000001:roleName/worker", "s")
out["tencent-oidc"] = list(web.get_credential_info())
cvm = credential.CVMRoleCredential()
out["tencent-cvm"] = list(cvm.get_credential_info())
print(json.dumps(out))
"""


def test_the_vendors_packages_find_their_identities_here(box, tmp_path):
    """Unchanged, with their fixed endpoints: the proxy leads them here, and they trust the sandbox's authority."""
    pytest.importorskip("alibabacloud_credentials")
    (tmp_path / "token").write_text("jwt")
    proxy = box.info["proxy"]
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    environment.update(
        HTTP_PROXY=proxy,
        http_proxy=proxy,
        HTTPS_PROXY=proxy,
        https_proxy=proxy,
        SANDBOX_CA=box.info["ca_file"],
        REQUESTS_CA_BUNDLE=box.info["ca_file"],
        SANDBOX_INFO=json.dumps(box.info),
        TOKEN_FILE=str(tmp_path / "token"),
        HOME=str(tmp_path),
    )
    done = subprocess.run(
        [sys.executable, "-c", VENDOR], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(found) == 7
    for name, (key_id, secret, token) in found.items():
        if name.startswith("tencent"):
            made = tencent(
                box.info, "CreateAigcImageTask", {"Prompt": name}, secret_id=key_id, secret=secret, token=token
            )
            assert "TaskId" in made, name
        else:
            answer = alibaba(box.info, "queryModelTrainJobList", key_id=key_id, secret=secret, token=token)
            assert answer.status == 200, name
    targets = {entry["target"] for entry in box.proxy_requests()}
    assert {"sts.aliyuncs.com:443", "sts.tencentcloudapi.com:443"} <= targets
    assert any("100.100.100.200" in t for t in targets) and any("metadata.tencentyun.com" in t for t in targets)

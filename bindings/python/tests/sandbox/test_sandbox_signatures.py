"""How the sandbox refuses: each cloud's own codes, in each cloud's own envelope."""

import time

import pytest
from sandbox_client import acs3, alibaba, send, tc3, tencent

LIST = "queryModelTrainJobList"


def dated(options):
    """The options of a call: a shift of the clock counts from now, not from when the tests were collected."""
    rest = {name: value for name, value in options.items() if name != "shift"}
    return {**rest, "when": time.time() + options["shift"]} if "shift" in options else rest


def code(answer):
    body = answer.json
    assert set(body) >= {"Code", "Message", "RequestId", "HostId", "Recommend"}
    assert answer.headers["x-acs-request-id"] == body["RequestId"]
    return answer.status, body["Code"]


def test_gateway_and_service_envelopes(box):
    good = alibaba(box.info, LIST)
    assert good.status == 200 and good.json["success"] is True and good.json["data"] == []
    missing = alibaba(box.info, "addInferenceJob", {"prompt": "x"})
    assert missing.status == 400
    assert missing.json["success"] is False and missing.json["errCode"] == "B_PARAMETER_NOT_FOUND_EXCEPTION"
    assert missing.json["errMessage"] == "必要参数没有找到" and missing.json["data"] is None
    unknown = alibaba(box.info, "queryInferenceJobInfo", query="inferenceJobId=1")
    assert (unknown.status, unknown.json["errCode"]) == (404, "B_DATA_NOT_FOUND_EXCEPTION")
    train = alibaba(box.info, "queryModelTrainStatus", query="modelId=none")
    assert (train.status, train.json["errCode"]) == (404, "B_MODEL_TRAIN_JOB_NOT_EXIST")


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"secret": "no"}, (400, "SignatureDoesNotMatch")),
        ({"key_id": "no"}, (404, "InvalidAccessKeyId.NotFound")),
        ({"change": {"x-acs-date": "2024-01-01 00:00"}}, (400, "InvalidTimeStamp.Format")),
        ({"change": {"x-acs-date": "2024-13-41T00:00:00Z"}}, (400, "InvalidTimeStamp.Format")),
        ({"change": {"x-acs-date": None}}, (400, "IllegalTimestamp")),
        ({"shift": -1000}, (400, "InvalidTimeStamp.Expired")),
        ({"shift": 1000}, (400, "InvalidTimeStamp.Expired")),
        ({"change": {"x-acs-signature-nonce": None}}, (400, "IncompleteSignature")),
        ({"change": {"x-acs-content-sha256": None}}, (400, "IncompleteSignature")),
        ({"change": {"x-acs-content-sha256": "0" * 64}}, (400, "SignatureDoesNotMatch")),
        ({"unsigned": ("host",)}, (400, "IncompleteSignature")),
        ({"unsigned": ("x-acs-action",)}, (400, "IncompleteSignature")),
        ({"change": {"content-type": "text/plain"}, "unsigned": ("content-type",)}, (400, "IncompleteSignature")),
        ({"change": {"x-acs-extra": "1"}, "unsigned": ("x-acs-extra",)}, (400, "IncompleteSignature")),
        ({"after": {"Authorization": "acs ak:sig"}}, (400, "InvalidSignatureMethod")),
        ({"after": {"Authorization": "ACS3-HMAC-SHA256 Credential=a"}}, (400, "IncompleteSignature")),
        ({"after": {"host": "elsewhere.test"}}, (400, "SignatureDoesNotMatch")),
        ({"token": "stray"}, (400, "InvalidSecurityToken.MismatchWithAccessKey")),
        ({"change": {"x-acs-version": "20200101"}}, (400, "InvalidVersion")),
        ({"change": {"x-acs-action": "SomethingElse"}}, (404, "InvalidAction.NotFound")),
        ({"path": "/api/v1/personalizedtxt2img/nothing"}, (404, "InvalidApi.NotFound")),
        ({"method": "DELETE"}, (404, "InvalidApi.NotFound")),
    ],
)
def test_alibaba_refuses(box, options, expected):
    assert code(alibaba(box.info, LIST, **dated(options))) == expected


def test_alibaba_unsigned_request(box):
    answer = send(box.info["http"], "GET", "/api/v1/personalizedtxt2img/" + LIST, [("Host", "x")])
    assert answer.status in (400, 404) and "Code" in answer.json


def test_alibaba_nonce_works_once_and_a_failed_one_is_not_spent(box):
    nonce = "n" * 32
    assert code(alibaba(box.info, LIST, nonce=nonce, secret="no")) == (400, "SignatureDoesNotMatch")
    assert alibaba(box.info, LIST, nonce=nonce).status == 200
    assert code(alibaba(box.info, LIST, nonce=nonce)) == (400, "SignatureNonceUsed")


def test_alibaba_any_complete_signed_set_is_fine(box):
    extra = {"accept": "application/json", "user-agent": "anything at all"}
    assert alibaba(box.info, LIST, change=extra).status == 200
    assert alibaba(box.info, LIST, change=extra, unsigned=("accept", "user-agent")).status == 200
    assert alibaba(box.info, LIST, change={"x-acs-foo": " a  b "}).status == 200


def test_alibaba_body_must_be_the_signed_one(box):
    method, target, headers, body = acs3(box.info, "addInferenceJob", {"modelId": "m", "prompt": "x"})
    assert code(send(box.info["http"], method, target, headers, body + b" ")) == (400, "SignatureDoesNotMatch")
    assert box.stats()["jobs_created"] == {}


def test_alibaba_sts(box):
    box.add_identity(provider="alibaba", id="STS.a", secret="s", token="tok", expires_in=100)
    box.add_identity(provider="alibaba", id="STS.b", secret="s", token="tok-b", expires_in=-1)
    call = {"key_id": "STS.a", "secret": "s"}
    assert alibaba(box.info, LIST, token="tok", **call).status == 200
    assert code(alibaba(box.info, LIST, **call)) == (400, "MissingSecurityToken")
    assert code(alibaba(box.info, LIST, token="zzz", **call)) == (400, "InvalidSecurityToken.Malformed")
    assert code(alibaba(box.info, LIST, token="tok-b", **call)) == (400, "InvalidSecurityToken.MismatchWithAccessKey")
    expired = {"key_id": "STS.b", "secret": "s", "token": "tok-b"}
    assert code(alibaba(box.info, LIST, **expired)) == (400, "InvalidSecurityToken.Expired")


def test_date_header_is_the_sandbox_clock(box):
    from email.utils import parsedate_to_datetime

    box.config(clock_skew=7200)
    answer = alibaba(box.info, LIST)
    assert code(answer) == (400, "InvalidTimeStamp.Expired")
    server = parsedate_to_datetime(answer.headers["date"]).timestamp()
    assert abs(server - time.time() - 7200) < 3
    assert alibaba(box.info, LIST, when=server).status == 200


def test_tencent_answers_and_refusals_have_http_200(box):
    response = tencent(box.info, "DescribeAigcImageTask", {"TaskId": "no"})
    assert response["Error"]["Code"] == "ResourceNotFound.TaskNotFound" and response["RequestId"]


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"secret": "no"}, "AuthFailure.SignatureFailure"),
        ({"secret_id": "no"}, "AuthFailure.SecretIdNotFound"),
        ({"shift": -400}, "AuthFailure.SignatureExpire"),
        ({"shift": 400}, "AuthFailure.SignatureExpire"),
        ({"date": "2020-01-01"}, "AuthFailure.SignatureFailure"),
        ({"service": "127"}, "AuthFailure.InvalidAuthorization"),
        ({"service": "sts"}, "AuthFailure.InvalidAuthorization"),
        ({"signed": ("host",)}, "AuthFailure.InvalidAuthorization"),
        ({"signed": ("content-type",)}, "AuthFailure.InvalidAuthorization"),
        ({"token": "stray"}, "AuthFailure.TokenFailure"),
        ({"version": "2018-01-01"}, "NoSuchVersion"),
        ({"change": {"X-TC-Version": None}}, "MissingParameter"),
        ({"change": {"X-TC-Action": None}}, "MissingParameter"),
        ({"change": {"X-TC-Timestamp": None}}, "MissingParameter"),
        ({"change": {"X-TC-Timestamp": "soon"}}, "InvalidParameterValue"),
        ({"change": {"X-TC-Region": "Mars"}}, "UnsupportedRegion"),
        ({"change": {"Content-Type": "text/plain"}}, "UnsupportedProtocol"),
        ({"change": {"X-TC-Action": "Nothing"}}, "InvalidAction"),
        ({"sent_body": b'{"TaskId":"y"}'}, "AuthFailure.SignatureFailure"),
        ({"body": b"{"}, "InvalidParameter"),
        ({"body": b"[]"}, "InvalidParameter"),
        ({"body": {"TaskId": 5}}, "InvalidParameterValue"),
        ({"body": {"TaskId": "x", "More": 1}}, "UnknownParameter"),
        ({"body": {}}, "MissingParameter"),
    ],
)
def test_tencent_refuses(box, options, expected):
    body = options.pop("body", {"TaskId": "x"}) if "body" in options else {"TaskId": "x"}
    assert tencent(box.info, "DescribeAigcImageTask", body, **dated(options))["Error"]["Code"] == expected


def test_tencent_other_signed_sets_and_unsigned_payload(box):
    def passes(**options):
        error = tencent(box.info, "DescribeAigcImageTask", {"TaskId": "x"}, **options)["Error"]["Code"]
        return error == "ResourceNotFound.TaskNotFound"

    assert passes(signed=("content-type", "host", "x-tc-action"))
    assert passes(change={"X-TC-Content-SHA256": "UNSIGNED-PAYLOAD"})
    assert passes(change={"Content-Type": "application/json; charset=utf-8"})
    assert passes(change={"X-TC-Region": "ap-guangzhou", "X-TC-Language": "en-US"})


def test_tencent_sts(box):
    box.add_identity(provider="tencent", id="AKIDtmp", secret="s", token="tok", expires_in=100)
    box.add_identity(provider="tencent", id="AKIDold", secret="s", token="old", expires_in=-1)

    def error(**options):
        return tencent(box.info, "DescribeAigcImageTask", {"TaskId": "x"}, secret="s", **options)["Error"]["Code"]

    assert error(secret_id="AKIDtmp", token="tok") == "ResourceNotFound.TaskNotFound"
    assert error(secret_id="AKIDtmp") == "AuthFailure.TokenFailure"
    assert error(secret_id="AKIDtmp", token="other") == "AuthFailure.TokenFailure"
    assert error(secret_id="AKIDold", token="old") == "AuthFailure.TokenFailure"


def test_tencent_body_over_ten_megabytes(box):
    method, target, headers, body = tc3(box.info, "CreateAigcImageTask", b" " * (10 * 1024 * 1024 + 1))
    answer = send(box.info["http"], method, target, headers, body)
    assert answer.json["Response"]["Error"]["Code"] == "RequestSizeLimitExceeded"

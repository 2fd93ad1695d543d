"""The vendors' own SDKs, unchanged, run submit, status and asset against the sandbox."""

import base64
import json
import ssl
import time
import urllib.request

import pytest
from aigc.sandbox.testing import SandboxProcess
from sandbox_client import send, wait_for

aicontent = pytest.importorskip("alibabacloud_aicontent20240611.client")
from alibabacloud_aicontent20240611 import models as am  # noqa: E402
from alibabacloud_tea_openapi.models import Config  # noqa: E402
from tencentcloud.common.credential import Credential  # noqa: E402
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException  # noqa: E402
from tencentcloud.common.profile.client_profile import ClientProfile  # noqa: E402
from tencentcloud.common.profile.http_profile import HttpProfile  # noqa: E402
from tencentcloud.mps.v20190612 import models as tm  # noqa: E402
from tencentcloud.mps.v20190612.mps_client import MpsClient  # noqa: E402

STS = {"id": "STS.temporary", "secret": "temporary-secret", "token": "a+token/with=marks=="}


def alibaba(box, scheme, **changes):
    keys = box.info["alibaba"]
    values = {
        "access_key_id": keys["access_key_id"],
        "access_key_secret": keys["access_key_secret"],
        "endpoint": box.info[scheme].partition("//")[2],
        "protocol": scheme,
    }
    if scheme == "https":
        values["ca"] = box.info["ca_file"]
    values.update(changes)
    return aicontent.Client(Config(**values))


def tencent(box, scheme, secret_id=None, secret_key=None, token=None):
    keys = box.info["tencent"]
    certification = box.info["ca_file"] if scheme == "https" else None
    http = HttpProfile(endpoint=box.info[scheme].partition("//")[2], protocol=scheme, certification=certification)
    credential = Credential(secret_id or keys["secret_id"], secret_key or keys["secret_key"], token)
    return MpsClient(credential, "", ClientProfile(httpProfile=http))


def wait_finished(query):
    def check():
        data = query().body.data
        return data if data.job_status == "FINISHED" else None

    return wait_for(check)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("sts", [False, True])
def test_alibaba_trained(box, scheme, sts):
    changes = {}
    if sts:
        box.add_identity(provider="alibaba", expires_in=600, **STS)
        changes = {"access_key_id": STS["id"], "access_key_secret": STS["secret"], "security_token": STS["token"]}
    client = alibaba(box, scheme, **changes)
    request = am.Personalizedtxt2imgAddInferenceJobRequest(
        model_id=box.info["alibaba"]["model_id"], prompt="a <special-token> in the ☃ snow", image_number=2, seed=7
    )
    made = client.personalizedtxt_2img_add_inference_job(request).body
    assert made.success and made.data.job_status == "NOT_START" and made.data.result_image_url is None
    query = am.Personalizedtxt2imgQueryInferenceJobInfoRequest(inference_job_id=made.data.id)
    data = wait_finished(lambda: client.personalizedtxt_2img_query_inference_job_info(query))
    assert data.job_train_progress == 1.0 and data.result_image_url == ["0000.png", "0001.png"]
    for index, image_id in enumerate(data.result_image_url):
        asked = am.Personalizedtxt2imgQueryImageAssetRequest(
            model_id=data.model_id, prompt_id=data.prompt_id, image_id=image_id, encode_format="base64"
        )
        text = client.personalizedtxt_2img_query_image_asset(asked).body
        assert base64.b64decode(text) == box.image("alibaba", data.id, index)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_alibaba_pre_model(box, scheme):
    client = alibaba(box, scheme)
    request = am.PersonalizedTextToImageAddInferenceJobRequest(
        image_url=["https://img.example.com/a.jpg"], prompt="a <special-token>", strength=0.5, train_steps=800,
        image_number=99, seed=1,
    )
    made = client.personalized_text_to_image_add_inference_job(request).body
    query = am.PersonalizedTextToImageQueryPreModelInferenceJobInfoRequest(inference_job_id=made.data.id)
    data = wait_finished(lambda: client.personalized_text_to_image_query_pre_model_inference_job_info(query))
    assert len(data.result_image_url) == 10
    asked = am.PersonalizedTextToImageQueryImageAssetRequest(image_id=data.result_image_url[9], encode_format="base64")
    text = client.personalized_text_to_image_query_image_asset(asked).body
    assert base64.b64decode(text) == box.image("alibaba", data.id, 9)
    other = am.Personalizedtxt2imgQueryInferenceJobInfoRequest(inference_job_id=data.id)
    with pytest.raises(Exception):
        client.personalizedtxt_2img_query_inference_job_info(other)
    assert box.stats()["operations"]["alibaba"]["Personalizedtxt2imgQueryInferenceJobInfo"]["refused"] == {
        "B_DATA_NOT_FOUND_EXCEPTION": 1
    }


def test_alibaba_training(box):
    client = alibaba(box, "http")
    made = client.personalizedtxt_2img_add_model_train_job(
        am.Personalizedtxt2imgAddModelTrainJobRequest(
            name="my dog", object_type="dog", image_url=["https://img.example.com/a.jpg"], train_steps=10
        )
    ).body.data
    assert made.job_status == "NOT_START" and made.model_id is None

    def trained():
        job = client.personalizedtxt_2img_query_model_train_job_list().body.data[0]
        return job if job.job_status == "FINISHED" else None

    job = wait_for(trained)
    assert job.id == made.id and job.model_id
    status = client.personalizedtxt_2img_query_model_train_status(
        am.Personalizedtxt2imgQueryModelTrainStatusRequest(model_id=job.model_id)
    )
    assert status.body.data.model_train_status == "FINISHED"
    inference = client.personalizedtxt_2img_add_inference_job(
        am.Personalizedtxt2imgAddInferenceJobRequest(model_id=job.model_id, prompt="my dog", image_number=3)
    )
    job = client.personalizedtxt_2img_query_model_train_job_list().body.data[0]
    assert job.inference_job_list[0].id == inference.body.data.id and job.inference_image_count == 3


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"access_key_secret": "wrong"}, "SignatureDoesNotMatch"),
        ({"access_key_id": "nobody"}, "InvalidAccessKeyId.NotFound"),
        ({"security_token": "not-one"}, "InvalidSecurityToken.MismatchWithAccessKey"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_alibaba_refusals(box, scheme, changes, code):
    with pytest.raises(Exception) as refused:
        alibaba(box, scheme, **changes).personalizedtxt_2img_query_model_train_job_list()
    assert refused.value.code == code


def test_alibaba_skewed_clock_and_rate(box):
    client = alibaba(box, "http")
    box.config(clock_skew=1000)
    with pytest.raises(Exception) as refused:
        client.personalizedtxt_2img_query_model_train_job_list()
    assert refused.value.code == "InvalidTimeStamp.Expired"
    box.config(clock_skew=0, alibaba_rate=2)
    codes = []
    for _ in range(4):
        try:
            client.personalizedtxt_2img_query_model_train_job_list()
        except Exception as problem:
            codes.append(problem)
    assert codes and all(problem.code == "Throttling.User" for problem in codes)
    assert 0 < codes[0].retry_after <= 500  # read by the SDK from x-acs-retry-after


def create(client, **fields):
    request = tm.CreateAigcImageTaskRequest()
    request.from_json_string(json.dumps(fields))
    return client.CreateAigcImageTask(request).TaskId


def describe(client, task):
    request = tm.DescribeAigcImageTaskRequest()
    request.TaskId = task
    return client.DescribeAigcImageTask(request)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("sts", [False, True])
def test_tencent_image_task(box, scheme, sts):
    who = {}
    if sts:
        box.add_identity(provider="tencent", expires_in=600, **STS)
        who = {"secret_id": STS["id"], "secret_key": STS["secret"], "token": STS["token"]}
    client = tencent(box, scheme, **who)
    task = create(
        client, Prompt="画一只猫", OutputImageCount=3, ModelName="Kling", ModelVersion="3.0",
        ExtraParameters={"AspectRatio": "16:9", "OutputFormat": "jpeg"},
    )
    first = describe(client, task)
    assert first.Status in ("WAIT", "RUN", "DONE")

    def done():
        found = describe(client, task)
        return found if found.Status == "DONE" else None

    found = wait_for(done)
    assert len(found.ImageUrls) == 3
    for index, url in enumerate(found.ImageUrls):
        with urllib.request.urlopen(url, timeout=10) as answer:
            data = answer.read()
            assert answer.headers["Content-Type"] == "image/jpeg" and data[:3] == b"\xff\xd8\xff"
            assert data == box.image("tencent", task, index)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_tencent_refusals(box, scheme):
    def code(client, task="4-AigcImage-none"):
        with pytest.raises(TencentCloudSDKException) as refused:
            describe(client, task)
        return refused.value.get_code()

    assert code(tencent(box, scheme)) == "ResourceNotFound.TaskNotFound"
    assert code(tencent(box, scheme, secret_key="wrong")) == "AuthFailure.SignatureFailure"
    assert code(tencent(box, scheme, secret_id="nobody")) == "AuthFailure.SecretIdNotFound"
    assert code(tencent(box, scheme, token="what")) == "AuthFailure.TokenFailure"
    box.config(clock_skew=-400)
    assert code(tencent(box, scheme)) == "AuthFailure.SignatureExpire"


def test_tencent_rate(box):
    client = tencent(box, "http")
    box.config(rate=3)
    codes = []
    start = time.monotonic()
    for _ in range(8):
        try:
            describe(client, "x")
        except TencentCloudSDKException as refused:
            codes.append(refused.get_code())
    assert time.monotonic() - start < 1.5
    assert codes.count("RequestLimitExceeded") >= 2 and codes[:3] == ["ResourceNotFound.TaskNotFound"] * 3


def test_https_needs_the_sandbox_authority(box):
    # Not with an SDK: Alibaba's keeps TLS sessions per host whatever the settings of the client are.
    with pytest.raises(ssl.SSLCertVerificationError):
        send(box.info["https"], "GET", "/", [("Host", "127.0.0.1")])
    assert send(box.info["https"], "GET", "/_sandbox", [("Host", "localhost")], ca=box.info["ca_file"]).status == 200


def test_a_second_sandbox_is_another_world():
    with SandboxProcess("--duration", "0") as one, SandboxProcess("--duration", "0") as two:
        task = create(tencent(one, "http"), Prompt="a")
        assert describe(tencent(one, "http"), task).Status == "DONE"
        with pytest.raises(TencentCloudSDKException):
            describe(tencent(two, "http"), task)

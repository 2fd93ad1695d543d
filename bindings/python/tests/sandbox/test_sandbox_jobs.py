"""Jobs: fields, states, counts, families, pictures."""

import base64
import io
import json
import time
from urllib.request import urlopen

import pytest
from PIL import Image
from sandbox_client import alibaba, quoted, tencent, wait_for

MODEL = "sandbox-model"


def submit(box, prompt="a cat", **fields):
    answer = alibaba(box.info, "addInferenceJob", dict({"modelId": MODEL, "prompt": prompt}, **fields))
    assert answer.status == 200, answer
    return answer.json["data"]


def query(box, job):
    return alibaba(box.info, "queryInferenceJobInfo", query="inferenceJobId=" + quoted(job)).json["data"]


def create(box, **fields):
    return tencent(box.info, "CreateAigcImageTask", fields)


def describe(box, task):
    return tencent(box.info, "DescribeAigcImageTask", {"TaskId": task})


def test_alibaba_walk(box):
    box.config(duration=0.6)
    job = submit(box)
    seen, progress = [], []
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        data = query(box, job["id"])
        if data["jobStatus"] not in seen:
            seen.append(data["jobStatus"])
        progress.append(data["jobTrainProgress"])
    assert seen == ["NOT_START", "WAIT_SCHEDULE", "RUNNING", "FINISHED"]
    assert progress == sorted(progress) and progress[-1] == 1.0 and progress[0] < 0.5


def test_tencent_walk(box):
    box.config(duration=0.5, rate=0)
    task = create(box, Prompt="a")["TaskId"]
    assert task.startswith("4-AigcImage-") and len(task) == 44
    seen = []
    end = time.monotonic() + 0.9
    while time.monotonic() < end:
        found = describe(box, task)
        if found["Status"] not in seen:
            seen.append(found["Status"])
        assert (found["ImageUrls"] is not None) == (found["Status"] == "DONE")
    assert seen == ["WAIT", "RUN", "DONE"] and found["Message"] == "ok"


def test_an_end_in_words_of_the_tests_own(box):
    box.config(duration=0, rate=0)
    task = create(box, Prompt="x [ends:STOP] [says:subjectImageList: size must be between 1 and 4]")["TaskId"]
    found = describe(box, task)
    assert (found["Status"], found["ImageUrls"]) == ("STOP", None)
    assert found["Message"] == "subjectImageList: size must be between 1 and 4"
    assert describe(box, create(box, Prompt="x [ends:FAILED]")["TaskId"])["Status"] == "FAILED"
    assert describe(box, create(box, Prompt="x [says:no]")["TaskId"])["Status"] == "FAIL"


def test_an_end_with_a_part_of_the_pictures(box):
    box.config(duration=0, rate=0)
    word = "x [ends:PARTIAL_SUCCESS]"
    found = describe(box, create(box, Prompt=word, OutputImageCount=3)["TaskId"])
    assert (found["Status"], len(found["ImageUrls"])) == ("PARTIAL_SUCCESS", 2)
    found = query(box, submit(box, word)["id"])
    assert (found["jobStatus"], len(found["resultImageUrl"])) == ("PARTIAL_SUCCESS", 1)


def test_words_in_prompts(box):
    box.config(duration=0.05, rate=0)
    tasks = {
        word: create(box, Prompt="x " + word)["TaskId"]
        for word in ("[fail]", "[moderated]", "[never]", "[empty]", "[slow]")
    }
    jobs = {word: submit(box, "x " + word)["id"] for word in tasks}
    time.sleep(0.2)
    assert describe(box, tasks["[fail]"])["Status"] == "FAIL" and describe(box, tasks["[fail]"])["Message"]
    assert describe(box, tasks["[moderated]"])["Message"].startswith("InvalidParameterValue")
    assert describe(box, tasks["[never]"])["Status"] == "RUN"
    assert describe(box, tasks["[slow]"])["Status"] == "RUN"
    assert describe(box, tasks["[empty]"]).items() >= {"Status": "DONE", "ImageUrls": []}.items()
    assert query(box, jobs["[fail]"])["jobStatus"] == "FAILED"
    assert query(box, jobs["[never]"])["jobStatus"] == "RUNNING"
    empty = query(box, jobs["[empty]"])
    assert empty["jobStatus"] == "FINISHED" and empty["resultImageUrl"] is None
    assert create(box, Prompt="[blocked]")["Error"]["Code"] == "InvalidParameter.ViolationContent"
    wait_for(lambda: describe(box, tasks["[slow]"])["Status"] == "DONE")


@pytest.mark.parametrize("count, made", [(None, 1), (1, 1), (10, 10), (11, 10), (1000, 10), (0, 1)])
def test_alibaba_image_number(box, count, made):
    box.config(duration=0)
    job = submit(box, **({} if count is None else {"imageNumber": count}))
    assert len(query(box, job["id"])["resultImageUrl"]) == made


@pytest.mark.parametrize(
    "name, body",
    [
        ("addInferenceJob", {"prompt": "x"}),
        ("addInferenceJob", {"modelId": MODEL}),
        ("addInferenceJob", {"modelId": MODEL, "prompt": ""}),
        ("addInferenceJob", {"modelId": MODEL, "prompt": None}),
        ("addInferenceJob", {}),
        ("addPreModelInferenceJob", {"prompt": "x"}),
        ("addPreModelInferenceJob", {"prompt": "x", "imageUrl": []}),
        ("addPreModelInferenceJob", {"imageUrl": ["https://e.test/a"]}),
        ("addModelTrainJob", {"name": "a", "imageUrl": ["https://e.test/a"]}),
        ("addModelTrainJob", {"objectType": "a", "imageUrl": ["https://e.test/a"]}),
        ("addModelTrainJob", {"name": "a", "objectType": "a"}),
    ],
)
def test_alibaba_missing_field(box, name, body):
    answer = alibaba(box.info, name, body)
    assert (answer.status, answer.json["errCode"]) == (400, "B_PARAMETER_NOT_FOUND_EXCEPTION")


@pytest.mark.parametrize(
    "body",
    [
        {"modelId": MODEL, "prompt": 5},
        {"modelId": MODEL, "prompt": "x", "imageNumber": "1"},
        {"modelId": MODEL, "prompt": "x", "seed": 1.5},
        {"modelId": 5, "prompt": "x"},
    ],
)
def test_alibaba_wrong_type(box, body):
    answer = alibaba(box.info, "addInferenceJob", body)
    assert (answer.status, answer.json["Code"]) == (400, "InvalidParameter")
    assert box.stats()["jobs_created"] == {}


def test_alibaba_unknown_model(box):
    answer = alibaba(box.info, "addInferenceJob", {"modelId": "girl-1", "prompt": "x"})
    assert (answer.status, answer.json["errCode"]) == (404, "B_DATA_NOT_FOUND_EXCEPTION")
    box.config(any_model=True)
    assert alibaba(box.info, "addInferenceJob", {"modelId": "girl-1", "prompt": "x"}).status == 200


def test_families_do_not_mix(box):
    box.config(duration=0)
    trained = submit(box)
    pre = alibaba(box.info, "addPreModelInferenceJob", {"prompt": "x", "imageUrl": ["https://e.test/a"]}).json["data"]
    pre = alibaba(box.info, "queryPreModelInferenceJobInfo", query="inferenceJobId=" + pre["id"]).json["data"]
    trained = query(box, trained["id"])
    refused = [
        alibaba(box.info, "queryInferenceJobInfo", query="inferenceJobId=" + pre["id"]),
        alibaba(box.info, "queryPreModelInferenceJobInfo", query="inferenceJobId=" + trained["id"]),
        alibaba(box.info, "queryImageAssetFromImageId", query="imageId=" + trained["resultImageUrl"][0]),
        alibaba(
            box.info,
            "queryImageAsset",
            query="modelId=%s&promptId=%s&imageId=%s" % (pre["modelId"], pre["promptId"], pre["resultImageUrl"][0]),
        ),
    ]
    assert [(a.status, a.json["errCode"]) for a in refused] == [(404, "B_DATA_NOT_FOUND_EXCEPTION")] * 4


def test_another_account_sees_nothing(box):
    box.add_identity(provider="alibaba", id="other", secret="s", account="other")
    job = submit(box)
    answer = alibaba(box.info, "queryInferenceJobInfo", query="inferenceJobId=" + job["id"], key_id="other", secret="s")
    assert answer.status == 404


def test_training_gets_its_model_id_when_it_is_finished(box):
    box.config(duration=0.3)
    body = {"name": "rex", "objectType": "dog", "imageUrl": ["https://e.test/a"]}
    first = alibaba(box.info, "addModelTrainJob", body).json["data"]
    assert first["jobStatus"] == "NOT_START" and "modelId" not in first
    seen = set()
    while True:
        job = alibaba(box.info, "queryModelTrainJobList").json["data"][0]
        seen.add(job["jobStatus"])
        assert ("modelId" in job) == (job["jobStatus"] == "FINISHED")
        if job["jobStatus"] == "FINISHED":
            break
    assert "TRAINING" in seen
    status = alibaba(box.info, "queryModelTrainStatus", query="modelId=" + job["modelId"]).json["data"]
    assert status == {"modelTrainStatus": "FINISHED"}
    made = alibaba(box.info, "addInferenceJob", {"modelId": job["modelId"], "prompt": "rex in the snow"})
    assert made.json["data"]["modelId"] == job["modelId"]
    assert (
        alibaba(box.info, "queryModelTrainJobList").json["data"][0]["inferenceJobList"][0]["id"]
        == made.json["data"]["id"]
    )


@pytest.mark.parametrize(
    "form, unwrap",
    [
        ("bare", lambda body: body.decode()),
        ("quoted", json.loads),
        ("envelope", lambda body: json.loads(body)["data"]),
        ("data", lambda body: body.decode().partition(";base64,")[2]),
        ("quoted-data", lambda body: json.loads(body).partition(";base64,")[2]),
        ("envelope-data", lambda body: json.loads(body)["data"].partition(";base64,")[2]),
    ],
)
def test_alibaba_asset_forms(box, form, unwrap):
    box.config(duration=0, base64_form=form)
    job = query(box, submit(box, "[webp] cat")["id"])
    where = "modelId=%s&promptId=%s&imageId=%s" % (job["modelId"], job["promptId"], job["resultImageUrl"][0])
    expected = box.image("alibaba", job["id"])
    raw = alibaba(box.info, "queryImageAsset", query=where)
    assert raw.body == expected and raw.headers["content-type"] == "application/octet-stream"
    assert expected[:4] == b"RIFF" and expected[8:12] == b"WEBP"
    packed = alibaba(box.info, "queryImageAsset", query=where + "&encodeFormat=base64")
    assert base64.b64decode(unwrap(packed.body), validate=True) == expected
    wrong = alibaba(box.info, "queryImageAsset", query=where + "&encodeFormat=hex")
    assert wrong.status == 400


def test_pictures_are_real_and_repeatable(box):
    box.config(duration=0)
    jobs = [submit(box, "[size:300x200] a cat", seed=5, imageNumber=2)["id"] for _ in range(2)]
    free = [submit(box, "[size:300x200] a cat")["id"] for _ in range(2)]
    first = box.image("alibaba", jobs[0])
    picture = Image.open(io.BytesIO(first))
    picture.load()
    assert picture.size == (300, 200) and picture.format == "PNG"
    assert first == box.image("alibaba", jobs[1]) != box.image("alibaba", jobs[0], 1)
    assert box.image("alibaba", free[0]) != box.image("alibaba", free[1])


@pytest.mark.parametrize(
    "fields, size, kind",
    [
        ({}, (512, 512), "PNG"),
        ({"ExtraParameters": {"AspectRatio": "16:9"}}, (512, 288), "PNG"),
        (
            {"ExtraParameters": {"AspectRatio": "2:3", "Resolution": "1080P", "OutputFormat": "jpeg"}},
            (426, 640),
            "JPEG",
        ),
        ({"AdditionalParameters": '{"size":"700x600"}'}, (700, 600), "PNG"),
    ],
)
def test_tencent_sizes_and_formats(box, fields, size, kind):
    box.config(duration=0)
    task = create(box, Prompt="x", **fields)["TaskId"]
    picture = Image.open(io.BytesIO(urlopen(describe(box, task)["ImageUrls"][0]).read()))
    assert (picture.size, picture.format) == (size, kind)


ALL = {
    "ModelName": "Kling",
    "ModelVersion": "O1",
    "SceneType": "",
    "Prompt": "everything",
    "NegativePrompt": "nothing",
    "EnhancePrompt": True,
    "ImageInfos": [{"ImageUrl": "https://e.test/a.png", "ReferenceType": "asset"}],
    "OutputImageCount": 2,
    "ExtraParameters": {"AspectRatio": "1:1", "Resolution": "1080P", "LogoAdd": 1, "OutputFormat": "png"},
    "AdditionalParameters": '{"size":"1024x1024"}',
    "Operator": "admin",
}


def test_tencent_every_field(box):
    box.config(duration=0)
    assert len(describe(box, create(box, **ALL)["TaskId"])["ImageUrls"]) == 2


@pytest.mark.parametrize(
    "change, code",
    [
        ({"Seed": 1}, "UnknownParameter"),
        ({"ExtraParameters": {"Size": "1"}}, "UnknownParameter"),
        ({"ImageInfos": [{"Url": "https://e.test"}]}, "UnknownParameter"),
        ({"Prompt": 5}, "InvalidParameterValue"),
        ({"EnhancePrompt": 1}, "InvalidParameterValue"),
        ({"OutputImageCount": "2"}, "InvalidParameterValue"),
        ({"OutputImageCount": True}, "InvalidParameterValue"),
        ({"OutputImageCount": 0}, "InvalidParameterValue"),
        ({"OutputImageCount": 11}, "InvalidParameterValue"),
        ({"ImageInfos": {}}, "InvalidParameterValue"),
        ({"ImageInfos": [{"ImageUrl": "ftp://e.test"}]}, "InvalidParameter.InvalidUrl"),
        ({"ModelName": "Nobody"}, "InvalidParameter.ModelNotSupported"),
        ({"ModelVersion": "0.1"}, "InvalidParameter.ModelNotSupported"),
        ({"SceneType": "3d_panorama"}, "InvalidParameterValue"),
        ({"ExtraParameters": {"AspectRatio": "wide"}}, "InvalidParameterValue"),
        ({"ExtraParameters": {"AspectRatio": "5:4"}}, "InvalidParameterValue"),
        ({"ExtraParameters": {"Resolution": "8K"}}, "InvalidParameterValue.Resolution"),
        ({"ExtraParameters": {"OutputFormat": "webp"}}, "InvalidParameterValue"),
        ({"ExtraParameters": {"LogoAdd": 2}}, "InvalidParameterValue"),
        ({"AdditionalParameters": "size=1"}, "InvalidParameterValue"),
        ({"AdditionalParameters": '{"size":"big"}'}, "InvalidParameterValue"),
        (
            {"ModelName": "Hunyuan", "ModelVersion": "3.0", "AdditionalParameters": '{"size":"2048x2048"}'},
            "InvalidParameterValue",
        ),
        (
            {"ModelName": "Kling", "ModelVersion": "3.0", "ImageInfos": [{"ImageUrl": "https://e.test/a"}] * 2},
            "InvalidParameterValue",
        ),
        ({"StoreCosParam": {"CosBucketName": "b"}}, "MissingParameter"),
        ({"Prompt": None, "ImageInfos": None}, "InvalidParameter.NoInputSpecified"),
    ],
)
def test_tencent_refuses_fields(box, change, code):
    box.config(rate=0)
    fields = {k: v for k, v in dict(ALL, **change).items()}
    assert create(box, **fields)["Error"]["Code"] == code
    assert box.stats()["jobs_created"] == {}


def test_models_are_data_when_asked(box):
    box.config(any_model=True)
    assert "TaskId" in create(box, Prompt="x", ModelName="Tomorrow", ModelVersion="9")


def test_lone_surrogates_and_odd_texts_do_not_break_it(box):
    box.config(duration=0)
    body = b'{"Prompt": "lone \\ud83d here \\u0000 \\u200f"}'
    task = tencent(box.info, "CreateAigcImageTask", body)["TaskId"]
    assert box.image("tencent", task)[:4] == b"\x89PNG"
    assert box.stats()["jobs"][0]["prompt"].startswith("lone \ud83d")

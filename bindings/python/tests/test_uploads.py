"""A local picture as a reference: into a bucket of one's own, by URLs that end, without a secret in any word."""

from __future__ import annotations

import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Dict, List

import aigc
import pytest
from aigc import uploads
from aigc.uploads import Bucket
from support import Command

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 1000
SECRET = "a-secret-that-nobody-may-see"


@pytest.fixture
def buckets(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Buckets of both kinds in the sandbox."""
    for names in uploads._VARIABLES.values():
        for name in [one for group in names for one in group]:
            monkeypatch.delenv(name, raising=False)
    info = sandbox.info
    keys = {
        "cos": {"id": info["tencent"]["secret_id"], "secret": info["tencent"]["secret_key"]},
        "oss": {"id": info["alibaba"]["access_key_id"], "secret": info["alibaba"]["access_key_secret"]},
    }
    regions = {"cos": "ap-guangzhou", "oss": "cn-shanghai"}

    def make(kind: str, **more: Any) -> Bucket:
        given = {**keys[kind], "endpoint": info["bucket_https"], "ca_file": info["ca_file"], **more}
        return Bucket(kind, "cats-1250000000", regions[kind], **given)

    return make


def got(sandbox: Any, url: str, method: str = "GET") -> bytes:
    context = ssl.create_default_context(cafile=sandbox.info["ca_file"])
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with opener.open(urllib.request.Request(url, method=method), timeout=30) as answer:
        data: bytes = answer.read()
        return data


@pytest.mark.parametrize("kind", ["cos", "oss"])
def test_a_picture_comes_back_whole(sandbox: Any, buckets: Any, kind: str, tmp_path: Path) -> None:
    (tmp_path / "my cat.png").write_bytes(PNG)
    bucket = buckets(kind, prefix="references/of_me/")
    url = bucket.upload(tmp_path / "my cat.png")
    assert got(sandbox, url) == PNG
    assert url.split("?")[0] == bucket.upload(tmp_path / "my cat.png").split("?")[0]  # One object.
    assert "my" not in url.split("?")[0].rsplit("/", 1)[1] and "/references/of_me/" in url
    for change in (url.replace("references", "reference5"), url[:-1] + ("0" if url[-1] != "0" else "1"), url.split("?")[0]):
        with pytest.raises(urllib.error.HTTPError) as caught:
            got(sandbox, change)
        assert caught.value.code in (403, 404)
    with pytest.raises(urllib.error.HTTPError):
        got(sandbox, url, "PUT")  # What reads does not write.


@pytest.mark.parametrize("kind", ["cos", "oss"])
def test_a_url_ends(sandbox: Any, buckets: Any, kind: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    url = buckets(kind).upload(tmp_path / "a.png", expires=60)
    sandbox.config(clock_skew=50.0)
    assert got(sandbox, url) == PNG
    sandbox.config(clock_skew=70.0)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        got(sandbox, url)


@pytest.mark.parametrize("kind", ["cos", "oss"])
def test_temporary_credentials(sandbox: Any, buckets: Any, kind: str, tmp_path: Path) -> None:
    provider = {"cos": "tencent", "oss": "alibaba"}[kind]
    sandbox.add_identity(provider=provider, id="temporary", secret="s3", token="tok/en+==", expires_in=900)
    (tmp_path / "a.png").write_bytes(PNG)
    assert got(sandbox, buckets(kind, id="temporary", secret="s3", token="tok/en+==").upload(tmp_path / "a.png")) == PNG
    with pytest.raises(aigc.AccountError):
        buckets(kind, id="temporary", secret="s3", token="another").upload(tmp_path / "a.png")


@pytest.mark.parametrize("kind", ["cos", "oss"])
def test_no_word_holds_a_secret(sandbox: Any, buckets: Any, kind: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    said = [repr(buckets(kind, secret=SECRET)), repr(vars(buckets(kind, secret=SECRET)))]
    with pytest.raises(aigc.AuthError) as caught:
        buckets(kind, secret=SECRET).upload(tmp_path / "a.png")
    said.append(str(caught.value))
    assert caught.value.provider_code == "SignatureDoesNotMatch"
    for fault in ("reset_before", "html", "redirect", "garbage", "error"):
        sandbox.fault(fault, "bucket", times=5)
        with pytest.raises(aigc.AigcError) as failed:
            buckets(kind, token=None).upload(tmp_path / "a.png")
        said.append(str(failed.value))
        sandbox.clear_faults()
    with pytest.raises(aigc.TLSError):
        buckets(kind, ca_file=None, endpoint=sandbox.info["bucket_https"]).upload(tmp_path / "a.png")
    assert not any(SECRET in text or "ignature=" in text or "Credential" in text for text in said), said


@pytest.mark.parametrize(
    "data, said", [(b"", "no picture"), (b"%PDF-1.4", "no picture"), (b"\x89PNG\r\n\x1a\n" + b"x" * uploads.LARGEST, "larger")]
)
def test_what_is_no_picture_is_not_sent(sandbox: Any, buckets: Any, data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(aigc.InvalidArgumentError, match=said):
        buckets("cos").upload(tmp_path / "a.png")
    with pytest.raises(aigc.FileError, match="missing"):
        buckets("cos").upload(tmp_path / "missing.png")
    assert sandbox.bucket_requests() == []


@pytest.mark.parametrize("text", ["", "cos", "cos:a:b:c", "s3:cats:eu-west-1", "cos:CATS:ap-x", "oss:cats:../x", "oss:c@ts:cn-a"])
def test_what_is_no_bucket(text: str) -> None:
    with pytest.raises(aigc.InvalidArgumentError):
        Bucket.parse(text, id="a", secret="b")


def test_keys_come_from_the_environment(buckets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(aigc.NoCredentialsError, match="TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY"):
        Bucket.parse("cos:cats:ap-guangzhou")
    monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", "me")
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "k")
    assert Bucket.parse("cos:cats:ap-guangzhou")._keys.id == "me"
    with pytest.raises(aigc.InvalidArgumentError, match="belong together"):
        Bucket.parse("cos:cats:ap-guangzhou", id="x")


def test_a_job_takes_it(sandbox: Any, keys: Dict[str, Any], buckets: Any, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    url = buckets("cos").upload(tmp_path / "a.png")
    with aigc.Client(keys) as client:
        assert client.tencent.aigc_image("a cat", image_urls=[url]).wait().assets


def test_the_vendors_sdk_signs_for_oss_as_we_check(sandbox: Any, buckets: Any, tmp_path: Path) -> None:
    """The stand-in's own check of OSS signatures takes what the vendor's SDK makes."""
    oss = pytest.importorskip("alibabacloud_oss_v2", reason="pip install alibabacloud-oss-v2")
    info = sandbox.info
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(
        info["alibaba"]["access_key_id"], info["alibaba"]["access_key_secret"]
    )
    config.region, config.endpoint, config.use_path_style = "cn-shanghai", info["bucket_http"], True
    client = oss.Client(config)
    client.put_object(oss.PutObjectRequest(bucket="cats-1250000000", key="by/the sdk.png", body=PNG))
    assert client.get_object(oss.GetObjectRequest(bucket="cats-1250000000", key="by/the sdk.png")).body.content == PNG
    made = client.presign(oss.GetObjectRequest(bucket="cats-1250000000", key="by/the sdk.png"))
    assert got(sandbox, made.url) == PNG


def test_the_command_takes_a_file(sandbox: Any, command: Any, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    line = ["generate", "--provider", "tencent", "a cat", "--out", str(tmp_path / "cat.*"), "--image", str(tmp_path / "a.png")]
    done = command.run(*line)
    assert done.returncode == 2 and "--bucket" in done.stderr and sandbox.bucket_requests() == []
    place = {"AIGC_UPLOAD_ENDPOINT": sandbox.info["bucket_https"], "AIGC_CA_FILE": sandbox.info["ca_file"]}
    done = command.run(*line, "--bucket", "cos:cats-1250000000:ap-guangzhou", **place)
    assert done.returncode == 0 and (tmp_path / "cat.png").exists(), done.stderr
    assert [one["method"] for one in sandbox.bucket_requests()] == ["PUT"]
    done = command.run(*line, "--bucket", "cos:cats:ap-guangzhou", TENCENTCLOUD_SECRET_KEY="wrong", **place)
    assert done.returncode == 4 and "SignatureDoesNotMatch" in done.stderr and "Traceback" not in done.stderr


# A key: the same picture is the same request, however its URL is signed

SIGNED = {
    "cos": "https://a.cos/b.png?q-sign-algorithm=sha1&q-ak=i&q-sign-time={0};9&q-key-time={0};9&q-header-list=&q-url-param-list="
    "&q-signature={0}&x-cos-security-token=t{0}",
    "oss 1": "https://a.oss/b.png?OSSAccessKeyId=i&Expires={0}&Signature=s{0}&security-token=t{0}",
    "oss 4": "https://a.oss/b.png?x-oss-credential=c&x-oss-date={0}&x-oss-expires=9&x-oss-signature-version=v&x-oss-signature={0}"
    "&x-oss-security-token=t{0}&x-oss-additional-headers=h{0}",
    "s3": "https://a.s3/b.png?X-Amz-Algorithm=a&X-Amz-Credential=c&X-Amz-Date={0}&X-Amz-Expires=9&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature={0}&X-Amz-Security-Token=t{0}",
}


@pytest.mark.parametrize("provider, operation, more", [
    ("tencent", "aigc_image", {}), ("alibaba", "pre_model_inference", {}),
])
def test_a_url_that_is_signed_anew_is_the_same_request(
    sandbox: Any, keys: Dict[str, Any], tmp_path: Path, provider: str, operation: str, more: Dict[str, Any]
) -> None:
    def ask(client: aigc.Client, key: str, url: Any, prompt: str = "<special-token> a dog") -> Any:
        return client.submit(provider, operation, prompt=prompt, image_urls=[url], key=key, **more).wait(30)

    with aigc.Client({**keys, "journal.path": str(tmp_path / "journal")}) as client:
        for kind, url in SIGNED.items():
            first = ask(client, kind, url.format("111"))
            assert ask(client, kind, url.format("222")).remote_id == first.remote_id
            assert ask(client, kind, url.partition("?")[0]).remote_id == first.remote_id
            for other in (url.replace("b.png", "c.png"), url + "&versionId=3", url.replace("?", "?x-oss-process=1&"), url + "#x"):
                with pytest.raises(aigc.KeyConflictError, match="a field or an image differs"):
                    ask(client, kind, other.format("111"))
            with pytest.raises(aigc.KeyConflictError):
                ask(client, kind, url.format("111"), "<special-token> a cat")
        for number, (url, other) in enumerate([
            ("https://a/b.png?Expires=1", "https://a/b.png?Expires=2"),
            ("https://a/b.png?Signature=1", "https://a/b.png?Signature=2"),
            ("https://a/b.png?x-oss-date=1", "https://a/b.png?x-oss-date=2"),
            ("https://a/b.png#?q-signature=1", "https://a/b.png#?q-signature=2"),
        ]):  # No signature is whole: such a parameter may mean anything.
            ask(client, f"n{number}", url)
            with pytest.raises(aigc.KeyConflictError):
                ask(client, f"n{number}", other)
    assert sum(sandbox.stats(jobs=False)["jobs_created"].values()) == len(SIGNED) + 4


def test_signed_urls_in_json_are_the_same_request(sandbox: Any, keys: Dict[str, Any], tmp_path: Path) -> None:
    def ask(client: aigc.Client, key: str, url: str) -> Any:
        request = aigc.Request("tencent", "aigc_image", prompt="a dog", key=key)
        request.body["ImageInfos"] = [{"ImageUrl": url}]
        return client.submit(request).wait(30)

    with aigc.Client({**keys, "journal.path": str(tmp_path / "journal")}) as client:
        first = ask(client, "k", SIGNED["cos"].format("111"))
        assert ask(client, "k", SIGNED["cos"].format("222")).remote_id == first.remote_id
        with pytest.raises(aigc.KeyConflictError):
            ask(client, "k", SIGNED["cos"].format("111").replace("b.png", "c.png"))


@pytest.mark.parametrize("kind", ["cos", "oss"])
@pytest.mark.parametrize("key", [{}, {"key": "img-1"}])
def test_rows_with_a_picture_of_this_machine_are_paid_once(
    sandbox: Any, buckets: Any, keys: Dict[str, Any], tmp_path: Path, kind: str, key: Dict[str, str]
) -> None:
    picture = tmp_path / "ref.png"
    journal = tmp_path / "journal"

    def run(name: str) -> Any:
        rows = [{"prompt": "a dog", "image_urls": [buckets(kind).upload(picture, expires=60 + len(urls))], **key}]
        urls.append(rows[0]["image_urls"][0])
        return aigc.batch.run(rows, out=tmp_path / name, provider="tencent", config=keys, journal=journal, progress="quiet")

    urls: List[str] = []
    picture.write_bytes(PNG)
    for name in ("out", "out", "other"):  # The journal knows the row of the other folder.
        assert run(name).counts == {"done": 1}
    assert len(set(urls)) == 3 and len(sandbox.stats()["jobs"]) == 1
    picture.write_bytes(PNG + b"more")
    if key:
        with pytest.raises(aigc.batch.PlanError, match="was sent with other fields"):
            run("out")
        assert len(sandbox.stats()["jobs"]) == 1
    else:
        assert run("out").counts == {"done": 1} and len(sandbox.stats()["jobs"]) == 2


@pytest.mark.parametrize("kind", ["cos", "oss"])
def test_the_same_line_with_a_picture_and_a_key_gives_the_same_job(
    sandbox: Any, command: Command, tmp_path: Path, kind: str
) -> None:
    info = sandbox.info
    place = {
        "AIGC_UPLOAD_ENDPOINT": info["bucket_https"], "AIGC_CA_FILE": info["ca_file"],
        "ALIBABA_CLOUD_ACCESS_KEY_ID": info["alibaba"]["access_key_id"],
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": info["alibaba"]["access_key_secret"],
    }
    bucket = {"cos": "cos:cats-1250000000:ap-guangzhou", "oss": "oss:cats-1250000000:cn-shanghai"}[kind]
    picture = tmp_path / "ref.png"
    line = ("generate", "--provider", "tencent", "a dog", "--image", str(picture), "--bucket", bucket, "--key", "img-1",
            "--journal", str(tmp_path / "journal"), "--out", str(tmp_path / "out"))

    def objects() -> Any:
        return {one["prompt"]: one["id"] for one in sandbox.stats()["jobs"]}

    picture.write_bytes(PNG)
    assert command.run(*line, **place).returncode == 0
    first = objects()
    end = time.time() + 1.1
    while time.time() < end:  # The signature has whole seconds.
        time.sleep(0.05)
    done = command.run(*line, **place)
    assert done.returncode == 0, done.stderr
    assert objects() == first and len(sandbox.stats()["jobs"]) == 1
    picture.write_bytes(PNG + b"more")
    done = command.run(*line, **place)
    assert done.returncode == 1 and "a local file by its bytes" in done.stderr, done.stderr
    assert len(sandbox.stats()["jobs"]) == 1

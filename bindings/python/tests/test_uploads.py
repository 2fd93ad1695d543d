"""A local picture as a reference: into a bucket of one's own, by URLs that end, without a secret in any word."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Dict

import aigc
import pytest
from aigc import uploads
from aigc.uploads import Bucket

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

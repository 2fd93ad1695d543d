"""Python as people write it: map, as_completed, result, pictures in memory, in files and in notebooks."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from io import BytesIO
from pathlib import Path
from typing import Any, Dict, List

import aigc
import pytest
from aigc import aio

PIL_Image = pytest.importorskip("PIL.Image")
TENCENT = ("tencent", "aigc_image")


def test_map_keeps_the_order(sandbox: Any, keys: Dict[str, Any], tmp_path: Path) -> None:
    prompts = ["[slow] first", "second", "third"]
    with aigc.Client(keys) as client:
        results = list(client.map(prompts, *TENCENT, count=2, out=tmp_path))
    assert len(results) == 3 and all(isinstance(images, aigc.Images) and len(images) == 2 for images in results)
    drawn = {job["id"]: job["prompt"] for job in sandbox.stats()["jobs"]}
    for prompt, images in zip(prompts, results):
        assert {drawn[image.job.remote_id] for image in images} == {prompt}
    assert len({image.path for images in results for image in images}) == len(list(tmp_path.iterdir())) == 6


def test_map_submits_at_once_and_checks_before(sandbox: Any, keys: Dict[str, Any], tmp_path: Path) -> None:
    with aigc.Client(keys) as client:
        (tmp_path / "file").touch()
        with pytest.raises(aigc.FileError):
            client.map(["a", "b"], *TENCENT, out=tmp_path / "file")
        with pytest.raises(TypeError):
            client.map(["a"], "tencent")
        assert sandbox.stats(jobs=False)["jobs_created"].get("tencent", 0) == 0
        images = client.map((aigc.Request(*TENCENT, prompt=f"cat {n}") for n in range(3)), timeout=30)
        end = time.monotonic() + 10
        while sandbox.stats(jobs=False)["jobs_created"].get("tencent", 0) < 3 and time.monotonic() < end:
            time.sleep(0.05)
        assert sandbox.stats(jobs=False)["jobs_created"]["tencent"] == 3
        assert [len(found) for found in images] == [1, 1, 1]
        assert list(client.map([])) == []


def test_map_with_a_failure(sandbox: Any, keys: Dict[str, Any]) -> None:
    prompts = ["first", "[fail] second", "third"]
    with aigc.Client(keys) as client:
        first, second, third = client.map(prompts, *TENCENT, return_exceptions=True)
        assert isinstance(second, aigc.JobFailedError) and second.token and first[0].data and third[0].data
        results = client.map(prompts, *TENCENT)
        assert next(results)[0].data
        with pytest.raises(aigc.JobFailedError) as caught:
            next(results)
        assert caught.value.token


def test_as_completed(sandbox: Any, keys: Dict[str, Any]) -> None:
    def check(ended: List[Any], jobs: List[Any]) -> None:
        assert ended[-1] is jobs[0] and set(ended) == set(jobs) and len(ended) == 3
        assert all(job.done for job in ended) and sum(job.error is not None for job in ended) == 1

    prompts = ["[slow] first", "second", "[fail] third"]
    with aigc.Client(keys) as client:
        jobs = [client.submit(*TENCENT, prompt=prompt) for prompt in prompts]
        check(list(aigc.as_completed([*jobs, jobs[0]])), jobs)
        assert list(aigc.as_completed([])) == [] and len(list(aigc.as_completed(jobs, timeout=0))) == 3
        never = client.submit(*TENCENT, prompt="[never]")
        with pytest.raises(aigc.WaitTimeoutError):
            list(aigc.as_completed([never], timeout=0.2))
        assert not never.done and never.token

    async def work() -> None:
        async with aio.Client(keys) as client:
            jobs = [client.submit(*TENCENT, prompt=prompt) for prompt in prompts]
            check([job async for job in aio.as_completed([*jobs, jobs[0]])], jobs)
            assert len([job async for job in aio.as_completed(jobs, timeout=0)]) == 3
            never = client.submit(*TENCENT, prompt="[never]")
            with pytest.raises(aigc.WaitTimeoutError):
                async for _ in aio.as_completed([never], timeout=0.2):
                    pass
            assert not client._waiters.get(never.id)
            while never.token is None:
                await asyncio.sleep(0.02)

    asyncio.run(work())


def test_result(sandbox: Any, keys: Dict[str, Any], tmp_path: Path) -> None:
    with aigc.Client(keys) as client:
        token = client.submit(*TENCENT, prompt="a cat", count=2).wait().token
        assert token is not None
        images = client.attach(token).result(timeout=30)
        assert len(images) == 2 and all(image.data for image in images)
        (one, two) = client.attach(token).result(out=tmp_path / "cat.*")
        assert Path(str(one.path)).read_bytes() == images[0].data and one.path != two.path
        with pytest.raises(aigc.WaitTimeoutError):
            client.submit(*TENCENT, prompt="[never]").result(timeout=0.1)

    async def work() -> None:
        async with aio.Client(keys) as client:
            found = await client.attach(str(token)).result(timeout=30)
            assert [image.data for image in found] == [image.data for image in images]

    asyncio.run(work())


@pytest.mark.parametrize("prompt", ["a cat", "[webp] cat"])
def test_pictures(sandbox: Any, keys: Dict[str, Any], tmp_path: Path, prompt: str) -> None:
    with aigc.Client(keys) as client:
        job = client.submit(*TENCENT, prompt=f"{prompt} [size:64x32]").wait()
        for download in (job.download(0), job.download(0, tmp_path / "file.*")):
            with pytest.raises(aigc.WrongStateError):
                if not download.done:
                    download.image()
                else:
                    raise aigc.WrongStateError("it was fast")
            picture = download.wait().image()
            assert picture.size == (64, 32) and picture.getpixel((1, 1)) is not None
            shown = download._repr_png_()
            assert shown is not None and PIL_Image.open(BytesIO(shown)).format == "PNG"
            assert PIL_Image.open(BytesIO(shown)).size == (64, 32)
            name = download.save(tmp_path / f"saved{download.id}.*")
            assert Path(name).suffix == {"image/png": ".png", "image/webp": ".webp", "image/jpeg": ".jpg"}[download.content_type]
            assert PIL_Image.open(name).size == (64, 32)
            before = Path(name).read_bytes()
            with pytest.raises(aigc.FileTakenError):
                download.save(name)
            Path(name).write_bytes(b"old")
            assert download.save(name, overwrite=True) == name and Path(name).read_bytes() == before
            for path, kind in (("/nowhere/x.png", aigc.FileError), (f"{tmp_path}/", aigc.InvalidArgumentError)):
                with pytest.raises(kind):
                    download.save(path)
        assert not [path for path in tmp_path.iterdir() if path.suffix == ".part"]
        memory = job.download(0).wait()
        memory.take()
        assert memory._repr_png_() is None
        with pytest.raises(aigc.WrongStateError, match="has no image"):
            memory.image()


def test_a_notebook_shows_a_list_of_images(sandbox: Any, keys: Dict[str, Any], tmp_path: Path) -> None:
    with aigc.Client(keys) as client:
        images = client.generate(*TENCENT, prompt="a cat", count=3)
        html = images._repr_html_()
    found = re.findall(r'src="data:(image/\w+);base64,([^"]+)"', html)
    assert [base64.b64decode(text) for _, text in found] == [image.data for image in images]
    assert isinstance(images, list) and images[0] in images


def test_nothing_heavy_is_imported() -> None:
    from support import python

    done = python("import aigc, sys; aigc.Client; sys.exit(any(name in sys.modules for name in ('PIL', 'base64', 'asyncio')))")
    assert done.returncode == 0

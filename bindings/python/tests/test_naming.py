"""File names: sensible, never over a file that is there, never out of the folder."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Optional

import pytest
from aigc import _naming
from aigc._cli.files import Files
from aigc.errors import FileError, InvalidArgumentError


class FakeJob:
    provider = "tencent"
    operation = "aigc_image"
    id = 7

    def __init__(self, remote_id: Optional[str]) -> None:
        self.remote_id = remote_id
        self.assets = [SimpleNamespace(index=0)]


def job(remote_id: Optional[str] = "4-AigcImage-0123456789abcdef") -> Any:
    return FakeJob(remote_id)


def test_default_name() -> None:
    assert _naming.stem(job(), 1, _naming.DEFAULT_TEMPLATE) == "tencent-aigc_image-6789abcdef-1"
    assert _naming.stem(job(None), 0, _naming.DEFAULT_TEMPLATE) == "tencent-aigc_image-7-0"


@pytest.mark.parametrize(
    "evil", ["../../etc/passwd", "/abs", "a/../b", "..", "", "\0", "a\nb", "C:\\x", "é" * 300, "-rf"]
)
def test_remote_ids_stay_in_the_folder(evil: str, tmp_path: Path) -> None:
    for template in (_naming.DEFAULT_TEMPLATE, "{remote_id}", "{id}", ".{remote_id}", "-{remote_id}"):
        (path,) = _naming.file_paths(tmp_path, job(evil), template)
        assert path is not None
        name = path[len(str(tmp_path)) + 1 :]
        assert "/" not in name and "\0" not in name and not name.startswith((".", "-")) and len(name) < 200
        assert name.endswith(".*") and len(name) > 2


@pytest.mark.parametrize(
    "bad", ["{nope}", "{index", "index}", "../{index}", "a/b", "", "..", "{provider.__class__}", "{}"]
)
def test_bad_templates(bad: str) -> None:
    with pytest.raises(InvalidArgumentError):
        _naming.check_template(bad)


def test_good_templates() -> None:
    for name in _naming.FIELDS:
        _naming.check_template("x-{%s}" % name)


@pytest.mark.parametrize("extension", _naming.EXTENSIONS)
def test_a_number_is_added(tmp_path: Path, extension: str) -> None:
    base = str(tmp_path / "cat")
    assert _naming.unused(base) == base + ".*"
    (tmp_path / f"cat.{extension}").touch()
    assert _naming.unused(base) == base + "-2.*"
    (tmp_path / f"cat-2.{extension}").symlink_to("/nowhere")
    assert _naming.unused(base) == base + "-3.*"


def test_out_is_a_folder(tmp_path: Path) -> None:
    files = Files(str(tmp_path / "new"), None, False)
    files.prepare()
    assert files.path(job(), 0, False) == str(tmp_path / "new" / "tencent-aigc_image-6789abcdef-0.*")


def test_out_is_a_folder_with_a_dot(tmp_path: Path) -> None:
    (tmp_path / "v1.2").mkdir()
    assert Files(str(tmp_path / "v1.2"), "x", False).path(job(), 0, False) == str(tmp_path / "v1.2" / "x.*")
    assert Files(str(tmp_path / "v1.3") + "/", "x", False).path(job(), 0, False) == str(tmp_path / "v1.3" / "x.*")


def test_out_is_a_file(tmp_path: Path) -> None:
    files = Files(str(tmp_path / "cat.png"), None, False)
    assert files.path(job(), 0, False) == str(tmp_path / "cat.png")
    assert files.path(job(), 0, False) == str(tmp_path / "cat-2.png")
    assert files.path(job(), 3, True) == str(tmp_path / "cat-3.png")
    assert Files(str(tmp_path / "cat.*"), None, False).path(job(), 0, False) == str(tmp_path / "cat.*")


def test_two_images_of_one_run_never_share_a_name(tmp_path: Path) -> None:
    for overwrite in (False, True):
        files = Files(str(tmp_path), "same", overwrite)
        assert files.path(job(), 0, True) == str(tmp_path / "same.*")
        assert files.path(job(), 1, True) == str(tmp_path / "same-2.*")


def test_overwrite(tmp_path: Path) -> None:
    (tmp_path / "cat.png").touch()
    assert Files(str(tmp_path / "cat.png"), None, True).path(job(), 0, False) == str(tmp_path / "cat.png")
    assert Files(str(tmp_path / "cat.png"), None, False).path(job(), 0, False) == str(tmp_path / "cat-2.png")


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileError):
        Files(str(tmp_path / "file" / "below"), None, False).prepare()

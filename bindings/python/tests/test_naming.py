"""File names: sensible, never over a file that is there, never out of the folder."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Optional

import pytest
from support import environment

from aigc import _naming
from aigc._naming import Files
from aigc.errors import AigcError, FileError, InvalidArgumentError


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
        (path,) = Files(tmp_path, template).paths(job(evil))
        assert path is not None
        name = path[len(str(tmp_path)) + 1 :]
        assert "/" not in name and "\0" not in name and not name.startswith((".", "-")) and len(name) < 200
        assert name.endswith(".*") and len(name) > 2


def test_targets_that_cannot_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "tencent-1-2.png")
    files = Files(tmp_path, "{provider}-1", overwrite=True)  # Two images of one name: the second gets a number.
    files.check_targets("tencent", "aigc_image", 1)
    for count in (2, None, 10**9):
        with pytest.raises(FileError, match="tencent-1-2.png is a pipe"):
            files.check_targets("tencent", "aigc_image", count)
    for others in (Files(tmp_path, "{provider}-1"), Files(tmp_path, "{provider}-1-2-{id}", overwrite=True)):
        others.check_targets("tencent", "aigc_image", 2)
    (tmp_path / "a.png").touch()
    files = Files(tmp_path / "a.png", overwrite=True)
    files.check_targets("tencent", "aigc_image", 1)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(FileError, match="a.png is a file that even its owner cannot change"):
        files.check_targets("tencent", "aigc_image", 1)
    (tmp_path / "a.png").chmod(0o444)
    monkeypatch.setattr(os, "geteuid", lambda: (tmp_path / "a.png").stat().st_uid or 1)
    files.check_targets("tencent", "aigc_image", 1)  # The folder decides about replacing it.


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
    def next_path() -> str:
        return Files(tmp_path, "cat").path(job(), 0, False)

    base = str(tmp_path / "cat")
    assert next_path() == base + ".*"
    (tmp_path / f"cat.{extension}").touch()
    assert next_path() == base + "-2.*"
    (tmp_path / f"cat-2.{extension}").symlink_to("/nowhere")
    assert next_path() == base + "-3.*"


@pytest.mark.parametrize("name", ["new", "results-v1.2", "v1.0.3", "a.b", "a.txt", "...", "png", "x.png/", ".pngx"])
def test_what_is_a_folder(tmp_path: Path, name: str) -> None:
    """The rule of aigc_job_download(): whether it is there or not."""
    files = Files(f"{tmp_path}/{name}", "x")
    files.prepare()
    assert (tmp_path / name).is_dir()
    assert files.path(job(), 0, False) == f"{tmp_path}/{name.rstrip('/')}/x.*"


@pytest.mark.parametrize(
    "name",
    ["x.png", "x.PNG", "x.jpeg", "x.jpg", "x.webp", "x.gif", "x.bmp", "x.*", "a.b.png", ".x.png", ".png", "..jpg", "-.*"],
)
def test_what_is_a_file(tmp_path: Path, name: str) -> None:
    files = Files(f"{tmp_path}/new/{name}")
    files.prepare()
    assert list((tmp_path / "new").iterdir()) == []
    assert files.path(job(), 0, False) == f"{tmp_path}/new/{name}"


@pytest.mark.parametrize("name", [".*", "..*", "...*", "a/.*"])
def test_a_suffix_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Fault 11: aigc_job_download() refuses such a path, which is found before anything is paid, and makes no folder."""
    monkeypatch.chdir(tmp_path)
    for out in (name, f"{tmp_path}/{name}"):
        with pytest.raises(InvalidArgumentError, match="without the name of a file") as caught:
            Files(out)
        assert caught.value.field == "out"
    assert list(tmp_path.iterdir()) == []


def test_standard_output_is_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users of curl expect it. A folder "-" is nobody's wish; one that is wished for has a "/"."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidArgumentError, match="nothing goes to standard output") as caught:
        Files("-")
    assert caught.value.field == "out" and list(tmp_path.iterdir()) == []
    for name in ("./-", "-/"):
        Files(name).prepare()
        assert (tmp_path / "-").is_dir()


def test_several_images_of_a_name_that_is_a_suffix(tmp_path: Path) -> None:
    files = Files(tmp_path / ".png")
    assert [files.path(job(), index, True) for index in (0, 1)] == [f"{tmp_path}/-0.png", f"{tmp_path}/-1.png"]
    (tmp_path / ".png").write_bytes(b"same")
    (tmp_path / "-2.png").write_bytes(b"same")
    assert files.keep_one(str(tmp_path / "-2.png")) == str(tmp_path / ".png")


def test_a_relative_path_stays_where_it_was_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for out, name in (("images", "images/x.*"), ("images/new.png", "images/new.png")):
        files = Files(out, "x")
        files.prepare()
        assert files.path(job(), 0, False) == name
        monkeypatch.chdir("/")
        assert Path(files.path(job(), 0, False)).parent == tmp_path / "images"
        monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "out, template",
    [
        ("x" * 300, None),  # too long
        ("é" * 130 + ".png", None),  # too long in bytes
        ("", "é" * 125),  # the same with what is added
        ("", "{remote_id}" * 4),
        ("a/" * 2100, None),
        ("", "x\udcff"),  # no UTF-8
        ("x\udcff.png", None),
        ("x\0y", None),
        ("", "x\ny"),
        ("file", None),
        ("file/x.png", None),
        ("folder.png", None),
        ("dangling/x.png", None),
    ],
)
def test_what_cannot_be_written_is_found_before(tmp_path: Path, out: str, template: Optional[str]) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "dangling").symlink_to("/nowhere/else")
    with pytest.raises(AigcError) as caught:
        Files(f"{tmp_path}/{out}", template).prepare()
    assert isinstance(caught.value, (FileError, InvalidArgumentError)), caught.value
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling", "file", "folder.png"]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="there is no /proc here")
def test_a_folder_that_takes_no_files() -> None:
    for out in ("/proc/self", "/proc/self/x.png", "/dev/null/x.png", "/dev/full"):
        with pytest.raises(FileError):
            Files(out).prepare()


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("unshare"), reason="unshare is missing")
def test_a_full_disk_is_found_before(tmp_path: Path) -> None:
    """A file system of 64 KiB, which is not full, but too small for an image."""
    code = f"""
import sys
from aigc._naming import Files
from aigc.errors import NoSpaceError
try:
    Files({str(tmp_path)!r}).prepare()
except NoSpaceError:
    sys.exit(7)
"""
    mount = f"mount -t tmpfs -o size=64k none {tmp_path} && exec {sys.executable} -c {shlex.quote(code)}"
    done = subprocess.run(["unshare", "-rm", "sh", "-c", mount], env=environment(), capture_output=True, text=True)
    if done.returncode == 1 and "unshare" in done.stderr:
        pytest.skip("there is no mount name space here")
    assert done.returncode == 7, done.stderr


def test_out_is_a_folder(tmp_path: Path) -> None:
    files = Files(str(tmp_path / "new"), None, False)
    files.prepare()
    assert files.path(job(), 0, False) == str(tmp_path / "new" / "tencent-aigc_image-6789abcdef-0.*")


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

"""pip install: the library inside the wheel, the tag, and the package in an empty environment."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import Optional

import pytest
from support import PACKAGE, environment


def run(*command: str, **variables: Optional[str]) -> "subprocess.CompletedProcess[str]":
    env = environment(**variables)
    env.pop("PYTHONPATH", None)
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=600)


def wheel(folder: Path, **variables: Optional[str]) -> Path:
    result = run(sys.executable, "-m", "pip", "wheel", "-v", "--no-deps", "-w", str(folder), str(PACKAGE), **variables)
    assert result.returncode == 0, result.stdout + result.stderr
    (made,) = folder.glob("*.whl")
    return made


def packaged(made: Path) -> "list[str]":
    with zipfile.ZipFile(made) as archive:
        return [name for name in archive.namelist() if "_lib/" in name]


def test_without_the_library(tmp_path: Path) -> None:
    made = wheel(tmp_path, AIGC_WITHOUT_LIBRARY="1", AIGC_LIBRARY=None)
    assert made.name.endswith("-py3-none-any.whl") and packaged(made) == []
    with zipfile.ZipFile(made) as archive:
        names = archive.namelist()
        points = archive.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()
    assert "aigc/py.typed" in names and "aigc/_cli/run.py" in names and not any(n.startswith("tests") for n in names)
    assert "aigc = aigc.cli:main" in points and "aigc-sandbox = aigc.sandbox.__main__:main" in points


def test_a_library_that_is_not_there(tmp_path: Path) -> None:
    result = run(
        sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", str(tmp_path), str(PACKAGE), AIGC_LIBRARY="/nowhere.so"
    )
    assert result.returncode != 0 and "AIGC_LIBRARY names /nowhere.so" in result.stdout + result.stderr


def test_in_an_empty_environment(library: str, tmp_path: Path) -> None:
    made = wheel(tmp_path)
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    assert made.name.endswith(f"-py3-none-{platform}.whl") and packaged(made) == ["aigc/_lib/libaigc.so.1"]
    venv.create(tmp_path / "env", with_pip=True)
    binaries = tmp_path / "env" / "bin"
    installed = run(str(binaries / "pip"), "install", "--no-index", str(made))
    assert installed.returncode == 0, installed.stderr
    command = run(str(binaries / "aigc"), "--version", AIGC_LIBRARY=None)
    assert command.returncode == 0 and command.stdout.startswith("libaigc 1."), command.stderr
    code = "import aigc; aigc.version(); print([l for l in open('/proc/self/maps') if 'libaigc' in l][0].split()[-1])"
    loaded = run(str(binaries / "python"), "-c", code, AIGC_LIBRARY=None).stdout.strip()
    assert os.path.realpath(loaded).startswith(os.path.realpath(str(tmp_path / "env"))), loaded


@pytest.mark.skipif(not os.access(PACKAGE, os.W_OK), reason="the source folder is read-only")
def test_editable(library: str, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    binaries = tmp_path / "env" / "bin"
    installed = run(str(binaries / "pip"), "install", "-e", str(PACKAGE), AIGC_WITHOUT_LIBRARY="1")
    assert installed.returncode == 0, installed.stderr
    assert run(str(binaries / "aigc"), "--version").returncode == 0

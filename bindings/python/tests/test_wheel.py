"""pip install: the library inside the wheel, the tag, and the package in an empty environment."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import Dict, Optional

import pytest
from support import PACKAGE, REPOSITORY, environment

pytestmark = pytest.mark.slow


def run(*command: str, **variables: Optional[str]) -> "subprocess.CompletedProcess[str]":
    env = environment(**variables)
    env.pop("PYTHONPATH", None)
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=600)


def wheel(folder: Path, package: Path = PACKAGE, **variables: Optional[str]) -> Path:
    result = run(sys.executable, "-m", "pip", "wheel", "-v", "--no-deps", "-w", str(folder), str(package), **variables)
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


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with this package and nothing built; on PATH a "swift" that notes its arguments and fails."""
    root = tmp_path / "repository"
    shutil.copytree(
        PACKAGE,
        root / "bindings" / "python",
        ignore=shutil.ignore_patterns("build", "_lib", "__pycache__", "*.egg-info", "tests"),
    )
    (root / "include").mkdir()
    (root / "include" / "aigc.h").touch()
    (root / "Package.swift").touch()
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "swift").write_text(
        '#!/bin/sh\necho "$@" >> "$NOTES"\n[ -n "$MAKES" ] || exit 3\n'
        'mkdir -p .build/release && cp "$MAKES" .build/release/libaigc.so\n'
    )
    (tools / "swift").chmod(0o755)
    return root


def in_repository(root: Path, **variables: Optional[str]) -> "Dict[str, Optional[str]]":
    tools = root.parent / "tools"
    return {"AIGC_LIBRARY": None, "PATH": f"{tools}:{os.environ['PATH']}", "NOTES": str(tools / "notes"), **variables}


def test_the_library_is_built(library: str, repository: Path, tmp_path: Path) -> None:
    package = repository / "bindings" / "python"
    made = wheel(tmp_path, package, **in_repository(repository, MAKES=library))
    assert packaged(made) == ["aigc/_lib/libaigc.so.1"]
    assert (tmp_path / "tools" / "notes").read_text() == "build -c release --product aigc\n"
    made.unlink()
    made = wheel(tmp_path, package, **in_repository(repository))  # Now it is ready: nothing is built.
    assert packaged(made) == ["aigc/_lib/libaigc.so.1"]
    assert (tmp_path / "tools" / "notes").read_text().count("build") == 1
    made.unlink()
    made = wheel(tmp_path, package, **in_repository(repository, AIGC_WITHOUT_LIBRARY="1"))
    assert packaged(made) == []  # And nothing is left from before.


def test_a_build_that_fails(repository: Path, tmp_path: Path) -> None:
    command = (sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", str(tmp_path))
    result = run(*command, str(repository / "bindings" / "python"), **in_repository(repository))
    text = result.stdout + result.stderr
    assert result.returncode != 0 and "swift build -c release --product aigc failed (3)" in text
    assert "AIGC_WITHOUT_LIBRARY=1" in text


def test_neither_library_nor_swift(repository: Path, tmp_path: Path) -> None:
    """A wheel without the library would install, and fail where it is used: one sentence says what to do instead."""
    (repository / "Package.swift").unlink()
    command = (sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", str(tmp_path))
    result = run(*command, str(repository / "bindings" / "python"), **in_repository(repository))
    text = result.stdout + result.stderr
    assert result.returncode != 0 and list(tmp_path.glob("*.whl")) == []
    (said,) = {line.strip() for line in text.splitlines() if "libaigc: there is no library to put into the wheel" in line}
    assert all(word in said for word in ("install Swift", "AIGC_LIBRARY=", "AIGC_WITHOUT_LIBRARY=1"))
    assert "Traceback" not in text


def moved(root: Path) -> None:
    """A .build that was made where the repository does not lie any more."""
    (root / ".build").mkdir()
    (root / ".build" / "release.yaml").write_text('  inputs: ["/before/the move/Sources/Core/Backoff.swift","/x"]\n')


def test_a_repository_that_was_moved(repository: Path, tmp_path: Path) -> None:
    moved(repository)
    command = (sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", str(tmp_path))
    result = run(*command, str(repository / "bindings" / "python"), **in_repository(repository))
    text = result.stdout + result.stderr
    assert result.returncode != 0 and "lay in /before/the move" in text and f"remove {repository / '.build'}" in text
    shell = f". {REPOSITORY}/bindings/c/prepare.sh; need_place {shlex.quote(str(repository))}"
    result = run("bash", "-c", shell)
    assert result.returncode == 1 and "/before/the move" in result.stderr and f"Remove {repository}/.build" in result.stderr
    text = (repository / ".build" / "release.yaml").read_text().replace("/before/the move", str(repository))
    (repository / ".build" / "release.yaml").write_text(text)
    assert run("bash", "-c", shell).returncode == 0
    shutil.rmtree(repository / ".build")
    assert run("bash", "-c", shell).returncode == 0


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

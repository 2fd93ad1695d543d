"""How the library is found, and what is said when it is not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from aigc import _native
from support import python

USE = """
import aigc
try:
    aigc.Client()
except ImportError as error:
    print(type(error).__name__, error)
"""


def build(folder: Path, source: str) -> str:
    compiler = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    if compiler is None:
        pytest.skip("there is no C compiler")
    (folder / "x.c").write_text(source)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(folder / "lib.so"), str(folder / "x.c")], check=True)
    return str(folder / "lib.so")


def test_a_missing_file() -> None:
    text = python(USE, AIGC_LIBRARY="/nowhere/libaigc.so").stdout
    assert text.startswith("LibraryLoadError")
    assert "AIGC_LIBRARY=/nowhere/libaigc.so: there is no such file" in text
    assert "Nothing else is tried" in text and "unset" in text


def test_every_place_is_listed(tmp_path: Path) -> None:
    # A copy of the package, so that a library beside this one is not found.
    from support import SOURCE

    shutil.copytree(SOURCE / "aigc", tmp_path / "aigc", ignore=shutil.ignore_patterns("_lib", "sandbox", "__pycache__"))
    text = python(USE, AIGC_LIBRARY=None, LD_LIBRARY_PATH=None, PYTHONPATH=str(tmp_path)).stdout
    if not text:
        pytest.skip("this system has a libaigc.so.1 of its own")
    assert f"{tmp_path}/aigc/_lib/libaigc.so.1: there is no such file" in text
    assert f"{tmp_path}/aigc/_lib/libaigc.so: there is no such file" in text
    assert "libaigc.so.1 (the system's library path): " in text
    assert "Install libaigc, or build it and set AIGC_LIBRARY" in text


def test_no_library_at_all(tmp_path: Path) -> None:
    (tmp_path / "lib.so").write_text("this is text\n" * 1000)
    text = python(USE, AIGC_LIBRARY=str(tmp_path / "lib.so")).stdout
    assert "LibraryLoadError" in text and "lib.so: invalid ELF header" in text


def test_another_library(tmp_path: Path) -> None:
    text = python(USE, AIGC_LIBRARY=build(tmp_path, "int other(void) { return 1; }")).stdout
    assert "this is not libaigc: it has no aigc_version_number" in text


@pytest.mark.parametrize("number, said", [(2000000, "it has version 2.0, and this package needs major version 1")])
def test_another_major_version(tmp_path: Path, number: int, said: str) -> None:
    path = build(tmp_path, "int aigc_version_number(void) { return %d; }" % number)
    assert said in python(USE, AIGC_LIBRARY=path).stdout


def test_an_older_minor_version(tmp_path: Path) -> None:
    path = build(tmp_path, "int aigc_version_number(void) { return 1003007; }")
    code = "from aigc import _native; _native.VERSION_MINOR = 4\n" + USE
    assert (
        "it has version 1.3, and this package needs 1.4 or a newer minor version"
        in python(code, AIGC_LIBRARY=path).stdout
    )


def test_a_function_is_missing(tmp_path: Path) -> None:
    number = _native.VERSION_MAJOR * 1000000 + _native.VERSION_MINOR * 1000
    path = build(tmp_path, "int aigc_version_number(void) { return %d; }" % number)
    said = "it lacks aigc_version_string, which version %d.%d has" % (_native.VERSION_MAJOR, _native.VERSION_MINOR)
    assert said in python(USE, AIGC_LIBRARY=path).stdout


def test_the_packaged_one_is_taken(library: str, tmp_path: Path) -> None:
    from support import SOURCE

    shutil.copytree(SOURCE / "aigc", tmp_path / "aigc", ignore=shutil.ignore_patterns("_lib", "sandbox", "__pycache__"))
    (tmp_path / "aigc" / "_lib").mkdir()
    shutil.copy(library, tmp_path / "aigc" / "_lib" / "libaigc.so.1")
    code = "import aigc; aigc.version(); print([l for l in open('/proc/self/maps') if 'libaigc' in l][0].split()[-1])"
    result = python(code, AIGC_LIBRARY=None, PYTHONPATH=str(tmp_path))
    assert result.stdout.strip() == str(tmp_path / "aigc" / "_lib" / "libaigc.so.1"), result.stderr


def test_a_missing_library_of_the_system_is_named_with_its_package() -> None:
    from aigc import _library

    failure = "/x/_lib/libaigc.so.1: libcurl.so.4: cannot open shared object file: No such file or directory"
    text = _library._explain([failure, "libaigc.so.1 (the system's library path): there is none"])
    assert "libcurl4" in text and "Fedora: libcurl" in text and "Alpine: libcurl" in text and "Install libaigc" not in text

"""The generate examples of the languages: what can be known before payment is found before payment."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Dict, List

import pytest
from support import environment, settings

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(params=["c", "cpp", "ruby", "php"])
def program(request: pytest.FixtureRequest, library: str, tmp_path: Path) -> List[str]:
    """The example as a command."""
    name: str = request.param
    if name in ("ruby", "php"):
        found = shutil.which(name)
        if not found or subprocess.run([found, "-e" if name == "ruby" else "-r", MODULES[name]]).returncode:
            pytest.skip(f"there is no {name} that can call C here")
        file = {"ruby": "ruby/examples/generate.rb", "php": "php/examples/generate.php"}[name]
        return [found, str(ROOT / "bindings" / file)]
    compiler = shutil.which("cc" if name == "c" else "c++")
    if not compiler:
        pytest.skip("there is no compiler here")
    (tmp_path / "lib").mkdir()
    for link in ("libaigc.so", "libaigc.so.1"):
        (tmp_path / "lib" / link).symlink_to(library)
    flags = ["-std=c99", f"{ROOT}/bindings/c/generate.c"] if name == "c" else ["-std=c++17", f"{ROOT}/bindings/cpp/generate.cpp"]
    build = [compiler, *flags, f"-I{ROOT}/include", f"-I{ROOT}/bindings/cpp", "-Wall", "-Wextra", "-Werror"]
    build += [f"-L{tmp_path}/lib", "-laigc", f"-Wl,-rpath,{tmp_path}/lib", "-o", str(tmp_path / "generate")]
    subprocess.run(build, check=True, timeout=120)
    return [str(tmp_path / "generate")]


MODULES = {"ruby": "require 'fiddle'", "php": "exit(extension_loaded('ffi') ? 0 : 1);"}


def run(program: List[str], keys: Dict[str, Any], library: str, *words: str) -> "subprocess.CompletedProcess[str]":
    options: List[str] = []
    for key, value in keys.items():
        options += ["-c", f"{key}={str(value).lower() if isinstance(value, bool) else value}"]
    environ = dict(environment(), AIGC_LIBRARY=library)
    return subprocess.run([*program, *options, *words], env=environ, capture_output=True, text=True, timeout=60)


def test_an_unusable_output_costs_nothing(sandbox: Any, library: str, program: List[str], tmp_path: Path) -> None:
    """Faults 2 and 7: it was found after the pictures had been paid for."""
    keys = settings(sandbox.info)
    (tmp_path / "file").touch()
    for output in ("missing/cat", "file/cat", "c" * 300, "/proc/self/cat"):
        done = run(program, keys, library, "tencent", "a cat", output if output[0] == "/" else f"{tmp_path}/{output}")
        assert done.returncode == 1, (output, done.stdout, done.stderr)
        assert "no image can be written" in done.stderr, done.stderr
    assert sandbox.stats()["jobs"] == []
    done = run(program, keys, library, "tencent", "a cat", f"{tmp_path}/cat")
    assert done.returncode == 0 and os.path.isfile(done.stdout.split("\n")[0]), done.stderr
    assert len(sandbox.stats()["jobs"]) == 1
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".part", "") and path.name.startswith("cat")]


def test_a_taken_name_costs_nothing(sandbox: Any, library: str, program: List[str], tmp_path: Path) -> None:
    """The examples in C and C++ number their files; in the others the id of the job is a part of the name."""
    if program[0] != str(tmp_path / "generate"):
        pytest.skip("its names hold the id of the job")
    (tmp_path / "cat-2.webp").touch()
    done = run(program, settings(sandbox.info), library, "tencent", "a cat", f"{tmp_path}/cat")
    assert done.returncode == 1 and "cat-2.webp: the file exists" in done.stderr
    assert sandbox.stats()["jobs"] == []


@pytest.mark.parametrize("output", ["/dev/full", "a pipe"])
def test_a_standard_output_that_takes_nothing(
    sandbox: Any, library: str, program: List[str], tmp_path: Path, output: str
) -> None:
    """The images are there, nobody was told where, and the exit status was 0."""
    options = [part for key, value in settings(sandbox.info).items() for part in ("-c", f"{key}={str(value).lower()}")]
    line = [*program, *options, "tencent", "a cat", f"{tmp_path}/cat"]
    environ = dict(environment(), AIGC_LIBRARY=library)
    if output == "a pipe":
        reader, writer = os.pipe()
        os.close(reader)
    else:
        writer = os.open(output, os.O_WRONLY)
    try:
        done = subprocess.run(line, env=environ, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60)
    finally:
        os.close(writer)
    assert done.returncode == 1, done
    (path,) = tmp_path.glob("cat-*.png")
    assert "standard output cannot be written" in done.stderr and str(path) in done.stderr, done.stderr
    assert "aigc1:tencent:" in done.stderr.partition("standard output cannot be written")[2], done.stderr


def test_a_count_that_is_no_number(sandbox: Any, library: str, program: List[str], tmp_path: Path) -> None:
    """The example in C took "abc" for 0."""
    if "cpp" in str(program) or len(program) > 1:
        pytest.skip("it has no option --count")
    for count in ("abc", "", "3x", "1.5", "99999999999999999999"):
        done = run([*program, "--count", count], settings(sandbox.info), library, "tencent", "a cat", f"{tmp_path}/cat")
        assert done.returncode == 2, (count, done.stderr)
    assert sandbox.stats()["jobs"] == []

"""One build step beyond pyproject.toml: puts a ready libaigc.so into the package, so that the wheel needs nothing else.

Where it comes from, in this order:
  1. the environment variable AIGC_LIBRARY, the path of a libaigc.so;
  2. .build/release/libaigc.so of the repository around this folder;
  3. "swift build -c release --product aigc" there, if swift is installed.
Otherwise the build ends with one sentence. AIGC_WITHOUT_LIBRARY=1 makes a wheel without the library, which looks for
libaigc.so.1 on the system.
"""

import os
import re
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Optional, Tuple

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
PACKAGED_NAME = "libaigc.so.1"


def say(text: str) -> None:
    print(f"libaigc: {text}", file=sys.stderr, flush=True)


@lru_cache(maxsize=None)
def library() -> Optional[Path]:
    """The library to put in, built if need be; None for a wheel without it."""
    if os.environ.get("AIGC_WITHOUT_LIBRARY") == "1":
        say("AIGC_WITHOUT_LIBRARY=1: a wheel without the library")
        return None
    named = os.environ.get("AIGC_LIBRARY")
    if named:
        path = Path(named).resolve()
        if not path.is_file():
            raise SystemExit(f"libaigc: AIGC_LIBRARY names {named}, and there is no such file")
        return path
    built = REPOSITORY / ".build" / "release" / "libaigc.so"
    in_repository = (REPOSITORY / "Package.swift").is_file() and (REPOSITORY / "include" / "aigc.h").is_file()
    if in_repository and built.is_file():
        return built
    if in_repository and shutil.which("swift"):
        build()
        return built
    raise SystemExit(
        "libaigc: there is no library to put into the wheel, and no Swift toolchain to build it with: install Swift 6.3 "
        "(https://www.swift.org/install), or name a ready libaigc.so with AIGC_LIBRARY=/path/to/libaigc.so, or set "
        "AIGC_WITHOUT_LIBRARY=1 for a package that looks for libaigc.so.1 on the system"
    )


def moved_from() -> Optional[str]:
    """Where the checkout lay when its .build was made, if that was elsewhere: Swift cannot continue there."""
    try:
        text = (REPOSITORY / ".build" / "release.yaml").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = re.search(r'"(/[^"]*)/Sources/Core/[^"/]*\.swift"', text)
    if found is None or (os.path.exists(found[1]) and os.path.samefile(found[1], REPOSITORY)):
        return None
    return found[1]


def build() -> None:
    """Builds the library in the repository, or ends with what to do."""
    command = ["swift", "build", "-c", "release", "--product", "aigc"]
    moved = moved_from()
    if moved:
        raise SystemExit(
            f"libaigc: .build was made when this checkout lay in {moved}, and Swift cannot build it here: remove "
            f"{REPOSITORY / '.build'} and repeat"
        )
    say(f"building the library: {' '.join(command)}")
    result = subprocess.run(command, cwd=REPOSITORY, stdout=sys.stderr)
    if result.returncode:
        raise SystemExit(
            f"libaigc: {' '.join(command)} failed ({result.returncode}). Fix it, or name a ready library with "
            "AIGC_LIBRARY, or set AIGC_WITHOUT_LIBRARY=1 for a wheel without it"
        )


class Package(Distribution):
    def has_ext_modules(self) -> bool:
        """With the library inside, the wheel belongs to one platform."""
        return library() is not None


class BuildPackage(build_py):
    def run(self) -> None:
        if not self.editable_mode:
            shutil.rmtree(Path(self.build_lib) / "aigc", ignore_errors=True)  # Modules that are no more.
        super().run()
        package = HERE / "src" / "aigc" if self.editable_mode else Path(self.build_lib) / "aigc"
        folder = package / "_lib"
        shutil.rmtree(folder, ignore_errors=True)
        source = library()
        if source is None:
            return
        folder.mkdir(parents=True)
        target = folder / PACKAGED_NAME
        shutil.copyfile(source, target)
        target.chmod(0o755)
        if shutil.which("strip"):
            subprocess.run(["strip", "--strip-unneeded", str(target)], check=True)
        say(f"with {source}, {target.stat().st_size // 1024} KiB")


class BuildWheel(bdist_wheel):
    """Tagged for any Python 3 on this kind of machine: the library is bound to the platform, and to no Python."""

    def get_tag(self) -> Tuple[str, str, str]:
        python, abi, platform = super().get_tag()
        return (python, abi, platform) if self.root_is_pure else ("py3", "none", platform)


setup(distclass=Package, cmdclass={"build_py": BuildPackage, "bdist_wheel": BuildWheel})

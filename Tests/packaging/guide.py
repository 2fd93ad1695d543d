"""Runs every code block of the guide and the READMEs, in the order of the page, as a reader would, against a sandbox.

Programs run as they are printed: the environment leads them to the sandbox, whose proxy takes the clouds' own names there.
A block that is a whole program must end with 0, say something, complain of nothing, and leave no image but those that the
sandbox drew. One that submits is run twice more: with images that come damaged it must fail and tell the job's token, and
on Ctrl-C while the answer to its submission is on the way, and while the job runs, it must tell of the job. Comments above
a block, which GitHub does not show, say what else is to be done with it:

    <!-- in: NAME -->       it is a part of a program: Tests/packaging/guide/NAME is the rest, and what it must do
                            (.c includes "block.c", .py imports block)
    <!-- file: NAME -->     it is a file of the reader's, which a later block builds and runs
    <!-- run by: STEP -->   that step of Tests/run.sh runs exactly this
    <!-- not run: WHY -->   it cannot run here

A block with a journal is killed while its job runs, instead of being interrupted, and run again: it must give its picture,
and no second job. Blocks in other languages than C and Python are whole programs; they run where their tools are installed.

usage: guide.py [PAGE]...     through run.sh --only guide; words of the pages' names, for some of them

A block without a way to run is a failure. Each block runs in an empty folder; those that name bindings/ run in the root
of the project. What "pip install" has put into the empty environment of a page stays for the rest of the page.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional

from aigc.sandbox.testing import SandboxProcess

ROOT = Path(__file__).resolve().parents[2]
CONTEXTS = ROOT / "Tests" / "packaging" / "guide"
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "bindings" / "guide").glob("*.md")),
    ROOT / "bindings" / "python" / "README.md",
]
WORK = Path(os.environ["AIGC_GUIDE_WORK"])
PREFIX = Path(os.environ["AIGC_GUIDE_PREFIX"])
INSTALLS = os.environ.get("AIGC_GUIDE_INSTALLS") == "yes"
NOT_RUN_AT_MOST = 3
CRATE = """[package]
name = "block"
version = "0.1.0"
edition = "2021"

[dependencies]
aigc = { path = "%s" }
"""
# The compilers' own folders: what they have built of other tests need not be built again.
CACHES = Path(os.environ.get("AIGC_PACKAGING", str(WORK)))


IMAGES = (".png", ".jpg", ".webp", ".gif", ".bmp")


# What the blocks of a language need to run, and the files that they are.
NEEDED = {"cpp": "c++", "go": "go", "rust": "cargo", "ruby": "ruby", "php": "php", "js": "node", "java": "javac",
          "csharp": "mcs"}
INTERPRETED = {"ruby": "block.rb", "php": "block.php", "js": "block.js", "java": "Block.java", "csharp": "Block.cs"}
SUBMITS = r"aigc_client_submit\(|\.submit\(|\.Submit\(|\.generate\(|\baigc_?[iI]mage\("
DOWNLOADS = r"aigc_job_download\(|\.download\(|->download\(|\.Download\(|\.generate\("


class Block(NamedTuple):
    """A block of code, and the comments above it."""

    page: Path
    line: int
    language: str
    code: str
    marks: Dict[str, str]

    @property
    def place(self) -> str:
        """As a person would name it."""
        return "%s:%d" % (self.page.relative_to(ROOT), self.line)


def blocks(page: Path) -> List[Block]:
    """Those of a page that have a language."""
    lines = page.read_text(encoding="utf-8").split("\n")
    found = []
    start: Optional[int] = None
    for number, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if start is None:
            start = number
            continue
        marks = {}
        above = start - 1
        while above >= 0 and (mark := re.fullmatch(r"<!-- ([a-z ]+?)(?:: (.*))? -->", lines[above])):
            marks[mark.group(1)] = mark.group(2) or ""
            above -= 1
        if lines[start] != "```":
            code = "\n".join(lines[start + 1 : number]) + "\n"
            found.append(Block(page, start + 1, lines[start][3:], code, marks))
        start = None
    return found


class Failure(Exception):
    """What is wrong, with more below it."""


class Reader:
    """Somebody who follows a page."""

    def __init__(self, page: Path, box: SandboxProcess) -> None:
        self.page = page
        self.box = box
        name = str(page.relative_to(ROOT)).replace("/", "-").removesuffix(".md")
        self.folder = WORK / "pages" / name
        self.home = self.folder / "home"
        self.home.mkdir(parents=True)
        self.files: Dict[str, str] = {}
        self.installed = False  # by a block of the page, where the system looks
        self.venv: Optional[Path] = None
        # The command as the reader has it, where the page installs none.
        self.commands = self.folder / "commands"
        self.commands.mkdir()
        (self.commands / "aigc").write_text('#!/bin/sh\nexec "%s" -m aigc "$@"\n' % sys.executable)
        (self.commands / "aigc").chmod(0o755)

    def environment(self) -> Dict[str, str]:
        """Of a user who has credentials, and whose network is the sandbox's proxy."""
        info = self.box.info
        made = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "https_proxy": info["proxy"],
            "http_proxy": info["proxy"],
            "SSL_CERT_FILE": info["ca_file"],
            "TENCENTCLOUD_SECRET_ID": info["tencent"]["secret_id"],
            "TENCENTCLOUD_SECRET_KEY": info["tencent"]["secret_key"],
            "ALIBABA_CLOUD_ACCESS_KEY_ID": info["alibaba"]["access_key_id"],
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": info["alibaba"]["access_key_secret"],
            "AIGC_TEST_CONTROL": info["control"],
        }
        if not self.installed:
            made["PKG_CONFIG_PATH"] = str(PREFIX / "lib" / "pkgconfig")
            made["LD_LIBRARY_PATH"] = str(PREFIX / "lib")
        if not self.venv:
            made["PATH"] = "%s:%s" % (self.commands, made["PATH"])
        if self.venv:
            made["PATH"] = "%s:%s" % (self.venv / "bin", made["PATH"])
        else:
            made["AIGC_LIBRARY"] = str(PREFIX / "lib" / "libaigc.so.1")
            made["PYTHONPATH"] = str(ROOT / "bindings" / "python" / "src")
        return made

    def run(self, command: List[str], folder: Path, environment: Dict[str, str], limit: float = 300) -> str:
        """What it said; anything but success and silence on standard error is a failure."""
        try:
            said = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                timeout=limit,
            )
        except subprocess.TimeoutExpired:
            raise Failure("it did not end within %d seconds" % limit) from None
        if said.returncode != 0 or (said.stderr and command[0] != "bash"):
            raise Failure("it ended with %d: %s" % (said.returncode, (said.stderr or said.stdout).strip()))
        return said.stdout

    def python(self) -> str:
        """The Python of the page."""
        return str(self.venv / "bin" / "python") if self.venv else sys.executable

    def build(self, source: Path) -> Path:
        """A program, by the command that the guide gives."""
        program = source.with_suffix("")
        line = 'cc -std=gnu11 -Wall -Wextra -Werror "$1" -I "$2" $(pkg-config --cflags --libs aigc) -o "$3"'
        command = ["sh", "-euc", line, "sh", source.name, str(CONTEXTS), str(program)]
        self.run(command, source.parent, self.environment())
        return program

    def program(self, block: Block, folder: Path) -> List[str]:
        """The command that runs a whole program of the page; compiled languages are built as their packages say."""
        if block.language == "python":
            (folder / "block.py").write_text(block.code, encoding="utf-8")
            return [self.python(), "-W", "error", str(folder / "block.py")]
        if block.language == "c":
            source = folder / "block.c"
            source.write_text('#line %d "%s"\n%s' % (block.line + 1, block.page.relative_to(ROOT), block.code))
            return [str(self.build(source))]
        # Compilers keep their things in the home of whoever runs the tests.
        environment = {**self.environment(), "HOME": os.environ.get("HOME", "/")}
        for proxy in ("http_proxy", "https_proxy", "SSL_CERT_FILE"):
            environment.pop(proxy, None)
        needed = NEEDED[block.language]
        asked = [needed, "version" if needed == "go" else "--version"]
        if shutil.which(needed) is None or subprocess.run(asked, capture_output=True).returncode:
            raise Skip("there is no %s that runs" % needed)
        if block.language in INTERPRETED:
            return self.interpreted(block, folder, environment)
        if block.language == "cpp":
            (folder / "block.cpp").write_text(block.code, encoding="utf-8")
            line = "c++ -std=c++17 -Wall -Wextra -Werror block.cpp $(pkg-config --cflags --libs aigc) -pthread -o block"
            self.run(["sh", "-euc", line], folder, environment)
        elif block.language == "go":
            (folder / "main.go").write_text(block.code, encoding="utf-8")
            environment.update(GOFLAGS="-mod=mod", GOPROXY="off", GOTOOLCHAIN="local", GOCACHE=str(CACHES / "go"))
            line = 'go mod init block && go mod edit -require=aigc@v1.0.0 -replace="aigc=$1" && go build -o block .'
            quiet = "{ %s; } >go.log 2>&1 || { cat go.log; exit 1; }" % line
            self.run(["bash", "-euc", quiet, "bash", str(ROOT / "bindings" / "go")], folder, environment, 900)
        else:
            (folder / "src").mkdir()
            (folder / "src" / "main.rs").write_text(block.code, encoding="utf-8")
            (folder / "Cargo.toml").write_text(CRATE % (ROOT / "bindings" / "rust"), encoding="utf-8")
            environment.update(CARGO_NET_OFFLINE="true", CARGO_TARGET_DIR=str(folder / "target"), RUSTFLAGS="-D warnings")
            line = "cargo build --quiet && mv target/debug/block . && rm -r target"
            self.run(["bash", "-euc", line], folder, environment, 900)
        return [str(folder / "block")]

    def interpreted(self, block: Block, folder: Path, environment: Dict[str, str]) -> List[str]:
        """A program of a language that has a page of its own. The reader has the binding as the page says."""
        bindings = ROOT / "bindings"
        made = CACHES / "guide-bindings" / block.language
        file = folder / INTERPRETED[block.language]
        file.write_text(block.code, encoding="utf-8")
        if block.language == "ruby":
            return ["ruby", "-w", "-I", str(bindings / "ruby"), str(file)]
        if block.language == "php":
            path = "include_path=.:%s" % (bindings / "php")
            return ["php", "-d", path, "-d", "error_reporting=-1", "-d", "display_errors=stderr", str(file)]
        build = str(bindings / {"js": "node"}.get(block.language, block.language) / "build.sh")
        if block.language == "js":
            modules = made / "node_modules"
            modules.mkdir(parents=True, exist_ok=True)
            if not (modules / "aigc").exists():
                (modules / "aigc").symlink_to(bindings / "node")
            self.run(["bash", build, "--to", str(made / "aigc.node")], folder, environment)
            return ["env", "NODE_PATH=%s" % modules, "AIGC_ADDON=%s" % (made / "aigc.node"), "node", str(file)]
        self.run(["bash", build, "--to", str(made)], folder, environment)
        if block.language == "csharp":
            reference = "-r:%s" % (made / "Aigc.dll")
            self.run(["mcs", "-langversion:7", "-warnaserror", reference, "-out:block.exe", file.name], folder, environment)
            return ["env", "MONO_PATH=%s" % made, "mono", str(folder / "block.exe")]
        classes = "%s:%s" % (made / "aigc.jar", os.environ.get("JNA", "/usr/share/java/jna.jar"))
        self.run(["javac", "-Xlint:all", "-Werror", "-cp", classes, "-d", ".", file.name], folder, environment)
        return ["java", "-cp", "%s:%s" % (folder, classes), "Block"]

    def follow(self, block: Block) -> None:
        """Do what the block says."""
        self.box.clear_faults()
        folder = self.folder / ("line%d" % block.line)
        folder.mkdir()
        for name, text in self.files.items():
            (folder / name).write_text(text, encoding="utf-8")
        before = set(folder.rglob("*"))
        context = block.marks.get("in")
        if context:
            self.in_context(block, CONTEXTS / context, folder)
            return
        command = [] if block.language == "sh" else self.program(block, folder)
        before = set(folder.rglob("*"))
        said = self.run(command, folder, self.environment()) if command else self.shell(block, folder)
        if not said.strip() and "install" not in block.code:
            raise Failure("it said nothing")
        self.only_images(set(folder.rglob("*")) - before)
        if command and re.search(SUBMITS, block.code):
            has_journal = "journal.path" in block.code
            if re.search(DOWNLOADS, block.code):
                where = self.empty(folder, "fails") if has_journal else folder
                self.fails(command, where, "" if has_journal else "aigc1:")
            if has_journal:
                self.killed(command, self.empty(folder, "killed"))
            else:
                for on_the_wire in (True, False):
                    self.interrupted(command, folder, on_the_wire)

    @staticmethod
    def empty(folder: Path, name: str) -> Path:
        """A folder for another run of a program that keeps a journal in its working folder."""
        made = folder / name
        made.mkdir()
        return made

    def killed(self, command: List[str], folder: Path) -> None:
        """A program with a journal is killed while its job runs, and run again: one job, one picture."""
        self.box.call("POST", "/reset")
        before = self.box.config()["duration"]
        self.box.config(duration=4.0)
        process = subprocess.Popen(
            command, cwd=folder, env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        )
        try:
            end = time.monotonic() + 60
            while not self.box.requests("DescribeAigcImageTask") and process.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
            ended = process.poll()
        finally:
            process.kill()
            said, _ = process.communicate()
            self.box.config(duration=before)
        if ended is not None or not self.box.requests("DescribeAigcImageTask"):
            raise Failure("it was to be killed while its job ran; it ended before with %s: %s" % (ended, said))
        files = set(folder.rglob("*"))
        said = self.run(command, folder, self.environment())
        made = [job["id"] for job in self.box.stats()["jobs"]]
        if len(made) != 1:
            raise Failure("killed and run again it made %d jobs: %s" % (len(made), said))
        pictures = set(folder.rglob("*")) - files
        self.only_images(pictures)
        if not any(path.suffix in IMAGES for path in pictures):
            raise Failure("killed and run again it left no picture: %s" % said)

    def fails(self, command: List[str], folder: Path, tells: str) -> None:
        """The same program where no image comes whole."""
        self.box.call("POST", "/reset")
        self.box.fault("garbage_body", "asset", times=1000)
        before = set(folder.rglob("*"))
        said = subprocess.run(
            command, cwd=folder, env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", timeout=300,
        )
        self.box.clear_faults()
        damaged = [path for path in new(folder, before) if path.suffix in IMAGES]
        if said.returncode == 0 or tells not in said.stdout or damaged:
            raise Failure("with damaged images it ended with %d: %s" % (said.returncode, said.stdout))

    def interrupted(self, command: List[str], folder: Path, on_the_wire: bool) -> None:
        """The same program on Ctrl-C."""
        self.box.call("POST", "/reset")
        before = self.box.config()["duration"]
        self.box.config(duration=3600.0)
        if on_the_wire:
            self.box.fault("delay_after", "CreateAigcImageTask", times=10, ms=700)
        process = subprocess.Popen(
            command, cwd=folder, env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        try:
            end = time.monotonic() + 60
            asks = "CreateAigcImageTask" if on_the_wire else "DescribeAigcImageTask"
            while not self.box.requests(asks) and process.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=30)
        finally:
            process.kill()
            process.wait()
            self.box.clear_faults()
            self.box.config(duration=before)
        made = [job["id"] for job in self.box.stats()["jobs"]]
        if not made or process.returncode == 0 or any(job not in said for job in made):
            when = "on the wire" if on_the_wire else "while the job ran"
            raise Failure("interrupted %s it ended with %d: %s" % (when, process.returncode, said))

    def shell(self, block: Block, folder: Path) -> str:
        """A block of commands. NAME=... stands for the reader's own value, which the environment has."""
        environment = self.environment()
        code = re.sub(r"\b(\w+)=\.\.\.", lambda m: "%s=%s" % (m.group(1), environment[m.group(1)]), block.code)
        if "Tests/run.sh" in code or "quickstart.sh" in code:
            raise Failure("this is a step of Tests/run.sh: say so above it")
        if "pip install" in code:
            if self.venv is None:
                self.venv = self.folder / "venv"
                venv.create(self.venv, with_pip=True)
            # The package index is reached as this machine reaches it, not through the sandbox.
            environment = {**os.environ, "PATH": "%s:%s" % (self.venv / "bin", os.environ["PATH"])}
            environment.pop("PYTHONPATH", None)
        elif "bindings/c/install.sh" in code:
            if not INSTALLS:
                raise Skip("this needs root and overlay mounts")
            environment = {**environment, "HOME": os.environ.get("HOME", "/")}  # where the toolchain has its things
            self.installed = True
        where = ROOT if "bindings/" in code else folder
        return self.run(["bash", "-euo", "pipefail", "-c", code], where, environment, 900)

    def in_context(self, block: Block, context: Path, folder: Path) -> None:
        """A part of a program, with the rest of it."""
        if not context.is_file():
            raise Failure("there is no %s" % context.relative_to(ROOT))
        self.box.call("POST", "/reset")  # faults of the block before too, if it has not come to meet them
        for fault in re.findall(r"^(?:/\*|#) fault: (\w+) (\w+)", context.read_text(encoding="utf-8"), re.M):
            self.box.fault(*fault)
        suffix = context.suffix
        if suffix != {"c": ".c", "python": ".py"}[block.language]:
            raise Failure("%s is no context for it" % context.name)
        text = block.code
        if suffix == ".c":
            text = '#line %d "%s"\n%s' % (block.line + 1, block.page.relative_to(ROOT), text)
        (folder / ("block" + suffix)).write_text(text, encoding="utf-8")
        shutil.copy(context, folder / ("test" + suffix))
        command = [str(self.build(folder / "test.c"))] if suffix == ".c" else [self.python(), "-W", "error", "test.py"]
        said = self.run(command, folder, self.environment())
        if said.strip().split("\n")[-1] != "as the text says":
            raise Failure("%s did not come to its end: %s" % (context.name, said))

    def only_images(self, made: "set[Path]") -> None:
        """What a whole program leaves behind is what the sandbox drew."""
        stats = self.box.stats()
        drawn = set()
        for path in sorted(made):
            if path.suffix not in IMAGES:
                continue
            if not drawn:
                drawn = {
                    self.box.image(job["provider"], job["id"], index)
                    for job in stats["jobs"]
                    for index in range(job.get("images", 1))
                }
            if path.read_bytes() not in drawn:
                raise Failure("%s is not what was drawn" % path.name)


def new(folder: Path, before: "set[Path]") -> "set[Path]":
    """What has come into a folder."""
    return set(folder.rglob("*")) - before


class Skip(Exception):
    """Why a block does not run here."""


def steps() -> List[str]:
    """The steps of Tests/run.sh."""
    command = ["bash", str(ROOT / "Tests" / "run.sh"), "--list"]
    return subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout.split()


def run_elsewhere(block: Block, step: str) -> None:
    """The step is there, and it or what makes its environment names each thing of the project that the block names."""
    if step not in steps():
        raise Failure("there is no step %s" % step)
    script = (ROOT / "Tests" / "run.sh").read_text(encoding="utf-8")
    body = re.search(r"^step_%s\(\) \{.*?(?:^\}| \})$" % step, script, re.M | re.S)
    known = (
        (body.group() if body else "") + (ROOT / "bindings" / "c" / "prepare.sh").read_text(encoding="utf-8") + script
    )
    for thing in re.findall(r"bindings/[\w./\[\],-]+", block.code):
        if thing not in known:
            raise Failure("step %s does not run %s" % (step, thing))


def results(box: SandboxProcess) -> Iterator[str]:
    """One line a block."""
    left_out = 0
    for page in PAGES:
        if sys.argv[1:] and not any(word in str(page) for word in sys.argv[1:]):
            continue
        reader = Reader(page, box)
        for block in blocks(page):
            name = "guide: %s" % block.place
            start = time.monotonic()
            try:
                if "not run" in block.marks:
                    left_out += 1
                    raise Skip(block.marks["not run"] or "no reason is given")
                if "run by" in block.marks:
                    run_elsewhere(block, block.marks["run by"])
                    yield "ok - %s is run by step %s" % (name, block.marks["run by"])
                    continue
                if "file" in block.marks:
                    reader.files[block.marks["file"]] = block.code
                    later = [b for b in blocks(page) if b.line > block.line and b.language == "sh"]
                    if not any(block.marks["file"] in b.code for b in later):
                        raise Failure("no block after it builds %s" % block.marks["file"])
                    yield "ok - %s is built and run by a block after it" % name
                    continue
                reader.follow(block)
                yield "ok - %s runs (%.1f s)" % (name, time.monotonic() - start)
            except Skip as why:
                yield "ok - %s # SKIP %s" % (name, why)
            except Failure as why:
                first, _, rest = str(why).partition("\n")
                yield "not ok - %s: %s" % (name, first)
                yield from ("#   " + line for line in rest.split("\n") if line)
    used = {block.marks.get("in") for page in PAGES for block in blocks(page)} | {"guide.h"}
    for stray in sorted(path.name for path in CONTEXTS.iterdir() if path.is_file() and path.name not in used):
        yield "not ok - guide: no block is in Tests/packaging/guide/%s" % stray
    if left_out > NOT_RUN_AT_MOST:
        yield "not ok - guide: %d blocks are not run, %d may be" % (left_out, NOT_RUN_AT_MOST)


def main() -> int:
    """Follow all pages."""
    bad = False
    options = ("--duration", "0.4", "--rate", "0", "--asset-scheme", "https", "--asset-host", "images.sandbox.test")
    with SandboxProcess(*options) as box:
        for line in results(box):
            bad = bad or line.startswith("not ok")
            print(line, flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

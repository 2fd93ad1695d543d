#!/usr/bin/env python3
"""The guide tests itself: its code compiles, its table of errors is whole, and what it names and links to exists.

usage: guide.py [LIBRARY]

C blocks are compiled by gcc as strict C99, C++ blocks by g++ as C++17. Go and Rust blocks are read by gofmt and rustfmt
where these are installed. Python blocks are compiled; with LIBRARY those behind the comment
"<!-- runs without a network -->" are also run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator, List, NamedTuple, Tuple

from tap import ROOT, Report, where

import header

GUIDE = ROOT / "bindings" / "guide"
PAGES = sorted(GUIDE.glob("*.md"))
READ = PAGES + [ROOT / "README.md"]
FLAGS = ["-std=c99", "-pedantic", "-Wall", "-Werror", "-fsyntax-only"]
# A language that nobody looks at would be a hole.
LANGUAGES = {"c", "cpp", "csharp", "go", "java", "js", "php", "python", "ruby", "rust", "sh"}
UNCHECKED = {""}  # drawings and trees
RUNS = "<!-- runs without a network -->"
TEXT = header.HEADER.read_text(encoding="utf-8")


class Block(NamedTuple):
    """A code block and the place of its fence."""

    path: Path
    line: int
    language: str
    code: str
    runs: bool

    @property
    def place(self) -> str:
        """As a person would name it."""
        return where(self.path, self.line)


def blocks() -> Iterator[Block]:
    """All of them."""
    for path in READ:
        lines = path.read_text(encoding="utf-8").split("\n")
        start = None
        for number, line in enumerate(lines):
            if not line.startswith("```"):
                continue
            if start is None:
                start = number
                continue
            above = start
            while above > 0 and lines[above - 1].startswith("<!-- "):
                above -= 1
            runs = RUNS in lines[above:start]
            yield Block(path, start + 1, lines[start][3:].strip(), "\n".join(lines[start + 1 : number]) + "\n", runs)
            start = None
        if start is not None:
            yield Block(path, start + 1, "unfinished", "", False)


def languages(found: List[Block]) -> Iterator[str]:
    """Blocks that no rule below looks at."""
    for block in found:
        if block.language not in LANGUAGES | UNCHECKED:
            yield "%s: a block of %r, which is not checked" % (block.place, block.language)


def not_c(found: List[Block]) -> Iterator[str]:
    """C blocks that gcc does not take. One call for all of them, and its complaints are sorted by file."""
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for number, block in enumerate(found):
            file = Path(folder) / ("block%d.c" % number)
            # Complaints then name the page and its line.
            file.write_text('#line %d "%s"\n%s' % (block.line + 1, block.path.relative_to(ROOT), block.code))
            files[str(file)] = block
        said = subprocess.run(
            ["gcc", *FLAGS, "-I%s" % (ROOT / "include"), *files], stderr=subprocess.PIPE, universal_newlines=True
        )
        errors = [line for line in said.stderr.split("\n") if re.search(r"\b(?:error|warning):", line)]
        yield from errors
        if said.returncode != 0 and not errors:
            yield "gcc ended with %d: %s" % (said.returncode, said.stderr[:200])


def not_cpp(found: List[Block]) -> Iterator[str]:
    """C++ blocks that g++ does not take."""
    folders = ["-I%s" % (ROOT / "include"), "-I%s" % (ROOT / "bindings" / "cpp")]
    for block in found:
        text = '#line %d "%s"\n%s' % (block.line + 1, block.path.relative_to(ROOT), block.code)
        said = subprocess.run(
            ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *folders, "-x", "c++", "-"],
            input=text, stderr=subprocess.PIPE, universal_newlines=True,
        )
        if said.returncode != 0:
            errors = [line for line in said.stderr.split("\n") if re.search(r"\b(?:error|warning):", line)]
            yield "%s: %s" % (block.place, (errors or [said.stderr])[0])


def not_formatted(found: List[Block], *command: str) -> Iterator[str]:
    """Blocks that a formatter cannot read, or would write in another way."""
    for block in found:
        said = subprocess.run(
            command, input=block.code, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True
        )
        if said.returncode != 0:
            yield "%s: %s" % (block.place, said.stderr.strip().split("\n")[0])
        elif said.stdout != block.code:
            yield "%s: %s writes it in another way" % (block.place, command[0])


def not_taken(found: List[Block], name: str, *command: str) -> Iterator[str]:
    """Blocks that a compiler or an interpreter does not take as a file of that name."""
    for block in found:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / name).write_text(block.code, encoding="utf-8")
            said = subprocess.run(
                command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True
            )
            if said.returncode != 0:
                lines = [line for line in said.stdout.strip().split("\n") if name in line] or [said.stdout]
                yield "%s: %s" % (block.place, lines[0])


def further() -> Iterator[Tuple[str, str, str, List[str]]]:
    """Languages with a page of their own: name, fence, file, and the command that reads the file."""
    bindings = ROOT / "bindings"
    jna = os.environ.get("JNA", "/usr/share/java/jna.jar")
    sources = sorted(str(path) for path in (bindings / "csharp" / "src").glob("*.cs"))
    yield "Node.js", "js", "block.js", ["node", "--check", "block.js"]
    yield "PHP", "php", "block.php", ["php", "-d", "error_reporting=-1", "-l", "block.php"]
    yield "Ruby", "ruby", "block.rb", ["ruby", "-wc", "block.rb"]
    if os.path.exists(jna):
        places = ["-cp", jna, "-sourcepath", str(bindings / "java" / "src" / "main" / "java")]
        yield "Java", "java", "Block.java", ["javac", "-Xlint:all", "-Werror", "-d", ".", *places, "Block.java"]
    else:
        yield "Java", "java", "Block.java", ["jna.jar"]
    yield "C#", "csharp", "Block.cs", ["mcs", "-langversion:7", "-warnaserror", "-out:block.exe", "Block.cs", *sources]


def not_python(found: List[Block]) -> Iterator[str]:
    """Python blocks that do not compile."""
    for block in found:
        try:
            compile("\n" * block.line + block.code, str(block.path.relative_to(ROOT)), "exec")
        except SyntaxError as error:
            yield "%s: line %s: %s" % (block.place, error.lineno, error.msg)


def not_sh(found: List[Block]) -> Iterator[str]:
    """Shell blocks that bash cannot read."""
    for block in found:
        said = subprocess.run(["bash", "-n"], input=block.code, stderr=subprocess.PIPE, universal_newlines=True)
        if said.returncode != 0:
            yield "%s: %s" % (block.place, said.stderr.strip())


def failing(found: List[Block], library: str) -> Iterator[str]:
    """Python blocks that need no network and fail."""
    environment = dict(
        os.environ, AIGC_LIBRARY=os.path.abspath(library), PYTHONPATH=str(ROOT / "bindings" / "python" / "src"),
        PYTHONDONTWRITEBYTECODE="1",
    )
    with tempfile.TemporaryDirectory() as folder:
        for block in found:
            said = subprocess.run(
                [sys.executable, "-W", "error", "-c", block.code], cwd=folder, env=environment, timeout=60,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
            )
            if said.returncode != 0 or said.stderr:
                why = said.stderr.strip() or "ended with %d" % said.returncode
                yield "%s: %s" % (block.place, why.split("\n")[-1])


def works(program: str) -> bool:
    """Whether a program is there and runs: a rustup without a toolchain has a rustfmt that does not."""
    if shutil.which(program) is None:
        return False
    said = subprocess.run([program, "-h" if program == "gofmt" else "--version"], capture_output=True)
    return program == "gofmt" or said.returncode == 0


def statuses() -> Iterator[str]:
    """Status codes without a row of their own in the table of errors.md, or with two, and rows of none."""
    names = re.findall(r"^    (AIGC_OK|AIGC_E_\w+) = \d+", TEXT, re.M)
    rows = re.findall(r"^\| `(AIGC_\w+)` \|(.*)\|$", (GUIDE / "errors.md").read_text(encoding="utf-8"), re.M)
    if len(names) < 30:
        yield "only %d codes of the header were understood" % len(names)
    for name in names:
        count = sum(1 for row, _ in rows if row == name)
        if count != 1:
            yield "errors.md has %d rows for %s" % (count, name)
    for name, rest in rows:
        if name not in names:
            yield "errors.md has a row for %s, which does not exist" % name
        if len([cell for cell in rest.split("|") if cell.strip()]) != 3:
            yield "errors.md: the row of %s does not have its four cells" % name


def anchors(path: Path) -> List[str]:
    """The names that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.M)
    return [re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings]


def broken_links() -> Iterator[str]:
    """Links to files, folders and headings that do not exist, and pages that the index does not have."""
    for path in READ:
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            file = (path.parent / name) if name else path
            if not file.exists():
                yield "%s: there is no %s" % (path.relative_to(ROOT), target)
            elif anchor and anchor not in anchors(file):
                yield "%s: %s has no heading %s" % (path.relative_to(ROOT), name, anchor)
    index = (GUIDE / "README.md").read_text(encoding="utf-8")
    for page in PAGES:
        if page.name != "README.md" and "](%s)" % page.name not in index:
            yield "the index does not have %s" % page.name


def unknown_names() -> Iterator[str]:
    """Functions, constants and configuration keys that the guide names and that do not exist."""
    known = set(re.findall(r"\b(?:aigc|AIGC)_\w+", TEXT))
    metrics = ROOT / "bindings" / "python" / "src" / "aigc" / "prometheus.py"
    known |= set(re.findall(r'"(aigc_\w+)"', metrics.read_text(encoding="utf-8")))
    table = (ROOT / "Sources" / "AigcABI" / "ConfigTable.swift").read_text(encoding="utf-8")
    keys = set(re.findall(r'ConfigKey\(\s*"([a-z0-9_.]+)"', table))
    # A row that is not in the list cannot be set.
    declared = set(re.findall(r"static let (\w+) = \w+Key\(", table))
    for name in sorted(declared - set(re.findall(r"\w+Key\.(\w+)\.row", table))):
        yield "the configuration key %s is not in ConfigKey.all" % name
    if len(keys) < 30:
        yield "only %d configuration keys were understood" % len(keys)
    families = {key.split(".")[0] for key in keys}
    for page in PAGES:
        for number, line in enumerate(page.read_text(encoding="utf-8").split("\n"), 1):
            for name in re.findall(r"`(?:const )?((?:aigc|AIGC)_\w+)", line):
                if name not in known | {"AIGC_LIBRARY", "AIGC_JOURNAL", "AIGC_PROFILE", "AIGC_CONFIG_FILE"}:
                    yield "%s: there is no %s" % (where(page, number), name)
            for word in re.findall(r"`([a-z]+(?:\.[a-z0-9_]+)+)`", line):
                if word.split(".")[0] in families and word not in keys:
                    yield "%s: there is no key %s" % (where(page, number), word)


def wrong_defaults(library: str) -> Iterator[str]:
    """Defaults that the guide gives, as `KEY` (NUMBER ...), `KEY` is NUMBER or a row of a table, and that are others."""
    import ctypes

    describe = ctypes.CDLL(os.path.abspath(library)).aigc_config_describe
    out = [ctypes.c_char_p() for _ in range(3)]
    defaults = {}
    while describe(ctypes.c_size_t(len(defaults)), *[ctypes.byref(o) for o in out], None) == 0:
        defaults[(out[0].value or b"").decode()] = (out[2].value or b"").decode()
    said = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        said += [(page, *pair) for pair in re.findall(r"`([a-z]+(?:\.[a-z0-9_]+)+)`(?: \(|\s+is )(-?\d[\d,]*)", text)]
        for keys, values in re.findall(r"^\| ((?:`[a-z0-9._]+`(?:, )?)+) \| ([\w, ]+) \|", text, re.M):
            names = re.findall(r"`([^`]+)`", keys)
            numbers = values.split(", ")
            said += [(page, *pair) for pair in zip(names, numbers if len(numbers) > 1 else numbers * len(names))
                     if names[0] in defaults]
    for page, key, value in said:
        if defaults.get(key, "").replace(",", "") != value.replace(",", ""):
            yield "%s: the default of %s is %s, not %s" % (page.name, key, defaults.get(key, "none"), value)
    if len(said) < 12:
        yield "only %d defaults were understood" % len(said)


def main() -> int:
    """Look."""
    report = Report()
    found = list(blocks())
    of = {language: [b for b in found if b.language == language] for language in LANGUAGES}
    report.rule("every code block of the guide has a language that is checked", languages(found))
    name = "C blocks of guide and README compile (%d)" % len(of["c"])
    if shutil.which("gcc"):
        report.rule(name, not_c(of["c"]))
    else:
        report.skip(name, "there is no gcc")
    for language, command, compiler in (
        ("C++", "cpp", "g++"), ("Go", "go", "gofmt"), ("Rust", "rust", "rustfmt"),
    ):
        name = "%s blocks of guide and README can be read (%d)" % (language, len(of[command]))
        style = ("--edition", "2021", "--config-path", str(ROOT / "bindings" / "rust"))
        arguments = {"rustfmt": ("rustfmt", *style), "gofmt": ("gofmt",)}.get(compiler, ())
        if not works(compiler):
            report.skip(name, "there is no %s that runs" % compiler)
        else:
            report.rule(name, not_formatted(of[command], *arguments) if arguments else not_cpp(of[command]))
    for language, fence, file, command in further():
        name = "%s blocks of guide and README are taken (%d)" % (language, len(of[fence]))
        if shutil.which(command[0]) is None:
            report.skip(name, "there is no %s" % command[0])
        else:
            report.rule(name, not_taken(of[fence], file, *command))
    report.rule("Python blocks of guide and README compile (%d)" % len(of["python"]), not_python(of["python"]))
    report.rule("shell blocks of guide and README can be read (%d)" % len(of["sh"]), not_sh(of["sh"]))
    if len(sys.argv) > 1:
        offline = [b for b in of["python"] if b.runs]
        report.rule("Python blocks that need no network run (%d)" % len(offline), failing(offline, sys.argv[1]))
        report.rule("defaults that the guide gives are the library's", wrong_defaults(sys.argv[1]))
    report.rule("errors.md has one row for each status code", statuses())
    report.rule("what the guide links to exists", broken_links())
    report.rule("what the guide names exists", unknown_names())
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

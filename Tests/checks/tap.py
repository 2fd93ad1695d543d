"""TAP lines for the checks, and the few things about the tree that several of them ask."""

from __future__ import annotations

import fnmatch
import re
import subprocess
import sys
from pathlib import Path
from typing import Iterable, Iterator, List, Tuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "tools"))


class Report:
    """Collects facts; a list of complaints makes one of them."""

    def __init__(self) -> None:
        self.failed = False

    def rule(self, name: str, complaints: Iterable[str]) -> None:
        """`ok - name`, or `not ok - name: what and where` with every complaint below it."""
        found = list(complaints)
        if not found:
            print("ok - " + name)
            return
        self.failed = True
        more = " (and %d more)" % (len(found) - 1) if len(found) > 1 else ""
        print("not ok - %s: %s%s" % (name, found[0], more))
        for complaint in found[1:50]:
            print("#   " + complaint)

    def skip(self, name: str, why: str) -> None:
        """A rule that cannot be looked at here."""
        print("ok - %s # SKIP %s" % (name, why))

    def warn(self, complaints: Iterable[str]) -> None:
        """A warning that fails nothing."""
        for complaint in complaints:
            print("# warning: " + complaint)

    def end(self) -> int:
        """The exit status."""
        return 1 if self.failed else 0


def exported(*patterns: str) -> List[Path]:
    """The files of a tree without git: all that no build and no tool has made."""
    made = {".build", ".venv", ".git", "__pycache__", "node_modules", "target", ".pytest_cache", ".mypy_cache"}
    found = [p for p in sorted(ROOT.rglob("*")) if not made & set(p.relative_to(ROOT).parts) and p.suffix != ".egg-info"]
    names = [(p, str(p.relative_to(ROOT))) for p in found if p.is_file() and not p.is_symlink()]

    def wanted(name: str) -> bool:
        return any(fnmatch.fnmatch(name, one) or name.startswith(one.rstrip("/") + "/") for one in patterns)

    return [p for p, name in names if not patterns or wanted(name)]


def tracked(*patterns: str) -> List[Path]:
    """The files that git knows, and those that it does not yet know but does not ignore."""
    if not (ROOT / ".git").exists():
        return exported(*patterns)
    out = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns],
        check=True, stdout=subprocess.PIPE,
    ).stdout.decode()
    paths = [ROOT / name for name in out.split("\0") if name]
    return [p for p in dict.fromkeys(paths) if p.is_file() and not p.is_symlink()]


def where(path: Path, line: int) -> str:
    """A place, as a person would name it."""
    return "%s:%d" % (path.relative_to(ROOT), line)


def swift_code(text: str) -> str:
    """Swift source without comments and text literals, with all line numbers kept."""
    dropped = re.compile(r'//[^\n]*|/\*.*?\*/|#*"""\n.*?"""#*|#"(?:[^"\n]|"(?!#))*"#|"(?:\\.|[^"\\\n])*"', re.S)

    def shortened(match: "re.Match[str]") -> str:
        literal = '""' if match.group()[0] in '"#' else ""
        return literal + "\n" * match.group().count("\n")

    return dropped.sub(shortened, text)


def unexplained(path: Path, mark: str) -> Iterator[Tuple[int, str, str]]:
    """The lines of a Swift file without a comment `// mark: why` beside or above them: number, code alone, the line."""
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    comment = "// %s: " % mark
    for number, code in enumerate(swift_code(text).split("\n"), 1):
        above = lines[number - 2].strip() if number > 1 else ""
        if comment not in lines[number - 1] and not above.startswith(comment):
            yield number, code, lines[number - 1].strip()


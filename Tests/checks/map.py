#!/usr/bin/env python3
"""The map in Sources/README.md and the figures of the engine: files that exist, ways that stay short, types that stay small,
classes that say which thread runs them."""

from __future__ import annotations

import re
import sys
from typing import Dict, Iterator, List

from tap import ROOT, Report, tracked

MAP = ROOT / "Sources" / "README.md"
MOST_LINES = 120
STOPS = {"From `aigc_client_submit()` to libcurl:": 25, "From the answer to `aigc_job_wait()`:": 20}
CORE_LINES, CORE_PROPERTIES, MOST_PROPERTIES = 500, 15, 20
TYPE = re.compile(r"^(?:@\S+ |public |final |private |fileprivate |indirect )*(class|struct|extension) ([\w.]+)")
PROPERTY = re.compile(
    r"^(?:@\S+ |(?:public|private|fileprivate|internal|weak|unowned|lazy|nonisolated\(unsafe\)) |"
    r"(?:private|fileprivate|internal)\(set\) )*(?:let|var) (\w+)")
KIND = re.compile(
    r"^\s*(?:@\w+ |public |open |final |private |fileprivate |package |indirect )*(class|protocol) (?!var |func )(\w+)(.*)")
PATH = re.compile(r"`([\w/]+/[\w/]+\.swift)`")


def stops(text: str, heading: str) -> List[str]:
    """The files of one numbered list."""
    found: List[str] = []
    for line in text.split(heading, 1)[-1].split("\n")[2:]:
        match = re.match(r"\d+\. `([^`]+)`", line)
        if not match:
            break
        found.append(match.group(1))
    return found


def missing(text: str) -> Iterator[str]:
    """Files that the map names and that are not there."""
    for name in dict.fromkeys(PATH.findall(text)):
        if not (ROOT / "Sources" / name).is_file():
            yield name


def properties() -> Dict[str, int]:
    """Stored properties of each type of Engine, by the formatted source: what stands one level inside a type."""
    counts: Dict[str, int] = {}
    for path in tracked("Sources/Engine/*.swift", "Sources/Engine/**/*.swift"):
        inside: List[str] = []  # the type that each open indentation belongs to; "" is code
        for line in path.read_text(encoding="utf-8").split("\n"):
            bare = line.strip()
            if not bare or bare.startswith("//"):
                continue
            depth = (len(line) - len(line.lstrip())) // 4
            del inside[depth:]
            kind = TYPE.match(bare)
            if depth == len(inside) and all(inside) and kind and kind.group(1) != "extension":
                inside.append(".".join(inside[-1:] + [kind.group(2)]))
                counts.setdefault(inside[-1], 0)
                continue
            if depth == len(inside) and inside and all(inside):
                match = PROPERTY.match(bare)
                # A computed property opens a block and assigns nothing; `static` is no property of a value.
                if match and not re.search(r"^[^=]*\{", bare):
                    counts[inside[-1]] += 1
            while len(inside) <= depth:
                inside.append("")
    return counts


def classes_without_thread() -> Iterator[str]:
    """Classes of which no comment says which thread runs them or which lock guards them. The comment of a superclass or of
    a protocol counts, and the compiler checks a class that is Sendable."""
    parents: Dict[str, List[str]] = {}
    says: Dict[str, bool] = {}
    classes: Dict[str, str] = {}
    for path in tracked("Sources/*.swift", "Sources/**/*.swift"):
        lines = path.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines):
            match = KIND.match(line)
            if not match:
                continue
            kind, name, rest = match.groups()
            start = number
            while start and lines[start - 1].strip().startswith(("///", "@")):
                start -= 1
            end = number + 1
            while end < len(lines) and lines[end].strip().startswith("//"):
                end += 1
            head = " ".join(text for text in lines[start:end] if text.strip().startswith("//"))
            says[name] = says.get(name, False) or re.search(r"\b(threads?|lock)\b", head, re.I) is not None
            bases = re.findall(r"@?\w+(?: \w+)?", rest.partition("{")[0])
            parents.setdefault(name, []).extend(base.strip() for base in bases)
            if kind == "class" and "Sendable" not in bases:
                classes[name] = "%s:%d: %s" % (path.relative_to(ROOT), number + 1, name)

    def told(name: str) -> bool:
        return says.get(name, False) or any(told(base) for base in parents.get(name, []) if base != name)

    for name, place in classes.items():
        if not told(name):
            yield place + ': write "Engine thread.", "Any thread." or the name of its lock above it'


def modules_without_comment() -> Iterator[str]:
    """Modules whose purpose does not stand where people look first: at the top of the file with the module's name."""
    sources = ROOT / "Sources"
    files = tracked("Sources/*.swift", "Sources/**/*.swift")
    for module in sorted({path.relative_to(sources).parts[0] for path in files} - {"aigc"}):
        own = [path for path in files if path.stem == module and path.relative_to(sources).parts[0] == module]
        if len(own) != 1 or not own[0].read_text(encoding="utf-8").startswith("// %s: " % module):
            yield 'Sources/%s: begin its file %s.swift with "// %s: ..."' % (module, module, module)


def lines_of_core() -> int:
    """Lines of EngineCore and of every extension of it."""
    total = 0
    for path in tracked("Sources/Engine/*.swift", "Sources/Engine/**/*.swift"):
        text = path.read_text(encoding="utf-8")
        if re.search(r"^(?:final class|extension) EngineCore\b", text, re.M):
            total += text.count("\n")
    return total


def main() -> int:
    """Look at the map and count."""
    report = Report()
    text = MAP.read_text(encoding="utf-8")
    count = text.count("\n")
    report.rule("the map has at most %d lines" % MOST_LINES, ["%d" % count] if count > MOST_LINES else [])
    report.rule("every file of the map is there", missing(text))
    report.rule("every module says at the top of its own file what it is for", modules_without_comment())
    for heading, most in STOPS.items():
        found = stops(text, heading)
        print("# %s %d files" % (heading, len(found)))
        report.rule("at most %d files: %s" % (most, heading.strip(":")),
                    ["%d stand there" % len(found)] if not 0 < len(found) <= most else [])
    counts = properties()
    core, lines = counts.get("EngineCore", 0), lines_of_core()
    print("# EngineCore: %d lines, %d stored properties" % (lines, core))
    print("# most stored properties: " + ", ".join(
        "%s %d" % (name, number) for name, number in sorted(counts.items(), key=lambda item: -item[1])[:6]))
    report.rule("EngineCore has at most %d lines" % CORE_LINES, ["%d" % lines] if lines > CORE_LINES else [])
    report.rule("EngineCore has at most %d stored properties" % CORE_PROPERTIES,
                ["%d" % core] if not 0 < core <= CORE_PROPERTIES else [])
    report.rule("no type of Engine has more than %d stored properties" % MOST_PROPERTIES,
                ["%s has %d: put some that belong together into a value" % item
                 for item in counts.items() if item[1] > MOST_PROPERTIES])
    report.rule("every class says which thread runs it, or names its lock", classes_without_thread())
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

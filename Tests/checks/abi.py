#!/usr/bin/env python3
"""Compares the interface with what was recorded when each version of the header was settled (Tests/abi/VERSION/).

    abi.py compare [LIBRARY]    one line a rule; what is new is listed with its version
    abi.py record LIBRARY       records the header as it is now, for the version that it says; with --again behind it also
                                if that takes away from what was recorded
    abi.py stub HEADER          C code of a library with that header's functions, for abidiff and for linking

What is compared is what a program can hold on to (bindings/ABI.md): functions with their types, names of types, the value
of every constant, exported symbols with their version, and the words that travel as strings: configuration keys,
operations, and fields of requests.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, Iterator, List, Optional

from tap import ROOT, Report

import header

RECORDS = ROOT / "Tests" / "abi"
OF_THE_HEADER = ("function", "constant", "type")
OF_THE_LIBRARY = ("symbol", "key", "operation", "field")


def shape(text: str) -> str:
    """A type or a prototype in one way of writing."""
    text = re.sub(r"\s+", " ", text.strip())
    return re.sub(r" ?(\*+) ?", r" \1", text).strip()


def values(path: Path) -> Dict[str, str]:
    """The value of every constant, asked of a C compiler where there is one; otherwise read."""
    text = header.strip_comments(path.read_text(encoding="utf-8"))
    names = re.findall(r"^\s+(AIGC_\w+) = -?\w+,?\s*$", text, re.M)
    macros = re.findall(r"^#define (AIGC_\w+) +(\S.*)$", text, re.M)
    words = {name: value for name, value in macros if value.startswith('"')}
    numbers = names + [name for name, value in macros if name not in words]
    if shutil.which("cc") is None:
        found = {name: value for name, value in macros}
        found.update(re.findall(r"^\s+(AIGC_\w+) = (-?\w+),?\s*$", text, re.M))
        return {name: re.sub(r"[()]|int64_t", "", value) for name, value in found.items()}
    lines = ["#include <stdio.h>", '#include "%s"' % path, "int main(void) {"]
    lines += ['printf("%s %%lld %%zu\\n", (long long)(%s), sizeof(%s));' % (n, n, n) for n in numbers] + ["return 0; }"]
    with tempfile.TemporaryDirectory() as work:
        program = os.path.join(work, "values")
        subprocess.run(["cc", "-x", "c", "-", "-o", program], input="\n".join(lines).encode(), check=True)
        said = subprocess.run([program], check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
    found = {}
    for line in said.splitlines():
        name, value, size = line.split()
        found[name] = "%s (%s bytes)" % (value, size)
    found.update(words)
    return found


def interface(path: Path) -> Dict[str, str]:
    """What a header promises: kind and name, and what must not change about it."""
    text = header.strip_comments(path.read_text(encoding="utf-8"))
    found = {}
    for f in header.functions(path):
        parameters = ", ".join(shape(p.type) for p in f.parameters) or "void"
        found["function " + f.name] = "%s (%s)" % (shape(f.result), parameters)
    for name, value in values(path).items():
        if not name.startswith("AIGC_VERSION_"):
            found["constant " + name] = value
    for declaration in re.findall(r"^typedef ([^;{]+);", text, re.M):
        function = re.search(r"\(\*(\w+)\)", declaration)
        name = function.group(1) if function else declaration.split()[-1]
        found["type " + name] = shape(declaration)
    for name in re.findall(r"^struct (\w+) \{|^typedef struct \w* ?\{", text, re.M):
        found["struct " + name] = "has a body"
    return found


def words(library: ctypes.CDLL) -> Dict[str, str]:
    """The strings that are part of the interface, as the library lists them."""
    found: Dict[str, str] = {}
    out = [ctypes.c_char_p() for _ in range(4)]
    places = [ctypes.byref(o) for o in out]
    required = ctypes.c_int32()

    def read(*chosen: int) -> List[str]:
        return [(out[i].value or b"").decode() for i in chosen]

    index = 0
    while library.aigc_config_describe(ctypes.c_size_t(index), *places) == 0:
        key, kind = read(0, 1)
        found["key " + key] = kind
        index += 1
    index = 0
    operations = []
    while library.aigc_operation_at(ctypes.c_size_t(index), *places) == 0:
        provider, operation, kind = read(0, 1, 2)
        found["operation %s %s" % (provider, operation)] = kind
        operations.append((provider, operation))
        index += 1
    for provider, operation in operations:
        index = 0
        arguments = provider.encode(), operation.encode()
        while library.aigc_request_describe(
            *arguments, ctypes.c_size_t(index), places[0], places[1], ctypes.byref(required), places[2], places[3]
        ) == 0:
            name, kind = read(0, 1)
            found["field %s %s %s" % (provider, operation, name)] = kind + (" required" if required.value else "")
            index += 1
    return found


def exported(library: str) -> List[str]:
    """The symbols with their version nodes."""
    said = subprocess.run(["nm", "-D", "--defined-only", library], check=True, stdout=subprocess.PIPE, encoding="utf-8")
    return sorted(line.split()[-1] for line in said.stdout.splitlines() if "@" in line)


def stub(path: Path) -> str:
    """C code with the same functions."""
    lines = ['#include "%s"' % path.resolve()]
    for f in header.functions(path):
        parameters = ", ".join("%s %s" % p for p in f.parameters) or "void"
        lines.append("%s %s(%s) { %s }" % (f.result, f.name, parameters, header.nothing(f.result)))
    return "\n".join(lines) + "\n"


def load(path: Path) -> Dict[str, str]:
    """A recorded interface."""
    pairs = (line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines() if line)
    return {name: what for name, what in pairs}


def own_comment(name: str, text: str) -> str:
    """What the header says about one constant: beside it in an enumeration, or in its line of the comment above."""
    for enumeration in header.enumerations():
        for constant in enumeration.constants:
            if constant.name == name:
                return constant.comment
    line = re.search(r"^ \* %s\b((?:.*\n(?! \* AIGC_| \*/|/\*))*.*)" % name, text, re.M)
    return line.group() if line else ""


def since(name: str) -> str:
    """The version that brought a function or a constant, as the header says."""
    versions = header.since()
    if name in versions:
        return versions[name]
    text = header.HEADER.read_text(encoding="utf-8")
    said = re.search(r"\b[Ss]ince (\d+\.\d+)", own_comment(name, text))
    if said:
        return said.group(1)
    at = re.search(r"\b%s\b" % re.escape(name), re.sub(r"/\*.*?\*/", lambda m: " " * len(m.group()), text, flags=re.S))
    before = re.findall(r"Since (\d+\.\d+)", text[: at.start()]) if at else []
    return before[-1] if before else "?"


def worse(kind: str, old: str, new: str) -> bool:
    """Whether a change breaks programs. Choices may gain a member, and a field may become optional."""
    if old == new:
        return False
    if kind == "field" and old == new + " required":
        return False
    if kind == "key" and old.startswith("choice: ") and new.startswith("choice: "):
        return not set(old[8:].split("|")) <= set(new[8:].split("|"))
    return True


def broken(old: Dict[str, str], new: Dict[str, str]) -> Iterator[str]:
    """What is gone or different."""
    for name, what in old.items():
        if name not in new:
            yield "%s is gone (it was: %s)" % (name, what)
        elif worse(name.split()[0], what, new[name]):
            yield "%s was %s, and is %s" % (name, what, new[name])


def records() -> List[Path]:
    """The recorded versions, oldest first."""
    found = [p for p in RECORDS.iterdir() if (p / "aigc.h").exists()]
    return sorted(found, key=lambda p: [int(n) for n in p.name.split(".")])


def by_abidiff(record: Path) -> Optional[List[str]]:
    """What abidiff says about the two headers, each as a library that does nothing. None where it is not installed."""
    if shutil.which("abidiff") is None or shutil.which("cc") is None:
        return None
    with tempfile.TemporaryDirectory() as work:
        files = []
        for name, path in (("old", record / "aigc.h"), ("new", header.HEADER)):
            target = os.path.join(work, name + ".so")
            # The version script names the soname's node, as the real one does.
            Path(work, name + ".map").write_text("AIGC_1 { global: aigc_*; local: *; };\n", encoding="utf-8")
            subprocess.run(
                ["cc", "-g", "-shared", "-fPIC", "-w", "-x", "c", "-", "-o", target, "-Wl,-soname,libaigc.so.1",
                 "-Wl,--version-script=" + os.path.join(work, name + ".map")],
                input=stub(path).encode(), check=True,
            )
            files.append(target)
        said = subprocess.run(
            ["abidiff", "--no-show-locs", "--no-added-syms", *files], check=False, stdout=subprocess.PIPE, encoding="utf-8"
        )
    if said.returncode:  # a change of what was there, or abidiff could not do its work
        return [line.strip() for line in said.stdout.splitlines() if line.strip()] or ["ended with %d" % said.returncode]
    return []


def record(library: str, again: bool) -> None:
    """Write down the interface of now. What has been released can only be added to."""
    folder = RECORDS / ".".join(header.version().split(".")[:2])
    everything = dict(interface(header.HEADER), **words(ctypes.CDLL(library)))
    everything.update(("symbol " + s, "exported") for s in exported(library))
    if (folder / "interface.txt").exists() and not again:
        lost = list(broken(load(folder / "interface.txt"), everything))
        if lost:
            raise SystemExit("abi.py: not recorded: %s (--again, if %s is not released)" % ("; ".join(lost), folder.name))
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(header.HEADER, folder / "aigc.h")
    lines = sorted("%s\t%s\n" % pair for pair in everything.items())
    (folder / "interface.txt").write_text("".join(lines), encoding="utf-8")
    print("recorded %d things in %s" % (len(lines), folder.relative_to(ROOT)))


def wrong_versions(found: List[Path], now: Dict[str, str], current: str) -> Iterator[str]:
    """Functions and constants of the header that another version brought than the header says."""
    brought: Dict[str, str] = {}
    for folder in found:
        for name in load(folder / "interface.txt"):
            brought.setdefault(name, folder.name)
    for name in sorted(now):
        kind, word = name.split(" ", 1)
        version = brought.get(name, current)
        if kind in ("function", "constant") and since(word) != version:
            form = "(since %s)" if kind == "constant" else "the sentence Since %s."
            yield "%s came with %s, and its comment in include/aigc.h says %s: write %s there" % (
                word, version, since(word), form % version)


def compare(library: Optional[str]) -> int:
    """One rule for each kind of thing and each recorded version."""
    report = Report()
    found = records()
    report.rule("an interface is recorded", [] if found else ["run Tests/checks/abi.sh --record LIBRARY"])
    now = interface(header.HEADER)
    report.rule("the header shows no body of a struct", [n for n in now if n.startswith("struct ")])
    if library:
        now.update(words(ctypes.CDLL(library)))
        now.update(("symbol " + s, "exported") for s in exported(library))
    kinds = OF_THE_HEADER + (OF_THE_LIBRARY if library else ())
    for folder in found:
        old = {n: w for n, w in load(folder / "interface.txt").items() if n.split()[0] in kinds}
        if not any(n.startswith("function ") for n in old):
            report.rule("interface %s is recorded" % folder.name, ["its interface.txt has no function"])
        for kind in kinds:
            mine = {n: w for n, w in old.items() if n.split()[0] == kind}
            report.rule("every %s of %s is as it was (%d)" % (kind, folder.name, len(mine)), broken(mine, now))
        same = interface(folder / "aigc.h")
        differs = [n for n in same if old.get(n) != same[n]] + [n for n in old if n.split()[0] in
                   OF_THE_HEADER and n not in same]
        report.rule("header and list of %s are one record" % folder.name, differs)
        said = by_abidiff(folder)
        if said is None:
            report.skip("abidiff against %s" % folder.name, "there is no abidiff here (Debian: abigail-tools)")
        else:
            report.rule("abidiff against %s" % folder.name, said)
    last = load(found[-1] / "interface.txt") if found else {}
    current = ".".join(header.version().split(".")[:2])
    for name in sorted(set(now) - set(last)):
        kind, word = name.split(" ", 1)
        version = since(word) if kind in OF_THE_HEADER else current
        print("# new since %s was recorded: %s (since %s)" % (found[-1].name if found else "nothing", name, version))
    if found:
        report.rule("functions and constants say the version that brought them", wrong_versions(found, now, current))
    return report.end()


def main() -> int:
    """Do what was asked for."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["compare"] and len(arguments) <= 2:
        return compare(arguments[1] if len(arguments) == 2 else None)
    if arguments[:1] == ["record"] and len(arguments) in (2, 3) and arguments[2:] in ([], ["--again"]):
        record(arguments[1], len(arguments) == 3)
    elif arguments[:1] == ["stub"] and len(arguments) == 2:
        sys.stdout.write(stub(Path(arguments[1])))
    else:
        raise SystemExit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main())

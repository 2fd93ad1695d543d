#!/usr/bin/env python3
"""Writes the man pages of include/aigc.h: libaigc(3), one for each comment of the header, and links for other names.

usage: man.py HEADER FOLDER     FOLDER becomes what man(1) calls man3

A page for each function is what a C programmer's editor and fingers ask for; Doxygen would make one for each group.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

import header
from header import Block, Function, Header, Item

# Of a name with a mark behind it the mark is not bold.
NAME = re.compile(r"\b((?:aigc|AIGC)_\w+)(\(\)|\*)?")


def escaped(text: str) -> str:
    """Text that troff takes as it is."""
    text = (
        text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha").replace("~", "\\(ti")
    )
    return re.sub(r"^\.", r"\\&.", text, flags=re.M)


def hyphens(text: str) -> str:
    """Words are joined by hyphens; options, numbers and names have a minus."""
    return re.sub(r"(?<=[A-Za-z])\\-(?=[a-z]{2})", "-", text)


def running(text: str, parameters: Set[str]) -> str:
    """Running text: names bold, parameters that cannot be words of English in italics."""
    out = []
    at = 0
    # A parameter is meant where its name is no word, where it is dereferenced, and where it opens a sentence about it.
    odd = "|".join(sorted(p for p in parameters if "_" in p)) or r"(?!)"
    every = "|".join(sorted(parameters)) or r"(?!)"
    pattern = re.compile(r"%s|(?<![\w.])(%s)\b|(?<![\w*])\*(%s)\b|^(%s)(?=: )" % (NAME.pattern, odd, every, every))
    for match in pattern.finditer(text):
        out.append(hyphens(escaped(text[at : match.start()])))
        at = match.end()
        name, mark = match.group(1), match.group(2) or ""
        if name:
            out.append("\\fB%s\\fP%s" % (name, "(3)" if mark == "()" else mark))
        elif match.group(4):
            out.append("*\\fI%s\\fP" % match.group(4))
        else:
            out.append("\\fI%s\\fP" % (match.group(3) or match.group(5)))
    out.append(hyphens(escaped(text[at:])))
    return re.sub(r"^([.'])", r"\\&\1", "".join(out))


def paragraphs(comment: Tuple[Block, ...], parameters: Set[str], heading: str = ".SS") -> Iterator[str]:
    """A comment as requests of man(7)."""
    before = ""
    for block in comment:
        text = running(block.text, parameters)
        if block.kind == "heading":
            yield "%s %s" % (
                heading,
                block.text.partition(" (")[0].upper() if heading == ".SH" else block.text.capitalize(),
            )
            more = block.text.partition(" (")[2].rstrip(")")
            if more:
                yield hyphens(escaped(more[0].upper() + more[1:] if "/" not in more else more)) + "."
        elif block.kind == "code":
            yield ".PP\n.in +4n\n.EX\n%s\n.EE\n.in" % escaped(block.text)
        elif block.kind == "item":
            yield ".IP %s 4\n%s" % ("\\(bu" if block.label == "-" else block.label, text)
        elif block.kind == "row":
            label = "\\fB%s\\fP" % escaped(block.label.strip('"'))
            yield ".TP\n%s\n%s" % (label, text)
        else:
            yield ".PP\n" + text if before else text
        before = block.kind


def synopsis(function: Function) -> str:
    """A prototype, folded before column 78."""
    words = []
    for number, parameter in enumerate(function.parameters):
        end = ");" if number == len(function.parameters) - 1 else ","
        words.append(
            (
                "%s%s%s" % (parameter.type, parameter.name, end),
                "%s\\fI%s\\fP%s" % (escaped(parameter.type).replace(" ", "\\ "), escaped(parameter.name), end),
            )
        )
    start = "%s%s(" % (function.result + ("" if function.result.endswith("*") else " "), function.name)
    line, drawn = len(start), "\\fB" + escaped(start) + "\\fP"
    lines = [drawn]
    if not words:
        return drawn + "\\fBvoid);\\fP"
    for width, (plain, marked) in [(len(p), (p, m)) for p, m in words]:
        if line + width + 1 > 72 and line > 12:
            lines.append("    ")
            line = 4
        lines[-1] += (
            ("" if lines[-1].endswith(("(\\fP", "    ")) else " ") + "\\fB" + marked.replace("\\fP", "\\fB") + "\\fP"
        )
        line += width + 1
    return "\n".join(lines)


def summary(comment: Tuple[Block, ...]) -> str:
    """The line of the NAME section: the first sentence, cut where it begins to explain itself."""
    text = re.split(r"(?<!\.)\.(?= )|:$|\.$", comment[0].text)[0]
    for mark in ("; ", " (", ": ", ", "):
        if len(text) > 78 and len(text.partition(mark)[0].split()) > 2:
            text = text.partition(mark)[0]
    return text[0].lower() + text[1:] if re.match(r"[A-Z][a-z]*(?= |$)", text) and not text.startswith("I ") else text


def since(comment: Tuple[Block, ...]) -> Tuple[str, Tuple[Block, ...]]:
    """The version that brought it, and the comment without that sentence."""
    found = ""
    rest = []
    for block in comment:
        match = re.search(r"\s*Since (\d+\.\d+)\.", block.text)
        if match:
            found = found or match.group(1)
            block = block._replace(text=(block.text[: match.start()] + block.text[match.end() :]).strip())
        if block.text:
            rest.append(block)
    return found, tuple(rest)


class Pages:
    """All pages of a header."""

    def __init__(self, what: Header) -> None:
        self.what = what
        self.pages: Dict[str, str] = {}
        self.links: Dict[str, str] = {}
        for item in what.items():
            self.add(item)
        self.add_overview()

    def page_of(self, item: Item) -> str:
        """The name of the page: that of the type or the first function, and what the constants have in common."""
        if item.kind == "enum" and not item.type:
            parts = [name.split("_") for name in item.names]
            return "_".join(parts[0][: next(i for i in range(len(parts[0])) if len({p[i] for p in parts}) > 1)])
        return item.names[0]

    def functions_of(self, name: str) -> List[Tuple[Item, Function]]:
        """What is done with a handle: the functions that take or make one first."""
        return [(item, f) for item in self.what.items() for f in item.functions if f.name.startswith(name + "_")]

    def see_also(self, item: Item, names: List[str]) -> str:
        """The overview, the handle, and what the text names."""
        text = (
            header.plain(item.comment)
            + item.code
            + " ".join(header.plain(c.comment) for b in item.bands for c in b.constants)
        )
        found = {"libaigc"}
        known = {name: self.page_of(other) for other in self.what.items() for name in other.names}
        for name in re.findall(r"\b(?:aigc|AIGC)_\w+", text):
            family = [page for page in set(known.values()) if name == page + "_"]
            found |= {known[name]} if name in known else set(family)
        for function in item.functions:
            found |= {other for other in known.values() if function.name.startswith(other + "_")}
        return ",\n".join("\\fB%s\\fP(3)" % name for name in sorted(found - set(names)))

    def write(self, page: str, names: List[str], short: str, parts: List[str]) -> None:
        """A page, and a link to it for each further name."""
        # No word is divided and no line is stretched: half of the words are names.
        top = '.TH %s 3 "" "libaigc %s" "libaigc"\n.nh\n.ad l' % (page, self.what.version)
        self.pages[page] = (
            "\n".join(
                [
                    '.\\" Made from include/aigc.h by bindings/c/docs/man.py: fix it there.',
                    top,
                    ".SH NAME",
                    "%s \\- %s" % (", ".join(names), hyphens(escaped(short))),
                    ".SH LIBRARY",
                    "libaigc (\\fI\\-laigc\\fP)",
                ]
                + parts
            )
            + "\n"
        )
        for name in names:
            if name != page:
                self.links[name] = page

    def add(self, item: Item) -> None:
        """A page for one comment of the header."""
        page = self.page_of(item)
        brought, comment = since(item.comment)
        parameters = {p.name for f in item.functions for p in f.parameters}
        parts = [".SH SYNOPSIS", ".nf", "\\fB#include <aigc.h>\\fP", ""]
        if item.functions:
            parts += [synopsis(f) for f in item.functions]
        elif item.kind == "enum":
            parts += ["\\fBtypedef int32_t %s;\\fP" % item.type] if item.type else []
            parts += ["", "enum {"] if item.type else ["enum {"]
            constants = [c for band in item.bands for c in band.constants]
            parts += [
                "    \\fB%s\\fP = %s%s" % (c.name, escaped(c.value), "," if c is not constants[-1] else "")
                for c in constants
            ]
            parts += ["};"]
        else:
            parts += ["\\fB%s\\fP" % escaped(line) for line in item.code.split("\n")]
        parts += [".fi", ".SH DESCRIPTION"]
        parts += list(paragraphs(comment, parameters))
        for band in item.bands:
            parts += [".SS %s" % hyphens(escaped(band.comment))] if band.comment else []
            for constant in band.constants:
                parts += [".TP", "\\fB%s\\fP" % constant.name, running(header.plain(constant.comment), parameters)]
        if item.kind == "type":
            others = self.functions_of(page)
            parts += [".SH FUNCTIONS"] if others else []
            for other, function in others:
                parts += [".TP", "\\fB%s\\fP(3)" % escaped(function.name), hyphens(escaped(summary(other.comment)))]
        parts += self.returned(item)
        parts += [".SH HISTORY", "Since version %s." % brought] if brought else []
        parts += [".SH SEE ALSO", self.see_also(item, list(item.names) + [page])]
        names = [page] + [name for name in item.names if name != page]
        # The line is an index entry: a page of constants is found by what they have in common.
        shown = names if item.functions else [page] if item.kind == "enum" else names
        self.write(page, shown, summary(comment), parts)
        for name in names[1:]:
            self.links[name] = page

    def returned(self, item: Item) -> List[str]:
        """What the conventions of the header say about this function's result."""
        if not item.functions or any(f.result != "aigc_status" for f in item.functions):
            return []
        text = "\\fBAIGC_OK\\fP, or what went wrong: see \\fBaigc_status\\fP(3)."
        if any(p.name == "error" and p.type.endswith("**") for f in item.functions for p in f.parameters):
            text += (
                "\nIf \\fIerror\\fP is not NULL, *\\fIerror\\fP is set to NULL after a success and otherwise to a new\n"
                "object that tells more, to be freed by \\fBaigc_error_free\\fP(3). What it held before is\n"
                "overwritten, not freed."
            )
        return [".SH RETURN VALUE", text]

    def add_overview(self) -> None:
        """libaigc(3): the introduction of the header, and everything by chapters."""
        parts = [
            ".SH SYNOPSIS",
            ".nf",
            "\\fB#include <aigc.h>\\fP",
            "",
            "\\fBcc x.c $(pkg\\-config \\-\\-cflags \\-\\-libs aigc)\\fP",
            ".fi",
            ".SH DESCRIPTION",
        ]
        parts += list(paragraphs(self.what.introduction, set(), ".SH"))
        parts += [".SH FUNCTIONS AND CONSTANTS"]
        for section in self.what.sections:
            parts += [".SS " + escaped(section.title)]
            if section.text:
                parts.append(running(section.text[0].upper() + section.text[1:], set()))
            for item in section.items:
                names = [f.name for f in item.functions] or [self.page_of(item)]
                label = ", ".join("\\fB%s\\fP(3)" % name for name in names)
                parts += [".TP", label, hyphens(escaped(summary(item.comment)))]
        self.write("libaigc", ["libaigc"], self.what.summary.partition(" - ")[2].rstrip("."), parts)
        self.links.update({"aigc": "libaigc", "aigc.h": "libaigc"})


def main() -> None:
    """Write the folder."""
    made = Pages(header.read(Path(sys.argv[1])))
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in made.pages.items():
        (folder / (name + ".3")).write_text(text, encoding="utf-8")
    for name, page in made.links.items():
        link = folder / (name + ".3")
        if link.is_symlink():
            link.unlink()
        link.symlink_to(page + ".3")


if __name__ == "__main__":
    main()

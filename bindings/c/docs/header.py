"""Reads include/aigc.h as a manual: its introduction, its sections, and in each what is declared with its comment.

The header is plain C with plain comments, and stays so. What this reader does not understand is an error that names the
line, so that nothing can be left out of the pages in silence.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator, List, NamedTuple, Tuple

ROOT = Path(__file__).resolve().parents[3]
HEADER = ROOT / "include" / "aigc.h"


class Block(NamedTuple):
    """A piece of a comment. kind: "text", "heading", "code", "item" (numbered or dashed) or "row" (of a table)."""

    kind: str
    label: str  # of an item its number or "-", of a row what it is about
    text: str


class Constant(NamedTuple):
    """An enumerator or a macro."""

    name: str
    value: str
    comment: Tuple[Block, ...]


class Band(NamedTuple):
    """Enumerators that share a comment above them ("1xx: the call was wrong")."""

    comment: str
    constants: Tuple[Constant, ...]


class Parameter(NamedTuple):
    """Of a function: the type with everything before the name, and the name."""

    type: str
    name: str


class Function(NamedTuple):
    """A declaration."""

    result: str
    name: str
    parameters: Tuple[Parameter, ...]
    code: str


class Item(NamedTuple):
    """A comment and what stands below it. kind is "functions", "enum", "macros", "type" or "callback"."""

    kind: str
    line: int
    comment: Tuple[Block, ...]
    names: Tuple[str, ...]
    code: str
    functions: Tuple[Function, ...] = ()
    bands: Tuple[Band, ...] = ()
    macros: Tuple[Constant, ...] = ()
    type: str = ""  # of an enum the type that stands right above it, if it is one of numbers


class Section(NamedTuple):
    """A chapter of the header."""

    title: str
    text: str
    items: Tuple[Item, ...]


class Header(NamedTuple):
    """All of it."""

    summary: str
    introduction: Tuple[Block, ...]
    sections: Tuple[Section, ...]
    version: str

    def items(self) -> Iterator[Item]:
        """Everything that is declared, in order."""
        for section in self.sections:
            yield from section.items


def uncomment(comment: str) -> List[str]:
    """The lines of a comment without its marks."""
    lines = comment.strip()[2:-2].rstrip().split("\n")
    return [lines[0].strip()] + [
        re.sub(r"^\s*\* ?", "", line).rstrip() if "*" in line[:6] else line.strip() for line in lines[1:]
    ]


def blocks(lines: List[str]) -> Tuple[Block, ...]:
    """The pieces of a comment."""
    found: List[Block] = []
    new = True
    hang = 0  # how far the lines that continue an item or a row are indented
    for line in lines:
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if not text:
            if found and found[-1].kind == "code":
                found[-1] = found[-1]._replace(text=found[-1].text + "\n")
            new = True
            continue
        item = re.match(r"\s*(\d+\.|-) +(?=\S)", line)
        row = re.match(r"\s*(AIGC_\w+|\"\w+\") {2,}(?=\S)", line)
        last = found[-1] if found else None
        if indent == 0 and new and re.fullmatch(r"[A-Z]{3,}[A-Z, ]{4,}(\(.*\))?", text):
            found.append(Block("heading", "", text))
        elif indent >= 4 and (new or (last and last.kind == "code")) and not (last and last.kind == "item" and not new):
            code = line[4:]
            if last and last.kind == "code":
                found[-1] = last._replace(text=last.text + code + "\n")
            else:
                found.append(Block("code", "", code + "\n"))
        elif item:
            found.append(Block("item", item.group(1), line[item.end() :]))
            hang = item.end()
        elif row:
            found.append(Block("row", row.group(1), line[row.end() :].strip()))
            hang = row.end()
        elif not new and last and last.kind in ("item", "row") and indent == hang:
            found[-1] = last._replace(text=last.text + " " + text)
        elif not new and last and last.kind == "text":
            found[-1] = last._replace(text=last.text + " " + text)
        else:
            found.append(Block("text", "", text))
        new = False
    return tuple(block._replace(text=block.text.rstrip()) for block in found)


def plain(comment: Tuple[Block, ...]) -> str:
    """A comment that is one paragraph, as one line."""
    return " ".join(block.text for block in comment)


class Reader:
    """Walks through the header once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = path.read_text(encoding="utf-8").split("\n")
        self.at = 0

    def wrong(self, what: str) -> SystemExit:
        """Ends the program with the line."""
        return SystemExit("%s:%d: %s" % (self.path, self.at + 1, what))

    def take_comment(self) -> str:
        """The comment that begins on this line."""
        first = self.at
        while "*/" not in self.lines[self.at]:
            self.at += 1
        self.at += 1
        return "\n".join(self.lines[first : self.at])

    def take_until(self, mark: str) -> str:
        """The lines up to one that ends with mark."""
        first = self.at
        while not re.sub(r"\s*/\*.*\*/$", "", self.lines[self.at]).rstrip().endswith(mark):
            self.at += 1
            if self.at == len(self.lines):
                self.at = first
                raise self.wrong("this does not end")
        self.at += 1
        return "\n".join(self.lines[first : self.at])

    def function(self, code: str) -> Function:
        """A declaration."""
        shape = re.fullmatch(r"([a-z_][\w ]*?[\w*] ?\*?)\b(aigc_\w+)\(([^;{}]*)\);", code, re.S)
        if shape is None:
            raise self.wrong("this is no declaration: %s" % code.split("\n")[0])
        inside = " ".join(shape.group(3).split())
        parameters = []
        for one in [] if inside == "void" else inside.split(","):
            pair = re.fullmatch(r"\s*(.*?)(\w+)\s*", one)
            if pair is None or not pair.group(1):
                raise self.wrong("the parameter %r" % one)
            parameters.append(Parameter(pair.group(1), pair.group(2)))
        return Function(shape.group(1).strip(), shape.group(2), tuple(parameters), code)

    def enum(self, code: str) -> Tuple[Band, ...]:
        """The enumerators. A comment above one that has none of its own is its comment, any other is that of a band."""
        bands: List[Tuple[str, List[Constant]]] = [("", [])]
        body = code.split("\n", 1)[1].rsplit("\n", 1)[0]
        above = ""
        for part in re.split(r"\n(?=    (?:/\*|AIGC_))", "\n" + body):
            text = part.strip()
            if not text:
                continue
            if text.startswith("/*"):
                above = plain(blocks(uncomment(text)))
                bands.append(("", []))
                continue
            shape = re.fullmatch(r"(AIGC_\w+) = (-?\w+),?\s*(/\*.*\*/)?", text, re.S)
            if shape is None:
                raise self.wrong("the enumerator %r" % text)
            comment = blocks([" ".join(" ".join(uncomment(shape.group(3))).split())]) if shape.group(3) else ()
            if not comment:
                comment, above = (Block("text", "", above),) if above else (), ""
            elif above:
                bands[-1], above = (above, []), ""
            if not comment:
                raise self.wrong("%s has no comment" % shape.group(1))
            bands[-1][1].append(Constant(shape.group(1), shape.group(2), comment))
        return tuple(Band(text, tuple(constants)) for text, constants in bands if constants)

    def item(self) -> Item:
        """What stands on this line, with the comment above it."""
        line = self.at + 1
        raw = self.take_comment()
        comment = blocks(uncomment(raw))
        here = self.lines[self.at]
        if not here.strip():
            raise self.wrong("a comment that belongs to nothing")
        if here.startswith("#define"):
            macros = []
            first = self.at
            while self.lines[self.at].startswith("#define"):
                shape = re.fullmatch(r"#define (AIGC_\w+) (.+)", self.lines[self.at])
                if shape is None:
                    raise self.wrong("this macro")
                rows = tuple(b._replace(kind="text") for b in comment if b.kind == "row" and b.label == shape.group(1))
                macros.append(Constant(shape.group(1), shape.group(2), rows))
                self.at += 1
            code = "\n".join(self.lines[first : self.at])
            return Item("macros", line, comment, tuple(m.name for m in macros), code, macros=tuple(macros))
        if here.startswith("enum {"):
            code = self.take_until("};")
            bands = self.enum(code)
            return Item("enum", line, comment, tuple(c.name for b in bands for c in b.constants), code, bands=bands)
        if here.startswith("typedef"):
            code = self.take_until(";")
            shape = re.fullmatch(
                r"typedef \w+ (?:\(\*(\w+)\)\(.*\)|(?:struct )?.*?(\w+));?", code, re.S
            ) or re.fullmatch(r"typedef .*?\b(\w+);()", code, re.S)
            if shape is None:
                raise self.wrong("this type")
            kind = "callback" if shape.group(1) else "type"
            return Item(kind, line, comment, (shape.group(1) or shape.group(2),), code)
        found = []
        while re.match(r"[a-z]|/\*", self.lines[self.at]):
            if self.lines[self.at].startswith("/*"):  # no empty line before it: it continues the one above
                comment += blocks(uncomment(self.take_comment()))
            found.append(self.function(self.take_until(";")))
        if not found:
            raise self.wrong("neither a macro nor an enum, a type or a function")
        return Item(
            "functions",
            line,
            comment,
            tuple(f.name for f in found),
            "\n".join(f.code for f in found),
            functions=tuple(found),
        )

    def header(self) -> Header:
        """Everything between the first comment and the last line."""
        top = blocks(uncomment(self.take_comment()))
        while not self.lines[self.at].startswith("/*"):
            self.at += 1
        sections: List[Tuple[str, str, List[Item]]] = []
        while self.at < len(self.lines):
            here = self.lines[self.at]
            if not here.strip():
                self.at += 1
            elif here.startswith("#ifdef __cplusplus"):
                break
            elif re.fullmatch(r"/\* -{20,} \*/", here):
                title, _, more = self.lines[self.at + 1].strip("/* ").partition(": ")
                title, stop, rest = title.partition(". ")
                sections.append((title, (rest + (": " + more if more else "") if stop else more).strip(), []))
                self.at += 3
            elif here.startswith("/*") and sections:
                sections[-1][2].append(self.item())
            elif here == "enum {" and sections and sections[-1][2] and sections[-1][2][-1].kind == "type":
                above = sections[-1][2].pop()  # the numbers of a type of numbers
                bands = self.enum(self.take_until("};"))
                names = above.names + tuple(c.name for band in bands for c in band.constants)
                sections[-1][2].append(above._replace(kind="enum", names=names, bands=bands, type=above.names[0]))
            else:
                raise self.wrong("this has no comment, or stands in no section")
        version = ".".join(
            re.findall(r"^#define AIGC_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$", "\n".join(self.lines), re.M)
        )
        made = tuple(Section(title, text, tuple(items)) for title, text, items in sections)
        return Header(top[0].text, top[1:], made, version)


def read(path: Path = HEADER) -> Header:
    """The header."""
    return Reader(path).header()

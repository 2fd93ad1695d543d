#!/usr/bin/env python3
"""Writes what Doxygen reads: include/aigc.h with its comments marked up, the guide with links that work in the pages.

usage: pages.py HEADER FOLDER

The header and the guide stay as people read them; the marks live here.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import header
from header import ROOT, Block, Header, Item

GUIDE = "bindings/guide/README.md"
# Programs that have a page of their own; Doxygen links every function in them.
EXAMPLES = {
    "bindings/c/generate.c": "the simple path, complete: submits, waits, downloads",
    "bindings/c/epoll.c": "many jobs from one thread with epoll",
    "bindings/c/train.c": "trains a model at Alibaba and makes images from it",
    "bindings/c/loops/uv.c": "the same in a libuv loop",
    "bindings/c/loops/glib.c": "the same in a GLib main loop",
    "bindings/cpp/aigc.hpp": "the C++17 layer",
    "bindings/cpp/generate.cpp": "a program that uses it",
    "bindings/python/examples/asyncio_jobs.py": "many jobs in asyncio",
}


def capital(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


# Environment variables, which the header names and does not declare.
VARIABLES = {
    "AIGC_ALIBABA_ENDPOINT", "AIGC_TENCENT_ENDPOINT", "AIGC_CA_FILE", "AIGC_ALLOW_PRIVATE_ADDRESSES", "AIGC_JOURNAL",
    "AIGC_CONFIG_FILE", "AIGC_PROFILE",
}


class Names:
    """What can be linked to."""

    def __init__(self, what: Header) -> None:
        self.functions = {f.name for item in what.items() for f in item.functions}
        self.callbacks = {name for item in what.items() if item.kind == "callback" for name in item.names}
        self.others = {name for item in what.items() for name in item.names} - self.functions

    def link(self, name: str, calls: str) -> str:
        """A reference where the name is one of ours."""
        if name in self.functions:
            return '@ref %s "%s()"' % (name, name)
        if name in self.others:
            return '@ref %s "%s"' % (name, name + calls)
        if name in VARIABLES:
            return name
        family = [other for other in sorted(self.others) if name.endswith("_") and other.startswith(name)]
        if not family:
            raise SystemExit("aigc.h speaks of %s, which it does not declare" % name)
        return '@ref %s "%s&lowast;"' % (family[0], name)


# In running text: a string, a name of ours, and what is set as code: things with an asterisk, configuration keys,
# parameters.
WORD = re.compile(
    r"\"[^\"\s]+\"|\"[^\"]*[<>\\@#&%*][^\"]*\"|"
    r"\b(?P<name>(?:aigc|AIGC)_\w+)\b(?! \*+\w)(?P<mark>\*|\(\))?|"
    r"const char \*|aigc_\w+ \*+\w+|(?<![\w*])\*[a-z]\w*|"
    r"(?<![\w./-])[a-z]+(?:\.[a-z0-9_]+)+\b(?![\w/(])|"
    r"(?<![\w.])[a-z]+_[a-z_]+\b(?!\()"
)
SPECIAL = re.compile(r"([\\@<>&#%*`])")


def inline(text: str, names: Names) -> str:
    """Running text."""
    out = []
    at = 0
    for match in WORD.finditer(text):
        out.append(SPECIAL.sub(r"\\\1", text[at : match.start()]))
        at = match.end()
        name, mark = match.group("name"), match.group("mark") or ""
        if not name:
            out.append("`%s`" % match.group())
        elif mark == "*" and name.endswith("_"):
            out.append(names.link(name, ""))
        else:
            out.append(names.link(name, mark.strip("*")) + ("\\*" if mark == "*" else ""))
    out.append(SPECIAL.sub(r"\\\1", text[at:]))
    return "".join(out)


def sentence(comment: Tuple[Block, ...]) -> Tuple[str, Tuple[Block, ...]]:
    """The first sentence of a comment, and the rest."""
    first = comment[0]
    stop = re.search(r"(?<!\.)\.(?= )|:$|\.$", first.text)
    if first.kind != "text" or stop is None:
        return "", comment
    rest = first.text[stop.end() :].strip()
    return first.text[: stop.end()], ((first._replace(text=rest),) if rest else ()) + comment[1:]


def detail(comment: Tuple[Block, ...], names: Names) -> Iterator[str]:
    """A comment as Doxygen reads it, in paragraphs."""
    before = ""
    for block in comment:
        if block.kind == "heading":
            title = block.text.partition(" (")
            yield "\n## %s {#intro-%s}" % (title[0].capitalize(), title[0].lower().replace(", ", "-").replace(" ", "-"))
            if title[1]:
                yield "\n" + title[2].rstrip(")") + "."
        elif block.kind == "code":
            yield "\n@code{.c}\n%s\n@endcode" % block.text
        elif block.kind == "item":
            mark = block.label if block.label != "-" else "-"
            yield ("" if before == "item" else "\n") + "%s %s" % (mark, inline(block.text, names))
        elif block.kind == "row":
            label = inline(block.label, names) if block.label.startswith("AIGC") else "`%s`" % block.label
            yield ("" if before == "row" else "\n") + "- %s: %s" % (label, inline(block.text, names))
        else:
            # "reads: 0: the call may ..." speaks of a parameter.
            text = re.sub(r"^([a-z]+): (?=[0-9A-Z])", r"\1_: ", block.text)
            shape = re.match(r"([a-z]+)_: ", text)
            yield "\n" + (
                "`%s`: %s" % (shape.group(1), inline(text[shape.end() :], names)) if shape else inline(text, names)
            )
        before = block.kind


def comment_of(comment: Tuple[Block, ...], names: Names, tag: str = "") -> str:
    """A Doxygen comment."""
    brief, rest = sentence(comment)
    lines = ["/**" + (" " + tag if tag else "")]
    if brief:
        lines.append("@brief " + inline(brief, names))
    lines += detail(rest, names)
    return "\n".join(lines) + "\n*/"


def declaration(item: Item, names: Names) -> Iterator[str]:
    """The code, with a comment before each thing that is declared."""
    if item.kind == "functions":
        for function in item.functions:
            yield comment_of(item.comment, names)
            yield function.code
    elif item.kind == "macros":
        for macro in item.macros:
            yield comment_of(macro.comment + tuple(b for b in item.comment if b.kind != "row"), names)
            yield "#define %s %s" % (macro.name, macro.value)
    elif item.kind == "enum":
        if item.type:
            yield comment_of(item.comment, names)
            yield "typedef int32_t %s;" % item.type
        bands = [
            "\n- %s: %s\n"
            % (inline(band.comment.rstrip("."), names), ", ".join("@ref " + c.name for c in band.constants))
            for band in item.bands
            if band.comment
        ]
        yield comment_of(item.comment, names)[:-2] + "".join(bands) + "*/"
        yield "enum {"
        for band in item.bands:
            for constant in band.constants:
                yield "    %s = %s, /**< %s */" % (
                    constant.name,
                    constant.value,
                    inline(header.plain(constant.comment), names),
                )
        yield "};"
    else:
        yield comment_of(item.comment, names)
        yield item.code


def pages() -> List[Tuple[str, str]]:
    """The pages beside the reference, in the order of the menu: name and file. The index of the guide has the order."""
    index = re.findall(r"^\| \[(\S+)\.md\]", (ROOT / GUIDE).read_text(encoding="utf-8"), re.M)
    guide = [(name, "%s/%s.md" % (os.path.dirname(GUIDE), name)) for name in index]
    return (
        [("readme", "README.md"), ("guide", GUIDE)]
        + guide
        + [
            ("abi", "bindings/ABI.md"),
            ("python", "bindings/python/README.md"),
            ("sandbox", "bindings/python/src/aigc/sandbox/README.md"),
        ]
    )


def slug(title: str) -> str:
    """The name that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")


def group(title: str) -> str:
    """The name of a section among the pages."""
    return "reference-" + slug(title)


def home(name: str, what: Header) -> str:
    """The section that a handle type belongs to: where its functions are."""
    for section in what.sections:
        if any(f.name.startswith(name + "_") for item in section.items for f in item.functions):
            return section.title
    return ""


def reference(what: Header) -> str:
    """The header for Doxygen, one group for each section."""
    names = Names(what)
    lines = ["/** @file aigc.h", "@brief %s */" % inline(capital(what.summary.partition(" - ")[2]), names)]
    moved: Dict[str, List[Item]] = {}
    for section in what.sections:
        for item in section.items:
            if item.kind == "type" and home(item.names[0], what) not in ("", section.title):
                moved.setdefault(home(item.names[0], what), []).append(item)
    gone = [item for items in moved.values() for item in items]
    for section in what.sections:
        items = moved.get(section.title, []) + [i for i in section.items if i not in gone]
        # A chapter without words of its own is about the handle that stands first in it.
        text = section.text or header.plain(items[0].comment)
        lines.append(
            "/** @defgroup %s %s\n\n%s\n@{ */" % (group(section.title), section.title, inline(capital(text), names))
        )
        for item in items:
            lines += declaration(item, names)
        lines.append("/** @} */")
    return "\n".join(lines) + "\n"


def front(what: Header) -> str:
    """The first page: the introduction of the header."""
    names = Names(what)
    groups = ", ".join("@ref %s" % group(section.title) for section in what.sections)
    return "\n".join(
        [
            "# libaigc %s" % what.version,
            "",
            inline(capital(what.summary.partition(" - ")[2]), names),
            "",
            "New here? @ref first-job, then @ref errors and @ref money. Look up: @ref operations, @ref configuration, "
            "@ref metrics-and-events, @ref command, @ref sandbox, @ref python. Functions, by what they are for: %s." % groups,
            "",
            "@image html sandbox.png \"The sandbox's page: jobs, their pictures, rates, requests and faults, without a bill\"",
        ]
        + list(detail(what.introduction, names))
        + [""]
    )


def example_page(path: str) -> str:
    """The file that Doxygen makes of an example."""
    return os.path.basename(path).replace(".", "_8") + "-example.html"


def page(name: str, path: str, names: Names) -> str:
    """A page of the guide: headings with names, links that lead to pages, names that lead to the reference."""
    of = {file: page_name for page_name, file in pages()}

    def link(match: "re.Match[str]") -> str:
        text, target = match.group(1), match.group(2)
        if re.match(r"[a-z]+:", target):
            return match.group()
        file, _, anchor = target.partition("#")
        full = (
            os.path.relpath(os.path.normpath(os.path.join(ROOT, os.path.dirname(path), file)), ROOT) if file else path
        )
        if full == "include/aigc.h":
            return "[%s](index.html)" % text
        if full in of:
            there = of[full] + ("-" + anchor if anchor else "")
            # A file's name says nothing here: the title of the page takes its place.
            return "@ref " + there + ("" if text.strip("`").endswith(".md") else ' "%s"' % text.strip("`"))
        if full in EXAMPLES:
            return "[%s](%s)" % (text, example_page(full))
        return text if text.startswith("`") else "%s (`%s`)" % (text, full)

    def code(match: "re.Match[str]") -> str:
        shape = re.fullmatch(r"((?:aigc|AIGC)_\w+)(\(\))?", match.group(1))
        if shape is None or shape.group(1) not in names.functions | names.others:
            return match.group()
        return "<code>%s</code>" % names.link(shape.group(1), shape.group(2) or "")

    out = []
    fenced = False
    titled = False
    # A link may be folded over two lines; blocks of code stay as they are.
    for part in re.split(r"(^```.*?^```$)", (ROOT / path).read_text(encoding="utf-8"), flags=re.M | re.S):
        fenced = part.startswith("```")
        if fenced:
            language = re.match(r"```(\w*)", part)
            kind = {"c": "{.c}", "python": "{.py}"}.get(language.group(1) if language else "", "{.unparsed}")
            out.append(re.sub(r"^```\w*", "```" + kind, part))
            continue
        part = re.sub(r"<!--.*?-->\n?", "", part, flags=re.S)
        # docs.sh copies the pictures of the guide into the folder of the pages.
        part = re.sub(r"!\[([^\]]+)\]\((?:[^)\s]*/)?([^)\s/]+)\)", r'<img src="\2" alt="\1"/>', part)
        part = re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)", link, part)
        part = re.sub(r"(?<!`)`([^`\n]+)`(?!`)", code, part)
        lines = []
        for line in part.split("\n"):
            heading = re.match(r"(#+) (.*)$", line)
            if heading and not titled:
                line, titled = "# %s {#%s}" % (heading.group(2), name), True
            elif heading:
                line = "%s %s {#%s-%s}" % (heading.group(1), heading.group(2), name, slug(heading.group(2)))
            lines.append(line)
        out.append("\n".join(lines))
    return "".join(out)


def main() -> None:
    """Write the folder."""
    what = header.read(Path(sys.argv[1]))
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "aigc.h").write_text(reference(what), encoding="utf-8")
    (folder / "front.md").write_text(front(what), encoding="utf-8")
    for number, (name, path) in enumerate(pages()):
        (folder / ("%02d-%s.md" % (number, name))).write_text(page(name, path, Names(what)), encoding="utf-8")
    examples = [
        "/** @example %s\n%s. In the source: bindings/%s\n*/"
        % (os.path.basename(path), capital(text), path.partition("/")[2])
        for path, text in EXAMPLES.items()
    ]
    (folder / "examples.dox").write_text("\n".join(examples) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Reads the rendered manual as people and browsers do, and compares it with the header and the guide word for word.

usage: docs.py man FOLDER | html FOLDER     the folders that install.sh --docs has filled

What must be there is read from the header by Tests/tools/header.py, which knows nothing of how the pages are made.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Set, Tuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests" / "tools"), str(ROOT / "Tests" / "checks")]

import header  # noqa: E402
from tap import Report  # noqa: E402

TEXT = header.HEADER.read_text(encoding="utf-8")
CODE = header.strip_comments(TEXT)
GUIDE = ROOT / "bindings" / "guide"


def names() -> List[str]:
    """Every name that the header declares."""
    found = [f.name for f in header.functions()]
    found += re.findall(r"^    (AIGC_\w+) = ", CODE, re.M)
    found += [name for name in re.findall(r"^#define (AIGC_\w+) ", CODE, re.M)]
    found += re.findall(r"^typedef (?:[^;(]*?)\b(aigc_\w+);", CODE, re.M) + re.findall(
        r"^typedef .*\(\*(aigc_\w+)\)", CODE, re.M
    )
    return found


def words(text: str) -> str:
    """A text without what typesetting adds or takes: its words, with one space between them and around."""
    text = re.sub(r"\b(aigc_\w+)\((?:3)?\)", r"\1", text)
    return " %s " % " ".join(re.findall(r"[A-Za-z0-9_]+", text))


def sentences(comment: str) -> Iterator[str]:
    """What a comment says, sentence by sentence, as words; when a thing came is told elsewhere in a page."""
    text = " ".join(re.sub(r"^\s*(?:/\*|\*/|\*)? ?", "", line) for line in comment.replace("*/", "").split("\n"))
    for sentence in re.split(r"(?<=[.:;]) ", re.sub(r"\s+", " ", text)):
        if words(sentence).strip() and not re.match(r"\s*Since \d+\.\d+\.", sentence):
            yield words(sentence)


def comments() -> Iterator[Tuple[str, str]]:
    """Each name with each comment that speaks of it: of a function the one above, of a constant the one behind it."""
    for function in header.functions():
        yield function.name, function.comment
    for name, comment in re.findall(r"^    (AIGC_\w+) = -?\d+,? +/\*(.*?)\*/", TEXT, re.M | re.S):
        yield name, comment
    for comment, name in re.findall(
        r"^/\*((?:(?!\*/).)*)\*/\n(?:typedef [^;]*?|#define )\(?\*?((?:aigc|AIGC)_\w+)(?:;|\)| )", TEXT, re.M | re.S
    ):
        # A table of several names: each row is about its own.
        for other, row in re.findall(r"^ \* (AIGC_\w+) {2,}(.*?)(?=^ \* AIGC_|\Z)", comment, re.M | re.S):
            yield other, row
        yield name, re.sub(r"^ \* AIGC_\w+ {2,}.*", "", comment, flags=re.M | re.S)


def promises() -> List[str]:
    """The promises, as words."""
    head = TEXT[: TEXT.index("*/")]
    found = re.findall(r"^ \* +\d+\. (.*?)(?=^ \*(?: +\d+\.|$))", head, re.M | re.S)
    if len(found) < 9:
        raise SystemExit("docs.py: only %d promises were understood" % len(found))
    return [words(re.sub(r"\n \* +", " ", text)) for text in found]


def lacking(pages: Dict[str, str]) -> Iterator[str]:
    """Sentences of the header that the page of their name does not have."""
    count = 0
    for name, comment in comments():
        for sentence in sentences(comment):
            count += 1
            if sentence not in pages.get(name, ""):
                yield "%s: the page lacks: %s" % (name, sentence.strip())
    if count < 400:
        yield "only %d sentences were understood" % count


def man_pages(report: Report, folder: Path) -> None:
    """All of them, as man(1) shows them."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "MANWIDTH": "80",
        "TERM": "dumb",
    }

    def show(name: str) -> Tuple[str, str, str]:
        said = subprocess.run(
            ["man", "-M", str(folder), "--warnings", "3", name],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=60,
        )
        wrong = said.stderr.strip() or ("it ended with %d" % said.returncode if said.returncode else "")
        return name, said.stdout, wrong

    wanted = names() + ["libaigc", "aigc", "aigc.h"]
    with ThreadPoolExecutor(max_workers=2) as pool:
        shown = list(pool.map(show, wanted))
    report.rule(
        "each of %d names has a man page, and groff has no warning" % len(wanted),
        ["man 3 %s: %s" % (name, wrong) for name, _, wrong in shown if wrong],
    )
    pages = {name: words(re.sub(r".\x08", "", text)) for name, text, _ in shown}
    others = sorted([*folder.glob("man1/*"), *folder.glob("man7/*")])
    report.rule(
        "each of %d man pages of the command and the guide is shown without a warning" % len(others),
        ["only %d" % len(others)] * (len(others) < 20)
        + [
            "%s: %s" % (path.name, said.stderr.strip() or "ended with %d" % said.returncode)
            for path, said in (
                (
                    path,
                    subprocess.run(
                        ["man", "--warnings", "-l", str(path)], env=environment, stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", timeout=60,
                    ),
                )
                for path in others
            )
            if said.returncode or said.stderr
        ],
    )
    report.rule(
        "no man page is the manual of something else",
        ["man 3 %s shows another page" % name for name in names() if " %s " % name not in pages[name]],
    )
    report.rule("the man pages have every sentence of the header", lacking(pages))
    report.rule("libaigc(3) has the promises", ["it lacks:" + p for p in promises() if p not in pages["libaigc"]])
    report.rule(
        "no line of a text is wider than the terminal",
        [
            "%s: %s" % (name, line)
            for name, text, _ in shown
            for line in text.split("\n")
            if len(line) > 80 and not line.startswith(("           ", "       #define", "       typedef"))
        ],
    )
    report.rule(
        "what the man pages refer to is there",
        sorted(
            {
                "%s refers to %s(3)" % (name, other)
                for name, text, _ in shown
                for other in re.findall(r"\b((?:aigc|AIGC)\w*)\(3\)", text)
                if not (folder / "man3" / (other + ".3")).exists()
            }
        ),
    )


class Page(HTMLParser):
    """The anchors, links and words of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: Set[str] = set()
        self.links: List[str] = []
        self.text: List[str] = []
        self.silent = 0
        self.feed(path.read_text(encoding="utf-8"))
        self.words = words(" ".join("".join(self.text).split()))

    def handle_starttag(self, tag: str, attributes: List[Tuple[str, "str | None"]]) -> None:
        """Anchors and links."""
        for name, value in attributes:
            if value and (name == "id" or (tag == "a" and name == "name")):
                self.anchors.add(value)
            elif value and name in ("href", "src"):
                self.links.append(value)
        self.silent += tag in ("script", "style")
        if tag in ("p", "td", "th", "li", "br", "div", "h1", "h2", "h3", "dd", "dt"):
            self.text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """The end of what is no text."""
        self.silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        """Text."""
        if not self.silent:
            self.text.append(data)


def broken(folder: Path, pages: Dict[str, Page]) -> Iterator[str]:
    """Links of pages and of menus that lead nowhere."""
    links = [(name, link) for name, page in pages.items() for link in page.links]
    for script in sorted(folder.glob("**/*.js")):
        found = re.findall(r"""['"]((?:\.\./)?[\w.-]+\.html(?:#\w+)?)['"]""", script.read_text(encoding="utf-8"))
        links += [(str(script.relative_to(folder)), link) for link in found]
    for name, link in links:
        if re.match(r"[a-z]+:", link):
            if not link.startswith(("https:", "javascript:")):
                yield "%s links to %s" % (name, link)
            continue
        target, _, anchor = urllib.parse.unquote(link).partition("#")
        file = os.path.normpath(os.path.join(os.path.dirname(name), target)) if target else name
        if not (folder / file).is_file():
            yield "%s: there is no %s" % (name, link)
        elif anchor and anchor not in pages[file].anchors:
            yield "%s: %s has no such place" % (name, link)
    if len(links) < 1000:
        yield "only %d links were found" % len(links)


def places(folder: Path) -> Dict[str, Tuple[str, str]]:
    """Where Doxygen says each name is: page and anchor."""
    found = {}
    for node in xml.parse(folder / "libaigc.tag").getroot().iter():
        if node.tag == "member":
            found[node.findtext("name", "")] = (node.findtext("anchorfile", ""), node.findtext("anchor", ""))
        elif node.tag == "enumvalue":
            found[node.text or ""] = (node.get("file", ""), node.get("anchor", ""))
    return found


def guide_pages() -> Iterator[Tuple[str, Path]]:
    """The page of each file of the guide and around it."""
    yield "readme.html", ROOT / "README.md"
    yield "abi.html", ROOT / "bindings" / "ABI.md"
    yield "python.html", ROOT / "bindings" / "python" / "README.md"
    yield "sandbox.html", ROOT / "bindings" / "python" / "src" / "aigc" / "sandbox" / "README.md"
    for path in sorted(GUIDE.glob("*.md")):
        yield ("guide" if path.stem == "README" else path.stem) + ".html", path


def guide(pages: Dict[str, Page]) -> Iterator[str]:
    """Headings, paragraphs, code and links of the guide that the pages lack."""
    of = {path: name for name, path in guide_pages()}
    for name, path in guide_pages():
        if name not in pages:
            yield "%s has no page" % path.relative_to(ROOT)
            continue
        text = path.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)\s#:]+)[^)]*\)", text):
            there = of.get((path.parent / target).resolve())
            if there and not any(link.partition("#")[0] == there for link in pages[name].links):
                yield "%s does not link to %s" % (name, there)
        text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", "\n", text)  # what a link is called may change
        text = re.sub(r"^ *\d+\. ", "", text, flags=re.M)  # a browser counts by itself
        for line in re.split(r"\n", re.sub(r"^```\w*$", "", text, flags=re.M)):
            for part in re.split(r"[|]|(?<=[.:;]) |`[^`]*`", line):
                if words(part).strip() and words(part) not in pages[name].words:
                    yield "%s lacks: %s" % (name, part.strip())


def html_pages(report: Report, folder: Path) -> None:
    """All of them."""
    pages = {str(path.relative_to(folder)): Page(path) for path in sorted(folder.glob("**/*.html"))}
    known = places(folder)
    report.rule(
        "each of %d names has its place in the HTML pages" % len(names()),
        [
            "%s has none" % name
            for name in names()
            if name not in known or known[name][1] not in pages.get(known[name][0], Page(Path(os.devnull))).anchors
        ],
    )
    of = {name: pages[file].words for name, (file, _) in known.items() if file in pages}
    report.rule("the HTML pages have every sentence of the header", lacking(of))
    report.rule(
        "the first page has the promises", ["it lacks:" + p for p in promises() if p not in pages["index.html"].words]
    )
    report.rule("no link of %d pages leads nowhere" % len(pages), broken(folder, pages))
    report.rule("the guide is there, word for word, and its pages lead to each other", guide(pages))
    report.rule(
        "no mark of Doxygen shows in a text",
        [
            "%s: %s" % (name, mark)
            for name, page in pages.items()
            if not name.endswith("-example.html")
            for mark in re.findall(
                r"[@\\](?:ref|brief|code|c|p) \S+|&lowast;|\{#[\w-]+\}|\\[@*#%&<>`]", "".join(page.text)
            )
        ],
    )


def main(arguments: Iterable[str]) -> int:
    """Look at one of both."""
    what, folder = arguments
    report = Report()
    {"man": man_pages, "html": html_pages}[what](report, Path(folder))
    return report.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

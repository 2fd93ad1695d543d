#!/usr/bin/env python3
"""Writes man pages of the guide's reference pages: aigc-operations(7), aigc-configuration(7), aigc-metrics-and-events(7).

usage: guide_man.py VERSION FOLDER

It knows the Markdown of those pages, which are generated: headings, paragraphs, tables and blocks of code.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Iterator, List

GUIDE = Path(__file__).resolve().parents[2] / "guide"
PAGES = ("operations", "configuration", "metrics-and-events")


def escaped(text: str) -> str:
    """A text that groff shows as it is; code is bold, emphasis italic."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    text = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", text)
    text = re.sub(r"(?<!\w)\*([^*]+)\*(?!\w)", r"\\fI\1\\fR", text)
    return "\\&" + text if text.startswith((".", "'")) else text


def row(line: str, heads: List[str]) -> Iterator[str]:
    """A row of a table: its first cell is the label, the others follow with the names of their columns."""
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
    yield ".TP"
    yield escaped(cells[0])
    pairs = [(head, cell) for head, cell in zip(heads[1:], cells[1:]) if cell not in ("", "-")]
    last = pairs.pop()[1] if pairs else ""
    said = ["%s: %s" % (head, cell) if head else cell for head, cell in pairs]
    yield escaped("; ".join(said + [last]) if said else last or "-")


def page(name: str, version: str) -> str:
    """One page."""
    lines = (GUIDE / (name + ".md")).read_text(encoding="utf-8").split("\n")
    title = next(line[2:] for line in lines if line.startswith("# "))
    out = ['.TH AIGC-%s 7 "" "libaigc %s" "The guide"' % (name.upper(), version), ".SH NAME"]
    out.append("aigc\\-%s \\- %s" % (name.replace("-", "\\-"), title[:1].lower() + title[1:]))
    heads: List[str] = []
    code = False
    for number, line in enumerate(lines):
        if line.startswith("```"):
            code = not code
            out += [".PP", ".nf", ".RS 4"] if code else [".RE", ".fi"]
        elif code:
            out.append("\\&" + line.replace("\\", "\\e").replace("-", "\\-"))
        elif line.startswith("<!--"):
            continue
        elif line.startswith("# "):
            out.append(".SH DESCRIPTION")
        elif line.startswith("## "):
            out.append(".SH " + escaped(line[3:].upper() if "`" not in line else line[3:]))
        elif line.startswith("|") and lines[number + 1 : number + 2] and lines[number + 1].startswith("|---"):
            heads = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        elif line.startswith("|---"):
            continue
        elif line.startswith("|"):
            out += row(line, heads)
        elif line.strip():
            out.append(escaped(line))
        elif out[-1] not in (".PP", ".SH DESCRIPTION") and not out[-1].startswith(".SH"):
            out.append(".PP")
    while out[-1] == ".PP":
        out.pop()
    return "\n".join(out + [".SH SEE ALSO", ".BR aigc (1),", ".BR libaigc (3)"]) + "\n"


def main() -> None:
    """Write the folder."""
    version, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        (folder / ("aigc-%s.7" % name)).write_text(page(name, version), encoding="utf-8")


if __name__ == "__main__":
    main()

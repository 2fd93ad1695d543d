"""Finds a declaration in a source file by its name, and a fragment inside it, whatever the white space.

A mutant names the function that it breaks, not the lines around: a line that moves, or is wrapped anew, takes its
mutant along."""

from __future__ import annotations

import re
from typing import List, NamedTuple, Optional, Tuple


class Span(NamedTuple):
    """A part of a text: from, to."""

    start: int
    end: int


# A declaration in Swift or C: what stands before its name, then the name.
_SWIFT = r"\b(?:func|var|let|case|class|struct|enum|extension|protocol|typealias)\s+%s\b"
_SWIFT_INIT = r"(?<![\w.])%s\s*[(<?]"
_C = r"^[\w*][\w \t*]*[ *]%s\s*\("


def _code_only(text: str) -> str:
    """The text with strings and comments blanked, of the same length."""

    def blank(match: "re.Match[str]") -> str:
        return re.sub(r"[^\n]", " ", match.group())

    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def declaration(text: str, name: str, is_c: bool) -> List[Span]:
    """Each declaration of that name: from its first character to its closing brace, or to the end of its line."""
    code = _code_only(text)
    form = _C if is_c else _SWIFT_INIT if name in ("init", "deinit") else _SWIFT
    spans = []
    for match in re.finditer(form % re.escape(name), code, re.M):
        brace = _first_brace(code, match.end())
        end = code.find("\n", match.end()) if brace is None else _closing(code, brace)
        spans.append(Span(match.start(), len(code) if end < 0 else end))
    return spans


def _first_brace(code: str, at: int) -> Optional[int]:
    """The brace that opens a body; None for a declaration that ends before one."""
    depth = 0
    for index in range(at, len(code)):
        character = code[index]
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "{" and depth <= 0:
            return index
        elif character in ";}" and depth <= 0:
            return None
        elif character == "\n" and depth <= 0 and re.match(r"\s*\n|\s*(?:///|@|public|private|fileprivate|func|var|let"
                                                           r"|static|mutating|init|case)\b", code[index + 1:]):
            return None
    return None


def _closing(code: str, brace: int) -> int:
    """Behind the brace that closes this one."""
    depth = 0
    for index in range(brace, len(code)):
        depth += {"{": 1, "}": -1}.get(code[index], 0)
        if depth == 0:
            return index + 1
    return len(code)


def find(text: str, fragment: str, within: List[Span]) -> List[Span]:
    """Where the fragment stands inside those parts. White space of any length matches white space of any length."""
    words = [re.escape(word) for word in fragment.split()]
    pattern = re.compile(r"\s+".join(words))
    found: List[Span] = []
    for part in within:
        for match in pattern.finditer(text, part.start, part.end):
            span = Span(*match.span())
            if span not in found:
                found.append(span)
    return found


def edit(text: str, name: str, is_c: bool, old: str, new: str) -> Tuple[str, str]:
    """The text with the fragment of a declaration replaced, and what is wrong (then the text is as it was)."""
    within = declaration(text, name, is_c) if name else [Span(0, len(text))]
    if not within:
        return text, "it declares no %s" % name
    found = find(text, old, within)
    if len(found) != 1:
        return text, "%s has %d times: %s" % (name or "it", len(found), old.strip().splitlines()[0])
    return text[: found[0].start] + new + text[found[0].end:], ""

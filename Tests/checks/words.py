#!/usr/bin/env python3
"""Plain English: words and phrases that must not return, each with the word to use, and short subjects of commits.

The rules are in Sources/README.md and .github/CONTRIBUTING.md. Words are looked for in every text of the project:
comments, the header, documents, messages and names of tests. A phrase that a line break cuts in two is found too.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Iterator, List, NamedTuple, Tuple

from tap import ROOT, Report, tracked, where

SUBJECT = 72
# Commits up to this one keep their subjects. Its date stands for it where a clone is too shallow to have it.
BASE = "9feb5f98529ebe36918b8ad30ade137b5ca71677"
BASE_DATE = "2026-11-30T03:12:58+00:00"


class Word(NamedTuple):
    """A pattern of words, and what to write in its place. A space stands for any gap, also at the end of a line."""

    pattern: str
    use: str


WORDS = (
    Word(r"mend|mends|mended|mending", "fix"),
    Word(r"surely", "provably"),
    Word(r"go on|goes on|going on|went on|gone on", "keep running, or continue"),
    Word(r"whose turn", "who must act"),
    Word(r"(?:is|are|was|be) kept to", "stays in use"),
    Word(r"those that nobody", "the name of the things: unused rates, idle gates"),
    Word(r"of those that", "the name of the things"),
    Word(r"in doubt of", "in doubt about"),
    Word(r"so or otherwise", "for this or another reason"),
    Word(r"lives? for ever", "is never freed"),
    Word(r"hangs? on (?:it|that|this|the)", "depends on"),
    Word(r"(?:something|nothing|anything|everything|nobody|somebody) else than", "other than"),
    Word(r"looks? whether", "checks whether"),
    Word(r"not papered over", "not hidden"),
    Word(r"tak(?:es|ing) (?:its|their) time", "takes long"),
    Word(r"what became of", "the outcome of, the result of"),
    Word(r"something to know", "a warning"),
    Word(r"(?:let|lets|letting) go of|(?:is|are) let go", "release, drop, close, free"),
    Word(r"for want of", "because ... is missing"),
    Word(r"(?:is|are) to be had", "there is"),
    Word(r"hears? of it", "is woken, is told"),
    Word(r"that (?:is|are) none", "invalid"),
    Word(r"tells? nothing", "is useless"),
    Word(r"(?:is|are|was|were) told of", "is reported"),
    Word(r"as it were|be it so|come what may", "nothing"),
    Word(r"lest|whilst|hitherto|henceforth|thereof|therein|thereby|whereof|wherein|whereby", "a plain clause"),
)

# Files that keep their words: they were recorded, they are others', or they are inputs of programs.
KEPT = (
    "Tests/abi/",  # headers as they were released
    "Tests/fixtures/",  # answers of the clouds, and golden tables
    "Tests/fuzz/corpus/",  # bytes
    ".github/CHANGELOG.md",  # what was said of a version when it came
    "Tests/checks/words.py",
)
# Lines that keep a word: path and a part of the line. Programs read these texts.
LINES = (("bindings/python/src/aigc/_cli/output.py", 'type="goes_on"'),)


def shape(word: Word) -> "re.Pattern[str]":
    """The pattern, with gaps that may hold a line break and the marks of a comment."""
    gap = r"(?:[ \t]|\n[ \t]*(?://[/!]?|\*|#|--|;)?[ \t]*)+"
    inside = word.pattern.replace(" ", gap)
    return re.compile(r"(?<![A-Za-z])(?:%s)(?![A-Za-z])" % inside, re.I)


SHAPES: List[Tuple[Word, "re.Pattern[str]"]] = [(word, shape(word)) for word in WORDS]


def camels(text: str) -> Iterator[Tuple[int, str]]:
    """Names of tests, with the place of each: testItGoesOn as "test It Goes On"."""
    for match in re.finditer(r"\b[tT]est[A-Z]\w*", text):
        yield match.start(), re.sub(r"(?<=[a-z])(?=[A-Z])", " ", match.group())


def found(text: str) -> Iterator[Tuple[int, Word, str]]:
    """Each word that must not return: its line, its rule, and the text."""
    flat = text.replace("_", " ")
    names = list(camels(text))
    for word, pattern in SHAPES:
        for match in pattern.finditer(flat):
            yield text.count("\n", 0, match.start()) + 1, word, " ".join(match.group().split())
        for start, name in names:
            match = pattern.search(name)
            if match:
                yield text.count("\n", 0, start) + 1, word, match.group()


def in_files() -> Iterator[str]:
    """Words in files."""
    for path in tracked():
        name = str(path.relative_to(ROOT))
        if name.startswith(KEPT):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        lines = text.split("\n")
        kept = [part for file, part in LINES if file == name]
        for line, word, said in sorted(found(text), key=lambda hit: hit[0]):
            if any(part in lines[line - 1] for part in kept):
                continue
            yield '%s: "%s"; use: %s' % (where(path, line), said, word.use)


def git(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """A question to git."""
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8",
        errors="replace", check=False,
    )


def subjects() -> List[Tuple[str, str]]:
    """Commits after BASE with their subjects. In a shallow clone without BASE: the commits after the day of BASE."""
    known = git("merge-base", "--is-ancestor", BASE, "HEAD").returncode == 0
    log = git("log", "--no-merges", "--format=%h%x00%s", BASE + "..HEAD" if known else "--since=" + BASE_DATE)
    return [(line.split("\0")[0], line.split("\0")[1]) for line in log.stdout.split("\n") if "\0" in line]


def long_subjects(commits: List[Tuple[str, str]]) -> Iterator[str]:
    """Subjects beyond the limit."""
    for commit, subject in commits:
        if len(subject) > SUBJECT:
            yield "%s has %d characters: %s" % (commit, len(subject), subject)


def unseen() -> Iterator[str]:
    """Texts in which the rules must find something, or nothing: a rule that finds nothing is none."""
    wrong = (
        "a job goes on", "the job\n/// goes\n/// on there", "# surely", "MENDED", "testItGoesOn", "whose_turn(status)",
        "a\n * surely sent", "some of\n// those that wait", "it lives for ever",
    )
    for text in wrong:
        if not list(found(text)):
            yield "nothing is found in %r" % text
    for text in ("a goods one", "an amendment", "the bytes go onto the wire", "recommend it", "smallest", "dependsOn"):
        for _, _, said in found(text):
            yield "%r is found in %r" % (said, text)
    if not list(long_subjects([("0", "x" * (SUBJECT + 1))])) or list(long_subjects([("0", "x" * SUBJECT)])):
        yield "the limit of subjects is not %d" % SUBJECT


def main() -> int:
    """Look."""
    report = Report()
    report.rule("the rules of words find their words", unseen())
    report.rule("words that must not return (%d rules)" % len(WORDS), in_files())
    if not (ROOT / ".git").exists():
        report.skip("subjects of commits", "this tree has no history")
    else:
        commits = subjects()
        name = "subjects of commits have at most %d characters (%d new)" % (SUBJECT, len(commits))
        report.rule(name, long_subjects(commits))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

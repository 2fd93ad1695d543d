"""The command's own grammar, read from its parser: completion, manual pages and lines to repeat are made of it."""

from __future__ import annotations

import argparse
from typing import Collection, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple


class Option(NamedTuple):
    """One option or argument."""

    flags: Tuple[str, ...]
    """Empty for an argument."""
    metavar: str
    """Empty for an option that takes nothing."""
    choices: Tuple[str, ...]
    help: str
    many: bool
    needed: bool


class Command(NamedTuple):
    """One command; "jobs list" is one too."""

    words: Tuple[str, ...]
    help: str
    usage: str
    epilog: str
    options: List[Option]
    actions: List[str]
    """The words that can follow, where this is a group."""


_CHOICES = {"--provider": ("alibaba", "tencent")}


def commands(parser: argparse.ArgumentParser) -> List[Command]:
    """The command itself first, then its subcommands in their order."""
    return list(_walk(parser, (), parser.description or ""))


def _walk(parser: argparse.ArgumentParser, words: Tuple[str, ...], text: str) -> Iterator[Command]:
    below: Dict[str, argparse.ArgumentParser] = {}
    helps: Dict[str, str] = {}
    options: List[Option] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            below = dict(action.choices)
            helps = {str(choice.dest): str(choice.help) for choice in action._choices_actions}
        elif action.help != argparse.SUPPRESS:
            options.append(_option(action))
    usage = " ".join(parser.format_usage().partition(":")[2].split())
    yield Command(words, text, usage, parser.epilog or "", options, list(below))
    for name, sub in below.items():
        yield from _walk(sub, (*words, name), helps.get(name) or sub.description or "")


def _option(action: argparse.Action) -> Option:
    takes = action.nargs != 0
    shown: Optional[str] = action.metavar if isinstance(action.metavar, str) else None
    flags = tuple(action.option_strings)
    choices = tuple(map(str, action.choices or ())) or _CHOICES.get(flags[0] if flags else f"--{action.dest}", ())
    metavar = "" if not takes else shown or ("{%s}" % ",".join(choices) if choices else action.dest.upper())
    many = action.nargs in ("*", "+") or isinstance(action, argparse._AppendAction)
    text = " ".join((action.help or "").replace("%%", "%").split())
    return Option(flags, metavar, choices, text, many, bool(action.required) and action.nargs not in ("?", "*"))


def options_in(words: Sequence[str], command: Command) -> Iterator[Tuple[str, str, List[str]]]:
    """As argparse reads them: the long name of an option, its value, and how it was spelt. What is no option has no name."""
    long = {flag: next(name for name in row.flags if name.startswith("--")) for row in command.options for flag in row.flags}
    takes = {flag for row in command.options for flag in row.flags if row.metavar}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            # As a path without a dash: options can be added behind the line.
            yield "", "", [f"./{file}" if file.startswith("-") and file != "-" else file for file in rest]
            return
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            flag = name if name in long else next((other for other in long if other.startswith(name)), name)
            spelt = [word]
            if not equals and flag in takes and rest:
                value = rest.pop(0)
                spelt.append(value)
            yield flag, value, spelt
        elif word.startswith("-") and word != "-":
            yield from _short_ones(word[1:], long, takes, rest)
        else:
            yield "", "", [word]


def _short_ones(
    letters: str, long: Mapping[str, str], takes: Collection[str], rest: List[str]
) -> Iterator[Tuple[str, str, List[str]]]:
    """-yq, -cKEY=VALUE."""
    for position, letter in enumerate(letters, 1):
        flag = f"-{letter}"
        if flag in takes:
            value = letters[position:]
            value = value[1:] if value.startswith("=") else value if value or not rest else rest.pop(0)
            yield long[flag], value, [flag, value]
            return
        yield long.get(flag, flag), "", [flag]

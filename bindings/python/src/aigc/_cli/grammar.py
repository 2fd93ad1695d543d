"""The command's own grammar, read from its parser: completion and manual pages are made of it."""

from __future__ import annotations

import argparse
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple


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

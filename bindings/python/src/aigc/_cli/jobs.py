"""aigc jobs: the keys of a journal. A table on a terminal, one JSON object a line otherwise."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

from .. import journal, profiles
from ..enums import Outcome, Status
from ..errors import AigcError, InvalidArgumentError, NotFoundError
from . import exits, options
from .output import Output

_COLUMNS = ("key", "state", "provider", "operation", "changed", "remote_id", "status")
_OUTCOMES = {"accepted": Outcome.ACCEPTED, "not-sent": Outcome.NOT_SENT, "abandoned": Outcome.UNKNOWN}


def named(args: argparse.Namespace) -> Optional[str]:
    """The journal that the command line, the configuration or AIGC_JOURNAL names; None: no journal is named."""
    given = options.settings(args).get("journal.path")
    found = profiles.configuration(options.settings(args)).value("journal.path") if given is None else given
    return str(found) if found else None


def folder(args: argparse.Namespace) -> str:
    """The same, where the command needs one."""
    found = named(args)
    if found is None:
        raise InvalidArgumentError(
            "no journal is named: add --journal FOLDER, set AIGC_JOURNAL, or journal.path in a profile",
            status=Status.INVALID_ARGUMENT,
        )
    return found


def run(args: argparse.Namespace, output: Output, resume: Callable[[argparse.Namespace], int]) -> int:
    """One of list, show, resume, resolve, prune, check."""
    if args.action == "resume":
        return resume(args)
    actions = {"list": _list, "show": _show, "resolve": _resolve, "prune": _prune, "check": _check}
    return actions[args.action](args, output)


def _list(args: argparse.Namespace, output: Output) -> int:
    states = args.state or None
    for state in states or ():
        if state not in journal.STATES:
            raise InvalidArgumentError(
                f"there is no state {state!r}: it is one of {', '.join(journal.STATES)}", status=Status.INVALID_ARGUMENT
            )
    found = journal.rows(folder(args), states=states, provider=args.provider, prefix=args.prefix)
    if output.as_json or not _terminal():
        for row in found:
            _line(output, "job", row)
        return exits.OK
    lines: List[Tuple[str, ...]] = [_COLUMNS]
    for row in found:
        lines.append(tuple(_cell(row, column) for column in _COLUMNS))
        if len(lines) > 1000:
            _print_table(lines, output)
            lines = [_COLUMNS]
    _print_table(lines, output)
    return exits.OK


def _show(args: argparse.Namespace, output: Output) -> int:
    codes: List[int] = []
    for key in args.keys:
        row = journal.row(folder(args), key)
        if row is None:
            output.error(NotFoundError(f"the journal has no key {key!r}", status=Status.NOT_FOUND))
            codes.append(exits.of(NotFoundError("", status=Status.NOT_FOUND)))
        elif output.as_json or not _terminal():
            _line(output, "job", row)
        else:
            for name, value in row.items():
                shown = _moment(value) if name.endswith("_at_ms") else "-" if value is None else value
                output.result(f"{name.replace('_at_ms', ''):14} {shown}", vital=False)
    return exits.worst(codes)


def _resolve(args: argparse.Namespace, output: Output) -> int:
    outcome = _OUTCOMES[args.outcome]
    if (outcome is Outcome.ACCEPTED) != (args.id is not None):
        raise InvalidArgumentError(
            "--as accepted needs --id, the provider's id of the job; the other two take none",
            status=Status.INVALID_ARGUMENT,
        )
    journal.resolve(folder(args), args.key, outcome, args.id)
    output.result(f"{args.key} {args.outcome}", vital=False, type="resolved", key=args.key, outcome=args.outcome)
    return exits.OK


def _prune(args: argparse.Namespace, output: Output) -> int:
    removed = journal.prune(folder(args), args.older_than_days * 86_400)
    output.result(
        f"{removed} keys forgotten; they can be submitted, and paid, again", vital=False, type="pruned", removed=removed
    )
    return exits.OK


def _check(args: argparse.Namespace, output: Output) -> int:
    report = journal.check(folder(args))
    if output.as_json or not _terminal():
        _line(output, "journal", report)
    else:
        for name, value in report.items():
            output.result(f"{name:14} {value}", vital=False)
    return exits.OK if report.get("ok") else exits.of(AigcError("", status=Status.JOURNAL))


def _line(output: Output, kind: str, values: Dict[str, Any]) -> None:
    """A JSON object, for whoever is no terminal."""
    output.result(json.dumps({"type": kind, **values}, ensure_ascii=False), vital=False, type=kind, **values)


def _terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _cell(row: Dict[str, Any], column: str) -> str:
    if column == "changed":
        return _moment(row.get("changed_at_ms"))
    value = row.get(column)
    return "-" if value is None else str(value)


def _moment(milliseconds: Optional[int]) -> str:
    if not milliseconds:
        return "-"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(milliseconds / 1000))


def _print_table(lines: "List[Tuple[str, ...]]", output: Output) -> None:
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    for line in lines:
        output.result("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip(), vital=False)

"""aigc batch: from a file of rows to a folder of pictures. The work is in aigc/batch; here are its command line and terminal."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from typing import Any, Callable, Collection, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..batch import _plan
from ..batch._api import Batch, Summary
from ..batch._keys import key_text
from ..batch._options import DEFAULT_TEMPLATE, Options
from ..batch._plan import Plan
from ..batch._progress import clock, summary_counts
from ..batch._results import RowResult, entry_of, local
from ..batch._rows import FileSource
from ..batch._runner import Runner
from ..batch._show import Show
from ..describe import _config_keys
from ..enums import Status
from ..errors import InvalidArgumentError
from . import exits, options
from .again import is_told, program
from .grammar import commands
from .interrupts import Interrupted, Interrupts, grace, waiting
from .output import Output, warn_of_secrets
from .requests import parameters

_HOURS = 12.0  # The clouds keep images for so long.
_DOUBTS_SHOWN = 20
_SILENCE = 10.0  # Seconds.


def batch(args: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    """Plan, ask, run, sum up."""
    if args.resolve:
        from .batch_resolve import resolve

        return resolve(args, output)
    if args.file is None:
        raise _usage('FILE is missing: aigc batch FILE --out DIR; "-" is standard input, with --format')
    settings = options.settings(args)
    warn_of_secrets(output, settings)
    source = FileSource(args.file, args.format, args.encoding)
    begun = time.monotonic()
    if args.dry_run:
        work = Batch(source, args.out, options_of(args), args.journal or None, settings)
        work.note = _reading(output)
        with work.dry() as plan:
            return _show_plan(plan, args, output)
    work = Batch(source, args.out, options_of(args), args.journal or None, settings)
    work.note = _reading(output)
    with work:
        secrets = [row.key for row in _config_keys() if row.type == "secret"]
        line = again(args.words, secrets)
        work.command, work.plain_command = line.text, again(args.words, secrets, ("--again", "--retry")).text
        work.resolve_command = _resolving(args, secrets)
        code = _show_plan(work.plan, args, output)
        if code == exits.OK:
            code = _consent(work.plan, args, output)
        if code != exits.OK or _said_no(work.plan, args):
            return code
        summary = _run(work, args, output, interrupts)
        _sum_up(work, summary, args, output, time.monotonic() - begun, line.left_out)
        return summary.exit_code


def _reading(output: Output) -> Callable[[int], None]:
    """Says how far the reading is, where it takes long."""
    last = time.monotonic()

    def note(rows: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _SILENCE:
            last = time.monotonic()
            output.note(f"reading    {rows} rows are checked")

    return note


def options_of(args: argparse.Namespace) -> Options:
    """What the command line says about rows."""
    return Options(
        provider=args.provider, operation=args.operation, fields=parameters(args), prompt=args.prompt, keep=tuple(args.keep),
        map=dict(args.map), drop=frozenset(args.drop), repeat=args.repeat,
        name_template=DEFAULT_TEMPLATE if args.name_template is None else args.name_template,
        retry=frozenset(args.retry), again=frozenset(map(key_text, args.again)), limit=args.limit, prompts=not args.no_prompts,
    )


class Line(NamedTuple):
    """A command line to repeat."""

    text: str
    """For a shell."""
    left_out: List[str]
    """What it does not say, because it is secret."""


def again(words: Sequence[str], secrets: Collection[str], without: Sequence[str] = ()) -> Line:
    """The line to repeat, without secrets, a limit of 0 and some options that have a value. --again and --retry stay unless
    they are named there: until nothing is left, the same line pays no row of its own once more."""
    kept: List[str] = []
    left_out: List[str] = []
    for flag, value, spelt in _options_in(words):
        if flag in without or flag == "--limit" and not value.strip("0"):  # That would send nothing for ever.
            continue
        key, _, setting = value.partition("=") if flag == "--config" else ("journal", "", value)
        if flag in ("--config", "--journal") and not is_told(key, setting, secrets):
            left_out.append(key if flag == "--config" else flag)
        else:
            kept += spelt
    return Line(" ".join([program(), *map(shlex.quote, kept)]), left_out)


def _options_in(words: Sequence[str]) -> Iterator[Tuple[str, str, List[str]]]:
    """As argparse reads them: the long name of an option, its value, and how it was spelt. What is no option has no name."""
    (command,) = [row for row in commands(options.parser()) if row.words == ("batch",)]
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


def _show_plan(plan: Plan, args: argparse.Namespace, output: Output) -> int:
    """The plan, or what is wrong."""
    numbers = plan.numbers
    if not plan.ok:
        for warning in plan.warnings:
            output.warning(warning)
        for line in plan.problems.lines():
            output.alarm(f"aigc: {line}")
        path = plan.errors_path
        where = f"; all of them: {path}" if path else ""
        things = "1 thing is" if plan.problems.count == 1 else f"{plan.problems.count} things are"
        output.alarm(f"aigc: {things} wrong, and nothing was sent{where}")
        output.event(type="problems", count=plan.problems.count, lines=list(plan.problems.lines()))
        return exits.USAGE
    output.event(type="plan", **{**numbers._asdict(), "stands": dict(numbers.stands)}, prompts=plan.prompts)
    shown = _plan.lines(numbers, plan.problems.name, plan.prompts, plan.gone, plan.warnings)
    if args.price is not None:
        shown.append(_plan.price_line(numbers.images, args.price))
    for line in shown:
        if args.dry_run and not output.as_json:
            output.result(line, vital=False)
        else:
            output.note(line)
    return exits.OK


def _consent(plan: Plan, args: argparse.Namespace, output: Output) -> int:
    is_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr)) and args.file != "-"
    answer, why = _plan.consent(plan.numbers.send, is_terminal, args.yes, args.max_jobs)
    if answer == "refuse":
        output.alarm(f"aigc: {why}")
        return exits.USAGE
    args.said_no = False
    if answer == "ask":
        sys.stderr.write("Continue? [y/N] ")
        sys.stderr.flush()
        args.said_no = sys.stdin.readline().strip().lower() not in ("y", "yes")
        if args.said_no:
            output.alarm("aigc: nothing was sent")
    return exits.OK


def _said_no(plan: Plan, args: argparse.Namespace) -> bool:
    return bool(getattr(args, "said_no", False))


def _run(work: Batch, args: argparse.Namespace, output: Output, interrupts: Interrupts) -> Summary:
    show = Show("quiet" if args.quiet or output.as_json and args.progress == "auto" else args.progress)
    try:
        with interrupts.held():
            runner = work.start()
        told = 0
        while not runner.is_over:
            with interrupts.held():
                results = runner.turn()
            for result in results:
                _tell(result, output, show)
            for stop in runner.stops[told:]:
                show.end()
                output.alarm(f"aigc: {stop}")
            told = len(runner.stops)
            _warn(runner, output, show)
            if show.update(runner.tally(), runner.pace) is not None:
                output.event(type="progress", **runner.tally()._asdict())
        show.end()
        with interrupts.held():
            summary = work.finish()
        _warn(runner, output, show)
        for stop in runner.stops[told:]:  # What could not be written at the end.
            output.alarm(f"aigc: {stop}")
        return summary
    except Interrupted:
        show.end()
        output.note("aigc: interrupted: nothing more is sent")
        if hasattr(work, "runner"):
            _warn(work.runner, output, show)
            work.runner.on_warning = output.warning
        seconds = 0.0 if work.client is None else grace(work.client)
        try:
            with interrupts.again():
                work.leave(seconds, lambda: output.alarm(waiting(seconds, interrupted=True)))
        except Interrupted:  # No more patience.
            work.close(0)
            work.runner.abandon()
        work.runner.interrupted = True
        return work.summary()
    except BaseException:  # A fault: what is on the wire gets its moment all the same.
        show.end()
        if hasattr(work, "runner"):
            work.leave(work.grace)
            _warn(work.runner, output, show)
        raise


def _warn(runner: Runner, output: Output, show: Show) -> None:
    """The warnings of the library that have come."""
    for warning in runner.warnings:
        show.end()
        output.warning(warning)
    runner.warnings.clear()


def _tell(result: RowResult, output: Output, show: Show) -> None:
    output.event(type="row", **result._asdict())
    if result.error and not output.as_json and result.state != "not sent":
        show.end()
        output.note(f"aigc: row {result.row}, {result.key}: {result.state}: {result.error}")


def _sum_up(
    work: Batch, summary: Summary, args: argparse.Namespace, output: Output, seconds: float, left_out: Sequence[str]
) -> None:
    done, failed, doubt, _ = summary_counts(summary.counts)
    parts = [f"{summary.rows} rows: {done} done, {failed} failed, {doubt} in doubt"]
    parts += [f"{number} {state}" for state, number in summary.counts.items() if state in ("not sent", "to fetch")]
    line = ", ".join(parts) + f"   {clock(seconds)}"
    if summary.report:
        line += f"   report {summary.report}"
    output.result(line, vital=False, type="summary", **summary._asdict())
    index = work.plan._index
    out = shlex.quote(args.out)
    for number, row in enumerate(index.all("stands = 'in doubt'")):
        if number == _DOUBTS_SHOWN:
            output.alarm(f"  and {doubt - number} more in {out}/results.jsonl")
            break
        output.alarm(f"  in doubt: {row.key}, sent {local(row.sent_ms)}, no answer")
    if doubt:
        output.alarm(f"  to settle them: {work.resolve_command}")
    if work.runner.has_left:
        output.alarm(f"  to continue: {work.command}")
    if left_out and (doubt or work.runner.has_left):
        output.alarm(f"  give these once more, which are not repeated here: {', '.join(left_out)}")
    expiry = index.first_expiry(_HOURS)
    if expiry is not None:
        output.alarm(f"  the first picture that is not here expires at {local(expiry)}: fetch it before, which is free")


def _resolving(args: argparse.Namespace, secrets: Collection[str]) -> str:
    """The line that settles rows in doubt: with what leads to the journal. The environment says the same the next time."""
    words = [f"--out={args.out}"]
    named = options.settings(args).get("journal.path")
    if named and is_told("journal.path", named, secrets):
        words.append(f"--journal={named}")
    profile = args.profile if args.profile is not None else dict(args.config).get("profile")
    if profile is not None:
        words.append(f"--profile={profile}")
    return " ".join([program(), "batch", "--resolve", *map(shlex.quote, words)])


def _usage(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, status=Status.INVALID_ARGUMENT)

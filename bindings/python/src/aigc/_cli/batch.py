"""aigc batch: from a file of rows to a folder of pictures. The work is in aigc/batch; here are its command line and terminal."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import time
from typing import Callable, Optional, Sequence

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
from ..enums import Status
from ..errors import InvalidArgumentError
from . import exits, options
from .again import Again, repeated, secret_keys
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
    work = Batch(source, args.out, options_of(args), args.journal or None, settings)
    work.note, work.words = _reading(output), args.words
    if args.dry_run:
        with work.dry() as plan:
            return _show_plan(plan, args, output)
    with work:
        secrets = secret_keys()
        line = repeated(args.words, secrets)
        work.command, work.plain_command = line.text, repeated(args.words, secrets, ("--again", "--retry")).text
        code = _show_plan(work.plan, args, output)
        if code != exits.OK:
            return code
        stop = _consent(work.plan, args, output)
        if stop is not None:
            return stop
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
        return exits.MACHINE if plan.problems.machine == plan.problems.count else exits.USAGE
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


def _consent(plan: Plan, args: argparse.Namespace, output: Output) -> Optional[int]:
    """Asks whether to send. None: yes; otherwise the exit code."""
    is_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr)) and args.file != "-"
    answer, why = _plan.consent(plan.numbers.send, is_terminal, args.yes, args.max_jobs)
    if answer == "refuse":
        output.alarm(f"aigc: {why}")
        return exits.USAGE
    if answer == "ask":
        sys.stderr.write("Continue? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            output.alarm("aigc: nothing was sent")
            return exits.OK
    return None


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
        if hasattr(work, "runner"):
            work.runner.stop()
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
        output.alarm(f"  in doubt: {row.key}, sent {local(row.sent_ms)}: {row.message or 'no answer'}")
    if work.pays_again():
        _tell_gone(work, args, output)
        return
    if doubt:
        output.alarm(f"  to settle them: {work.resolve_command}")
    if work.runner.has_left:
        output.alarm(f"  to continue: {work.command}")
    if left_out and (doubt or work.runner.has_left):
        output.alarm(f"  give these once more, which are not repeated here: {', '.join(left_out)}")
    expiry = index.first_expiry(_HOURS)
    if expiry is not None:
        output.alarm(f"  the first picture that is not here expires at {local(expiry)}: fetch it before, which is free")


def _tell_gone(work: Batch, args: argparse.Namespace, output: Output) -> None:
    """The notes of this run are gone: of each paid job that is not fetched, the line that fetches it without them."""
    output.alarm(
        f"aigc: {args.out} was moved, deleted or replaced, with the journal of this batch in it. The same command line would PAY "
        "AGAIN for each row that was sent: put the folder back first"
    )
    again = Again(args).without_journal()
    for row in work.plan._index.all("stands IN ('to fetch', 'done') AND coalesce(token, remote_id) IS NOT NULL"):
        files = json.loads(row.files or "[]")
        if row.stands == "done" and all(os.path.exists(os.path.join(args.out, file)) for file in files):
            continue
        which = shlex.quote(row.token) if row.token else " ".join(
            shlex.quote(f"--{name}={value}")
            for name, value in (("provider", row.provider), ("operation", row.operation), ("id", row.remote_id))
        )
        output.alarm(f"  {row.key} is paid; to get its pictures for free: {again.command('fetch', which)}")


def _usage(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, status=Status.INVALID_ARGUMENT)

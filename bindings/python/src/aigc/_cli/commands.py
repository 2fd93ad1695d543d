"""The subcommands. Each returns an exit code or raises AigcError."""

from __future__ import annotations

import argparse
import codecs
import sys
from typing import Callable, Dict, List, Optional, Set

from .._naming import Files
from ..client import Client, Job
from ..describe import _fields, _operations
from ..enums import EventType, State, Status
from ..errors import AigcError, InvalidArgumentError, NotFoundError, WaitTimeoutError, WrongStateError
from . import calls, exits, options, requests
from .again import Again
from .doctor import doctor
from .interrupts import Interrupted, Interrupts, grace, waiting
from .jobs import named
from .output import Output, describe, label, warn_of_secrets
from .owed import Owed
from .run import Run
from .sandbox import sandbox


_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def generate(args: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    """Submit, wait, fetch."""
    files = _files(args)
    with _client(args, output) as client:
        request = requests.build(args, "submit", follow=True)
        files.prepare()
        files.check_targets(request.provider, request.operation, requests.count(request))
        run = Run(client, output, files, args.timeout, Owed(named(args)))

        def work() -> None:
            with interrupts.held():
                run.add(client.submit(request))
            run.until_ended()

        return _finish(client, output, interrupts, run, work)


def submit(args: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    """Submit, and leave when the provider has accepted."""
    with _client(args, output) as client:
        request = requests.build(args, "submit", follow=False)
        run = Run(client, output, None, args.timeout)
        jobs: List[Job] = []

        def work() -> None:
            with interrupts.held():
                job = client.submit(request)
                run.add(job)
            run.until_accepted()
            with interrupts.held():
                output.stop_bars()
                if job.remote_id is None:
                    run.fail(job.error or AigcError("the job ended without an id"))
                else:
                    output.result(job.token or job.remote_id, type="submitted", **describe(job))
                run.forget(job)

        return _finish(client, output, interrupts, run, work)


def status(args: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    """One status call for each job. A job that has failed is a status like any other: the call worked."""
    codes: List[int] = []
    with _client(args, output) as client:
        for job in _attached(args, client, output, codes, follow=False):
            try:
                job.refresh(args.timeout)
            except AigcError as error:
                error.token = job.token
                output.error(error)
                codes.append(exits.of(error))
                continue
            _print_status(job, output, args.verbose)
    return exits.worst(codes)


def wait(args: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    """Until all jobs have ended."""
    with _client(args, output) as client:
        run = Run(client, output, None, args.timeout)
        jobs = _attached(args, client, output, run.codes, follow=True)
        return _finish(client, output, interrupts, run, lambda: _follow(run, jobs, interrupts))


def fetch(args: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    """Until all jobs have ended and their images are here; or one image by id or URL."""
    files = _files(args)
    with _client(args, output) as client:
        files.prepare()
        run = Run(client, output, files, args.timeout)
        run.indices = args.index
        found: List[Job] = []
        if args.fields or args.json_fields:
            if args.tokens or args.id:
                raise _usage("give tokens, or an image by --provider, --operation and --set: not both")
            if args.provider is None:
                raise _usage("--provider is missing")
            request = requests.build(args, "fetch")
            path = files.single(f"{request.provider}-{request.operation}")
            run.add_download(client.fetch(request, path=path))
        else:
            found = _attached(args, client, output, run.codes, follow=True)
        return _finish(client, output, interrupts, run, lambda: _follow(run, found, interrupts))


def jobs(args: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    """The keys of a journal."""
    from .jobs import folder, run

    def resume(args: argparse.Namespace) -> int:
        files = _files(args)
        args.journal = folder(args)
        with _client(args, output) as client:
            files.prepare()
            owed = Owed(args.journal)
            work = Run(client, output, files, args.timeout, owed)
            count = client.resume()
            output.note(f"aigc: {count} jobs taken over")
            found = _resumed(client, count)
            ended = _ended(client, owed, {job.key for job in found})
            if ended:
                output.note(f"aigc: {len(ended)} more whose commands were ended before their images were here")
            found += ended
            return _finish(client, output, interrupts, work, lambda: _follow(work, found, interrupts))

    return run(args, output, resume)


def _resumed(client: Client, count: int) -> List[Job]:
    """The jobs that client.resume() took over: each comes as an event, accepted or ended in doubt."""
    found: Dict[int, Job] = {}
    if not count:
        return []
    for event in client.events(timeout=5):
        if event.type in (EventType.JOB_ACCEPTED, EventType.JOB_DONE) and isinstance(event.job, Job):
            found[event.job.id] = event.job
        if len(found) >= count:
            break
    return list(found.values())


def _ended(client: Client, owed: Owed, found: Set[Optional[str]]) -> List[Job]:
    """Jobs that are no longer open, and whose images a killed command still had to fetch."""
    jobs: List[Job] = []
    for key in owed.left():
        if key in found:
            continue
        try:
            jobs.append(client.attach_key(key))
        except (NotFoundError, WrongStateError):  # Pruned, or never sent.
            owed.end(key)
    return jobs


def batch(args: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    """Every row of a file."""
    from .batch import batch as run  # It needs sqlite3, which not every Python has.

    return run(args, output, interrupts)


def fields(args: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    """Operations, or the fields of one."""
    if args.provider is not None:
        requests.check_provider(args.provider)
    if args.operation is None:
        for row in _operations():
            if args.provider in (None, row.provider):
                text = f"{row.provider:8} {row.operation:26} {row.kind:7} {row.wire_name}"
                output.result(text, vital=False, type="operation", **row._asdict())
        return exits.OK
    requests.check_operation(args.provider, args.operation)
    rows = _fields(args.provider, args.operation)
    for field in rows:
        needed = "required" if field.required else ""
        text = f"{field.name:22} {field.type:10} {needed:9} {field.text} ({field.wire_name})"
        output.result(text, vital=False, **{**field._asdict(), "field_type": field.type, "type": "field"})
    return exits.OK


def config(args: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    """The configuration keys and the configuration file."""
    from .settings import config as run

    return run(args, output)


def call(args: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    """Any operation of a cloud."""
    with _client(args, output) as client:
        return calls.call(args, output, client, interrupts)


def listed(args: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    """What a cloud can list."""
    with _client(args, output) as client:
        return calls.listed(args, output, client)


def completion(args: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    """A script for a shell."""
    from .completion import script
    from .grammar import commands

    text = script(args.shell, commands(options.parser()))
    output.result(text.rstrip(), vital=False, type="completion", shell=args.shell, script=text)
    return exits.OK


COMMANDS: Dict[str, Callable[[argparse.Namespace, Output, Interrupts], int]] = {
    "generate": generate,
    "batch": batch,
    "submit": submit,
    "status": status,
    "wait": wait,
    "fetch": fetch,
    "jobs": jobs,
    "fields": fields,
    "config": config,
    "call": call,
    "list": listed,
    "completion": completion,
    "doctor": doctor,
    "sandbox": sandbox,
}


def _files(args: argparse.Namespace) -> Files:
    return Files("." if args.out is None else args.out, args.name_template, args.overwrite)


def _client(args: argparse.Namespace, output: Output) -> Client:
    settings = options.settings(args)
    warn_of_secrets(output, settings)
    settings.setdefault("events.progress", "true")
    output.again = Again(args)
    client = Client(settings)
    client._tells_logs = False  # The command says itself what comes.
    return client


def _follow(run: Run, jobs: List[Job], interrupts: Interrupts) -> None:
    with interrupts.held():
        run.add_all(jobs)
    run.until_ended()


def _finish(client: Client, output: Output, interrupts: Interrupts, run: Run, work: Callable[[], None]) -> int:
    """Does the work; leaves in good order when time runs out, somebody interrupts or something fails."""
    output.start_bars()
    try:
        work()
    except WaitTimeoutError as error:
        run.fail(error)
        _leave(client, output, interrupts, run)
    except Interrupted:
        output.stop_bars()
        _leave(client, output, interrupts, run, interrupted=True)
        run.codes.insert(0, exits.INTERRUPTED)
    except Exception:
        output.stop_bars()
        _leave(client, output, interrupts, run)
        raise
    finally:
        output.stop_bars()
    return exits.worst(run.codes)


def _leave(client: Client, output: Output, interrupts: Interrupts, run: Run, interrupted: bool = False) -> None:
    """Says which jobs keep running, and ends everything here. Only an answer that is on its way is waited for."""
    known = run.unfinished()
    output.keep_running(known)
    seconds = grace(client)
    try:
        with interrupts.again():
            run.settle(seconds, lambda: output.alarm(waiting(seconds, interrupted)))
    except Interrupted:
        pass  # Interrupted again: no more patience.
    client.close(0)
    # Now nothing changes any more.
    output.keep_running([job for job in run.unfinished() if job not in known])
    if run.undecided():
        run.codes.append(exits.OUTCOME_UNKNOWN)
        output.alarm(
            "aigc: !!! OUTCOME UNKNOWN: the submission left, and no answer says its result: "
            "the job may run and be billed. Look at the provider's console before you submit again"
        )


def _attached(args: argparse.Namespace, client: Client, output: Output, codes: List[int], follow: bool) -> List[Job]:
    """The jobs that the command line names. An invalid token is reported, and the other tokens count."""
    tokens: List[str] = []
    for token in args.tokens:
        tokens.extend(_read_tokens() if token == "-" else [token])
    if not tokens and not args.id:
        raise _usage("a token is missing" + (": standard input held none" if "-" in args.tokens else ""))
    if args.id and (args.provider is None or args.operation is None):
        raise _usage("--id needs --provider and --operation")
    jobs: List[Job] = []
    for token in tokens:
        try:
            jobs.append(client.attach(token, follow))
        except AigcError as error:
            output.error(error)
            codes.append(exits.of(error))
    for remote_id in args.id:
        jobs.append(client.attach_id(args.provider, args.operation, remote_id, follow))
    return jobs


def _read_tokens() -> List[str]:
    """Words of standard input. Editors and shells of Windows write a mark before a list, and two characters at an end of line."""
    try:
        data = b"" if sys.stdin is None else sys.stdin.buffer.read()
    except (OSError, ValueError) as error:
        raise _usage(f"no tokens can be read from standard input: {error}") from None
    if data.startswith(_UTF16) or b"\0" in data:
        raise _usage(
            "no tokens can be read from standard input: it is UTF-16, and must be UTF-8 (PowerShell 5: Out-File -Encoding utf8; "
            "elsewhere: iconv -f utf-16 -t utf-8)"
        )
    try:
        return data.decode("utf-8").replace("\ufeff", " ").split()
    except UnicodeDecodeError:
        raise _usage("no tokens can be read from standard input: it is no text in UTF-8") from None


def _print_status(job: Job, output: Output, verbose: bool) -> None:
    state = job.state
    error = job.error
    parts = [f"{state.name:9} {label(job)}"]
    if job.provider_state:
        parts.append(f"provider says {job.provider_state}")
    if job.progress is not None:
        parts.append(f"{job.progress:.0%}")
    if state == State.SUCCEEDED:
        parts.append(job.result_id or f"{len(job.assets)} images")
    if error is not None:
        parts.append(" ".join(str(error).split()))
    values = {"response": job.provider_response, "error": None if error is None else error.message}
    output.result(", ".join(parts), type="status", **describe(job), **values)
    if verbose and not output.as_json:
        output.alarm(f"  response: {job.provider_response}")


def _usage(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, status=Status.INVALID_ARGUMENT)

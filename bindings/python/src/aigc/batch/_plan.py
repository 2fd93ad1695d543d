"""The plan: every row read and checked, and what becomes of each, before the first byte is sent."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from .. import journal, profiles
from ..client import Client
from ..describe import _fields, _operations
from ..enums import Status
from ..errors import AigcError, JournalError
from . import _names, _options
from ._cells import Cells, Skipped
from ._columns import Columns, Known, Spec, shortened
from ._decide import Do, Is
from ._folder import OURS, Folder
from ._index import Index, Journals
from ._options import Options
from ._problems import Problem, Problems
from ._rows import Source
from ._shared import Lost, Shared, alone_in, as_journal, as_ledger, as_results

_FIRST = 3
_GONE = 10
_SURE_BYTES = 8 * 1024
"""A picture is larger than this."""
_USUAL_BYTES = 2 * 1024 * 1024
# A client that checks, and cannot send: its jobs are held, its keys are none, and nobody listens there.
_CHECKS = {
    "alibaba.endpoint": "http://127.0.0.1:9",
    "alibaba.access_key_id": "check",
    "alibaba.access_key_secret": "check",
    "tencent.endpoint": "http://127.0.0.1:9",
    "tencent.secret_id": "check",
    "tencent.secret_key": "check",
    "journal.path": "",
}


class Numbers(NamedTuple):
    """What a plan says, in numbers."""

    rows: int
    skipped: int
    send: int
    """New jobs, which cost money."""
    images: int
    """That they ask for."""
    fetch: int
    """Accepted before, and fetched for free."""
    stands: Mapping[str, int]
    """Rows by where they stand."""
    gone: int
    """Keys of earlier runs that are in the file no longer."""


class Plan:
    """What a run does. Made by aigc.batch.plan(); close it, or use it in a with statement."""

    def __init__(self, index: Index, folder: Folder, options: Options, problems: Problems, journal_path: str) -> None:
        self._index = index
        self._folder = folder
        self._options = options
        self._journal = journal_path
        self.problems = problems
        self.numbers = Numbers(0, 0, 0, 0, 0, {}, 0)
        self.prompts: List[str] = []
        """The first prompts, as they were read."""
        self.gone: List[Tuple[str, str]] = []
        """The first keys that are in the file no longer, with their states."""
        self.warnings: List[str] = []
        self._providers: FrozenSet[str] = frozenset()

    def providers(self) -> FrozenSet[str]:
        """Those that the rows name."""
        return self._providers

    @property
    def errors_path(self) -> Optional[str]:
        """The file with everything that is wrong; None if nothing is, or there is no folder."""
        return self._folder.errors if not self.ok and os.path.exists(self._folder.errors) else None

    @property
    def ok(self) -> bool:
        """Whether a run may begin."""
        return not self.problems.count

    def close(self) -> None:
        """Gives back the folder and the temporary file."""
        self._index.close()
        self._folder.close()

    def __enter__(self) -> "Plan":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __str__(self) -> str:
        said = lines(self.numbers, self.problems.name, self.prompts, self.gone, self.warnings)
        return "\n".join([*self.problems.lines(), *said])


def build(
    source: Source,
    options: Options,
    folder: Folder,
    journal_path: str,
    known: "Optional[Known]" = None,
    check: bool = True,
    note: Optional[Callable[[int], None]] = None,
    shared: Optional[Shared] = None,
    problems: Optional[Problems] = None,
) -> Plan:
    """Reads and checks every row, and decides about each. note: is told the number of rows now and then. journal_path: the
    folder of a journal of this machine; empty for none."""
    problems = Problems(source.name) if problems is None else problems
    index = Index(options, folder.ours if folder.exists() else None)
    plan = Plan(index, folder, options, problems, journal_path)
    try:
        with _Errors(folder, problems) as wrong:
            wrong.whole(_options.wrong(options))
            bad = _names.wrong_template(options.name_template)
            if bad is not None:
                wrong.whole([bad])
            columns = Columns(options, known or library(profiles.load()))
            skipped = 0 if problems.count else _read(source, columns, plan, wrong, check, note)
            if not problems.count:
                _look_back(plan, wrong, shared)
            plan._providers = frozenset(index.providers())
            tasks, stands = index.tasks(), index.counts()
            send = tasks.get(Do.SEND.value, 0)
            send = send if options.limit is None else min(send, options.limit)
            gone = 0
            for gone, found in enumerate(index.gone() if shared is None else (), 1):  # Others have keys there too.
                if gone <= _GONE:
                    plan.gone.append((str(found[0]), str(found[1])))
            images = index.images_to_send(options.limit)
            plan.numbers = Numbers(index.rows, skipped, send, images, tasks.get(Do.FETCH.value, 0), stands, gone)
            _check_disk(plan, wrong)
            if index.taken_over_count:
                plan.warnings.append(_taken_over(index))
            if index.held_count:
                plan.warnings.append(_held(index.held_count, index.held))
    except BaseException:
        plan.close()
        raise
    return plan


def library(profile: Optional[profiles.Profile]) -> Known:
    """What the loaded library knows, and the profile that the client takes."""
    return Known(
        lambda: sorted({row.provider for row in _operations()}),
        lambda provider: [row.operation for row in _operations() if row.provider == provider and row.kind == "submit"],
        lambda provider, operation: {row.name: row.type for row in _fields(provider, operation)},
        lambda provider, operation: {} if profile is None else profile.fields(provider, operation),
    )


class Checker:
    """Has the library itself check requests, as a submission would, without one."""

    def __init__(self) -> None:
        self._client: Optional[Client] = None

    def check(self, spec: Spec) -> Optional[Problem]:
        """What the library would refuse; None if nothing."""
        if self._client is None:
            self._client = Client(_CHECKS)
        request = spec.request()
        request.hold = True
        try:
            self._client.submit(request).cancel()
        except AigcError as error:
            return Problem(error.message, spec.row, spec.line, error.field or "")
        except (TypeError, ValueError) as error:
            return Problem(str(error), spec.row, spec.line)
        return None

    def close(self) -> None:
        """Can be called twice."""
        if self._client is not None:
            self._client.close(0)
            self._client = None


class _Errors:
    """Counts problems, and writes each to a file where there is a folder."""

    def __init__(self, folder: Folder, problems: Problems) -> None:
        self._problems = problems
        self._path = folder.errors if folder.exists() else None
        self._file: Any = None
        if self._path is not None and os.path.exists(self._path):
            os.unlink(self._path)

    def add(self, problem: Problem) -> None:
        """One more."""
        text = self._problems.add(problem)
        if self._path is not None:
            if self._file is None:
                self._file = open(self._path, "w", encoding="utf-8", errors="backslashreplace")
            self._file.write(text + "\n")

    def whole(self, texts: List[str]) -> None:
        """Of no row."""
        for text in texts:
            self.add(Problem(text))

    def __enter__(self) -> "_Errors":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def _read(
    source: Source,
    columns: Columns,
    plan: Plan,
    wrong: _Errors,
    check: bool,
    note: Optional[Callable[[int], None]],
) -> int:
    """The first pass. Returns how many lines were left out."""
    skipped = rows = 0
    checker = Checker()
    try:
        for read in source.read():
            if isinstance(read, Skipped):
                skipped += 1
                continue
            if isinstance(read, Problem):
                wrong.add(read)
                continue
            assert isinstance(read, Cells)
            rows += 1
            specs, problems = columns.specs(read)
            if specs and len(plan.prompts) < _FIRST and specs[0].prompt:
                plan.prompts.append(shortened(specs[0].prompt))
            if specs and check:
                refused = checker.check(specs[0])
                problems += [refused] if refused is not None else []
            for spec in specs if not problems else []:
                problems += plan._index.add(spec)
            for problem in problems:
                wrong.add(problem)
            if note is not None and rows % 10_000 == 0:
                note(rows)
    finally:
        checker.close()
    if not rows and not plan.problems.count:
        wrong.add(Problem("there is no row"))
    return skipped


def _look_back(plan: Plan, wrong: _Errors, shared: Optional[Shared]) -> None:
    """What the folder and the journal know, and the decision about each row."""
    index, folder = plan._index, plan._folder
    for problem in index.make_indices():
        wrong.add(problem)
    if plan.problems.count:
        return
    if shared is not None:
        try:
            noted: Dict[str, Mapping[str, Any]] = {}
            sent: Dict[str, Mapping[str, Any]] = {}
            for entry in folder.ledger() if folder.exists() else ():
                if "key" in entry:
                    (sent if entry.get("shared") else noted)[str(entry.get("journal_key") or entry["key"])] = entry
            names = [OURS, *{str(entry["journal"]) for entry in folder.ledger() if "journal" in entry}]
            for path in (folder.ours if name == OURS else name for name in names):
                if _is_journal(path):
                    alone = shared.catch_up(journal_rows(path), noted, sent)
                    plan.warnings += [alone_in(path, row, shared.words) for row in alone[:_GONE]]
                    if len(alone) > _GONE:
                        plan.warnings.append(f"{len(alone) - _GONE} more such ids stand only in the journal {path}")
            shared.catch_up(index.accepted_of(folder.ledger()), noted)
            open_runs = shared.open_runs()
            index.load_ledger(_told(shared, index))
            open_runs |= shared.open_runs()  # One that has begun meanwhile counts too.
            index.load_ledger({"ended": run} for run in index.runs() - open_runs)
            index.load_results(folder.results())
        except Lost as error:
            raise JournalError(f"the journal cannot be reached, and nothing was sent: {error}", status=Status.JOURNAL) from error
    elif any(entry.get("shared") for entry in folder.ledger()):
        wrong.whole(["rows of this folder were sent through a journal that machines share: add --journal postgresql://…"])
    else:
        index.journals = journals_of(folder, plan._journal)
        index.load_results(folder.results())
        index.load_ledger(folder.ledger())
        if index.journals.is_here:
            index.load_journal(journal_rows(plan._journal))
    rooms = {_names.folder(row, index.rows) for row in range(1, index.rows + 1, _names.FOLDER_ROWS)}
    index.load_files(folder.files(index.stems(), rooms | index.rooms))
    for problem in index.decide():
        wrong.add(problem)
    wrong.whole(folder.wrong_rooms(rooms))
    for key in index.unknown_again():
        wrong.add(Problem(f"--again {key}: no row has this key"))
    index.make_queues()


def journals_of(folder: Folder, path: str) -> Journals:
    """The journal of a run of one machine."""
    own, chosen = os.path.realpath(folder.ours), os.path.realpath(path)
    return Journals(OURS if chosen == own else chosen, path, _is_journal(path), folder.ours, _is_journal(folder.ours))


def _is_journal(path: str) -> bool:
    return bool(path) and journal.is_made(path)


def _told(shared: Shared, index: Index) -> Iterator[Dict[str, Any]]:
    """What machines have sent, of these rows only: others have keys there too."""
    for keys in index.keys():
        found = shared.generations(keys)
        index.load_journal(as_journal(found, shared.place))
        index.load_results(as_results(found))
        yield from as_ledger(found)


def journal_rows(path: str) -> Iterator[Dict[str, Any]]:
    """Every key of a journal of one machine."""
    return journal.rows(path, page=5000)


def _check_disk(plan: Plan, wrong: _Errors) -> None:
    free = plan._folder.free_bytes()
    images = plan.numbers.images + plan.numbers.fetch
    if free < 0 or not images:
        return
    learned = plan._index.picture_bytes()
    if free < images * (learned // 2 or _SURE_BYTES):
        wrong.add(Problem(
            f"the disk of {plan._folder.path} has {megabytes(free)} free, and {images} pictures need more: make room, take "
            "another --out, or send fewer with --limit",
            is_machine=True,
        ))
    elif free < images * (learned or _USUAL_BYTES):
        plan.warnings.append(
            f"{megabytes(free)} are free, and {images} pictures of {megabytes(learned or _USUAL_BYTES)} need "
            f"{megabytes(images * (learned or _USUAL_BYTES))}"
        )


def _taken_over(index: Index) -> str:
    journals = index.journals
    assert journals is not None
    rows = "1 row is" if index.taken_over_count == 1 else f"{index.taken_over_count} rows are"
    others = sorted(journals.path_of(name) for name in index.taken_over if name and not journals.is_chosen(name))
    sent = f"sent through the journal {', '.join(others)}" if others else "sent by an earlier run"
    return (
        f"{rows} not in the journal {journals.path}, and were {sent}: their jobs are fetched by the ids in {journals.own} and "
        "results.jsonl, and nothing is paid for them"
    )


def _held(count: int, keys: List[str]) -> str:
    rows = "1 row is" if count == 1 else f"{count} rows are"
    more = ", …" if count > len(keys) else ""
    return (
        f"{rows} not paid once more: {', '.join(keys)}{more}. A line with --again or --retry that has not done all of its rows "
        "has sent them already; that line ends when nothing is left or in doubt"
    )


def megabytes(size: int) -> str:
    """Bytes for people."""
    for unit, power in (("GB", 30), ("MB", 20), ("kB", 10)):
        if size >= 1 << power:
            return f"{size / (1 << power):.1f} {unit}"
    return f"{size} bytes"


def lines(
    numbers: Numbers, name: str, prompts: List[str], gone: List[Tuple[str, str]], warnings: List[str]
) -> List[str]:
    """The plan, for people."""
    skipped = f" ({numbers.skipped} blank lines and comments left out)" if numbers.skipped else ""
    found = [f"rows       {numbers.rows} in {name}{skipped}"]
    found += [f"{'reads as' if not number else '':10} {prompt}" for number, prompt in enumerate(prompts)]
    stands = numbers.stands
    known = [(Is.DONE, "done"), (Is.OPEN, "to fetch (free)"), (Is.DOUBT, "in doubt (never sent again)")]
    parts = [f"{stands[state.value]} {text}" for state, text in known if stands.get(state.value)]
    if parts:
        found.append(f"known      {', '.join(parts)}")
    alone = [
        (Is.REFUSED, "refused (--retry refused)"),
        (Is.FAILED, "failed (--retry failed may be billed again)"),
        (Is.EXPIRED, "expired (--retry expired pays again)"),
        (Is.LEFT, "left by hand"),
    ]
    parts = [f"{stands[state.value]} {text}" for state, text in alone if stands.get(state.value)]
    if parts:
        found.append(f"left alone {', '.join(parts)}")
    if numbers.gone:
        shown = ", ".join(key for key, _ in gone)
        more = ", …" if numbers.gone > len(gone) else ""
        found.append(f"not here   {numbers.gone} of earlier runs, no longer in the file: {shown}{more}")
    found += [f"warning    {text}" for text in warnings]
    rest = stands.get(Is.NEW.value, 0) - numbers.send
    images = f", {numbers.images} images" if numbers.images != numbers.send else ""
    found.append(f"to send    {numbers.send} new jobs{images}{f' ({rest} more are left for later)' if rest > 0 else ''}")
    return found


def price_line(images: int, price: float) -> str:
    """What the new images cost, at a price that the user has named."""
    return f"price      {images} × {price:g} = {images * price:.2f}"


def consent(send: int, is_terminal: bool, yes: bool, max_jobs: Optional[int]) -> Tuple[str, str]:
    """("go", ""), ("ask", "") or ("refuse", why), before anything is sent."""
    if max_jobs is not None and send > max_jobs:
        return "refuse", f"{send} jobs are new, and --max-jobs allows {max_jobs}: nothing was sent"
    if not send or yes or max_jobs is not None:
        return "go", ""
    if is_terminal:
        return "ask", ""
    return "refuse", (
        f"{send} jobs are new and cost money, and nobody can be asked here: add --max-jobs {send} or --yes. Nothing was sent"
    )

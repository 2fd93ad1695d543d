"""aigc batch --resolve: asks what happened to each row in doubt, and writes the answer into the journal."""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import Dict, List, Optional, Tuple

from .. import journal
from ..batch._folder import Folder
from ..batch._results import local
from ..batch._settings import Settings
from ..batch._shared import Lost, Shared
from ..enums import Outcome, Status
from ..errors import AigcError, InvalidArgumentError, JournalError, NotFoundError
from . import exits, options
from .again import program
from .output import Output

_CONSOLES = {
    "tencent": "https://console.cloud.tencent.com/mps",
    "alibaba": "https://aicontent.console.aliyun.com",
}
_QUESTION = "i ID: it ran, with this id   n: it did not run, and may be sent   l: leave it for ever   Enter: later > "


def resolve(args: argparse.Namespace, output: Output) -> int:
    """Returns 0 when nothing is in doubt any more, and 6 otherwise."""
    folder = Folder(args.out)
    settings = Settings(options.settings(args))
    if settings.url is not None:
        return _resolve_shared(settings, settings.url, output)
    path = settings.journal or folder.ours
    if not folder.exists():
        raise InvalidArgumentError(f"no batch has run in {args.out}: it has no folder .aigc", status=Status.INVALID_ARGUMENT)
    rows = [
        row
        for row in journal.rows(path, states=["unknown", "sending"])
        if row["state"] == "unknown" or not row.get("owner_alive")
    ]
    if not rows:
        output.note("nothing is in doubt")
        return exits.OK
    noted = {str(entry.get("journal_key") or entry["key"]): entry for entry in folder.ledger() if "key" in entry}
    rows = [row for row in rows if row["key"] in noted or path == folder.ours]
    asks = sys.stdin is not None and sys.stdin.isatty()
    left = 0
    for number, row in enumerate(rows, 1):
        key = str(row["key"])
        output.alarm(f"{number}/{len(rows)}  {key}, sent {local(row.get('sent_at_ms'))} to {row['provider']} {row['operation']}")
        prompt = noted.get(key, {}).get("prompt")
        output.alarm(f"     prompt   {prompt or '(not kept)'}")
        output.alarm(f"     console  {_CONSOLES.get(str(row['provider']), '')}")
        if not asks:
            which = f"--id=ID {shlex.quote(f'--journal={path}')} -- {shlex.quote(key)}"
            output.alarm(f"     {program()} jobs resolve --as accepted {which}")
            output.alarm("     or --as not-sent, or --as abandoned")
            left += 1
            continue
        left += not _settle(path, key, output)
    return exits.OUTCOME_UNKNOWN if left else exits.OK


def _resolve_shared(settings: Settings, url: str, output: Output) -> int:
    """The same for a journal that machines share."""
    shared = Shared(url, answer=settings.answer)
    try:
        waits = shared.on_the_wire()
        dead = (row for row in shared.rows() if row["state"] == "unknown" or not row["owner_alive"])
        rows = [row for row in dead if row["state"] in ("unknown", "sending")]
        left = 0
        for number, row in enumerate(rows, 1):
            key = str(row["key"])
            if key in waits:
                left += 1
                output.alarm(
                    f"{number}/{len(rows)}  {key} is on the wire until {local(waits[key])}, and {row['place']} has lost its "
                    "session: the answer can still come. Ask again then"
                )
                continue
            shared.give_up(key)
            output.alarm(f"{number}/{len(rows)}  {key}, sent {local(row['sent_at_ms'])} to {row['provider']} by {row['place']}")
            output.alarm(f"     prompt   {row['prompt'] or '(not kept)'}")
            output.alarm(f"     console  {_CONSOLES.get(str(row['provider']), '')}")
            answer = _ask(output) if sys.stdin is not None and sys.stdin.isatty() else None
            if answer is None:
                left += 1
            elif not shared.resolve(key, answer[1], answer[0] is Outcome.UNKNOWN):
                left += 1
                output.alarm(f"aigc: {key} is not changed: it is in doubt no longer, or another key has the id {answer[1]}")
    except Lost as error:
        raise JournalError(f"the journal cannot be reached: {error}", status=Status.JOURNAL) from error
    finally:
        shared.close()
    if not rows:
        output.note("nothing is in doubt")
    return exits.OUTCOME_UNKNOWN if left else exits.OK


def _settle(path: str, key: str, output: Output) -> bool:
    """Asks until the answer can be written. Returns whether the key is in doubt no longer."""
    answer = _ask(output)
    if answer is None:
        return False
    try:
        journal.resolve(path, key, *answer)
        return True
    except NotFoundError:
        return True
    except AigcError as error:
        output.error(error)
        return False


def _ask(output: Output) -> Optional[Tuple[Outcome, Optional[str]]]:
    """What a person says became of a row; None: later."""
    while True:
        sys.stderr.write(_QUESTION)
        sys.stderr.flush()
        words = sys.stdin.readline().split()
        if not words:
            return None
        answers: Dict[str, Outcome] = {"i": Outcome.ACCEPTED, "n": Outcome.NOT_SENT, "l": Outcome.UNKNOWN}
        outcome: Optional[Outcome] = answers.get(words[0].lower())
        rest: List[str] = words[1:]
        if outcome is None or len(rest) != (outcome is Outcome.ACCEPTED):
            output.alarm("that is no answer: i and the id of the job, n, l, or Enter")
            continue
        return outcome, rest[0] if rest else None

"""What is done with each row of a run, from all that is known of the row; and what a person has to settle first."""

from __future__ import annotations

import json
import os
from typing import Any, FrozenSet, Iterator, List, Optional, Set, Tuple

from . import _names
from ._decide import Decision, Do, Is, Seen, decide
from ._keys import next_generation
from ._known import Known
from ._options import Options
from ._problems import Problem
from ._table import as_json

FOLDER = "folder"
"""The state of a row that is fetched by what the folder knows: the journal does not have it."""
LOST = "lost"


class Verdicts(Known):
    """Rows with what is done about them."""

    def __init__(self, options: Options, folder: Optional[str] = None) -> None:
        super().__init__(options, folder)
        self.held: List[str] = []
        """The first keys that are not paid once more, because a repetition that has not ended has sent them."""
        self.held_count = 0
        self.taken_over: Set[str] = set()
        """The journals of rows that only the folder knows, and that are fetched without payment."""
        self.taken_over_count = 0
        self._older: FrozenSet[int] = frozenset()
        """Runs of whose accepted jobs the journal does not know all."""

    def decide(self) -> Iterator[Problem]:
        """Decides about every row, from what was loaded. Yields what must be settled by the user first."""
        self._take_signed()
        self._take_blanks()
        self._db.execute(  # Where the ledger is lost, the results say under which key a row was paid once more.
            "UPDATE rows SET jkey = (SELECT jkey FROM results WHERE results.key = rows.key) WHERE key = jkey "
            "AND key NOT IN (SELECT key FROM sent) AND key IN (SELECT key FROM results WHERE jkey != key)"
        )
        if self._has_former:
            self._take_former()
        self._older = frozenset(found[0] for found in self._db.execute(
            "SELECT DISTINCT run FROM sent LEFT JOIN journal ON journal.jkey = sent.jkey "
            "WHERE sent.state = 'accepted' AND journal.state IS NULL"
        ))
        for row, line, key, other in self._db.execute(
            "SELECT rows.row, rows.line, rows.key, generations.key FROM generations JOIN rows ON rows.key = generations.jkey "
            "WHERE rows.key != generations.key ORDER BY rows.n"
        ).fetchall():
            text = f"{other} was paid once more under the key {key}: give this row another key"
            yield Problem(text, row, line, "key")
        position, batch = 0, 1000
        while True:
            found = self._db.execute(
                "SELECT rows.n, rows.row, rows.line, rows.key, rows.jkey, rows.print, rows.names, rows.provider, rows.operation, "
                "rows.stem, journal.state, journal.alive, journal.status, journal.remote_id, journal.images, "
                "journal.sent_ms, journal.accepted_ms, journal.ended_ms, results.state, results.files, results.message, "
                "results.status, results.seconds, results.token, "
                "sent.print, results.print, results.remote_id, sent.state, sent.remote_id, sent.journal, sent.run, "
                "sent.left_ms, rows.wanted "
                "FROM rows "
                "LEFT JOIN journal ON journal.jkey = rows.jkey "
                "LEFT JOIN results ON results.key = rows.key AND results.jkey = rows.jkey "
                "LEFT JOIN sent ON sent.key = rows.key WHERE rows.n > ? ORDER BY rows.n LIMIT ?",
                (position, batch),
            ).fetchall()
            if not found:
                return
            position = found[-1][0]
            for row in found:
                problem = self._decide_row(row)
                if problem is not None:
                    yield problem

    def _decide_row(self, row: Tuple[Any, ...]) -> Optional[Problem]:
        (n, number, line, key, jkey, mark, names, provider, operation, stem, state, alive, status, remote_id, images,
         sent_ms, accepted_ms, ended_ms, last, files, message, last_status, seconds, token, sent_print, told_print, told_id,
         sent_state, sent_id, sent_by, sent_run, left_ms, wanted_images) = row
        values = {"key": jkey, "provider": provider, "operation": operation, **json.loads(names)}
        here = self._listed(json.loads(files or "[]"), key)
        if state == "refused" and sent_state == "leaves" and ended_ms and left_ms and ended_ms < left_ms:
            state = None  # An older copy: the row left after this refusal.
        if sent_state == "accepted" and sent_id and (state == "unknown" or state == "sending" and not alive):
            state = None  # The answer came, and the journal could not be written then.
        said = self._said_here(state, last, told_id, sent_state, sent_by, sent_run)
        if said is not None:
            sent_print = sent_print or told_print
            state, images, sent_ms, accepted_ms = said, len(json.loads(files or "[]")), None, None
            remote_id, token = sent_id or told_id, token if sent_id in (None, told_id) else None
        is_whole = not images or len(here) >= int(images)
        seen = Seen(
            state, bool(alive), status, is_whole, sent_print is not None and sent_print != mark,
            last == Is.EXPIRED.value, last == Is.FAILED.value and last_status == "AIGC_E_JOB_FAILED",
        )
        retry, again = self.options.retry, key in self.options.again
        decision = decide(seen, retry, again)
        paid = self._paid_by(key)
        if paid:  # By a repetition that has not ended: the same line takes that job.
            retry = frozenset() if any(asked is None or asked.retry for asked in paid) else retry
            again = again and not any(asked is None or key in asked.again for asked in paid)
            wanted, decision = decision, decide(seen, retry, again)
            if wanted.do is Do.AGAIN and decision.do is not Do.AGAIN:
                self.held_count += 1
                self.held += [key] if len(self.held) < 3 else []
        objection: Optional[str] = None
        if said is not None:
            decision, objection = self._of_the_folder(decision, said, again, remote_id, sent_print)
            if objection is not None:
                objection = f"{objection} {self._way_out(sent_by)}"
            elif decision.do is Do.FETCH:
                state = FOLDER
                self.taken_over_count += 1
                self.taken_over.add(sent_by or "")
        do = decision.do.value
        if decision.stands is Is.DONE and sent_print is None and said is None and self.journals is not None:
            do = Do.CHECK.value
        if decision.do is Do.AGAIN:
            jkey, do = next_generation(key, self._is_taken), Do.SEND.value
        if jkey != key:  # Paid more than once: each picture has a name of its own.
            values["key"] = jkey
            stem = _names.stem(self.options.name_template, values, 0)
        is_told = int(last == decision.stands.value)
        self._db.execute(
            "UPDATE rows SET jkey = ?, stem = ?, stands = ?, do = ?, state = ?, status = ?, message = ?, remote_id = ?, "
            "files = ?, sent_ms = ?, accepted_ms = ?, ended_ms = ?, seconds = ?, is_told = ?, is_noted = ?, token = ? "
            "WHERE n = ?",
            (
                jkey, stem, decision.stands.value, do, state, status or last_status, message, remote_id,
                as_json(here), sent_ms, accepted_ms, ended_ms, seconds, is_told, int(sent_print is not None), token, n,
            ),
        )
        if objection is not None:
            return Problem(objection, number, line, "key")
        stems = (_names.stem(self.options.name_template, values, index) for index in range(1, wanted_images))
        return self._objection(decision, number, line, key, [stem, *stems])

    def _said_here(
        self, state: Optional[str], last: Optional[str], told_id: Optional[str], sent_state: Optional[str],
        sent_by: Optional[str], sent_run: Optional[int],
    ) -> Optional[str]:
        """What the folder says of a row that the journal does not know, as a state of the journal; LOST where nobody can say
        whether a row that was sent has run; None where it provably was not, or where the journal knows better."""
        if self.journals is None or state not in (None, "claimed", "refused") or last is None and sent_state is None:
            return None
        ends = {Is.DONE.value: "succeeded", Is.EXPIRED.value: "succeeded", Is.FAILED.value: "failed", Is.LEFT.value: "abandoned"}
        if sent_state == "accepted" or told_id and last in (*ends, Is.OPEN.value, Is.DOUBT.value):
            return ends.get(last or "", "accepted")
        if state is not None:
            return None
        if last in (*ends, Is.OPEN.value, Is.DOUBT.value):
            return ends.get(last or "", LOST)
        if sent_state == "leaves":  # Its key was in the journal before it left.
            return LOST
        is_known = self.journals.is_it(sent_by) and sent_run not in self._older  # An older version has noted no leaving.
        return LOST if sent_state == "sent" and not is_known else None

    def _of_the_folder(
        self, decision: Decision, said: str, again: bool, remote_id: Optional[str], sent_print: Optional[str]
    ) -> Tuple[Decision, Optional[str]]:
        """What is done with a row that only the folder knows, and what is in the way."""
        if said == LOST:
            return (Decision(Is.NEW, Do.AGAIN), None) if again else (Decision(Is.DOUBT, Do.NOTHING), "this row was sent")
        if decision.do is Do.FETCH and not remote_id:
            return Decision(Is.DOUBT, Do.NOTHING), "this row was sent"
        if decision.stands in (Is.OPEN, Is.DONE) and sent_print is None:
            # Nobody can tell whether the row still asks for the same.
            return Decision(Is.DOUBT, Do.NOTHING), "this row was sent" + (f" (id {remote_id})" if remote_id else "")
        return decision, None

    def _way_out(self, sent_by: Optional[str]) -> str:
        journals = self.journals
        assert journals is not None
        again = "look the row up in the provider's console, and pay it once more with --again KEY only if it did not run"
        if sent_by is not None and not journals.is_chosen(sent_by):
            old = journals.path_of(sent_by)
            return (
                f"through the journal {old}, and the journal {journals.path} does not know the row: run the line with "
                f"--journal {old}. If that journal is lost, {again}"
            )
        return (
            f"by an earlier run, and the journal {journals.path} does not know the row: name the journal of that run with "
            f"--journal, or put the newest copy of it back. If it is lost, {again}"
        )

    def _objection(self, decision: Decision, number: int, line: int, key: str, stems: List[str]) -> Optional[Problem]:
        if decision.stands is Is.CONFLICT:
            return Problem(
                "this key was sent with other fields before (--set, --provider and a profile count too): give the row another "
                "key, take another --out, or pay once more with --again KEY",
                number, line, "key",
            )
        if decision.do in (Do.SEND, Do.AGAIN):
            for stem in stems:
                taken = self.file_of(stem)
                owner = None if taken is None else self.owner_of(taken)
                if owner is not None and owner != key:
                    return Problem(
                        f"the file {taken} is the picture of the row {owner}: rename one of the two rows, put {{key}} into the "
                        f"name template, or move the file away (then the row {owner} is fetched once more)",
                        number, line, "key",
                    )
                if taken is not None:
                    return Problem(
                        f"there is a file {taken}, and the journal knows no job that made it: move the file away, or take "
                        "another --out or --name-template",
                        number, line, "key",
                    )
                if stem in self._in_the_way:
                    path, what = self._in_the_way[stem]
                    return Problem(
                        f"in the place of the picture there is {path}, {what}: move it away, or take another --out or "
                        "--name-template",
                        number, line, "key",
                    )
        return None

    def _listed(self, paths: List[str], key: str) -> List[str]:
        """Which of the files that results.jsonl lists for a row are here, in whatever folder. A file that it does not list may be
        anybody's, and one that it lists for another row later is the picture of that."""
        here: List[str] = []
        for path in paths:
            if os.path.isabs(path):  # Of another machine, or of another folder of this one.
                here += [path] if os.path.exists(path) else []
                continue
            found = self.file_of(os.path.basename(path).rpartition(".")[0])
            here += [found] if found and not self._is_of_another(found, key) else []
        return here

    def _is_taken(self, key: str) -> bool:
        tables = (("rows", "key"), ("rows", "jkey"), ("journal", "jkey"), ("generations", "jkey"))
        return any(self._one(f"SELECT 1 FROM {table} WHERE {column} = ?", key) is not None for table, column in tables)

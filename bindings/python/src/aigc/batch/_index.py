"""The rows of a run in a temporary SQLite file, so that memory does not grow with their number. It is gone with the process;
what lasts is in the journal, the ledger and results.jsonl."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, FrozenSet, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from ..request import BLANKS
from . import _names
from ._columns import Spec
from ._decide import Decision, Do, Is, Seen, decide
from ._folder import OURS
from ._keys import former_key, key_of, next_generation, stored_key, wrong_key
from ._options import Options
from ._problems import Problem

_PLACES = 10_000  # Rows without a key that are named.
_SCHEMA = """
CREATE TABLE rows(
    n INTEGER PRIMARY KEY, row INT, line INT, key TEXT NOT NULL, jkey TEXT NOT NULL, print TEXT, provider TEXT, operation TEXT,
    wanted INT, prompt TEXT, fields TEXT, kept TEXT, names TEXT, stem TEXT,
    stands TEXT, do TEXT, state TEXT, status TEXT, code INT DEFAULT 0, message TEXT, remote_id TEXT, files TEXT,
    sent_ms INT, accepted_ms INT, ended_ms INT, seconds REAL, is_told INT DEFAULT 0, is_noted INT DEFAULT 0, token TEXT
);
CREATE TABLE seen(own TEXT PRIMARY KEY, number INT) WITHOUT ROWID;
CREATE TABLE names(folded TEXT PRIMARY KEY, n INT, stem TEXT) WITHOUT ROWID;
CREATE TABLE files(stem TEXT PRIMARY KEY, path TEXT, size INT) WITHOUT ROWID;
CREATE TABLE owners(stem TEXT PRIMARY KEY, key TEXT, path TEXT) WITHOUT ROWID;
CREATE TABLE sent(
    key TEXT PRIMARY KEY, jkey TEXT, print TEXT, prompt TEXT, state TEXT, remote_id TEXT, journal TEXT, run INT, left_ms INT
) WITHOUT ROWID;
CREATE TABLE generations(jkey TEXT PRIMARY KEY, key TEXT) WITHOUT ROWID;
CREATE TABLE signed(n INTEGER PRIMARY KEY, key TEXT, print TEXT);
CREATE TABLE former(key TEXT, jkey TEXT, PRIMARY KEY(key, jkey)) WITHOUT ROWID;
CREATE TABLE paid(key TEXT, run TEXT, PRIMARY KEY(key, run)) WITHOUT ROWID;
CREATE TABLE results(
    key TEXT PRIMARY KEY, jkey TEXT, state TEXT, files TEXT, message TEXT, status TEXT, seconds REAL, token TEXT,
    remote_id TEXT, print TEXT
) WITHOUT ROWID;
CREATE TABLE journal(
    jkey TEXT PRIMARY KEY, state TEXT, alive INT, status TEXT, remote_id TEXT, images INT, sent_ms INT, accepted_ms INT,
    ended_ms INT
) WITHOUT ROWID;
"""


class Row(NamedTuple):
    """A row of the index."""

    n: int
    row: int
    line: int
    key: str
    jkey: str
    print: str
    provider: str
    operation: str
    wanted: int
    prompt: str
    fields: str
    kept: str
    names: str
    stem: str
    stands: Optional[str]
    do: Optional[str]
    state: Optional[str]
    status: Optional[str]
    code: int
    message: Optional[str]
    remote_id: Optional[str]
    files: Optional[str]
    sent_ms: Optional[int]
    accepted_ms: Optional[int]
    ended_ms: Optional[int]
    seconds: Optional[float]
    is_told: int
    is_noted: int
    """Whether the ledger says that this row was sent under this key."""
    token: Optional[str]

    def spec(self) -> Spec:
        """As it is submitted."""
        return Spec(
            self.row, self.line, 1, self.key, "", self.print, self.provider, self.operation, json.loads(self.fields),
            json.loads(self.kept), json.loads(self.names),
        )

    def paths(self) -> List[str]:
        """The files of its images, from the folder of the batch."""
        found: List[str] = json.loads(self.files or "[]")
        return found


FOLDER = "folder"
"""The state of a row that is fetched by what the folder knows: the journal does not have it."""
LOST = "lost"


class Journals(NamedTuple):
    """The journal that a run uses, beside those that the ledger names."""

    name: str
    """As the ledger names it: OURS for the folder's own, otherwise a path."""
    path: str
    is_here: bool
    """Whether it has a database."""
    own: str
    """The path of the folder's own."""
    has_own: bool

    def is_chosen(self, name: str) -> bool:
        """Whether a name of the ledger is that of this run's journal."""
        return name == self.name

    def is_it(self, name: Optional[str]) -> bool:
        """Whether a key that was noted under a journal, and that this one does not know, was not sent. An older version has
        not noted which journal that was."""
        if name is None:
            return self.is_here and (self.name == OURS or not self.has_own)
        return self.is_here and name == self.name

    def path_of(self, name: str) -> str:
        """The path of a journal that the ledger names."""
        return self.own if name == OURS else name


class Asked(NamedTuple):
    """What a repetition on purpose was asked for."""

    again: FrozenSet[str]
    retry: FrozenSet[str]

    @staticmethod
    def of(entry: Mapping[str, Any]) -> "Asked":
        """From a line of the ledger."""
        lists = [entry.get(name) for name in ("again", "retry")]
        return Asked(*(frozenset(map(_plain, found if isinstance(found, list) else ())) for found in lists))


class Index:
    """Every row, what is known of it, and what is done with it. One thread."""

    def __init__(self, options: Options, folder: Optional[str] = None) -> None:
        self.options = options
        name = "" if folder is None else os.path.join(folder, f"index-{os.getpid()}-{id(self):x}")
        # A Python without SQLite can do all else, and doctor says what is missing.
        import sqlite3

        self._db = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
        if name:
            os.chmod(name, 0o600)
        for line in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "cache_size = -16000"):
            self._db.execute(f"PRAGMA {line}")
        self._db.execute("BEGIN")  # One that never ends: nothing is to be taken back, and no row waits for a disk.
        for statement in _SCHEMA.split(";"):
            self._db.execute(statement)
        if name:
            os.unlink(name)  # It goes with the process, however that ends.
        self.rows = 0
        self.rooms: Set[str] = set()
        """The numbered folders in which results.jsonl lists pictures."""
        self._asked: Dict[str, Asked] = {}
        """What open repetitions on purpose were asked for, by their runs. An older version has not noted that."""
        self._has_paid = False
        self._has_keys: Optional[bool] = None
        """Whether the rows have keys of their own; None before the first."""
        self._in_the_way: Dict[str, Tuple[str, str]] = {}
        """What has the name of a picture and is none, with what it is."""
        self._has_former = False
        """Whether an older version has noted whole numbers as "1.0"."""
        self.held: List[str] = []
        """The first keys that are not paid once more, because a repetition that has not ended has sent them."""
        self.held_count = 0
        self.journals: Optional[Journals] = None
        """The journal of this run beside those of earlier runs; None where machines share one."""
        self.taken_over: Set[str] = set()
        """The journals of rows that only the folder knows, and that are fetched without payment."""
        self.taken_over_count = 0
        self._older: FrozenSet[int] = frozenset()
        """Runs of whose accepted jobs the journal does not know all."""
        self._runs = 0
        self._journal: Optional[str] = None

    def close(self) -> None:
        """Forgets everything. Can be called twice."""
        self._db.close()

    # The first pass.

    def add(self, spec: Spec) -> List[Problem]:
        """Takes a row in, or says why it cannot stand beside the others."""
        mixed = self._mixed(spec)
        if mixed:
            return mixed
        key = key_of(spec.key, spec.own, self._occurrence(spec.key, spec.own), spec.copy)
        former = None
        if spec.former is not None:
            own = spec.former_key if spec.former_key is not None else spec.key
            former = key_of(own, spec.former[0], self._occurrence(own, spec.former[0]), spec.copy)
        n = self.rows + 1
        values = {"key": key, "provider": spec.provider, "operation": spec.operation, **spec.names}
        problems: List[Problem] = []
        first = ""
        for index in range(spec.wanted):
            stem = _names.stem(self.options.name_template, values, index)
            first = first or stem
            problem = self._claim(stem, n, key, spec)
            if problem is not None:
                problems.append(problem)
                break
        if problems:
            return problems
        self.rows = n
        if spec.former is not None:
            self._db.execute("INSERT INTO signed VALUES(?, ?, ?)", (n, former, spec.former[1]))
        self._db.execute(
            "INSERT INTO rows(n, row, line, key, jkey, print, provider, operation, wanted, prompt, fields, kept, names, stem) "
            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                n, spec.row, spec.line, key, key, spec.print, spec.provider, spec.operation, spec.wanted, spec.prompt,
                as_json(spec.fields), as_json(spec.kept), as_json(spec.names), first,
            ),
        )
        return []

    def _occurrence(self, key: Optional[str], own: str) -> int:
        """How many rows with these fields there are now; 1 for a row with a key."""
        if key is not None:
            return 1
        found = self._one("SELECT number FROM seen WHERE own = ?", own)
        number = 1 if found is None else int(found[0]) + 1
        self._db.execute("INSERT OR REPLACE INTO seen VALUES(?, ?)", (own, number))
        return number

    def _mixed(self, spec: Spec) -> List[Problem]:
        """What is wrong if some rows have a key and others have none."""
        has_key = spec.key is not None
        if self._has_keys is None:
            self._has_keys = has_key
        if has_key == self._has_keys:
            return []
        self._has_keys = True
        text = str(wrong_key(""))
        if not has_key:
            return [Problem(text, spec.row, spec.line, "key")]
        places = self._db.execute("SELECT DISTINCT row, line FROM rows ORDER BY n LIMIT ?", (_PLACES,))
        return [Problem(text, row, line, "key") for row, line in places]

    def _claim(self, stem: str, n: int, key: str, spec: Spec) -> Optional[Problem]:
        folded = _names.folded(stem)
        taken = self._one("SELECT n, stem FROM names WHERE folded = ?", folded)
        if taken is None:
            self._db.execute("INSERT INTO names VALUES(?, ?, ?)", (folded, n, stem))
            return None
        other = self._one("SELECT key, row, line FROM rows WHERE n = ?", taken[0])
        if other is None:  # The row itself: a template without what tells its images apart.
            return Problem(f"two images of this row get the file name {stem}: put {{index}} into the name template",
                           spec.row, spec.line, "key")
        place = f"line {other[2]}" if other[2] else f"row {other[1]}"
        if other[0] == key:
            return _twice(key, place, spec.row, spec.line)
        alike = "" if stem == taken[1] else f", which is {taken[1]} on a disk that tells no capitals apart"
        right = "rename one of the keys" if "{key}" in self.options.name_template else "put {key} into the name template"
        return Problem(f"the file name {stem} is that of {place} too{alike}: {right}", spec.row, spec.line, "key")

    # What is known from before.

    def load_ledger(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """What was sent under which key, by earlier runs. The last entry of a key counts."""
        ended = set()
        for entry in entries:
            run = entry.get("run")
            if isinstance(entry.get("key"), str):
                values = [entry.get(name) for name in ("key", "journal_key", "print", "prompt")]
                values[1] = values[1] or values[0]
                values = [text if text is None else _plain(text) for text in values]
                values[0] = self._whole(str(values[0]), str(values[1]))
                values += ["held" if entry.get("held") is True else "sent", None, self._journal, self._runs, None]
                self._db.execute("INSERT OR REPLACE INTO sent VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
                if values[1] != values[0]:
                    self._db.execute("INSERT OR IGNORE INTO generations VALUES(?, ?)", (values[1], values[0]))
                if run is not None:
                    self.note_paid(str(values[0]), _plain(run))
            elif isinstance(entry.get("ended"), str):
                ended.add(_plain(entry["ended"]))
            elif isinstance(entry.get("journal"), str):
                self._journal, self._runs = _plain(entry["journal"]), self._runs + 1
            elif isinstance(run, str):
                self._asked[_plain(run)] = Asked.of(entry)
            else:
                self._load_end(entry)
        for run in ended:
            self._db.execute("DELETE FROM paid WHERE run = ?", (run,))
            self._asked.pop(run, None)
        self._has_paid = self._one("SELECT 1 FROM paid") is not None
        self._db.execute(
            "UPDATE rows SET jkey = (SELECT jkey FROM sent WHERE sent.key = rows.key) "
            "WHERE key IN (SELECT key FROM sent WHERE jkey != key)"
        )

    def _load_end(self, entry: Mapping[str, Any]) -> None:
        """The result of a submission: a line of the ledger."""
        for state in ("accepted", "free", "conflict", "leaves"):
            if isinstance(entry.get(state), str):
                key = _plain(entry[state])
                names = (key, _plain(entry.get("journal_key") or key))
                if state == "conflict":  # It was another request that the journal has under this key.
                    self._db.execute("DELETE FROM sent WHERE key = ? AND jkey = ?", names)
                    continue
                remote_id = None if entry.get("id") is None else _plain(entry["id"])
                left_ms = entry.get("at_ms")
                left_ms = left_ms if isinstance(left_ms, int) and abs(left_ms) < 1 << 62 else None
                self._db.execute(
                    "UPDATE sent SET state = ?, remote_id = ?, left_ms = ? WHERE key = ? AND jkey = ?",
                    (state, remote_id, left_ms, *names),
                )

    def accepted_of(self, entries: Iterable[Mapping[str, Any]]) -> Iterator[Dict[str, Any]]:
        """Rows that the ledger of the folder calls accepted, as the journal of one machine would list them."""
        for entry in entries:
            if isinstance(entry.get("accepted"), str) and entry.get("id"):
                key = _plain(entry["accepted"])
                found = self._one("SELECT provider, operation FROM rows WHERE key = ?", key)
                if found is not None:
                    yield {
                        "key": _plain(entry.get("journal_key") or key), "state": "accepted", "provider": found[0],
                        "operation": found[1], "remote_id": _plain(entry["id"]),
                    }

    def load_results(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """The lines of results.jsonl. The last of a key counts."""
        for entry in entries:
            error, files, seconds = entry.get("error"), entry.get("files"), entry.get("seconds")
            error = error if isinstance(error, dict) else {}
            files = [path for path in files if isinstance(path, str)] if isinstance(files, list) else []
            texts = (entry["key"], entry.get("journal_key") or entry["key"], entry.get("state"), as_json(files),
                     error.get("message"), error.get("status"), entry.get("token"), entry.get("remote_id"), entry.get("print"))
            *known, token, remote_id, mark = (text if text is None else _plain(text) for text in texts)
            known[0] = self._whole(str(known[0]), str(known[1]))
            values = (*known, float(seconds) if isinstance(seconds, (int, float)) else None, token, remote_id, mark)
            self._db.execute("INSERT OR REPLACE INTO results VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            self._own(str(known[0]), files)

    def load_journal(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """The keys of the journal."""
        names = ("key", "state", "owner_alive", "status", "remote_id", "images", "sent_at_ms", "accepted_at_ms", "ended_at_ms")
        self._db.executemany(
            "INSERT OR REPLACE INTO journal VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ([entry.get(name) for name in names] for entry in self._watched(entries)),
        )

    def _watched(self, entries: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        for entry in entries:
            self._has_former = self._has_former or stored_key(str(entry.get("key"))) != entry.get("key")
            yield entry

    def _whole(self, key: str, jkey: str) -> str:
        """The key of a row as it is now, for one that an older version has noted."""
        found = stored_key(key)
        if found != key:
            self._has_former = True
            self._db.execute("INSERT OR IGNORE INTO former VALUES(?, ?)", (found, jkey))
        return found

    def _take_signed(self) -> None:
        """Rows with signed URLs take what an older version has sent, for which each signature made another request."""
        found = self._db.execute(
            "SELECT signed.n, rows.key, rows.print, signed.key, signed.print FROM signed JOIN rows ON rows.n = signed.n"
        ).fetchall()
        for n, key, mark, former, former_mark in found:
            if key == former:
                self._db.execute("UPDATE sent SET print = ? WHERE key = ? AND print = ?", (mark, key, former_mark))
                continue
            queries = ("SELECT 1 FROM sent WHERE key = ?", "SELECT 1 FROM journal WHERE jkey = ?")
            if any(self._one(query, key) for query in queries):
                continue
            self._db.execute("UPDATE sent SET print = ? WHERE key = ?", (mark, former))
            self._take(n, key, former)
            if self._one("SELECT 1 FROM journal WHERE jkey = ?", former):
                self._db.execute(
                    "INSERT OR IGNORE INTO sent(key, jkey, print, state, run) VALUES(?, ?, ?, 'sent', 0)", (key, former, mark)
                )
            self._go_with(n)

    def _take(self, n: int, key: str, former: str) -> None:
        """What was noted under a former key of a row is noted under its key."""
        self._db.execute("UPDATE sent SET key = ? WHERE key = ?", (key, former))
        self._db.execute("UPDATE OR REPLACE paid SET key = ? WHERE key = ?", (key, former))
        self._db.execute("UPDATE OR REPLACE results SET key = ? WHERE key = ?", (key, former))
        self._db.execute("UPDATE generations SET key = ? WHERE key = ?", (key, former))
        self._go_with(n)

    def _go_with(self, n: int) -> None:
        self._db.execute(
            "UPDATE rows SET jkey = (SELECT jkey FROM sent WHERE sent.key = rows.key) "
            "WHERE n = ? AND key IN (SELECT key FROM sent)", (n,)
        )

    def _take_blanks(self) -> None:
        """Rows take what an older version has sent under their keys with a blank at an end, which are refused now."""
        found = self._db.execute(
            "SELECT rows.n, rows.key, sent.key FROM sent JOIN rows ON rows.key = trim(sent.key, ?1) "
            "WHERE sent.key != trim(sent.key, ?1)", (BLANKS,)
        ).fetchall()
        for n, key, former in found:
            if not self._one("SELECT 1 FROM sent WHERE key = ?", key) and not self._one(
                "SELECT 1 FROM journal WHERE jkey = ?", key
            ):
                self._take(n, key, former)

    def _take_former(self) -> None:
        """Rows whose keys are whole numbers take what an older version has sent under "1.0"."""
        open_rows = self._db.execute(
            "SELECT rows.n, rows.key, rows.jkey FROM rows LEFT JOIN journal ON journal.jkey = rows.jkey "
            "WHERE rows.key GLOB '[-0-9]*' AND (journal.state IS NULL OR journal.state IN ('claimed', 'refused'))"
        ).fetchall()
        for n, key, jkey in open_rows:
            former = former_key(key)
            if former is None or jkey not in (key, former):  # A repetition has a key of its own.
                continue
            noted = [found[0] for found in self._db.execute("SELECT jkey FROM former WHERE key = ?", (key,))]
            states = {}
            for name in (jkey, key, former, *noted):
                found = self._one("SELECT state FROM journal WHERE jkey = ?", name)
                if found is not None:
                    states[name] = found[0]
            names = [name for name, state in states.items() if state not in ("claimed", "refused")] or [*states, key]
            if names[0] != jkey:
                self._db.execute("UPDATE rows SET jkey = ? WHERE n = ?", (names[0], n))

    def load_files(self, entries: Iterable[Tuple[str, int]]) -> None:
        """Paths from the folder of the batch, and sizes. A file of no bytes is no picture, and neither is what is no file. Of
        several files of one name that counts which results.jsonl lists, and then the first."""
        for path, size in entries:
            stem = _names.stem_of_file(os.path.basename(path))
            if stem is not None and size > 0:
                is_new = self._db.execute("INSERT OR IGNORE INTO files VALUES(?, ?, ?)", (stem, path, size)).rowcount
                if not is_new and self._one("SELECT 1 FROM owners WHERE stem = ? AND path = ?", stem, path):
                    self._db.execute("UPDATE files SET path = ?, size = ? WHERE stem = ?", (path, size, stem))
            elif stem is not None:
                self._in_the_way[stem] = path, "which is empty" if size == 0 else "which is no file"

    def keys(self, page: int = 2000) -> Iterator[List[str]]:
        """The keys of all rows, in pages; also as an older version may have noted them."""
        last = 0
        while True:
            found = self._db.execute("SELECT n, key FROM rows WHERE n > ? ORDER BY n LIMIT ?", (last, page)).fetchall()
            if not found:
                return
            last = int(found[-1][0])
            keys = [str(key) for _, key in found]
            yield keys + [former for former in map(former_key, keys) if former is not None]
        signed = [str(found[0]) for found in self._db.execute("SELECT key FROM signed ORDER BY n")]
        for start in range(0, len(signed), page):
            yield signed[start : start + page]

    def note_paid(self, key: str, run: str) -> None:
        """A repetition on purpose sends this row: it sends the row never again."""
        self._db.execute("INSERT OR IGNORE INTO paid VALUES(?, ?)", (key, run))

    def runs(self) -> Set[str]:
        """The repetitions on purpose that may have rows left."""
        return {str(found[0]) for found in self._db.execute("SELECT DISTINCT run FROM paid")} | set(self._asked)

    def runs_within(self, options: Options) -> List[str]:
        """The open repetitions of which everything is asked here too, as far as their rows are in the file."""
        found: List[str] = []
        for run in sorted(self.runs()):
            asked = self._asked.get(run)
            if asked is None:  # Of an older version: all that is known are its rows.
                keys = {str(row[0]) for row in self._db.execute("SELECT key FROM paid WHERE run = ?", (run,))}
                asked = Asked(frozenset(keys), frozenset())
            here = {key for key in asked.again - options.again if self.has(key)}
            if not here and asked.retry <= options.retry:
                found.append(run)
        return found

    def is_undecided(self, runs: Iterable[str]) -> bool:
        """Whether a row that one of these repetitions paid once more is in doubt, or in conflict."""
        return any(
            self._one(
                "SELECT 1 FROM rows WHERE stands IN (?, ?) AND (key != jkey OR key IN (SELECT value FROM json_each(?))) "
                "AND EXISTS(SELECT 1 FROM paid WHERE paid.key = rows.key AND paid.run = ?)",
                Is.DOUBT.value, Is.CONFLICT.value, as_json(sorted(self.options.again)), run,
            ) is not None
            for run in runs
        )

    def has(self, key: str) -> bool:
        """Whether a row has this key."""
        return self._one("SELECT 1 FROM rows WHERE key = ?", key) is not None

    def _paid_by(self, key: str) -> List[Optional["Asked"]]:
        """What the open repetitions were asked for that have sent this row."""
        if not self._has_paid:
            return []
        return [self._asked.get(str(found[0])) for found in self._db.execute("SELECT run FROM paid WHERE key = ?", (key,))]

    def stems(self) -> Iterator[str]:
        """The file names of all images, without their extensions."""
        return (str(found[0]) for found in self._db.execute("SELECT stem FROM names"))

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

    def _is_of_another(self, path: str, key: str) -> bool:
        """Whether another row has a file. A former key of the row has no results any more."""
        owner = self.owner_of(path)
        return owner not in (None, key) and self._one("SELECT 1 FROM results WHERE key = ?", owner) is not None

    def is_free(self, stem: str, row: Row) -> bool:
        """Whether no other row has a file name, or needs it."""
        taken = self._one("SELECT n FROM names WHERE folded = ?", _names.folded(stem))
        return (taken is None or taken[0] == row.n) and not self._is_of_another(stem + ".", row.key)

    def file_of(self, stem: str) -> Optional[str]:
        """The file of that name without its extension, from before the run."""
        found = self._one("SELECT path FROM files WHERE stem = ?", stem)
        return None if found is None else str(found[0])

    def load_owners(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Whose the files are: lines of metadata.jsonl and of results.jsonl, the last one of a file counts."""
        for entry in entries:
            files = entry.get("files", [entry.get("file_name")])
            if isinstance(entry.get("key"), str):
                self._own(stored_key(_plain(entry["key"])), files if isinstance(files, list) else [])

    def _own(self, key: str, paths: List[Any]) -> None:
        """A later line of a file counts. A whole path is that of another folder."""
        for path in paths:
            if isinstance(path, str) and not os.path.isabs(path):
                room, name = os.path.split(_plain(path))
                self._db.execute("INSERT OR REPLACE INTO owners VALUES(?, ?, ?)", (name.rpartition(".")[0], key, _plain(path)))
                if _names.is_folder(room):
                    self.rooms.add(room)

    def owner_of(self, path: str) -> Optional[str]:
        """The key of the row that a file was listed for; None if no line lists it."""
        found = self._one("SELECT key FROM owners WHERE stem = ?", os.path.basename(path).rpartition(".")[0])
        return None if found is None else str(found[0])

    def _is_taken(self, key: str) -> bool:
        tables = (("rows", "key"), ("rows", "jkey"), ("journal", "jkey"), ("generations", "jkey"))
        return any(self._one(f"SELECT 1 FROM {table} WHERE {column} = ?", key) is not None for table, column in tables)

    def make_indices(self) -> Iterator[Problem]:
        """After the first pass: what looks rows up by their keys. Yields what is wrong with these."""
        self._db.execute("CREATE INDEX by_key ON rows(key)")
        self._db.execute("CREATE INDEX by_jkey ON rows(jkey)")
        # Two rows with one key, whose file names differ.
        twice = "SELECT key, min(n) FROM rows GROUP BY key HAVING count(*) > 1 ORDER BY min(n)"
        for key, first in self._db.execute(twice).fetchall():
            row = self.get(first)
            place = f"line {row.line}" if row.line else f"row {row.row}"
            for other in self._db.execute("SELECT row, line FROM rows WHERE key = ? AND n > ? ORDER BY n", (key, first)):
                yield _twice(key, place, *other)

    def make_queues(self) -> None:
        """After the decisions: what hands rows out."""
        self._db.execute("CREATE INDEX by_do ON rows(do, n)")
        self._db.execute("CREATE INDEX by_age ON rows(do, accepted_ms, n)")

    # The second pass.

    def free(self, limit: int) -> List[Row]:
        """Rows that cost nothing more, those that expire first in front. They are handed out once."""
        found = self._taken("SELECT * FROM rows WHERE do IN ('settle', 'check') ORDER BY n LIMIT ?", limit)
        return found or self._taken("SELECT * FROM rows WHERE do = 'fetch' ORDER BY accepted_ms, n LIMIT ?", limit)

    def paid(self, limit: int, without: Iterable[str] = ()) -> List[Row]:
        """Rows that are sent, in the order of the file, without some providers. They are handed out once."""
        names = list(without)
        marks = ", ".join("?" * len(names))
        query = f"SELECT * FROM rows WHERE do = 'send' AND provider NOT IN ({marks}) ORDER BY n LIMIT ?"
        return self._taken(query, *names, limit)

    def _taken(self, query: str, *values: Any) -> List[Row]:
        rows = [Row(*found) for found in self._db.execute(query, values)]
        self._db.executemany("UPDATE rows SET do = 'taken' WHERE n = ?", ((row.n,) for row in rows))
        return rows

    def end(self, n: int, **values: Any) -> None:
        """Notes how a row ended."""
        names = ", ".join(f"{name} = ?" for name in values)
        self._db.execute(f"UPDATE rows SET {names} WHERE n = ?", (*values.values(), n))

    def get(self, n: int) -> Row:
        """One row."""
        found = self._one("SELECT * FROM rows WHERE n = ?", n)
        assert found is not None
        return Row(*found)

    def all(self, where: str = "1") -> Iterator[Row]:
        """Rows in the order of the file. Rows may be changed meanwhile."""
        position = 0
        while True:
            query = f"SELECT * FROM rows WHERE n > ? AND ({where}) ORDER BY n LIMIT 500"
            found = [Row(*row) for row in self._db.execute(query, (position,))]
            if not found:
                return
            yield from found
            position = found[-1].n

    # Numbers.

    def counts(self) -> Dict[str, int]:
        """How many rows stand where; they add up to the rows."""
        return {str(name): int(number) for name, number in self._db.execute("SELECT stands, count(*) FROM rows GROUP BY stands")}

    def tasks(self) -> Dict[str, int]:
        """How many rows are still to be handed out, by what is done."""
        return {str(name): int(number) for name, number in self._db.execute("SELECT do, count(*) FROM rows GROUP BY do")}

    def images_to_send(self, limit: Optional[int]) -> int:
        """How many images the rows ask for that are sent."""
        found = self._one(
            "SELECT coalesce(sum(wanted), 0) FROM (SELECT wanted FROM rows WHERE do = 'send' ORDER BY n LIMIT ?)",
            -1 if limit is None else limit,
        )
        return int(found[0]) if found else 0

    def first_code(self) -> int:
        """The exit code of the first row, in the order of the file, that has failed; 0 if none has."""
        found = self._one("SELECT code FROM rows WHERE code != 0 ORDER BY n LIMIT 1")
        return int(found[0]) if found else 0

    def pictures(self) -> int:
        """How many pictures the rows have in the folder."""
        found = self._one("SELECT coalesce(sum(json_array_length(files)), 0) FROM rows WHERE files IS NOT NULL")
        return int(found[0]) if found else 0

    def durations(self) -> List[float]:
        """The seconds of every row that has any."""
        return [float(found[0]) for found in self._db.execute("SELECT seconds FROM rows WHERE seconds IS NOT NULL")]

    def providers(self) -> List[str]:
        """Those that the rows name."""
        return [str(found[0]) for found in self._db.execute("SELECT DISTINCT provider FROM rows")]

    def gone(self) -> Iterator[Tuple[str, str]]:
        """Keys that an earlier run sent and that are in the file no longer, with their states."""
        yield from self._db.execute(
            "SELECT sent.key, journal.state FROM sent JOIN journal ON journal.jkey = sent.jkey "
            "WHERE sent.key NOT IN (SELECT key FROM rows) AND journal.state NOT IN ('claimed', 'refused') ORDER BY sent.key"
        )

    def picture_bytes(self) -> int:
        """The middle size of the pictures in the folder; 0 if there are fewer than ten."""
        found = self._one("SELECT count(*) FROM files")
        if found is None or found[0] < 10:
            return 0
        middle = self._one("SELECT size FROM files ORDER BY size LIMIT 1 OFFSET ?", int(found[0]) // 2)
        return int(middle[0]) if middle else 0

    def first_expiry(self, hours: float) -> Optional[int]:
        """When the first image that is not here expires, as Unix milliseconds, at the latest."""
        found = self._one(
            "SELECT min(accepted_ms) FROM rows WHERE stands = ? AND accepted_ms IS NOT NULL", Is.OPEN.value
        )
        return None if found is None or found[0] is None else int(found[0]) + int(hours * 3_600_000)

    def unknown_again(self) -> List[str]:
        """Keys of --again that no row has."""
        return sorted(key for key in self.options.again if not self.has(key))

    def _one(self, query: str, *values: Any) -> Optional[Tuple[Any, ...]]:
        found: Optional[Tuple[Any, ...]] = self._db.execute(query, values).fetchone()
        return found


def _twice(key: str, place: str, row: int, line: int) -> Problem:
    same = f" ({key} and {former_key(key)} are one key)" if former_key(key) is not None else ""
    return Problem(f"the key {key} is there twice, first in {place}: each row needs its own{same}", row, line, "key")


def _plain(value: Any) -> str:
    """As a text that SQLite takes: a file that was written by hand may hold half a character."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def as_json(value: Any) -> str:
    """As it stands in the index."""
    return json.dumps(value, default=str)  # In ASCII: half a character from a JSON file is no text for SQLite.

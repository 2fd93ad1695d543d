"""What is known from before of the rows of a run: from the ledger, the results, the journal and the files of the folder."""

from __future__ import annotations

import os
from typing import Any, Dict, FrozenSet, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from ..request import BLANKS
from . import _names
from ._decide import Is
from ._folder import OURS
from ._keys import former_key, stored_key
from ._options import Options
from ._table import Row, Table, as_json, plain


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
        return Asked(*(frozenset(map(plain, found if isinstance(found, list) else ())) for found in lists))


class Known(Table):
    """Rows with what earlier runs have left of them."""

    def __init__(self, options: Options, folder: Optional[str] = None) -> None:
        super().__init__(options, folder)
        self.rooms: Set[str] = set()
        """The numbered folders in which results.jsonl lists pictures."""
        self.journals: Optional[Journals] = None
        """The journal of this run beside those of earlier runs; None where machines share one."""
        self._asked: Dict[str, Asked] = {}
        """What open repetitions on purpose were asked for, by their runs. An older version has not noted that."""
        self._has_paid = False
        self._in_the_way: Dict[str, Tuple[str, str]] = {}
        """What has the name of a picture and is none, with what it is."""
        self._has_former = False
        """Whether an older version has noted whole numbers as "1.0"."""
        self._runs = 0
        self._journal: Optional[str] = None

    def load_ledger(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """What was sent under which key, by earlier runs. The last entry of a key counts."""
        ended = set()
        for entry in entries:
            run = entry.get("run")
            if isinstance(entry.get("key"), str):
                values = [entry.get(name) for name in ("key", "journal_key", "print", "prompt")]
                values[1] = values[1] or values[0]
                values = [text if text is None else plain(text) for text in values]
                values[0] = self._whole(str(values[0]), str(values[1]))
                values += ["held" if entry.get("held") is True else "sent", None, self._journal, self._runs, None]
                self._db.execute("INSERT OR REPLACE INTO sent VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
                if values[1] != values[0]:
                    self._db.execute("INSERT OR IGNORE INTO generations VALUES(?, ?)", (values[1], values[0]))
                if run is not None:
                    self.note_paid(str(values[0]), plain(run))
            elif isinstance(entry.get("ended"), str):
                ended.add(plain(entry["ended"]))
            elif isinstance(entry.get("journal"), str):
                self._journal, self._runs = plain(entry["journal"]), self._runs + 1
            elif isinstance(run, str):
                self._asked[plain(run)] = Asked.of(entry)
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
                key = plain(entry[state])
                names = (key, plain(entry.get("journal_key") or key))
                if state == "conflict":  # It was another request that the journal has under this key.
                    self._db.execute("DELETE FROM sent WHERE key = ? AND jkey = ?", names)
                    continue
                remote_id = None if entry.get("id") is None else plain(entry["id"])
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
                key = plain(entry["accepted"])
                found = self._one("SELECT provider, operation FROM rows WHERE key = ?", key)
                if found is not None:
                    yield {
                        "key": plain(entry.get("journal_key") or key), "state": "accepted", "provider": found[0],
                        "operation": found[1], "remote_id": plain(entry["id"]),
                    }

    def load_results(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """The lines of results.jsonl. The last of a key counts."""
        for entry in entries:
            error, files, seconds = entry.get("error"), entry.get("files"), entry.get("seconds")
            error = error if isinstance(error, dict) else {}
            files = [path for path in files if isinstance(path, str)] if isinstance(files, list) else []
            texts = (entry["key"], entry.get("journal_key") or entry["key"], entry.get("state"), as_json(files),
                     error.get("message"), error.get("status"), entry.get("token"), entry.get("remote_id"), entry.get("print"))
            *known, token, remote_id, mark = (text if text is None else plain(text) for text in texts)
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

    def gone(self) -> Iterator[Tuple[str, str]]:
        """Keys that an earlier run sent and that are in the file no longer, with their states."""
        yield from self._db.execute(
            "SELECT sent.key, journal.state FROM sent JOIN journal ON journal.jkey = sent.jkey "
            "WHERE sent.key NOT IN (SELECT key FROM rows) AND journal.state NOT IN ('claimed', 'refused') ORDER BY sent.key"
        )

    # What an older version has noted.

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

    # Repetitions on purpose.

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

    def _paid_by(self, key: str) -> List[Optional["Asked"]]:
        """What the open repetitions were asked for that have sent this row."""
        if not self._has_paid:
            return []
        return [self._asked.get(str(found[0])) for found in self._db.execute("SELECT run FROM paid WHERE key = ?", (key,))]

    # Files.

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

    def file_of(self, stem: str) -> Optional[str]:
        """The file of that name without its extension, from before the run."""
        found = self._one("SELECT path FROM files WHERE stem = ?", stem)
        return None if found is None else str(found[0])

    def load_owners(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Whose the files are: lines of metadata.jsonl and of results.jsonl, the last one of a file counts."""
        for entry in entries:
            files = entry.get("files", [entry.get("file_name")])
            if isinstance(entry.get("key"), str):
                self._own(stored_key(plain(entry["key"])), files if isinstance(files, list) else [])

    def _own(self, key: str, paths: List[Any]) -> None:
        """A later line of a file counts. A whole path is that of another folder."""
        for path in paths:
            if isinstance(path, str) and not os.path.isabs(path):
                room, name = os.path.split(plain(path))
                self._db.execute("INSERT OR REPLACE INTO owners VALUES(?, ?, ?)", (name.rpartition(".")[0], key, plain(path)))
                if _names.is_folder(room):
                    self.rooms.add(room)

    def owner_of(self, path: str) -> Optional[str]:
        """The key of the row that a file was listed for; None if no line lists it."""
        found = self._one("SELECT key FROM owners WHERE stem = ?", os.path.basename(path).rpartition(".")[0])
        return None if found is None else str(found[0])

    def _is_of_another(self, path: str, key: str) -> bool:
        """Whether another row has a file. A former key of the row has no results any more."""
        owner = self.owner_of(path)
        return owner not in (None, key) and self._one("SELECT 1 FROM results WHERE key = ?", owner) is not None

    def is_free(self, stem: str, row: Row) -> bool:
        """Whether no other row has a file name, or needs it."""
        taken = self._one("SELECT n FROM names WHERE folded = ?", _names.folded(stem))
        return (taken is None or taken[0] == row.n) and not self._is_of_another(stem + ".", row.key)

"""The rows of a run in a temporary SQLite file, so that memory does not grow with their number. It is gone with the process;
what lasts is in the journal, the ledger and results.jsonl."""

from __future__ import annotations

import json
import os
from typing import Any, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from ._columns import Spec
from ._options import Options

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


class Table:
    """The file, and the rows that are handed out of it. One thread."""

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

    def close(self) -> None:
        """Forgets everything. Can be called twice."""
        self._db.close()

    def has(self, key: str) -> bool:
        """Whether a row has this key."""
        return self._one("SELECT 1 FROM rows WHERE key = ?", key) is not None

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

    def end(self, n: int, **values: Any) -> None:
        """Notes how a row ended."""
        names = ", ".join(f"{name} = ?" for name in values)
        self._db.execute(f"UPDATE rows SET {names} WHERE n = ?", (*values.values(), n))

    # Handing rows out.

    def make_queues(self) -> None:
        """After the decisions: what hands rows out."""
        self._db.execute("CREATE INDEX by_do ON rows(do, n)")
        self._db.execute("CREATE INDEX by_age ON rows(do, accepted_ms, n)")

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

    def _one(self, query: str, *values: Any) -> Optional[Tuple[Any, ...]]:
        found: Optional[Tuple[Any, ...]] = self._db.execute(query, values).fetchone()
        return found


def plain(value: Any) -> str:
    """As a text that SQLite takes: a file that was written by hand may hold half a character."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def as_json(value: Any) -> str:
    """As it stands in the index."""
    return json.dumps(value, default=str)  # In ASCII: half a character from a JSON file is no text for SQLite.

"""A journal that machines share: a table in PostgreSQL. The core's hold and release make it exact: a job waits before its first
byte until its key stands in the table as SENDING, under the owner's session. Needs psycopg: pip install "libaigc[postgresql]".

A session holds an advisory lock for as long as it lives: that says who is alive. A key of a dead session that was not sent is
free; one that was accepted is taken over; one that was on the wire is in doubt, and nobody sends it again. A machine can lose
its session and live: so a key on the wire is in doubt only when the answer to its submission is overdue.
"""

from __future__ import annotations

import json
import os
import shlex
import uuid
from argparse import Namespace
from importlib import import_module
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .._cli.again import Again
from ..enums import Status
from ..errors import InvalidArgumentError, JournalError

_CLASS = 0x61696763  # "aigc": the advisory locks of sessions.
_LOCAL = "~@"
_BEFORE = {
    "accepted": "accepted", "succeeded": "accepted", "failed": "failed", "unknown": "unknown", "sending": "unknown",
    "abandoned": "abandoned",
}
"""States of a journal of one machine as those of a shared one."""
_SCHEMA = """
CREATE SEQUENCE IF NOT EXISTS aigc_owner AS integer CYCLE;
CREATE TABLE IF NOT EXISTS aigc_key(
    key text COLLATE "C" PRIMARY KEY, print text NOT NULL, state text NOT NULL, owner integer NOT NULL, provider text NOT NULL,
    operation text NOT NULL, prompt text, remote_id text, token text, status text, message text, place text, files text,
    sent_at timestamptz, accepted_at timestamptz, ended_at timestamptz, row_key text COLLATE "C", run text
);
CREATE INDEX IF NOT EXISTS aigc_key_row ON aigc_key(row_key) WHERE row_key IS NOT NULL;
CREATE TABLE IF NOT EXISTS aigc_run(run text PRIMARY KEY, ended boolean NOT NULL);
CREATE TABLE IF NOT EXISTS aigc_member(run text NOT NULL, owner integer NOT NULL);
CREATE TABLE IF NOT EXISTS aigc_rate(name text PRIMARY KEY, next_at timestamptz NOT NULL);
"""
# A machine that loses its power says no goodbye: the server notices within a minute that its session is gone.
_KEEPALIVES = "SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 6"
_DURABLE = ("on", "remote_apply")
"""The values of synchronous_commit with which a commit is on disk when it returns, on the synchronous standbys too. A server, a
database or a role can set a weaker value: a crash then takes back the last commits, and the next machine pays these rows again.
"""
_BACK = 30.0
"""Seconds that a machine whose session broke has to notice it and to be back, before its keys are in doubt."""
_BACK_AT_LAST = 120.0
"""The same before a person may say how such a key has ended. For so long the machine asks for the server."""
_REPEATS = 20  # Times that a statement is repeated that another machine's has crossed.
_MESSAGE = 1000  # Characters of a message that are kept.
_SETTLED = "(ended_at IS NOT NULL OR sent_at IS NULL OR sent_at < now() - %s * interval '1 second')"
"""Of an unknown key: its machine has said so itself, or no answer can come any more."""
# k is a table with a column owner.
_ALIVE = (
    "EXISTS(SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 "
    f"AND l.classid::bigint = {_CLASS} AND l.objid::bigint = k.owner "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
_COLUMNS = (
    f"k.key, k.print, k.state, k.owner, {_ALIVE}, k.provider, k.operation, k.remote_id, k.status, k.place, "
    "(extract(epoch FROM k.sent_at) * 1000)::bigint, (extract(epoch FROM k.accepted_at) * 1000)::bigint, "
    "(extract(epoch FROM k.ended_at) * 1000)::bigint, k.prompt, k.files, k.token, k.message, k.row_key, k.run"
)
_NAMES = (
    "key", "print", "state", "owner", "owner_alive", "provider", "operation", "remote_id", "status", "place", "sent_at_ms",
    "accepted_at_ms", "ended_at_ms", "prompt", "files", "token", "message", "row_key", "run",
)


class Refused(JournalError):
    """The server lives, and does not take this."""


class End(NamedTuple):
    """How a row has ended."""

    state: str
    """done (with its files), failed, expired, refused, or unknown (in doubt)."""
    status: Optional[str] = None
    message: Optional[str] = None
    remote_id: Optional[str] = None
    token: Optional[str] = None
    files: Sequence[str] = ()


class Lost(Exception):
    """The server cannot be reached. Nothing is sent while it is away."""


class Unfit(Lost):
    """The server answers, and cannot keep this journal."""


def is_shared(journal: object) -> bool:
    """Whether a journal is named by the address of a server."""
    return isinstance(journal, str) and journal.startswith(("postgresql://", "postgres://"))


class Shared:
    """One session. Its owner number lives as long as the session does. One thread."""

    def __init__(self, url: str, place: str = "", answer: float = 60.0) -> None:
        try:
            self._psycopg: Any = import_module("psycopg")
        except ImportError:
            raise InvalidArgumentError(
                'a journal in PostgreSQL needs psycopg: pip install "libaigc[postgresql]"', status=Status.INVALID_ARGUMENT
            ) from None
        self._url = url
        self.place = place
        """This machine, and the folder of its pictures."""
        self.answer = answer
        """Seconds after which a submission has its answer, or none: timeout.submit_ms."""
        self.words: Sequence[str] = ("batch",)
        """The command line of this batch."""
        self.run: Optional[str] = None
        """The repetition on purpose that this machine takes part in."""
        self._is_member = False
        self._session: Any = None
        self.owner = 0
        self.owners: Set[int] = set()
        """Every owner that this process has been."""
        try:
            self.connect()
        except Lost as error:
            why = "cannot be used" if isinstance(error, Unfit) else "cannot be reached"
            raise JournalError(f"the journal {why}, and nothing was sent: {error}", status=Status.JOURNAL) from error

    def connect(self) -> None:
        """A new session, under a new owner. Raises Lost."""
        self.close()
        try:
            session = self._session = self._opened(autocommit=True)
            self._check_session()
            self._check_encoding()
            session.execute(_KEEPALIVES)
            if session.execute("SHOW synchronous_commit").fetchone()[0] not in _DURABLE:
                session.execute("SET synchronous_commit = on")
            # One that is stronger makes the statements of two machines fail that touch one row.
            session.execute("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED")
            session.execute("SELECT pg_advisory_lock(%s, 0)", (_CLASS,))  # Two that make the tables at once collide.
            session.execute(_SCHEMA)
            session.execute("SELECT pg_advisory_unlock(%s, 0)", (_CLASS,))
            self._check_disk()
            self.owner = int(session.execute("SELECT nextval('aigc_owner')").fetchone()[0])
            session.execute("SELECT pg_advisory_lock(%s, %s)", (_CLASS, self.owner))
            self.owners.add(self.owner)
            if self._is_member:
                self._enter()
        except Unfit:
            self.close()
            raise
        except self._psycopg.Error as error:
            self.close()
            raise Lost(" ".join(str(error).split())) from error

    def _opened(self, autocommit: bool) -> Any:
        return self._psycopg.connect(
            self._url, autocommit=autocommit, connect_timeout=5, client_encoding="utf8", tcp_user_timeout=20_000,
            keepalives_idle=20, keepalives_interval=5, keepalives_count=4, prepare_threshold=None,
        )

    def _check_session(self) -> None:
        """Raises Unfit behind a pooler that gives each transaction another session. Leaves nothing in its sessions: a transaction
        of a second connection keeps one for itself, and it must not be ours, nor may ours become another one."""
        asked = "SELECT pg_backend_pid()"
        ours = self._session.execute(asked).fetchone()
        try:
            other = self._opened(autocommit=False)
        except self._psycopg.Error:  # No room for a second one.
            return
        try:
            is_shared = other.execute(asked).fetchone() == ours or self._session.execute(asked).fetchone() != ours
        finally:
            other.close()
        if is_shared:
            raise Unfit(
                "the address leads to a pooler that shares sessions between programs (PgBouncer with pool_mode=transaction), and "
                "the journal needs a session of its own: set pool_mode=session, or name the port of the server itself"
            )

    def _check_encoding(self) -> None:
        """Raises Unfit where not every prompt and message can be kept."""
        (encoding,) = self._session.execute("SHOW server_encoding").fetchone()
        if encoding not in ("UTF8", "SQL_ASCII"):
            raise Unfit(f"its database is in {encoding}, which cannot hold every text: name a database in UTF8")

    def _check_disk(self) -> None:
        """Raises Unfit where no session can make a commit safe."""
        fsync, kind = self._session.execute(
            "SELECT current_setting('fsync'), (SELECT relpersistence FROM pg_class WHERE oid = 'aigc_key'::regclass)"
        ).fetchone()
        why = None
        if fsync == "off":
            why = "fsync is off on this server: set fsync = on in postgresql.conf, and reload the server"
        elif kind == "u":
            why = "aigc_key is an unlogged table, which a crash empties: ALTER TABLE aigc_key SET LOGGED"
        if why is not None:
            raise Unfit(f"{why}. After a power cut, the rows that were sent last would be paid again")

    def close(self) -> None:
        """Ends the session: from now on its owner is dead. Can be called twice."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def check(self) -> None:
        """Raises Lost if the session is gone."""
        self._run("SELECT 1")

    def _run(self, query: str, *values: Any) -> List[Tuple[Any, ...]]:
        """One statement, which is one transaction. Raises Lost."""
        if self._session is None:
            raise Lost("there is no session")
        try:
            return self._repeated(query, values)
        except (self._psycopg.DataError, self._psycopg.IntegrityError) as error:
            raise Refused(" ".join(str(error).split()), status=Status.JOURNAL) from error
        except self._psycopg.Error as error:
            # Also a server that lets nobody write: it is asked again until it does.
            self.close()
            raise Lost(" ".join(str(error).split())) from error

    def _repeated(self, query: str, values: Tuple[Any, ...]) -> List[Tuple[Any, ...]]:
        """A statement that the server takes back because another one crossed it has done nothing, and is repeated."""
        crossed = (self._psycopg.errors.SerializationFailure, self._psycopg.errors.DeadlockDetected)
        for repeats in range(_REPEATS + 1):
            try:
                cursor = self._session.execute(query, values)
                break
            except crossed:
                if repeats == _REPEATS:
                    raise
        found: List[Tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
        return found

    # What is known.

    def rows(self) -> Iterator[Dict[str, Any]]:
        """Every key, in pages."""
        after = ""
        while True:
            found = self._run(f"SELECT {_COLUMNS} FROM aigc_key k WHERE k.key > %s ORDER BY k.key LIMIT 2000", after)
            if not found:
                return
            yield from (dict(zip(_NAMES, row)) for row in found)
            after = found[-1][0]

    def look(self, keys: Sequence[str]) -> Dict[str, Dict[str, Any]]:
        """Some keys; one that is missing is free."""
        found = self._run(f"SELECT {_COLUMNS} FROM aigc_key k WHERE k.key = ANY(%s)", list(keys))
        return {row[0]: dict(zip(_NAMES, row)) for row in found}

    def generations(self, keys: Sequence[str]) -> List[Dict[str, Any]]:
        """Everything that was sent for some rows. What was paid again on purpose stands behind what was paid before."""
        columns = f"SELECT {_COLUMNS} FROM aigc_key k"
        found = self._run(
            f"{columns} WHERE k.key = ANY(%s) UNION ALL {columns} WHERE k.row_key = ANY(%s)", list(keys), list(keys)
        )
        return sorted((dict(zip(_NAMES, row)) for row in found), key=lambda row: (len(row["key"]), row["key"]))

    # Repetitions on purpose.

    def open_runs(self) -> Set[str]:
        """The repetition that machines are at, or that was cut short: what it has paid again is not paid once more."""
        if self.run is not None:
            return {self.run}
        return {str(row[0]) for row in self._run("SELECT run FROM aigc_run WHERE NOT ended")}

    def join(self, asked: str) -> None:
        """Takes part in the open repetition that was asked for the same, or begins one. asked: a short text without "-"."""
        if self.run is not None:
            return
        self._run("SELECT pg_advisory_lock(%s, 0)", _CLASS)
        try:
            runs = sorted(self.open_runs())  # Those of an older version say not what they were asked for.
            self.run = next((run for run in runs if run.partition("-")[0] == asked or "-" not in run), None)
            self.run = self.run or f"{asked}-{uuid.uuid4().hex}"
            self._enter()
        finally:
            self._run("SELECT pg_advisory_unlock(%s, 0)", _CLASS)

    def _enter(self) -> None:
        self._is_member = True
        self._run(
            "INSERT INTO aigc_run VALUES(%s, false) ON CONFLICT (run) DO UPDATE SET ended = false", self.run
        )
        self._run("INSERT INTO aigc_member VALUES(%s, %s)", self.run, self.owner)

    def part(self) -> None:
        """This machine has done its part. The last one that lives ends the repetition."""
        if not self._is_member:
            return
        self._run("SELECT pg_advisory_lock(%s, 0)", _CLASS)
        try:
            self._run("DELETE FROM aigc_member WHERE run = %s AND owner = ANY(%s)", self.run, sorted(self.owners))
            self._run(
                "UPDATE aigc_run SET ended = true WHERE run = %s "
                f"AND NOT EXISTS(SELECT 1 FROM aigc_member k WHERE k.run = aigc_run.run AND {_ALIVE})",
                self.run,
            )
            self._is_member = False
        finally:
            self._run("SELECT pg_advisory_unlock(%s, 0)", _CLASS)

    # Before a submission.

    def claim(self, rows: Iterable[Tuple[str, str, str, str, str, Optional[str]]]) -> Set[str]:
        """Takes keys (key, print, provider, operation, prompt, and the key of the row where that is another one) that nobody
        has, or that a dead session had not sent. Returns those that are ours now, provably not sent."""
        entries = list(rows)
        columns = [list(column) for column in zip(*entries)] or [[], [], [], [], [], []]
        made = self._run(
            "INSERT INTO aigc_key(key, print, provider, operation, prompt, row_key, state, owner, place, run) "
            "SELECT key, print, provider, operation, prompt, row_key, 'claimed', %s, %s, %s "
            "FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) "
            "AS n(key, print, provider, operation, prompt, row_key) ON CONFLICT (key) DO NOTHING RETURNING key",
            self.owner, self.place, self.run, *columns,
        )
        taken = self._run(
            "WITH free AS (SELECT k.key FROM aigc_key k WHERE k.key = ANY(%s) AND k.state IN ('claimed', 'refused') "
            f"AND (k.state = 'refused' OR k.owner = %s OR NOT {_ALIVE}) "
            "ORDER BY k.key FOR UPDATE SKIP LOCKED) "
            "UPDATE aigc_key SET state = 'claimed', owner = %s, place = %s, status = NULL, message = NULL, ended_at = NULL, "
            "print = n.print, provider = n.provider, operation = n.operation, prompt = n.prompt, "
            "run = CASE WHEN aigc_key.run IN (SELECT r.run FROM aigc_run r WHERE NOT r.ended) THEN aigc_key.run "
            "ELSE coalesce(%s, aigc_key.run) END "
            "FROM free, unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) "
            "AS n(key, print, provider, operation, prompt) "
            "WHERE aigc_key.key = free.key AND n.key = free.key RETURNING aigc_key.key",
            columns[0], self.owner, self.owner, self.place, self.run, *columns[:5],
        )
        return {str(row[0]) for row in [*made, *taken]}

    def slot(self, name: str, per_second: float) -> float:
        """Takes the next place in the rate that all machines share, and returns in how many seconds it comes."""
        found = self._run(
            "INSERT INTO aigc_rate AS r VALUES(%s, clock_timestamp() + %s * interval '1 second') ON CONFLICT (name) DO UPDATE "
            "SET next_at = greatest(r.next_at, clock_timestamp()) + %s * interval '1 second' "
            "RETURNING extract(epoch FROM r.next_at - clock_timestamp())",
            name, 1 / per_second, 1 / per_second,
        )
        return max(0.0, float(found[0][0]) - 1 / per_second)

    def sending(self, key: str) -> bool:
        """The key may be on the wire from now on: on the server's disk when this returns. False: it is ours no longer."""
        return bool(self._run(
            "UPDATE aigc_key SET state = 'sending', sent_at = now() WHERE key = %s AND owner = %s AND state = 'claimed' "
            "RETURNING key",
            key, self.owner,
        ))

    # After it.

    def accepted(self, key: str, print: str, remote_id: str, token: Optional[str] = None) -> bool:
        """The provider has given an id for the request with that print. Nothing is stronger than that but an end. A key that a
        person has freed meanwhile can be that of another request: then it stays as it is. False: the id is nowhere here."""
        return self._accepted("print = %s", print, key, remote_id, token)

    def _accepted(self, whose: str, value: Any, key: str, remote_id: str, token: Optional[str] = None) -> bool:
        if self._run(
            "UPDATE aigc_key SET state = 'accepted', owner = %s, place = %s, remote_id = %s, token = coalesce(%s, token), "
            "accepted_at = coalesce(accepted_at, now()) "
            f"WHERE key = %s AND {whose} AND state IN ('claimed', 'sending', 'unknown', 'accepted') RETURNING key",
            self.owner, self.place, remote_id, token, key, value,
        ):
            return True
        if self._run("SELECT 1 FROM aigc_key WHERE key = %s AND remote_id = %s", key, remote_id):
            return True
        return bool(self._run("SELECT 1 FROM aigc_key WHERE remote_id = %s LIMIT 1", remote_id))

    def ended(self, key: str, print: str, end: "End") -> None:
        """A row has ended that had that print. An end that is there already stays."""
        self._run(
            "UPDATE aigc_key SET state = %s, status = %s, message = %s, remote_id = coalesce(%s, remote_id), "
            "token = coalesce(%s, token), files = %s, place = %s, ended_at = now() "
            "WHERE key = %s AND print = %s AND (state NOT IN ('done', 'failed', 'expired') OR state = 'done' AND %s = 'done')",
            end.state, end.status, None if end.message is None else end.message[:_MESSAGE], end.remote_id, end.token,
            json.dumps(list(end.files)), self.place, key, print, end.state,
        )

    def free(self, key: str) -> None:
        """It was provably not sent by us: somebody may send it."""
        self._run(
            "DELETE FROM aigc_key WHERE key = %s AND owner = ANY(%s) AND state IN ('claimed', 'sending', 'unknown')",
            key, sorted(self.owners),
        )

    def leave(self, key: str) -> None:
        """An accepted job that we do not fetch now: any session may, while ours lives on."""
        self._run(
            "UPDATE aigc_key SET owner = 0 WHERE key = %s AND owner = ANY(%s) AND state = 'accepted'", key, sorted(self.owners)
        )

    def take_over(self, key: str) -> bool:
        """An accepted job whose session is gone becomes ours. False: somebody else was faster, or it lives."""
        return bool(self._run(
            f"WITH free AS (SELECT k.key FROM aigc_key k WHERE k.key = %s AND k.state = 'accepted' AND NOT {_ALIVE} "
            "FOR UPDATE SKIP LOCKED) UPDATE aigc_key SET owner = %s, place = %s FROM free WHERE aigc_key.key = free.key "
            "RETURNING aigc_key.key",
            key, self.owner, self.place,
        ))

    def give_up(self, key: str) -> bool:
        """A key that was on the wire when its session died is in doubt, for everybody. False: it is not, or not yet. Its machine
        may have lost the session alone, and get the answer."""
        return bool(self._run(
            f"WITH dead AS (SELECT k.key FROM aigc_key k WHERE k.key = %s AND k.state = 'sending' AND NOT {_ALIVE} "
            "AND (k.sent_at IS NULL OR k.sent_at < now() - %s * interval '1 second') FOR UPDATE SKIP LOCKED) "
            "UPDATE aigc_key SET state = 'unknown' FROM dead WHERE aigc_key.key = dead.key "
            "RETURNING aigc_key.key",
            key, self.answer + _BACK,
        ))

    def keep(self, keys: Sequence[str]) -> None:
        """After a new connection: keys that are still on the wire are those of the new owner, also where others have given them
        up."""
        self._run(
            "UPDATE aigc_key SET state = 'sending', owner = %s WHERE key = ANY(%s) AND owner = ANY(%s) "
            "AND state IN ('sending', 'unknown') AND ended_at IS NULL",
            self.owner, list(keys), sorted(self.owners),
        )

    def on_the_wire(self) -> Dict[str, int]:
        """Keys whose machines may still get an answer, though their sessions are gone, and until when (milliseconds of Unix
        time). Nobody may say yet that they did not run."""
        until = self.answer + _BACK_AT_LAST
        found = self._run(
            "SELECT key, (extract(epoch FROM sent_at + %s * interval '1 second') * 1000)::bigint FROM aigc_key "
            f"WHERE state IN ('sending', 'unknown') AND NOT {_SETTLED}",
            until, until,
        )
        return {str(key): int(at_ms) for key, at_ms in found}

    def resolve(self, key: str, remote_id: Optional[str], leave: bool = False) -> bool:
        """What a person has found out about a key in doubt: it ran with this id; it did not; or nobody asks any more. False: it
        is in doubt no longer or not yet (on_the_wire), or the id is that of another key."""
        until = self.answer + _BACK_AT_LAST
        if remote_id is not None:
            return bool(self._run(
                "UPDATE aigc_key SET state = 'accepted', owner = 0, remote_id = %s, accepted_at = coalesce(sent_at, now()) "
                f"WHERE key = %s AND state = 'unknown' AND {_SETTLED} "
                "AND NOT EXISTS(SELECT 1 FROM aigc_key o WHERE o.remote_id = %s "
                "AND o.provider = aigc_key.provider AND o.key != aigc_key.key) RETURNING key",
                remote_id, key, until, remote_id,
            ))
        what = "UPDATE aigc_key SET state = 'abandoned'" if leave else "DELETE FROM aigc_key"
        return bool(self._run(f"{what} WHERE key = %s AND state = 'unknown' AND {_SETTLED} RETURNING key", key, until))

    def catch_up(
        self,
        local: Iterable[Mapping[str, Any]],
        noted: Mapping[str, Mapping[str, Any]],
        sent: Optional[Mapping[str, Mapping[str, Any]]] = None,
    ) -> List[Mapping[str, Any]]:
        """Ids that reached only the journal of this machine, because the server was away, are told now. So is what this folder
        paid before it had a shared journal: noted has the lines of its ledger by those keys. sent: the lines of what it has sent
        since. Returns the rows of that journal whose ids the server does not take: their keys are those of other jobs there."""
        alone: List[Mapping[str, Any]] = []
        for row in local:
            key, separator, owner = str(row["key"]).rpartition(_LOCAL)
            if separator:
                if row.get("remote_id") and owner.isdigit():  # What another owner has claimed since is another job.
                    try:
                        is_there = self._accepted("owner = %s", int(owner), key, str(row["remote_id"]))
                        is_there = is_there or self._take_back(key, row, (sent or {}).get(key, {}))
                    except Refused:
                        is_there = False
                    if not is_there:
                        alone.append({**row, "key": key})
                continue
            self._take_back(str(row["key"]), row, noted.get(str(row["key"]), {}))
        return alone

    def _take_back(self, key: str, row: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
        """A key that is not here, with what the journal of this machine knows of it: nobody sends it once more. entry: its line
        in the ledger; without one nothing is done. False: the key is here, and stays as it is."""
        state = _BEFORE.get(str(row.get("state")))
        if state is None or "key" not in entry:
            return False
        whose = str(entry["key"])
        return bool(self._run(
            "INSERT INTO aigc_key(key, print, state, owner, place, provider, operation, remote_id, status, row_key, "
            "accepted_at) VALUES(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, now()) ON CONFLICT (key) DO NOTHING RETURNING key",
            key, str(entry.get("print")), state, self.owner, self.place, row["provider"], row["operation"],
            row.get("remote_id"), row.get("status"), None if whose == key else whose,
        ))

    def took_back(self, row: Mapping[str, Any]) -> bool:
        """The same for a job that this process follows: row has its key, print, provider, operation, remote_id and row_key."""
        return self._take_back(row["key"], {**row, "state": "accepted"}, {"key": row["row_key"], "print": row["print"]})


def alone_in(folder: str, row: Mapping[str, Any], words: Sequence[str]) -> str:
    """What is said about a paid job whose id the server does not take. words: the command line of this batch."""
    which = [f"--{name}={row[name]}" for name in ("provider", "operation")]
    again = Again(Namespace(words=list(words), provider=None)).without_journal()
    fetch = again.command("fetch", " ".join(map(shlex.quote, [*which, f"--id={row['remote_id']}"])))
    return (
        f"the id {row['remote_id']} of {row['key']} stands only in the journal {folder} of this machine: in PostgreSQL the key "
        f"is that of another job. This job is paid; to get its pictures: {fetch}"
    )


def local_key(key: str, owner: int) -> str:
    """The key of a job in the journal of its machine. That journal decides nothing: it keeps ids while the server is away."""
    return f"{key}{_LOCAL}{owner}"


def as_ledger(rows: Iterable[Mapping[str, Any]]) -> Iterator[Dict[str, Any]]:
    """What was sent, as lines of the ledger of a folder: the last line of a row counts. A row of the file can have the key under
    which another one was paid again."""
    for row in rows:
        if row["row_key"] and row["row_key"] != row["key"]:
            yield {"key": row["key"], "print": row["print"]}
        yield {"key": row["row_key"] or row["key"], "journal_key": row["key"], "print": row["print"], "run": row["run"]}


def as_results(rows: Iterable[Mapping[str, Any]]) -> Iterator[Dict[str, Any]]:
    """The keys as lines of results.jsonl: the files have whole paths, on the machine that has them. What has failed has no
    state there, so that this folder still writes its line."""
    for row in rows:
        state = row["state"] if row["state"] in ("done", "expired") else None
        error = {"status": row["status"], "message": row["message"]} if row["message"] else None
        yield {
            "key": row["row_key"] or row["key"], "journal_key": row["key"], "state": state, "files": files_of(row),
            "token": row["token"], "error": error,
        }


def files_of(row: Mapping[str, Any]) -> List[str]:
    """The files of a key that is done."""
    found: List[str] = json.loads(row["files"] or "[]")
    return found


def is_missing(row: Mapping[str, Any], place: str) -> bool:
    """Whether this machine made the pictures of a key, and has them no longer. What another machine has nobody knows here."""
    files = files_of(row)
    return row["state"] == "done" and row["place"] == place and not all(map(os.path.exists, files))


def as_journal(rows: Iterable[Mapping[str, Any]], place: str) -> Iterator[Dict[str, Any]]:
    """The keys as the journal of one machine would list them. What is done has its pictures where it was done."""
    for row in rows:
        entry = dict(row)
        if entry["state"] in ("done", "expired"):
            is_whole = entry["state"] == "done" and not is_missing(row, place)
            entry.update(state="succeeded", images=0 if is_whole else max(1, len(files_of(row))))
        yield entry

"""Several machines run the same line on one journal in PostgreSQL: each row is paid once."""

from __future__ import annotations

import random
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Dict, List, Set

import pytest
from aigc.batch._api import Batch, options_of
from aigc.batch._rows import ListSource
from aigc.batch._shared import End, Lost, Shared, local_key
from batching import Folder
from postgresql import FORGET, Pooler, Server, running
from support import Command

CREATE = "CreateAigcImageTask"
SOON = ("-c", "timeout.submit_ms=10000")
"""What a machine had on the wire that was killed is in doubt 30 seconds later."""
OVERDUE = "UPDATE aigc_key SET sent_at = sent_at - interval '1 hour'"
"""No answer can come any more."""


server = pytest.fixture(scope="module")(running)


class Machines:
    """Folders that stand for machines, with one file of rows and one journal."""

    def __init__(
        self, path: Path, command: Command, sandbox: Any, server: Server, count: int, rows: int, provider: str = "tencent"
    ) -> None:
        server.query(FORGET)
        self.server = server
        self.sandbox = sandbox
        self.rows = rows
        self.folders: List[Folder] = []
        for n in range(count):
            place = path / f"machine{n}"
            place.mkdir()
            self.folders.append(Folder(place, command, sandbox, provider))
        self.file = path / "rows.csv"
        self.file.write_text("key,prompt\n" + "".join(f"cat-{n:04},cat number {n}\n" for n in range(rows)))

    def start(self, n: int, *options: str) -> "subprocess.Popen[str]":
        return self.folders[n].start(self.file, *SOON, "--yes", "--journal", self.server.url, *options)

    def created(self) -> int:
        return self.folders[0].created()

    def until(self, jobs: int, *processes: "subprocess.Popen[str]") -> None:
        end = time.monotonic() + 60
        while self.created() < jobs and time.monotonic() < end:
            time.sleep(0.02)

    def log(self) -> str:
        logs = [folder.path / "log" for folder in self.folders]
        return "\n".join(log.read_text(encoding="utf-8")[-1500:] for log in logs if log.exists())

    def settle(self) -> int:
        """What a person does about rows in doubt."""
        found = self.server.query("SELECT key FROM aigc_key WHERE state IN ('unknown', 'sending')")
        by_prompt = {job["prompt"]: job["id"] for job in self.sandbox.stats()["jobs"]}
        for (key,) in found:
            job = by_prompt.get(f"cat number {int(key[4:])}")
            if job is None:
                self.server.query(f"DELETE FROM aigc_key WHERE key = '{key}'")
            else:
                self.server.query(f"UPDATE aigc_key SET state = 'accepted', owner = 0, remote_id = '{job}' WHERE key = '{key}'")
        return len(found)

    def check(self) -> None:
        """Each row is done once, and its picture is on one machine, byte for byte."""
        assert self.created() == self.rows and self.sandbox.stats(jobs=False)["duplicates"] == 0
        assert self.server.query("SELECT state, count(*) FROM aigc_key GROUP BY state") == [("done", self.rows)]
        ids = {job["prompt"]: job["id"] for job in self.sandbox.stats()["jobs"]}
        seen: Set[str] = set()
        for folder in self.folders:
            for path in folder.out.glob("*.png"):
                n = int(path.name[4:8])
                assert path.read_bytes() == self.sandbox.image("tencent", ids[f"cat number {n}"], 0)
                seen.add(path.name)
        assert len(seen) == self.rows


def test_machines_share_the_rows(server: Server, tmp_path: Path, command: Command, sandbox: Any) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 3, 45)
    processes = [machines.start(n, "-c", "rate.tencent.create_per_s=10") for n in range(3)]
    assert [process.wait(120) for process in processes] == [0, 0, 0], machines.log()
    machines.check()
    assert sum(bool(list(folder.out.glob("*.png"))) for folder in machines.folders) >= 2
    requests = len(sandbox.requests())
    assert machines.start(0).wait(60) == 0 and len(sandbox.requests()) == requests


def test_killed_workers_a_restarted_server_and_cut_connections(
    server: Server, tmp_path: Path, command: Command, sandbox: Any, is_long: bool
) -> None:
    rows, count = (2000, 4) if is_long else (80, 3)
    machines = Machines(tmp_path, command, sandbox, server, count, rows)
    processes = [machines.start(n) for n in range(count)]
    chance = random.Random(rows)
    for step in range(1, 7 if is_long else 5):
        machines.until(rows * step // 8)
        time.sleep(chance.random() * 0.2)
        if step % 3 == 1:
            n = chance.randrange(count)
            processes[n].kill()
            processes[n].wait(20)
            processes[n] = machines.start(n)
        elif step % 3 == 2:
            server.stop()
            time.sleep(0.5)
            server.start()
        else:
            server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid()")
    codes = [process.wait(300) for process in processes]
    assert set(codes) <= {0, 6, 8}, machines.log()  # 8: started while the server was away, and sent nothing.
    for _ in range(3):
        doubts = machines.settle()
        again = [machines.start(n) for n in range(count)]
        codes = [process.wait(300) for process in again]
        if not doubts and set(codes) == {0}:
            break
    assert set(codes) == {0}, machines.log()
    machines.check()


def test_the_rate_is_one_for_all(server: Server, tmp_path: Path, command: Command, sandbox: Any, is_long: bool) -> None:
    rows, rate = (400, 20) if is_long else (40, 10)
    machines = Machines(tmp_path, command, sandbox, server, 3, rows)
    processes = [machines.start(n, "-c", f"rate.tencent.create_per_s={rate}") for n in range(3)]
    assert [process.wait(200) for process in processes] == [0, 0, 0], machines.log()
    machines.check()
    times = sorted(job["time"] for job in sandbox.stats()["jobs"])
    # A machine that is slow for a moment sends later what was due: never more than the clouds' bucket of one second takes.
    for n, first in enumerate(times):
        assert all(m - n <= rate * (times[m] - first) * 1.03 + rate for m in range(n + 1, rows)), times
    steady = times[rows // 10 :]  # The first ones may be late, while the machines start.
    seen = (len(steady) - 1) / (steady[-1] - steady[0])
    assert not is_long or rate * 0.97 <= seen <= rate * 1.03, seen


def test_a_folder_moves_to_a_shared_journal_and_not_back(
    server: Server, tmp_path: Path, command: Command, sandbox: Any
) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 2, 6)
    folder = machines.folders[0]
    folder.run(machines.file, "--yes", "--limit", "4")
    assert machines.created() == 4
    assets = len(sandbox.asset_requests())
    assert machines.start(0).wait(60) == 0, machines.log()
    assert machines.created() == 6 and len(sandbox.asset_requests()) == assets + 2
    assert machines.start(1).wait(60) == 0 and machines.created() == 6
    machines.check()
    assert "postgresql://" in folder.run(machines.file, "--yes", code=2).stderr


def test_a_folder_with_another_journal_moves_to_a_shared_one(
    server: Server, tmp_path: Path, command: Command, sandbox: Any
) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 1, 4)
    folder, named = machines.folders[0], tmp_path / "named"
    folder.run(machines.file, "--yes", "--limit", "2", "--journal", str(named))
    folder.run(machines.file, "--yes", "--limit", "1")
    for path in (folder.out / ".aigc").glob("jobs.db*"):
        path.unlink()  # The id of that row is in the ledger.
    assert machines.created() == 3
    assert machines.start(0).wait(60) == 0, machines.log()
    machines.check()


def test_a_doubt_is_settled_for_all(server: Server, tmp_path: Path, command: Command, sandbox: Any) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 2, 3)
    sandbox.fault("reset_after", CREATE)
    assert machines.start(0).wait(60) == 6 and machines.start(1).wait(60) == 6, machines.log()
    listed = command.run("batch", "--resolve", "--out", str(tmp_path), "--journal", server.url)
    assert listed.returncode == 6 and "1/1" in listed.stderr and machines.created() == 3
    assert machines.settle() == 1
    assert machines.start(1).wait(60) == 0, machines.log()
    machines.check()
    again = command.run("batch", "--resolve", "--out", str(tmp_path), "--journal", server.url)
    assert again.returncode == 0 and "nothing is in doubt" in again.stderr


def test_chinese_keys_and_an_interrupt(server: Server, tmp_path: Path, command: Command, sandbox: Any) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 2, 1)
    keys = [f"{name}{n}" for name in ("红猫", "蓝猫") for n in range(15)]
    machines.file.write_text("key,prompt\n" + "".join(f"{key},一只{key}\n" for key in keys), encoding="utf-8")
    first = machines.start(0, "-c", "rate.tencent.create_per_s=5")
    machines.until(4)
    first.send_signal(signal.SIGINT)
    assert first.wait(60) == 130, machines.log()
    assert 4 <= machines.created() < 30
    assert machines.start(1).wait(60) == 0, machines.log()
    assert machines.created() == 30 and machines.start(0).wait(60) == 0
    names = {path.name for folder in machines.folders for path in folder.out.glob("*.png")}
    assert names == {f"{key}-0.png" for key in keys}


def test_another_request_under_a_key_is_a_conflict(
    server: Server, tmp_path: Path, command: Command, sandbox: Any
) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 2, 3)
    assert machines.start(0).wait(60) == 0
    machines.file.write_text("key,prompt\ncat-0000,another\n")
    assert machines.start(1).wait(60) == 2 and machines.created() == 3
    assert "was sent with other fields" in machines.log()


def test_the_job_of_another_request_is_no_result(
    server: Server, tmp_path: Path, command: Command, sandbox: Any, keys: Dict[str, Any]
) -> None:
    """Two machines say different things under one key, and both have planned before either has sent."""
    machines = Machines(tmp_path, command, sandbox, server, 2, 1)
    states = ["done", "accepted", "failed", "expired", "unknown", "abandoned", "sending", "gone", "refused", "claimed"]
    machines.file.write_text("key,prompt\n" + "".join(f"{state},a cat\n" for state in states))
    rows = [{"key": state, "prompt": "a dog"} for state in states]
    options = options_of({"provider": "tencent"})
    with Batch(ListSource(rows), machines.folders[1].out, options, server.url, keys) as other:
        assert other.plan.ok and other.plan.numbers.send == len(states)
        assert machines.start(0).wait(60) == 0, machines.log()
        for state in states:  # As the other machine would have left them; no session has the owner 7.
            if state != "gone":
                server.query(f"UPDATE aigc_key SET state = '{state}', owner = 7 WHERE key = '{state}'")
        place = other._shared.place if other._shared is not None else ""
        server.query(f"UPDATE aigc_key SET place = '{place}', files = '[\"/nowhere\"]' WHERE key = 'gone'")
        runner = other.start()
        while not runner.is_over:
            runner.turn()
        summary = other.finish()
    assert summary.counts == {"conflict": 8, "done": 2}, summary
    results = machines.folders[1].results()
    assert {key for key, entry in results.items() if entry["state"] == "done"} == {"refused", "claimed"}
    assert all(not entry["files"] for entry in results.values() if entry["state"] == "conflict")
    assert {path.name for path in machines.folders[1].out.glob("*.png")} == {"refused-0.png", "claimed-0.png"}
    assert machines.created() == len(states) + 2
    assert server.query("SELECT DISTINCT prompt FROM aigc_key WHERE key IN ('refused', 'claimed')") == [("a dog",)]
    machines.file.write_text("key,prompt\n" + "".join(f"{state},a dog\n" for state in states))
    assert machines.start(1).wait(60) == 2 and machines.log().count("was sent with other fields") == 1  # The plan says the same.


def test_two_lines_at_once_with_other_fields(server: Server, tmp_path: Path, command: Command, sandbox: Any) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 2, 40)
    files = [tmp_path / "cat.csv", tmp_path / "dog.csv"]
    for file in files:
        file.write_text("key,prompt\n" + "".join(f"k{n:02},{file.stem} {n}\n" for n in range(40)))
    starts = [folder.start(file, "--yes", "--journal", server.url) for folder, file in zip(machines.folders, files)]
    assert {process.wait(120) for process in starts} <= {0, 1, 2}, machines.log()  # 2: the plan of the second knew the first.
    assert machines.created() == 40, machines.log()
    prompts = {job["id"]: job["prompt"] for job in sandbox.stats()["jobs"]}
    done = 0
    for folder, file in zip(machines.folders, files):
        for key, entry in folder.results().items() if (folder.out / "results.jsonl").exists() else ():
            if entry["state"] == "done":
                assert prompts[entry["remote_id"]] == entry["prompt"] == f"{file.stem} {int(key[1:])}"
            done += entry["state"] == "done"
    assert done == 40


def test_a_machine_that_comes_back_reports_its_own_job_only(
    server: Server, tmp_path: Path, command: Command, sandbox: Any
) -> None:
    """A person has freed a key in doubt, another machine has claimed it, and then the first machine comes back."""
    server.query(FORGET)
    first, second = Shared(server.url, "a"), Shared(server.url, "b")
    try:
        first.claim([("k", "p1", "tencent", "aigc_image", "a cat", None), ("m", "p1", "tencent", "aigc_image", "a cat", None)])
        assert first.sending("k") and first.sending("m")
        server.query("UPDATE aigc_key SET state = 'unknown'")
        server.query(OVERDUE)
        assert second.resolve("k", None)
        assert second.claim([("k", "p2", "tencent", "aigc_image", "a dog", None)]) == {"k"}
        first.accepted("k", "p1", "T1")
        first.ended("k", "p1", End("done", remote_id="T1", files=["x"]))
        alone = first.catch_up([{"key": local_key(key, first.owner), "remote_id": f"T-{key}"} for key in "km"], {})
        assert [row["key"] for row in alone] == ["k"]
        assert server.query("SELECT key, state, print, remote_id FROM aigc_key ORDER BY key") == [
            ("k", "claimed", "p2", None), ("m", "accepted", "p1", "T-m")
        ]
        assert second.sending("k")
        server.query("UPDATE aigc_key SET state = 'unknown' WHERE key = 'k'")
        server.query(OVERDUE)
        assert not second.resolve("k", "T-m") and second.resolve("k", "T2")  # The first id is that of another key.
    finally:
        first.close()
        second.close()


def test_a_machine_that_lost_its_session_is_not_gone(
    server: Server, tmp_path: Path, command: Command, sandbox: Any
) -> None:
    """Its submission is on the wire: nobody calls it in doubt, and no person may free it, as long as the answer can come."""
    machines = Machines(tmp_path, command, sandbox, server, 2, 1)
    sandbox.fault("delay_after", CREATE, ms=3000)
    first = machines.start(0)
    machines.until(1)
    first.send_signal(signal.SIGSTOP)
    try:
        server.query(CUT)
        resolve = ("batch", "--resolve", "--out", str(tmp_path), "--journal", server.url)
        asked = command.run(*resolve)
        assert asked.returncode == 6 and "is on the wire until 20" in asked.stderr, asked.stderr
        second = machines.start(1)
        end = time.monotonic() + 60
        while "to send    0 new jobs" not in machines.log() and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(2)
        assert second.poll() is None, machines.log()
    finally:
        first.send_signal(signal.SIGCONT)
    assert [first.wait(60), second.wait(60)] == [0, 0], machines.log()
    machines.check()
    assert "no answer came" not in machines.log() and "to settle" not in machines.log(), machines.log()


def test_a_key_on_the_wire_is_that_of_the_machine_that_comes_back(server: Server) -> None:
    server.query(FORGET)
    first, second = Shared(server.url, "a"), Shared(server.url, "b")
    try:
        rows = [(key, "p", "tencent", "aigc_image", "a cat", None) for key in "klm"]
        first.claim(rows)
        assert first.sending("k") and first.sending("l") and first.sending("m")
        first.close()
        assert not second.give_up("k") and set(second.on_the_wire()) == {"k", "l", "m"}
        server.query("UPDATE aigc_key SET state = 'unknown' WHERE key = 'l'")  # An older version gives it up at once.
        assert not any([second.resolve("l", None), second.resolve("l", None, leave=True), second.resolve("l", "T1")])
        first.connect()
        first.keep(["k", "l"])
        server.query(OVERDUE)
        assert not second.give_up("k") and not second.give_up("l") and second.give_up("m")
        assert second.resolve("m", None) and not second.resolve("l", None)
        first.ended("k", "p", End("unknown"))  # The machine says so itself.
        server.query("UPDATE aigc_key SET sent_at = now()")
        assert set(second.on_the_wire()) == {"l"} and second.resolve("k", None)
    finally:
        first.close()
        second.close()


def test_a_doubt_that_ends_meanwhile_is_told_so(
    server: Server, tmp_path: Path, command: Command, sandbox: Any, keys: Dict[str, Any]
) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 2, 3)
    assert machines.start(0).wait(60) == 0, machines.log()
    server.query("UPDATE aigc_key SET state = CASE key WHEN 'cat-0002' THEN 'unknown' ELSE 'sending' END, owner = 7")
    server.query(OVERDUE)
    rows = [{"key": f"cat-{n:04}", "prompt": f"cat number {n}"} for n in range(3)]
    with Batch(ListSource(rows), machines.folders[1].out, options_of({"provider": "tencent"}), server.url, keys) as other:
        runner = other.start()
        while not runner.is_over:
            runner.turn()
        assert runner.counts() == {"in doubt": 3}
        assert all(row.sent_ms for row in other.plan._index.all())
        server.query("UPDATE aigc_key SET state = CASE key WHEN 'cat-0001' THEN 'accepted' ELSE 'done' END")
        summary = other.finish()
        assert summary.counts == {"done": 2, "to fetch": 1} and summary.exit_code == 0, summary
        assert "in doubt" not in (machines.folders[1].out / "report.html").read_text(encoding="utf-8")
    assert {row["state"] for row in machines.folders[1].results().values()} == {"done", "to fetch"}


@pytest.mark.parametrize("level", ["serializable", "repeatable read"])
def test_machines_of_a_stricter_server_do_not_fail_each_other(
    server: Server, tmp_path: Path, command: Command, sandbox: Any, level: str
) -> None:
    server.query(f"ALTER ROLE postgres SET default_transaction_isolation = '{level}'")
    try:
        machines = Machines(tmp_path, command, sandbox, server, 2, 30)
        shared = Shared(server.url)
        assert shared._run("SHOW transaction_isolation") == [("read committed",)]
        shared.close()
        processes = [machines.start(n, "-c", "rate.tencent.create_per_s=30") for n in range(2)]
        assert [process.wait(60) for process in processes] == [0, 0], machines.log()
        assert "the journal is away" not in machines.log()
        machines.check()
    finally:
        server.query("ALTER ROLE postgres RESET default_transaction_isolation")


CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid() AND datname = 'postgres'"


def refuse(server: Server, is_on: bool) -> None:
    """A server that lives, and lets nobody write."""
    import psycopg

    with psycopg.connect(server.url, autocommit=True, options="-c default_transaction_read_only=off") as session:
        session.execute(f"ALTER DATABASE postgres SET default_transaction_read_only = {'on' if is_on else 'off'}")
        session.execute(CUT)


def test_a_server_that_refuses_is_asked_again(server: Server, tmp_path: Path, command: Command, sandbox: Any) -> None:
    """Its ids come late. Nothing is sent meanwhile, and everything is told before the batch ends."""
    machines = Machines(tmp_path, command, sandbox, server, 1, 12)
    sandbox.config(duration=2.0)
    process = machines.start(0)
    machines.until(3)
    refuse(server, True)
    try:
        time.sleep(3)
        assert process.poll() is None, machines.log()
    finally:
        refuse(server, False)
    assert process.wait(120) == 0, machines.log()
    machines.check()
    assert "the journal is away" in machines.log() and "Traceback" not in machines.log()


def test_a_server_that_refuses_to_the_end_is_told_by_the_next_run(
    server: Server, tmp_path: Path, command: Command, sandbox: Any
) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 1, 2)
    sandbox.config(duration=1.5)
    process = machines.start(0)
    machines.until(2)
    refuse(server, True)
    try:
        assert process.wait(120) == 8, machines.log()
        log = machines.log()
        assert "has not been told the results of some rows" in log and "to continue: " in log, log
    finally:
        refuse(server, False)
    assert machines.start(0).wait(60) == 0, machines.log()
    machines.check()


def test_a_late_id_of_a_key_that_was_freed(server: Server, tmp_path: Path, command: Command, sandbox: Any) -> None:
    """A person has called a row not sent, and its answer comes: nobody sends it again, also where the machine was killed."""
    machines = Machines(tmp_path, command, sandbox, server, 2, 1)
    sandbox.fault("delay_after", CREATE, ms=3000)
    process = machines.start(0)
    machines.until(1)
    server.query("DELETE FROM aigc_key")
    assert process.wait(60) == 0, machines.log()
    machines.check()
    server.query("DELETE FROM aigc_key")  # Now the table itself is lost: the journal of the machine knows the job.
    for path in machines.folders[0].out.glob("*.png"):
        path.unlink()
    assert machines.start(0).wait(60) == 0, machines.log()
    machines.check()
    assert machines.start(1).wait(60) == 0 and machines.created() == 1, machines.log()


def test_an_id_that_the_server_does_not_take(server: Server, tmp_path: Path, command: Command, sandbox: Any) -> None:
    """The key is that of another job: the id is told with the command that gets the pictures, now and at the next start, and
    so is one that PostgreSQL cannot keep."""
    machines = Machines(tmp_path, command, sandbox, server, 1, 1)
    sandbox.fault("delay_after", CREATE, ms=4000)
    process = machines.start(0)
    machines.until(1)
    server.query("UPDATE aigc_key SET print = 'another', owner = 0, state = 'done', remote_id = 'T9', files = '[]'")
    process.wait(60)
    (job,) = [row["id"] for row in sandbox.stats()["jobs"]]
    plan = command.run(*machines.folders[0].line(machines.file, "--dry-run", "--journal", server.url))
    for text in (machines.log(), plan.stdout + plan.stderr):
        (line,) = [line for line in text.splitlines() if f"the id {job} of cat-0000 stands only in the journal" in line]
        words = shlex.split(line.partition("to get its pictures: ")[2])
        done = command.run(*words[words.index("fetch") :], "--out", str(tmp_path / "fetched"))
        assert done.returncode == 0, done.stderr
    shared = Shared(server.url, "a")
    try:
        row = {"key": local_key("k", shared.owner), "remote_id": "a\0b", "provider": "tencent", "operation": "aigc_image"}
        assert [found["key"] for found in shared.catch_up([row], {})] == ["k"]
        shared.check()  # The session lives.
    finally:
        shared.close()


def test_a_row_with_the_key_of_a_repetition(server: Server, tmp_path: Path, command: Command, sandbox: Any) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 1, 1)
    assert machines.start(0).wait(60) == 0
    assert machines.start(0, "--again", "cat-0000").wait(60) == 0 and machines.created() == 2
    machines.file.write_text("key,prompt\ncat-0000,cat number 0\ncat-0000~2,another\n")
    assert machines.start(0).wait(60) == 2 and machines.created() == 2
    assert "was sent with other fields" in machines.log()


@pytest.mark.parametrize(
    "before,after",
    [("off", "on"), ("local", "on"), ("remote_write", "on"), ("on", "on"), ("remote_apply", "remote_apply")],
)
def test_a_commit_is_on_disk_whatever_is_set_for_the_role(server: Server, before: str, after: str) -> None:
    server.query(FORGET)
    server.query(f"ALTER ROLE postgres SET synchronous_commit = {before}")
    try:
        assert server.query("SHOW synchronous_commit") == [(before,)]
        shared = Shared(server.url)
        try:
            assert shared._run("SHOW synchronous_commit") == [(after,)]
            server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid()")
            with pytest.raises(Lost):
                shared.check()
            shared.connect()
            assert shared._run("SHOW synchronous_commit") == [(after,)]
        finally:
            shared.close()
    finally:
        server.query("ALTER ROLE postgres RESET synchronous_commit")


@pytest.mark.parametrize("sessions", [1, 2])
def test_a_pooler_of_transactions_is_refused(
    server: Server, tmp_path: Path, command: Command, sandbox: Any, sessions: int
) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 1, 2)
    with Pooler(server, sessions) as pooler:
        done = command.run(*machines.folders[0].line(machines.file, "--yes", "--journal", pooler.url))
        assert done.returncode == 8 and "pool_mode=session" in done.stderr and "nothing was sent" in done.stderr, done.stderr
        assert machines.created() == 0
        assert server.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]
    assert server.query("SELECT count(*) FROM pg_class WHERE relname = 'aigc_key'") == [(0,)]
    assert machines.start(0).wait(60) == 0, machines.log()
    machines.check()


def test_a_database_that_cannot_hold_every_text_is_refused(
    server: Server, tmp_path: Path, command: Command, sandbox: Any
) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 1, 1)
    for encoding, code in (("LATIN1", 8), ("SQL_ASCII", 0)):
        name = encoding.lower()
        server.query(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'")
        try:
            url = server.url.replace("/postgres?", f"/{name}?")
            done = command.run(*machines.folders[0].line(machines.file, "--yes", "--journal", url))
            assert done.returncode == code, done.stderr
            assert ("is in LATIN1" in done.stderr) == (code == 8) and machines.created() == (code == 0), done.stderr
        finally:
            server.query(f"DROP DATABASE {name}")


@pytest.mark.parametrize(
    "forget,restore,what",
    [
        ("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM RESET fsync", "fsync is off"),
        ("ALTER TABLE aigc_key SET UNLOGGED", "ALTER TABLE aigc_key SET LOGGED", "SET LOGGED"),
    ],
)
def test_a_server_that_forgets_is_refused(
    server: Server, tmp_path: Path, command: Command, sandbox: Any, forget: str, restore: str, what: str
) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 1, 2)
    Shared(server.url).close()

    def change(statement: str) -> None:
        server.query(statement)
        server.query("SELECT pg_reload_conf()")
        if "SYSTEM" in statement:
            value = "on" if "RESET" in statement else "off"
            end = time.monotonic() + 60
            while server.query("SHOW fsync") != [(value,)]:
                assert time.monotonic() < end
                time.sleep(0.05)

    change(forget)
    try:
        assert machines.start(0).wait(60) == 8
        assert what in machines.log() and "would be paid again" in machines.log() and machines.created() == 0
    finally:
        change(restore)
    assert machines.start(0).wait(60) == 0
    machines.check()


def test_a_server_that_is_away_sends_nothing(server: Server, tmp_path: Path, command: Command, sandbox: Any) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 1, 5)
    line = machines.folders[0].line(machines.file, "--yes", "--journal", "postgresql:///none?host=/nowhere")
    done = command.run(*line)
    assert done.returncode == 8 and "nothing was sent" in done.stderr and machines.created() == 0


def test_machines_repeat_a_row_once(server: Server, tmp_path: Path, command: Command, sandbox: Any) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 3, 6)
    machines.file.write_text("key,prompt\n" + "".join(f"cat-{n:04},cat [fail] {n}\n" for n in range(4)) + "good,good\n")
    assert machines.start(0).wait(60) == 3 and machines.created() == 5
    for _ in range(2):  # Without a flag nothing is paid, however often.
        assert machines.start(1).wait(60) == 3 and machines.created() == 5
    together = [machines.start(n, "--retry", "failed") for n in range(3)]
    assert [process.wait(60) for process in together] == [3, 3, 3] and machines.created() == 9, machines.log()
    assert machines.start(1, "--retry", "failed", "--again", "good").wait(60) == 3 and machines.created() == 14, machines.log()
    found = server.query("SELECT key FROM aigc_key WHERE row_key = 'cat-0000' ORDER BY key")
    assert found == [("cat-0000~2",), ("cat-0000~3",)]
    assert machines.start(2).wait(60) == 3 and machines.created() == 14
    assert [path.name for path in machines.folders[1].out.glob("good*")] == ["good~2-0.png"]
    assert machines.start(1, "--again", "nobody").wait(60) == 2 and "no row has this key" in machines.log()


def test_a_repetition_that_is_cut_short_is_continued(
    server: Server, tmp_path: Path, command: Command, sandbox: Any
) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 2, 6)
    assert machines.start(0).wait(60) == 0 and machines.created() == 6
    again = [word for n in range(6) for word in ("--again", f"cat-{n:04}")]
    first = machines.start(0, *again, "-c", "rate.tencent.create_per_s=3")
    machines.until(8)
    first.kill()
    first.wait(20)
    server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid()")
    doubts = len(server.query("SELECT key FROM aigc_key WHERE state IN ('sending', 'unknown')"))
    code = machines.start(1, *again).wait(180)
    assert code == (6 if doubts else 0), machines.log()
    assert 12 - doubts <= machines.created() <= 12
    assert server.query("SELECT count(*) FROM aigc_run WHERE NOT ended") == [(1 if doubts else 0,)]


def test_a_repetition_with_rows_left_is_continued(server: Server, tmp_path: Path, command: Command, sandbox: Any) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 2, 4)
    line = ("--again", "cat-0000", "--limit", "2")
    assert machines.start(0, *line).wait(60) == 0 and machines.created() == 2  # One of them is new, and of the repetition.
    assert machines.start(1, "--again", "cat-0001", "--limit", "0").wait(60) == 0 and machines.created() == 2
    assert machines.start(1, "--again", "cat-0002").wait(60) == 0 and machines.created() == 4  # Ends no other line's.
    assert machines.start(1, *line).wait(60) == 0 and machines.created() == 4, machines.log()
    assert machines.start(0, *line).wait(60) == 0 and machines.created() == 5, machines.log()


def test_a_deleted_picture_and_an_expired_one(server: Server, tmp_path: Path, command: Command, sandbox: Any) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 2, 2)
    assert machines.start(0).wait(60) == 0
    picture = machines.folders[0].out / "cat-0000-0.png"
    picture.unlink()
    assert machines.start(1).wait(60) == 0 and not picture.exists()  # Nobody there knows.
    assert machines.start(0).wait(60) == 0 and picture.exists() and machines.created() == 2
    picture.unlink()
    sandbox.config(fresh_urls=False)
    sandbox.expire()
    assert [machines.start(0).wait(60) for _ in range(2)] == [7, 7] and machines.created() == 2, machines.log()
    sandbox.config(fresh_urls=True)
    assert machines.start(0, "--retry", "expired").wait(60) == 0 and machines.created() == 3, machines.log()
    assert (machines.folders[0].out / "cat-0000~2-0.png").exists()


def test_alibaba(server: Server, tmp_path: Path, command: Command, sandbox: Any) -> None:
    machines = Machines(tmp_path, command, sandbox, server, 2, 1, "alibaba")
    names = [f"cat-{n:04}" for n in range(20)]
    machines.file.write_text("key,prompt\n" + "".join(f"{name},<special-token> {name}\n" for name in names))
    options = ("-c", "rate.alibaba.submit_per_s=10")
    processes = [machines.start(n, *options) for n in range(2)]
    machines.until(8)
    processes[0].kill()
    processes[0].wait(20)
    assert processes[1].wait(180) in (0, 6), machines.log()
    code = machines.start(0, *options).wait(180)  # What the journal of the killed machine knows is in doubt no longer.
    doubts = server.query("SELECT key FROM aigc_key WHERE state = 'unknown'")
    assert code == (6 if doubts else 0), machines.log()
    ids = {job["prompt"]: job["id"] for job in sandbox.stats()["jobs"]}
    assert 20 - len(doubts) <= machines.created() <= 20 and sandbox.stats(jobs=False)["duplicates"] == 0
    for (key,) in set((name,) for name in names) - set(doubts):
        places = [folder.out / f"{key}-0.png" for folder in machines.folders]
        here = [place for place in places if place.exists()]
        assert here and all(
            place.read_bytes() == sandbox.image("alibaba", ids[f"<special-token> {key}"], 0) for place in here
        )

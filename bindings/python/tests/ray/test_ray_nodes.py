"""aigc.ray on a cluster of Ray: two nodes in this machine, one worker and one node killed while they work."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import aigc
import pytest
from postgresql import FORGET, Server, running
from support import REPOSITORY

server = pytest.fixture(scope="module")(running)
HERE = "127.0.0.1"
WORKERS = 4
STARTS = 4


VARIABLES = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # Otherwise Ray replaces 127.0.0.1 by an address of the machine.
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "AIGC_CONFIG_FILE": "none",
}


@pytest.fixture(scope="module")
def cluster(library: str) -> Iterator[Any]:
    """Two nodes with processors that they do not have. Everything listens on the loopback alone, and nobody is told."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        cluster_utils = pytest.importorskip("ray.cluster_utils", reason="pip install ray[data]")
        for attempt in range(STARTS):
            folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # A short name: sockets lie in it.
            made = cluster_utils.Cluster()
            try:
                try:
                    start(made, folder)
                except Exception:
                    if attempt == STARTS - 1:
                        raise
                    continue
                yield made
                return
            finally:
                import ray

                ray.shutdown()
                made.shutdown()
                shutil.rmtree(folder, ignore_errors=True)


def start(cluster: Any, folder: str) -> None:
    """Two nodes. Ray itself gives each of them 30 seconds, which a machine that is loaded may not have."""
    import ray

    memory = 100 << 20
    node = {"num_cpus": 4, "node_ip_address": HERE, "include_dashboard": False, "object_store_memory": memory}
    for _ in range(2):
        cluster.add_node(**node, temp_dir=folder)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")


class Pictures:
    """A dataset, and how its rows ended."""

    def __init__(self, out: Path, server: Server, sandbox: Any, keys: Dict[str, Any], rows: int, rate: int) -> None:
        server.query(FORGET)
        self.out, self.server, self.sandbox, self.rows = out, server, sandbox, rows
        self._keys = {**keys, "rate.tencent.create_per_s": rate}
        self.ended: List[Dict[str, Any]] = []

    def consume(self) -> List[Dict[str, Any]]:
        """Every row of the dataset, with its new columns."""
        import ray

        items = [{"id": f"cat-{n:04}", "prompt": f"cat number {n}"} for n in range(self.rows)]
        ds = ray.data.from_items(items, override_num_blocks=self.rows // 10)
        ds = aigc.ray.generate(
            ds, key="id", journal=self.server.url, out=self.out, concurrency=WORKERS, batch_size=10, config=self._keys,
            provider="tencent",
        )
        self.ended = ds.take_all()
        return self.ended

    def created(self) -> int:
        return int(self.sandbox.stats(jobs=False)["jobs_created"].get("tencent", 0))

    def until(self, jobs: int, thread: threading.Thread) -> None:
        end = time.monotonic() + 240
        while self.created() < jobs and thread.is_alive() and time.monotonic() < end:
            time.sleep(0.02)
        assert self.created() >= jobs

    def workers(self) -> List[int]:
        """The processes that live and have a folder."""
        found = []
        for lock in (self.out / ".aigc" / "ray").glob("*/run.lock"):
            number = int(json.loads(lock.read_text() or '{"pid": 0}')["pid"])
            if number and Path(f"/proc/{number}").exists():
                found.append(number)
        return found

    def settle(self) -> int:
        """What a person does about rows in doubt, who looks at the provider's console."""
        found = self.server.query("SELECT key FROM aigc_key WHERE state = 'unknown'")
        self.server.query("UPDATE aigc_key SET sent_at = sent_at - interval '1 hour'")  # No answer can come any more.
        ids = {job["prompt"]: job["id"] for job in self.sandbox.stats()["jobs"]}
        from aigc.batch._shared import Shared

        shared = Shared(self.server.url)
        for (key,) in found:
            assert shared.resolve(key, ids.get(f"cat number {int(key[4:])}"))
        shared.close()
        return len(found)

    def check(self) -> None:
        """Each row was paid once, and its path is its picture."""
        assert self.created() == self.rows and self.sandbox.stats(jobs=False)["duplicates"] == 0
        assert len(self.ended) == self.rows == len({row["id"] for row in self.ended})
        ids = {job["prompt"]: job["id"] for job in self.sandbox.stats()["jobs"]}
        for row in self.ended:
            assert (row["state"], row["outcome"], row["error"]) == ("done", "accepted", None)
            assert row["remote_id"] == ids[row["prompt"]] and row["token"]
            assert Path(row["path"]).read_bytes() == self.sandbox.image("tencent", row["remote_id"], 0)


def in_a_thread(work: Callable[[], Any]) -> "tuple[threading.Thread, List[BaseException]]":
    failures: List[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, failures


def test_the_guide(
    cluster: Any, server: Server, tmp_path: Path, sandbox: Any, keys: Dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyarrow import parquet, table

    text = (REPOSITORY / "bindings" / "guide" / "batch.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- run by: ray -->\n```python\n(.*?)```", text, re.DOTALL)
    assert found is not None
    monkeypatch.setattr(aigc.ray, "generate", partial(aigc.ray.generate, config=keys))
    program: Dict[str, Any] = {}
    exec(found.group(1), program)
    server.query(FORGET)
    file, out = tmp_path / "cats.parquet", tmp_path / "out"
    parquet.write_table(table({"id": ["a", "b", "c"], "prompt": ["a cat", "[fail]", "c"], "note": [1, None, 3]}), file)
    program["pictures"](str(file), str(out), server.url)
    rows = {row["id"]: row for row in parquet.read_table(out / "rows").to_pylist()}
    assert {key: row["state"] for key, row in rows.items()} == {"a": "done", "b": "failed", "c": "done"}
    assert set(rows["a"]) == {"id", "prompt", "note", *aigc.ray.COLUMNS} and rows["b"]["error"]
    assert Path(rows["a"]["path"]).read_bytes() == sandbox.image("tencent", rows["a"]["remote_id"], 0)


def test_a_worker_and_a_node_die_and_nothing_is_paid_twice(
    cluster: Any, server: Server, tmp_path: Path, sandbox: Any, keys: Dict[str, Any], is_long: bool
) -> None:
    rows, rate = (400, 20) if is_long else (100, 15)
    pictures = Pictures(tmp_path / "out", server, sandbox, keys, rows, rate)
    thread, failures = in_a_thread(pictures.consume)
    pictures.until(rows // 5, thread)
    workers = pictures.workers()
    while len(workers) < WORKERS and pictures.created() < rows * 2 // 5:  # A loaded machine starts them one by one.
        time.sleep(0.1)
        workers = pictures.workers()
    assert len(workers) >= 2
    assert not listening_elsewhere(workers)
    os.kill(random.Random(rows).choice(workers), signal.SIGKILL)
    pictures.until(rows * 2 // 5, thread)
    second = next(node for node in cluster.worker_nodes)
    cluster.remove_node(second, allow_graceful=False)
    thread.join(300)
    states = server.query("SELECT state, owner, count(*) FROM aigc_key GROUP BY state, owner")
    sessions = server.query("SELECT objid FROM pg_locks WHERE locktype = 'advisory'")
    assert not thread.is_alive() and not failures, (failures, states, sessions, pictures.workers())
    assert len(pictures.ended) == rows and sandbox.stats(jobs=False)["duplicates"] == 0
    doubts = [row for row in pictures.ended if row["state"] != "done"]
    # What was on the wire: a worker that is killed has at most so many submissions without an answer.
    assert len(doubts) <= 3 * 16 and all(row["state"] == "in doubt" and row["outcome"] == "unknown" for row in doubts)
    assert pictures.created() <= rows and pictures.created() >= rows - len(doubts)
    # Fewer may be left: a worker that takes the place of a dead one finds ids there that the server was not told.
    assert pictures.settle() <= len(doubts)
    pictures.consume()
    pictures.check()
    asked = len(sandbox.requests()), len(sandbox.asset_requests())
    pictures.consume()
    pictures.check()
    assert (len(sandbox.requests()), len(sandbox.asset_requests())) == asked


def listening_elsewhere(workers: List[int]) -> List[str]:
    """Sockets of this test and of everything that it started that other machines could reach."""
    parents: Dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    ours = {os.getpid()}
    more = ours
    while more:
        more = {pid for pid, parent in parents.items() if parent in ours} - ours
        ours |= more
    assert ours >= set(workers)
    inodes = set()
    for pid in ours:
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                inodes.add(os.readlink(link))
            except OSError:
                continue
    found = []
    for name, local in (("tcp", "0100007F"), ("tcp6", "0000000000000000FFFF00000100007F")):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            words = line.split()
            address = words[1].partition(":")[0]
            if words[3] == "0A" and f"socket:[{words[9]}]" in inodes and address not in (local, "0" * 31 + "1"):
                found.append(words[1])
    return found

"""A worker of aigc.ray, without Ray: tables with new columns, and never an exception because of a row."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Dict, List

import aigc
import pytest
from aigc import ray
from aigc.batch._options import Options
from aigc.batch._runner import Runner
from aigc.batch._shared import Refused
from aigc.batch._shared_runner import SharedRunner
from postgresql import FORGET, Server, running

CREATE = "CreateAigcImageTask"
server = pytest.fixture(scope="module")(running)


class Machine:
    """Makes workers, and asks the cloud what they did."""

    def __init__(self, out: Path, server: Server, sandbox: Any, keys: Dict[str, Any]) -> None:
        self.out = out
        self.server = server
        self.sandbox = sandbox
        self._keys = keys
        self._workers: List[ray._Worker] = []

    def worker(self, all_paths: bool = False, run: str = "1", **options: Any) -> ray._Worker:
        made = Options(**{"provider": "tencent", **options})
        job = ray._Job("id", self.server.url, str(self.out), self._keys, made, "", all_paths, run)
        self._workers.append(ray._Worker(job))
        return self._workers[-1]

    def close(self) -> None:
        for worker in self._workers:
            worker._end()
            worker._folder.release()

    def created(self) -> int:
        return int(self.sandbox.stats(jobs=False)["jobs_created"].get("tencent", 0))


@pytest.fixture
def machine(server: Server, tmp_path: Path, sandbox: Any, keys: Dict[str, Any]) -> Any:
    pytest.importorskip("pyarrow")
    server.query(FORGET)
    made = Machine(tmp_path / "out", server, sandbox, keys)
    yield made
    made.close()


def table(**columns: List[Any]) -> Any:
    import pyarrow

    return pyarrow.table(columns)


def test_rows_get_six_columns_and_the_second_time_cost_nothing(machine: Machine) -> None:
    rows = table(id=["a", "b", "c"], prompt=["a cat", "b [fail]", "c"], count=[2, None, 1], note=[1.5, None, 2])
    made = machine.worker()(rows)
    assert made.column_names == ["id", "prompt", "count", "note", *ray.COLUMNS] and made.num_rows == 3
    assert made.select(rows.column_names) == rows
    first = made.to_pylist()
    assert [row["state"] for row in first] == ["done", "failed", "done"] and machine.created() == 3
    assert [row["outcome"] for row in first] == ["accepted"] * 3 and all(row["remote_id"] for row in first)
    assert Path(first[0]["path"]) == machine.out / "a-0.png" and (machine.out / "a-1.png").exists()
    assert first[1]["path"] is None and first[1]["error"] and first[0]["error"] is None
    with aigc.Client(machine._keys) as client:
        assert client.attach(first[0]["token"]).wait(30).remote_id == first[0]["remote_id"]
    requests = len(machine.sandbox.requests())
    assert machine.worker(all_paths=True)(rows).drop_columns(["paths"]).to_pylist() == first
    assert len(machine.sandbox.requests()) == requests
    assert machine.worker(all_paths=True)(rows)["paths"].to_pylist() == [
        [str(machine.out / "a-0.png"), str(machine.out / "a-1.png")], [], [str(machine.out / "c-0.png")],
    ]


def test_wrong_rows_are_rows(machine: Machine) -> None:
    keys = ["a", None, "c", "d", "d", "e", "e", "\n"]
    rows = table(id=keys, prompt=["a", "b", "c", "d", "d", "e", "f", "g"], count=["1", "1", "x", "1", "1", "1", "1", "1"])
    made = machine.worker()(rows).to_pylist()
    states = ["done", "refused", "refused", "done", "done", "done", "conflict", "refused"]
    assert [row["state"] for row in made] == states and machine.created() == 3
    assert "None" in made[1]["error"] and "count" in made[2]["error"] and made[3]["path"] == made[4]["path"]
    assert {row["outcome"] for row in made if row["state"] != "done"} == {"not_sent"}
    other = machine.worker()(table(id=["a", "z"], prompt=["other", "z"])).to_pylist()
    assert [row["state"] for row in other] == ["conflict", "done"] and "other fields" in other[0]["error"]
    (machine.out / "taken-0.png").write_bytes(b"mine")
    other = machine.worker()(table(id=["taken", "y"], prompt=["t", "y"])).to_pylist()
    assert [row["state"] for row in other] == ["not sent", "done"] and (machine.out / "taken-0.png").read_bytes() == b"mine"
    assert machine.created() == 5 and machine.worker()(rows.slice(0, 0)).num_rows == 0


def test_numbers_are_keys_and_columns_make_prompts(machine: Machine) -> None:
    rows = table(id=[7, 8], animal=["cat", "dog"], key=["other", "other"])
    made = machine.worker(prompt="a {animal}", name_template="{animal}-{key}").__call__(rows).to_pylist()
    assert [Path(row["path"]).name for row in made] == ["cat-7.png", "dog-8.png"]
    assert {job["prompt"] for job in machine.sandbox.stats()["jobs"]} == {"a cat", "a dog"}


def test_narrow_floats_are_what_was_written(machine: Machine) -> None:
    import pyarrow

    kind = pyarrow.float32()
    rows = pyarrow.table({
        "id": pyarrow.array([7, 16777216], kind), "size": pyarrow.array([0.8, 0.1], kind),
        "additional_parameters": pyarrow.array([{"scale": 0.8}, {"scale": 0.1}], pyarrow.struct([("scale", kind)])),
    })
    made = machine.worker(prompt="a cat of {size}")(rows).to_pylist()
    assert [row["state"] for row in made] == ["done", "refused"] and "may have rounded" in made[1]["error"]
    assert [job["prompt"] for job in machine.sandbox.stats()["jobs"]] == ["a cat of 0.8"]


def test_a_journal_that_fails_in_the_middle_hides_no_row_that_was_sent(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = SharedRunner.turn

    def fails(self: SharedRunner, wait: float = 0.1) -> List[Any]:
        if machine.created() == 2 and all(pending.accepted for pending in self._pending.values()):
            raise Refused("it takes nothing any more", status=aigc.Status.JOURNAL)
        return turn(self, wait)

    monkeypatch.setattr(SharedRunner, "turn", fails)
    rows = table(id=["a", "b"], prompt=["[slow] a", "[slow] b"])
    made = machine.worker()(rows).to_pylist()
    assert {row["outcome"] for row in made} == {"accepted"} and {row["state"] for row in made} == {"to fetch"}
    assert all(row["remote_id"] for row in made)
    monkeypatch.undo()
    assert {row["state"] for row in machine.worker()(rows).to_pylist()} == {"done"} and machine.created() == 2


def test_columns_that_cannot_be(machine: Machine) -> None:
    worker = machine.worker()
    with pytest.raises(aigc.batch.PlanError, match="no column id"):
        worker(table(key=["a"], prompt=["a"]))
    with pytest.raises(aigc.batch.PlanError, match="column state already"):
        worker(table(id=["a"], prompt=["a"], state=["x"]))
    with pytest.raises(aigc.batch.PlanError, match="did you mean prompt"):
        worker(table(id=["a"], promt=["a"]))
    assert machine.created() == 0


def test_a_doubt_is_a_row_and_stays_one(machine: Machine) -> None:
    machine.sandbox.fault("reset_after", CREATE)
    rows = table(id=["a", "b"], prompt=["a", "b"])
    made = machine.worker()(rows).to_pylist()
    assert sorted(row["state"] for row in made) == ["done", "in doubt"]
    assert {row["outcome"] for row in made} == {"accepted", "unknown"} and machine.created() == 2
    again = machine.worker()(rows).to_pylist()
    assert [row["state"] for row in again] == [row["state"] for row in made] and machine.created() == 2
    assert all(row["error"] for row in again if row["state"] == "in doubt")


def test_a_refused_account_stops_the_worker(machine: Machine) -> None:
    worker = machine.worker()
    machine.sandbox.fault("error", CREATE, code="FailedOperation.UserArrears", times=-1)
    names = [f"k{n}" for n in range(64)]
    made = worker(table(id=names, prompt=names)).to_pylist()
    assert {row["state"] for row in made} == {"not sent"} and all(row["error"] for row in made)
    sent = len(machine.sandbox.requests())
    assert sent <= 40
    made = worker(table(id=[f"m{n}" for n in range(64)], prompt=names)).to_pylist()
    assert {row["state"] for row in made} == {"not sent"} and len(machine.sandbox.requests()) == sent
    machine.sandbox.clear_faults()
    assert {row["state"] for row in machine.worker()(table(id=names, prompt=names)).to_pylist()} == {"done"}


def test_the_server_may_go_between_two_tables(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = machine.worker()
    assert worker(table(id=["a"], prompt=["a"]))["state"].to_pylist() == ["done"]
    machine.server.stop()
    machine.server.start()
    assert worker(table(id=["b"], prompt=["b"]))["state"].to_pylist() == ["done"]
    monkeypatch.setattr(ray, "_PATIENCE", 0.2)
    machine.server.stop()
    try:
        made = worker(table(id=["c"], prompt=["c"])).to_pylist()
        assert made[0]["state"] == "not sent" and "nothing was sent" in made[0]["error"] and machine.created() == 2
        monkeypatch.setattr(ray, "_FIRST_PATIENCE", 0.2)
        with pytest.raises(aigc.JournalError, match="nothing was sent"):
            machine.worker()
    finally:
        machine.server.start()
    assert worker(table(id=["c"], prompt=["c"]))["state"].to_pylist() == ["done"] and machine.created() == 3


def test_another_worker_fetches_what_one_could_not(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = machine.worker()
    (machine.out / "a-0.png").mkdir()
    made = worker(table(id=["a"], prompt=["a"])).to_pylist()
    assert made[0]["state"] == "not sent" and "in the place of the picture" in made[0]["error"] and machine.created() == 0
    (machine.out / "a-0.png").rmdir()
    start = Runner._start_downloads

    def late(runner: Any, pending: Any) -> None:
        (machine.out / "a-0.png").mkdir()
        start(runner, pending)

    with monkeypatch.context() as patch:
        patch.setattr(Runner, "_start_downloads", late)
        made = worker(table(id=["a"], prompt=["a"])).to_pylist()
    assert made[0]["state"] == "to fetch" and made[0]["outcome"] == "accepted"
    (machine.out / "a-0.png").rmdir()
    made = machine.worker()(table(id=["a"], prompt=["a"])).to_pylist()  # The first worker lives.
    assert made[0]["state"] == "done" and machine.created() == 1


def test_what_is_paid_once_more_is_paid_once(machine: Machine) -> None:
    rows = table(id=["a", "b", "c"], prompt=["[fail]", "b", "c"])
    assert machine.worker()(rows)["state"].to_pylist() == ["failed", "done", "done"] and machine.created() == 3
    again: Dict[str, Any] = {"retry": frozenset(["failed"]), "again": frozenset(["c", "elsewhere"])}
    for _ in range(2):  # Ray repeats a part.
        made = machine.worker(run="2", **again)(rows).to_pylist()
        assert [row["state"] for row in made] == ["failed", "done", "done"] and machine.created() == 5
        assert Path(made[2]["path"]).name == "c~2-0.png"
    assert machine.worker()(rows).to_pylist() == made and machine.created() == 5
    machine.worker(run="3", **again)(rows)
    assert machine.created() == 7


def test_a_whole_number_is_one_key_however_arrow_gives_it(machine: Machine) -> None:
    assert machine.worker()(table(id=[1, 2], prompt=["a", "b"]))["state"].to_pylist() == ["done", "done"]
    rows = table(id=[1.0, 2.0, None, 2.5], prompt=["a", "b", "c", "d"])
    made = machine.worker()(rows).to_pylist()
    assert [row["state"] for row in made] == ["done", "done", "refused", "refused"] and machine.created() == 2
    assert "a text or a whole number" in made[2]["error"] and "2.5" in made[3]["error"]
    twice = machine.worker()(table(id=["1", "1.0"], prompt=["a", "other"])).to_pylist()
    assert [row["state"] for row in twice] == ["done", "conflict"] and machine.created() == 2


def test_a_new_row_of_a_repetition_is_paid_once(machine: Machine) -> None:
    for _ in range(2):  # Ray repeats a part.
        made = machine.worker(run="2", again=frozenset(["a"]))(table(id=["a"], prompt=["a"])).to_pylist()
        assert [row["state"] for row in made] == ["done"] and machine.created() == 1


def test_a_missing_ray_and_wrong_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "ray.data", raising=False)
    good: Dict[str, Any] = {"key": "id", "journal": "postgresql://x", "out": "x"}
    with pytest.raises(ImportError, match=r'pip install "libaigc\[ray\]"'):
        ray.generate(object(), **good)
    monkeypatch.setattr(ray, "_ray_data", lambda: None)
    wrong: List[Dict[str, Any]] = [
        {"key": ""}, {"journal": "folder"}, {"concurrency": 0}, {"concurrency": (3, 2)}, {"batch_size": 0}, {"retry": "faild"},
        {"limit": 1}, {"name_template": "x/y"}, {"map": {"a": "b"}, "drop": ["a"]},
    ]
    for options in wrong:
        with pytest.raises(aigc.InvalidArgumentError):
            ray.generate(object(), **{**good, **options})
    with pytest.raises(TypeError, match="unknown"):
        ray.generate(object(), **good, unknown=1)


def test_time_is_not_lost_on_rows_of_a_session_that_is_gone(machine: Machine) -> None:
    machine.worker()  # Makes the tables.
    machine.server.query(
        "INSERT INTO aigc_key(key, print, state, owner, provider, operation) VALUES('a', 'x', 'claimed', 12345, 'tencent', "
        "'aigc_image')"
    )
    begun = time.monotonic()
    assert machine.worker()(table(id=["a"], prompt=["a"]))["state"].to_pylist() == ["done"]
    assert time.monotonic() - begun < 30

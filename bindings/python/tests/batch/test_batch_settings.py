"""Where a batch takes its settings from: the same places, in the same order, as every other command and every client."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import aigc
import pytest
from aigc import journal
from aigc.batch._settings import Settings
from batching import Folder
from postgresql import FORGET, Server, running
from support import Command

SOURCES = ("flag", "config", "environment", "profile")
PROFILE = "profile = 'work'\n[profiles.work]\n"

server = pytest.fixture(scope="module")(running)


@pytest.fixture
def folder(tmp_path: Path, command: Command, sandbox: Any) -> Folder:
    return Folder(tmp_path, command, sandbox)


def named(path: Path, sources: Dict[str, str]) -> Tuple[List[str], Dict[str, Optional[str]]]:
    """The options and variables that name a journal in these ways."""
    options: List[str] = []
    variables: Dict[str, Optional[str]] = {}
    if "flag" in sources:
        options += ["--journal", sources["flag"]]
    if "config" in sources:
        options += ["-c", f"journal.path={sources['config']}"]
    if "environment" in sources:
        variables["AIGC_JOURNAL"] = sources["environment"]
    if "profile" in sources:
        file = path / "config.toml"
        file.write_text(PROFILE + f"journal.path = '{sources['profile']}'\n", encoding="utf-8")
        variables["AIGC_CONFIG_FILE"] = str(file)
    return options, variables


@pytest.mark.parametrize("source", SOURCES)
def test_a_key_of_another_command_is_not_paid_again(folder: Folder, command: Command, source: str) -> None:
    path = folder.path / "journal"
    options, variables = named(folder.path, {source: str(path)})
    one = ("generate", "--provider", "tencent", "env cat", "--key", "ev1", "-q", "--out", str(folder.path / "g"))
    made = command.run(*one, *options, **variables)
    assert made.returncode == 0 and folder.created() == 1, made.stderr
    file = folder.write("key,prompt\nev1,env cat\nev2,another cat\n")
    plan = command.run(*folder.line(file, "--dry-run", *options), **variables)
    assert "1 to fetch (free)" in plan.stdout and "1 new jobs" in plan.stdout, plan.stdout
    done = command.run(*folder.line(file, "--yes", *options), **variables)
    assert done.returncode == 0 and folder.created() == 2, done.stderr
    assert not (folder.out / ".aigc" / "jobs.db").exists()
    listed = command.run("jobs", "list", *options, **variables)
    assert '"key": "ev2"' in listed.stdout, listed.stdout
    again = command.run("submit", "--provider", "tencent", "another cat", "--key", "ev2", "-q", *options, **variables)
    assert again.returncode == 0 and folder.created() == 2, again.stderr


def test_the_order_of_the_sources(folder: Folder, command: Command) -> None:
    """The first that is there wins: in a batch, in its settlement of doubts, and for a single key."""
    file = folder.write("key,prompt\nk,a cat\n")
    left = {source: str(folder.path / source) for source in SOURCES}
    while left:
        first, path = next(iter(left.items()))
        options, variables = named(folder.path, left)
        place = Folder(folder.path / f"at-{first}", command, folder.sandbox)
        before = folder.created()
        done = command.run(*place.line(file, "--yes", *options), **variables)
        assert done.returncode == 0 and folder.created() == before + 1, done.stderr
        assert [row["key"] for row in journal.rows(path)] == ["k"]
        line = ("generate", "--provider", "tencent", "a cat", "--key", "k", "-q", "--out", str(folder.path / "g"), *options)
        assert command.run(*line, **variables).returncode == 0 and folder.created() == before + 1
        settled = command.run("batch", "--resolve", "--out", str(place.out), *options, **variables)
        assert settled.returncode == 0 and "nothing is in doubt" in settled.stderr, settled.stderr
        assert not (place.out / ".aigc" / "jobs.db").exists()
        del left[first]
    before = folder.created()
    folder.run(file, "--yes", "-c", "journal.path=")  # None at all: that of the folder.
    assert [row["key"] for row in journal.rows(folder.journal)] == ["k"] and folder.created() == before + 1


def test_a_batch_with_a_journal_of_its_own_meets_another(folder: Folder, command: Command) -> None:
    """What an earlier version has paid, which did not read these two, is not paid again."""
    file = folder.write("key,prompt\nk,a cat\n")
    folder.run(file, "--yes")
    for source in ("environment", "profile"):
        _, variables = named(folder.path, {source: str(folder.path / "other")})
        done = command.run(*folder.line(file, "--yes"), **variables)
        assert done.returncode == 0 and folder.created() == 1, done.stderr


def test_the_order_of_the_sources_for_a_program(
    folder: Folder, keys: Dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"key": "k", "prompt": "a cat"}]
    paths = {source: folder.path / source for source in SOURCES}
    _, variables = named(folder.path, {source: str(paths[source]) for source in ("environment", "profile")})
    for name, value in variables.items():
        monkeypatch.setenv(name, value or "")
    steps: List[Tuple[str, Dict[str, Any]]] = [
        ("flag", {"journal": paths["flag"], "config": {**keys, "journal.path": paths["config"]}}),
        ("config", {"config": {**keys, "journal.path": str(paths["config"])}}),
        ("environment", {"config": keys}),
        ("profile", {"config": keys}),
    ]
    for number, (source, given) in enumerate(steps, 1):
        if source == "profile":
            monkeypatch.delenv("AIGC_JOURNAL")
        out = folder.path / f"at-{source}"
        assert aigc.batch.run(rows, out=out, provider="tencent", **given).counts == {"done": 1}
        assert [row["key"] for row in journal.rows(paths[source])] == ["k"] and folder.created() == number
        with aigc.batch.plan(rows, out=folder.path / "elsewhere", provider="tencent", **given) as plan:
            assert plan.ok and plan.numbers.send == 0 and plan.numbers.fetch == 1


def test_the_profile_that_a_program_names(folder: Folder, keys: Dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its fields belong to the request of a row, as they do in the client."""
    file = folder.path / "config.toml"
    file.write_text("[profiles.two.operations.tencent.aigc_image]\ncount = 2\n", encoding="utf-8")
    monkeypatch.setenv("AIGC_CONFIG_FILE", str(file))
    given: Dict[str, Any] = {"out": folder.out, "provider": "tencent", "config": {**keys, "profile": "two"}}
    with aigc.batch.plan([{"key": "k", "prompt": "a cat"}], **given) as plan:
        assert plan.numbers.images == 2
    assert aigc.batch.run([{"key": "k", "prompt": "a cat"}], **given).counts == {"done": 1}
    assert len(list(folder.out.glob("*.png"))) == 2
    given["config"] = keys
    with pytest.raises(aigc.batch.PlanError, match="was sent with other fields"):
        aigc.batch.run([{"key": "k", "prompt": "a cat"}], **given)


def test_the_rate_that_machines_share(library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = {key.key: float(key.default) for key in aigc.config_keys() if key.key.endswith("_per_s")}
    names = {"tencent": "rate.tencent.create_per_s", "alibaba": "rate.alibaba.submit_per_s"}
    assert Settings().rates([*names, "other"]) == {name: defaults[key] for name, key in names.items()}
    file = tmp_path / "config.toml"
    file.write_text(PROFILE + "rate.tencent.create_per_s = 3\nrate.alibaba.submit_per_s = 4\n", encoding="utf-8")
    monkeypatch.setenv("AIGC_CONFIG_FILE", str(file))
    assert Settings().rates(["tencent", "alibaba"]) == {"tencent": 3.0, "alibaba": 4.0}
    assert Settings({"rate.tencent.create_per_s": 0}).rates(["tencent"]) == {"tencent": 0.0}
    assert Settings({"profile": "none", "rate.tencent.create_per_s": "7"}).rates(["tencent"]) == {"tencent": 7.0}


def test_a_server_in_the_environment(
    server: Server, folder: Folder, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.query(FORGET)
    file = folder.write("key,prompt\nk,a cat\n")
    for _ in range(2):
        done = command.run(*folder.line(file, "--yes"), AIGC_JOURNAL=server.url)
        assert done.returncode == 0 and folder.created() == 1, done.stderr
    assert server.query("SELECT key, state FROM aigc_key") == [("k", "done")]
    settled = command.run("batch", "--resolve", "--out", str(folder.out), AIGC_JOURNAL=server.url)
    assert settled.returncode == 0 and "nothing is in doubt" in settled.stderr
    own = folder.path / "own"
    line = folder.line(file, "--yes", "--out", str(own), "--journal", str(folder.path / "j"))
    done = command.run(*line, AIGC_JOURNAL=server.url)
    assert done.returncode == 0 and folder.created() == 2, done.stderr


def test_what_is_no_journal(folder: Folder, keys: Dict[str, Any]) -> None:
    file = folder.write("key,prompt\nk,a cat\n")
    done = folder.run(file, "--yes", "--journal", "mysql://x", code=2)
    assert "it is a folder, or postgresql://" in done.stderr and folder.created() == 0
    for wrong in (7, b"j"):
        with pytest.raises(TypeError, match="journal is .*: it is the path of a folder"):
            aigc.batch.run(["x"], out=folder.out, provider="tencent", journal=wrong, config=keys)  # type: ignore[arg-type]
    with pytest.raises(aigc.errors.InvalidArgumentError, match="journal.path is 7, and must be a str"):
        aigc.batch.run(["x"], out=folder.out, provider="tencent", config={**keys, "journal.path": 7})
    assert not folder.out.exists()


def test_every_row_is_followed(folder: Folder) -> None:
    """Whatever a profile says about jobs that a program follows itself."""
    file = folder.write("key,prompt\nk,a cat\n")
    folder.run(file, "--yes", "-c", "job.follow=false")
    assert folder.created() == 1 and folder.results()["k"]["state"] == "done"

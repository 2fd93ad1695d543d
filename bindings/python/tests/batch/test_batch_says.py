"""What a batch says when something is wrong at its ends: what cannot be written, a job without an image, an argument of a wrong
type. Each names what was given and what would be right."""

from __future__ import annotations

import datetime
import decimal
import json
import shlex
import uuid
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple, cast

import aigc
import pandas
import pytest
from aigc._cli.again import repeated
from aigc.batch._decide import Do, Is, Seen, decide
from aigc.batch._runner import _end_of
from batching import Folder
from support import Command

DESCRIBE = "DescribeTaskDetail"


@pytest.fixture
def folder(tmp_path: Path, command: Command, sandbox: Any) -> Folder:
    return Folder(tmp_path, command, sandbox)


# What cannot be written at the end


@pytest.mark.parametrize("name", ["report.html", "metadata.jsonl"])
def test_why_the_report_is_missing(folder: Folder, keys: Dict[str, Any], name: str) -> None:
    (folder.out / name).mkdir(parents=True)
    file = folder.write("key,prompt\na,x\n")
    done = folder.run(file, "--yes", code=8)
    assert f"{name} cannot be written" in done.stderr and "1 done" in done.stdout, done.stderr
    quiet = folder.run(file, "--yes", "--quiet", code=8)
    assert f"{name} cannot be written" in quiet.stderr, quiet.stderr
    summary = aigc.batch.run([{"key": "a", "prompt": "x"}], out=folder.out, provider="tencent", config=keys)
    assert summary.exit_code == 8 and name in summary.stops[0] and folder.created() == 1


def test_a_folder_that_is_moved_while_it_is_used(folder: Folder, keys: Dict[str, Any]) -> None:
    rows = [{"key": "a", "prompt": "x"}]
    with aigc.batch._api.Batch(aigc.batch._api.source_of(rows), folder.out, aigc.batch._api.options_of({"provider": "tencent"}),
                               None, keys) as work:
        runner = work.start()
        while not runner.is_over:
            runner.turn()
        folder.out.rename(folder.path / "moved")
        summary = work.finish()
    assert summary.exit_code == 8 and str(folder.out) in summary.stops[0]


# A job that has ended without an image


def lacking(sandbox: Any) -> None:
    """From now on the cloud says of every job that it is done, and lists no image."""
    task = {"Status": "DONE", "ImageUrls": [], "Message": ""}
    answer = {"TaskType": "AigcImage", "Status": "FINISH", "AigcImageTask": {"Status": "DONE", "ErrCode": 0, "Output": task}}
    body = json.dumps({"Response": {**answer, **task, "RequestId": str(uuid.uuid4())}})
    for operation in (DESCRIBE, "DescribeAigcImageTask"):
        sandbox.fault("http", operation, status=200, body=body, content_type="application/json", times=1000)


def test_a_job_without_an_image(folder: Folder) -> None:
    file = folder.write("key,prompt\na,x\n")
    lacking(folder.sandbox)
    done = folder.run(file, "--yes", code=3)
    assert "the job may be billed" in done.stderr and folder.created() == 1, done.stderr
    for _ in range(2):  # The plan and the run say the same, and nothing is paid.
        done = folder.run(file, "--yes", code=3)
        assert "left alone 1 failed (--retry failed may be billed again)" in done.stderr and "1 failed" in done.stdout
        assert folder.created() == 1
    folder.sandbox.clear_faults()
    folder.run(file, "--yes", "--retry", "failed")
    assert folder.created() == 2 and folder.results()["a"]["files"] == ["a~2-0.png"]
    lacking(folder.sandbox)
    other = folder.write("key,prompt\na,x\nb,y\n")
    folder.run(other, "--yes", code=3)
    folder.sandbox.clear_faults()
    folder.run(other, "--yes", "--again", "b")
    assert folder.created() == 4 and folder.results()["b"]["state"] == "done"


def test_what_is_done_about_a_job_without_an_image() -> None:
    lacks = Seen("accepted", lacking=True)
    assert decide(lacks) == (Is.FAILED, Do.NOTHING)
    assert decide(lacks, frozenset(["failed"])) == decide(lacks, again=True) == (Is.NEW, Do.AGAIN)
    assert decide(lacks._replace(changed=True)) == (Is.CONFLICT, Do.NOTHING)
    for state in ("succeeded", "unknown", "sending"):  # The journal knows better.
        assert decide(Seen(state, lacking=True)) == decide(Seen(state))


def test_a_refused_question_says_nothing_of_a_job(folder: Folder, sandbox: Any) -> None:
    """With another account's keys for instance: it was taken for the end of the job, and a line offered to pay once more."""
    file = folder.write("key,prompt\na,[never] cat\n")
    folder.run(file, "--yes", "-c", "job.deadline_ms=1500", code=9)
    error = {"Code": "InvalidParameterValue.TaskId", "Message": "no such task"}
    body = json.dumps({"Response": {"Error": error, "RequestId": str(uuid.uuid4())}})
    for operation in (DESCRIBE, "DescribeAigcImageTask"):
        sandbox.fault("http", operation, status=200, body=body, content_type="application/json", times=1000)
    done = folder.run(file, "--yes", code=3)
    assert "1 to fetch" in done.stdout and "to continue: " in done.stderr and "the account, the region" in done.stderr, done
    page = (folder.out / "report.html").read_text(encoding="utf-8")
    assert folder.results()["a"]["state"] == "to fetch" and "--retry failed" not in page
    assert folder.created() == 1


@pytest.mark.parametrize("status", [status for status in aigc.Status if 500 <= int(status) < 600], ids=str)
def test_what_ends_an_accepted_row(status: aigc.Status) -> None:
    ends = {aigc.Status.JOB_FAILED: Is.FAILED, aigc.Status.CONTENT_REFUSED: Is.FAILED}
    error = aigc.AigcError("no", status=status, outcome=aigc.Outcome.ACCEPTED)
    assert _end_of(cast(Any, None), error, True).stands is ends.get(status, Is.OPEN)


# The line to continue


def test_the_line_to_continue_has_no_limit_of_nothing() -> None:
    for words in (["--limit", "0"], ["--limit=0"], ["--lim", "00"]):
        assert repeated(["batch", "a.csv", *words, "--yes"], []).text.endswith(" batch a.csv --yes"), words
    for words in (["--limit", "10"], ["--limit=3"]):
        assert repeated(["batch", "a.csv", *words], []).text.endswith(shlex.join(["batch", "a.csv", *words]))


def test_a_limit_of_nothing(folder: Folder, command: Command) -> None:
    done = folder.run(folder.write("key,prompt\na,x\n"), "--yes", "--limit", "0")
    line = next(line for line in done.stderr.splitlines() if line.startswith("  to continue: "))
    words = shlex.split(line.partition(": ")[2])
    assert "--limit" not in words
    assert command.run(*words[words.index("batch") :]).returncode == 0 and folder.created() == 1


def test_two_members_of_one_name_are_refused_before_they_are_paid(folder: Folder, command: Command) -> None:
    twins = '{"Seed":1,"Seed":2}'
    rows = ("key,prompt,{name}\na,x,\"" + twins.replace('"', '""') + '"\n')
    for name in ("body.ExtraParameters", "additional_parameters"):
        done = folder.run(folder.write(rows.replace("{name}", name)), "--yes", code=2)
        assert '"Seed" is there twice' in done.stderr, done.stderr
        done = folder.run(folder.write("key,prompt\na,x\n"), "--yes", "--json-field", f"{name}={twins}", code=2)
        assert '"Seed" is there twice' in done.stderr, done.stderr
        line = ("generate", "--provider", "tencent", "x", "--json-field", f"{name}={twins}")
        done = command.run(*line, "--out", str(folder.path / "g"))
        assert done.returncode == 2 and '"Seed" is there twice' in done.stderr, done.stderr
    done = command.run("submit", "--provider", "tencent", "x", "--set", f"additional_parameters={twins}")
    assert done.returncode == 2 and '"Seed" is there twice' in done.stderr and folder.created() == 0, done.stderr


# Arguments of a program


def test_keys_of_every_type(folder: Folder, keys: Dict[str, Any]) -> None:
    number, day = uuid.UUID(int=7), datetime.date(2024, 2, 29)
    moment = datetime.datetime(2024, 2, 29, 12, 30)
    rows = [{"key": key, "prompt": "x"} for key in (number, day, decimal.Decimal("1.5"), decimal.Decimal("2.0"))]
    summary = aigc.batch.run(rows, out=folder.out, provider="tencent", config=keys)
    assert summary.counts == {"done": 4}
    assert set(folder.results()) == {str(number), "2024-02-29", "1.5", "2"}
    with aigc.batch.plan(
        [{"id": number, "day": moment, "size": decimal.Decimal("0.10"), "count": decimal.Decimal(2)}], out=folder.path / "o",
        provider="tencent", prompt="{id} {day} {size}", keep=["id"],
    ) as plan:
        assert plan.ok and plan.prompts == [f"{number} {moment} 0.10"] and plan.numbers.images == 2
    for wrong in ({"key": b"a", "prompt": "x"}, {"prompt": b"x"}, {"prompt": "x", "count": object()}):
        with aigc.batch.plan([{"prompt": "y"}, wrong][int("key" in wrong) :], out=folder.path / "o", provider="tencent") as plan:
            name = next(name for name, value in wrong.items() if not isinstance(value, str))
            assert not plan.ok and "row" in str(plan) and name in str(plan) and "Traceback" not in str(plan), str(plan)
    with aigc.batch.plan([{"a": b"x"}], out=folder.path / "o", provider="tencent", prompt="{a}") as plan:
        assert not plan.ok and "row 1" in str(plan), str(plan)


def calls(folder: Folder, keys: Dict[str, Any]) -> List[Tuple[Callable[[], Any], type, str]]:
    """What is called, with what it raises and says."""
    given: Dict[str, Any] = {"out": folder.out, "provider": "tencent", "config": keys}
    file = folder.path / "file"
    file.write_text("x")
    rows = [{"prompt": "x"}]

    def run(**options: Any) -> Callable[[], Any]:
        return lambda: aigc.batch.run(rows, **{**given, **options})

    def of(wrong: Any) -> Callable[[], Any]:
        return lambda: aigc.batch.run(wrong, **given)

    frame: Any = [{"prompt": "x"}]
    nothing: Any = None
    wrong_outcome: Any = "accepted"
    wrong_age: Any = "1d"
    return [
        (run(max_jobs="3"), TypeError, "max_jobs is '3': it is a number"),
        (run(max_jobs=True), TypeError, "max_jobs is True"),
        (run(limit="1"), TypeError, "limit is '1': it is a number from 0"),
        (run(repeat="2"), TypeError, "repeat is '2': it is a number from 1"),
        (run(repeat=None), TypeError, "repeat is None"),
        (run(retry=5), TypeError, "retry is 5: it is a text, or a list"),
        (run(again=5), TypeError, "again is 5"),
        (run(keep=5), TypeError, "keep is 5"),
        (run(drop=5), TypeError, "drop is 5"),
        (run(map="a"), TypeError, "map is 'a': it is a dict"),
        (run(fields="a"), TypeError, "fields is 'a': it is a dict"),
        (run(provider=5), TypeError, "provider is 5: it is a text"),
        (run(prompt=5), TypeError, "prompt is 5: it is a text"),
        (run(name_template=5), TypeError, "name_template is 5"),
        (run(prompts="no"), TypeError, "prompts is 'no': it is True or False"),
        (run(format=5), TypeError, "format is 5"),
        (run(out=7), TypeError, "out is 7: it is the path"),
        (run(config="x"), TypeError, "config is a str"),
        (run(out=file), aigc.errors.FileError, f"{file} is a file: the pictures need a folder"),
        (lambda: aigc.batch.plan(rows, out=file, provider="tencent"), aigc.errors.FileError, "is a file: the pictures need"),
        (lambda: aigc.batch.plan(rows, out=file / "a", provider="tencent"), aigc.errors.FileError, f"{file} is a file"),
        (of(5), TypeError, "rows is a int: it is a list"),
        (of(None), TypeError, "rows is a NoneType"),
        (of([{"prompt": "x"}, 5]), TypeError, "row 2: a row is a mapping, a text or a Request"),
        (lambda: aigc.batch.run_frame(frame, **given), TypeError, "run_frame.. takes a DataFrame .* not a list"),
        (lambda: aigc.batch.run_frame(pandas.DataFrame(frame), prefix=nothing, **given), TypeError, "prefix is None"),
        (lambda: aigc.journal.resolve(folder.path, "k", wrong_outcome), TypeError, "outcome is 'accepted': it is Outcome.ACC"),
        (lambda: aigc.journal.prune(folder.path, wrong_age), TypeError, "older_than is '1d': it is a number of seconds"),
        (lambda: aigc.journal.prune(folder.path, -1), ValueError, "older_than is -1"),
        (lambda: aigc.journal.prune(folder.path, float("nan")), ValueError, "older_than is nan"),
        (lambda: list(aigc.journal.rows("postgresql://x/y")), aigc.InvalidArgumentError, "the journal is a folder here"),
    ]


def test_arguments_of_a_wrong_type(folder: Folder, keys: Dict[str, Any]) -> None:
    for call, kind, said in calls(folder, keys):
        with pytest.raises(kind, match=said):
            call()
    assert folder.created() == 0

"""Objects as a Python program sees them: printed, copied, pickled, named."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from typing import Any, Callable, Dict, List, Set

import aigc
import pytest
from aigc import _call, _native, errors
from aigc.request import Request
from support import REPOSITORY, python

COPIES: List[Callable[[Any], Any]] = [copy.deepcopy, pickle.dumps, lambda thing: pickle.dumps({"job": [thing]}, 2)]


def test_members_print_their_name() -> None:
    state = aigc.State.QUEUED
    assert str(state) == f"{state}" == "QUEUED" and f"{state:>8}" == "  QUEUED" and "%s" % state == "QUEUED"
    assert f"{state:d}" == f"{state:01d}" == "%d" % state == "1" and state == 1 and int(state) == 1
    assert repr(state) == "<State.QUEUED: 1>" and str(aigc.Status.THROTTLED) == "THROTTLED"
    assert str(aigc.State(99)) == "UNKNOWN_99" and f"{aigc.EventType.LOG}" == "LOG" and str(aigc.Outcome.NOT_SENT) == "NOT_SENT"
    for member in aigc.Status:
        assert copy.deepcopy(member) is pickle.loads(pickle.dumps(member)) is member


def test_every_exception_is_at_the_top() -> None:
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, Exception):
            assert getattr(aigc, name) is value and name in aigc.__all__ and name in dir(aigc), name
    assert isinstance(aigc.__version__, str)


def test_jobs_are_not_copied(sandbox: Any, keys: Dict[str, Any], capfd: pytest.CaptureFixture[str]) -> None:
    with aigc.Client(keys) as client:
        job = client.submit("tencent", "aigc_image", prompt="a cat").wait()
        download = job.download(0)
        event = next(client.events())
        for duplicate in COPIES:
            for thing in (job, download, client, event):
                with pytest.raises(TypeError, match="pass job.token|the token of its job|make one"):
                    duplicate(thing)
            with pytest.raises(TypeError):
                duplicate(job._handle)
            assert duplicate(job.assets) is not None  # Plain values.
        assert copy.copy(job) is job
        download.wait()
        assert pickle.loads(pickle.dumps(Request("tencent", "aigc_image", prompt="x"))).fields == {"prompt": "x"}
    assert "Exception ignored" not in capfd.readouterr().err


def test_a_client_that_was_never_made_is_silent() -> None:
    result = python("import aigc; aigc.Client.__new__(aigc.Client); aigc.aio.Client.__new__(aigc.aio.Client)")
    assert result.returncode == 0 and result.stderr == "", result.stderr


def test_messages_name_what_python_has(library: str) -> None:
    with pytest.raises(aigc.InvalidArgumentError, match=r"aigc\.config_keys\(\) lists all keys"):
        aigc.Client({"zzzzzzzzzzzzzzzz": "1"})
    client = aigc.Client()
    with pytest.raises(aigc.InvalidArgumentError, match=r"pass what job\.token gave"):
        client.attach("nonsense")
    with pytest.raises(aigc.InvalidArgumentError, match=r"add one with image_urls="):
        client.submit("alibaba", "pre_model_inference", prompt="a <special-token>")
    client.close()
    tables: List[Any] = [*aigc.config_keys(), *aigc.operations()]
    tables += [field for row in aigc.operations() for field in aigc.fields(row.provider, row.operation)]
    assert not [row for row in tables if set(re.findall(r"\baigc_[a-z_]+", repr(row))) & set(_native.FUNCTIONS)]


def test_every_function_that_a_message_names_has_a_name_here() -> None:
    """Of the messages in the sources, and of what the library says about its statuses."""
    found: Set[str] = set()
    short: Set[str] = set()
    for path in (REPOSITORY / "Sources").rglob("*.swift"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if "//" not in line and "@_cdecl" not in line:
                for text in re.findall(r'"((?:[^"\\]|\\.)*)"', line):
                    found.update(name for name in re.findall(r"\baigc_[a-z_]+", text) if name in _native.FUNCTIONS)
                    short.update(re.findall(r"\b(?<!aigc_)(?:(?:add|attach|new|next|set|take)_[a-z_]+)\b", text))
    assert not {name for name in short if any(function.endswith(f"_{name}") for function in _native.FUNCTIONS)}
    assert found and found <= set(_call._HERE) | {"aigc_version_number"}, found - set(_call._HERE)
    assert set(_call._HERE) <= set(_native.FUNCTIONS)
    for name, here in _call._HERE.items():
        owner = {"aigc": aigc, "client": aigc.Client, "job": aigc.Job, "download": aigc.Download, "error": aigc.AigcError("x")}
        if here.endswith("="):
            assert here[:-1] in inspect.signature(aigc.Request).parameters
            continue
        first, _, rest = here.rstrip("()").partition(".")
        assert hasattr(owner[first], rest), (name, here)

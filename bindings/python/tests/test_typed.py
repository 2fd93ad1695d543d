"""client.tencent.aigc_image(...): a checker and an editor know the fields, and the request is the one of submit()."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Tuple

import aigc
import pytest
from aigc.typed import AlibabaOperations, TencentOperations
from support import PACKAGE, environment

CLASSES: Dict[str, Any] = {"alibaba": AlibabaOperations, "tencent": TencentOperations}


class Recorder:
    """Takes the place of a client and keeps what it was asked."""

    def __init__(self) -> None:
        self.calls: List[Tuple[str, str, str, Dict[str, Any]]] = []

    def submit(self, provider: str, operation: str, **fields: Any) -> str:
        self.calls.append(("submit", provider, operation, fields))
        return "job"

    def fetch(self, provider: str, operation: str, **fields: Any) -> str:
        self.calls.append(("fetch", provider, operation, fields))
        return "download"


def test_every_operation_and_every_field(library: str) -> None:
    for row in aigc.operations():
        method = getattr(CLASSES[row.provider], row.operation)
        parameters = inspect.signature(method).parameters
        for field in aigc.fields(row.provider, row.operation):
            assert field.name in parameters, (row.operation, field.name)
            if field.type != "image_url":
                assert (parameters[field.name].default is inspect.Parameter.empty) == field.required
                assert f"{field.name}: " in (method.__doc__ or "")


def test_it_asks_what_submit_and_fetch_ask() -> None:
    client: Any = Recorder()
    assert TencentOperations(client).aigc_image("a cat", count=2, image_urls=["https://example.com/a.png"]) == "job"
    assert AlibabaOperations(client).pre_model_inference_asset(image_id="7", path="x.*") == "download"
    (kind, provider, operation, fields), fetched = client.calls
    assert (kind, provider, operation) == ("submit", "tencent", "aigc_image")
    given = {name: value for name, value in fields.items() if value}
    assert given == {"prompt": "a cat", "count": 2, "image_urls": ["https://example.com/a.png"]}
    assert fetched[:3] == ("fetch", "alibaba", "pre_model_inference_asset")
    assert fetched[3]["path"] == "x.*"


def test_both_clients_have_them(library: str) -> None:
    with aigc.Client() as client:
        assert isinstance(client.tencent, TencentOperations)
        with pytest.raises(aigc.errors.InvalidArgumentError):
            client.alibaba.pre_model_inference(prompt="a cat with a \ud800")
    assert isinstance(aigc.aio.Client.alibaba, property)


GOOD = """
import aigc

def program(client: aigc.Client, other: aigc.aio.Client) -> None:
    job: aigc.Job = client.tencent.aigc_image("a cat", count=2, aspect_ratio="16:9")
    late: aigc.aio.Job = other.alibaba.inference("a cat", model="m")
    image: aigc.Download = client.tencent.aigc_image_asset(url="https://example.com/a.png", path="a.*")
"""
BAD = """
import aigc

def program(client: aigc.Client) -> None:
    client.tencent.aigc_image("a cat", cuont=2)
    client.tencent.aigc_image("a cat", count="2")
    client.alibaba.inference("a cat")
"""


def mypy(path: Path) -> "subprocess.CompletedProcess[str]":
    settings = str(PACKAGE / "pyproject.toml")
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", settings, str(path)],
        cwd=PACKAGE, capture_output=True, text=True, env=environment(), timeout=300,
    )


def test_a_checker_sees_a_wrong_field(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "bad.py").write_text(BAD)
    assert mypy(tmp_path / "good.py").returncode == 0
    said = mypy(tmp_path / "bad.py").stdout
    assert 'Unexpected keyword argument "cuont"' in said
    assert 'has incompatible type "str"; expected "int | None"' in said or "incompatible type" in said
    assert 'Missing named argument "model"' in said


def test_an_editor_completes_the_fields() -> None:
    jedi = pytest.importorskip("jedi")
    source = "import aigc\nclient = aigc.Client()\nclient.tencent.aigc_image(neg"
    names = [c.name for c in jedi.Script(source, project=jedi.Project(PACKAGE / "src")).complete(3, 29)]
    assert "negative_prompt=" in names
    source = "import aigc\nclient = aigc.Client()\nclient.alibaba."
    names = [c.name for c in jedi.Script(source, project=jedi.Project(PACKAGE / "src")).complete(3, 15)]
    assert {"inference", "pre_model_inference", "model_train"} <= set(names)

"""Jobs in a notebook: one is executed with nbclient, and the contact sheet is safe to show."""

from __future__ import annotations

import base64
import re
import sys
from io import BytesIO
from typing import Any, Dict

import aigc
import pytest
from aigc import notebook
from support import SOURCE

CELL = """
import sys; sys.path.insert(0, {source!r})
import aigc
from aigc import notebook
prompts = ["a cat", "a <b>dog</b>", "[fail] a hen"]
with aigc.Client({keys!r}) as client:
    images = notebook.show(client.map(prompts, "tencent", "aigc_image", return_exceptions=True), prompts)
print(len(images))
"""


def test_a_notebook_shows_bar_and_sheet(
    sandbox: Any, keys: Dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    nbformat = pytest.importorskip("nbformat", reason="pip install nbclient nbformat ipykernel")
    nbclient = pytest.importorskip("nbclient", reason="pip install nbclient nbformat ipykernel")
    pytest.importorskip("ipykernel", reason="pip install nbclient nbformat ipykernel")
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    code = CELL.format(source=str(SOURCE), keys=keys)
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    monkeypatch.setenv("JUPYTER_PATH", f"{sys.prefix}/share/jupyter")
    nbclient.NotebookClient(book, timeout=120, startup_timeout=120, kernel_name="python3").execute()
    outputs = book.cells[0].outputs
    shown = [output.data["text/html"] for output in outputs if output.output_type == "display_data"]
    assert shown[0] == '<progress value="3" max="3"></progress> 3 of 3 jobs, 2 images'  # As it was left: one output, updated.
    assert len(shown) == 2 and shown[1].count("<img ") == 2 and "JOB_FAILED" in shown[1]
    assert "a &lt;b&gt;dog&lt;/b&gt;" in shown[1] and "<b>" not in shown[1]
    assert [output.text for output in outputs if output.output_type == "stream"] == ["2\n"]


def test_the_sheet_holds_small_pictures(sandbox: Any, keys: Dict[str, Any]) -> None:
    pil = pytest.importorskip("PIL.Image")
    with aigc.Client(keys) as client:
        images = client.generate("tencent", "aigc_image", prompt="a cat [size:1024x768]", count=2)
        text = notebook.contact_sheet(images, ["<script>", "second"])
        taken = client.submit("tencent", "aigc_image", prompt="x").wait().download(0).wait()
        taken.take()
    assert "&lt;script&gt;" in text and "<script>" not in text
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', text)
    assert [pil.open(BytesIO(base64.b64decode(one))).size for one in found] == [(480, 360)] * 2
    assert "SUCCEEDED" in notebook.contact_sheet([taken])  # Its bytes are elsewhere.


def test_without_a_notebook_nothing_is_shown(sandbox: Any, keys: Dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    with aigc.Client(keys) as client:
        assert len(notebook.show(client.map(["a", "b"], "tencent", "aigc_image"))) == 2
    assert capsys.readouterr() == ("", "")

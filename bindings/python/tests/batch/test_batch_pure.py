"""The parts of a batch that do no input and output: tables of cases."""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import numpy
import pandas
import polars
import pyarrow
import pytest
from aigc.batch import _names, _plan
from aigc.batch._columns import Columns, Known, Spec, shortened
from aigc.batch._decide import Decision, Do, Is, Seen, decide
from aigc.batch._index import Index
from aigc.batch._api import options_of
from aigc.batch._keys import (
    fingerprint,
    former_key,
    key_of,
    key_text,
    next_generation,
    own_hash,
    stored_key,
    wrong_key,
)
from aigc.batch._frames import _taken
from aigc.batch._numbers import narrow
from aigc.batch._options import Options
from aigc.batch._options import wrong as wrong_options
from aigc.batch._problems import SHOWN, Problem, Problems
from aigc.batch._progress import Pace, Tally, Throttle, Ticks, clock, exit_code, line, may_send
from aigc.batch._cells import Cells, Read, Skipped
from aigc.batch._rows import FileSource, ListSource, ReadError, as_cells
from aigc.batch._urls import unsigned
from aigc.batch._rows import lines, read_csv, read_jsonl, read_tsv, read_txt
from aigc.request import Request
from aigc._cli import requests
from aigc._cli.again import repeated
from pyarrow import parquet
from aigc.describe import Operation

FIELDS = {
    ("tencent", "aigc_image"): {
        "prompt": "string", "count": "int", "resolution": "string", "logo_add": "bool", "image_urls": "image_url",
        "additional_parameters": "json",
    },
    ("alibaba", "inference"): {"prompt": "string", "strength": "double", "count": "int"},
    ("alibaba", "model_train"): {"name": "string"},
}
KNOWN = Known(
    lambda: ["alibaba", "tencent"],
    lambda provider: [operation for name, operation in FIELDS if name == provider],
    lambda provider, operation: FIELDS[provider, operation],
)


# Reading


def read(data: bytes, reader: Any, encoding: Optional[str] = None) -> List[Read]:
    return list(reader(lines(io.BytesIO(data), encoding)))


def cells(found: List[Read]) -> List[Dict[str, Any]]:
    return [entry.cells for entry in found if isinstance(entry, Cells)]


def problems(found: List[Read]) -> List[str]:
    return [entry.text for entry in found if isinstance(entry, Problem)]


def test_each_format_is_read() -> None:
    assert cells(read(b"key,prompt\n1,a cat\n2,\"a, b\nc \"\"d\"\"\"\n", read_csv)) == [
        {"key": "1", "prompt": "a cat"}, {"key": "2", "prompt": 'a, b\nc "d"'}
    ]
    assert cells(read(b"key\tprompt\r\n1\ta, cat\r\n", read_tsv)) == [{"key": "1", "prompt": "a, cat"}]
    found = read(b'{"prompt": "x", "count": 2}\n\n{"prompt": "y"}', read_jsonl)
    assert cells(found) == [{"prompt": "x", "count": 2}, {"prompt": "y"}]
    found = read(b"# cats\n\n a cat \nanother\n", read_txt)
    assert cells(found) == [{"prompt": "a cat"}, {"prompt": "another"}]
    assert [entry.line for entry in found if isinstance(entry, Skipped)] == [1, 2]
    assert [(entry.row, entry.line) for entry in found if isinstance(entry, Cells)] == [(1, 3), (2, 4)]


def test_lines_count_what_a_cell_spans() -> None:
    found = read(b'prompt\n"a\nb\nc"\n\nd\n', read_csv)
    assert [(entry.row, entry.line) for entry in found if isinstance(entry, Cells)] == [(1, 2), (2, 6)]


@pytest.mark.parametrize("data, encoding", [
    ("\ufeffprompt\n红猫\n".encode(), None),
    ("prompt\n红猫\n".encode("gbk"), "gbk"),
    ("prompt\n红猫\n".encode("utf-16"), "utf-16"),
    ("prompt\r\n红猫\r\n".encode("gb18030"), "gb18030"),
])
def test_encodings(data: bytes, encoding: Optional[str]) -> None:
    assert cells(read(data, read_csv, encoding)) == [{"prompt": "红猫"}]


@pytest.mark.parametrize("data, encoding, says", [
    ("prompt\n红猫\n".encode("gbk"), None, "--encoding gbk"),
    ("prompt\n红猫\n".encode("utf-16"), None, "--encoding utf-16"),
    ("prompt\n红猫\n".encode(), "ascii", "another --encoding"),
])
def test_what_is_not_in_the_encoding_is_never_guessed(data: bytes, encoding: Optional[str], says: str) -> None:
    with pytest.raises(ReadError, match=says):
        read(data, read_csv, encoding)


@pytest.mark.parametrize("data, reader, says", [
    (b"", read_csv, "empty"),
    (b"key,prompt\n", read_csv, "a header and no row"),
    (b"key,,prompt\n1,2,3\n", read_csv, "column 2 has no name"),
    (b"a,a\n1,2\n", read_csv, "twice"),
    (b"key;prompt\n1;x\n", read_csv, "semicolons"),
    (b"key,prompt\n1,2,3\n", read_csv, "3 cells, and the header has 2"),
    (b"key,prompt\n1,x\nkey, prompt\n2,y\n", read_csv, "the header once more"),
    (b"prompt\nx\n\xef\xbb\xbfprompt\ny\n", read_csv, "the header once more"),
    (b'prompt\n"never closed\nx\n', read_csv, "never closed"),
    (b"prompt\n" + b"x" * (10 << 20) + b"\n", read_csv, "longer than 1 MiB"),
    (b"", read_txt, "no prompt"),
    (b"# only\n", read_txt, "no prompt"),
    (b"", read_jsonl, "empty"),
    (b"[1]\n", read_jsonl, "no JSON object"),
    (b"{\n", read_jsonl, "no JSON"),
    (b'{"a": NaN}\n', read_jsonl, "NaN"),
    (b'{"prompt": "a cat", "prompt": "a dog"}\n', read_jsonl, '"prompt" is there twice'),
    (b'{"prompt": "a cat", "body": {"n": 1, "\\u006e": 4}}\n', read_jsonl, '"n" is there twice'),
    (b"[" * 100_000 + b"\n", read_jsonl, "no JSON"),
])
def test_what_is_no_table(data: bytes, reader: Any, says: str) -> None:
    assert any(says in text for text in problems(read(data, reader))), problems(read(data, reader))


def test_rows_of_a_program() -> None:
    request = Request("tencent", "aigc_image", prompt="x", key="k", image_urls=["u"], body={"A": 1})
    assert as_cells(request) == {
        "provider": "tencent", "operation": "aigc_image", "prompt": "x", "image_urls": ["u"], "body.A": 1, "key": "k"
    }
    assert cells(list(ListSource(iter(["a", {"prompt": "b"}])).read())) == [{"prompt": "a"}, {"prompt": "b"}]
    with pytest.raises(TypeError):
        as_cells(3)


# Columns


def specs(options: Options, row: Mapping[str, Any]) -> Tuple[List[Spec], List[str]]:
    found, wrong = Columns(options, KNOWN).specs(Cells(1, 2, dict(row)))
    return found, [f"{problem.column}: {problem.text}" for problem in wrong]


def one(options: Options, **row: Any) -> Spec:
    found, wrong = specs(options, row)
    assert not wrong, wrong
    return found[0]


TENCENT = Options(provider="tencent")


def test_a_row_becomes_a_request() -> None:
    spec = one(TENCENT, key="k", prompt="a cat", count="2", logo_add="true", image_urls="http://a http://b", resolution="")
    assert spec.fields == {"prompt": "a cat", "count": 2, "logo_add": True, "image_urls": ["http://a", "http://b"]}
    request = spec.request("j")
    assert request.key == "j" and request.fields == {"prompt": "a cat", "count": 2, "logo_add": True}
    assert request.image_urls == ["http://a", "http://b"] and spec.wanted == 2
    body = one(TENCENT, prompt="x", **{"body.New": "[1]", "additional_parameters": '{"a": 1}'})
    assert body.request().body == {"New": "[1]"} and body.fields["additional_parameters"] == '{"a": 1}'


def test_a_row_overrides_what_is_set_for_all() -> None:
    options = Options(provider="tencent", fields={"count": "3", "resolution": "2K"})
    assert one(options, prompt="x", count="1").fields == {"prompt": "x", "count": 1, "resolution": "2K"}
    assert one(Options(provider="tencent"), prompt="x", provider="alibaba", operation="inference").provider == "alibaba"


NUMBERS = '[1E2, -0, 1.50, 0.1e-7, 123456789012345678901.5, 1.0000000000000000000000001, 12345678901234567890123]'


@pytest.mark.parametrize("name", ["body.Seed", "additional_parameters"])
def test_numbers_of_a_json_row_stay_as_they_are_written(name: str) -> None:
    def row(numbers: str, other: str = "") -> Spec:
        text = '{"prompt": "x", "%s": {"ü": {"q": %s}}%s}' % (name, numbers, other)
        (found,) = cells(read(text.encode(), read_jsonl))
        return one(TENCENT, **found)

    index = Index(TENCENT)
    spec = row(NUMBERS)
    assert not index.add(spec)
    (kept,) = index.all("1")
    request = kept.spec().request()
    sent = request.body["Seed"] if name == "body.Seed" else request.fields[name]
    assert sent == '{"ü": {"q": %s}}' % NUMBERS
    index.close()
    # An older version sent other digits: what it has paid for is paid, and a row whose digits change is another.
    older = row(json.dumps(json.loads(NUMBERS)))
    assert spec.former == (older.own, older.print) and older.former is None and spec.own != older.own
    assert row("[1.5, 7]").former is None
    assert row("[1e400]").former is None and "1e400" in row("[1e400]").fields[name]
    signed = SIGNED[0].format("1")
    both = row(NUMBERS, f', "image_urls": "{signed}"')
    assert both.former == row(json.dumps(json.loads(NUMBERS)), f', "image_urls": "{signed}"').former


def test_a_row_whose_digits_an_older_version_lost_is_known() -> None:
    (found,) = cells(read(b'{"prompt": "x", "body.Seed": {"q": 1.50}}', read_jsonl))
    spec = one(TENCENT, **found)
    assert spec.former is not None
    index = Index(TENCENT)
    assert not index.add(spec) and not list(index.make_indices())
    index.load_ledger([{"key": spec.former[0], "print": spec.former[1]}])
    index.load_journal([{"key": spec.former[0], "state": "accepted", "owner_alive": 0}])
    assert list(index.decide()) == [] and index.counts() == {"to fetch": 1}
    index.close()


@pytest.mark.parametrize("name", ["body.Seed", "additional_parameters"])
def test_a_row_that_is_nested_deeply_ends_nothing(name: str) -> None:
    for depth in (100, 400, 900, 980, 5000):
        found = read(b'{"prompt": "x", "%s": %s1.50%s}' % (name.encode(), b"[" * depth, b"]" * depth), read_jsonl)
        spec, wrong = specs(TENCENT, found[0].cells) if isinstance(found[0], Cells) else ([], problems(found))
        assert wrong or "1.50" in spec[0].fields[name]


DECIMALS = ("1.10", "12345678901234567890.123456789", "-0.00", "1E+2", "0E-10", "1.5E-7", "100")


@pytest.mark.parametrize("name", ["body.Seed", "additional_parameters"])
def test_decimals_of_a_program_are_numbers(name: str) -> None:
    """Digit for digit, wherever they stand. They went out as texts, or not at all."""
    decimals = [Decimal(text) for text in DECIMALS]
    numbers = f"[{', '.join(DECIMALS)}]"
    for value, sent in (
        ({"ü": decimals, "b": (True, None, 'x"')}, '{"ü": %s, "b": [true, null, "x\\""]}' % numbers),
        ({"a": {"b": [{"c": decimals[0]}]}, 1: 2, True: 3}, '{"a": {"b": [{"c": 1.10}]}, "1": 3}'),
        ({"day": date(2026, 1, 2), "n": decimals[1]}, '{"day": "2026-01-02", "n": 12345678901234567890.123456789}'),
    ):
        spec = one(TENCENT, prompt="x", **{name: value})
        request = spec.request()
        assert (request.body["Seed"] if name == "body.Seed" else request.fields[name]) == sent
        json.loads(sent)
        assert spec.former != (spec.own, spec.print) and (spec.former is not None or name != "body.Seed")
    if name == "body.Seed":
        for text in DECIMALS:
            assert one(TENCENT, prompt="x", **{name: Decimal(text)}).request().body["Seed"] == text
        paid = one(TENCENT, prompt="x", **{name: '"1.10"'})  # As an older version has sent that number.
        assert one(TENCENT, prompt="x", **{name: Decimal("1.10")}).former == (paid.own, paid.print)
    for bad in ([Decimal("nan")], {"a": Decimal("Infinity")}, [b"bytes"], {"a": {"b": bytearray(b"x")}}, {(1, 2): 1}):
        assert specs(TENCENT, {"prompt": "x", name: bad})[1], bad


def test_numbers_of_numpy_and_arrow_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    value = {"a": numpy.int64(7), "b": numpy.float32(0.5), "c": numpy.array([[1, 2], [3, 4]]), "d": numpy.bool_(True)}
    sent = '{"a": 7, "b": 0.5, "c": [[1, 2], [3, 4]], "d": true}'
    assert one(TENCENT, prompt="x", **{"body.Seed": value}).request().body["Seed"] == sent
    arrow = pytest.importorskip("pyarrow")
    cell = arrow.scalar(Decimal("1.10"), arrow.decimal128(20, 2))
    assert one(TENCENT, prompt="x", **{"body.Seed": [cell]}).request().body["Seed"] == "[1.10]"


FLOATS = (0.8, 0.1, 16777216.0, 1e-45, 3.4028235e38, -0.3, 1.17549435e-38, 8388607.5, 33554432.0, 0.0)


def test_a_narrow_number_is_its_shortest_decimal() -> None:
    """Compared with NumPy's own, over all sizes."""
    for text in [*map(repr, FLOATS), *(f"{digit}.{digit}e{power}" for digit in range(1, 10) for power in range(-44, 38))]:
        value = numpy.float32(text)
        assert repr(float(narrow(float(value), "float32"))) == repr(float(str(value))), text
    for number in range(1, 0x7C00, 7):
        half = numpy.uint16(number).view(numpy.float16)
        assert narrow(float(half), "float16") == float(str(half)), number
    assert narrow(0.80078125, "bfloat16") == 0.8 and narrow(0.798828125, "float16") == 0.799
    assert [narrow(value, "float32") for value in (float("inf"), float("-inf"))] == [float("inf"), float("-inf")]


def test_a_narrow_number_is_sent_as_it_was_written(tmp_path: Path) -> None:
    """0.8 of 32 bits is 0.8, wherever the column comes from, and the row of a CSV file is the same row."""
    options = Options(provider="alibaba", operation="inference")
    (wanted,), _ = specs(options, {"prompt": "x", "strength": "0.8", "body.A": '{"a": [0.8, 0.25], "b": 1}'})
    inner = {"a": [0.8, 0.25], "b": 1}
    single = pyarrow.struct([("a", pyarrow.list_(pyarrow.float32())), ("b", pyarrow.int8())])
    half = pyarrow.struct([("a", pyarrow.list_(pyarrow.float16(), 2)), ("b", pyarrow.int8())])
    plain = {"a": [numpy.float16(0.8), numpy.float16(0.25)], "b": 1}
    rows: List[Tuple[str, Mapping[str, Any]]] = []
    tables = (
        ("float32", pyarrow.array([0.8], pyarrow.float32()), pyarrow.array([inner], single)),
        ("float16", pyarrow.array([numpy.float16(0.8)]), pyarrow.array([plain], half)),
        ("a dictionary", pyarrow.array([0.8], pyarrow.float32()).dictionary_encode(), pyarrow.array([inner], single)),
        ("float64", pyarrow.array([0.8]), pyarrow.array([inner])),
    )
    for name, strength, body in tables:
        file = tmp_path / f"{name}.parquet"
        parquet.write_table(pyarrow.table({"prompt": ["x"], "strength": strength, "body.A": body}), file)
        (found,) = [read for read in FileSource(str(file), None, None).read() if isinstance(read, Cells)]
        rows.append((f"Parquet, {name}", found.cells))
    frames = (
        pandas.DataFrame({"strength": numpy.array([0.8], numpy.float32)}),
        pandas.DataFrame({"strength": numpy.array([0.8], numpy.float16)}),
        pandas.DataFrame({"strength": pandas.array([0.8], "Float32")}),
        pandas.DataFrame({"strength": pandas.array([0.8], "float[pyarrow]")}),
        pandas.DataFrame({"strength": pandas.Series([0.8], dtype="float32").astype("category")}),
        polars.DataFrame({"strength": polars.Series([0.8], dtype=polars.Float32)}),
    )
    for frame in frames:
        (row,) = _taken(frame, {})
        rows.append((str(frame["strength"].dtype), {**row, "body.A": inner}))
    kind = polars.Struct({"a": polars.List(polars.Float32), "b": polars.Int8})
    nested = polars.DataFrame({"body.A": polars.Series([inner], dtype=kind)})
    rows.append(("polars, nested", {**_taken(nested, {})[0], "strength": 0.8}))
    for value in (numpy.float32(0.8), numpy.float16(0.8), pyarrow.scalar(0.8, pyarrow.float32()), numpy.float64(0.8)):
        (read,) = ListSource([{"strength": value, "body.A": {"a": numpy.array([0.8, 0.25], numpy.float32), "b": 1}}]).read()
        assert isinstance(read, Cells)
        rows.append((f"a program, {value!r}", read.cells))
    for name, row in rows:
        spec = one(options, **{**row, "prompt": "x"})
        request = spec.request()
        assert (spec.own, spec.print) == (wanted.own, wanted.print), (name, spec.fields)
        assert (request.fields["strength"], json.loads(request.body["A"])) == (0.8, inner), name


def test_a_narrow_number_that_is_paid_is_paid() -> None:
    """Older versions sent 0.800000011920929: that row is the row of 0.8, and its key the key of today."""
    options = Options(provider="alibaba", operation="inference", prompt="a cat of {age}")
    wide = float(numpy.float32(0.8))
    (read,) = ListSource([{"strength": numpy.float32(0.8), "age": numpy.float32(0.1), "key": numpy.float32(0.7)}]).read()
    assert isinstance(read, Cells)
    spec = one(options, **read.cells)
    assert (spec.prompt, spec.key, spec.fields["strength"]) == ("a cat of 0.1", "0.7", 0.8)
    older = one(options, strength=wide, age=float(numpy.float32(0.1)), key=float(numpy.float32(0.7)))
    assert (spec.former, spec.former_key) == ((older.own, older.print), older.key)
    assert one(options, strength=0.8, age=0.1, key=0.7).former is None
    for notes in ([{"key": older.key, "print": older.print}], []):
        index = Index(options)
        assert not index.add(spec) and not list(index.make_indices())
        index.load_ledger(notes)
        index.load_journal([{"key": older.key, "state": "accepted", "owner_alive": 0}])
        assert list(index.decide()) == [] and index.counts() == {"to fetch": 1}
        index.close()


@pytest.mark.parametrize("value, whole", [
    (numpy.float32(16777215), 16777215), (numpy.float32(16777216), None), (numpy.float16(2047), 2047),
    (numpy.float16(2048), None), (9007199254740991.0, 9007199254740991), (9007199254740992.0, None), (2.0, 2),
    (numpy.int64(5), 5), (numpy.uint8(5), 5), (Decimal("9007199254740993"), 9007199254740993),
    ("9007199254740993", 9007199254740993),
    (18446744073709551615, 18446744073709551615),
])
def test_whole_numbers_that_a_reader_has_rounded_are_refused(value: Any, whole: Optional[int]) -> None:
    """A seed of 16777217 in a column of 32-bit floats is 16777216 there."""
    (read,) = ListSource([{"prompt": "x", "count": value}]).read()
    assert isinstance(read, Cells)
    found, wrong = specs(TENCENT, read.cells)
    if whole is None:
        assert not found and "may have rounded" in wrong[0]
    else:
        assert found[0].fields["count"] == whole and type(found[0].fields["count"]) is int
    _, wrong = specs(TENCENT, {**read.cells, "count": 1, "key": read.cells["count"]})
    assert ("may have rounded" in "".join(wrong)) == (whole is None)


def test_a_whole_float_of_json_keeps_its_digits() -> None:
    (found,) = cells(read(b'{"prompt": "x", "count": 9007199254740993.0}', read_jsonl))
    assert one(TENCENT, **found).fields["count"] == 9007199254740993


def test_a_whole_decimal_keeps_its_digits() -> None:
    assert one(TENCENT, prompt="x", count=Decimal("2.0")).fields["count"] == 2
    assert one(TENCENT, prompt="x", count=Decimal("9007199254740993")).fields["count"] == 9007199254740993


def test_decimals_of_a_parquet_file(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    kind = arrow.decimal128(38, 9)
    columns = {
        "prompt": ["x"], "body.Scale": arrow.array([Decimal("12345678901234567890.100000000")], kind),
        "body.Inner": arrow.array([{"a": [Decimal("0.100000000")]}], arrow.struct([("a", arrow.list_(kind))])),
    }
    parquet.write_table(arrow.table(columns), tmp_path / "rows.parquet")
    (found,) = [read for read in FileSource(str(tmp_path / "rows.parquet"), None, None).read() if isinstance(read, Cells)]
    body = one(TENCENT, **found.cells).request().body
    assert body == {"Scale": "12345678901234567890.100000000", "Inner": '{"a": [0.100000000]}'}


def test_numbers_outside_of_json_fields_are_numbers() -> None:
    (found,) = cells(read(b'{"prompt": -0, "key": 1.50, "count": 2.0}', read_jsonl))
    spec = one(Options(provider="tencent", prompt="{prompt} cats"), **found)
    assert spec.prompt == "0 cats" and spec.key == "1.5" and spec.fields["count"] == 2


def test_templates_fill_in_columns() -> None:
    options = Options(provider="tencent", prompt="a {animal}, {{{style}}}")
    assert one(options, animal="cat", style="oil").prompt == "a cat, {oil}"
    assert one(Options(provider="tencent", prompt="{prompt}, oil"), prompt="a cat").prompt == "a cat, oil"
    a, b = one(options, animal="cat", style="oil"), one(options, animal="cat", style="ink")
    assert a.own != b.own
    assert "names a column" in specs(options, {"animal": "cat"})[1][0]
    assert "empty" in specs(options, {"animal": "", "style": "x"})[1][0]


def test_a_prompt_is_given_once() -> None:
    """A template beside a column would pay for another prompt than the file's."""
    options = Options(provider="tencent", prompt="a {animal}")
    assert "put {prompt} into --prompt" in specs(options, {"animal": "cat", "prompt": "a dog"})[1][0]
    assert one(options, animal="cat", prompt="").prompt == "a cat"
    dropped = Options(provider="tencent", prompt="a {animal}", drop=frozenset(["prompt"]))
    assert one(dropped, animal="cat", prompt="a dog").prompt == "a cat"
    assert "given twice" in wrong_options(Options(prompt="a {animal}", fields={"prompt": "a dog"}))[0]


def test_foreign_batch_lines() -> None:
    row = {"custom_id": "r1", "method": "POST", "url": "/v1", "body": {"prompt": "x", "size": "2K", "quality": "hd", "n": 2}}
    assert [text.split(":")[0] for text in specs(TENCENT, row)[1]] == ["size", "quality", "n"]
    options = Options(provider="tencent", map={"size": "resolution", "n": "count"}, drop=frozenset(["quality"]))
    spec = one(options, **row)
    assert spec.key == "r1" and spec.fields == {"prompt": "x", "resolution": "2K", "count": 2}
    assert one(TENCENT, custom_id="r1", params={"prompt": "x"}).fields == {"prompt": "x"}


@pytest.mark.parametrize("row, says", [
    ({"prompt": "x", "cuont": 1}, "did you mean count?"),
    ({"prompt": "x", "count": "many"}, "a whole number, such as 4"),
    ({"prompt": "x", "provider": "tencnet"}, "did you mean tencent?"),
    ({"prompt": "x", "provider": "alibaba"}, "several operations"),
    ({"prompt": "x", "provider": "alibaba", "operation": "inferense"}, "did you mean inference?"),
    ({"key": " ", "prompt": "x"}, "the key is empty"),
    ({"key": " a", "prompt": "x"}, "the key ' a' begins with a blank: 'a' is another key"),
    ({"key": "a b\t", "prompt": "x"}, "ends in a blank: 'a b' is"),
    ({"custom_id": "a\u3000", "prompt": "x"}, "ends in a blank"),
    ({"key": "\u00a0a", "prompt": "x"}, "begins with a blank"),
    ({"key": "\ufeffa", "prompt": "x"}, "invisible character (U+FEFF)"),
    ({"key": "a\u200b ", "prompt": "x"}, "ends in a blank: 'a' is"),
    ({"key": "a\nb", "prompt": "x"}, "control character"),
    ({"key": "k" * 300, "prompt": "x"}, "300 bytes"),
    ({"key": "a", "custom_id": "b", "prompt": "x"}, "another custom_id"),
    ({"prompt": "x", "body.A": "{"}, "JSON"),
    ({"prompt": "x", "image_urls": 3}, "list of URLs"),
])
def test_what_is_wrong_with_a_row(row: Dict[str, Any], says: str) -> None:
    found, wrong = specs(TENCENT, row)
    assert not found and any(says in text for text in wrong), wrong


def test_no_provider_and_wrong_set() -> None:
    assert "--provider" in specs(Options(), {"prompt": "x"})[1][0]
    assert "did you mean count?" in specs(Options(provider="tencent", fields={"cuont": "1"}), {"prompt": "x"})[1][0]
    assert "--keep" in specs(Options(provider="tencent", keep=("nmae",)), {"prompt": "x", "name": "y"})[1][0]


def test_a_second_operation_changes_no_row() -> None:
    """A batch without an operation keeps its meaning when a cloud gets another operation."""
    more = KNOWN._replace(operations=lambda provider: ["another"] + KNOWN.operations(provider))
    found, wrong = Columns(TENCENT, more).specs(Cells(1, 2, {"prompt": "x"}))
    assert not wrong and found[0].operation == "aigc_image"
    both = [Operation("tencent", name, kind, "") for kind in ("submit", "fetch") for name in ("b", "aigc_image", "a")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests, "_operations", lambda: both)
        assert requests._operation("tencent", None, "submit") == "aigc_image"


def test_kept_columns_are_aside() -> None:
    options = Options(provider="tencent", keep=("name", "set"))
    a, b = (one(options, prompt="x", name=name, set="s") for name in "ab")
    assert a.kept == {"name": "a", "set": "s"} and a.fields == {"prompt": "x"} and a.own == b.own


def test_wrong_options() -> None:
    assert wrong_options(Options()) == []
    assert wrong_options(Options(repeat=0, limit=-1, retry=frozenset(["x"]), map={"a": "b", "c": "b"}, drop=frozenset("a"))) != []


# Keys


def test_keys_come_from_what_the_row_says_itself() -> None:
    a = one(TENCENT, prompt="x", count="1")
    wide = one(Options(provider="tencent", fields={"resolution": "2K"}), prompt="x", count="1")
    assert a.own == one(TENCENT, count="1", prompt="x").own == wide.own
    assert a.own != one(TENCENT, prompt="x", count="2").own
    assert a.print != wide.print
    assert one(TENCENT, prompt="x", count="").own == one(TENCENT, prompt="x").own


class Arrow:
    """A number as pyarrow hands it out."""

    def as_py(self) -> float:
        return 7.0


def test_a_whole_number_is_one_key_however_it_is_read() -> None:
    for entry in (7, 7.0, "7", "7.0", Decimal("7.0"), Fraction(7), Arrow(), numpy.int64(7), numpy.float32(7), numpy.uint8(7)):
        assert key_text(entry) == "7", entry
    assert [key_text(entry) for entry in (-3.0, "-3.0", 0.0, -0.0, "0.0", 2**60)] == ["-3", "-3", "0", "0", "0", str(2**60)]
    for entry in ("7.00", "07.0", "v7.0", "7.0 ", "7.5", "1e3", "-0.0", "7.0~2", "７.0", "1_0.0"):  # Names, and no numbers.
        assert key_text(entry) == entry
    assert key_text(7.5) == "7.5" and key_text(True) == "true" and key_text(["a", 1]) == '["a", 1]'
    for gap in (None, float("nan"), Decimal("nan"), pandas.NA, pandas.NaT, numpy.float64("nan")):
        assert key_text(gap) == "" and "empty" in specs(TENCENT, {"key": gap, "prompt": "x"})[1][0]
    for number in (2.0**53, 1e300, float("inf")):
        assert specs(TENCENT, {"key": number, "prompt": "x"})[1][0].startswith("key: the key")
    assert stored_key("7.0") == "7" and stored_key("7.0~copy2") == "7~copy2" and stored_key("7.0~2") == "7.0~2"
    assert former_key("7") == "7.0" and former_key("7~copy2") == "7.0~copy2" and former_key("a") is None
    assert specs(TENCENT, {"key": 7.0, "custom_id": "7", "prompt": "x"})[1] == []
    assert options_of({"again": [7.0, "8.0"]}).again == {"7", "8"}


SIGNED = [
    "https://b.cos/a.png?q-sign-algorithm=sha1&q-ak=i&q-sign-time={0};9&q-key-time={0};9&q-header-list=&q-url-param-list="
    "&q-signature={0}&x-cos-security-token=t{0}",
    "https://b.oss/a.png?OSSAccessKeyId=i&Expires={0}&Signature=s{0}&security-token=t{0}",
    "https://b.oss/a.png?x-oss-credential=c&x-oss-date={0}&x-oss-expires=9&x-oss-signature-version=v&x-oss-signature={0}"
    "&x-oss-security-token=t{0}&x-oss-additional-headers=h{0}",
    "https://b.s3/a.png?X-Amz-Algorithm=a&X-Amz-Credential=c&X-Amz-Date={0}&X-Amz-Expires=9&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature={0}&X-Amz-Security-Token=t{0}",
]


@pytest.mark.parametrize("url", SIGNED)
def test_a_url_that_is_signed_anew_is_the_same_row(url: str) -> None:
    first, second = url.format("111"), url.format("222")
    assert unsigned(first) == unsigned(second) == first.partition("?")[0]
    more = first.replace("?", "?versionId=3&").replace("111", "333") + "&rotate=90#x"
    assert unsigned(more) == first.partition("?")[0] + "?versionId=3&rotate=90#x"
    for fields in ({"image_urls": "{}"}, {"body.Urls": '[{{"Url": "{}"}}]'}):
        a, b, other = (
            one(TENCENT, prompt="x", **{name: text.format(one_url) for name, text in fields.items()})
            for one_url in (first, second, first.replace("a.png", "b.png"))
        )
        assert (a.own, a.print) == (b.own, b.print) and a.fields != b.fields
        assert a.own != other.own and a.print != other.print
        assert a.former is not None and a.former != b.former


def test_parameters_that_sign_nothing_stay() -> None:
    for url in ("https://a/b?Expires=1", "https://a/b?Signature=1&x=2", "https://a/b?x-oss-process=image", "https://a/b?q-ak=1",
                "https://a/b", "https://a/b?", "https://a/b#?q-signature=1", "https://a/q-signature"):
        assert unsigned(url) == url
        assert one(TENCENT, prompt="x", image_urls=url).former is None


@pytest.mark.parametrize("key", [{}, {"key": "k"}])
@pytest.mark.parametrize("has_notes", [True, False])
def test_a_row_that_an_older_version_sent_with_its_signature_is_known(key: Dict[str, str], has_notes: bool) -> None:
    row = {"prompt": "x", "image_urls": SIGNED[0].format("1"), **key}
    (spec,), _ = specs(TENCENT, row)
    assert spec.former is not None
    index = Index(TENCENT)
    assert not index.add(spec) and not list(index.make_indices())
    sent = key.get("key") or spec.former[0]
    if has_notes:
        index.load_ledger([{"key": sent, "print": spec.former[1]}])
    index.load_journal([{"key": sent, "state": "accepted", "owner_alive": 0}])
    assert list(index.decide()) == [] and index.counts() == {"to fetch": 1}
    index.close()


@pytest.mark.parametrize("sent", [" a", "a ", "\u3000a\ufeff"])
def test_a_row_that_an_older_version_sent_under_a_key_with_a_blank_is_known(sent: str) -> None:
    """Such a key is refused now; who takes the blank away pays nothing again, and gets no other row's picture."""
    row = {"prompt": "x", "key": "a"}
    (spec,), _ = specs(TENCENT, row)
    fetched = {"to fetch": 1}
    for mark, others, wanted in (
        (spec.print, [], fetched), ("of another row", [], {}), (spec.print, ["a"], fetched), (None, [], fetched),
    ):
        index = Index(TENCENT)
        assert not index.add(spec) and not list(index.make_indices())
        ledger = [{"key": key, "print": spec.print} for key in others] + [{"key": sent, "print": mark}]
        index.load_ledger([*ledger, *({"accepted": entry["key"], "id": f"of {entry['key']}"} for entry in ledger)])
        index.load_journal(
            {"key": key, "state": "accepted", "owner_alive": 0, "remote_id": f"of {key}"} for key in (*others, sent)
        )
        problems = list(index.decide())
        assert (not problems and index.counts() == wanted) if wanted else "other fields" in problems[0].text, (problems, mark)
        for task in index.free(5) if wanted else ():
            assert task.jkey == (others or [sent])[0]
        index.close()


def test_key_of() -> None:
    assert key_of(None, "h", 1, 1) == "h" and key_of(None, "h", 3, 3) == "h.3"
    assert key_of("k", "h", 1, 1) == "k" and key_of("k", "h", 1, 2) == "k~copy2"
    assert next_generation("k", {"k~2", "k~3"}.__contains__) == "k~4"
    assert wrong_key("猫") is None and wrong_key("") is not None
    assert own_hash({"a": 1, "b": 2}) == own_hash({"b": 2, "a": 1}) and len(fingerprint("a", "b", {})) == 16


# Names


@pytest.mark.parametrize("template, values, index, name", [
    ("{key}-{index}", {"key": "红猫"}, 0, "红猫-0"),
    ("{key}-{index}", {"key": "a/b\\c:d"}, 1, "a_b_c_d-1"),
    ("{key}-{index}", {"key": "../../x"}, 0, "__.._x-0"),
    ("{key}", {"key": "a"}, 0, "a"),
    ("{key}", {"key": "a"}, 2, "a-2"),
    ("{animal}-{key}-{index}", {"key": "a", "animal": "cat"}, 0, "cat-a-0"),
    ("{key}", {"key": ".hidden"}, 0, "_hidden"),
    ("{key}", {"key": "e\u0301"}, 0, "\u00e9"),
])
def test_stems(template: str, values: Dict[str, str], index: int, name: str) -> None:
    assert _names.stem(template, values, index) == name


def test_long_names_are_cut_and_stay_two() -> None:
    a, b = (_names.stem("{key}-{index}", {"key": "猫" * 66 + "\u00e9" * 30 + end}, 0) for end in "ab")
    assert a != b and all(len(name.encode()) <= 250 and name.startswith("猫猫") for name in (a, b))


def test_templates_folders_and_files() -> None:
    assert _names.wrong_template("{key}-{index}") is None
    for template in ("", "a/{key}", "{key", "cat"):
        assert _names.wrong_template(template) is not None
    assert _names.columns_of("{key}-{animal}-{index}") == {"animal"}
    assert _names.folder(1, 9_999) == "" and _names.folder(1_000, 10_000) == "0000" and _names.folder(1_001, 10_000) == "0001"
    assert _names.stem_of_file("a.b-0.png") == "a.b-0" and _names.stem_of_file("x.part") is None
    assert _names.folded("Cat") == _names.folded("cat") and _names.folded("红猫") != _names.folded("蓝猫")


def claims(options: Options, *rows: Dict[str, Any]) -> List[str]:
    index, found = Index(options), []
    for number, row in enumerate(rows, 1):
        specs, wrong = Columns(options, KNOWN).specs(Cells(number, number + 1, row))
        assert not wrong
        found += [problem.text for spec in specs for problem in index.add(spec)]
    found += [problem.text for problem in index.make_indices()]
    index.close()
    return found


def test_a_row_without_a_key_beside_rows_with_one() -> None:
    keyed, bare = {"key": "a", "prompt": "x"}, {"prompt": "y"}
    for rows in ((keyed, bare), (bare, keyed)):
        assert claims(TENCENT, *rows) == ["the key is empty: each row needs its own, or none in the whole file has one"]
    assert claims(TENCENT, bare, bare, keyed, bare) == [str(wrong_key(""))] * 3


def test_rows_that_cannot_stand_beside_each_other() -> None:
    text = "the key 1 is there twice, first in line 2: each row needs its own (1 and 1.0 are one key)"
    assert claims(TENCENT, {"key": "1", "prompt": "x"}, {"key": 1.0, "prompt": "y"}) == [text]
    named = Options(provider="tencent", name_template="{key}-{name}")
    assert claims(named, {"key": "1", "prompt": "x", "name": "a"}, {"key": "1.0", "prompt": "y", "name": "b"}) == [text]
    assert "twice, first in line 2" in claims(TENCENT, {"key": "a", "prompt": "x"}, {"key": "a", "prompt": "y"})[0]
    assert "no capitals" in claims(TENCENT, {"key": "Cat", "prompt": "x"}, {"key": "cat", "prompt": "y"})[0]
    options = Options(provider="tencent", name_template="{animal}")
    assert "put {key}" in claims(options, {"animal": "a", "prompt": "x"}, {"animal": "a", "prompt": "y"})[0]
    assert claims(TENCENT, {"key": "红猫", "prompt": "x"}, {"key": "蓝猫", "prompt": "y"}) == []
    assert claims(TENCENT, *[{"prompt": "same"}] * 3) == []
    assert claims(Options(provider="tencent", repeat=3), {"key": "a", "prompt": "x"}, {"prompt": "x", "key": "b"}) == []
    joined = Options(provider="tencent", name_template="{key}{index}")
    assert claims(joined, {"key": "a1", "prompt": "x"}, {"key": "a", "prompt": "x", "count": 11}) != []


# The table of decisions

N, R = frozenset[str](), frozenset(["refused", "failed", "expired"])
CONTENT = "AIGC_E_CONTENT_REFUSED"


@pytest.mark.parametrize("seen, retry, again_, expected", [
    (Seen(), N, False, (Is.NEW, Do.SEND)),
    (Seen("claimed"), N, False, (Is.NEW, Do.SEND)),
    (Seen("refused", status="AIGC_E_BILLING"), N, False, (Is.NEW, Do.SEND)),
    (Seen("refused", status="AIGC_E_THROTTLED"), N, False, (Is.NEW, Do.SEND)),
    (Seen("refused", status="AIGC_E_CANCELLED"), N, False, (Is.NEW, Do.SEND)),
    (Seen("refused", status=CONTENT), N, False, (Is.REFUSED, Do.NOTHING)),
    (Seen("refused", status=CONTENT), R, False, (Is.NEW, Do.SEND)),
    (Seen("refused", status=CONTENT, changed=True), N, False, (Is.NEW, Do.SEND)),
    (Seen("failed", status=CONTENT), N, False, (Is.FAILED, Do.NOTHING)),
    (Seen("failed"), R, False, (Is.NEW, Do.AGAIN)),
    (Seen("failed", changed=True), N, False, (Is.CONFLICT, Do.NOTHING)),
    (Seen("accepted"), N, False, (Is.OPEN, Do.FETCH)),
    (Seen("accepted"), R, True, (Is.OPEN, Do.FETCH)),
    (Seen("sending", alive=True), N, False, (Is.OPEN, Do.FETCH)),
    (Seen("sending"), N, False, (Is.DOUBT, Do.SETTLE)),
    (Seen("unknown"), N, False, (Is.DOUBT, Do.NOTHING)),
    (Seen("unknown"), R, True, (Is.DOUBT, Do.NOTHING)),
    (Seen("unknown", changed=True), R, True, (Is.DOUBT, Do.NOTHING)),
    (Seen("abandoned"), R, False, (Is.LEFT, Do.NOTHING)),
    (Seen("abandoned"), N, True, (Is.NEW, Do.AGAIN)),
    (Seen("succeeded", whole=True), R, False, (Is.DONE, Do.NOTHING)),
    (Seen("succeeded", whole=True), N, True, (Is.NEW, Do.AGAIN)),
    (Seen("succeeded", whole=True, changed=True), N, False, (Is.CONFLICT, Do.NOTHING)),
    (Seen("succeeded"), N, False, (Is.OPEN, Do.FETCH)),
    (Seen("succeeded", expired=True), N, False, (Is.EXPIRED, Do.NOTHING)),
    (Seen("succeeded", expired=True), R, False, (Is.NEW, Do.AGAIN)),
    (Seen("succeeded", expired=True, whole=True), R, False, (Is.DONE, Do.NOTHING)),
])
def test_decisions(seen: Seen, retry: Any, again_: bool, expected: Tuple[Is, Do]) -> None:
    assert decide(seen, retry, again_) == Decision(*expected)


def test_nothing_in_doubt_is_ever_sent() -> None:
    for state in ("unknown", "sending"):
        for flags in range(32):
            seen = Seen(state, False, None, bool(flags & 1), bool(flags & 2), bool(flags & 4))
            assert decide(seen, R if flags & 8 else N, bool(flags & 16)).do not in (Do.SEND, Do.AGAIN)


# Plan, progress, codes


@pytest.mark.parametrize("send, terminal, yes, most, answer", [
    (5, False, False, None, "refuse"), (5, True, False, None, "ask"), (5, False, True, None, "go"), (5, False, False, 5, "go"),
    (5, True, True, 4, "refuse"), (0, False, False, None, "go"), (0, False, False, 0, "go"),
])
def test_consent(send: int, terminal: bool, yes: bool, most: Optional[int], answer: str) -> None:
    assert _plan.consent(send, terminal, yes, most)[0] == answer


def test_the_plan_in_words() -> None:
    numbers = _plan.Numbers(12, 2, 3, 5, 1, {"done": 4, "to fetch": 1, "in doubt": 1, "refused": 1, "not sent": 5}, 1)
    text = "\n".join(_plan.lines(numbers, "cats.csv", ["a cat"], [("k", "succeeded")], []))
    for part in ("12 in cats.csv (2 blank", "4 done, 1 to fetch (free), 1 in doubt", "1 refused (--retry refused)", "k",
                 "3 new jobs, 5 images (2 more are left for later)"):
        assert part in text
    assert _plan.price_line(5, 0.04) == "price      5 × 0.04 = 0.20"


def test_the_line_of_progress() -> None:
    tally = Tally(1001, 611, 0, 1, 38, 351)
    shown = " 612/1001 ━━━━━━━━━━━━────────  61 %  4.1/s  in flight 38  failed 0  in doubt 1  1:34 left"
    assert line(tally, 4.1, 94, 100) == shown
    assert line(tally, 4.1, 94, 50) == " 612/1001 failed 0 doubt 1 flight 38 4.1/s 1:34"
    assert len(line(tally, 4.1, 94, 60)) <= 60 and clock(3725) == "1:02:05"
    pace = Pace(0.0)
    assert pace.left(1.0, tally) is None
    for second in range(1, 11):
        pace.ended(float(second), 5.0)
    assert pace.rate(10.0) == 1.0 and pace.left(10.0, Tally(100, 10, flight=5, waiting=85)) == 90.0
    assert Pace(0.0).rate(5.0) == 0.0


def test_ticks() -> None:
    ticks = Ticks(0.0)
    assert [ticks.due(at, Tally(100, done)) for at, done in ((0, 50), (1, 55), (2, 60), (3, 61), (33, 61), (34, 61))] == [
        False, False, True, False, True, False
    ]


def test_no_more_is_accepted_than_can_be_fetched() -> None:
    mega = 1 << 20
    assert may_send(Throttle(0, mega, 0.0, -1))[0] and may_send(Throttle(100, mega, mega, 1 << 40))[0]
    assert not may_send(Throttle(100, mega, 0.0, 50 * mega))[0]
    assert not may_send(Throttle(6 * 3600, mega, mega, 1 << 50))[0] and may_send(Throttle(6 * 3600 - 2, mega, mega, 1 << 50))[0]


@pytest.mark.parametrize("arguments, code", [
    ((0, 0, False, 0), 0), ((3, 0, False, 0), 3), ((3, 1, False, 4), 6), ((3, 1, True, 0), 130), ((0, 0, False, 4), 4),
    ((7, 0, False, 4), 7),
])
def test_exit_codes(arguments: Any, code: int) -> None:
    assert exit_code(*arguments) == code


def test_problems_are_grouped() -> None:
    found = Problems("f.csv")
    for row in range(1000):
        found.add(Problem("wrong", row + 1, row + 2, "count"))
    for kind in range(40):
        found.add(Problem(f"kind {kind}", 1, 2))
    shown = list(found.lines())
    assert found.count == 1040 and len(shown) == SHOWN + 1
    assert shown[0] == "f.csv:2, row 1, column count: wrong (1000 rows; the next: 3, 4, …)" and shown[-1] == "and 21 more"


def test_the_line_to_repeat_has_no_secret() -> None:
    words = ["batch", "my cats.csv", "-c", "tencent.secret_key=x", "--config=a.b=1", "-c", "x=1"]
    assert repeated(words, ["tencent.secret_key"]).text.endswith("batch 'my cats.csv' --config=a.b=1 -c x=1")
    words = ["batch", "x.csv", "--again", "a", "--again=b", "--retr", "failed", "--agai=c", "--out", "o"]
    assert repeated(words, [], ("--again", "--retry")).text.endswith("batch x.csv --out o")
    assert repeated(words, []).text.endswith(" ".join(words))
    assert shortened("a\n b" + "x" * 300).startswith("a b") and json.dumps(shortened("x" * 300)) != ""

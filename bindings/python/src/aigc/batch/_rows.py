"""Reads rows: from csv, tsv, jsonl and txt, plain or gzipped, and from what a program passes. Strict, and never guessing.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import sys
import zlib
from contextlib import nullcontext
from typing import (
    Any,
    BinaryIO,
    ContextManager,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Tuple,
    cast,
)

from ..request import Request, once
from ._cells import Cells, Read, Skipped
from ._numbers import as_written, parse_float, parse_int
from ._problems import Problem

FORMATS = ("csv", "tsv", "jsonl", "txt", "parquet")
_SUFFIXES = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".txt": "txt", ".parquet": "parquet"}
LINE_BYTES = 64 * 1024 * 1024
CELL = 1024 * 1024
"""The longest cell, in characters."""


class Source:
    """Rows, which are read once."""

    name = "rows"

    def read(self) -> Iterator[Read]:
        """From the first row. A Problem that ends the reading is the last."""
        raise NotImplementedError


class FileSource(Source):
    """A file, or "-" for standard input."""

    def __init__(self, path: str, format: Optional[str] = None, encoding: Optional[str] = None) -> None:
        self.name = "standard input" if path == "-" else path
        self._gzip = path.lower().endswith(".gz")
        base = path[:-3] if self._gzip else path
        self._format = format or _SUFFIXES.get(os.path.splitext(base.lower())[1], "")
        self._encoding = encoding
        self._path = path

    def read(self) -> Iterator[Read]:
        if self._format not in FORMATS:
            yield Problem(f"the name says no format: add --format, one of {', '.join(FORMATS)}")
            return
        if self._encoding is not None and not _is_encoding(self._encoding):
            yield Problem(f"there is no encoding {self._encoding!r}: it is utf-8, gbk, gb18030, utf-16 or another of Python's")
            return
        if self._format == "parquet":
            from ._parquet import read_parquet

            yield from read_parquet(self._path)
            return
        try:
            with self._open() as file:
                yield from _READERS[self._format](lines(file, self._encoding))
        except ReadError as error:
            yield error.problem
        except (OSError, EOFError, zlib.error) as error:
            yield Problem(f"the file cannot be read: {getattr(error, 'strerror', None) or error}")

    def _open(self) -> "ContextManager[BinaryIO]":
        if self._path == "-":
            return nullcontext(io.BytesIO() if sys.stdin is None else sys.stdin.buffer)
        if self._gzip:
            return cast(BinaryIO, gzip.open(self._path, "rb"))
        return open(self._path, "rb")


class ListSource(Source):
    """Rows of a program: mappings, texts (each a prompt) or Requests. Taken one after the other."""

    def __init__(self, rows: Iterable[Any]) -> None:
        if isinstance(rows, (bytes, bytearray, memoryview, Mapping, set, frozenset)) or not hasattr(rows, "__iter__"):
            raise TypeError(
                f"rows is a {type(rows).__name__}: it is a list of mappings, texts or Requests, or the path of a file"
            )
        self._rows = rows

    def read(self) -> Iterator[Read]:
        for number, row in enumerate(self._rows, 1):
            try:
                cells = as_cells(row)
            except (TypeError, ValueError) as error:
                raise TypeError(f"row {number}: {error}") from None
            yield Cells(number, 0, {name: as_written(cell) for name, cell in cells.items()})


def as_cells(row: Any) -> Dict[str, Any]:
    """A row of a program as columns."""
    if isinstance(row, str):
        return {"prompt": row}
    if isinstance(row, Request):
        cells = {"provider": row.provider, "operation": row.operation, **row.fields}
        if row.image_urls:
            cells["image_urls"] = [image if isinstance(image, str) else list(image) for image in row.image_urls]
        cells.update((f"body.{name}", value) for name, value in row.body.items())
        if row.key is not None:
            cells["key"] = row.key
        return cells
    if isinstance(row, Mapping):
        return {str(name): value for name, value in row.items()}
    raise TypeError(f"a row is a mapping, a text or a Request, and not a {type(row).__name__}")


class ReadError(Exception):
    """The rest of the file cannot be read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


class Line(NamedTuple):
    """A line of text with its end."""

    number: int
    text: str


def lines(file: BinaryIO, encoding: Optional[str]) -> Iterator[Line]:
    """The lines of a file, decoded strictly. Raises ReadError."""
    name = encoding or "utf-8"
    if not _has_lf(name):
        yield from _wide_lines(file, name)
        return
    number = 0
    while True:
        data = file.readline(LINE_BYTES)
        if not data:
            return
        number += 1
        if number == 1:
            if encoding is None and data[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise ReadError(Problem("the file is UTF-16: add --encoding utf-16, or save it as UTF-8", line=1))
            if data.startswith(b"\xef\xbb\xbf"):
                data = data[3:]
        if len(data) >= LINE_BYTES:
            raise ReadError(Problem(f"the line is longer than {LINE_BYTES >> 20} MiB: this is no text of rows", line=number))
        try:
            yield Line(number, data.decode(name))
        except UnicodeDecodeError as error:
            guess = "Excel in Chinese saves GBK: if this is GBK, add --encoding gbk"
            hint = guess if encoding is None else "try another --encoding"
            place = f"byte {error.start + 1} of the line is {data[error.start]:02X}"
            shown = "UTF-8" if encoding is None else name
            raise ReadError(Problem(f"the text is not {shown} ({place}). {hint}", line=number)) from None


def _wide_lines(file: BinaryIO, name: str) -> Iterator[Line]:
    text = io.TextIOWrapper(file, encoding=name, errors="strict", newline="")
    number = 0
    try:
        for line in text:
            number += 1
            yield Line(number, line.lstrip("\ufeff") if number == 1 else line)
    except UnicodeError as error:
        raise ReadError(Problem(f"the text is not {name}: {error}. Try another --encoding", line=number + 1)) from None


def read_txt(source: Iterator[Line]) -> Iterator[Read]:
    """Each line is a prompt."""
    row = 0
    for number, text in source:
        prompt = text.strip()
        if not prompt or prompt.startswith("#"):
            yield Skipped(number)
            continue
        row += 1
        yield Cells(row, number, {"prompt": prompt})
    if not row:
        yield Problem("the file holds no prompt: each line is one, without those that begin with #")


def read_jsonl(source: Iterator[Line]) -> Iterator[Read]:
    """Each line is a JSON object."""
    row = 0
    for number, text in source:
        if not text.strip():
            yield Skipped(number)
            continue
        row += 1
        try:
            value = json.loads(
                text, parse_float=parse_float, parse_int=parse_int, parse_constant=_no_constant, object_pairs_hook=once
            )
        except (ValueError, RecursionError) as error:
            yield Problem(f"the line is no JSON: {error}; each line is one object", row, number)
            continue
        if not isinstance(value, dict):
            yield Problem('the line is no JSON object, such as {"key": "cat-1", "prompt": "a cat"}', row, number)
            continue
        yield Cells(row, number, value)
    if not row:
        yield Problem("the file is empty: each line is a JSON object")


def read_csv(source: Iterator[Line]) -> Iterator[Read]:
    """Comma-separated, with a header."""
    return _read_table(source, ",")


def read_tsv(source: Iterator[Line]) -> Iterator[Read]:
    """Tab-separated, with a header."""
    return _read_table(source, "\t")


def _read_table(source: Iterator[Line], delimiter: str) -> Iterator[Read]:
    if csv.field_size_limit() < CELL:
        csv.field_size_limit(CELL)
    reader = csv.reader((line.text for line in source), delimiter=delimiter, strict=True)
    header: Optional[List[str]] = None
    row, last = 0, 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield Problem(_said(str(error), last + 1), row + 1, last + 1)
            return
        if cells is None:
            break
        first, last = last + 1, reader.line_num
        if not any(cells):
            yield Skipped(first)
            continue
        if header is None:
            wrong = _wrong_header(cells, delimiter)
            if wrong is not None:
                yield Problem(wrong, line=first)
                return
            header = [name.strip() for name in cells]
            continue
        row += 1
        if [cell.strip("\ufeff \t") for cell in cells] == header:
            yield Problem("the line is the header once more: were two files joined? leave the line out", row, first)
            continue
        if len(cells) != len(header):
            sizes = f"the row has {len(cells)} cells, and the header has {len(header)}"
            text = f"{sizes}: a cell that holds the separator needs quotes"
            yield Problem(text, row, first)
            continue
        long = next((name for name, cell in zip(header, cells) if len(cell) > CELL), None)
        if long is not None:
            yield Problem(_said("field larger than", first), row, first, long)
            continue
        yield Cells(row, first, dict(zip(header, map(_with_lf, cells))), is_table=True)
    if header is None:
        yield Problem("the file is empty: the first line names the columns, such as key,prompt")
    elif not row:
        yield Problem("the file has a header and no row")


def _with_lf(cell: str) -> str:
    """Editors and git save a file with other ends of its lines: that is no other text, and pays no row again."""
    return cell.replace("\r\n", "\n").replace("\r", "\n") if "\r" in cell else cell


def _wrong_header(names: List[str], delimiter: str) -> Optional[str]:
    stripped = [name.strip() for name in names]
    for number, name in enumerate(stripped, 1):
        if not name:
            return f"column {number} has no name in the first line: the first line names the columns, such as key,prompt"
        if stripped.index(name) != number - 1:
            return f"the column {name} is there twice: each name is there once"
    for other, called in ((";", "semicolons"), ("\t", "tabs: name it .tsv"), (",", "commas: name it .csv")):
        if len(names) == 1 and other != delimiter and other in names[0]:
            seems = f"the first line is one column, {names[0]!r}, which seems to be separated by {called}"
            return f"{seems}: save it with {delimiter!r}"
    return None


def _said(text: str, line: int) -> str:
    if "field larger than" in text:
        return f"a cell is longer than {CELL >> 20} MiB: is a quote not closed?"
    if "end of data" in text or "unexpected end" in text:
        return f"a quote that is opened at or behind line {line} is never closed"
    return f"the line is no row of a table: {text}"


_READERS = {"csv": read_csv, "tsv": read_tsv, "jsonl": read_jsonl, "txt": read_txt}


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _has_lf(name: str) -> bool:
    """Whether the byte 0A is the end of a line, as what reads lines as bytes needs it: not in UTF-16, whatever its name, and not
    in EBCDIC."""
    try:
        return "\n".encode(name) == b"\n"
    except (LookupError, ValueError):
        return False


def _is_encoding(name: str) -> bool:
    import codecs

    try:
        return bool(getattr(codecs.lookup(name), "_is_text_encoding", True))
    except (LookupError, ValueError):  # The name is not even a text.
        return False

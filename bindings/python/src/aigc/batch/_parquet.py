"""Rows of a Parquet file. Needs pyarrow: pip install "libaigc[parquet]"."""

from __future__ import annotations

from typing import Any, Dict, Iterator

from ._cells import Cells, Read
from ._numbers import narrowed, shape_of
from ._problems import Problem


def read_parquet(path: str) -> Iterator[Read]:
    """In batches: memory does not grow with the rows."""
    try:
        from importlib import import_module

        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        yield Problem('reading Parquet needs pyarrow: pip install "libaigc[parquet]"')
        return
    row = 0
    try:
        file = parquet.ParquetFile(path)
        names = file.schema_arrow.names
        twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
        if twice is not None:  # A row would take one of them without a word.
            yield Problem(f"the column {twice} is there twice: each name is there once")
            return
        shapes = {str(field.name): shape_of(field.type) for field in file.schema_arrow}
        for batch in file.iter_batches(batch_size=1000):
            for cells in batch.to_pylist():
                row += 1
                found: Dict[str, Any] = {str(name): narrowed(value, shapes[str(name)]) for name, value in cells.items()}
                yield Cells(row, 0, found)
    except OSError as error:
        yield Problem(f"the file cannot be read: {error.strerror or error}")
        return
    except Exception as error:  # pyarrow has errors of its own.
        yield Problem(f"the file is no Parquet: {error}")
        return
    if not row:
        yield Problem("the file has no row")

"""Batches of data frames: pandas and polars, each row with new columns, in the same order."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from typing import Any, Dict, Iterable, List, Mapping, Optional, TypeVar

from ..enums import Status
from ._api import PlanError, as_completed
from ._keys import is_gap
from ._numbers import narrowed, shape_of
from ._results import RowResult
from ._settings import PathLike

FrameT = TypeVar("FrameT")


def run_frame(
    frame: FrameT,
    *,
    out: PathLike,
    max_jobs: Optional[int] = None,
    journal: Optional[PathLike] = None,
    config: Optional[Mapping[str, Any]] = None,
    prefix: str = "aigc_",
    **options: Any,
) -> FrameT:
    """A new frame of pandas or polars with the same rows in the same order (and index), and the columns aigc_state (see
    RowResult.state), aigc_path (of the first image), aigc_paths, aigc_remote_id and aigc_error. Columns that are no field go
    along by themselves: only "key", "provider", "operation", fields and what a template names are read; a name that is nearly
    one of them is an error, unless `drop` has it. See run()."""
    _kind(frame)
    if not isinstance(prefix, str):
        raise TypeError(f"prefix is {prefix!r}: it is a text that goes before the names of the new columns")
    if options.get("repeat", 1) != 1:
        raise ValueError("repeat makes several results of one row: repeat the rows of the frame instead")
    rows = _taken(frame, options)
    ended: Dict[int, RowResult] = {}
    for result in as_completed(rows, out=out, max_jobs=max_jobs, journal=journal, config=config, **options):
        ended[result.row] = result
    found = [ended.get(number) for number in range(1, len(rows) + 1)]
    made: Dict[str, List[Any]] = {
        "state": [None if row is None else row.state for row in found],
        "path": [None if row is None or not row.files else row.files[0] for row in found],
        "paths": [[] if row is None else row.files for row in found],
        "remote_id": [None if row is None else row.remote_id for row in found],
        "error": [None if row is None or row.state == "done" else row.error for row in found],
    }
    whole: FrameT = _with(frame, {prefix + name: values for name, values in made.items()})
    return whole


def _kind(frame: Any) -> str:
    module = type(frame).__module__.partition(".")[0]
    if module not in ("pandas", "polars") or not hasattr(frame, "columns"):
        raise TypeError(f"run_frame() takes a DataFrame of pandas or polars, and not a {type(frame).__name__}")
    return module


def readable(names: Iterable[str], options: Mapping[str, Any]) -> List[str]:
    """Which columns are read. Raises PlanError for a name that is nearly that of a field."""
    from ..describe import _fields, _operations
    from ._columns import _names_in
    from ._names import columns_of
    from ._options import DEFAULT_TEMPLATE

    known = {"key", "custom_id", "provider", "operation", *options.get("map", {}), *options.get("keep", ())}
    known |= columns_of(options.get("name_template", DEFAULT_TEMPLATE)) | _names_in(options.get("prompt") or "")
    for operation in _operations():
        if operation.kind == "submit":
            known.update(field.name for field in _fields(operation.provider, operation.operation))
    columns: List[str] = []
    for name in names:
        near = get_close_matches(name.lower(), known, 1, 0.8)
        if name in known or name.startswith("body."):
            columns.append(name)
        elif near and name not in options.get("drop", ()):
            raise PlanError(
                f"the column {name} is read as no field (did you mean {near[0]}?): rename it, or name it in drop",
                status=Status.INVALID_ARGUMENT, field=name,
            )
    return columns


def _taken(frame: Any, options: Mapping[str, Any]) -> List[Dict[str, Any]]:
    """The rows, with the columns that are read."""
    rows: List[Dict[str, Any]] = [{} for _ in range(len(frame))]
    renamed: Mapping[str, str] = options.get("map", {})
    for name in readable(map(str, frame.columns), options):
        values = frame[name].tolist() if _kind(frame) == "pandas" else frame[name].to_list()
        shape = shape_of(frame[name].dtype)
        for row, value in zip(rows, values):
            if not is_gap(value):
                row[name] = narrowed(value, shape)
            elif renamed.get(name, name) in ("key", "custom_id"):
                row[name] = None  # Said to be empty, as in a file: such a row is no row without a key.
    return rows


def _with(frame: Any, made: Mapping[str, List[Any]]) -> Any:
    if _kind(frame) == "pandas":
        copy = frame.copy()
        for name, values in made.items():
            copy[name] = sys.modules["pandas"].Series(values, index=frame.index, dtype=object)
        return copy
    polars = sys.modules["polars"]
    kinds = {"paths": polars.List(polars.String)}
    return frame.with_columns(
        [polars.Series(name, values, dtype=kinds.get(name.rpartition("_")[2], polars.String)) for name, values in made.items()]
    )

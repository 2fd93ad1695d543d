#!/usr/bin/env python3
"""The operations of the library and their fields, as data: operations.json beside this file.

    operations.py LIBRARY           writes operations.json from a built library
    operations.py LIBRARY --check   writes nothing; ends with 1 if the file differs from the library

Typed requests of the bindings are generated from this file (generate.py), which needs no build.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

FILE = Path(__file__).with_name("operations.json")


class Field(NamedTuple):
    """A field: its neutral name, its type in the header's words, and one sentence."""

    name: str
    type: str
    required: bool
    wire_name: str
    text: str


class Operation(NamedTuple):
    """An operation. kind is "submit" (costs money) or "fetch" (free of charge)."""

    provider: str
    name: str
    kind: str
    wire_name: str
    fields: Tuple[Field, ...]

    @property
    def images(self) -> bool:
        """Whether the operation takes reference images."""
        return any(f.type == "image_url" for f in self.fields)

    @property
    def plain(self) -> List[Field]:
        """The fields without reference images: required ones first, prompt before all."""
        plain = [f for f in self.fields if f.type != "image_url"]
        return sorted(plain, key=lambda f: (f.name != "prompt", not f.required))


def operations() -> List[Operation]:
    """What operations.json holds."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))
    return [Operation(**{**row, "fields": tuple(Field(**f) for f in row["fields"])}) for row in rows]


def texts(count: int) -> List[Any]:
    """Places for strings."""
    return [ctypes.c_char_p() for _ in range(count)]


def rows_of(path: str) -> List[Dict[str, Any]]:
    """What a built library says."""
    library = ctypes.CDLL(path)
    place = ctypes.POINTER(ctypes.c_char_p)
    library.aigc_operation_at.argtypes = [ctypes.c_size_t] + [place] * 4
    library.aigc_request_describe.argtypes = [
        ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t, place, place, ctypes.POINTER(ctypes.c_int32), place, place,
    ]
    rows: List[Dict[str, Any]] = []
    out = texts(4)
    while library.aigc_operation_at(len(rows), *map(ctypes.byref, out)) == 0:
        provider, name, kind, wire = [o.value.decode() for o in out]
        fields: List[Dict[str, Any]] = []
        given = texts(4)
        required = ctypes.c_int32()
        while (
            library.aigc_request_describe(
                provider.encode(), name.encode(), len(fields), ctypes.byref(given[0]), ctypes.byref(given[1]),
                ctypes.byref(required), ctypes.byref(given[2]), ctypes.byref(given[3]),
            )
            == 0
        ):
            field, type_name, field_wire, text = [g.value.decode() for g in given]
            fields.append(
                {"name": field, "type": type_name, "required": bool(required.value), "wire_name": field_wire, "text": text}
            )
        rows.append({"provider": provider, "name": name, "kind": kind, "wire_name": wire, "fields": fields})
    return rows


def main() -> int:
    """Write or check."""
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--check"]):
        raise SystemExit(__doc__)
    text = json.dumps(rows_of(sys.argv[1]), indent=1, ensure_ascii=False) + "\n"
    same = FILE.exists() and FILE.read_text(encoding="utf-8") == text
    if same:
        return 0
    if sys.argv[2:]:
        print("operations.json differs from the library: run Tests/tools/operations.py LIBRARY, then generate.py")
        return 1
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""_native.py and enums.py say what include/aigc.h says: every function, every type, every constant."""

from __future__ import annotations

import re
from ctypes import c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p
from typing import Any, Dict, List, Tuple

from aigc import _native, enums
from support import HEADER

TEXT = re.sub(r"/\*.*?\*/", " ", HEADER.read_text(encoding="utf-8"), flags=re.S)

PLAIN: Dict[str, Any] = {
    "void": None,
    "int32_t": c_int32,
    "aigc_status": c_int32,
    "int64_t": c_int64,
    "uint64_t": c_uint64,
    "size_t": c_size_t,
    "double": c_double,
    "aigc_event_handler": _native.event_handler,
    "const char *": c_char_p,
    "const char **": _native.char_pp,
    "const void *": c_void_p,
    "void *": c_void_p,
    "int32_t *": _native.int32_p,
    "aigc_status *": _native.int32_p,
    "int64_t *": _native.int64_p,
    "size_t *": _native.size_p,
}


def ctype(text: str) -> Any:
    """The ctypes type of a C type."""
    text = re.sub(r"\s*(\*+)\s*", r" \1", " ".join(text.split())).strip()
    if text in PLAIN:
        return PLAIN[text]
    match = re.fullmatch(r"(?:const )?aigc_(\w+) (\*{1,2})", text)
    assert match, f"the test does not know the type {text!r}"
    return getattr(_native, f"{match[1]}_{'p' * len(match[2])}")


def functions() -> Dict[str, Tuple[Any, List[Any]]]:
    found: Dict[str, Tuple[Any, List[Any]]] = {}
    for result, name, parameters in re.findall(r"^([a-z][\w ]*?[ *]+)(aigc_\w+)\(([^()]*)\);", TEXT, flags=re.M):
        types = [] if parameters.strip() == "void" else [re.sub(r"\w+$", "", p.strip()) for p in parameters.split(",")]
        found[name] = (ctype(result), [ctype(t) for t in types])
    return found


def constants() -> Dict[str, Any]:
    found: Dict[str, Any] = {}
    for name, value in re.findall(r"\b(AIGC_\w+) = (-?\d+)", TEXT):
        found[name] = int(value)
    for name, value in re.findall(r"^#define (AIGC_\w+) (\S.*)$", TEXT, flags=re.M):
        if value.startswith('"'):
            found[name] = value.strip('"')
        elif re.fullmatch(r"-?\d+", value):
            found[name] = int(value)
        elif value == "INT64_C(-1)":
            found[name] = -1
        else:
            assert name == "AIGC_VERSION_NUMBER", f"the test does not know how to read {name}"
    return found


def test_the_parser_sees_every_function() -> None:
    declared = set(re.findall(r"\b(aigc_\w+)\(", TEXT))
    assert len(declared) > 80
    assert set(functions()) == declared


def test_functions_and_types() -> None:
    header = functions()
    assert list(_native.FUNCTIONS) == list(header)
    for name, declaration in header.items():
        assert _native.FUNCTIONS[name] == declaration, name


def test_constants() -> None:
    python: Dict[str, Any] = dict(_native.CONSTANTS)
    python["AIGC_OK"] = int(enums.Status.OK)
    for prefix, enum in (
        ("AIGC_E_", enums.Status),
        ("AIGC_OUTCOME_", enums.Outcome),
        ("AIGC_STATE_", enums.State),
        ("AIGC_EVENT_", enums.EventType),
        ("AIGC_LOG_", enums.LogLevel),
    ):
        python.update({prefix + member.name: int(member) for member in enum if (prefix, member) != ("AIGC_E_", 0)})
    assert python == constants()


def test_opaque_types() -> None:
    declared = set(re.findall(r"typedef struct (aigc_\w+) \1;", TEXT))
    assert declared == {name for name in vars(_native) if name.startswith("aigc_")}


def test_the_library_has_them_all(library: str) -> None:
    import ctypes

    loaded = ctypes.CDLL(library)
    assert [name for name in _native.FUNCTIONS if not hasattr(loaded, name)] == []


def test_statuses_of_the_library(library: str) -> None:
    from aigc._library import lib

    found = {}
    value = c_int32()
    while lib().aigc_status_at(len(found), value) == 0:
        found[lib().aigc_status_name(value.value).decode()] = value.value
        assert lib().aigc_status_text(value.value)
    expected = {f"AIGC_E_{status.name}": int(status) for status in enums.Status if status}
    assert found == {"AIGC_OK": 0, **expected}

"""Importing the package is free: no library, no thread, no descriptor, next to no time."""

from __future__ import annotations

from support import python

QUIET = """
import os, sys, threading
def descriptors():
    paths = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
    return sorted(os.readlink(path) for path in paths if os.path.exists(path))
before = set(sys.modules), descriptors()
import aigc
MORE
assert threading.active_count() == 1
assert descriptors() == before[1]
assert "libaigc" not in open("/proc/self/maps").read()
heavy = {"asyncio", "ctypes", "dataclasses", "rich", "socket", "ssl", "subprocess", "argparse"}
new = {name.partition(".")[0] for name in set(sys.modules) - before[0]}
print(sorted(new & heavy))
"""


def test_import_brings_nothing_heavy() -> None:
    result = python(QUIET.replace("MORE", ""), AIGC_LIBRARY="/nowhere/libaigc.so")
    assert (result.stdout, result.stderr) == ("[]\n", "")


def test_names_bring_ctypes_and_no_library() -> None:
    result = python(
        QUIET.replace("MORE", "aigc.Client, aigc.Request, aigc.AigcError"), AIGC_LIBRARY="/nowhere/libaigc.so"
    )
    assert (result.stdout, result.stderr) == ("['ctypes']\n", "")


# Processor time: how busy the machine is does not count.


def test_import_time() -> None:
    code = "import time; t = time.process_time(); import aigc; print((time.process_time() - t) * 1000)"
    best = min(float(python(code).stdout) for _ in range(5))
    assert best < 30, f"import aigc took {best:.1f} ms"


def test_import_time_of_the_client() -> None:
    code = "import time; t = time.process_time(); from aigc import Client; print((time.process_time() - t) * 1000)"
    best = min(float(python(code).stdout) for _ in range(5))
    assert best < 100, f"from aigc import Client took {best:.1f} ms"


def test_every_name_is_there() -> None:
    code = "import aigc; a = aigc.__all__; [getattr(aigc, name) for name in a]; print(len(a) == len(set(a)))"
    assert python(code).stdout == "True\n"
    assert "has no attribute 'nonsense'" in python("import aigc; aigc.nonsense").stderr


def test_declared_names_are_the_lazy_names() -> None:
    import ast

    import aigc

    tree = ast.parse(open(str(aigc.__file__), encoding="utf-8").read())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    declared = {}
    for statement in block.body:
        assert isinstance(statement, ast.ImportFrom)
        for alias in statement.names:
            declared[alias.name] = statement.module
    assert {name: home for name, home in declared.items() if home} == aigc._HOME
    assert {name for name, home in declared.items() if not home} == set(aigc._MODULES)

"""What the wheel must do in a Python that knows nothing of this project: one fact each, by its name.

usage: python.py import | job | asyncio | fork | spawn | exit      in an environment with the wheel and nothing else
       python.py words FOLDER                                      the sources, read as Python 3.9

Runs under Python 3.9 itself. AIGC_TEST_CONFIG has the keys that lead to the sandbox.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List

# What "import aigc" must not do: these are the audit events of CPython.
FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.fork",
    "os.posix_spawn",
    "ctypes.dlopen",
    "_thread.start_new_thread",
    "urllib.",
)
QUIET = """
import sys
seen = []
sys.addaudithook(lambda event, arguments: seen.append(event))
import aigc
import os
assert len(os.listdir("/proc/self/task")) == 1, "threads"
assert "libaigc" not in open("/proc/self/maps").read(), "the library is loaded"
bad = [event for event in seen if event.startswith(%r)]
assert not bad, bad
"""
# Time of this process: what else the machine does meanwhile is not the package's.
TIMED = "import time; begin = time.process_time(); import aigc; print((time.process_time() - begin) * 1000)"
# Modules, and names of modules of the standard library, that came after 3.9; and built-in ones.
LATER = {
    "tomllib",
    "TaskGroup",
    "Runner",
    "pairwise",
    "batched",
    "StrEnum",
    "Self",
    "ParamSpec",
    "TypeAlias",
    "TypeGuard",
    "Never",
    "LiteralString",
    "override",
    "Unpack",
    "NotRequired",
    "Required",
    "assert_never",
    "reveal_type",
    "timeout_at",
    "EnumType",
    "KW_ONLY",
    "UTC",
    "file_digest",
    "getencoding",
    "process_cpu_count",
    "bit_count",
    "add_note",
    "is_junction",
}
BUILT_IN = {"ExceptionGroup", "BaseExceptionGroup", "aiter", "anext", "EncodingWarning", "PythonFinalizationError"}


def keys() -> Dict[str, str]:
    """The configuration that leads to the sandbox."""
    pairs = (line.partition("=") for line in os.environ["AIGC_TEST_CONFIG"].split("\n"))
    return {key: value for key, _, value in pairs}


def own() -> None:
    """The package and the library in use are those of this environment."""
    import aigc

    aigc.version()
    with open("/proc/self/maps", encoding="utf-8") as maps:
        loaded = {line.split(None, 5)[-1].strip() for line in maps if "/libaigc.so" in line}
    assert len(loaded) == 1 and all(
        os.path.realpath(path).startswith(os.path.realpath(sys.prefix)) for path in loaded
    ), loaded


def quick_import() -> None:
    """Quiet, and the best of five within 30 ms."""
    subprocess.run([sys.executable, "-c", QUIET % (FORBIDDEN,)], check=True)
    command = [sys.executable, "-c", TIMED]
    took = [
        float(subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout) for _ in range(5)
    ]
    assert min(took) < 30, "import aigc took %.1f ms" % min(took)
    print("import aigc took %.1f ms" % min(took))


def job() -> None:
    """From a request to an image, by the package and by its command."""
    import aigc

    own()
    with tempfile.TemporaryDirectory() as folder:
        with aigc.Client(keys()) as client:
            (image,) = client.generate("tencent", "aigc_image", prompt="a cat", out=folder)
            assert image.path and Path(image.path).stat().st_size > 100
        options = [part for pair in keys().items() for part in ("-c", "%s=%s" % pair)]
        command = [str(Path(sys.executable).with_name("aigc")), "generate", *options, "--provider", "tencent", "a dog"]
        subprocess.run([*command, "--out", folder], check=True, stdout=subprocess.DEVNULL)
        assert len(os.listdir(folder)) == 2


def loop() -> None:
    """Several at once, without a thread of Python's."""
    import asyncio
    import threading

    import aigc.aio

    async def main() -> None:
        async with aigc.aio.Client(keys()) as client:
            jobs = [client.submit("tencent", "aigc_image", prompt="cat %d" % number) for number in range(4)]
            for done in await asyncio.gather(*(one.wait(30) for one in jobs)):
                assert (await done.download(0).wait()).data
            assert threading.active_count() == 1

    asyncio.run(main())


def size(number: int) -> int:
    """In a worker: the size of an image of its own."""
    import aigc

    with aigc.Client(keys()) as client:
        (image,) = client.generate("tencent", "aigc_image", prompt="cat %d" % number)
        return len(image.data)


def pool(method: str) -> None:
    """A client in the parent with a job that keeps running, workers with clients of their own."""
    import multiprocessing

    import aigc

    with aigc.Client(keys()) as client:
        waiting = client.submit("tencent", "aigc_image", prompt="[slow] cat")
        while waiting.remote_id is None:
            pass
        with multiprocessing.get_context(method).Pool(3) as workers:
            sizes = workers.map(size, range(6))
        assert len(sizes) == 6 and min(sizes) > 100
        waiting.wait(30)


def leave() -> None:
    """With jobs, a thread that waits and a cycle: with 0, within seconds, and no word but the tokens of accepted jobs."""
    code = (
        "import aigc, threading, sys; client = aigc.Client(%r)\n"
        "jobs = [client.submit('tencent', 'aigc_image', prompt='[never] cat') for _ in range(3)]\n"
        "def wait():\n    try:\n        jobs[0].wait()\n    except aigc.AigcError:\n        pass\n"
        "threading.Thread(target=wait, daemon=True).start(); kept = [client, jobs]; kept.append(kept)\n"
    ) % (keys(),)
    for more in ("", "del client, jobs, kept", "sys.exit(0)"):
        said = subprocess.run([sys.executable, "-W", "error", "-c", code + more], stderr=subprocess.PIPE, timeout=30)
        lines = said.stderr.decode().splitlines()
        expected = "a job that was given up here keeps running at the provider"
        strange = [line for line in lines if not line.startswith(expected)]
        assert (said.returncode, strange) == (0, []), (more, said)


def words(folder: str) -> None:
    """Syntax of 3.9, and no name of the standard library that came later: for machines that have no 3.9."""
    count = 0
    wrong: List[str] = []
    for path in sorted(Path(folder).rglob("*.py")):
        count += 1
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text, str(path), feature_version=(3, 9))
        evaluated = "from __future__ import annotations" not in text
        for node in ast.walk(tree):
            names = [node.attr] if isinstance(node, ast.Attribute) else []
            if isinstance(node, (ast.Import, ast.ImportFrom)) and not getattr(node, "level", 0):  # Not of the package.
                names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            later = [name for name in names if name in LATER]
            later += [node.id] if isinstance(node, ast.Name) and node.id in BUILT_IN else []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "zip":
                later += ["zip(strict)" for k in node.keywords if k.arg == "strict"]
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "dataclass":
                later += ["dataclass(%s)" % k.arg for k in node.keywords if k.arg in ("slots", "kw_only")]
            if isinstance(node, ast.Match if sys.version_info >= (3, 10) else ()):
                later.append("match")
            if evaluated and isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
                parts = [getattr(part, "id", "") for part in (node.left, node.right)]
                later += ["X | Y as a type"] if any(part in ("int", "str", "bytes", "float") for part in parts) else []
            wrong += ["%s:%d: %s came after 3.9" % (path, getattr(node, "lineno", 0), one) for one in later]
    assert count > 20, "only %d files" % count
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    what, arguments = sys.argv[1], sys.argv[2:]
    {
        "import": quick_import,
        "job": job,
        "asyncio": loop,
        "fork": lambda: pool("fork"),
        "spawn": lambda: pool("spawn"),
        "exit": leave,
        "words": lambda: words(*arguments),
    }[what]()

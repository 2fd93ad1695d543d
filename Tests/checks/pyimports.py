#!/usr/bin/env python3
"""The modules of the Python package import in one direction, and its client is typed without exceptions.

Every import counts: at the top, inside a function, and under TYPE_CHECKING.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Set

from tap import ROOT, Report, where

SOURCES = ROOT / "bindings" / "python" / "src"
PACKAGE = "aigc"
# Where nothing may silence the type checker: all but what is generated from tables.
TYPED = SOURCES / PACKAGE


def modules(sources: Path) -> Dict[str, Path]:
    """The modules of the package by their full names."""
    found = {}
    for path in sorted((sources / PACKAGE).rglob("*.py")):
        parts = list(path.relative_to(sources).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(name: str, path: Path, known: Dict[str, Path]) -> Set[str]:
    """The modules of the package that a module imports."""
    found: Set[str] = set()
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join(parts[: len(parts) - node.level + 1] + ([node.module] if node.module else []))
            for alias in node.names:
                inner = base + "." + alias.name
                found.add(inner if inner in known else base)
    return {module for module in found if module in known and module != name}


def cycles(graph: Dict[str, Set[str]]) -> Iterator[List[str]]:
    """The strongly connected parts of more than one module, by Tarjan's algorithm."""
    index: Dict[str, int] = {}
    low: Dict[str, int] = {}
    stack: List[str] = []
    found: List[List[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            part = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(part) > 1:
                found.append(sorted(part))

    for name in sorted(graph):
        if name not in index:
            visit(name)
    yield from found


def complaints(graph: Dict[str, Set[str]]) -> Iterator[str]:
    """A line a cycle, with its imports."""
    for part in cycles(graph):
        arrows = ["%s -> %s" % (a, b) for a in part for b in sorted(graph[a]) if b in part]
        yield "a cycle of %s: %s" % (", ".join(part), "; ".join(arrows))


def ignored(folder: Path) -> Iterator[str]:
    """Comments that silence the type checker."""
    for path in sorted(folder.rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if "type: " + "ignore" in line:
                yield where(path, number)


def main() -> int:
    """Look."""
    report = Report()
    known = modules(SOURCES)
    # The package itself only lists names for its users: nothing inside imports names from it.
    graph = {name: imported(name, path, known) for name, path in known.items()}
    edges = sum(len(others) for others in graph.values())
    report.rule(
        "the check of imports sees a cycle",
        [] if list(cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == [["a", "b", "c"]] and edges > 100
        else ["it does not (%d imports seen)" % edges],
    )
    report.rule("the Python package has no import cycle (%d modules)" % len(known), complaints(graph))
    report.rule("nothing in the Python package silences the type checker", ignored(TYPED))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

"""Reads alerts.yml and dashboard.json of a folder, and compares what they name with what a client's metrics are."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Dict, List, Set

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bindings" / "python" / "src"), str(ROOT / "Tests" / "tools")]

import header  # noqa: E402


def metrics() -> Dict[str, str]:
    """Every metric and its kind."""
    text = (ROOT / "bindings" / "python" / "src" / "aigc" / "prometheus.py").read_text(encoding="utf-8")
    rows = re.findall(r'page\.(family|histogram)\(\s*"(\w+)",\s*(?:"(\w+)")?', text)
    return {name: kind or sort for sort, name, kind in rows}


def wrong(expression: str, known: Dict[str, str], statuses: Set[str]) -> List[str]:
    """What an expression names that does not exist."""
    found = []
    for name in re.findall(r"\baigc_\w+", expression):
        plain = re.sub(r"_(bucket|sum|count)$", "", name)
        if name not in known and known.get(plain) != "histogram":
            found.append("there is no metric %s" % name)
        if known.get(name) == "counter" and not re.search(r"(rate|increase)\(%s" % name, expression):
            found.append("%s is a counter: take its rate" % name)
    for choice in re.findall(r'status=~"AIGC_E_\(([^)]*)\)"', expression):
        found += ["there is no AIGC_E_%s" % one for one in choice.split("|") if "AIGC_E_" + one not in statuses]
    if expression.count("(") != expression.count(")"):
        found.append("a bracket is missing: %s" % expression)
    return found


def main() -> int:
    """Look."""
    folder = Path(sys.argv[1])
    known = metrics()
    statuses = {c.name for e in header.enumerations() for c in e.constants}
    alerts = (folder / "alerts.yml").read_text(encoding="utf-8")
    expressions = re.findall(r"^\s+expr: (.*)$", alerts, re.M)
    names = re.findall(r"alert: (\w+)", alerts)
    problems = [] if len(expressions) == len(names) == len(set(names)) >= 5 else ["alerts.yml was not understood"]
    board = json.loads((folder / "dashboard.json").read_text(encoding="utf-8"))
    expressions += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    for expression in expressions:
        problems += wrong(expression, known, statuses)
    print("\n".join(problems))
    return 1 if problems or len(known) < 15 or len(expressions) < 12 else 0


if __name__ == "__main__":
    sys.exit(main())

"""What one look at an empty queue of events costs in each language, as its binding offers it."""

from __future__ import annotations

import subprocess
from typing import List

from lab import ROOT, Lab, Measures, Row, say

BUILD = """
set -euo pipefail
root=$1 out=$2 python=$3 library=$4 prefix=$2/prefix
bash "$root/bindings/c/build.sh" --from "$library" --to "$out/install" >"$out/install.log"
rm -rf "$prefix"
bash "$root/bindings/c/install.sh" --from "$out/install" --prefix "$prefix" >>"$out/install.log"
. "$root/Tests/packaging/programs.sh"
programs "$out/programs"
"""
NAMES = {"c": "C", "python": "Python", "go": "Go", "rust": "Rust", "ruby": "Ruby", "php": "PHP", "node": "Node.js",
         "java": "Java", "csharp": "C# on mono"}


def events(lab: Lab) -> List[Row]:
    """aigc_client_next_event(0), best of five rounds; C beside each."""
    built = subprocess.run(
        ["bash", "-c", BUILD, "bash", str(ROOT), str(lab.out), str(lab.python), str(lab.library)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, encoding="utf-8", timeout=1800)
    if built.returncode != 0:
        raise RuntimeError(built.stderr[-2000:])
    for line in built.stderr.splitlines():
        say("left out: " + line)
    config = "\n".join("tencent.%s=%s" % pair for pair in
                       (("endpoint", "http://127.0.0.1:1"), ("secret_id", "x"), ("secret_key", "x")))
    figures = {}
    for line in built.stdout.splitlines():
        name, *command = line.split("\t")
        said = lab.run(*command, "events", lab.count(50000), AIGC_TEST_CONFIG=config)
        figures[name] = float(said)  # type: ignore[arg-type]
    return [Row("a look at an empty queue of events: " + NAMES[name], "ns", figure, figures["c"], "-", None,
                figure / figures["c"]) for name, figure in figures.items()]


MEASURES: Measures = [("languages", events)]

#!/usr/bin/env python3
"""Write what other files repeat of include/aigc.h, so that nobody copies a name, a number or a type by hand.

    generate.py           writes every generated file and region that is stale, and names them
    generate.py --check   writes nothing; names what is stale and ends with 1 if anything is

Whole files are generated, or the lines between "generated: NAME" and "end of generated". What statuses say beyond the
header (the sentence of aigc_status_text(), the guide's columns) stands in statuses.tsv beside this file. A language is a
function in OUTPUTS: a new one adds a file to this folder and a line there.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional

import emit_csharp
import emit_go
import emit_guide
import emit_java
import emit_node
import emit_operations
import emit_outcome
import emit_php
import emit_picture
import emit_python
import emit_reference
import emit_ruby
import emit_rust
import emit_swift
import header

ROOT = Path(__file__).resolve().parents[2]


class Output(NamedTuple):
    """A generated file, or a region of one: which file, which region, and what makes its text."""

    path: str
    region: Optional[str]
    make: Callable[[], str]


OUTPUTS: List[Output] = [
    Output("Sources/aigc/exports.map", None, header.exports),
    Output("bindings/debian/libaigc1.symbols", None, header.debian_symbols),
    Output("Sources/Core/Status.swift", "statuses", emit_swift.cases),
    Output("Sources/AigcABI/StatusABI.swift", "statuses", emit_swift.entries),
    Output("bindings/python/src/aigc/_native.py", None, emit_python.native),
    *(
        Output("bindings/python/src/aigc/enums.py", name, lambda name=name: emit_python.members(name))  # type: ignore
        for name in emit_python.ENUMERATIONS
    ),
    Output("bindings/rust/src/sys.rs", None, emit_rust.sys),
    Output("bindings/rust/src/status.rs", "constants", emit_rust.constants),
    Output("bindings/rust/src/lib.rs", "names", emit_rust.names),
    Output("bindings/go/constants.go", None, emit_go.constants),
    Output("bindings/python/src/aigc/typed.py", None, emit_operations.python),
    Output("bindings/go/operations.go", None, emit_operations.go),
    Output("bindings/rust/src/operations.rs", None, emit_operations.rust),
    Output("bindings/ruby/aigc.rb", "declarations", emit_ruby.declarations),
    Output("bindings/ruby/aigc.rb", "operations", emit_ruby.typed),
    Output("bindings/php/aigc.php", "constants", emit_php.constants),
    Output("bindings/php/aigc.php", "declarations", emit_php.declarations),
    Output("bindings/php/aigc.php", "operations", emit_php.typed),
    Output("bindings/node/functions.h", None, emit_node.functions),
    Output("bindings/node/index.js", "constants", emit_node.constants),
    Output("bindings/node/index.js", "statuses", emit_node.status_names),
    Output("bindings/node/index.js", "operations", emit_node.typed),
    Output("bindings/node/index.d.ts", "constants", emit_node.constants_ts),
    Output("bindings/node/index.d.ts", "options", emit_node.options_ts),
    Output("bindings/node/index.d.ts", "operations", emit_node.typed_ts),
    Output("bindings/java/src/main/java/aigc/Native.java", None, emit_java.native),
    Output("bindings/java/src/main/java/aigc/Constants.java", None, emit_java.constants),
    Output("bindings/java/src/main/java/aigc/Alibaba.java", None, lambda: emit_java.typed("alibaba")),
    Output("bindings/java/src/main/java/aigc/Tencent.java", None, lambda: emit_java.typed("tencent")),
    Output("bindings/csharp/src/Native.cs", None, emit_csharp.native),
    Output("bindings/csharp/src/Constants.cs", None, emit_csharp.constants),
    Output("bindings/csharp/src/Operations.cs", None, emit_csharp.typed),
    *(
        Output(path, "outcome", lambda language=language: emit_outcome.emit(language))  # type: ignore
        for language, path in emit_outcome.PLACES.items()
    ),
    *(Output(path, None, make) for path, make in emit_reference.PAGES.items()),
    Output("bindings/guide/errors.md", "statuses", emit_guide.statuses_table),
    Output("bindings/guide/job.svg", None, emit_picture.job),
]


def replaced(text: str, region: str, inside: str, path: str) -> str:
    """The text of a file with another text in a region. The lines of the two marks stay as they are."""
    shape = r"(^[^\n]*\bgenerated: %s\b[^\n]*\n)(.*?)(^[^\n]*\bend of generated\b)" % re.escape(region)
    found = re.findall(shape, text, flags=re.M | re.S)
    if len(found) != 1:
        raise SystemExit("generate.py: %s has %d regions \"generated: %s\"" % (path, len(found), region))
    return re.sub(shape, lambda m: m.group(1) + inside + m.group(3), text, flags=re.M | re.S)


def texts() -> Dict[str, str]:
    """What every file with something generated should hold."""
    wanted: Dict[str, str] = {}
    for output in OUTPUTS:
        if output.region is None:
            wanted[output.path] = output.make()
            continue
        text = wanted.get(output.path) or (ROOT / output.path).read_text(encoding="utf-8")
        wanted[output.path] = replaced(text, output.region, output.make(), output.path)
    return wanted


def is_current(name: str, text: str) -> bool:
    """Whether a file holds this text."""
    path = ROOT / name
    return path.exists() and path.read_text(encoding="utf-8") == text


def main() -> int:
    """Write or check."""
    if sys.argv[1:] not in ([], ["--check"]):
        raise SystemExit(__doc__)
    stale = []
    for name, text in texts().items():
        if not is_current(name, text):
            stale.append(name)
            if not sys.argv[1:]:
                (ROOT / name).write_text(text, encoding="utf-8")
    for name in stale:
        print(("stale: " if sys.argv[1:] else "wrote ") + name)
    return 1 if stale and sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())

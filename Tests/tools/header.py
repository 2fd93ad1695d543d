#!/usr/bin/env python3
"""Read include/aigc.h: what the checks, the version script and the generated test tables are made from.

    header.py functions     the functions, one name a line, in the order of the header
    header.py exports       the linker's version script (Sources/aigc/exports.map)
    header.py symbols       the symbols file of the Debian package (bindings/debian/libaigc1.symbols)
    header.py null-table    C code that calls every function with NULL pointers (Tests/c/null.c includes it)
    header.py stub          C code of a library that does nothing, to link test programs against
    header.py version       "1.0.0"

The header is C without tricks, so a few regular expressions are enough; what they do not understand is an error.
"""

import re
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple, Union

HEADER = Path(__file__).resolve().parents[2] / "include" / "aigc.h"

# The functions of the table that answer NULL with something other than the rule says, because the header says so.
NULL_STATUS = {
    "aigc_config_describe": "AIGC_OK",
    "aigc_operation_at": "AIGC_OK",
    "aigc_error_status": "AIGC_OK",
    "aigc_event_status": "AIGC_OK",
    "aigc_status_at": None,
}
NULL_NUMBER = {"aigc_client_event_fd": "-1", "aigc_job_progress": None}
MAY_BE_NULL = {("aigc_client_new", "config"), ("aigc_config_report", "config")}


class Parameter(NamedTuple):
    """A parameter as the header writes it."""

    type: str
    name: str

    @property
    def pointer(self) -> bool:
        """Whether NULL can be passed for it."""
        return self.type.endswith("*") or self.type == "aigc_event_handler"


class Constant(NamedTuple):
    """A constant of the header: its name, its value and the sentence beside it."""

    name: str
    value: Union[int, str]
    comment: str


class Enumeration(NamedTuple):
    """Constants that belong together. The prefix is that of every name but AIGC_OK."""

    prefix: str
    constants: Tuple[Constant, ...]


class Function(NamedTuple):
    """A declaration of the header."""

    result: str
    name: str
    parameters: Tuple[Parameter, ...]
    comment: str
    line: int


def strip_comments(text: str) -> str:
    """The text without comments, with all line numbers kept."""
    return re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def comment_before(text: str, position: int) -> str:
    """The comment above a declaration; declarations on lines that follow each other share the one above them."""
    above = text[:position]
    while not above.endswith("\n\n"):
        if above.endswith("*/\n"):
            return above[above.rfind("/*") :]
        above = above[: above.rfind("\n", 0, -1) + 1]
        if not above:
            break
    return ""


def functions(path: Path = HEADER) -> List[Function]:
    """Every function of the header."""
    text = path.read_text(encoding="utf-8")
    code = strip_comments(text)
    code = re.sub(r"^\s*#.*(\\\n.*)*", lambda m: re.sub(r"[^\n]", " ", m.group()), code, flags=re.M)
    found = []
    for match in re.finditer(r"^([a-z_][\w ]*?[\w*] ?\*?)\b(aigc_\w+)\(([^;{}]*)\);", code, flags=re.M):
        result, name, arguments = match.group(1).strip(), match.group(2), " ".join(match.group(3).split())
        if result.startswith("typedef"):
            continue
        parameters = []
        for argument in [] if arguments == "void" else arguments.split(","):
            shape = re.fullmatch(r"\s*(.*?)(\w+)\s*", argument)
            if shape is None or not shape.group(1).strip():
                raise SystemExit("header.py: do not understand %r of %s" % (argument, name))
            parameters.append(Parameter(shape.group(1).strip(), shape.group(2)))
        line = text.count("\n", 0, match.start()) + 1
        found.append(Function(result, name, tuple(parameters), comment_before(text, match.start()), line))
    mentioned = set(re.findall(r"\b(aigc_\w+)\s*\(", re.sub(r"typedef[^;]*;", "", code)))
    missed = mentioned - {f.name for f in found}
    if missed:
        raise SystemExit("header.py: did not understand the declaration of " + ", ".join(sorted(missed)))
    return found


def since() -> Dict[str, str]:
    """The version that brought each function: the sentence "Since 1.N." of its comment. Parts that came later say since
    when within a sentence of their own."""
    found = {f.name: re.search(r"\bSince (\d+\.\d+)\.", f.comment) for f in functions()}
    return {name: said.group(1) if said else "?" for name, said in found.items()}


def one_line(comment: str) -> str:
    """The text of a comment, on one line."""
    return " ".join(re.sub(r"^\s*/\*|\*/\s*$|^\s*\*", " ", comment, flags=re.M).split())


def sentence(text: str) -> str:
    """A comment as a sentence: with a capital, unless a name of the interface comes first, and a full stop."""
    text = text if text.startswith("aigc_") else text[0].upper() + text[1:]
    return text if text.endswith(".") else text + "."


def enumerations(path: Path = HEADER) -> List[Enumeration]:
    """Every enumeration of the header. Each constant has a comment beside it or above it."""
    found = []
    for body in re.findall(r"^enum \{\n(.*?)^\};", path.read_text(encoding="utf-8"), flags=re.M | re.S):
        constants = []
        shape = r"((?:^    /\*.*?\*/\n)?)^    (AIGC_\w+) = (\d+),?[ ]*(/\*.*?\*/)?"
        for above, name, value, beside in re.findall(shape, body, flags=re.M | re.S):
            comment = one_line(beside or above)
            if not comment:
                raise SystemExit("header.py: %s has no comment" % name)
            constants.append(Constant(name, int(value), comment))
        if len(constants) != len(re.findall(r"\bAIGC_\w+ = ", strip_comments(body))):
            raise SystemExit("header.py: did not understand the enumeration of " + constants[0].name)
        prefix = constants[-1].name.split("_")[1]
        found.append(Enumeration("AIGC_%s_" % prefix, tuple(constants)))
    return found


def defines(path: Path = HEADER) -> List[Constant]:
    """Every #define with a plain value, in the order of the header."""
    text = strip_comments(path.read_text(encoding="utf-8"))
    found = []
    for name, value in re.findall(r'^#define (AIGC_\w+) ("[^"]*"|-?\d+|INT64_C\(-1\))\s*$', text, flags=re.M):
        if value.startswith('"'):
            found.append(Constant(name, value.strip('"'), ""))
        else:
            found.append(Constant(name, -1 if "INT64_C" in value else int(value), ""))
    return found


def handles(path: Path = HEADER) -> List[str]:
    """The opaque types, such as "aigc_client"."""
    return re.findall(r"^typedef struct (aigc_\w+) \1;", path.read_text(encoding="utf-8"), flags=re.M)


def version(path: Path = HEADER) -> str:
    """The version of the header."""
    text = path.read_text(encoding="utf-8")
    parts = [re.search(r"#define AIGC_VERSION_%s (\d+)" % part, text) for part in ("MAJOR", "MINOR", "PATCH")]
    return ".".join(m.group(1) for m in parts if m)


def exports() -> str:
    """The version script: one node for each major version, every symbol by its name."""
    names = "".join("    %s;\n" % f.name for f in functions())
    return (
        "/* Made from include/aigc.h by `Tests/tools/header.py exports`: every function, and nothing else. */\n"
        "AIGC_%s {\nglobal:\n%slocal:\n    *;\n};\n" % (version().split(".")[0], names)
    )


def debian_symbols() -> str:
    """The symbols file of the Debian package: every symbol with the version of the library that brought it."""
    major = version().split(".")[0]
    lines = ["libaigc.so.%s libaigc%s #MINVER#" % (major, major), "* Build-Depends-Package: libaigc-dev"]
    lines += sorted(" %s@AIGC_%s %s" % (name, major, brought) for name, brought in since().items())
    return "\n".join(lines) + "\n"


def nothing(result: str) -> str:
    """A return statement of a function that does nothing."""
    if result == "void":
        return ""
    return "return (%s)0;" % result


def stub() -> str:
    """The library that does nothing."""
    lines = ['#include "aigc.h"']
    for f in functions():
        parameters = ", ".join("%s %s" % p for p in f.parameters) or "void"
        unused = "".join(" (void)%s;" % p.name for p in f.parameters)
        lines.append("%s %s(%s) {%s %s }" % (f.result, f.name, parameters, unused, nothing(f.result)))
    return "\n".join(lines) + "\n"


VALID: Dict[str, str] = {
    "const char *": "fixture->text",
    "const char **": "&fixture->text_out",
    "aigc_error **": "&fixture->error",
    "const aigc_error *": "fixture->an_error",
    "aigc_config *": "fixture->config",
    "const aigc_config *": "fixture->config",
    "aigc_config **": "&fixture->config_out",
    "aigc_request *": "fixture->request",
    "const aigc_request *": "fixture->request",
    "aigc_request **": "&fixture->request_out",
    "aigc_client *": "fixture->client",
    "aigc_client **": "&fixture->client_out",
    "aigc_job *": "fixture->job",
    "const aigc_job *": "fixture->job",
    "aigc_job **": "&fixture->job_out",
    "const aigc_event *": "fixture->event",
    "aigc_event **": "&fixture->event_out",
    "const aigc_buffer *": "fixture->buffer",
    "aigc_buffer **": "&fixture->buffer_out",
    "aigc_event_handler": "fixture_handler",
    "void *": "fixture",
    "aigc_status *": "&fixture->status_out",
    "int32_t *": "&fixture->int_out",
    "int64_t *": "&fixture->long_out",
    "size_t *": "&fixture->size_out",
}


def is_handle(type_name: str) -> bool:
    """Whether the type is a pointer to a handle that goes in."""
    return type_name.replace("const ", "") in ["%s *" % h for h in handles()]


def gives_handle(type_name: str) -> bool:
    """Whether the type is the place for a handle that comes out (an error may always be left out)."""
    return type_name in ["%s **" % h for h in handles() if h != "aigc_error"]


def call(f: Function, null: int) -> str:
    """A call with NULL for parameter number null, or for every pointer (-1)."""
    values = []
    for number, p in enumerate(f.parameters):
        if p.pointer:
            if null in (-1, number):
                values.append("NULL")
            elif p.type in VALID:
                values.append(VALID[p.type])
            else:
                raise SystemExit("header.py: no valid value is known for a %s (of %s)" % (p.type, f.name))
        else:
            values.append("0")
    return "%s(%s)" % (f.name, ", ".join(values))


def must_be(f: Function, null: int) -> str:
    """The macro of null.c that judges the answer."""
    if f.result == "void":
        return "NO_CRASH"
    if f.result == "aigc_status":
        if null == -1:
            known = NULL_STATUS.get(f.name, "AIGC_E_INVALID_ARGUMENT")
        else:
            p = f.parameters[null]
            refused = (is_handle(p.type) or gives_handle(p.type)) and (f.name, p.name) not in MAY_BE_NULL
            known = "AIGC_E_INVALID_ARGUMENT" if refused else None
            known = NULL_STATUS.get(f.name, known)
        return "STATUS_IS(%s, " % known if known else "NO_CRASH"
    if null != -1 and not is_handle(f.parameters[null].type):
        return "NO_CRASH"
    if f.result.endswith("*"):
        return "IS_NULL"
    known = NULL_NUMBER.get(f.name, "0")
    return "NUMBER_IS(%s, " % known if known else "NO_CRASH"


def null_table() -> str:
    """Statements for null.c: all pointers NULL, then one pointer NULL at a time."""
    lines = []
    for f in functions():
        pointers = [n for n, p in enumerate(f.parameters) if p.pointer]
        chosen = [-1] if pointers else []
        if len(pointers) > 1:
            chosen += pointers
        for null in chosen:
            macro = must_be(f, null)
            separator = "" if macro.endswith(", ") else "("
            lines.append("    %s%s%s);" % (macro, separator, call(f, null)))
            lines.append("    fixture_clear(fixture);")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print what was asked for."""
    commands = {
        "functions": lambda: "".join(f.name + "\n" for f in functions()),
        "exports": exports,
        "symbols": debian_symbols,
        "null-table": null_table,
        "stub": stub,
        "version": lambda: version() + "\n",
    }
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        raise SystemExit(__doc__)
    sys.stdout.write(commands[sys.argv[1]]())


if __name__ == "__main__":
    main()

"""The generated parts of bindings/node: the table of C functions, constants, typed operations, and their TypeScript."""

from __future__ import annotations

import json
import textwrap
from typing import List

import emit_operations
import header
import operations
from emit_php import camel

TYPES = {"string": "string", "int": "number | bigint", "double": "number", "bool": "boolean", "json": "string | object"}
# Inside the addon only: errors and events are turned into objects there, and a job's pointer never crosses.
INSIDE = ("aigc_error_", "aigc_event_", "aigc_buffer_")
LEFT_OUT = {"aigc_client_dispatch", "aigc_job_set_user_data", "aigc_job_user_data", "aigc_job_ref"}
NUMBERS = {"int32_t": "i", "aigc_status": "i", "int64_t": "l", "uint64_t": "l", "size_t": "z", "double": "d"}
HANDLES = {"aigc_config": "C", "aigc_request": "R", "aigc_client": "c", "aigc_job": "j", "aigc_event": "v", "aigc_buffer": "b"}
OPTIONS = (
    ("key", "string", "With a journal: the same key never pays twice."),
    ("hold", "boolean", "The job waits before its first byte, until job.release()."),
    ("follow", "boolean", "Whether the library polls the job until it ends."),
    ("deadlineMs", "number", "Milliseconds until the library gives the job up."),
    ("options", "Record<string, string | number | boolean>", "Further options of aigc_request_set_option()."),
)


def letter(p: header.Parameter) -> str:
    """How a parameter crosses: a small letter or a handle goes in, what follows "&" comes out."""
    if p.type == "const char *":
        return "s"
    if p.type in NUMBERS:
        return NUMBERS[p.type]
    bare = p.type.replace("const ", "")
    if bare == "aigc_error **":
        return "E"
    if bare == "char **":
        return "&s"
    base = bare.rstrip("* ")
    if bare.endswith("**") and base in HANDLES:
        return "&" + HANDLES[base]
    if bare.endswith("*") and base in HANDLES:
        return HANDLES[base]
    if bare.endswith("*") and base in NUMBERS:
        return "&" + NUMBERS[base]
    raise SystemExit("emit_node.py: do not know how a %s crosses" % p.type)


def functions() -> str:
    """bindings/node/functions.h."""
    lines = ["/* Written by Tests/tools/generate.py from include/aigc.h: every function, and how its values cross. */\n"]
    names = [f.name for f in header.functions()]
    lines.append("#define AIGC_FUNCTIONS(X) \\\n")
    lines.extend("    X(%s)%s\n" % (n, " \\" if n != names[-1] else "") for n in names)
    lines.append("\n#define AIGC_POINTER(name) __typeof__(name) *name;\n")
    lines.append("static struct {\n    AIGC_FUNCTIONS(AIGC_POINTER)\n} api;\n")
    rows: List[str] = []
    for f in header.functions():
        if f.name in LEFT_OUT or f.name.startswith(INSIDE) or f.name.endswith("_free"):
            continue
        letters = [letter(p) for p in f.parameters]
        result = "t" if f.result == "aigc_status" else NUMBERS.get(f.result, "s" if f.result.endswith("*") else "-")
        passed = []
        for number, (p, l) in enumerate(zip(f.parameters, letters)):
            base = p.type.replace("const ", "").rstrip("* ")
            if l == "E" or l.startswith("&"):
                place = "s" if l == "&s" else "p" if l == "E" or l[1] in HANDLES.values() else l[1]
                passed.append("(%s)&v[%d].%s" % (p.type, number, place))
            else:
                passed.append("v[%d].%s" % (number, "p" if base in HANDLES and p.type.endswith("*") else l))
        call = textwrap.fill("api.%s(%s)" % (f.name, ", ".join(passed)), 110, subsequent_indent=" " * 8)
        field = {"t": "i", "-": ""}.get(result, result)
        body = "r->%s = %s;" % (field, call) if field else "(void)r; %s;" % call
        unused = "" if passed else "(void)v; "
        lines.append("\nstatic void call_%s(union value *v, union value *r)\n{\n    %s%s\n}\n" % (f.name, unused, body))
        rows.append('    {"%s", call_%s, "%s", \'%s\'},\n' % (f.name, f.name, "".join(letters), result))
    return "".join(lines) + "\nstatic const struct function functions[] = {\n%s};\n" % "".join(rows)


def constants() -> str:
    """The constants of index.js."""
    lines: List[str] = []
    for e in header.enumerations():
        lines.extend("  %s: %d,\n" % (c.name[len("AIGC_") :], c.value) for c in e.constants)
    for c in header.defines():
        lines.append("  %s: %s,\n" % (c.name[len("AIGC_") :], json.dumps(c.value).replace('"', "'")))
    return "".join(lines)


def status_names() -> str:
    """Names of the statuses, by number."""
    statuses = next(e for e in header.enumerations() if e.prefix == "AIGC_E_")
    return "".join("  %d: '%s',\n" % (c.value, c.name) for c in statuses.constants)


def constants_ts() -> str:
    """The same for index.d.ts."""
    lines: List[str] = []
    for e in header.enumerations():
        for c in e.constants:
            lines.extend(doc(c.comment, "  "))
            lines.append("  readonly %s: %d;\n" % (c.name[len("AIGC_") :], c.value))
    for c in header.defines():
        value = json.dumps(c.value).replace('"', "'")
        lines.append("  readonly %s: %s;\n" % (c.name[len("AIGC_") :], value))
    return "".join(lines)


def doc(text: str, indent: str) -> List[str]:
    """A comment for an editor."""
    folded = textwrap.wrap(header.sentence(text).replace("*/", "* /"), 112)
    if len(folded) == 1:
        return ["%s/** %s */\n" % (indent, folded[0])]
    return ["%s/**\n" % indent, *("%s * %s\n" % (indent, line) for line in folded), "%s */\n" % indent]


def typed() -> str:
    """Classes of operations for index.js."""
    lines: List[str] = []
    provider = ""
    for o in operations.operations():
        if o.provider != provider:
            lines.append("}\n\n" if provider else "")
            provider = o.provider
            lines.append("class %sOperations extends Operations {\n" % emit_operations.pascal(provider))
        else:
            lines.append("\n")
        names = ", ".join("%s: '%s'" % (camel(f.name), f.name) for f in o.plain)
        lines.append("  %s(request) {\n" % camel(o.name))
        folded = textwrap.wrap("const names = { %s };" % names, 114, subsequent_indent="  ", break_long_words=False)
        lines.extend("    %s\n" % line for line in folded)
        lines.append("    return this._%s('%s', '%s', names, request);\n  }\n" % (o.kind, o.provider, o.name))
    return "".join(lines) + "}\n"


def typed_ts() -> str:
    """Interfaces and classes of operations for index.d.ts."""
    shapes: List[str] = []
    classes: List[str] = []
    provider = ""
    for o in operations.operations():
        name = emit_operations.type_name(o) + "Request"
        submits = o.kind == "submit"
        shapes.extend(doc("Fields of %s" % o.wire_name if o.wire_name != "GET" else "Fields of a fetch by URL", ""))
        shapes.append("export interface %s%s {\n" % (name, " extends SubmitOptions" if submits else ""))
        for f in o.plain:
            shapes.extend(doc(f.text, "  "))
            shapes.append("  %s%s: %s;\n" % (camel(f.name), "" if f.required else "?", TYPES[f.type]))
        if o.images:
            shapes.extend(doc("Reference images: publicly reachable URLs", "  "))
            shapes.append("  imageUrls?: Array<string | ImageUrl>;\n")
        if not submits:
            shapes.extend(doc("The file to write; absent: memory", "  "))
            shapes.append("  path?: string;\n")
        shapes.append("}\n\n")
        if o.provider != provider:
            classes.append("}\n\n" if provider else "")
            provider = o.provider
            pascal = emit_operations.pascal(provider)
            classes.extend(doc("The operations of %s: client.%s" % (pascal, provider), ""))
            classes.append("export interface %sOperations {\n" % pascal)
        classes.extend(doc(emit_operations.about(o), "  "))
        classes.append("  %s(request: %s): Job;\n" % (camel(o.name), name))
    return "".join(shapes + classes) + "}\n"


def options_ts() -> str:
    """What every submission takes."""
    lines: List[str] = []
    for name, kind, text in OPTIONS:
        lines.extend(doc(text, "  "))
        lines.append("  %s?: %s;\n" % (name, kind))
    return "".join(lines)

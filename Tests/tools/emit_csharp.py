"""The generated files of bindings/csharp: the native layer, enumerations and constants, and typed requests."""

from __future__ import annotations

import json
import textwrap
from typing import List
from xml.sax.saxutils import escape

import emit_operations
import header
import operations

TYPES = {"string": "string", "int": "long?", "double": "double?", "bool": "bool?", "json": "Json"}
NUMBERS = {"void": "void", "int32_t": "int", "aigc_status": "int", "int64_t": "long", "uint64_t": "ulong", "size_t": "UIntPtr",
           "double": "double"}
SAFE = {"aigc_client": "ClientHandle", "aigc_job": "JobHandle"}
LEFT_OUT = {"aigc_client_dispatch", "aigc_job_set_user_data", "aigc_job_user_data"}
ENUMERATIONS = {
    "AIGC_E_": ("Status", "What happened, and what to do. New ones may be added: treat one like the first of its hundred."),
    "AIGC_OUTCOME_": ("Outcome", "What provably happened to a submission."),
    "AIGC_STATE_": ("JobState", "States of a job."),
    "AIGC_EVENT_": ("EventType", "Types of events. New ones may be added: ignore what you do not know."),
    "AIGC_LOG_": ("LogLevel", "Levels of log records."),
}
FIRST = "// Tests/tools/generate.py writes this file from include/aigc.h.\n"


def pascal(name: str) -> str:
    """INVALID_ARGUMENT or train_steps as a name of C#."""
    return "".join(w.capitalize() for w in name.split("_"))


def doc(text: str, indent: str) -> List[str]:
    """A comment of XML."""
    folded = textwrap.wrap(escape(header.sentence(text)), 100 - len(indent))
    if len(folded) == 1:
        return ["%s/// <summary>%s</summary>\n" % (indent, folded[0])]
    return ["%s/// <summary>\n" % indent, *("%s/// %s\n" % (indent, line) for line in folded), "%s/// </summary>\n" % indent]


def parameter(f: header.Function, p: header.Parameter) -> str:
    """A parameter with its type."""
    name = "".join(w.capitalize() if n else w for n, w in enumerate(p.name.split("_")))
    name = {"event": "happened", "operation": "operation", "out": "given"}.get(name, name)
    if p.type == "const char *":
        return "byte[] " + name
    if p.type in NUMBERS:
        return "%s %s" % (NUMBERS[p.type], name)
    bare = p.type.replace("const ", "")
    base = bare.rstrip("* ")
    if bare.endswith("**") or (bare.endswith("*") and base in NUMBERS):
        return "out %s %s" % ("IntPtr" if bare.endswith("**") else NUMBERS[base], name)
    if base in SAFE and not f.name.endswith("_free") and f.name != "aigc_job_ref":
        return "%s %s" % (SAFE[base], name)
    return "IntPtr " + name


def native() -> str:
    """Native.cs."""
    lines = [FIRST, "using System;\nusing System.Runtime.InteropServices;\n\nnamespace Aigc\n{\n"]
    lines.append("    /// <summary>The C interface, as the header declares it.</summary>\n")
    lines.append("    internal static partial class Native\n    {\n        private const string Library = \"libaigc.so.1\";\n")
    for f in header.functions():
        if f.name in LEFT_OUT:
            continue
        result = NUMBERS.get(f.result, "IntPtr")
        text = "internal static extern %s %s(%s);" % (result, f.name, ", ".join(parameter(f, p) for p in f.parameters))
        lines.append("\n        [DllImport(Library)]\n")
        lines.extend("        %s\n" % line for line in textwrap.wrap(text, 108, subsequent_indent="    "))
    return "".join(lines) + "    }\n}\n"


def constants() -> str:
    """Constants.cs."""
    lines = [FIRST, "namespace Aigc\n{\n"]
    for e in header.enumerations():
        name, text = ENUMERATIONS[e.prefix]
        lines.append("    /// <summary>%s</summary>\n    public enum %s\n    {\n" % (text, name))
        for n, c in enumerate(e.constants):
            lines.append("\n" if n else "")
            lines.extend(doc(c.comment, "        "))
            short = "OK" if c.name == "AIGC_OK" else c.name[len(e.prefix) :]
            lines.append("        %s = %d,\n" % (pascal(short), c.value))
        lines.append("    }\n\n")
    lines.append("    /// <summary>Names of providers and operations, and numbers of the header.</summary>\n")
    lines.append("    public static class Names\n    {\n")
    for n, c in enumerate(header.defines()):
        kind, value = ("string", json.dumps(c.value)) if isinstance(c.value, str) else ("int", str(c.value))
        lines.append("%s        /// <summary>%s</summary>\n" % ("\n" if n else "", c.name))
        lines.append("        public const %s %s = %s;\n" % (kind, pascal(c.name[len("AIGC_") :]), value))
    return "".join(lines) + "    }\n}\n"


def typed() -> str:
    """Operations.cs."""
    lines = [FIRST, "namespace Aigc\n{\n"]
    for n, o in enumerate(operations.operations()):
        name = emit_operations.type_name(o)
        lines.append("\n" if n else "")
        lines.extend(doc(emit_operations.about(o), "    "))
        lines.append("    public sealed class %s : Request\n    {\n" % name)
        lines.append("        /// <summary>An empty request.</summary>\n        public %s()\n" % name)
        lines.append('            : base("%s", "%s")\n        {\n        }\n' % (o.provider, o.name))
        for f in o.plain:
            kind = TYPES[f.type]
            lines.append("\n")
            lines.extend(doc(f.text + ("" if not f.required else " Required."), "        "))
            lines.append("        public %s %s\n        {\n" % (kind, pascal(f.name)))
            lines.append('            get { return (%s)Get("%s"); }\n' % (kind, f.name))
            lines.append('            set { Fields["%s"] = value; }\n        }\n' % f.name)
        lines.append("    }\n")
    return "".join(lines) + "}\n"

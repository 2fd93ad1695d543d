"""The regions of bindings/ruby/aigc.rb: constants, the table of functions, and typed operations."""

from __future__ import annotations

import textwrap
from typing import List

import emit_operations
import header
import operations

TYPES = {
    "void": "VOID",
    "int32_t": "INT",
    "aigc_status": "INT",
    "int64_t": "LONG_LONG",
    "uint64_t": "-LONG_LONG",
    "size_t": "SIZE_T",
    "double": "DOUBLE",
}


def fiddle(text: str) -> str:
    """The Fiddle type of a type of the header; every pointer is VOIDP."""
    return TYPES.get(text, "VOIDP")


def declarations() -> str:
    """Constants and functions."""
    lines: List[str] = []
    for e in header.enumerations():
        for c in e.constants:
            lines.append("    %s = %d\n" % (c.name[len("AIGC_") :], c.value))
    for c in header.defines():
        value = '"%s"' % c.value if isinstance(c.value, str) else str(c.value)
        lines.append("    %s = %s\n" % (c.name[len("AIGC_") :], value))
    lines.append("\n    STATUS_NAMES = {\n")
    statuses = next(e for e in header.enumerations() if e.prefix == "AIGC_E_")
    lines.extend("      %d => \"%s\",\n" % (c.value, c.name) for c in statuses.constants)
    lines.append("    }.freeze\n\n    # name: [result, parameters]\n    FUNCTIONS = {\n")
    for f in header.functions():
        types = ", ".join(fiddle(p.type) for p in f.parameters)
        row = "      %s: [%s, [%s]],\n" % (f.name, fiddle(f.result), types)
        lines.append(row)
    lines.append("    }.freeze\n")
    return "".join(lines)


def typed() -> str:
    """A class of operations for each provider."""
    lines: List[str] = []
    provider = ""
    for o in operations.operations():
        if o.provider != provider:
            lines.append("  end\n\n" if provider else "")
            provider = o.provider
            lines.append("  # The operations of %s: client.%s.\n" % (emit_operations.pascal(provider), provider))
            lines.append("  class %sOperations < Operations\n" % emit_operations.pascal(provider))
        else:
            lines.append("\n")
        lines.append("    # %s\n" % emit_operations.about(o))
        names = []
        for f in o.plain:
            folded = textwrap.wrap("%s: %s" % (f.name, f.text), 110)
            lines.extend("    #   %s\n" % line for line in folded)
            names.append("%s:" % f.name if f.required else "%s: nil" % f.name)
        names += ["image_urls: []"] if o.images else []
        names += ["key: nil", "hold: nil", "options: {}"] if o.kind == "submit" else ["path: nil"]
        passed = ["%s: %s" % (f.name, f.name) for f in o.plain]
        passed += ["image_urls: image_urls"] if o.images else []
        passed += ["key: key", "hold: hold", "options: options"] if o.kind == "submit" else ["path: path"]
        lines.append("    def %s(\n" % o.name)
        lines.extend("      %s%s\n" % (n, "," if n != names[-1] else "") for n in names)
        lines.append("    )\n      @client.%s(\n        \"%s\", \"%s\",\n" % (o.kind, o.provider, o.name))
        lines.extend("        %s%s\n" % (n, "," if n != passed[-1] else "") for n in passed)
        lines.append("      )\n    end\n")
    return "".join(lines) + "  end\n"

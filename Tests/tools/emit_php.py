"""The regions of bindings/php/aigc.php: constants, the C declarations for FFI, and typed operations."""

from __future__ import annotations

import textwrap
from typing import List

import emit_operations
import header
import operations

TYPES = {"string": "string", "int": "int", "double": "float", "bool": "bool", "json": "string|array"}


def camel(words: str) -> str:
    """pre_model_inference as a method of PHP: preModelInference."""
    first, *rest = words.split("_")
    return first + "".join(w.capitalize() for w in rest)


def constants() -> str:
    """Constants of the class Native."""
    lines: List[str] = []
    for e in header.enumerations():
        lines.extend("    public const %s = %d;\n" % (c.name[len("AIGC_") :], c.value) for c in e.constants)
    for c in header.defines():
        value = "'%s'" % c.value if isinstance(c.value, str) else str(c.value)
        lines.append("    public const %s = %s;\n" % (c.name[len("AIGC_") :], value))
    statuses = next(e for e in header.enumerations() if e.prefix == "AIGC_E_")
    lines.append("    public const STATUS_NAMES = [\n")
    lines.extend("        %d => '%s',\n" % (c.value, c.name) for c in statuses.constants)
    return "".join(lines) + "    ];\n"


def declarations() -> str:
    """The declarations that FFI reads."""
    lines = ["typedef int32_t aigc_status;\n"]
    lines.extend("typedef struct %s %s;\n" % (h, h) for h in header.handles())
    lines.append("typedef void (*aigc_event_handler)(const aigc_event *event, void *user_data);\n")
    for f in header.functions():
        parameters = ", ".join("%s%s%s" % (p.type, "" if p.type.endswith("*") else " ", p.name) for p in f.parameters)
        result = f.result if f.result.endswith("*") else f.result + " "
        lines.append("%s%s(%s);\n" % (result, f.name, parameters or "void"))
    inside = "".join("        " + line for line in lines)
    return "    private const DECLARATIONS = <<<'C'\n%s        C;\n" % inside


def typed() -> str:
    """A class of operations for each provider."""
    lines: List[str] = []
    provider = ""
    for o in operations.operations():
        if o.provider != provider:
            lines.append("}\n\n" if provider else "")
            provider = o.provider
            name = emit_operations.pascal(provider)
            lines.append("/** The operations of %s: $client->%s(). */\nfinal class %sOperations\n{\n" % (name, provider, name))
            lines.append("    public function __construct(private Client $client)\n    {\n    }\n")
        lines.append("\n    /**\n     * %s\n     *\n" % emit_operations.about(o))
        parameters = []
        for f in sorted(o.plain, key=lambda f: not f.required):
            kind = TYPES[f.type]
            shown = kind if f.required else ("%s|null" % kind if "|" in kind else "?" + kind)
            text = textwrap.wrap("@param %s $%s %s" % (shown, camel(f.name), f.text), 110)
            lines.extend("     * %s\n" % line for line in text)
            parameters.append("%s $%s%s" % (shown, camel(f.name), "" if f.required else " = null"))
        parameters += ["array $imageUrls = []"] if o.images else []
        options = ["array $options = []", "?string $key = null", "?bool $hold = null"]
        parameters += options if o.kind == "submit" else ["?string $path = null"]
        lines.append("     */\n    public function %s(\n" % camel(o.name))
        lines.extend("        %s,\n" % p for p in parameters)
        lines.append("    ): Job {\n        $fields = [\n")
        lines.extend("            '%s' => $%s,\n" % (f.name, camel(f.name)) for f in o.plain)
        lines.append("        ];\n")
        rest = (["$imageUrls"] if o.images else ["[]"]) + ["$options", "$key", "$hold"] if o.kind == "submit" else ["$path"]
        lines.append(
            "        return $this->client->%s('%s', '%s', $fields, %s);\n    }\n" % (o.kind, provider, o.name, ", ".join(rest))
        )
    return "".join(lines) + "}\n"

"""The generated files of bindings/java: the native layer, the constants, and typed requests."""

from __future__ import annotations

import json
import re
import textwrap
from typing import List

import emit_operations
import header
import operations
from emit_php import camel

TYPES = {"string": "String", "int": "long", "double": "double", "bool": "boolean", "json": "String"}
NUMBERS = {"void": "void", "int32_t": "int", "aigc_status": "int", "int64_t": "long", "uint64_t": "long", "size_t": "long",
           "double": "double"}
LEFT_OUT = {"aigc_client_dispatch", "aigc_job_set_user_data", "aigc_job_user_data"}

NATIVE = '''package aigc;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;

/**
 * The C interface, as the header declares it. Tests/tools/generate.py writes this file from include/aigc.h. It is the only
 * one that knows JNA: handles and strings are addresses, text goes in as bytes with a NUL behind them, and what comes out
 * goes into arrays of one element. A file of the same methods on the foreign function API of newer JDKs can replace it.
 */
final class Native {
    private static final String TROUBLE = load();

    private Native() {}

    private static String load() {
        String name = System.getenv("AIGC_LIBRARY");
        try {
            com.sun.jna.Native.register(Native.class, NativeLibrary.getInstance(
                    name == null || name.isEmpty() ? "libaigc.so.1" : name));
        } catch (UnsatisfiedLinkError error) {
            String said = String.valueOf(error.getMessage()).split("\\n", 2)[0];
            return said.contains("aigc_")
                    ? said + ": this binding needs libaigc " + Constants.VERSION_MAJOR + "." + Constants.VERSION_MINOR
                    : "libaigc.so.1 cannot be loaded (" + said
                            + "): install libaigc, or set AIGC_LIBRARY to its path";
        }
        int number = aigc_version_number();
        if (number / 1000000 != Constants.VERSION_MAJOR || number / 1000 % 1000 < Constants.VERSION_MINOR) {
            return "libaigc is " + text(aigc_version_string()) + ", and " + Constants.VERSION_MAJOR + "."
                    + Constants.VERSION_MINOR + " or a newer " + Constants.VERSION_MAJOR + ".x is needed";
        }
        return null;
    }

    /** Throws if the library cannot be used. */
    static void check() {
        if (TROUBLE != null) {
            throw new IllegalStateException(TROUBLE);
        }
    }

    /** The text at an address, copied; null for 0. */
    static String text(long address) {
        return address == 0 ? null : new Pointer(address).getString(0, "UTF-8");
    }

    /** The bytes at an address, copied. */
    static byte[] bytes(long address, long size) {
        return size == 0 ? new byte[0] : new Pointer(address).getByteArray(0, Math.toIntExact(size));
    }

'''


def java(p: header.Parameter) -> str:
    """The Java type of a parameter."""
    if p.type == "const char *":
        return "byte[]"
    if p.type in NUMBERS:
        return NUMBERS[p.type]
    bare = p.type.replace("const ", "")
    if bare in ("int32_t *", "aigc_status *"):
        return "int[]"
    if bare.endswith("**") or bare in ("int64_t *", "size_t *"):
        return "long[]"
    return "long"


def native() -> str:
    """Native.java."""
    lines = [NATIVE.rstrip("\n") + "\n"]
    for f in header.functions():
        if f.name in LEFT_OUT:
            continue
        result = NUMBERS.get(f.result, "long")
        parameters = ", ".join("%s %s" % (java(p), camel(p.name)) for p in f.parameters)
        text = "static native %s %s(%s);" % (result, f.name, parameters)
        lines.append("\n")
        lines.extend("    %s\n" % line for line in textwrap.wrap(text, 112, subsequent_indent="        "))
    return "".join(lines).replace("import java.nio.charset.StandardCharsets;\n", "") + "}\n"


def doc(text: str, indent: str) -> List[str]:
    """A comment of Javadoc."""
    shown = header.sentence(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("*/", "* /")
    shown = re.sub(r"(?<!\w)@", "{@literal @}", shown)
    folded = textwrap.wrap(shown, 110 - len(indent))
    if len(folded) == 1:
        return ["%s/** %s */\n" % (indent, folded[0])]
    return ["%s/**\n" % indent, *("%s * %s\n" % (indent, line) for line in folded), "%s */\n" % indent]


def constants() -> str:
    """Constants.java."""
    lines = ["package aigc;\n\n", "/** The constants of aigc.h, without AIGC_. Tests/tools/generate.py writes this file. */\n"]
    lines.append("public final class Constants {\n    private Constants() {}\n")
    for e in header.enumerations():
        for c in e.constants:
            lines.append("\n")
            lines.extend(doc(c.comment, "    "))
            lines.append("    public static final int %s = %d;\n" % (c.name[len("AIGC_") :], c.value))
    for c in header.defines():
        name = c.name[len("AIGC_") :]
        kind, value = ("String", json.dumps(c.value)) if isinstance(c.value, str) else (
            "long" if name == "FOREVER" else "int", str(c.value))
        lines.append("\n    /** AIGC_%s of the header. */\n" % name)
        lines.append("    public static final %s %s = %s;\n" % (kind, name, value))
    statuses = next(e for e in header.enumerations() if e.prefix == "AIGC_E_")
    lines.append("\n    static String statusName(int status) {\n        switch (status) {\n")
    lines.extend("            case %d: return \"%s\";\n" % (c.value, c.name) for c in statuses.constants)
    lines.append('            default: return "AIGC_E_" + status;\n        }\n    }\n}\n')
    return "".join(lines)


OPTIONS = (
    ("key", "String key", "key"), ("hold", "boolean hold", "hold"), ("follow", "boolean follow", "follow"),
    ("deadline", "Duration deadline", "deadline"), ("option", "String name, String value", "name, value"),
)
IMAGES = (
    ("imageUrl", "String url", "url"), ("imageUrl", "String url, String referenceType", "url, referenceType"),
)


def typed(provider: str) -> str:
    """Alibaba.java, Tencent.java."""
    pascal = emit_operations.pascal(provider)
    lines = ["package aigc;\n\nimport java.time.Duration;\n\n"]
    lines.append("/** The operations of %s. Tests/tools/generate.py writes this file from operations.json. */\n" % pascal)
    lines.append("public final class %s {\n    private %s() {}\n" % (pascal, pascal))
    for o in operations.operations():
        if o.provider != provider:
            continue
        name = emit_operations.pascal(o.name)
        lines.append("\n")
        lines.extend(doc(emit_operations.about(o), "    "))
        lines.append("    public static final class %s extends Request {\n" % name)
        lines.append("        /** An empty request. */\n        public %s() {\n" % name)
        lines.append('            super("%s", "%s");\n        }\n' % (o.provider, o.name))
        for f in o.plain:
            lines.append("\n        /**\n")
            text = "".join(doc(f.text, "")).replace("/**", "").replace("*/", "").replace(" * ", " ")
            folded = textwrap.wrap(" ".join(text.split()), 100)
            lines.extend("         * %s\n" % line for line in folded)
            lines.append("         *\n         * @param value the value%s\n         * @return this\n         */\n" % (
                "; required" if f.required else ""))
            # A float that Java makes a double of has digits that nobody wrote.
            for kind in ("double", "float") if f.type == "double" else (TYPES[f.type],):
                if kind == "float":
                    lines.append("\n        /**\n         * The same, as a float.\n         *\n")
                    lines.append("         * @param value the value\n         * @return this\n         */\n")
                lines.append("        public %s %s(%s value) {\n" % (name, camel(f.name), kind))
                lines.append('            %s("%s", value);\n            return this;\n        }\n' % (
                    "json" if f.type == "json" else "set", f.name))
        for method, parameters, passed in (OPTIONS if o.kind == "submit" else ()) + (IMAGES if o.images else ()):
            lines.append("\n        @Override\n        public %s %s(%s) {\n" % (name, method, parameters))
            lines.append("            super.%s(%s);\n            return this;\n        }\n" % (method, passed))
        lines.append("    }\n")
    return "".join(lines) + "}\n"

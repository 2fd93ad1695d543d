"""What the bindings say of a submission to a person: one table, so that each language has the same words."""

from __future__ import annotations

import json
import re
from typing import Callable, Dict, List, NamedTuple

TEXTS: Dict[str, str] = {
    "ACCEPTED": "accepted; fetch it with: aigc fetch ",
    "ACCEPTED_ID": "accepted; the provider's id is ",
    "ANSWERED": "the provider has answered this call, which may be paid; request id ",
    "NOTHING_PAID": "provably not submitted, or refused: nothing is paid",
    "IN_DOUBT": "it may run and be paid: nobody knows whether it was submitted. "
    "Look at the provider's console before you repeat it",
    "NO_KEY": "no journal has a key of it",
    "SHOW_KEY": "aigc jobs show --journal FOLDER -- ",
    "ON_THE_WIRE": "no provider has accepted it yet, but its submission may be on the wire: close the client",
}


class Form(NamedTuple):
    """How a language writes one of them: the line of a constant, what stands between two parts, and its quotes."""

    begin: str
    end: str
    between: str
    quote: Callable[[str], str]
    indent: str = ""


def double(text: str) -> str:
    """In double quotes."""
    return json.dumps(text)


def single(text: str) -> str:
    """In single quotes, unless there is one in it."""
    return "'%s'" % text if "'" not in text else double(text)


def camel(name: str) -> str:
    """ON_THE_WIRE as OnTheWire."""
    return "".join(word.capitalize() for word in name.split("_"))


def go(name: str) -> str:
    """The same as Go spells it."""
    return camel(name).replace("Id", "ID")


PLACES: Dict[str, str] = {
    "node": "bindings/node/index.js",
    "java": "bindings/java/src/main/java/aigc/Job.java",
    "csharp": "bindings/csharp/src/Job.cs",
    "php": "bindings/php/aigc.php",
    "ruby": "bindings/ruby/aigc.rb",
    "go": "bindings/go/job.go",
    "rust": "bindings/rust/src/job.rs",
    "cpp": "bindings/cpp/aigc.hpp",
}
INTERRUPTED = ("node", "java", "csharp", "php")  # The languages that tell an interrupted wait by themselves.
FORMS: Dict[str, Form] = {
    "node": Form("{name}: ", ",", "\n    + ", single, "  "),
    "java": Form("private static final String {name} = ", ";", "\n            + ", double, "    "),
    "csharp": Form("private const string {camel}Text = ", ";", " +\n            ", double, "        "),
    "php": Form("private const {name} = ", ";", " .\n        ", single, "    "),
    "ruby": Form("{name} = ", "", " \\\n        ", double, "      "),
    "go": Form("const text{go} = ", "", " +\n\t", double),
    "rust": Form("const {name}: &str = ", ";", "", double),
    "cpp": Form("inline constexpr const char *{name} = ", ";", "\n    ", double),
}


def folded(text: str) -> List[str]:
    """The parts of a text that is too long for a line. A space stays at the end of its part."""
    parts = [""]
    for word in re.findall(r"\S+ ?", text):
        if len(parts[-1]) + len(word) > 75:
            parts.append("")
        parts[-1] += word
    return parts


def emit(language: str) -> str:
    """The constants of a language."""
    form = FORMS[language]
    lines = []
    for name in (name for name in TEXTS if name != "ON_THE_WIRE" or language in INTERRUPTED):
        parts = folded(TEXTS[name])
        if language == "rust" and len(parts) > 1:
            value = '"%s"' % "\\\n    ".join(parts)
        else:
            value = form.between.join(form.quote(part) for part in parts)
        lines.append("%s%s%s%s\n" % (form.indent, form.begin.format(name=name, camel=camel(name), go=go(name)), value, form.end))
    return "".join(lines) + ("\n" if language == "go" else "")  # gofmt wants that line

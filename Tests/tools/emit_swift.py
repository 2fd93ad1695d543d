"""The Swift sources that repeat the statuses: the enumeration, and the names and sentences of the C interface."""

from __future__ import annotations

import statuses


def cases() -> str:
    """The cases of `Status`."""
    lines = []
    for status in statuses.statuses():
        name = statuses.camel(status.name)
        lines.append("    case %s = %d\n" % ("`internal`" if name == "internal" else name, status.value))
    return "".join(lines)


def entries() -> str:
    """The arms of the switch that names a status and says its sentence."""
    lines = []
    rows = statuses.advice()
    for status in statuses.statuses():
        name, text = status.name, rows[status.name].sentence
        arm = "        case .%s:" % statuses.camel(name)
        pair = '("%s", "%s")' % (name, text)
        if len(arm) + 1 + len(pair) <= 120:
            lines.append("%s %s\n" % (arm, pair))
        elif 12 + len(pair) <= 120:
            lines.append("%s\n            %s\n" % (arm, pair))
        else:
            inside = "            (\n                \"%s\",\n                \"%s\"\n            )\n" % (name, text)
            lines.append("%s\n%s" % (arm, inside))
    return "".join(lines)

"""Manual pages of the command, made of its own grammar: python -m aigc._cli.manual FOLDER writes aigc.1, aigc-generate.1 …"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Dict, List, Optional, Sequence

from .grammar import Command, Option, commands
from .options import parser

_FILES = """.SH FILES
.TP
.I ~/.config/aigc/config.toml
Profiles: configuration keys and fields of requests by name.
"""
_ENVIRONMENT = """.SH ENVIRONMENT
.TP
.BR TENCENTCLOUD_SECRET_ID ", " TENCENTCLOUD_SECRET_KEY
The key of Tencent Cloud.
.TP
.BR ALIBABA_CLOUD_ACCESS_KEY_ID ", " ALIBABA_CLOUD_ACCESS_KEY_SECRET
The key of Alibaba Cloud.
.TP
.B AIGC_PROFILE
The profile of the configuration file.
.TP
.B AIGC_CONFIG_FILE
Another configuration file, or none.
.TP
.B AIGC_JOURNAL
The folder of the journal.
.TP
.BR AIGC_TENCENT_ENDPOINT ", " AIGC_ALIBABA_ENDPOINT ", " AIGC_CA_FILE ", " AIGC_ALLOW_PRIVATE_ADDRESSES
Set by
.BR aigc\\-sandbox (1);
the library reads these where the configuration says nothing.
"""


def pages(version: str) -> Dict[str, str]:
    """File names and their text."""
    found = commands(parser())
    made = {}
    for command in found:
        name = "-".join(("aigc", *command.words))
        made[f"{name}.1"] = _page(name, command, found, version)
    return made


def _page(name: str, command: Command, all_commands: List[Command], version: str) -> str:
    title = command.help[:1].lower() + command.help[1:].rstrip(".")
    parts = [
        f'.TH {name.upper()} 1 "" "libaigc {version}" "User Commands"',
        ".SH NAME",
        f"{_escape(name)} \\- {_escape(title)}",
        ".SH SYNOPSIS",
        _synopsis(command),
        ".SH DESCRIPTION",
        _escape(command.help[:1].upper() + command.help[1:].rstrip(".") + "."),
    ]
    below = [c for c in all_commands if c.words and c.words[:-1] == command.words]
    if below:
        parts.append(".SH COMMANDS")
        for sub in below:
            page = "-".join(("aigc", *sub.words))
            parts += [".TP", f".BR {_escape(page)} (1)", _escape(sub.help[:1].upper() + sub.help[1:] + ".")]
    if command.options:
        parts.append(".SH OPTIONS")
        for option in sorted(command.options, key=lambda one: bool(one.flags)):
            parts += [".TP", _head(option), _escape(option.help[:1].upper() + option.help[1:] + ".")]
    if "exit codes" in command.epilog:
        parts += [".SH EXIT STATUS", *_codes(command.epilog)]
    if not command.words:
        parts += [_ENVIRONMENT.rstrip(), _FILES.rstrip()]
    parts += [".SH SEE ALSO", _also(command, all_commands)]
    return "\n".join(parts) + "\n"


def _synopsis(command: Command) -> str:
    words = " ".join(("aigc", *command.words))
    rest: List[str] = []
    if any(option.flags for option in command.options):
        rest.append("[\\fIOPTION\\fR]...")
    for option in command.options:
        if not option.flags:
            shown = f"\\fI{_escape(option.metavar)}\\fR" + ("..." if option.many else "")
            rest.append(shown if option.needed else f"[{shown}]")
    if command.actions:
        rest.append("\\fICOMMAND\\fR")
    return " ".join([f"\\fB{_escape(words)}\\fR", *rest])


def _head(option: Option) -> str:
    if not option.flags:
        return f"\\fI{_escape(option.metavar)}\\fR"
    value = f" \\fI{_escape(option.metavar)}\\fR" if option.metavar else ""
    return ", ".join(f"\\fB{_escape(flag)}\\fR{value}" for flag in option.flags)


def _codes(epilog: str) -> List[str]:
    lines: List[str] = []
    for line in epilog.partition("exit codes:")[2].splitlines():
        code, _, text = line.strip().partition(" ")
        if code.isdigit():
            lines += [".TP", f".B {code}", _escape(text.strip())]
    return lines


def _also(command: Command, all_commands: List[Command]) -> str:
    around = [c for c in all_commands if c.words[:-1] == command.words[:-1] and c.words != command.words and c.words]
    if not command.words:
        around = [c for c in all_commands if len(c.words) == 1]
    names = sorted({"aigc"} | {"-".join(("aigc", *c.words)) for c in around}) if command.words else sorted(
        "-".join(("aigc", *c.words)) for c in around
    )
    return "\n".join(f".BR {_escape(name)} (1){',' if name != names[-1] else ''}" for name in names)


def _escape(text: str) -> str:
    made = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + made if made.startswith((".", "'")) else made


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Writes the pages."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if len(words) not in (1, 2):
        print("usage: python -m aigc._cli.manual FOLDER [VERSION]", file=sys.stderr)
        return 2
    from .. import __version__

    version = words[1] if len(words) == 2 else __version__
    folder = Path(words[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(version).items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

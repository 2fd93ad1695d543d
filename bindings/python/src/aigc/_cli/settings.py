"""aigc config, and the profile that a command runs with."""

from __future__ import annotations

import argparse
import os
import re
from typing import Dict, List, NamedTuple, Optional

from .. import profiles
from ..describe import _config_keys
from ..enums import Status
from ..errors import AigcError, InvalidArgumentError
from . import exits, options
from .output import Output

_WITH_PROVIDER = ("generate", "submit", "batch", "call", "list")
_USER = re.compile(r"//[^/@]*@")


def choose(args: argparse.Namespace) -> None:
    """Names the profile, for this process, as a user of the package would: by AIGC_PROFILE. The command's own choice is
    the first of --profile, AIGC_PROFILE and what the file says. Without a file there is none."""
    if not hasattr(args, "profile") or (args.command == "config" and args.action != "show"):
        return
    if args.profile is not None:
        os.environ["AIGC_PROFILE"] = "" if args.profile == profiles.NONE else args.profile
    elif not os.environ.get("AIGC_PROFILE"):
        path = profiles.locate(os.environ)
        if path is not None and (path.exists() or os.environ.get("AIGC_CONFIG_FILE")):
            os.environ["AIGC_PROFILE"] = profiles.chosen(profiles.read(path), str(path)) or ""
    if args.command in _WITH_PROVIDER and getattr(args, "provider", "") is None:
        found = profiles.load(None, os.environ)
        args.provider = found.provider if found is not None else None
        if args.provider is None and args.command != "batch":  # Its rows can name it.
            raise InvalidArgumentError(
                "--provider is missing: alibaba or tencent, or provider = \"...\" in the configuration file",
                status=Status.INVALID_ARGUMENT,
            )


def config(args: argparse.Namespace, output: Output) -> int:
    """keys, show, path or check."""
    actions = {"keys": _keys, "show": _show, "path": _path, "check": _check}
    return actions[args.action or "keys"](args, output)


def _keys(args: argparse.Namespace, output: Output) -> int:
    for row in _config_keys():
        text = f"{row.key:34} {row.type:24} {row.default or '-':20} {row.text}"
        output.result(text, vital=False, **{**row._asdict(), "key_type": row.type, "type": "key"})
    return exits.OK


class Value(NamedTuple):
    """A configuration key and where its value comes from."""

    key: str
    value: str
    source: str


def values(
    given: Dict[str, str], environment: Dict[str, str], found: Optional[profiles.Profile]
) -> List[Value]:
    """Every key with its value; the first source that has one wins. Secrets are not shown."""
    variables = {key: name for name, key in profiles.VARIABLES.items() if environment.get(name)}
    rows = []
    for row in _config_keys():
        key = row.key
        if key in given:
            value, source = given[key], "command line"
        elif key in variables:
            value, source = environment[variables[key]], f"environment {variables[key]}"
        elif found is not None and key in found.settings:
            value, source = found.settings[key], f"profile {found.name}"
        else:
            value, source = row.default, "default"
        shown = "(secret)" if row.type == "secret" and value else _USER.sub("//(user)@", value)
        rows.append(Value(key, shown, source))
    return rows


def _show(args: argparse.Namespace, output: Output) -> int:
    found = profiles.load(None, os.environ)
    if found is not None:
        output.note(f"aigc: profile {found.name} of {found.path}")
    for row in values(options.settings(args), dict(os.environ), found):
        if row.source != "default" or args.all:
            output.result(f"{row.key:34} {row.value or '-':30} {row.source}", vital=False, type="value", **row._asdict())
    for (provider, operation), fields in sorted(found.defaults.items() if found else ()):
        for name, value in fields.items():
            text = f"{f'{provider}.{operation}.{name}':34} {value!s:30} profile {found.name if found else ''}"
            output.result(text, vital=False, type="field", provider=provider, operation=operation, name=name, value=value)
    return exits.OK


def _path(args: argparse.Namespace, output: Output) -> int:
    path = profiles.locate(os.environ)
    if path is None:
        why = "this program has more rights than its caller" if profiles.is_privileged() else "AIGC_CONFIG_FILE or HOME"
        output.note(f"aigc: there is no configuration file: {why}")
        return exits.FAILURE
    output.result(str(path), vital=False, type="path", path=str(path), exists=path.exists())
    if not path.exists():
        output.note("aigc: there is no such file; nothing is read")
    return exits.OK


def _check(args: argparse.Namespace, output: Output) -> int:
    """Every profile, and every value by the library's own checks."""
    from .. import _config

    path = profiles.locate(os.environ)
    if path is None or not path.exists():
        return _path(args, output)
    document, where = profiles.read(path), str(path)
    codes: List[int] = []
    for name in profiles.names(document, where):
        try:
            found = profiles.profile(document, name, where)
            _config.build({}, {}, found.settings)
        except AigcError as error:
            output.error(error)
            codes.append(exits.of(error))
            continue
        count = len(found.settings) + sum(map(len, found.defaults.values()))
        output.result(f"{name}: good, {count} values", vital=False, type="profile", name=name, values=count)
    first = profiles.chosen(document, where)
    if first is not None and first not in profiles.names(document, where):
        profiles.profile(document, first, where)  # Raises.
    if not codes:
        profiles.profile({**document, "profiles": {"": {}}}, "", where)  # What stands outside of the profiles.
    return exits.worst(codes)

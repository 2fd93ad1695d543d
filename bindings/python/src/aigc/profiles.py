"""The configuration file and its profiles: ~/.config/aigc/config.toml.

    provider = "tencent"                    # what "aigc generate" takes without --provider
    profile = "work"                        # what "aigc" takes without --profile

    [profiles.work]
    journal.path = "~/cats"                 # configuration keys, as "aigc config keys" lists them
    tencent.region = "ap-guangzhou"

    [profiles.work.operations.tencent.aigc_image]
    count = 2                               # fields that a request does not set itself

Nothing is read unless somebody asks: the command asks for the file's own profile, a Client for the one that its argument
"profile" or the variable AIGC_PROFILE names. AIGC_CONFIG_FILE names another file, or "none". A privileged program (setuid)
reads none. No secret belongs in the file: the vendors' own credential files are the place for those.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from .describe import _config_keys, _fields, _operations
from .enums import Status
from .errors import FileError, InvalidArgumentError

VARIABLES = {
    "AIGC_ALIBABA_ENDPOINT": "alibaba.endpoint",
    "AIGC_TENCENT_ENDPOINT": "tencent.endpoint",
    "AIGC_CA_FILE": "tls.ca_file",
    "AIGC_ALLOW_PRIVATE_ADDRESSES": "download.allow_private_addresses",
    "AIGC_JOURNAL": "journal.path",
}
"""Variables of the environment that stand for configuration keys; they win over a profile."""

NONE = "none"
_LONGEST = 1 << 20
_AT_SECURE = 23
_OWN = ("alibaba.access_key_id", "tencent.secret_id")  # Keys that are of no use without a secret.
_PATHS = ("journal.path", "tls.ca_file", "tls.ca_path", "tls.client_cert", "tls.client_key")
_TOP = ("profile", "provider", "profiles")


class Profile(NamedTuple):
    """One profile, found good."""

    name: str
    path: str
    """The file that it comes from."""
    settings: Dict[str, str]
    """Configuration keys."""
    defaults: Dict[Tuple[str, str], Dict[str, Any]]
    """For each (provider, operation): fields that a request does not set itself."""
    provider: Optional[str]
    """The provider that the command takes."""

    def fields(self, provider: str, operation: str) -> Dict[str, Any]:
        """What a request for that operation gets where it says nothing itself."""
        return dict(self.defaults.get((provider, operation), {}))


def is_privileged() -> bool:
    """Whether this process has more rights than its caller: the caller's files and variables count for nothing then."""
    if os.name != "posix":
        return False
    if os.getuid() != os.geteuid() or os.getgid() != os.getegid():
        return True
    try:
        import ctypes

        ask = ctypes.CDLL(None).getauxval
        ask.restype, ask.argtypes = ctypes.c_ulong, [ctypes.c_ulong]
        return bool(ask(_AT_SECURE))
    except (OSError, AttributeError):
        return False


def locate(environment: Mapping[str, str]) -> Optional[Path]:
    """Where the file is, whether it exists or not; None where it is switched off."""
    if is_privileged():
        return None
    named = environment.get("AIGC_CONFIG_FILE")
    if named:
        return None if named == NONE else Path(named)
    folder = environment.get("XDG_CONFIG_HOME") or ""
    if os.path.isabs(folder):
        return Path(folder, "aigc", "config.toml")
    home = environment.get("HOME") or ""
    return Path(home, ".config", "aigc", "config.toml") if os.path.isabs(home) else None


def read(path: Path) -> Dict[str, Any]:
    """The file as TOML tables. Raises FileError if it cannot be read, InvalidArgumentError if it is no TOML."""
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST + 1)
    except OSError as error:
        raise FileError(f"the configuration {path} cannot be read: {error.strerror}", status=Status.FILE) from error
    if len(data) > _LONGEST:
        raise _wrong(str(path), "it is longer than a mebibyte")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(str(path), f"it is no UTF-8 (byte {error.start})") from None
    return parse(text, str(path))


def parse(text: str, where: str) -> Dict[str, Any]:
    """The text as TOML tables. Raises InvalidArgumentError."""
    toml = _toml()
    try:
        found: Dict[str, Any] = toml.loads(text.replace("\r\n", "\n"))
    except (toml.TOMLDecodeError, RecursionError) as error:
        raise _wrong(where, f"it is no TOML: {error}") from None
    return found


def names(document: Mapping[str, Any], where: str) -> List[str]:
    """The profiles of a document."""
    return sorted(_table(document.get("profiles", {}), where, "profiles"))


def chosen(document: Mapping[str, Any], where: str) -> Optional[str]:
    """The profile that the file itself names, or "default" if it has one."""
    named = document.get("profile")
    if named is not None and not isinstance(named, str):
        raise _wrong(where, 'profile is the name of a profile, such as profile = "work"')
    return named or ("default" if "default" in names(document, where) else None)


def profile(document: Mapping[str, Any], name: str, where: str) -> Profile:
    """One profile. Raises InvalidArgumentError for the first thing in it that means nothing."""
    for key in document:
        if key not in _TOP:
            raise _wrong(where, f"{key} means nothing there{_nearest(key, _TOP)}: it has {', '.join(_TOP)}")
    known = names(document, where)
    if name not in known:
        has = f"it has {', '.join(known)}" if known else "it has none"
        raise InvalidArgumentError(
            f"there is no profile {name!r} in {where}{_nearest(name, known)}: {has}", status=Status.INVALID_ARGUMENT
        )
    inside = dict(_table(document["profiles"][name], where, f"profiles.{name}"))
    defaults = _defaults(inside.pop("operations", {}), where, name)
    provider = inside.pop("provider", document.get("provider"))
    if provider is not None and provider not in {row.provider for row in _operations()}:
        raise _wrong(where, f"provider is {provider!r}, and must be alibaba or tencent")
    settings: Dict[str, str] = {}
    for key, value in _flat(inside, ""):
        settings[key] = _setting(key, value, where, name)
    return Profile(name, where, settings, defaults, provider)


def load(name: Optional[str], environment: Mapping[str, str]) -> Optional[Profile]:
    """The profile of that name, or of AIGC_PROFILE; None where neither names one, and then nothing is read."""
    wanted = environment.get("AIGC_PROFILE") if name is None else name
    if not wanted or is_privileged():
        return None
    path = locate(environment)
    if path is None:
        raise InvalidArgumentError(
            f"the profile {wanted!r} is asked for, and there is no configuration file: AIGC_CONFIG_FILE is "
            f"{environment.get('AIGC_CONFIG_FILE')!r}, HOME is {environment.get('HOME')!r}",
            status=Status.INVALID_ARGUMENT,
        )
    return profile(read(path), wanted, str(path))


def settings_of(found: Optional[Profile], environment: Mapping[str, str]) -> Dict[str, str]:
    """The configuration keys of a profile, without those that the environment sets: a sandbox is not led past."""
    if found is None:
        return {}
    shadowed = {key for variable, key in VARIABLES.items() if environment.get(variable)}
    return {key: value for key, value in found.settings.items() if key not in shadowed}


def _toml() -> Any:
    from importlib import import_module

    for name in ("tomllib", "tomli"):
        try:
            return import_module(name)
        except ImportError:
            pass
    raise InvalidArgumentError(
        "the configuration file is TOML, which Python reads from 3.11 on; for this one: pip install tomli",
        status=Status.INVALID_ARGUMENT,
    )


def _table(value: Any, where: str, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(where, f"{name} is no table: [{name}]")
    return value


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[Tuple[str, Any]]:
    """tencent.region = "x", or [tencent] with region = "x"."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _setting(key: str, value: Any, where: str, name: str) -> str:
    rows = {row.key: row for row in _config_keys()}
    row = rows.get(key)
    at = f"profile {name}: "
    if row is None:
        raise _wrong(where, f'{at}{key} is no configuration key{_nearest(key, rows)}; "aigc config keys" lists them', key)
    if row.type == "secret" or key in _OWN:
        raise _wrong(where, f"{at}{key} belongs in the environment or the vendor's credential file, not here", key)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return os.path.expanduser(value) if key in _PATHS and value.startswith("~/") else value
    if isinstance(value, (int, float)):
        return repr(value)
    raise _wrong(where, f"{at}{key} is a {type(value).__name__}, and must be a text, a number, true or false", key)


def _defaults(value: Any, where: str, name: str) -> Dict[Tuple[str, str], Dict[str, Any]]:
    found: Dict[Tuple[str, str], Dict[str, Any]] = {}
    known = {(row.provider, row.operation) for row in _operations()}
    at = f"profiles.{name}.operations"
    for provider, operations in _table(value, where, at).items():
        for operation, fields in _table(operations, where, f"{at}.{provider}").items():
            if (provider, operation) not in known:
                all_names = [f"{one}.{other}" for one, other in sorted(known)]
                hint = _nearest(f"{provider}.{operation}", all_names)
                raise _wrong(where, f"{at}.{provider}.{operation} is no operation{hint}")
            types = {row.name: row.type for row in _fields(provider, operation)}
            for field, given in _table(fields, where, f"{at}.{provider}.{operation}").items():
                if field not in types:
                    raise _wrong(where, f"{operation} has no field {field}{_nearest(field, types)}", field)
                if types[field] == "image_url" or field == "prompt":
                    raise _wrong(where, f"{field} is no matter of a profile: give it with the request", field)
                if not _fits(types[field], given):
                    raise _wrong(where, f"{at}.{provider}.{operation}.{field} must be of type {types[field]}", field)
            found[(provider, operation)] = dict(fields)
    return found


def _fits(kind: str, value: Any) -> bool:
    if kind == "bool" or isinstance(value, bool):
        return kind in ("bool", "json") and (isinstance(value, bool) or kind == "json")
    if kind == "int":
        return isinstance(value, int)
    if kind == "double":
        return isinstance(value, (int, float))
    return kind == "json" or isinstance(value, str)


def _nearest(name: str, known: Any) -> str:
    from difflib import get_close_matches

    found = get_close_matches(name.lower(), list(known), 1)
    return f" (did you mean {found[0]}?)" if found else ""


def _wrong(where: str, why: str, field: Optional[str] = None) -> InvalidArgumentError:
    return InvalidArgumentError(f"the configuration {where}: {why}", status=Status.INVALID_ARGUMENT, field=field)

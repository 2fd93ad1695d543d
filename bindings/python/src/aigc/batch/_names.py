"""File names of a batch: from keys and columns, in Unicode, never longer than a file system takes, never out of the folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import FrozenSet, List, Mapping, Optional

from .._naming import EXTENSIONS

NAME_BYTES = 255
FOLDER_ROWS = 1000
FOLDERS_FROM = 10_000
_OURS = frozenset(("key", "index", "provider", "operation"))
_PLACE = re.compile(r"\{([^{}]*)\}")
_ODD = re.compile(r'[\x00-\x1f\x7f/\\<>:"|?*\u2028\u2029]+')
_ROOM = re.compile(r"[0-9]{4}|[1-9][0-9]{4,}")
_SUFFIX = len(".webp")


def wrong_template(template: str) -> Optional[str]:
    """What is wrong with a template; None if it can be used."""
    rest = _PLACE.sub("", template)
    if not template.strip(". "):
        return "a name template cannot be empty"
    if "{" in rest or "}" in rest:
        return "a name template has a brace without its partner"
    if "/" in rest or "\\" in rest or any(ord(character) < 32 for character in rest):
        return "a name template names a file: no folder, and no control character"
    if not _PLACE.findall(template):
        return "a name template without {key} gives every row the same name"
    return None


def columns_of(template: str) -> FrozenSet[str]:
    """The columns that a template takes."""
    return frozenset(_PLACE.findall(template)) - _OURS


def stem(template: str, values: Mapping[str, str], index: int) -> str:
    """The name of an image without its extension. values: key, provider, operation and the columns of the template."""
    template = template if "{index}" in template or not index else template + "-{index}"
    name = _PLACE.sub(lambda match: str(index) if match.group(1) == "index" else _clean(values[match.group(1)]), template)
    name = unicodedata.normalize("NFC", name).strip(" ").rstrip(".")
    if not name or name.startswith((".", "-")):
        name = "_" + name.lstrip(".")
    return _fitting(name, values.get("key", name), index)


def apart(name: str, key: str, index: int) -> str:
    """Another name for an image whose own is that of another row."""
    return _cut(name, key, index)


def folded(name: str) -> str:
    """Equal for names that some file system takes as the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def folder(row: int, rows: int) -> str:
    """The folder of a row, from 1; empty for few rows."""
    return "" if rows < FOLDERS_FROM else f"{(row - 1) // FOLDER_ROWS:04}"


def is_folder(name: str) -> bool:
    """Whether folder() can give this name."""
    return _ROOM.fullmatch(name) is not None


def stem_of_file(name: str) -> Optional[str]:
    """The stem of an image's file; None for any other file."""
    base, dot, extension = name.rpartition(".")
    return base if dot and extension in (*EXTENSIONS, "jpeg") else None


def stems(template: str, values: Mapping[str, str], count: int) -> List[str]:
    """The names of so many images."""
    return [stem(template, values, index) for index in range(count)]


def _clean(text: str) -> str:
    return _ODD.sub("_", unicodedata.normalize("NFC", text)).encode("utf-8", "replace").decode("utf-8")


def _fitting(name: str, key: str, index: int) -> str:
    """Cut to what a file system takes; the end is then a hash of the key, so that two keys stay two names."""
    return name if len(name.encode("utf-8")) <= NAME_BYTES - _SUFFIX else _cut(name, key, index)


def _cut(name: str, key: str, index: int) -> str:
    limit, data = NAME_BYTES - _SUFFIX, name.encode("utf-8")
    end = f"~{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}-{index}"
    return data[: limit - len(end)].decode("utf-8", "ignore") + end

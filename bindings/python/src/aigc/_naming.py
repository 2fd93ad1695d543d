"""File names for images. Nothing that a provider sends can lead out of the folder or name something odd."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Collection, Dict, Iterator, List, Optional, Union

from .enums import Status
from .errors import InvalidArgumentError

if TYPE_CHECKING:
    from ._jobs import BaseJob

DEFAULT_TEMPLATE = "{provider}-{operation}-{id}-{index}"
EXTENSIONS = ("png", "jpg", "webp", "gif", "bmp")
FIELDS = ("provider", "operation", "id", "remote_id", "index", "date", "time")
_PLACE = re.compile(r"\{([^{}]*)\}")


def check_template(template: str) -> None:
    """Raises InvalidArgumentError if the template names a field that does not exist, or a folder."""
    for name in _PLACE.findall(template):
        if name not in FIELDS:
            raise _invalid(f"a name template has no {{{name}}}; it has {', '.join('{%s}' % field for field in FIELDS)}")
    rest = _PLACE.sub("", template)
    if "{" in rest or "}" in rest:
        raise _invalid("a name template has a brace without its partner")
    if "/" in rest or os.sep in rest or "\0" in rest:
        raise _invalid("a name template names a file, not a folder: give the folder apart")
    if not template.strip(". "):
        raise _invalid("a name template cannot be empty")


def file_paths(
    folder: Optional[Union[str, "os.PathLike[str]"]], job: "BaseJob", template: Optional[str] = None
) -> List[Optional[str]]:
    """For each image of the job a path in the folder that no file has yet, ending in ".*", and all of them different
    whatever the template says; None for each without a folder. Makes the folder."""
    if folder is None:
        return [None for _ in job.assets]
    os.makedirs(folder, exist_ok=True)
    paths: List[str] = []
    for asset in job.assets:
        base = os.path.join(os.fspath(folder), stem(job, asset.index, template or DEFAULT_TEMPLATE))
        paths.append(unused(base, taken=paths))
    return [*paths]


def stem(job: "BaseJob", index: int, template: str) -> str:
    """The file name of an image, without extension."""
    remote = job.remote_id or str(job.id)
    now = time.localtime()
    values: Dict[str, str] = {
        "provider": clean(job.provider),
        "operation": clean(job.operation),
        "id": short(remote),
        "remote_id": clean(remote),
        "index": str(index),
        "date": time.strftime("%Y-%m-%d", now),
        "time": time.strftime("%H%M%S", now),
    }
    name = _PLACE.sub(lambda match: values[match.group(1)], template)
    return name.lstrip(".-")[:180] or "image"


def unused(base: str, suffix: str = ".*", taken: Collection[str] = ()) -> str:
    """base + suffix, with a number in between if need be, so that no such file is there and it is not one of taken.

    ".*" stands for every extension that an image can have."""
    for candidate in numbered(base):
        names = [f"{candidate}.{extension}" for extension in EXTENSIONS] if suffix == ".*" else [candidate + suffix]
        if candidate + suffix not in taken and not any(map(os.path.lexists, names)):
            return candidate + suffix
    raise AssertionError("numbers do not end")


def numbered(base: str) -> Iterator[str]:
    """base, base-2, base-3 and so on."""
    yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1


def clean(text: str) -> str:
    """Text of a provider as part of a file name: letters, digits, "-" and "_", at most 80 of them."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text)[:80].strip("_") or "x"


def short(remote_id: str) -> str:
    """The end of a provider's id, where ids differ."""
    return re.sub(r"[^A-Za-z0-9]+", "", remote_id)[-10:] or "x"


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, status=Status.INVALID_ARGUMENT, field="name_template")

"""File names for images. Nothing that a provider sends can lead out of the folder or name something odd."""

from __future__ import annotations

import errno
import filecmp
import os
import random
import re
import stat
import time
from typing import TYPE_CHECKING, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple, Union

from ._call import encode
from .enums import Status
from .errors import AigcError, FileError, InvalidArgumentError, NoSpaceError

if TYPE_CHECKING:
    from ._jobs import BaseJob

DEFAULT_TEMPLATE = "{provider}-{operation}-{id}-{index}"
EXTENSIONS = ("png", "jpg", "webp", "gif", "bmp")
SUFFIXES = (".*", ".jpeg", *(f".{extension}" for extension in EXTENSIONS))
STANDARD_OUTPUT = "-"
NO_STREAM = '"-", and nothing goes to standard output: give a file or a folder, such as "./-" for one of that name'
"""Images are files: with most requests nobody knows before payment how many come, or of which type."""
_SMALL_IMAGE = 256 * 1024  # Bytes.
_SEVERAL = 4  # Images, where nobody knows how many there will be.
_MANY = 100
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_LONGEST_PATH = 4095  # Bytes, on Linux.
FIELDS = ("provider", "operation", "id", "remote_id", "index", "date", "time")
_PLACE = re.compile(r"\{([^{}]*)\}")


def check_template(template: str) -> None:
    """Raises InvalidArgumentError if the template names a field that does not exist, or a folder, or is no text."""
    encode(template, "name_template")
    for name in _PLACE.findall(template):
        if name not in FIELDS:
            raise _invalid(f"a name template has no {{{name}}}; it has {', '.join('{%s}' % field for field in FIELDS)}")
    rest = _PLACE.sub("", template)
    if "{" in rest or "}" in rest:
        raise _invalid("a name template has a brace without its partner")
    if "/" in rest or os.sep in rest or "\0" in rest:
        raise _invalid("a name template names a file, not a folder: give the folder apart")
    if any(ord(character) < 32 or ord(character) == 127 for character in rest):
        raise _invalid("a name template has no control characters")
    if not template.strip(". "):
        raise _invalid("a name template cannot be empty")


class Files:
    """Where the images of jobs go: a folder, or a file.

    out is a file if its last part ends in ".*" or in the suffix of an image (.png, .jpg, .jpeg, .webp, .gif, .bmp), and
    otherwise a folder; a relative one starts at the working folder of the moment in which this is made. Of several images
    for one file each gets its number before the suffix; images of several jobs get the place of their job before that, from 1
    on, where their names would be those of another job. No path is given out twice, nor one that a file has, unless
    overwriting is on."""

    def __init__(self, out: Union[str, "os.PathLike[str]"], template: Optional[str] = None, overwrite: bool = False) -> None:
        self._template = DEFAULT_TEMPLATE if template is None else template
        check_template(self._template)
        text = encode(os.fspath(out), "out").decode()
        if not text:
            raise _invalid("out is empty: give a folder, such as \".\", or a file", "out")
        if text == STANDARD_OUTPUT:
            raise _invalid(f"out is {NO_STREAM}", "out")
        self._overwrite = overwrite
        self._taken: Set[str] = set()
        self._places: Dict[int, int] = {}
        self._start = _here() or ""
        if not self._start and not os.path.isabs(text):
            raise FileError("the working folder of this process is gone: give the whole path", status=Status.FILE)
        self._base: Optional[str] = None
        self._folder, self._suffix = text, ".*"
        base, suffix = split(text)
        if suffix:
            if suffix == ".*" and os.path.basename(base) in ("", ".", ".."):
                raise _invalid("out ends without the name of a file: put one before \".*\"", "out")
            self._base, self._suffix = base, suffix
            self._folder = os.path.dirname(text) or "."

    def prepare(self) -> None:
        """Makes the folder and finds out whether a file can be written into it, as long as that costs nothing: before
        anything is submitted. Raises FileError, NoSpaceError or InvalidArgumentError."""
        folder = os.path.join(self._start, self._folder)
        if len(os.fsencode(folder)) > _LONGEST_PATH:
            raise _invalid("out is longer than any path can be", "out")
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise _file_error(f"the folder {self._folder} cannot be made", error) from error
        longest = f"{self._base}-999" if self._base is not None else self._longest()
        name = os.path.basename(longest) + (self._suffix if self._suffix != ".*" else ".webp")
        whole = os.path.join(self._start, self._folder, name)
        try:
            limit = os.pathconf(folder, "PC_NAME_MAX")
        except (OSError, ValueError):
            limit = 255
        size = len(os.fsencode(name))
        if size > limit or len(os.fsencode(whole)) > _LONGEST_PATH:
            if self._base is None:
                raise _invalid(f"the name template makes file names of up to {size} bytes, and {limit} are possible")
            raise _invalid(f"the file name {name} is too long: it has {size} bytes, and {limit} are possible", "out")
        if self._base is not None and os.path.isdir(os.path.join(self._start, self._base + self._suffix)):
            raise FileError(
                f"{self._base}{self._suffix} is a folder, and its suffix makes it the name of a file: append a \"/\"",
                status=Status.FILE,
            )
        _try_file(folder, self._folder, name)

    def check_targets(self, provider: str, operation: str, count: Optional[int]) -> None:
        """Where files are replaced: raises FileError if something that cannot be replaced has the name of an image, before
        anything is submitted. count: how many images the request asks for; None: nobody knows. Names with an id or a time are
        known too late."""
        if not self._overwrite:
            return
        for base in self._targets(provider, operation, count):
            for suffix in _suffixes(self._suffix):
                what = _no_target(os.path.join(self._start, base + suffix))
                if what is not None:
                    raise FileError(
                        f"{base}{suffix} is {what}, which an image cannot replace: move it away, or choose another name. "
                        "Nothing was sent",
                        status=Status.FILE,
                    )

    def _targets(self, provider: str, operation: str, count: Optional[int]) -> List[str]:
        """The paths of images without their suffixes, as path() will give them out."""
        indices = range(_SEVERAL if count is None else max(1, min(count, _MANY)))
        if self._base is not None:
            several = [f"{self._base}-{index}" for index in indices]
            return [self._base] if count == 1 else several if count is not None else [self._base, *several]
        if any(name in ("id", "remote_id", "time") for name in _PLACE.findall(self._template)):
            return []
        found: List[str] = []
        values = {"provider": clean(provider), "operation": clean(operation), "date": time.strftime("%Y-%m-%d")}
        for index in indices:
            base = os.path.join(self._folder, _filled(self._template, {**values, "index": str(index)}))
            found.append(next(candidate for candidate in numbered(base) if candidate not in found))
        return found

    def expect(self, jobs: Sequence["BaseJob"]) -> None:
        """Which jobs share the names, in the order of their places: which of them ends first changes no name."""
        if len(jobs) > 1 and (self._base is not None or not {"id", "remote_id"}.intersection(_PLACE.findall(self._template))):
            self._places = {job.id: place for place, job in enumerate(jobs, 1)}

    def path(self, job: "BaseJob", index: int, several: bool) -> str:
        """The path for an image of a job, as a download takes it."""
        place = f"-{self._places[job.id]}" if job.id in self._places else ""
        if self._base is None:
            return self._claim(os.path.join(self._folder, stem(job, index, self._template) + place))
        return self._claim(f"{self._base}{place}-{index}" if several else self._base + place)

    def paths(self, job: "BaseJob") -> List[str]:
        """The paths for all images of a job."""
        assets = job.assets
        return [self.path(job, asset.index, len(assets) > 1) for asset in assets]

    def single(self, name: str) -> str:
        """The path for an image that belongs to no job."""
        return self._claim(os.path.join(self._folder, name) if self._base is None else self._base)

    def keep_one(self, path: str) -> Optional[str]:
        """The file of the name without a number, or with a smaller one, that holds the same bytes as path; path is removed
        then. None if there is none."""
        whole, suffix = split(path)
        base = re.sub(r"-\d+$", "", whole)
        for candidate in numbered(base):
            earlier = candidate + suffix
            if earlier == path or not os.path.lexists(earlier):
                return None
            if os.path.isfile(earlier) and filecmp.cmp(earlier, path, shallow=False):
                os.unlink(path)
                return earlier
        return None

    def _claim(self, base: str) -> str:
        if _here() != self._start:
            base = os.path.join(self._start, base)
        for candidate in numbered(base):
            path = candidate + self._suffix
            if path not in self._taken and (self._overwrite or not _is_taken(candidate, self._suffix)):
                self._taken.add(path)
                return path
        raise AssertionError("numbers do not end")

    def _longest(self) -> str:
        values = {
            "provider": "tencent",
            "operation": "pre_model_inference",
            "id": "x" * 10,
            "remote_id": "x" * 80,
            "index": "999",
            "date": "2026-01-01",
            "time": "000000",
        }
        return _filled(self._template, values) + "-999"


def _here() -> Optional[str]:
    try:
        return os.getcwd()
    except OSError:
        return None


def _try_file(folder: str, shown: str, name: str) -> None:
    """Writes as much as a small image needs under a hidden name of that length, and removes it."""
    probe = os.path.join(folder, "." + name[1:] if len(name) > 1 else ".x")
    while os.path.lexists(probe):
        probe = os.path.join(folder, f".aigc-{random.getrandbits(64):016x}")
    try:
        file = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _file_error(f"no file can be made in the folder {shown}", error) from error
    try:
        os.unlink(probe)
        try:
            os.posix_fallocate(file, 0, _SMALL_IMAGE)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
            os.write(file, bytes(_SMALL_IMAGE))
    except OSError as error:
        raise _file_error(f"no image can be written to the folder {shown}", error) from error
    finally:
        os.close(file)


def _file_error(what: str, error: OSError) -> AigcError:
    message = f"{what}: {error.strerror}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpaceError(message, status=Status.NO_SPACE)
    return FileError(message, status=Status.FILE)


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
    return _filled(template, values)


def _filled(template: str, values: Mapping[str, str]) -> str:
    name = _PLACE.sub(lambda match: values[match.group(1)], template)
    return name.lstrip(".-") or "image"


def _is_taken(base: str, suffix: str) -> bool:
    """Whether there is such a file; ".*" stands for every suffix that an image can get."""
    return any(os.path.lexists(base + each) for each in _suffixes(suffix))


def _suffixes(suffix: str) -> List[str]:
    return [f".{extension}" for extension in EXTENSIONS] if suffix == ".*" else [suffix]


def _no_target(path: str) -> Optional[str]:
    """What a path is, if no file can take its place; a link is replaced like a file."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    for is_one, what in _KINDS:
        if is_one(found.st_mode):
            return what
    me = os.geteuid()
    may = me == 0 or me == found.st_uid and found.st_mode & stat.S_IWUSR
    if stat.S_ISREG(found.st_mode) and may and not os.access(path, os.W_OK):
        return "a file that even its owner cannot change (chattr +i)"
    return None


def numbered(base: str) -> Iterator[str]:
    """base, base-2, base-3 and so on."""
    yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1


def split(path: str) -> Tuple[str, str]:
    """What stands before the suffix of an image or ".*", and the suffix; an empty suffix if the path has none. One rule for
    all names, ".png" included: os.path.splitext() takes a dot at the beginning of a name for something else."""
    lowered = path.lower()
    for suffix in SUFFIXES:
        if lowered.endswith(suffix):
            return path[: -len(suffix)], path[-len(suffix) :]
    return path, ""


def clean(text: str) -> str:
    """Text of a provider as part of a file name: letters, digits, "-" and "_", at most 80 of them."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text)[:80].strip("_") or "x"


def short(remote_id: str) -> str:
    """The end of a provider's id, where ids differ."""
    return re.sub(r"[^A-Za-z0-9]+", "", remote_id)[-10:] or "x"


def _invalid(message: str, field: str = "name_template") -> InvalidArgumentError:
    return InvalidArgumentError(message, status=Status.INVALID_ARGUMENT, field=field)

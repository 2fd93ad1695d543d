"""Images of a job as people use them: a list that notebooks show, Pillow images, files."""

from __future__ import annotations

import os
from typing import Any, List, Optional, Protocol, TypeVar, Union

from .enums import State, Status
from .errors import FileError, FileTakenError, InvalidArgumentError, LibraryLoadError, NoSpaceError, WrongStateError



class HasImage(Protocol):
    """What this module asks of a download."""

    @property
    def id(self) -> int: ...

    @property
    def state(self) -> State: ...

    @property
    def path(self) -> Optional[str]: ...

    @property
    def data(self) -> bytes: ...

    @property
    def content_type(self) -> Optional[str]: ...


DownloadT = TypeVar("DownloadT", bound=HasImage)

_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif", "image/bmp": "bmp"}


class Images(List[DownloadT]):
    """The downloads of one job or of several; a notebook shows the pictures."""

    def _repr_html_(self) -> str:
        from base64 import b64encode

        cells = []
        for download in self:
            found = content(download)
            if found is not None:
                text = b64encode(found).decode("ascii")
                cells.append(
                    f'<img src="data:{download.content_type};base64,{text}" '
                    'style="width:240px;height:240px;object-fit:contain;margin:4px">'
                )
            else:
                cells.append(f"<code>{download.state.name}</code>")
        return '<div style="display:flex;flex-wrap:wrap">' + "".join(cells) + "</div>"


def content(download: HasImage) -> Optional[bytes]:
    """The bytes of an image that is there, in memory or in its file; None for one that is not, or was taken."""
    if download.state is not State.SUCCEEDED:
        return None
    path = download.path
    if path is None:
        try:
            return download.data
        except WrongStateError:
            return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def needed(download: HasImage) -> bytes:
    """The same; raises WrongStateError where there is none."""
    found = content(download)
    if found is None:
        raise WrongStateError(
            f"{download!r} has no image: wait() for it, and do not take() it before", status=Status.WRONG_STATE
        )
    return found


def picture(download: HasImage) -> Any:
    """A PIL.Image.Image, loaded."""
    try:
        from PIL import Image
    except ImportError:
        raise LibraryLoadError("image() needs Pillow: pip install Pillow") from None
    from io import BytesIO

    image = Image.open(BytesIO(needed(download)))
    image.load()
    return image


def png(download: HasImage) -> Optional[bytes]:
    """The image as PNG, for a notebook; None where that cannot be."""
    found = content(download)
    if found is None or download.content_type == "image/png":
        return found
    try:
        from io import BytesIO

        out = BytesIO()
        picture(download).save(out, "PNG")
        return out.getvalue()
    except Exception:
        return None


def save(download: HasImage, path: Union[str, "os.PathLike[str]"], overwrite: bool) -> str:
    """Writes the bytes as they came to a file, which is never there in part, and returns its path."""
    name = os.fspath(path)
    if name.endswith(".*") and os.path.basename(name) not in (".*", "..*", "...*"):
        name = f"{name[:-1]}{_SUFFIXES.get(download.content_type or '', 'bin')}"
    if os.path.basename(name) in ("", ".*", "..*", "...*") or "\0" in name:
        raise InvalidArgumentError(f"{name!r} is no path of a file", status=Status.INVALID_ARGUMENT, field="path")
    data = needed(download)
    part = f"{name}.{os.getpid()}.{download.id}.part"
    try:
        with open(part, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            os.replace(part, name)
        else:
            os.link(part, name)
    except FileExistsError as error:
        raise FileTakenError(f"there is a file {name}: give overwrite=True to replace it", status=Status.FILE_EXISTS) from error
    except OSError as error:
        import errno

        kind, status = (
            (NoSpaceError, Status.NO_SPACE)
            if error.errno in (errno.ENOSPC, errno.EDQUOT)
            else (FileError, Status.FILE)
        )
        raise kind(f"{name} cannot be written: {error.strerror}", status=status) from error
    finally:
        if os.path.lexists(part):
            os.unlink(part)
    return name

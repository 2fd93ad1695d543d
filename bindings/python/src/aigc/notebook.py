"""Jobs in a notebook: a bar that moves, and a contact sheet.

    from aigc import notebook

    images = notebook.show(client.map(prompts, "tencent", "aigc_image", return_exceptions=True), prompts)

Needs IPython, which every notebook has; without one nothing is shown, and the images are returned all the same. Thumbnails
need Pillow; without it the sheet holds the images as they came.
"""

from __future__ import annotations

from base64 import b64encode
from html import escape
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any, Iterable, List, Optional, Sequence, Tuple, Union

from ._images import Images, content
from .errors import AigcError

if TYPE_CHECKING:
    from .client import Download

_SIDE = 240


def show(
    results: "Iterable[Union[Images[Download], AigcError]]", captions: Optional[Sequence[object]] = None
) -> "Images[Download]":
    """Shows a bar while the results come and a contact sheet when all are there; returns all images.

    results:  what client.map() gives. Where an error comes in the place of images, the sheet shows what it says.
    captions: a text for each result, such as its prompt.
    """
    texts = [str(caption) for caption in captions or ()]
    bar = _Bar(len(texts) or None)
    images: "Images[Download]" = Images()
    cells: List[str] = []
    count = 0
    try:
        for result in results:
            caption = texts[count] if count < len(texts) else ""
            count += 1
            if isinstance(result, AigcError):
                cells.append(_cell(f"<code>{escape(f'{result.name}: {result.message}')}</code>", caption))
            else:
                images.extend(result)
                cells.extend(_cell(_picture(image), caption) for image in result)
            bar.update(count, len(images))
    finally:
        bar.end(count, len(images))
        if cells:
            _display(sheet(cells))
    return images


def contact_sheet(images: "Iterable[Download]", captions: Sequence[object] = ()) -> str:
    """The images as HTML, small, each with its caption."""
    texts = [str(caption) for caption in captions]
    found = list(images)
    return sheet([_cell(_picture(image), texts[at] if at < len(texts) else "") for at, image in enumerate(found)])


def sheet(cells: Iterable[str]) -> str:
    """Cells side by side, as many as the page is wide."""
    return '<div style="display:flex;flex-wrap:wrap;gap:8px">' + "".join(cells) + "</div>"


def _cell(inside: str, caption: str) -> str:
    text = f'<figcaption style="overflow-wrap:anywhere">{escape(caption)}</figcaption>' if caption else ""
    return f'<figure style="width:{_SIDE}px;margin:0">{inside}{text}</figure>'


def _picture(image: "Download") -> str:
    found = content(image)
    if found is None:
        return f"<code>{escape(image.state.name)}</code>"
    kind, data = _small(found, image.content_type or "image/png")
    where = f"data:{escape(kind)};base64,{b64encode(data).decode('ascii')}"
    return f'<img src="{where}" style="max-width:100%" alt="">'


def _small(data: bytes, kind: str) -> Tuple[str, bytes]:
    try:
        from PIL import Image

        with Image.open(BytesIO(data)) as opened:
            opened.thumbnail((2 * _SIDE, 2 * _SIDE))
            out = BytesIO()
            opened.convert("RGB").save(out, "JPEG", quality=80)
            return "image/jpeg", out.getvalue()
    except Exception:  # Without Pillow, or an image that it does not know.
        return kind, data


class _Html:
    """Something that a notebook shows."""

    def __init__(self, text: str) -> None:
        self._text = text

    def _repr_html_(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "<aigc.notebook>"


def _display(text: str) -> None:
    shell = _shell()
    if shell is not None:
        shell.display(_Html(text))


def _shell() -> Any:
    """IPython.display, where a notebook or a console of IPython runs us."""
    try:
        display = import_module("IPython.display")
        running = import_module("IPython").get_ipython()
    except ImportError:
        return None
    return display if running is not None else None


class _Bar:
    """One output that changes in place."""

    def __init__(self, total: Optional[int]) -> None:
        self._total = total
        self._handle: Any = None
        shell = _shell()
        if shell is not None:
            self._handle = shell.display(_Html(self._text(0, 0, False)), display_id=True)

    def update(self, count: int, images: int) -> None:
        """So many results, so many images."""
        if self._handle is not None:
            self._handle.update(_Html(self._text(count, images, False)))

    def end(self, count: int, images: int) -> None:
        """The last words."""
        if self._handle is not None:
            self._handle.update(_Html(self._text(count, images, True)))

    def _text(self, count: int, images: int, over: bool) -> str:
        value = f' value="{count}" max="{self._total}"' if self._total else (' value="1" max="1"' if over else "")
        of = f" of {self._total}" if self._total else ""
        return f"<progress{value}></progress> {count}{of} jobs, {images} images"

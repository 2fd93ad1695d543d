"""Pictures ready to serve: drawn off the event loop, once, and kept within a bound."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, NamedTuple

from .crc64 import crc64
from .draw import CONTENT_TYPES, Recipe, draw


class Picture(NamedTuple):
    """Bytes and what the store says about them."""

    data: bytes
    content_type: str
    etag: str
    crc: int


def _make(recipe: Recipe) -> Picture:
    data = draw(recipe)
    return Picture(data, CONTENT_TYPES[recipe.format], '"' + hashlib.md5(data).hexdigest() + '"', crc64(data))


class Gallery:
    """An LRU cache over the drawing; the same recipe is never drawn twice at a time."""

    def __init__(self, limit_bytes: int = 192 * 1024 * 1024) -> None:
        self._limit = limit_bytes
        self._held = 0
        self._pictures: "OrderedDict[Recipe, Picture]" = OrderedDict()
        self._drawing: Dict[Recipe, "asyncio.Future[Picture]"] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="draw")

    async def get(self, recipe: Recipe) -> Picture:
        """The picture of a recipe."""
        picture = self._pictures.get(recipe)
        if picture is not None:
            self._pictures.move_to_end(recipe)
            return picture
        drawing = self._drawing.get(recipe)
        if drawing is None:
            drawing = asyncio.get_running_loop().run_in_executor(self._pool, _make, recipe)
            self._drawing[recipe] = drawing
            drawing.add_done_callback(lambda _: self._drawing.pop(recipe, None))
        picture = await asyncio.shield(drawing)
        if recipe not in self._pictures:
            self._pictures[recipe] = picture
            self._held += len(picture.data)
            while self._held > self._limit and len(self._pictures) > 1:
                _, old = self._pictures.popitem(last=False)
                self._held -= len(old.data)
        return picture

    def close(self) -> None:
        """Stop drawing."""
        self._pool.shutdown(wait=False)

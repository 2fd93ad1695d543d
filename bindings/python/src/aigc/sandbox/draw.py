"""Pictures, drawn the same way every time from the same words and numbers."""

from __future__ import annotations

import hashlib
import io
import random
import re
import textwrap
from typing import NamedTuple, Optional, Tuple

from PIL import Image, ImageDraw, ImageFont

MAX_SIDE = 8192
MAX_PIXELS = 40_000_000
CONTENT_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
_SIZE = re.compile(r"\[size:(\d{1,4})x(\d{1,4})\]")


class Recipe(NamedTuple):
    """Everything a picture depends on."""

    provider: str
    prompt: str
    seed: str
    number: int
    width: int
    height: int
    format: str
    generation: int = 0


def size_in_prompt(prompt: str) -> Optional[Tuple[int, int]]:
    """The size asked for with ``[size:WxH]``, within bounds."""
    match = _SIZE.search(prompt)
    if match is None:
        return None
    width = min(max(int(match.group(1)), 1), MAX_SIDE)
    height = min(max(int(match.group(2)), 1), MAX_SIDE)
    if width * height > MAX_PIXELS:
        height = max(1, MAX_PIXELS // width)
    return width, height


def _colour(rng: random.Random, low: int, high: int) -> Tuple[int, int, int]:
    return rng.randint(low, high), rng.randint(low, high), rng.randint(low, high)


def _background(rng: random.Random, width: int, height: int) -> Image.Image:
    """A gradient between two colours, in one of eight directions."""
    ramp = Image.linear_gradient("L") if rng.random() < 0.7 else Image.radial_gradient("L")
    ramp = ramp.rotate(rng.choice((0, 90, 180, 270))).resize((width, height), Image.Resampling.BILINEAR)
    first = Image.new("RGB", (width, height), _colour(rng, 0, 120))
    second = Image.new("RGB", (width, height), _colour(rng, 100, 255))
    return Image.composite(second, first, ramp)


def _shapes(rng: random.Random, canvas: ImageDraw.ImageDraw, width: int, height: int) -> None:
    for _ in range(rng.randint(4, 9)):
        x, y = rng.randint(0, width), rng.randint(0, height)
        reach = rng.randint(max(2, min(width, height) // 16), max(3, min(width, height) // 4))
        box = (x - reach, y - reach, x + reach, y + reach)
        kind = rng.randrange(3)
        if kind == 0:
            canvas.ellipse(box, fill=_colour(rng, 0, 255))
        elif kind == 1:
            canvas.rectangle(box, fill=_colour(rng, 0, 255))
        else:
            canvas.regular_polygon((x, y, reach), rng.randint(3, 7), rng.randrange(90), fill=_colour(rng, 0, 255))


def _caption(canvas: ImageDraw.ImageDraw, recipe: Recipe) -> None:
    if recipe.width < 64 or recipe.height < 32:
        return
    shown = recipe.prompt[:400].encode("latin-1", "replace").decode("latin-1")
    shown = "".join(c if c.isprintable() else " " for c in shown)
    lines = textwrap.wrap(shown, max(8, recipe.width // 7))[:8] or [""]
    lines.append("%s seed %s #%d" % (recipe.provider, recipe.seed, recipe.number))
    text = "\n".join(lines)
    font = ImageFont.load_default()
    left, top, right, bottom = canvas.multiline_textbbox((8, 8), text, font=font)
    canvas.rectangle((left - 4, top - 4, right + 4, bottom + 4), fill=(0, 0, 0))
    canvas.multiline_text((8, 8), text, font=font, fill=(255, 255, 255))


def draw(recipe: Recipe) -> bytes:
    """The bytes of a picture."""
    key = "\n".join((recipe.provider, recipe.prompt, recipe.seed, str(recipe.number), str(recipe.generation)))
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    rng = random.Random(int.from_bytes(digest, "big"))
    image = _background(rng, recipe.width, recipe.height)
    canvas = ImageDraw.Draw(image)
    _shapes(rng, canvas, recipe.width, recipe.height)
    _caption(canvas, recipe)
    out = io.BytesIO()
    if recipe.format == "jpeg":
        image.save(out, "JPEG", quality=85)
    elif recipe.format == "webp":
        image.save(out, "WEBP", quality=80, method=0)
    else:
        image.save(out, "PNG", compress_level=3)
    return out.getvalue()

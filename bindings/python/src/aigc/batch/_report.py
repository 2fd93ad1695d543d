"""report.html: one file that explains a run. It opens from a disk, loads nothing from a network, and scales to thousands of rows:
the page makes a card when it is scrolled to."""

from __future__ import annotations

import base64
import io
import json
import math
import os
import shlex
import time
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ._index import Index, Row
from ._page import PAGE

ROWS = 20_000
"""So many rows are in the page, failures first. All are in results.jsonl."""
INSIDE = 200
"""Up to so many pictures are inside the file."""
_THUMB = 320  # Pixels.
_SMALL = 96 * 1024  # Bytes that are taken as they are where nothing makes them smaller.
_BARS = 40
_ORDER = ("in doubt", "conflict", "failed", "refused", "expired", "to fetch", "not sent", "left", "done")


class Group(NamedTuple):
    """Rows that have failed for one reason."""

    state: str
    reason: str
    number: int
    keys: List[str]
    """The first."""
    command: str
    """What to do about them."""


def command_for(
    state: str, line: Optional[str], out: str, plain: Optional[str] = None, resolve: Optional[str] = None
) -> str:
    """What to run for rows in this state. line: the command of this run; None where a program ran it. plain: that command
    without --again and --retry, where the run had them: nobody pays for these once more by mistake. resolve: the command
    that settles rows in doubt."""
    if state == "in doubt":
        return resolve or f"aigc batch --resolve {shlex.quote(f'--out={out}')}"
    retry = {"failed": "failed", "refused": "refused", "expired": "expired"}.get(state)
    warns = {"failed": "  # may be billed again", "expired": "  # pays again"}.get(state, "")
    if state == "conflict":
        return "give the row another key, or name its key with --again"
    if state == "left":
        return "left by hand: pay once more with --again"
    base = line or "the same call again"
    if retry is None:
        return base
    return f"{plain or base} --retry {retry}{warns}" if line else f'{base}, with retry="{retry}"{warns}'


def groups(
    rows: Iterable[Row], line: Optional[str], out: str, plain: Optional[str] = None, resolve: Optional[str] = None
) -> List[Group]:
    """Rows by state and reason, the most first."""
    found: Dict[Tuple[str, str], Tuple[int, List[str]]] = {}
    for row in rows:
        reason = _reason(row)
        count, keys = found.get((row.stands or "", reason), (0, []))
        if count < 5:
            keys.append(row.key)
        found[row.stands or "", reason] = count + 1, keys
    ordered = sorted(found.items(), key=lambda entry: (_ORDER.index(entry[0][0]), -entry[1][0]))
    return [
        Group(state, reason, count, keys, command_for(state, line, out, plain, resolve))
        for (state, reason), (count, keys) in ordered
    ]


def histogram(seconds: Sequence[float], bars: int = _BARS) -> List[Tuple[float, int]]:
    """(upper edge in seconds, rows) for each bar; empty where there is nothing to draw."""
    if not seconds:
        return []
    longest = max(seconds)
    step = max(longest / bars, 0.001)
    counts = [0] * bars
    for value in seconds:
        counts[min(bars - 1, max(0, math.ceil(value / step) - 1))] += 1
    return [(step * (number + 1), count) for number, count in enumerate(counts)]


def plot(bars: Sequence[Tuple[float, int]]) -> str:
    """The histogram as SVG."""
    if not bars:
        return ""
    most = max(count for _, count in bars)
    parts = ['<svg viewBox="0 0 800 130" role="img" aria-label="durations">']
    width = 800 / len(bars)
    for number, (edge, count) in enumerate(bars):
        height = 100 * count / most
        parts.append(
            f'<rect x="{number * width + 1:.1f}" y="{105 - height:.1f}" width="{width - 2:.1f}" height="{height:.1f}">'
            f"<title>up to {edge:.1f} s: {count}</title></rect>"
        )
    parts.append('<text x="0" y="125">0 s</text>')
    parts.append(f'<text x="800" y="125" text-anchor="end">{bars[-1][0]:.1f} s</text></svg>')
    return "".join(parts)


def report_parts(
    index: Index,
    counts: Dict[str, int],
    stops: List[str],
    prompts: bool,
    out: str = ".",
    line: Optional[str] = None,
    plain: Optional[str] = None,
    resolve: Optional[str] = None,
) -> Iterator[str]:
    """The page, in parts."""
    pictures = index.pictures()
    inside = pictures <= INSIDE
    rows = index.rows
    head: Dict[str, Any] = {
        "out": out,
        "made": time.strftime("%Y-%m-%d %H:%M:%S"),
        "rows": rows,
        "shown": min(rows, ROWS),
        "counts": [[state, counts[state]] for state in _ORDER if counts.get(state)],
        "stops": stops,
        "groups": [group._asdict() for group in groups(index.all("stands != 'done'"), line, out, plain, resolve)],
        "pictures": pictures,
        "inside": inside,
    }
    before, _, rest = PAGE.partition("<!--PLOT-->")
    between, _, after = rest.partition("<!--DATA-->")
    yield before
    yield plot(histogram(index.durations()))
    yield between
    yield f'<script type="application/json" id="head">{_safe(head)}</script>\n<script type="application/json" id="rows">['
    first = True
    left = ROWS
    for where in ("stands != 'done'", "stands = 'done'"):
        for row in index.all(where) if left else ():
            yield ("" if first else ",\n") + _safe(_entry(row, prompts, inside, out))
            first = False
            left -= 1
            if not left:
                break
    yield "]</script>\n"
    yield after


def _entry(row: Row, prompts: bool, inside: bool, out: str) -> List[Any]:
    paths = row.paths()
    thumbs = [_thumbnail(os.path.join(out, path)) if inside else None for path in paths]
    return [
        row.key, row.row, row.stands, row.prompt[:2000] if prompts else "", paths, thumbs,
        None if row.seconds is None else round(row.seconds, 2), _reason(row) if row.stands != "done" else "",
    ]


def _reason(row: Row) -> str:
    """Equal for rows that failed for the same: without what belongs to one of them."""
    if not row.message:
        said = {"in doubt": "its outcome is unknown", "not sent": "not sent so far", "to fetch": "accepted, and not here yet"}
        return said.get(row.stands or "", row.status or "")
    return row.message.split(", request ")[0]


def _thumbnail(path: str) -> Optional[str]:
    """A picture as a data URL; None where it is too large for that."""
    try:
        from PIL import Image

        with Image.open(path) as image:
            image.thumbnail((_THUMB, _THUMB))
            file = io.BytesIO()
            image.convert("RGB").save(file, "JPEG", quality=80)
            return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
    except ImportError:
        pass
    except Exception:  # Of a picture that Pillow does not read: the browser may.
        return None
    try:
        if os.path.getsize(path) > _SMALL:
            return None
        with open(path, "rb") as source:
            data = source.read()
    except OSError:
        return None
    kind = {"jpg": "jpeg"}.get(path.rpartition(".")[2], path.rpartition(".")[2])
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _safe(value: Any) -> str:
    """JSON that can stand in a script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")

"""What an object store answers to GET and HEAD: ranges, conditions, checksums, XML errors."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import List, Optional, Tuple
from xml.sax.saxutils import escape

from .gallery import Picture
from .jobs import Job, hex_id
from .wire import Head, Refusal, Reply, http_date
from .world import Call, World, spoil

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


def refuse(refusal: Refusal, resource: str) -> Reply:
    """A refusal in the store's XML."""
    request_id = hex_id(24)
    body = (
        "<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n\t<Code>%s</Code>\n\t<Message>%s</Message>\n"
        "\t<Resource>%s</Resource>\n\t<RequestId>%s</RequestId>\n\t<TraceId>%s</TraceId>\n</Error>\n"
        % (escape(refusal.code), escape(refusal.message), escape(resource), request_id, hex_id(48))
    )
    headers = [("x-cos-request-id", request_id)] + refusal.headers
    return Reply(refusal.status, body.encode("utf-8", "replace"), "application/xml", headers, refusal.code)


def _span(text: str, size: int) -> Optional[Tuple[int, int]]:
    """First and last byte of a single range; None when the header is to be ignored."""
    match = _RANGE.match(text.strip())
    if match is None or (not match.group(1) and not match.group(2)):
        return None
    if not match.group(1):
        length = int(match.group(2))
        if length == 0 or size == 0:
            raise Refusal("InvalidRange", "The requested range cannot be satisfied.", 416)
        return max(0, size - length), size - 1
    first = int(match.group(1))
    last = min(int(match.group(2)), size - 1) if match.group(2) else size - 1
    if match.group(2) and int(match.group(2)) < first:
        return None
    if first >= size:
        raise Refusal(
            "InvalidRange", "The requested range cannot be satisfied.", 416, headers=[("Content-Range", "bytes */%d" % size)]
        )
    return first, last


def _same(condition: str, etag: str, modified: float) -> bool:
    """Does an If-Range value still describe the object?"""
    if condition.startswith('"') or condition.startswith("W/"):
        return condition == etag
    try:
        return parsedate_to_datetime(condition).timestamp() >= int(modified)
    except (TypeError, ValueError):
        return condition.strip('"') == etag.strip('"')


def serve(picture: Picture, modified: float, data: bytes, head: Head, ranges: bool) -> Reply:
    """Answer for one object; ``data`` stands for its bytes while checksum and tag stay the true ones."""
    headers: List[Tuple[str, str]] = [
        ("ETag", picture.etag),
        ("Last-Modified", http_date(modified)),
        ("x-cos-hash-crc64ecma", str(picture.crc)),
        ("x-cos-request-id", hex_id(24)),
    ]
    if ranges:
        headers.append(("Accept-Ranges", "bytes"))
    if_match, if_none_match, if_range = head.get("if-match"), head.get("if-none-match"), head.get("if-range")
    if if_match and if_match not in ("*", picture.etag):
        raise Refusal("PreconditionFailed", "Precondition failed.", 412)
    if if_none_match and if_none_match in ("*", picture.etag):
        return Reply(304, b"", picture.content_type, headers)
    span, wanted = None, head.get("range")
    if wanted and ranges and (not if_range or _same(if_range, picture.etag, modified)):
        span = _span(wanted, len(data))
    if span is None:
        return Reply(200, data, picture.content_type, headers)
    headers.append(("Content-Range", "bytes %d-%d/%d" % (span[0], span[1], len(data))))
    return Reply(206, data[span[0] : span[1] + 1], picture.content_type, headers)


async def serve_job(world: World, call: Call, job: Job, index: int) -> Reply:
    """Answer for one picture of a job, spoiled as the call's fault says."""
    if call.told_to("change_object"):
        job.generation += 1
    picture = await world.picture(job, index)
    modified = job.created_wall + job.generation
    return serve(picture, modified, spoil(call, picture.data), call.head, call.told_to("no_range") is None)

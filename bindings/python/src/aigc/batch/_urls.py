"""URLs that a store's owner has signed: who signs one anew gets another text for the same picture. The library has the same rule
for what a journal compares (URLSignature.swift); test_signed_urls.py holds both to one table."""

from __future__ import annotations

import json
from string import ascii_uppercase
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Tuple

_Way = Tuple[FrozenSet[str], FrozenSet[str]]


def _way(marks: str, others: str) -> _Way:
    return frozenset(marks.split()), frozenset(others.split())


def _fourth(store: str, *others: str) -> _Way:
    """The fourth version of S3 and those who followed it."""
    names = ("algorithm", "credential", "date", "expires", "signedheaders", "security-token", "content-sha256", *others)
    return frozenset((f"x-{store}-signature",)), frozenset(f"x-{store}-{name}" for name in names)


# What marks a signature, and its further parameters, in lower case: "Expires" alone may mean anything.
_WAYS: Tuple[_Way, ...] = (
    _way("q-signature", "q-sign-algorithm q-ak q-sign-time q-key-time q-header-list q-url-param-list x-cos-security-token"),
    _way("ossaccesskeyid signature expires", "security-token"),
    _way(
        "x-oss-signature",
        "x-oss-signature-version x-oss-access-key-id x-oss-credential x-oss-date x-oss-expires x-oss-additional-headers "
        "x-oss-security-token security-token",
    ),
    _way("awsaccesskeyid signature expires", "x-amz-security-token"),
    _way("accesskeyid signature expires", "x-obs-security-token"),
    _way("googleaccessid signature expires", ""),
    _fourth("amz", "s3session-token"), _fourth("tos", "signedqueries"), _fourth("goog"), _fourth("cos"),
)
_LOWER = {ord(letter): letter.lower() for letter in ascii_uppercase}
"""ASCII alone, as in the library: str.lower() makes a "k" of the sign for Kelvin."""


def unsigned(url: str) -> str:
    """The URL without its signature, and with every other parameter."""
    front, hash_, fragment = url.partition("#")
    base, mark, query = front.partition("?")
    if not mark:
        return url
    parts = query.split("&")
    names = [part.partition("=")[0].translate(_LOWER) for part in parts]
    found = [way for way in _WAYS if way[0] <= set(names)]
    if not found:
        return url
    dropped = frozenset().union(*(marks | more for marks, more in found))
    rest = "&".join(part for part, name in zip(parts, names) if name not in dropped)
    return f"{base}{mark if rest else ''}{rest}{hash_}{fragment}"


def unsigned_fields(fields: Mapping[str, Any]) -> Optional[Dict[str, Any]]:
    """Fields of a row with URLs that are not signed; None if none is."""
    changed: Dict[str, Any] = {}
    for name, value in fields.items():
        if name == "image_urls":
            found = _walked(value)
        elif isinstance(value, str) and name.startswith("body.") and "?" in value:
            before = json.loads(value)
            after = _walked(before)
            found = value if after == before else json.dumps(after, ensure_ascii=False)
        else:
            continue
        if found != value:
            changed[name] = found
    return {**fields, **changed} if changed else None


def _walked(value: Any) -> Any:
    if isinstance(value, str):
        return unsigned(value)
    if isinstance(value, (list, tuple)):
        entries: List[Any] = [_walked(entry) for entry in value]
        return entries
    if isinstance(value, dict):
        return {name: _walked(entry) for name, entry in value.items()}
    return value

"""Who may use the control interface and the page: this machine, by its own names, and no other site's page."""

from __future__ import annotations

import ipaddress
from typing import Optional
from urllib.parse import urlsplit

from .wire import Head

_NAMES = ("localhost",)
_ENDINGS = (".localhost", ".sandbox.test")  # Nobody else can own these.
_READING = ("GET", "HEAD")


def is_loopback(peer: Optional[str]) -> bool:
    """Does the caller sit on this machine?"""
    try:
        address = ipaddress.ip_address(peer or "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _is_here(authority: str) -> bool:
    """Is that a name of this machine? A name of somebody else's can lead here too (DNS rebinding)."""
    try:
        name = urlsplit("//" + authority).hostname or ""
    except ValueError:
        return False
    return is_loopback(name) or name in _NAMES or name.endswith(_ENDINGS)


def refusal(head: Head, peer: Optional[str]) -> Optional[str]:
    """Why this call is refused, or None. A browser says where a page came from; other programs say nothing."""
    if not is_loopback(peer):
        return "the control interface answers this machine only"
    host = head.get("host") or ""
    if not _is_here(host):
        return "the control interface answers to localhost and loopback addresses, not to %r" % host[:100]
    if head.method in _READING:
        return None
    origin = head.get("origin")
    if origin is not None and origin not in ("http://" + host, "https://" + host):
        return "a page of another site (%r) may not change the sandbox" % origin[:100]
    if head.get("sec-fetch-site") not in (None, "same-origin", "none"):
        return "a page of another site may not change the sandbox"
    return None

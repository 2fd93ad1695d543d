"""What the sandbox's page shows: pure readings of the world, and the page's own three files."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any, Dict, List, Optional

from .faults import KINDS
from .jobs import Job
from .ledger import since as recorded_since
from .wire import Head, Reply
from .world import World

JOBS = 60
REQUESTS = 100
_TEXT = 300
_FILES = {"": "index.html", "page.css": "page.css", "page.js": "page.js"}
_TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_HEADERS = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-cache"),
]
# Fault operations beside the clouds' own.
_PLACES = ("*", "asset", "bucket", "proxy")


def asks_for_page(head: Head) -> bool:
    """Is this a person at the root, and no call of a cloud?"""
    names = ("authorization", "x-tc-action", "x-acs-action")
    return head.method in ("GET", "HEAD") and head.target == "/" and not any(head.get(name) for name in names)


def file(name: str) -> Optional[Reply]:
    """One of the page's files; the root is ``""``."""
    if name not in _FILES:
        return None
    path = Path(__file__).with_name("page") / _FILES[name]
    return Reply(200, path.read_bytes(), _TYPES[path.suffix], list(_HEADERS))


def look(world: World, since: int) -> Dict[str, Any]:
    """Everything that changes, and the requests after a number."""
    ledger = world.ledger
    log = ledger.requests
    last = ledger.last
    after = since if since <= last else 0
    entries = list(islice(reversed(log), REQUESTS)) if after <= last - REQUESTS else recorded_since(log, after, "")
    rows = [_request(entry) for entry in sorted(entries, key=lambda entry: int(entry["number"])) if entry["number"] > after]
    return {
        "epoch": ledger.epoch,
        "last": last,
        "open": min((row["number"] for row in rows if row["open"]), default=None),
        "jobs": [_job(job) for job in world.jobs.newest(JOBS)],
        "jobs_total": len(world.jobs),
        "requests": rows,
        "meters": _meters(world),
        "faults": [fault.as_json() for fault in world.faults.every()],
        "kinds": sorted(KINDS),
        "operations": [*_PLACES, *sorted({name for names in ledger.names().values() for name in names} - set(_PLACES))],
        "settings": world.settings.as_json(),
        "created": dict(ledger.created_total),
        "duplicates": ledger.duplicates,
    }


def _job(job: Job) -> Dict[str, Any]:
    share = job.progress()
    ended = share >= 1.0
    return {
        "provider": job.provider,
        "kind": job.kind,
        "id": job.id,
        "prompt": job.prompt[:_TEXT],
        "state": job.state(),
        "share": share,
        "ended": ended,
        "good": job.done(),
        "why": job.failure()[:_TEXT] if ended else "",
        "images": job.images() if job.done() and job.kind != "training" else 0,
        "generation": job.generation,
        "width": job.width,
        "height": job.height,
    }


def _request(entry: Dict[str, Any]) -> Dict[str, Any]:
    """Without headers and query: they hold signatures."""
    return {
        "number": entry["number"],
        "provider": entry["provider"],
        "operation": entry["operation"][:_TEXT],
        "method": entry["method"],
        "path": entry["target"].partition("?")[0][:_TEXT],
        "status": entry.get("status"),
        "code": entry.get("code", ""),
        "fault": entry.get("fault", ""),
        "checks": entry.get("checks", []),
        "open": not entry.get("over", False),
    }


def _meters(world: World) -> List[Dict[str, Any]]:
    buckets = {"tencent": world.tencent_rate, "alibaba": world.alibaba_rate}
    rows: List[Dict[str, Any]] = []
    for provider, names in sorted(world.ledger.names().items()):
        for name in sorted(names):
            counts = world.ledger.operation(provider, name)
            level = buckets[provider].lowest(name) if provider in buckets else None
            rows.append(
                {
                    "provider": provider,
                    "operation": name[:_TEXT],
                    "now": counts.peak.present(),
                    "most": counts.peak.most,
                    "limit": 0 if level is None else buckets[provider].rate,
                    "left": level,
                    "refused": sum(counts.refused.values()),
                }
            )
    return rows

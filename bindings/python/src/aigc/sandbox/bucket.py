"""A private bucket: where Tencent stores pictures when a request carries StoreCosParam."""

from __future__ import annotations

import re
from typing import Dict, List, Tuple
from urllib.parse import quote, unquote, urlsplit

from .jobs import Job, digits
from .signatures_cos import find_signature, verify
from .store import refuse, serve_job
from .wire import Head, Refusal, Reply
from .world import Call, World

DOMAIN = "sandbox.test"
_HOST = re.compile(r"([a-z0-9][a-z0-9-]*)\.cos\.[a-z0-9-]+\.(?:sandbox\.test|myqcloud\.com)(?::\d+)?\Z")


def carries_signature(head: Head) -> bool:
    """Did the caller send anything that looks like a signature or a token?"""
    return bool(
        head.get("authorization") or head.get("x-cos-security-token")
        or "q-signature=" in head.query or "x-cos-security-token=" in head.query.lower()
    )


class Bucket:
    """Objects by bucket and key; reading needs a COS signature of the account that owns the job."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._objects: Dict[Tuple[str, str], Tuple[str, int]] = {}

    def urls_of(self, job: Job) -> List[str]:
        """Where the pictures of a job lie; they are put there the first time this is asked."""
        place = job.fields["StoreCosParam"]
        name, region = place["CosBucketName"], place["CosBucketRegion"]
        keys: List[str] = job.fields.setdefault("_keys", [])
        folder = (place.get("CosBucketPath") or "").strip("/")
        while len(keys) < job.images():
            key = "%s4_%s.%s" % (folder + "/" if folder else "", digits(), {"jpeg": "jpg"}.get(job.format, job.format))
            self._objects[(name, key)] = (job.id, len(keys))
            keys.append(key)
        settings = self._world.settings
        origin = self._world.bucket_origins[settings.bucket_scheme]
        if settings.bucket_style == "path":
            root = "%s/%s/" % (origin, name)
        else:
            parts = urlsplit(origin)
            root = "%s://%s.cos.%s.%s:%d/" % (parts.scheme, name, region, DOMAIN, parts.port or 0)
        return [root + quote(key, safe="/-_.~") for key in keys]

    async def handle(self, call: Call) -> Reply:
        """Answer one request, refusals included."""
        try:
            return await self._handle(call)
        except Refusal as refusal:
            return refuse(refusal, call.head.path)

    async def _handle(self, call: Call) -> Reply:
        head, world = call.head, self._world
        if head.method not in ("GET", "HEAD"):
            raise Refusal("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
        account = None
        if not world.settings.bucket_public or find_signature(head) is not None:
            account = verify(head, world.identities, world.clock.now()).account
        path = unquote(head.path)
        match = _HOST.match((head.get("host") or "").lower())
        bucket, key = (match.group(1), path.lstrip("/")) if match else _split(path)
        found = self._objects.get((bucket, key))
        job = world.jobs.find("tencent", found[0]) if found is not None else None
        if found is None or job is None:
            raise Refusal("NoSuchKey", "The specified key does not exist.", 404)
        if account is not None and account != job.account:
            raise Refusal("AccessDenied", "Access Denied.", 403)
        return await serve_job(world, call, job, found[1])


def _split(path: str) -> Tuple[str, str]:
    bucket, _, key = path.lstrip("/").partition("/")
    return bucket, key

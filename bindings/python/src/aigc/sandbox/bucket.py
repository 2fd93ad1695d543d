"""Private buckets: where Tencent stores pictures when a request carries StoreCosParam, and where callers of either cloud put
pictures of their own for an operation that takes URLs."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from typing import Dict, List, NamedTuple, Tuple
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

from . import signatures_oss
from .crc64 import crc64
from .gallery import Picture
from .identities import Identity
from .jobs import Job, digits
from .signatures_cos import find_signature, verify
from .store import refuse, serve, serve_job
from .wire import Head, Refusal, Reply
from .world import Call, World

DOMAIN = "sandbox.test"
_HELD = 256 * 1024 * 1024  # Bytes of callers' own pictures; the oldest go.
_HOST = re.compile(r"([a-z0-9][a-z0-9-]*)\.(?:cos\.|oss-)[a-z0-9-]+\.(?:sandbox\.test|myqcloud\.com|aliyuncs\.com)(?::\d+)?\Z")


class Upload(NamedTuple):
    """A picture that a caller has put here."""

    account: str
    picture: Picture
    time: float


def carries_signature(head: Head) -> bool:
    """Did the caller send anything that looks like a signature or a token?"""
    return bool(
        head.get("authorization") or head.get("x-cos-security-token")
        or "q-signature=" in head.query or "x-oss-signature=" in head.query or "x-cos-security-token=" in head.query.lower()
    )


class Bucket:
    """Objects by bucket and key; reading needs a COS signature of the account that owns the job."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._objects: Dict[Tuple[str, str], Tuple[str, int]] = {}
        self._uploads: "OrderedDict[Tuple[str, str], Upload]" = OrderedDict()

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
        if head.method not in ("GET", "HEAD", "PUT"):
            raise Refusal("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
        path = unquote(head.path)
        match = _HOST.match((head.get("host") or "").lower())
        bucket, key = (match.group(1), path.lstrip("/")) if match else _split(path)
        account = None
        call.check("signature")
        if head.method == "PUT" or not world.settings.bucket_public or _is_signed(head):
            account = self._caller(call, bucket if match else "").account
        call.check("object")
        if head.method == "PUT":
            return self._put(call, account or "", bucket, key)
        upload = self._uploads.get((bucket, key))
        if upload is not None:
            if account not in (None, upload.account):
                raise Refusal("AccessDenied", "Access Denied.", 403)
            return serve(upload.picture, upload.time, upload.picture.data, head, True)
        found = self._objects.get((bucket, key))
        job = world.jobs.find("tencent", found[0]) if found is not None else None
        if found is None or job is None:
            raise Refusal("NoSuchKey", "The specified key does not exist.", 404)
        if account is not None and account != job.account:
            raise Refusal("AccessDenied", "Access Denied.", 403)
        return await serve_job(world, call, job, found[1])


    def _caller(self, call: Call, bucket: str) -> Identity:
        """Who has signed, by the signature of either store. bucket: where the host names it; OSS signs it into the path."""
        world = self._world
        if not signatures_oss.carries(call.head):
            return verify(call.head, world.identities, world.clock.now())
        path = unquote_to_bytes(call.head.path)
        return signatures_oss.verify(
            call.head, (b"/" + bucket.encode() if bucket else b"") + path, world.identities, world.clock.now()
        )

    def _put(self, call: Call, account: str, bucket: str, key: str) -> Reply:
        length = call.head.get("content-length") or ""
        if not key or not length.isdigit() or int(length) != len(call.body):
            raise Refusal("EntityTooLarge" if key else "InvalidArgument", "A whole object of at most 12 MiB is needed.", 400)
        etag = '"' + hashlib.md5(call.body).hexdigest() + '"'
        kind = call.head.get("content-type") or "application/octet-stream"
        picture = Picture(call.body, kind, etag, crc64(call.body))
        self._uploads.pop((bucket, key), None)
        self._uploads[(bucket, key)] = Upload(account, picture, self._world.clock.now())
        while sum(len(one.picture.data) for one in self._uploads.values()) > _HELD:
            self._uploads.popitem(last=False)
        return Reply(200, b"", "application/xml", [("ETag", etag), ("x-cos-hash-crc64ecma", str(picture.crc))])


def _is_signed(head: Head) -> bool:
    return signatures_oss.carries(head) or find_signature(head) is not None


def _split(path: str) -> Tuple[str, str]:
    bucket, _, key = path.lstrip("/").partition("/")
    return bucket, key

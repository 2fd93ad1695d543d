"""Short-lived addresses of pictures on the asset origin."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

from .clock import Clock
from .identities import TENCENT_ID, Identities
from .jobs import Job, digits
from .settings import Settings
from .signatures_cos import presigned_query


@dataclass
class Address:
    """One URL that was given out."""

    path: str
    query: str
    job_id: str
    index: int
    expires_at: float


class AssetUrls:
    """Gives out addresses, remembers what they stand for, and lets them die."""

    LIMIT = 500_000

    def __init__(self, settings: Settings, clock: Clock, identities: Identities) -> None:
        self.origins: Dict[str, str] = {}
        self._settings = settings
        self._clock = clock
        self._identities = identities
        self._by_path: "OrderedDict[str, Address]" = OrderedDict()
        self._current: Dict[Tuple[str, int], Address] = {}

    def _mint(self, job: Job, index: int) -> Address:
        now = self._clock.now()
        path = "/4_%s.%s" % (digits(12), {"jpeg": "jpg"}.get(job.format, job.format))
        query = ""
        if self._settings.signed_urls:
            owner = self._identities.find("tencent", TENCENT_ID)
            if owner is not None:
                query = presigned_query(owner, path, int(now) - 60, int(now + self._settings.url_life))
        address = Address(path, query, job.id, index, now + self._settings.url_life)
        self._by_path[path] = address
        self._current[(job.id, index)] = address
        while len(self._by_path) > self.LIMIT:
            _, old = self._by_path.popitem(last=False)
            if self._current.get((old.job_id, old.index)) is old:
                del self._current[(old.job_id, old.index)]
        return address

    def of(self, job: Job) -> List[str]:
        """The URLs of a job's pictures: those given out before while they live, else fresh ones."""
        origin = self.origins[self._settings.asset_scheme]
        if self._settings.asset_host:  # a name that only the proxy leads here; the port stays
            origin = "%s://%s:%s" % (self._settings.asset_scheme, self._settings.asset_host, origin.rpartition(":")[2])
        urls = []
        for index in range(job.images()):
            address = self._current.get((job.id, index))
            if address is None or (self._settings.fresh_urls and address.expires_at <= self._clock.now()):
                address = self._mint(job, index)
            urls.append(origin + address.path + ("?" + address.query if address.query else ""))
        return urls

    def find(self, path: str) -> Optional[Address]:
        """What a path stands for."""
        return self._by_path.get(path)

    def expire(self, job_id: Optional[str] = None) -> int:
        """Let every URL, or those of one job, die now; how many did."""
        now = self._clock.now()
        hit = 0
        for address in self._by_path.values():
            if (job_id is None or address.job_id == job_id) and address.expires_at > now:
                address.expires_at = now
                hit += 1
        return hit

    def clear(self) -> None:
        """Forget them all."""
        self._by_path.clear()
        self._current.clear()

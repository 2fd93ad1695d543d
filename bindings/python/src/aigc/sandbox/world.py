"""Everything the origins of one sandbox share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

from .clock import Clock
from .faults import Fault, Faults
from .gallery import Gallery, Picture
from .identities import Identities
from .jobs import Job, Jobs
from .ledger import Ledger
from .rates import Places, TokenBuckets
from .settings import Settings
from .signatures_acs3 import Nonces
from .urls import AssetUrls
from .wire import Head


class World:
    """The state of one sandbox; everything runs on one event loop, so there are no locks."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock(settings.clock_skew)
        self.identities = Identities()
        self.nonces = Nonces()
        self.jobs = Jobs()
        self.ledger = Ledger()
        self.faults = Faults()
        self.gallery = Gallery()
        self.tencent_rate = TokenBuckets(settings.rate)
        self.alibaba_rate = TokenBuckets(settings.alibaba_rate)
        self.places = {"tencent": Places(settings.concurrency), "alibaba": Places(settings.alibaba_concurrency)}
        self.urls = AssetUrls(settings, self.clock, self.identities)
        self.bucket_origins: Dict[str, str] = {}
        self.apply_settings()

    def apply_settings(self) -> None:
        """Hand changed settings to those who keep a copy."""
        self.clock.skew = self.settings.clock_skew
        self.jobs.duration = self.settings.duration
        self.tencent_rate.rate = self.settings.rate
        self.alibaba_rate.rate = self.settings.alibaba_rate
        self.places["tencent"].limit = self.settings.concurrency
        self.places["alibaba"].limit = self.settings.alibaba_concurrency

    def reset(self) -> None:
        """Forget jobs, addresses, counts, faults and nonces; settings and identities stay."""
        self.jobs.clear()
        self.urls.clear()
        self.ledger.clear()
        self.faults.clear()
        self.nonces = Nonces()
        self.tencent_rate.clear()
        self.alibaba_rate.clear()
        for places in self.places.values():
            places.clear()

    async def picture(self, job: Job, index: int) -> Picture:
        """One picture of a job."""
        return await self.gallery.get(job.recipe(index))


@dataclass
class Call:
    """One request on its way through a handler."""

    head: Head
    body: bytes
    operation: str
    fault: Optional[Fault] = None
    handled: bool = False
    checks: List[str] = field(default_factory=list)

    def check(self, name: str) -> None:
        """The request has met the checks so far; this one is next."""
        self.checks.append(name)

    def results(self, good: bool) -> List[Tuple[str, bool]]:
        """Each check that was made and whether the request met it: where it was refused, the last one failed."""
        last = len(self.checks) - 1
        return [(name, good or at < last) for at, name in enumerate(self.checks)]

    def told_to(self, kind: str) -> Optional[Fault]:
        """The fault of this call when it is of this kind."""
        return self.fault if self.fault is not None and self.fault.kind == kind else None


def spoil(call: Call, data: bytes) -> bytes:
    """Picture bytes after a truncate or flip_byte fault."""
    fault = call.told_to("truncate")
    if fault is not None:
        return data[: fault.share(len(data))]
    fault = call.told_to("flip_byte")
    if fault is not None and data:
        at = fault.values["position"]
        at = len(data) // 2 if at is None else at % len(data)
        return data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]
    return data

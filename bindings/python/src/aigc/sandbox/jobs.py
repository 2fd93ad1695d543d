"""Jobs of both clouds. A job is a record and a start time: its state follows from the time gone by."""

from __future__ import annotations

import math
import random
import re
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any, Dict, Iterator, List, Optional, Tuple

from .draw import Recipe

PRE_MODEL = "pre-model"  # Alibaba family P
TRAINED = "trained"  # Alibaba family T
TRAINING = "training"  # Alibaba training jobs
IMAGE_TASK = "image-task"  # Tencent
SCENE_TASK = "scene-task"  # Tencent scene tasks (list and status operations)

_INFERENCE = ((0.15, "NOT_START"), (0.35, "WAIT_SCHEDULE"), (1.0, "RUNNING"))
_TRAINING = ((0.2, "NOT_START"), (1.0, "TRAINING"))
_IMAGE_TASK = ((0.3, "WAIT"), (1.0, "RUN"))
_SCENE_TASK = ((0.3, "PENDING"), (1.0, "RUNNING"))
WALKS: Dict[str, Tuple[Tuple[Tuple[float, str], ...], str, str]] = {
    PRE_MODEL: (_INFERENCE, "FINISHED", "FAILED"),
    TRAINED: (_INFERENCE, "FINISHED", "FAILED"),
    TRAINING: (_TRAINING, "FINISHED", "FAILED"),
    IMAGE_TASK: (_IMAGE_TASK, "DONE", "FAIL"),
    SCENE_TASK: (_SCENE_TASK, "FINISHED", "FAILED"),
}
ENDING = re.compile(r"\[ends:([^\]]+)\]")  # a bad end with this word
SAYING = re.compile(r"\[says:([^\]]+)\]")  # a bad end for this reason
CHINA = timezone(timedelta(hours=8))


@dataclass
class Job:
    """One job, whatever its cloud."""

    provider: str
    kind: str
    id: str
    account: str
    prompt: str
    count: int
    seed: str
    width: int
    height: int
    format: str
    duration: float
    created_wall: float
    created: float
    fields: Dict[str, Any] = field(default_factory=dict)
    prompt_id: str = ""
    generation: int = 0

    def progress(self) -> float:
        """From 0 to 1."""
        if "[never]" in self.prompt:
            share = (time.monotonic() - self.created) / max(self.duration, 1e-9)
            return min(0.9, share)
        if self.duration <= 0:
            return 1.0
        return min(1.0, (time.monotonic() - self.created) / self.duration)

    def end(self) -> float:
        """The monotonic time at which it ends, well or badly."""
        return math.inf if "[never]" in self.prompt else self.created + self.duration

    def state(self) -> str:
        """The cloud's word for where the job is."""
        steps, good, bad = WALKS[self.kind]
        share = self.progress()
        for edge, word in steps:
            if share < edge:
                return word
        if share < 1.0:
            return steps[-1][1]
        ending = ENDING.search(self.prompt)
        return ending.group(1) if ending else bad if self.failure() else good

    def failure(self) -> str:
        """Why the job will end badly, or an empty string."""
        if "[fail]" in self.prompt:
            return "the picture could not be made"
        if "[moderated]" in self.prompt:
            return "InvalidParameterValue: the prompt was blocked by content review"
        said = SAYING.search(self.prompt)
        if not self.partly() and (said or ENDING.search(self.prompt)):
            return said.group(1) if said else "the picture could not be made"
        return ""

    def partly(self) -> bool:
        """Whether it ends with one picture less than ordered, under a word such as PARTIAL_SUCCESS."""
        ending = ENDING.search(self.prompt)
        return ending is not None and "PARTIAL" in ending.group(1)

    def done(self) -> bool:
        """True once it has ended well."""
        return self.progress() >= 1.0 and not self.failure()

    def images(self) -> int:
        """How many pictures there are once it is done."""
        return 0 if "[empty]" in self.prompt else max(1, self.count - self.partly())

    def created_text(self) -> str:
        """Creation time in the zone-less local form that Alibaba prints."""
        return datetime.fromtimestamp(self.created_wall, CHINA).strftime("%Y-%m-%dT%H:%M:%S.%f")

    def recipe(self, index: int) -> Recipe:
        """What picture ``index`` is drawn from."""
        return Recipe(
            self.provider, self.prompt, self.seed, index, self.width, self.height, self.format, self.generation
        )


class Jobs:
    """All jobs, with a bound: the oldest are forgotten first."""

    LIMIT = 400_000

    def __init__(self) -> None:
        self.duration = 2.0
        self._jobs: "OrderedDict[str, Job]" = OrderedDict()
        self._prompts: Dict[str, Job] = {}
        self._kinds: Dict[str, Dict[str, Job]] = {kind: {} for kind in WALKS}
        self._next = {PRE_MODEL: 1_000_000, TRAINED: 5_000_000, TRAINING: 9_000_000}

    def number(self, kind: str) -> str:
        """The next id of an Alibaba family; the families never share one."""
        self._next[kind] += 1
        return str(self._next[kind])

    def lifetime(self, prompt: str) -> float:
        """How long a job with this prompt takes."""
        return self.duration * (10.0 if "[slow]" in prompt else 1.0)

    def add(
        self,
        provider: str,
        kind: str,
        job_id: str,
        account: str,
        prompt: str,
        wall: float,
        *,
        count: int = 1,
        seed: Optional[int] = None,
        size: Tuple[int, int] = (512, 512),
        image_format: str = "png",
        prompt_id: str = "",
        fields: Optional[Dict[str, Any]] = None,
    ) -> Job:
        """A new job, starting now."""
        if "[webp]" in prompt:
            image_format = "webp"
        planted = str(seed) if seed is not None and 0 <= seed <= 2147483647 else "job-" + job_id
        job = Job(
            provider, kind, job_id, account, prompt, count, planted, size[0], size[1], image_format,
            self.lifetime(prompt), wall, time.monotonic(), fields or {}, prompt_id,
        )
        self._jobs[provider + "/" + job_id] = job
        self._kinds[kind][job_id] = job
        if prompt_id:
            self._prompts[prompt_id] = job
        while len(self._jobs) > self.LIMIT:
            _, old = self._jobs.popitem(last=False)
            self._kinds[old.kind].pop(old.id, None)
            self._prompts.pop(old.prompt_id, None)
        return job

    def find(self, provider: str, job_id: str, account: Optional[str] = None, kind: str = "") -> Optional[Job]:
        """A job by its id, of this account and family when they are given."""
        job = self._jobs.get(provider + "/" + job_id)
        if job is None or (account is not None and job.account != account) or (kind and job.kind != kind):
            return None
        return job

    def by_prompt(self, prompt_id: str) -> Optional[Job]:
        """The Alibaba inference job with this prompt id."""
        return self._prompts.get(prompt_id)

    def every(self, kind: str) -> Iterator[Job]:
        """All jobs of a kind, oldest first."""
        return iter(list(self._kinds[kind].values()))

    def newest(self, count: int) -> List[Job]:
        """The last so many, newest first."""
        return list(islice(reversed(self._jobs.values()), count))

    def clear(self) -> None:
        """Forget them all (ids keep counting)."""
        self._jobs.clear()
        self._prompts.clear()
        for jobs in self._kinds.values():
            jobs.clear()

    def __len__(self) -> int:
        return len(self._jobs)


def hex_id(length: int = 32) -> str:
    """A random lower-hex id."""
    return "%0*x" % (length, random.getrandbits(4 * length))


def digits(length: int = 10) -> str:
    """A random decimal id."""
    return "".join(random.choice("0123456789") for _ in range(length))


def listed(jobs: Iterator[Job]) -> List[Job]:
    """A list of jobs, newest first."""
    return sorted(jobs, key=lambda job: -job.created)

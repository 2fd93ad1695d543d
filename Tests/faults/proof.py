"""What the small proofs share: how they are run, and what several of them look at."""

from __future__ import annotations

import os
import time
import traceback
from collections import Counter
from typing import Any, Callable, Dict, List, Optional, Sequence, TypeVar

from rig import Rig  # first: it says where the aigc package lies

import aigc  # noqa: E402
from aigc.enums import EventType  # noqa: E402
from aigc.errors import AigcError  # noqa: E402
from tap import Report  # noqa: E402

T = TypeVar("T")
PROVIDERS = ("alibaba", "tencent")
CREATE = {"alibaba": "PersonalizedTextToImageAddInferenceJob", "tencent": "CreateAigcImageTask"}
DESCRIBE = {"alibaba": "PersonalizedTextToImageQueryPreModelInferenceJobInfo", "tencent": "DescribeAigcImageTask"}
ASSET = {"alibaba": "PersonalizedTextToImageQueryImageAsset", "tencent": "asset"}
LONG = bool(os.environ.get("AIGC_LONG"))


def main(name: str, facts: Sequence[Callable[[Rig, Report], None]], *options: str) -> int:
    """Run each in the same sandbox, reset before it. One that raises is a failure and hides no other."""
    report = Report(name)
    with Rig(*(options or ("--duration", "0.1", "--rate", "0"))) as rig:
        settings = rig.box.config()
        for fact in facts:
            rig.box.reset()
            rig.box.config(**settings)
            try:
                fact(rig, report)
            except Exception as problem:
                where = traceback.extract_tb(problem.__traceback__)[-1]
                place = "%s:%s" % (where.filename.rsplit("/", 1)[-1], where.lineno)
                report.ok(False, fact.__name__, "%s at %s: %s" % (type(problem).__name__, place, problem))
    return report.finish()


def until(condition: Callable[[], T], seconds: float = 20.0) -> T:
    """Wait for something to be true; what it is then, true or not."""
    ends = time.monotonic() + seconds
    while True:
        found = condition()
        if found or time.monotonic() >= ends:
            return found
        time.sleep(0.002)


def ended(task: Any, seconds: float = 60.0) -> Optional[AigcError]:
    """Wait for a job or a download to end; its error, or None for success."""
    try:
        task.wait(seconds)
    except AigcError as error:
        return error.with_traceback(None)
    return None


def events_of(client: aigc.Client, job: Any, timeout: float = 0.0) -> List[EventType]:
    """The types of the events of a job that are queued."""
    return [event.type for event in client.events(timeout=timeout) if event.job_id == job.id]


def requests(rig: Rig, operation: str) -> int:
    """How many requests of an operation the cloud has seen."""
    for operations in rig.box.stats(jobs=False)["operations"].values():
        if operation in operations:
            return int(operations[operation]["requests"])
    return 0


def created(rig: Rig, prompt: str) -> List[str]:
    """Ids of the jobs whose prompt begins so."""
    return [job["id"] for job in rig.box.stats()["jobs"] if job["prompt"].startswith(prompt)]


def refusals(rig: Rig, provider: str, operation: str) -> Dict[str, int]:
    """What an operation was refused for."""
    found: Dict[str, int] = (
        rig.box.stats(jobs=False)["operations"].get(provider, {}).get(operation, {}).get("refused", {})
    )
    return found


def granted(rig: Rig, operation: str) -> int:
    """The most requests of an operation that were granted in one second, by the date that each of them was signed with.

    A request is signed when it is granted, with the time of this machine, which is the cloud's. When it arrives says less:
    a busy machine delays some requests, and the next second then sees more of them."""
    seconds = Counter(
        value
        for seen in rig.box.requests(operation)
        for name, value in seen["headers"]
        if name.lower() == "x-tc-timestamp"
    )
    return max(seconds.values(), default=0)

"""aigc call: any operation of a cloud by its own name. aigc list: what a cloud can list."""

from __future__ import annotations

import argparse
import json
import time
from typing import Any, Dict, List, Tuple

from .._base import undecided
from ..client import Client, Job
from ..enums import State
from ..errors import JobCancelledError
from . import exits
from .interrupts import Interrupted, Interrupts, grace, waiting
from .output import Output
from .requests import check_provider, parameters

# Provider: (the cloud's own call, where its rows are, the columns of a row).
_LISTS: Dict[str, Tuple[str, Tuple[str, ...], Tuple[str, ...]]] = {
    "alibaba": (
        "Personalizedtxt2imgQueryModelTrainJobList",
        ("data",),
        ("id", "name", "jobStatus", "modelId", "createTime"),
    ),
    "tencent": ("DescribeAigcTaskList", ("Response", "Tasks"), ("TaskId", "TaskType", "TaskStatus", "CreateTime")),
}


def call(args: argparse.Namespace, output: Output, client: Client, interrupts: Interrupts) -> int:
    """Calls, waits, and prints the answer as the cloud gave it."""
    check_provider(args.provider)
    with interrupts.held():
        job = _begin(client, args.provider, args.action, parameters(args), args.reads, args.timeout)
    try:
        job.wait()
    except Interrupted:
        if args.reads:  # It can be asked again, for nothing.
            raise
        return _leave(args, output, client, interrupts, job)
    _print(args, output, job)
    return exits.OK


def _print(args: argparse.Namespace, output: Output, job: Job) -> None:
    answer = job.provider_response
    text = json.dumps(answer, ensure_ascii=False, indent=2)
    output.result(text, type="answer", provider=args.provider, action=args.action, answer=answer)


def _leave(args: argparse.Namespace, output: Output, client: Client, interrupts: Interrupts, job: Job) -> int:
    """Interrupted: a call that is on the wire, and that may cost money, is not sent again. Its answer is waited for."""
    if job.state is State.QUEUED:
        job.cancel()
    seconds = grace(client)
    end = time.monotonic() + seconds
    try:
        with interrupts.again():
            if not job.done and undecided(job):
                output.alarm(waiting(seconds, interrupted=True))
            while not job.done and time.monotonic() < end:
                time.sleep(0.01)
    except Interrupted:
        pass  # Interrupted again: no more patience.
    client.close(0)
    error = job.error
    if undecided(job):
        output.alarm("aigc: !!! OUTCOME UNKNOWN: the call left, and no answer says its result: it may have been carried out")
        return exits.OUTCOME_UNKNOWN
    if error is None:
        _print(args, output, job)
    elif not isinstance(error, JobCancelledError):
        output.error(error)
    return exits.INTERRUPTED


def listed(args: argparse.Namespace, output: Output, client: Client) -> int:
    """The rows that the cloud gives. No cloud lists image jobs: the journal does ("aigc jobs list")."""
    check_provider(args.provider)
    action, place, columns = _LISTS[args.provider]
    answer = _begin(client, args.provider, action, parameters(args), True, args.timeout).wait().provider_response
    rows = rows_of(answer, place)
    for row in rows:
        text = "  ".join(str(row[name]) for name in columns if row.get(name) is not None)
        output.result(text or json.dumps(row, ensure_ascii=False), vital=False, type="row", provider=args.provider, row=row)
    if not rows:
        output.note(f"aigc: {args.provider} lists nothing ({action})")
    return exits.OK


def rows_of(answer: Any, place: Tuple[str, ...]) -> List[Dict[str, Any]]:
    """The objects of a list inside an answer, wherever the envelope ends; none for anything else."""
    for name in place:
        if isinstance(answer, dict) and name in answer:
            answer = answer[name]
    return [row for row in answer if isinstance(row, dict)] if isinstance(answer, list) else []


def _begin(client: Client, provider: str, action: str, values: Dict[str, Any], reads: bool, timeout: Any) -> Job:
    job = client.call(provider, action, values or None, reads=reads)
    if timeout is not None:
        job.set_deadline(timeout)
    return job

"""Tencent's scene tasks, which the two read operations DescribeAigcTaskList and DescribeAigcTaskStatus show.

No operation in this sandbox creates one; the control call POST /scene-tasks does.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any, Dict, Optional

from .identities import Identity
from .jobs import CHINA, SCENE_TASK, Job, listed
from .tencent_fields import check_types
from .wire import Refusal
from .world import Call, World

STATES = ("PENDING", "RUNNING", "FINISHED", "STOP", "FAILED", "TIMEOUT")
TYPES = ("RedrawVideo", "VideoRedraw", "AIDrama", "DocGenVideo", "FissionVideo")
_FILTER = {
    "TaskId": str, "TaskType": str, "TaskStatus": str, "Resolution": str, "Ratio": str, "ExecuteMode": str,
    "VideoType": str, "ModelTier": str,
}


def create(world: World, value: Dict[str, Any]) -> str:
    """A scene task made by the control interface; ValueError says what is wrong."""
    known = {"type", "prompt", "resolution", "ratio", "account"}
    for name, given in value.items():
        if name not in known or not isinstance(given, str):
            raise ValueError("a scene task takes strings named " + ", ".join(sorted(known)))
    if value.get("type", TYPES[0]) not in TYPES:
        raise ValueError("type must be one of " + ", ".join(TYPES))
    task_id = str(uuid.uuid4())
    world.jobs.add(
        "tencent", SCENE_TASK, task_id, value.get("account", "main"), value.get("prompt", ""), world.clock.now(),
        fields={
            "type": value.get("type", TYPES[0]), "resolution": value.get("resolution", "1080P"),
            "ratio": value.get("ratio", "16:9"),
        },
    )
    return task_id


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, CHINA).strftime("%Y-%m-%d %H:%M:%S")


def _common(job: Job, state: str) -> Dict[str, Any]:
    ended = job.progress() >= 1.0
    return {
        "TaskId": job.id,
        "TaskType": job.fields["type"],
        "TaskStatus": state,
        "CreateTime": _time(job.created_wall),
        "ScheduledTime": _time(job.created_wall + job.duration * 0.3) if state != "PENDING" else "",
        "FinishedTime": _time(job.created_wall + job.duration) if ended else "",
        "TaskResultCode": 1 if job.failure() and ended else 0,
        "TaskResultMsg": job.failure() if ended else "",
        "RequestBody": json.dumps({"Prompt": job.prompt}),
        "TaskInfo": "",
        "Stage": "",
    }


def _state(call: Call, job: Job) -> str:
    odd = call.told_to("unknown_state")
    return str(odd.values["state"]) if odd is not None else job.state()


def _urls(world: World, job: Job) -> "list[str]":
    return world.urls.of(job) if job.done() else []


def describe_status(world: World, call: Call, identity: Identity, value: Dict[str, Any]) -> Dict[str, Any]:
    """DescribeAigcTaskStatus."""
    fields = check_types(value, {"TaskId": str})
    if not fields.get("TaskId"):
        raise Refusal("MissingParameter", "The parameter `TaskId` is missing.")
    job = world.jobs.find("tencent", fields["TaskId"], identity.account, SCENE_TASK)
    if job is None:
        raise Refusal("ResourceNotFound.TaskNotFound", "The task does not exist.")
    urls = _urls(world, job)
    return dict(_common(job, _state(call, job)), OutputUrl=urls[0] if urls else "")


def describe_list(world: World, call: Call, identity: Identity, value: Dict[str, Any]) -> Dict[str, Any]:
    """DescribeAigcTaskList: newest first, a page at a time."""
    fields = check_types(value, {"PageNum": int, "PageSize": int, "QueryTaskFilter": _FILTER})
    page, size = fields.get("PageNum", 1), fields.get("PageSize", 10)
    if page < 1 or not 1 <= size <= 100:
        raise Refusal("InvalidParameterValue", "PageNum starts at 1 and PageSize lies between 1 and 100.")
    wanted: Dict[str, str] = fields.get("QueryTaskFilter") or {}
    if wanted.get("TaskType") and wanted["TaskType"] not in TYPES:
        raise Refusal("InvalidParameterValue", "The TaskType `%s` is not known." % wanted["TaskType"])

    def matches(job: Job) -> bool:
        have: Dict[str, Optional[str]] = {
            "TaskId": job.id, "TaskType": job.fields["type"], "TaskStatus": job.state(),
            "Resolution": job.fields["resolution"], "Ratio": job.fields["ratio"],
        }
        return job.account == identity.account and all(not v or have.get(k) == v for k, v in wanted.items())

    found = [job for job in listed(world.jobs.every(SCENE_TASK)) if matches(job)]
    shown = found[(page - 1) * size : page * size]
    tasks = [
        dict(
            _common(job, _state(call, job)),
            Urls=_urls(world, job),
            Resolution=job.fields["resolution"],
            Ratio=job.fields["ratio"],
        )
        for job in shown
    ]
    return {"Total": len(found), "PageNum": page, "PageSize": size, "Tasks": tasks}

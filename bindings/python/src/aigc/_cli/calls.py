"""aigc call: any operation of a cloud by its own name. aigc list: what a cloud can list."""

from __future__ import annotations

import argparse
import json
from typing import Any, Dict, List, Tuple

from ..client import Client
from ..request import JSONText
from . import exits
from .output import Output
from .requests import check_provider

# Provider: (the cloud's own call, where its rows are, the columns of a row).
_LISTS: Dict[str, Tuple[str, Tuple[str, ...], Tuple[str, ...]]] = {
    "alibaba": (
        "Personalizedtxt2imgQueryModelTrainJobList",
        ("data",),
        ("id", "name", "jobStatus", "modelId", "createTime"),
    ),
    "tencent": ("DescribeAigcTaskList", ("Response", "Tasks"), ("TaskId", "TaskType", "TaskStatus", "CreateTime")),
}


def call(args: argparse.Namespace, output: Output, client: Client) -> int:
    """Calls, waits, and prints the answer as the cloud gave it."""
    check_provider(args.provider)
    parameters: Dict[str, Any] = dict(args.fields)
    parameters.update(_parsed(args))
    answer = _ask(client, args.provider, args.action, parameters, args.reads, args.timeout)
    text = json.dumps(answer, ensure_ascii=False, indent=2)
    output.result(text, type="answer", provider=args.provider, action=args.action, answer=answer)
    return exits.OK


def listed(args: argparse.Namespace, output: Output, client: Client) -> int:
    """The rows that the cloud gives. No cloud lists image jobs: the journal does ("aigc jobs list")."""
    check_provider(args.provider)
    action, place, columns = _LISTS[args.provider]
    answer = _ask(client, args.provider, action, {**dict(args.fields), **_parsed(args)}, True, args.timeout)
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


def _parsed(args: argparse.Namespace) -> Dict[str, Any]:
    return {name: JSONText(text) for name, text in args.json_fields}


def _ask(client: Client, provider: str, action: str, parameters: Dict[str, Any], reads: bool, timeout: Any) -> Any:
    job = client.call(provider, action, parameters or None, reads=reads)
    if timeout is not None:
        job.set_deadline(timeout)
    job.wait()
    return job.provider_response

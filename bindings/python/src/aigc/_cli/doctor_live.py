"""aigc doctor --live: what the live services answer, in a form that can be sent to somebody.

Only free read calls. Of an answer the report keeps names and types, never values, except words that are states or error
codes, and the shape of times. No id, no URL, no text of yours, no key.
"""

from __future__ import annotations

import json
import os
import platform
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple
from urllib.parse import urlsplit

from ..client import Client
from ..enums import Status
from ..errors import AigcError, FileError

if TYPE_CHECKING:
    from .doctor_findings import Check, Cloud

_CALLS: Dict[str, List[Tuple[str, Dict[str, Any]]]] = {
    "alibaba": [
        ("Personalizedtxt2imgQueryModelTrainJobList", {}),
        ("Personalizedtxt2imgQueryModelTrainStatus", {"modelId": "0"}),
        ("Personalizedtxt2imgQueryInferenceJobInfo", {"inferenceJobId": "0"}),
        ("PersonalizedTextToImageQueryPreModelInferenceJobInfo", {"inferenceJobId": "0"}),
    ],
    "tencent": [
        ("DescribeAigcImageTask", {"TaskId": "0-AigcImage-00000000000000000000000000000000"}),
        ("DescribeAigcImageTask", {"TaskId": "nonsense"}),
        ("DescribeAigcTaskList", {"PageNum": 1, "PageSize": 1}),
    ],
}
# Fields whose values are words of the service, and no data of yours.
_WORDS = {"jobStatus", "modelTrainStatus", "Status", "errCode", "Code", "success"}
_TIMES = {"createTime", "CreateTime"}
_OWN_HOST = re.compile(r"\.(aliyuncs\.com|tencentcloudapi\.com)\Z")


def record(client: Client, clouds: List["Cloud"], machine: List["Check"], timeout: float) -> Dict[str, Any]:
    """Asks every cloud that has credentials, and returns the report."""
    from ..describe import build_info

    return {
        "report": 1,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "build": json.loads(build_info()),
        "system": {"os": platform.system(), "machine": platform.machine(), "python": platform.python_version()},
        "checks": {check.id: check.state for check in machine},
        "clouds": [_cloud(client, cloud, timeout) for cloud in clouds],
    }


def _cloud(client: Client, cloud: "Cloud", timeout: float) -> Dict[str, Any]:
    host = urlsplit(cloud.endpoint).hostname or ""
    (row,) = [row for row in client.report()["providers"] if row["provider"] == cloud.provider]
    calls = _CALLS[cloud.provider] if cloud.has_credentials else []
    return {
        "provider": cloud.provider,
        "host": host if _OWN_HOST.search(host) else "another host",
        "region": cloud.region if re.fullmatch(r"[a-z]{2}(-[a-z0-9]+){1,4}|", cloud.region) else "another region",
        "through_proxy": cloud.proxy is not None,
        "clock_offset_ms": row["clock"]["offset_ms"] if row["clock"] else None,
        "checks": {check.id: check.state for check in cloud.checks},
        "calls": [_call(client, cloud.provider, action, parameters, timeout) for action, parameters in calls],
    }


def _call(client: Client, provider: str, action: str, parameters: Dict[str, Any], timeout: float) -> Dict[str, Any]:
    seen: Dict[str, Any] = {"action": action, "parameters": sorted(parameters)}
    start = time.monotonic()
    try:
        job = client.call(provider, action, parameters, reads=True)
        job.set_deadline(timeout)
        job.wait()
        seen["answer"] = shape(job.provider_response)
    except AigcError as error:
        seen["error"] = {
            "status": error.name,
            "http_status": error.http_status,
            "provider_code": error.provider_code if is_word(error.provider_code) else None,
        }
    seen["ms"] = round((time.monotonic() - start) * 1000)
    return seen


def shape(value: Any, name: Optional[str] = None) -> Any:
    """Names and types of an answer, without what it says."""
    if isinstance(value, dict):
        return {key if is_word(key) else "?": shape(item, key) for key, item in value.items()}
    if isinstance(value, list):
        forms: List[Any] = []
        for item in value[:50]:
            form = shape(item, name)
            if form not in forms:
                forms.append(form)
        return {"list of": forms, "items": "none" if not value else "one" if len(value) == 1 else "several"}
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        if name in _WORDS and is_word(value):
            return f"string {value}"
        if name in _TIMES:
            return "string " + re.sub(r"[0-9]", "9", value)[:40] if re.fullmatch(r"[0-9TZ:.+ -]+", value) else "string"
        return "string" if value else "string (empty)"
    return type(value).__name__


def is_word(text: Optional[str]) -> bool:
    """Whether a text looks like a name that a program was given, and not like somebody's data."""
    return text is not None and re.fullmatch(r"[A-Za-z][A-Za-z_.]{0,79}", text) is not None


def write(report: Dict[str, Any], path: Optional[Path]) -> str:
    """Writes the report for its owner alone; the path."""
    target = path or Path(time.strftime("aigc-doctor-%Y%m%d-%H%M%S.json"))
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise FileError(f"what was seen cannot be written to {target}: {error.strerror}", status=Status.FILE) from error
    return str(target)

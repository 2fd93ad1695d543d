"""The page that aigc doctor prints: for somebody who has never used either cloud."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Dict, List, Sequence, Tuple

from ..enums import Status
from .again import program
from .doctor_findings import Command

if TYPE_CHECKING:
    from .doctor_findings import Check, Cloud

NAMES = {"alibaba": "Alibaba Cloud", "tencent": "Tencent Cloud"}
_MARKS = {"ok": "[ok]", "warn": "[!]", "bad": "[!!]", "none": "[--]"}
_WIDTH = 110

HOW_TO_GET_KEYS: Dict[str, List[str]] = {
    "alibaba": [
        "To use it: make an AccessKey for a RAM user (console: RAM, Users, AccessKey) who may use AiContent, then",
        "  export ALIBABA_CLOUD_ACCESS_KEY_ID=... ALIBABA_CLOUD_ACCESS_KEY_SECRET=...",
    ],
    "tencent": [
        "To use it: make an API key for a sub-user (console: CAM, API Keys) who may use MPS, then",
        "  export TENCENTCLOUD_SECRET_ID=... TENCENTCLOUD_SECRET_KEY=...",
    ],
}

WHERE_TO_LOOK: Dict[Tuple[str, int], List[str]] = {
    ("alibaba", int(Status.PERMISSION)): ["The RAM user needs a policy that allows aicontent:*, or the actions one by one."],
    ("tencent", int(Status.PERMISSION)): ["The sub-user needs a policy that allows mps:*, or the actions one by one."],
    ("alibaba", int(Status.BILLING)): ["Open the service AiContent in the console once, and see whether bills are due."],
    ("tencent", int(Status.BILLING)): ["Open MPS in the console once, and see whether bills are due."],
    ("alibaba", int(Status.AUTH)): ["Are id and secret of one pair, complete, and of this site (mainland or international)?"],
    ("tencent", int(Status.AUTH)): [
        "Are SecretId and SecretKey of one pair and complete? International accounts need -c tencent.site=intl."
    ],
}

# What neither cloud documents, and no public program that calls the live services shows. The library is built to live
# with either answer.
UNVERIFIED: Dict[str, List[str]] = {
    "alibaba": [
        "the nine operations as such: no public program that calls them was found",
        "the word for a job that failed (whatever sounds like failure, cancel or time-out is taken as one)",
        "the form of Base64 images: bare, quoted or inside JSON (all are read), and their content type",
        "whether the service's own errors come with HTTP 200 or with 4xx (both are read)",
        "how many calls a second and how many jobs at once are allowed, and how an answer tells the two apart",
        "for how long images are kept",
        "whether these calls are offered outside Shanghai, and on the VPC hosts",
        "when the id of a model that is being trained appears",
    ],
    "tencent": [
        "the error for a task id that nobody knows, or that is too old",
        "whether result URLs ever lead elsewhere than to COS (signed for 12 hours, or plain in a bucket of yours)",
        "whether the name of that bucket is wanted with or without the account's number",
        "which number of images a model makes (some ignore what is asked for), and how long its prompt may be",
        "how many tasks may run at once: one too many is refused, and waits here until another one has ended",
        "what the states FAILED, STOP and ERROR mean beyond an end (live callers have seen them)",
        "which models the international site has at present, and whether it takes mainland regions",
        "whether any list of the API shows image tasks (none that was seen does): only the console can",
    ],
}


def page(
    machine: Sequence["Check"], clouds: Sequence["Cloud"], options: str = "", secrets: Sequence[str] = ()
) -> str:
    """The whole page. options: those that a next command has to repeat, quoted. secrets: the keys that are not repeated."""
    lines = ["This machine"]
    for check in machine:
        lines += _check(check)
    for cloud in clouds:
        way = f"through the proxy {cloud.proxy}" if cloud.proxy else "without a proxy"
        region = f", region {cloud.region}" if cloud.region else ""
        lines += ["", f"{NAMES[cloud.provider]}: {cloud.endpoint}{region}, {way}"]
        for check in cloud.checks:
            lines += _check(check)
    lines += ["", "Not verified against the live services so far (aigc doctor --live records what it sees of them)"]
    for cloud in clouds:
        lines.append(f"  {NAMES[cloud.provider]}:")
        for text in UNVERIFIED[cloud.provider]:
            lines += _wrapped(f"    - {text}", "      ")
    lines += ["", *_verdict(clouds, options)]
    if secrets and any(cloud.ready for cloud in clouds):
        lines.append(f"Give these once more, which are not repeated here: {', '.join(secrets)}")
    return "\n".join(lines)


def _check(check: "Check") -> List[str]:
    lines = _wrapped(f"  {_MARKS[check.state]:5}{check.text}", " " * 7)
    for advice in check.advice:
        if isinstance(advice, Command):
            lines.append(" " * 7 + advice)
            continue
        indent = " " * (7 + len(advice) - len(advice.lstrip()))
        lines += _wrapped(indent + advice.lstrip(), indent + "  ")
    return lines


def _wrapped(text: str, indent: str) -> List[str]:
    return textwrap.wrap(
        text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )


def _verdict(clouds: Sequence["Cloud"], options: str) -> List[str]:
    lines = []
    for cloud in clouds:
        name = NAMES[cloud.provider]
        if cloud.ready:
            lines.append(f"{name} is ready. Next: {program()} {_FIRST_STEP[cloud.provider]}{options}")
        elif not cloud.has_credentials and not cloud.is_set_up_wrongly:
            lines.append(f"{name} is not set up: it has no credentials.")
        else:
            lines.append(f"{name} is not ready: see [!!] above.")
    lines.append("Nothing was submitted, and nothing has cost money.")
    return lines


_FIRST_STEP = {
    "alibaba": "generate --provider alibaba --operation pre_model_inference \\\n"
    "    --image-url https://... 'a portrait of <special-token> in the snow'",
    "tencent": 'generate --provider tencent "a cat in the snow"',
}


WHY_THE_NEXT_IS_NOT_ASKED = (
    "No other source is asked: it could belong to another account, which would pay. Repair this one, or take it away."
)


def broken(message: str) -> str:
    """What is wrong with the source that ended a search; empty if the search went through all sources."""
    found = re.match(r"looking for credentials for \w+: (.* is set up and (?:cannot be used|gives none for now): .*)", message)
    return found.group(1) if found else ""


def reasons(message: str) -> List[str]:
    """The message of a search that found nothing, one source a line."""
    _, tried, rest = message.partition("Tried ")
    if not tried:
        return [message]
    lines: List[str] = []
    for part in rest.split("; "):
        if re.match(r"[^:]{1,60}: ", part) or not lines:
            lines.append(part)
        else:
            lines[-1] += f"; {part}"
    return ["Looked at:", *("  " + line for line in lines)]


def span(seconds: float) -> str:
    """A time for people."""
    size = abs(seconds)
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if size >= 2 * length:
            return f"{size / length:.0f} {unit}"
    return f"{size:.0f} s"

"""Tencent Cloud MPS, version 2019-06-12: AIGC image tasks behind API 3.0."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any, Callable, Dict, List

from . import tencent_scene, tencent_sts
from .bucket import Bucket
from .faults import Fault
from .identities import Identity
from .jobs import IMAGE_TASK, Job, hex_id
from .signatures_tc3 import parse_authorization, verify
from .tencent_fields import CREATE_SCHEMA, check_create, check_types
from .wire import Refusal, Reply, json_reply
from .world import Call, World

VERSION = "2019-06-12"
SERVICE = "mps"
MAX_BODY = 10 * 1024 * 1024
ECHO = "SandboxEcho"  # any action of this beginning is answered with what arrived
_REGION = re.compile(r"[a-z]{2}-[a-z]+(-[a-z0-9]+)*\Z")


def operation_of(named: "str | None") -> str:
    """The action a request names."""
    return named or "unknown"


def _envelope(content: Dict[str, Any], code: str = "") -> Reply:
    content["RequestId"] = str(uuid.uuid4())
    reply = json_reply({"Response": content}, code=code)
    reply.content_type = "application/json"
    return reply


def refuse(refusal: Refusal) -> Reply:
    """A refusal: HTTP 200 and an Error inside."""
    reply = _envelope({"Error": {"Code": refusal.code, "Message": refusal.message}}, refusal.code)
    reply.status = refusal.status
    reply.headers = refusal.headers
    return reply


def refuse_by_fault(fault: Fault) -> Reply:
    """The answer of the error fault."""
    values = fault.values
    headers = []
    if values.get("retry_after") is not None:
        headers.append(("Retry-After", str(values["retry_after"])))
    return refuse(Refusal(values["code"], values["message"], values["status"] or 200, headers=headers))


class Tencent:
    """The API gateway and the service."""

    def __init__(self, world: World, bucket: Bucket) -> None:
        self._world = world
        self._bucket = bucket
        self._handlers: Dict[str, Callable[[Call, Identity, Dict[str, Any]], Dict[str, Any]]] = {
            "CreateAigcImageTask": self._create,
            "DescribeAigcImageTask": self._describe,
            "DescribeAigcTaskList": lambda call, who, value: tencent_scene.describe_list(world, call, who, value),
            "DescribeAigcTaskStatus": lambda call, who, value: tencent_scene.describe_status(world, call, who, value),
        }

    async def handle(self, call: Call) -> Reply:
        """Answer one request, refusals included."""
        try:
            return self._handle(call)
        except Refusal as refusal:
            return refuse(refusal)

    def _handle(self, call: Call) -> Reply:
        head, world = call.head, self._world
        call.check("form")
        if head.method != "POST":
            raise Refusal("UnsupportedProtocol", "Only POST is supported here.")
        if len(call.body) > MAX_BODY:
            raise Refusal("RequestSizeLimitExceeded", "The request body exceeds 10 MB.")
        action, version = head.get("x-tc-action"), head.get("x-tc-version")
        for name, value in (("X-TC-Action", action), ("X-TC-Version", version)):
            if not value:
                raise Refusal("MissingParameter", "The common parameter %s is missing." % name)
        assert action is not None
        if head.get("x-tc-timestamp") is None:
            raise Refusal("MissingParameter", "The common parameter X-TC-Timestamp is missing.")
        kind = (head.get("content-type") or "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refusal("UnsupportedProtocol", "Content-Type must be application/json.")
        if action in tencent_sts.ACTIONS:
            return self._sts(call, action)
        echo = action.startswith(ECHO) or (world.settings.echo and action not in self._handlers)
        service = parse_authorization(head.get("authorization") or "").service if echo else SERVICE
        call.check("signature")
        identity = verify(head, call.body, world.identities, service, world.clock.now())
        call.check("action")
        region = head.get("x-tc-region")
        if region and not _REGION.match(region):
            raise Refusal("UnsupportedRegion", "The region `%s` is not supported." % region)
        if version != VERSION and not echo:
            raise Refusal("NoSuchVersion", "The version `%s` does not exist." % version)
        if action not in self._handlers and not echo:
            raise Refusal("InvalidAction", "The action `%s` does not exist." % action)
        call.check("rate")
        if world.tencent_rate.take(identity.account, action) > 0:
            raise Refusal(
                "RequestLimitExceeded",
                "Your current request times equals to %d in a second, which exceeds the frequency limit "
                "%d for a second. Please reduce the frequency of calls." % (world.settings.rate + 1, world.settings.rate),
            )
        call.check("fields")
        fields = self._json(call)
        if echo:
            return self._echo(call, fields)
        return _envelope(self._handlers[action](call, identity, fields))

    def _sts(self, call: Call, action: str) -> Reply:
        world, account = self._world, "main"
        if call.head.get("x-tc-version") != tencent_sts.VERSION:
            raise Refusal("NoSuchVersion", "The version does not exist.")
        call.check("signature")
        if action != tencent_sts.UNSIGNED:
            caller = verify(call.head, call.body, world.identities, tencent_sts.SERVICE, world.clock.now())
            account = caller.account
        elif call.head.get("authorization") != "SKIP":
            raise Refusal("AuthFailure.InvalidAuthorization", "This action is called with Authorization: SKIP.")
        call.check("fields")
        return _envelope(tencent_sts.answer(world, action, self._json(call), account))

    @staticmethod
    def _json(call: Call) -> Dict[str, Any]:
        try:
            value = json.loads(call.body or b"{}")
        except (ValueError, RecursionError):
            raise Refusal("InvalidParameter", "The request body is not valid JSON.") from None
        if not isinstance(value, dict):
            raise Refusal("InvalidParameter", "The request body must be a JSON object.")
        return value

    @staticmethod
    def _echo(call: Call, fields: Dict[str, Any]) -> Reply:
        head = call.head
        return _envelope(
            {
                "Action": head.get("x-tc-action"),
                "Version": head.get("x-tc-version"),
                "Region": head.get("x-tc-region"),
                "Language": head.get("x-tc-language"),
                "Parameters": fields,
            }
        )

    def _create(self, call: Call, identity: Identity, value: Dict[str, Any]) -> Dict[str, Any]:
        world = self._world
        fields = check_types(value, CREATE_SCHEMA)
        size = check_create(fields, world.settings.any_model)
        prompt = fields.get("Prompt") or ""
        call.check("places")
        if world.places["tencent"].refuse(identity.account):
            raise Refusal(
                "RequestLimitExceeded",
                "The number of running tasks has reached the maximum concurrency %d of the account. "
                "Please try again when a task has ended." % world.settings.concurrency,
            )
        task_id = "4-AigcImage-" + hex_id()
        job = world.jobs.add(
            "tencent", IMAGE_TASK, task_id, identity.account, prompt, world.clock.now(),
            count=fields.get("OutputImageCount", 1), size=size,
            image_format=(fields.get("ExtraParameters") or {}).get("OutputFormat") or "png",
            fields=fields,
        )
        world.places["tencent"].take(identity.account, job.end())
        world.ledger.job_created("tencent", call.operation, task_id, prompt, world.clock.now())
        return {"TaskId": task_id}

    def _describe(self, call: Call, identity: Identity, value: Dict[str, Any]) -> Dict[str, Any]:
        fields = check_types(value, {"TaskId": str})
        if not fields.get("TaskId"):
            raise Refusal("MissingParameter", "The parameter `TaskId` is missing.")
        job = self._world.jobs.find("tencent", fields["TaskId"], identity.account, IMAGE_TASK)
        if job is None:
            raise Refusal("ResourceNotFound.TaskNotFound", "The task does not exist.")
        state, message = job.state(), ""
        urls: "List[str] | None" = None
        odd = call.told_to("unknown_state")
        if odd is not None:
            state = odd.values["state"]
        elif job.done():
            urls, message = self._urls(job), "ok"
        elif job.progress() >= 1.0:
            message = job.failure()
        return {"Status": state, "ImageUrls": urls, "Message": message}

    def _urls(self, job: Job) -> List[str]:
        return self._bucket.urls_of(job) if job.fields.get("StoreCosParam") else self._world.urls.of(job)

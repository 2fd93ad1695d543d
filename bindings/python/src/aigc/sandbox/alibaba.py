"""Alibaba Cloud AiContent, version 20240611: the nine personalizedtxt2img operations behind their gateway."""

from __future__ import annotations

import base64
import json
import math
import uuid
from typing import Any, Awaitable, Callable, Dict, List, Optional, Tuple

from .alibaba_sts import AlibabaSts, action_of
from .draw import size_in_prompt
from .faults import Fault
from .identities import Identity
from .jobs import PRE_MODEL, TRAINED, TRAINING, Job, hex_id, listed
from .signatures_acs3 import verify
from .wire import Head, Refusal, Reply, json_reply, new_request_id
from .world import Call, World, spoil

VERSION = "20240611"
PREFIX = "/api/v1/personalizedtxt2img/"
PRESET_MODEL = "sandbox-model"
ECHO = "SandboxEcho"  # any action of this beginning is answered with what arrived
MAX_IMAGES = 10
# path: (method, action)
ROUTES: Dict[str, Tuple[str, str]] = {
    "addPreModelInferenceJob": ("POST", "PersonalizedTextToImageAddInferenceJob"),
    "queryPreModelInferenceJobInfo": ("GET", "PersonalizedTextToImageQueryPreModelInferenceJobInfo"),
    "queryImageAssetFromImageId": ("GET", "PersonalizedTextToImageQueryImageAsset"),
    "addModelTrainJob": ("POST", "Personalizedtxt2imgAddModelTrainJob"),
    "queryModelTrainStatus": ("GET", "Personalizedtxt2imgQueryModelTrainStatus"),
    "queryModelTrainJobList": ("GET", "Personalizedtxt2imgQueryModelTrainJobList"),
    "addInferenceJob": ("POST", "Personalizedtxt2imgAddInferenceJob"),
    "queryInferenceJobInfo": ("GET", "Personalizedtxt2imgQueryInferenceJobInfo"),
    "queryImageAsset": ("GET", "Personalizedtxt2imgQueryImageAsset"),
}
_MISSING = ("B_PARAMETER_NOT_FOUND_EXCEPTION", "必要参数没有找到", 400)
_NO_DATA = ("B_DATA_NOT_FOUND_EXCEPTION", "资源没有找到", 404)
_NO_TRAINING = ("B_MODEL_TRAIN_JOB_NOT_EXIST", "模型训练任务不存在", 404)


def operation_of(head: Head) -> str:
    """The action that a path stands for, or what the request says where no path is known."""
    route = ROUTES.get(head.path[len(PREFIX) :]) if head.path.startswith(PREFIX) else None
    return route[1] if route else (action_of(head) or head.get("x-acs-action") or "unknown")


def refuse(refusal: Refusal, host: str) -> Reply:
    """A refusal in the envelope of who says it: the gateway or the service behind it."""
    request_id = new_request_id().upper()
    headers = [("x-acs-request-id", request_id)] + refusal.headers
    if refusal.service:
        value: Dict[str, Any] = {
            "requestId": request_id,
            "success": False,
            "errCode": refusal.code,
            "errMessage": refusal.message,
            "httpStatusCode": refusal.status,
            "data": None,
        }
        return json_reply(value, refusal.status, refusal.code, headers)
    value = {
        "RequestId": request_id,
        "Message": refusal.message,
        "Recommend": "https://api.aliyun.com/troubleshoot?q=%s&product=AiContent&requestId=%s" % (refusal.code, request_id),
        "HostId": host,
        "Code": refusal.code,
    }
    if refusal.status == 403:
        value["AccessDeniedDetail"] = {"PolicyType": "AccountLevelIdentityBasedPolicy", "NoPermissionType": "ImplicitDeny"}
    return json_reply(value, refusal.status, refusal.code, headers)


def refuse_by_fault(fault: Fault, host: str) -> Reply:
    """The answer of the error and success_false faults."""
    values = fault.values
    if fault.kind == "success_false":
        reply = refuse(Refusal(values["code"], values["message"], values["status"], service=True), host)
        return reply
    headers = []
    for name, header in (
        ("retry_after", "Retry-After"),
        ("x_acs_retry_after", "x-acs-retry-after"),
        ("x_ratelimit_user", "x-ratelimit-user"),
        ("x_ratelimit_user_api", "x-ratelimit-user-api"),
    ):
        if values[name] is not None:
            headers.append((header, str(values[name])))
    status = values["status"]
    if status is None:
        status = {"InternalError": 500, "ServiceUnavailable": 503}.get(values["code"], 400)
    return refuse(Refusal(values["code"], values["message"], status, headers=headers), host)


def _service(refusal: Tuple[str, str, int]) -> Refusal:
    return Refusal(refusal[0], refusal[1], refusal[2], service=True)


def _answer(data: Any) -> Reply:
    request_id = new_request_id().upper()
    value = {"requestId": request_id, "success": True, "errCode": None, "errMessage": None, "data": data}
    return json_reply(value, headers=[("x-acs-request-id", request_id)])


def _echo(call: Call) -> Reply:
    """Tell a signed caller what arrived, whatever the action."""
    head = call.head
    return _answer(
        {
            "action": head.get("x-acs-action"),
            "version": head.get("x-acs-version"),
            "method": head.method,
            "path": head.path,
            "query": head.arguments(),
            "contentType": head.get("content-type"),
            "body": call.body.decode("utf-8", "replace"),
        }
    )


class Alibaba:
    """The gateway and the service."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sts = AlibabaSts(world)
        self._handlers: Dict[str, Callable[[Call, Identity], Awaitable[Reply]]] = {
            "addPreModelInferenceJob": self._add_pre_model,
            "queryPreModelInferenceJobInfo": self._query_pre_model,
            "queryImageAssetFromImageId": self._asset_by_image,
            "addModelTrainJob": self._add_training,
            "queryModelTrainStatus": self._training_status,
            "queryModelTrainJobList": self._training_list,
            "addInferenceJob": self._add_trained,
            "queryInferenceJobInfo": self._query_trained,
            "queryImageAsset": self._asset_by_prompt,
        }

    async def handle(self, call: Call) -> Reply:
        """Answer one request, refusals included."""
        try:
            return await self._handle(call)
        except Refusal as refusal:
            return refuse(refusal, call.head.get("host") or "")

    async def _handle(self, call: Call) -> Reply:
        head, world = call.head, self._world
        call.check("action")
        name = head.path[len(PREFIX) :] if head.path.startswith(PREFIX) else ""
        action = head.get("x-acs-action")
        if name not in ROUTES:
            echo = action is not None and (action.startswith(ECHO) or world.settings.echo)
            if head.path == "/" and not echo:
                return self._sts.handle(call)
            verify(head, call.body, world.identities, world.nonces, world.clock.now())
            if echo:
                return _echo(call)
            raise Refusal("InvalidApi.NotFound", "Specified api is not found, please check your url and method.", 404)
        method, expected = ROUTES[name]
        if head.method != method:
            raise Refusal("InvalidApi.NotFound", "Specified api is not found, please check your url and method.", 404)
        if action != expected:
            raise Refusal("InvalidAction.NotFound", "Specified api is not found, please check your url and method.", 404)
        if head.get("x-acs-version") != VERSION:
            raise Refusal("InvalidVersion", "Specified parameter Version is not valid.", 400)
        call.check("signature")
        identity = verify(head, call.body, world.identities, world.nonces, world.clock.now())
        call.check("rate")
        wait = world.alibaba_rate.take(identity.account, action)
        if wait > 0:
            left = str(math.ceil(wait * 1000))
            raise Refusal(
                "Throttling.User", "Request was denied due to user flow control.", 400,
                headers=[("x-acs-retry-after", left)],
            )
        call.check("fields")
        return await self._handlers[name](call, identity)

    # What the calls carry

    @staticmethod
    def _json(call: Call) -> Dict[str, Any]:
        if not call.body:
            return {}
        kind = (call.head.get("content-type") or "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refusal("UnsupportedContentType", "The body must be application/json.", 400)
        try:
            value = json.loads(call.body)
        except (ValueError, RecursionError):
            raise Refusal("InvalidParameter", "The body is not valid JSON.", 400) from None
        if not isinstance(value, dict):
            raise Refusal("InvalidParameter", "The body must be a JSON object.", 400)
        return {k: v for k, v in value.items() if v is not None}

    @staticmethod
    def _text(fields: Dict[str, Any], name: str) -> str:
        value = fields.get(name)
        if value is not None and not isinstance(value, str):
            raise Refusal("InvalidParameter", "The type of %s is not valid." % name, 400)
        if not value:
            raise _service(_MISSING)
        return value

    @staticmethod
    def _whole(fields: Dict[str, Any], name: str) -> Optional[int]:
        value = fields.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise Refusal("InvalidParameter", "The type of %s is not valid." % name, 400)
        return value

    @staticmethod
    def _image_urls(fields: Dict[str, Any]) -> List[str]:
        value = fields.get("imageUrl")
        if value is None or value == []:
            raise _service(_MISSING)
        if not isinstance(value, list) or not all(isinstance(url, str) for url in value):
            raise Refusal("InvalidParameter", "The type of imageUrl is not valid.", 400)
        return value

    def _argument(self, call: Call, name: str) -> str:
        value = call.head.arguments().get(name)
        if not value:
            raise _service(_MISSING)
        return value

    # Inference

    def _check_places(self, identity: Identity) -> None:
        if self._world.places["alibaba"].refuse(identity.account):
            raise Refusal(
                "Throttling.User", "Request was denied due to the maximum concurrency of running jobs.", 400
            )

    def _add(self, call: Call, identity: Identity, kind: str, fields: Dict[str, Any], model: str) -> Job:
        world = self._world
        prompt = self._text(fields, "prompt")
        count = self._whole(fields, "imageNumber")
        seed = self._whole(fields, "seed")
        call.check("places")
        self._check_places(identity)
        job_id = world.jobs.number(kind)
        job = world.jobs.add(
            "alibaba", kind, job_id, identity.account, prompt, world.clock.now(),
            count=1 if count is None else max(1, min(count, MAX_IMAGES)), seed=seed,
            size=size_in_prompt(prompt) or (512, 512), prompt_id=str(uuid.uuid4()),
            fields={"modelId": model, "request": fields},
        )
        world.places["alibaba"].take(identity.account, job.end())
        world.ledger.job_created("alibaba", call.operation, job_id, prompt, world.clock.now())
        return job

    def _image_id(self, job: Job, index: int) -> str:
        suffix = {"jpeg": "jpg"}.get(job.format, job.format)
        if job.kind == PRE_MODEL:  # these are fetched by the image id alone, so it is unique
            return "%s-%04d.%s" % (job.prompt_id, index, suffix)
        return "%04d.%s" % (index, suffix)

    def _inference(self, job: Job, call: Call) -> Dict[str, Any]:
        status, images, progress = job.state(), None, job.progress()
        odd = call.told_to("unknown_state")
        if odd is not None:
            status, progress = odd.values["state"], min(progress, 0.99)
        elif job.done():
            images = [self._image_id(job, index) for index in range(job.images())] or None
        return {
            "id": job.id,
            "promptId": job.prompt_id,
            "modelId": job.fields["modelId"],
            "jobStatus": status,
            "jobTrainProgress": round(progress, 3),
            "resultImageUrl": images,
            "createUserId": "109988888888",
            "createTime": job.created_text(),
        }

    async def _add_pre_model(self, call: Call, identity: Identity) -> Reply:
        fields = self._json(call)
        self._image_urls(fields)
        self._whole(fields, "trainSteps")
        strength = fields.get("strength")
        if strength is not None and (isinstance(strength, bool) or not isinstance(strength, (int, float))):
            raise Refusal("InvalidParameter", "The type of strength is not valid.", 400)
        if strength is not None and not 0 <= strength <= 1:
            raise Refusal("InvalidParameter", "strength must lie between 0 and 1.", 400)
        job = self._add(call, identity, PRE_MODEL, fields, "girl_" + str(uuid.uuid4()))
        return _answer(self._inference(job, call))

    async def _add_trained(self, call: Call, identity: Identity) -> Reply:
        fields = self._json(call)
        model = self._text(fields, "modelId")
        self._text(fields, "prompt")
        training = self._trained(model, identity)
        if training is None and model != PRESET_MODEL and not self._world.settings.any_model:
            raise _service(_NO_DATA)
        job = self._add(call, identity, TRAINED, fields, model)
        if training is not None:
            training.fields.setdefault("jobs", []).append(job.id)
        return _answer(self._inference(job, call))

    def _find(self, call: Call, identity: Identity, kind: str) -> Job:
        job = self._world.jobs.find("alibaba", self._argument(call, "inferenceJobId"), identity.account, kind)
        if job is None:
            raise _service(_NO_DATA)
        return job

    async def _query_pre_model(self, call: Call, identity: Identity) -> Reply:
        return _answer(self._inference(self._find(call, identity, PRE_MODEL), call))

    async def _query_trained(self, call: Call, identity: Identity) -> Reply:
        return _answer(self._inference(self._find(call, identity, TRAINED), call))

    # Training

    def _training(self, job: Job, call: Call) -> Dict[str, Any]:
        asked = job.fields["request"]
        odd = call.told_to("unknown_state")
        inferences = [self._world.jobs.find("alibaba", i) for i in job.fields.get("jobs", [])]
        value: Dict[str, Any] = {
            "id": job.id,
            "name": asked["name"],
            "objectType": asked["objectType"],
            "imageUrl": asked["imageUrl"],
            "jobStatus": odd.values["state"] if odd else job.state(),
            "jobTrainProgress": round(job.progress(), 3),
            "inferenceImageCount": sum(j.count for j in inferences if j is not None),
            "inferenceJobList": [self._inference(j, call) for j in inferences if j is not None] or None,
            "createTime": job.created_text(),
        }
        if job.done() and odd is None:
            value["modelId"] = job.fields["modelId"]
        return value

    def _trained(self, model: str, identity: Identity) -> Optional[Job]:
        for job in self._world.jobs.every(TRAINING):
            if job.fields["modelId"] == model and job.account == identity.account and job.done():
                return job
        return None

    async def _add_training(self, call: Call, identity: Identity) -> Reply:
        fields, world = self._json(call), self._world
        name, kind = self._text(fields, "name"), self._text(fields, "objectType")
        self._image_urls(fields)
        self._whole(fields, "trainSteps")
        call.check("places")
        self._check_places(identity)
        job_id = world.jobs.number(TRAINING)
        model = "%s_%s" % ("".join(c for c in kind if c.isalnum()) or "model", hex_id(24))
        job = world.jobs.add(
            "alibaba", TRAINING, job_id, identity.account, name, world.clock.now(),
            fields={"modelId": model, "request": fields},
        )
        world.places["alibaba"].take(identity.account, job.end())
        world.ledger.job_created("alibaba", call.operation, job_id, name, world.clock.now())
        return _answer(self._training(job, call))

    async def _training_status(self, call: Call, identity: Identity) -> Reply:
        model = self._argument(call, "modelId")
        odd = call.told_to("unknown_state")
        for job in self._world.jobs.every(TRAINING):
            if job.fields["modelId"] == model and job.account == identity.account:
                return _answer({"modelTrainStatus": odd.values["state"] if odd else job.state()})
        if model == PRESET_MODEL:
            return _answer({"modelTrainStatus": "FINISHED"})
        raise _service(_NO_TRAINING)

    async def _training_list(self, call: Call, identity: Identity) -> Reply:
        mine = (job for job in self._world.jobs.every(TRAINING) if job.account == identity.account)
        return _answer([self._training(job, call) for job in listed(mine)])

    # Pictures

    async def _send(self, call: Call, job: Job, image_id: str) -> Reply:
        index = next((i for i in range(job.images()) if self._image_id(job, i) == image_id), None)
        if index is None or not job.done():
            raise _service(_NO_DATA)
        encoding = call.head.arguments().get("encodeFormat") or ""
        if encoding not in ("", "base64"):
            raise Refusal("InvalidParameter", "encodeFormat must be base64 or absent.", 400)
        if call.told_to("change_object"):
            job.generation += 1
        picture = await self._world.picture(job, index)
        data = spoil(call, picture.data)
        request_id = new_request_id().upper()
        headers = [("x-acs-request-id", request_id)]
        if not encoding:
            return Reply(200, data, self._world.settings.raw_content_type, headers)
        text = base64.b64encode(data).decode("ascii")
        form = self._world.settings.base64_form
        if "data" in form:
            text = "data:%s;base64,%s" % (picture.content_type, text)
        if form.startswith("quoted"):
            return json_reply(text, headers=headers)
        if form.startswith("envelope"):
            return _answer(text)
        return Reply(200, text.encode("ascii"), "text/plain; charset=utf-8", headers)

    async def _asset_by_image(self, call: Call, identity: Identity) -> Reply:
        image_id = self._argument(call, "imageId")
        prompt_id = image_id.rpartition("-")[0]
        return await self._send(call, self._by_prompt(PRE_MODEL, prompt_id, identity), image_id)

    async def _asset_by_prompt(self, call: Call, identity: Identity) -> Reply:
        model, prompt_id = self._argument(call, "modelId"), self._argument(call, "promptId")
        image_id = self._argument(call, "imageId")
        job = self._by_prompt(TRAINED, prompt_id, identity)
        if job.fields["modelId"] != model:
            raise _service(_NO_DATA)
        return await self._send(call, job, image_id)

    def _by_prompt(self, kind: str, prompt_id: str, identity: Identity) -> Job:
        job = self._world.jobs.by_prompt(prompt_id)
        if job is None or job.kind != kind or job.account != identity.account:
            raise _service(_NO_DATA)
        return job

"""Alibaba Cloud STS, version 2015-04-01: AssumeRole and AssumeRoleWithOIDC, RPC style at ``/``."""

from __future__ import annotations

from typing import Dict

from . import signatures_acs3, signatures_rpc
from .identities import Identity
from .issuer import check_role, check_web_token, iso, issue
from .wire import Head, Refusal, Reply, json_reply, new_request_id, query_pairs
from .world import Call, World

VERSION = "2015-04-01"
ACTIONS = ("AssumeRole", "AssumeRoleWithOIDC")
_ROLE = r"acs:ram::\d+:role/[A-Za-z0-9.@_-]+\Z"


def action_of(head: Head) -> str:
    """The STS action that a request at ``/`` names in its query or header, or an empty string."""
    if head.path != "/":
        return ""
    return head.arguments().get("Action") or head.get("x-acs-action") or ""


def parameters_of(head: Head, body: bytes) -> Dict[str, str]:
    """Query and form body together."""
    found = head.arguments()
    kind = (head.get("content-type") or "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        for name, value in query_pairs(body.decode("latin-1")):
            found[name.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
    return found


class AlibabaSts:
    """Hands out temporary credentials."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(self, call: Call) -> Reply:
        """Answer one request; refusals are raised."""
        world, head = self._world, call.head
        if head.method not in ("GET", "POST"):
            raise Refusal("UnsupportedHTTPMethod", "The HTTP method is not supported.", 405)
        parameters = parameters_of(head, call.body)
        action = parameters.get("Action") or head.get("x-acs-action") or ""
        version = parameters.get("Version") or head.get("x-acs-version")
        if action not in ACTIONS:
            raise Refusal("InvalidAction.NotFound", "Specified api is not found, please check your url and method.", 404)
        if version != VERSION:
            raise Refusal("InvalidVersion", "Specified parameter Version is not valid.", 400)
        account = "main"
        call.check("signature")
        if action == "AssumeRole":
            caller = self._caller(head, call.body, parameters)
            account = caller.account
        else:
            self._check_oidc(parameters)
        call.check("fields")
        arn = parameters.get("RoleArn") or ""
        if not arn or not parameters.get("RoleSessionName"):
            raise Refusal("MissingParameter", "RoleArn and RoleSessionName are mandatory.", 400)
        check_role(arn, _ROLE, "InvalidParameter.RoleArn", "EntityNotExist.Role", "NoPermission", 400)
        made = issue(world, "alibaba", self._duration(parameters), account)
        request_id = new_request_id().upper()
        session = parameters["RoleSessionName"]
        value = {
            "RequestId": request_id,
            "AssumedRoleUser": {
                "AssumedRoleId": "390000000000000000:" + session,
                "Arn": arn.replace(":role/", ":assumed-role/") + "/" + session,
            },
            "Credentials": {
                "AccessKeyId": made.id,
                "AccessKeySecret": made.secret,
                "SecurityToken": made.token,
                "Expiration": iso(made.expires_at),
            },
        }
        return json_reply(value, headers=[("x-acs-request-id", request_id)])

    def _caller(self, head: Head, body: bytes, parameters: Dict[str, str]) -> Identity:
        world = self._world
        now = world.clock.now()
        if "Signature" in parameters or head.get("authorization") is None:
            return signatures_rpc.verify(head.method, parameters, world.identities, world.nonces, now)
        return signatures_acs3.verify(head, body, world.identities, world.nonces, now)

    @staticmethod
    def _check_oidc(parameters: Dict[str, str]) -> None:
        for name in ("OIDCProviderArn", "OIDCToken"):
            if not parameters.get(name):
                raise Refusal("MissingParameter", "The parameter %s is mandatory." % name, 400)
        check_web_token(
            parameters["OIDCToken"], "AuthenticationFail.OIDCToken.Expired", "AuthenticationFail.OIDCToken.Invalid", 400
        )

    @staticmethod
    def _duration(parameters: Dict[str, str]) -> float:
        text = parameters.get("DurationSeconds") or "3600"
        if not text.isascii() or not text.isdigit() or not 900 <= int(text) <= 43200:
            raise Refusal("InvalidParameter.DurationSeconds", "DurationSeconds must lie between 900 and 43200.", 400)
        return float(text)

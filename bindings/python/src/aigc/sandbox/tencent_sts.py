"""Tencent Cloud STS, version 2018-08-13: AssumeRole and AssumeRoleWithWebIdentity."""

from __future__ import annotations

from typing import Any, Dict

from .issuer import check_role, check_web_token, iso, issue
from .tencent_fields import check_types
from .wire import Refusal
from .world import World

VERSION = "2018-08-13"
SERVICE = "sts"
UNSIGNED = "AssumeRoleWithWebIdentity"  # proves itself by its token, sent with Authorization: SKIP
ACTIONS = ("AssumeRole", UNSIGNED)
_ROLE = r"qcs::cam::uin/\d+:(roleName/[\w.-]+|role/\S+)\Z"
_SCHEMAS: Dict[str, Dict[str, Any]] = {
    "AssumeRole": {
        "RoleArn": str, "RoleSessionName": str, "DurationSeconds": int, "Policy": str, "ExternalId": str,
        "SourceIdentity": str, "SerialNumber": str, "TokenCode": str, "CallerUin": int,
        "Tags": [{"Key": str, "Value": str}],
    },
    UNSIGNED: {
        "ProviderId": str, "WebIdentityToken": str, "RoleArn": str, "RoleSessionName": str, "DurationSeconds": int,
    },
}


def answer(world: World, action: str, value: Dict[str, Any], account: str) -> Dict[str, Any]:
    """The content of a successful answer; refusals are raised."""
    fields = check_types(value, _SCHEMAS[action])
    needed = ["RoleArn", "RoleSessionName"] + (["WebIdentityToken", "ProviderId"] if action == UNSIGNED else [])
    for name in needed:
        if not fields.get(name):
            raise Refusal("MissingParameter", "The parameter `%s` is missing." % name)
    if action == UNSIGNED:
        check_web_token(
            fields["WebIdentityToken"], "InvalidParameter.WebIdentityTokenError", "InvalidParameter.WebIdentityTokenError", 200
        )
    check_role(
        fields["RoleArn"], _ROLE, "InvalidParameter.ParamError", "ResourceNotFound.RoleNotFound",
        "UnauthorizedOperation", 200,
    )
    life = fields.get("DurationSeconds", 7200)
    if not 1 <= life <= 43200:
        raise Refusal("InvalidParameter.OverTimeError", "DurationSeconds must lie between 1 and 43200.")
    made = issue(world, "tencent", life, account)
    return {
        "Credentials": {"Token": made.token, "TmpSecretId": made.id, "TmpSecretKey": made.secret},
        "ExpiredTime": int(made.expires_at or 0),
        "Expiration": iso(made.expires_at),
    }

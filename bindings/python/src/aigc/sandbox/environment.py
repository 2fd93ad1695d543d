"""The environment in which programs that know nothing of the sandbox meet it: libaigc reads these variables. Standard
library only."""

from __future__ import annotations

import os
from typing import Any, Dict, Mapping, Optional

_HERE = ("127.0.0.1", "localhost")
# What would win over the sandbox's keys, or lead past it.
_UNSET = (
    "ALIBABA_CLOUD_SECURITY_TOKEN",
    "ALIBABA_CLOUD_ROLE_ARN",
    "ALIBABA_CLOUD_CREDENTIALS_URI",
    "TENCENTCLOUD_TOKEN",
    "TENCENTCLOUD_SESSION_TOKEN",
    "AIGC_PROFILE",
    "AIGC_JOURNAL",  # It is for jobs that are paid: a key of the sandbox there would keep the true job from being sent.
)


def environment(info: Mapping[str, Any], before: Optional[Mapping[str, str]] = None) -> Dict[str, Optional[str]]:
    """The variables for the sandbox of that ready line; None takes one away. before: the environment until now."""
    before = os.environ if before is None else before
    found: Dict[str, Optional[str]] = {
        "AIGC_ALIBABA_ENDPOINT": info["https"],
        "AIGC_TENCENT_ENDPOINT": info["https"],
        "AIGC_CA_FILE": info["ca_file"],
        "AIGC_ALLOW_PRIVATE_ADDRESSES": "1",
        "ALIBABA_CLOUD_ACCESS_KEY_ID": info["alibaba"]["access_key_id"],
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": info["alibaba"]["access_key_secret"],
        "TENCENTCLOUD_SECRET_ID": info["tencent"]["secret_id"],
        "TENCENTCLOUD_SECRET_KEY": info["tencent"]["secret_key"],
        "AIGC_SANDBOX_MODEL": info["alibaba"]["model_id"],
        "AIGC_CONFIG_FILE": "none",  # A profile's journal is for jobs that are paid.
        "AIGC_SANDBOX_PAGE": info.get("page", ""),
        "AIGC_UPLOAD_ENDPOINT": info.get("bucket_https", ""),
    }
    found.update({name: None for name in _UNSET if name in before})
    if any(name.lower() in ("http_proxy", "https_proxy", "all_proxy") for name in before):
        for name in ("no_proxy", "NO_PROXY"):
            found[name] = ",".join(dict.fromkeys([*filter(None, before.get(name, "").split(",")), *_HERE]))
    return found

"""What can be set at start and, for most of it, while running."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Dict

CHOICES = {
    "base64_form": ("bare", "quoted", "envelope", "data", "quoted-data", "envelope-data"),
    "asset_scheme": ("http", "https"),
    "bucket_style": ("path", "host"),
    "bucket_scheme": ("http", "https"),
}
_MAY_BE_NEGATIVE = ("clock_skew",)


@dataclass
class Settings:
    """The knobs. Times are seconds, rates are requests per second."""

    duration: float = 2.0
    rate: float = 20.0
    alibaba_rate: float = 0.0
    concurrency: float = 0.0
    alibaba_concurrency: float = 0.0
    url_life: float = 43200.0
    clock_skew: float = 0.0
    base64_form: str = "bare"
    raw_content_type: str = "application/octet-stream"
    asset_scheme: str = "http"
    asset_host: str = ""
    signed_urls: bool = False
    fresh_urls: bool = True
    any_model: bool = False
    echo: bool = False
    sts_life: float = 0.0
    imds_v1: bool = True
    imds_life: float = 21600.0
    imds_role: str = "sandbox-role"
    bucket_style: str = "path"
    bucket_scheme: str = "http"
    bucket_public: bool = False
    proxy_user: str = ""
    proxy_password: str = ""

    def update(self, changes: Dict[str, Any]) -> None:
        """Apply JSON changes, all or none; ValueError says what is wrong."""
        known = {f.name: f for f in fields(self)}
        clean: Dict[str, Any] = {}
        for name, value in changes.items():
            if name not in known:
                raise ValueError("unknown setting %r; known: %s" % (name, ", ".join(sorted(known))))
            present = getattr(self, name)
            if isinstance(present, bool):
                if not isinstance(value, bool):
                    raise ValueError("%s must be true or false" % name)
            elif isinstance(present, float):
                if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                    raise ValueError("%s must be a number" % name)
                if value < 0 and name not in _MAY_BE_NEGATIVE:
                    raise ValueError("%s must not be negative" % name)
                value = float(value)
            elif not isinstance(value, str):
                raise ValueError("%s must be a string" % name)
            if name in CHOICES and value not in CHOICES[name]:
                raise ValueError("%s must be one of %s" % (name, ", ".join(CHOICES[name])))
            clean[name] = value
        for name, value in clean.items():
            setattr(self, name, value)

    def as_json(self) -> Dict[str, Any]:
        """Everything, for the control interface."""
        return asdict(self)

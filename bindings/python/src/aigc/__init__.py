"""Submit, follow and fetch image-generation jobs on Alibaba Cloud and Tencent Cloud.

    import aigc

    with aigc.Client() as client:                               # credentials from the environment
        for image in client.generate("tencent", "aigc_image", prompt="a cat in the snow", out="."):
            print(image.path)

The same for asyncio is aigc.aio.Client. Importing this package loads no library, starts no thread, reads no file and
takes next to no time: each name below is brought in when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import aio as aio
    from . import errors as errors
    from . import journal as journal
    from . import logs as logs
    from . import prometheus as prometheus
    from ._base import Event as Event
    from ._jobs import Asset as Asset
    from .client import Client as Client
    from .client import Download as Download
    from .client import Job as Job
    from .describe import build_info as build_info
    from .describe import config_keys as config_keys
    from .describe import fields as fields
    from .describe import operations as operations
    from .describe import version as version
    from .enums import EventType as EventType
    from .enums import LogLevel as LogLevel
    from .enums import Outcome as Outcome
    from .enums import State as State
    from .enums import Status as Status
    from .errors import AccountError as AccountError
    from .errors import AigcError as AigcError
    from .errors import AssetError as AssetError
    from .errors import CallError as CallError
    from .errors import InternalError as InternalError
    from .errors import LibraryLoadError as LibraryLoadError
    from .errors import MachineError as MachineError
    from .errors import NetworkError as NetworkError
    from .errors import OutcomeUnknownError as OutcomeUnknownError
    from .errors import ProviderError as ProviderError
    from .errors import StoppedError as StoppedError
    from .errors import WaitTimeoutError as WaitTimeoutError
    from .request import Request as Request

_HOME = {
    "Event": "_base",
    "Asset": "_jobs",
    "Client": "client",
    "Download": "client",
    "Job": "client",
    "build_info": "describe",
    "config_keys": "describe",
    "fields": "describe",
    "operations": "describe",
    "version": "describe",
    "EventType": "enums",
    "LogLevel": "enums",
    "Outcome": "enums",
    "State": "enums",
    "Status": "enums",
    "AccountError": "errors",
    "AigcError": "errors",
    "AssetError": "errors",
    "CallError": "errors",
    "InternalError": "errors",
    "LibraryLoadError": "errors",
    "MachineError": "errors",
    "NetworkError": "errors",
    "OutcomeUnknownError": "errors",
    "ProviderError": "errors",
    "StoppedError": "errors",
    "WaitTimeoutError": "errors",
    "Request": "request",
}
_MODULES = ("aio", "errors", "journal", "logs", "prometheus")

__all__ = [*_HOME, *_MODULES]  # noqa: PLE0604


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _HOME:
        value: object = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> "list[str]":
    return sorted({*globals(), *__all__})

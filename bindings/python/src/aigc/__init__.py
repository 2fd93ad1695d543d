"""Submit, follow and fetch image-generation jobs on Alibaba Cloud and Tencent Cloud.

    import aigc

    with aigc.Client() as client:                               # credentials from the environment
        for image in client.generate("tencent", "aigc_image", prompt="a cat in the snow", out="."):
            print(image.path)

The same for asyncio is aigc.aio.Client. Importing this package loads no library, starts no thread, reads no file and
takes next to no time: each name below is brought in when it is first asked for.
"""

from __future__ import annotations

import _thread
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import aio as aio
    from . import batch as batch
    from . import errors as errors
    from . import journal as journal
    from . import logs as logs
    from . import notebook as notebook
    from . import otel as otel
    from . import profiles as profiles
    from . import prometheus as prometheus
    from . import ray as ray
    from . import uploads as uploads
    from ._event import Event as Event
    from ._images import Images as Images
    from ._jobs import Asset as Asset
    from .client import Client as Client
    from .client import Download as Download
    from .client import Job as Job
    from .client import as_completed as as_completed
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
    from .errors import AddressRefusedError as AddressRefusedError
    from .errors import AigcError as AigcError
    from .errors import AssetError as AssetError
    from .errors import AuthError as AuthError
    from .errors import BadResponseError as BadResponseError
    from .errors import BillingError as BillingError
    from .errors import CallError as CallError
    from .errors import ClockError as ClockError
    from .errors import ClosedError as ClosedError
    from .errors import ContentRefusedError as ContentRefusedError
    from .errors import CorruptError as CorruptError
    from .errors import DeadlineError as DeadlineError
    from .errors import ExpiredError as ExpiredError
    from .errors import FileError as FileError
    from .errors import FileTakenError as FileTakenError
    from .errors import ForkedError as ForkedError
    from .errors import InternalError as InternalError
    from .errors import InvalidArgumentError as InvalidArgumentError
    from .errors import JobCancelledError as JobCancelledError
    from .errors import JobFailedError as JobFailedError
    from .errors import JournalError as JournalError
    from .errors import KeyConflictError as KeyConflictError
    from .errors import LibraryLoadError as LibraryLoadError
    from .errors import MachineError as MachineError
    from .errors import NetworkError as NetworkError
    from .errors import NoCredentialsError as NoCredentialsError
    from .errors import NoResourcesError as NoResourcesError
    from .errors import NoSpaceError as NoSpaceError
    from .errors import NotAnImageError as NotAnImageError
    from .errors import NotFoundError as NotFoundError
    from .errors import OutcomeUnknownError as OutcomeUnknownError
    from .errors import PermissionDeniedError as PermissionDeniedError
    from .errors import ProviderError as ProviderError
    from .errors import ProviderFaultError as ProviderFaultError
    from .errors import RequestRefusedError as RequestRefusedError
    from .errors import StoppedError as StoppedError
    from .errors import TLSError as TLSError
    from .errors import ThrottledError as ThrottledError
    from .errors import TooLargeError as TooLargeError
    from .errors import WaitTimeoutError as WaitTimeoutError
    from .errors import WrongStateError as WrongStateError
    from .request import Request as Request

_HOME = {
    "Event": "_event",
    "Images": "_images",
    "Asset": "_jobs",
    "Client": "client",
    "Download": "client",
    "Job": "client",
    "as_completed": "client",
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
    "AddressRefusedError": "errors",
    "AigcError": "errors",
    "AssetError": "errors",
    "AuthError": "errors",
    "BadResponseError": "errors",
    "BillingError": "errors",
    "CallError": "errors",
    "ClockError": "errors",
    "ClosedError": "errors",
    "ContentRefusedError": "errors",
    "CorruptError": "errors",
    "DeadlineError": "errors",
    "ExpiredError": "errors",
    "FileError": "errors",
    "FileTakenError": "errors",
    "ForkedError": "errors",
    "InternalError": "errors",
    "InvalidArgumentError": "errors",
    "JobCancelledError": "errors",
    "JobFailedError": "errors",
    "JournalError": "errors",
    "KeyConflictError": "errors",
    "LibraryLoadError": "errors",
    "MachineError": "errors",
    "NetworkError": "errors",
    "NoCredentialsError": "errors",
    "NoResourcesError": "errors",
    "NoSpaceError": "errors",
    "NotAnImageError": "errors",
    "NotFoundError": "errors",
    "OutcomeUnknownError": "errors",
    "PermissionDeniedError": "errors",
    "ProviderError": "errors",
    "ProviderFaultError": "errors",
    "RequestRefusedError": "errors",
    "StoppedError": "errors",
    "TLSError": "errors",
    "ThrottledError": "errors",
    "TooLargeError": "errors",
    "WaitTimeoutError": "errors",
    "WrongStateError": "errors",
    "Request": "request",
}
_MODULES = ("aio", "batch", "errors", "journal", "logs", "notebook", "otel", "profiles", "prometheus", "ray", "uploads")

__version__: str

__all__ = [*_HOME, *_MODULES]  # noqa: PLE0604


# Held while a module of this package is loaded, and by a fork: a child of a fork in the middle would wait for ever for a
# thread that it does not have.
_loading = _thread.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_loading.acquire, after_in_parent=_loading.release, after_in_child=_loading.release)


def __getattr__(name: str) -> object:
    with _loading:
        from importlib import import_module

        if name == "__version__":
            value: object = _version()
        elif name in _HOME:
            value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        elif name in _MODULES:
            value = import_module(f"{__name__}.{name}")
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def _version() -> str:
    """Of this package; "0" where it runs from its source tree without being installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("libaigc")
    except PackageNotFoundError:
        return "0"


def __dir__() -> "list[str]":
    return sorted({*globals(), *__all__})

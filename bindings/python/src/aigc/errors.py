"""The exceptions. One class for each hundred of the status codes, and one for each code, as a subclass.

    AigcError
      CallError             1xx  the call was wrong: fix the program
      StoppedError          2xx  time ran out, or you ended it: the outcome says whether it runs
      NetworkError          3xx  between here and the provider: try later, or fix the network
      AccountError          4xx  credentials, rights, bill or rate
      ProviderError         5xx  the provider's answer about this job
      OutcomeUnknownError   6xx  money: the submission may run and be billed. Nothing resends it, and neither should you
                                 before you have looked at the provider's console
      AssetError            7xx  the image
      MachineError          8xx  this machine: file, disk, memory
      InternalError         9xx  a fault in the library

A status that this version does not know becomes the class of its hundred.
"""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple, Type

from .enums import Outcome, Status


class LibraryLoadError(ImportError):
    """libaigc.so could not be loaded. The message lists each place that was tried, why it failed, and what to do."""


class AigcError(Exception):
    """What every error of the library has in common. Never holds a secret; can be pickled."""

    def __init__(
        self,
        message: str,
        *,
        status: int = Status.INTERNAL,
        provider_code: Optional[str] = None,
        provider_message: Optional[str] = None,
        request_id: Optional[str] = None,
        http_status: Optional[int] = None,
        retryable: bool = False,
        retry_after: Optional[float] = None,
        outcome: int = Outcome.NONE,
        field: Optional[str] = None,
        token: Optional[str] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        """One line: what was being done, what went wrong and, where known, what would be right."""
        self.status = Status(status)
        """The status code."""
        self.provider_code = provider_code
        """The provider's own code, an open set; None if none came."""
        self.provider_message = provider_message
        """The provider's own message; None if none came."""
        self.request_id = request_id
        """The provider's request id, which its support asks for; None if none came."""
        self.http_status = http_status
        """The HTTP status of the answer; None if none came."""
        self.retryable = retryable
        """Whether the same call may succeed later without any change and cannot cost twice."""
        self.retry_after = retry_after
        """Seconds that the provider asked to wait before the next try; None if it did not say."""
        self.outcome = Outcome(outcome)
        """For a submission: what provably happened to it."""
        self.field = field
        """The request field or configuration key that is at fault; None if no field and no key is."""
        self.token = token
        """The token of the job, if the provider has accepted the job: it attaches the job again."""

    @property
    def name(self) -> str:
        """The name of the status in the header: "AIGC_E_TIMEOUT"."""
        if self.status.name.startswith("UNKNOWN_"):
            return "AIGC_E_?"
        return f"AIGC_E_{self.status.name}" if self.status else "AIGC_OK"

    def __reduce__(self) -> Tuple[Any, ...]:
        state = dict(self.__dict__)
        return (_rebuild, (type(self), state.pop("message"), state))


def _rebuild(cls: Type[AigcError], message: str, state: Dict[str, Any]) -> AigcError:
    error = cls(message)
    error.__dict__.update(state)
    return error


# 1xx


class CallError(AigcError):
    """The call was wrong. Fix the program."""


class InvalidArgumentError(CallError, ValueError):
    """An unknown name, a wrong type or a wrong value: the message says which."""


class WrongStateError(CallError):
    """Right call, wrong time: for instance a download of a job that has not succeeded."""


class ForkedError(CallError):
    """The object comes from the parent process and cannot be used in this one."""


class ClosedError(CallError):
    """The client has been closed."""


class KeyConflictError(CallError):
    """The journal has another request under this key: take another key for another request."""


# 2xx


class StoppedError(AigcError):
    """Time ran out, or you ended it. A job that has a token runs: the token attaches it again. `outcome` says what provably
    happened to a submission without one."""


class WaitTimeoutError(StoppedError, TimeoutError):
    """Your wait ended before the job did. The job keeps running: wait again."""


class JobCancelledError(StoppedError):
    """cancel() or close() ended the job in this process. An accepted job keeps running at the provider."""


class DeadlineError(StoppedError, TimeoutError):
    """The job's own deadline passed. The job may still finish at the provider."""


# 3xx


class NetworkError(AigcError):
    """Resolve, connect, send or receive failed."""


class TLSError(NetworkError):
    """Handshake or certificate failed: CA bundle, clock, or a machine in between."""


class AddressRefusedError(NetworkError):
    """An image URL leads to a private, loopback or link-local address."""


class BadResponseError(NetworkError):
    """The provider does not send such an answer: a proxy's page, a cut answer, or garbage."""


# 4xx


class AccountError(AigcError):
    """The account: fix credentials, rights, bill or rate."""


class NoCredentialsError(AccountError):
    """No source gave credentials. The message names each source that was tried and why it gave nothing."""


class AuthError(AccountError):
    """The provider refused the key, the signature or the security token."""


class PermissionDeniedError(AccountError):
    """The provider knows the key, and the key may not do this."""


class BillingError(AccountError):
    """Arrears, quota or a service that is not activated."""


class ThrottledError(AccountError):
    """Too many requests, and the retries are used up: see retry_after."""


class ClockError(AccountError):
    """This machine's clock is too far from the provider's, and the library could not correct the difference."""


# 5xx


class ProviderError(AigcError):
    """The provider's answer about this job."""


class RequestRefusedError(ProviderError):
    """The provider does not accept a parameter: see provider_code and provider_message, fix it and submit anew."""


class ContentRefusedError(ProviderError):
    """Moderation refused the prompt or an image."""


class NotFoundError(ProviderError):
    """The provider does not know this job or image (any more)."""


class JobFailedError(ProviderError):
    """Accepted, ran, failed. Submit anew if you like."""


class ProviderFaultError(ProviderError):
    """The provider reports a fault of its own; reads were retried."""


# 6xx


class OutcomeUnknownError(AigcError):
    """MONEY: the submission was sent, and no clear answer came. The job may run and be billed.

    The library never sends the submission again. Look at the provider's console before you do. This class is not a
    subclass of NetworkError or TimeoutError, so that a retry of these errors never catches it.
    """

    def __str__(self) -> str:
        return f"OUTCOME UNKNOWN: {self.message} (look at the provider's console before you submit again)"


# 7xx


class AssetError(AigcError):
    """The image."""


class ExpiredError(AssetError):
    """The image's URL or its time at the provider has run out."""


class NotAnImageError(AssetError):
    """What came is no PNG, JPEG, WebP, GIF or BMP."""


class CorruptError(AssetError):
    """Length, end marker or checksum is wrong, again after retries."""


class TooLargeError(AssetError):
    """Larger than download.max_bytes (or a reply larger than http.max_reply_bytes)."""


# 8xx


class MachineError(AigcError):
    """This machine: file system, disk, memory, threads or descriptors."""


class FileError(MachineError):
    """The file system refused: the message names path and reason."""


class FileTakenError(FileError):
    """There is a file of that name, and download.overwrite is off."""


class NoSpaceError(FileError):
    """Disk or quota full."""


class NoResourcesError(MachineError):
    """Memory, threads or descriptors are exhausted."""


class JournalError(MachineError):
    """The journal cannot be opened, read or written: this call sent nothing."""


# 9xx


class InternalError(AigcError):
    """A fault in the library: please report it."""


_BY_STATUS: Dict[int, Type[AigcError]] = {
    Status.INVALID_ARGUMENT: InvalidArgumentError,
    Status.WRONG_STATE: WrongStateError,
    Status.FORKED: ForkedError,
    Status.CLOSED: ClosedError,
    Status.KEY_CONFLICT: KeyConflictError,
    Status.TIMEOUT: WaitTimeoutError,
    Status.CANCELLED: JobCancelledError,
    Status.DEADLINE: DeadlineError,
    Status.NETWORK: NetworkError,
    Status.TLS: TLSError,
    Status.ADDRESS_REFUSED: AddressRefusedError,
    Status.BAD_RESPONSE: BadResponseError,
    Status.NO_CREDENTIALS: NoCredentialsError,
    Status.AUTH: AuthError,
    Status.PERMISSION: PermissionDeniedError,
    Status.BILLING: BillingError,
    Status.THROTTLED: ThrottledError,
    Status.CLOCK: ClockError,
    Status.REQUEST_REFUSED: RequestRefusedError,
    Status.CONTENT_REFUSED: ContentRefusedError,
    Status.NOT_FOUND: NotFoundError,
    Status.JOB_FAILED: JobFailedError,
    Status.PROVIDER: ProviderFaultError,
    Status.OUTCOME_UNKNOWN: OutcomeUnknownError,
    Status.EXPIRED: ExpiredError,
    Status.NOT_AN_IMAGE: NotAnImageError,
    Status.CORRUPT: CorruptError,
    Status.TOO_LARGE: TooLargeError,
    Status.FILE: FileError,
    Status.FILE_EXISTS: FileTakenError,
    Status.NO_SPACE: NoSpaceError,
    Status.NO_RESOURCES: NoResourcesError,
    Status.JOURNAL: JournalError,
    Status.INTERNAL: InternalError,
}

_BY_BAND: Dict[int, Type[AigcError]] = {
    1: CallError,
    2: StoppedError,
    3: NetworkError,
    4: AccountError,
    5: ProviderError,
    6: OutcomeUnknownError,
    7: AssetError,
    8: MachineError,
    9: InternalError,
}


def class_of(status: int) -> Type[AigcError]:
    """The exception class of a status code."""
    return _BY_STATUS.get(status) or _BY_BAND.get(status // 100, AigcError)

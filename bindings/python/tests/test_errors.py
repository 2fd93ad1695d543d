"""Every status has its exception; what came from the library is in its attributes."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from aigc import _call, errors
from aigc.enums import Outcome, State, Status
from aigc.errors import AigcError, class_of

FAILURES = [status for status in Status if status]


@pytest.mark.parametrize("status", FAILURES, ids=lambda status: str(status.name))
def test_every_status_has_a_class_of_its_own(status: Status) -> None:
    cls = class_of(status)
    assert issubclass(cls, errors._BY_BAND[status // 100])
    assert [other for other in FAILURES if class_of(other) is cls] == [status]
    assert cls("x", status=status).name == f"AIGC_E_{status.name}"


@pytest.mark.parametrize("band", range(1, 10))
def test_an_unknown_status_is_like_its_hundred(band: int) -> None:
    error = class_of(band * 100 + 77)("x", status=band * 100 + 77)
    assert type(error) is errors._BY_BAND[band]
    assert (int(error.status), error.name) == (band * 100 + 77, "AIGC_E_?")


def test_unknown_values_of_enumerations() -> None:
    state = State(99)
    assert (int(state), state.name, state.ended) == (99, "UNKNOWN_99", False)
    with pytest.raises(ValueError):
        State("x")


def test_an_unknown_outcome_cannot_be_overlooked() -> None:
    error = errors.OutcomeUnknownError("sent, no answer", status=600, outcome=Outcome.UNKNOWN)
    assert str(error).startswith("OUTCOME UNKNOWN") and "sent, no answer" in str(error) and "console" in str(error)
    assert not isinstance(error, (errors.NetworkError, TimeoutError, OSError))


def test_builtin_bases() -> None:
    assert issubclass(errors.InvalidArgumentError, ValueError)
    assert issubclass(errors.WaitTimeoutError, TimeoutError)
    assert issubclass(errors.LibraryLoadError, ImportError)


def test_errors_cross_processes() -> None:
    error = errors.ThrottledError("slow down", status=404, retry_after=1.5, provider_code="RequestLimitExceeded")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error) and vars(copy) == vars(error) and str(copy) == "slow down"


class FakeLibrary:
    """The getters of an aigc_error."""

    freed = 0
    retry_after_ms = 2500

    def aigc_error_message(self, error: Any) -> bytes:
        return "nichts größer als 1".encode()

    def aigc_error_provider_code(self, error: Any) -> bytes:
        return b"InvalidParameterValue.Resolution"

    def aigc_error_provider_message(self, error: Any) -> Any:
        return None

    def aigc_error_request_id(self, error: Any) -> bytes:
        return b"r-1"

    def aigc_error_http_status(self, error: Any) -> int:
        return 0

    def aigc_error_retryable(self, error: Any) -> int:
        return 1

    def aigc_error_retry_after_ms(self, error: Any) -> int:
        return self.retry_after_ms

    def aigc_error_outcome(self, error: Any) -> int:
        return 1

    def aigc_error_field(self, error: Any) -> bytes:
        return b"resolution"

    def aigc_error_free(self, error: Any) -> None:
        self.freed += 1

    def aigc_status_text(self, status: int) -> bytes:
        return b"What it means."


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeLibrary:
    library = FakeLibrary()
    monkeypatch.setattr(_call, "lib", lambda: library)
    return library


@pytest.mark.parametrize("status", FAILURES, ids=lambda status: str(status.name))
def test_attributes(fake: FakeLibrary, status: Status) -> None:
    error = _call.error_from(object(), status)
    assert type(error) is class_of(status) and isinstance(error, AigcError)
    assert error.status is status
    assert error.message == "nichts größer als 1"
    assert error.provider_code == "InvalidParameterValue.Resolution"
    assert error.provider_message is None
    assert error.request_id == "r-1"
    assert error.http_status is None
    assert error.retryable is True
    assert error.retry_after == 2.5
    assert error.outcome is Outcome.NOT_SENT
    assert error.field == "resolution"
    assert error.token is None
    assert fake.freed == 1


def test_no_retry_after(fake: FakeLibrary) -> None:
    fake.retry_after_ms = 0
    assert _call.error_from(object(), 404).retry_after is None


def test_a_status_without_error_object(fake: FakeLibrary) -> None:
    assert _call.error_from(None, 300).message == "What it means."


def test_text_is_checked() -> None:
    assert _call.encode("Größe 🐈", "prompt") == "Größe 🐈".encode()
    for bad in ("a\0b", "\ud800"):
        with pytest.raises(errors.InvalidArgumentError) as caught:
            _call.encode(bad, "prompt")
        assert caught.value.field == "prompt"
    with pytest.raises(errors.InvalidArgumentError):
        _call.encode(5, "prompt")  # type: ignore[arg-type]
    with pytest.raises(UnicodeDecodeError):
        _call.decode(b"\xff")


def test_times() -> None:
    assert _call.milliseconds(None) == -1
    assert _call.milliseconds(0) == 0
    assert _call.milliseconds(0.0001) == 1
    assert _call.milliseconds(1.5) == 1500
    assert _call.milliseconds(float("inf")) == -1
    for bad in (-1, float("nan")):
        with pytest.raises(errors.InvalidArgumentError):
            _call.milliseconds(bad)

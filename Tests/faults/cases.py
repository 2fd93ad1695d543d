"""The cases of the matrix, and what must come of each, computed from what provably happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import FrozenSet, Iterator

from aigc.enums import Outcome, State, Status
from faults import FAULTS, At, Cloud, Fault, Left

OPERATIONS = ("submit", "status", "asset", "metadata", "sts")
PROVIDERS = ("alibaba", "tencent")
_BETWEEN = frozenset({Status.NETWORK, Status.TLS, Status.BAD_RESPONSE})
_NO_KEYS = frozenset({Status.NO_CREDENTIALS, Status.NETWORK, Status.TLS, Status.THROTTLED, Status.AUTH})
_NO_IMAGE = _BETWEEN | {Status.CORRUPT, Status.NOT_AN_IMAGE, Status.THROTTLED, Status.PROVIDER}


@dataclass(frozen=True)
class Case:
    """One fault, at one operation, in one setting."""

    operation: str
    provider: str
    scheme: str
    reused: bool
    fault: Fault
    repeat: int

    @property
    def name(self) -> str:
        """Without the repetition."""
        words = (self.operation, self.provider, self.scheme, "reused" if self.reused else "fresh", self.fault.name)
        return " ".join(words)

    @property
    def lasts(self) -> bool:
        """Whether the fault strikes again and again: every second repetition."""
        return self.repeat % 2 == 1

    @property
    def times(self) -> int:
        """How often it strikes. A read has to get through two of them; a submission gets one."""
        return -1 if self.lasts else 2 if self.operation in ("status", "asset") else 1

    @property
    def is_read(self) -> bool:
        """Reads are repeated; a submission is not."""
        return self.operation != "submit"


@dataclass(frozen=True)
class Expected:
    """What must come of a case."""

    # What the submission may have come to.
    outcomes: FrozenSet[Outcome]
    # Jobs that the cloud may have created.
    created: FrozenSet[int]
    # Whether the job (or the download) may, or must, succeed; where it does not, how it may end.
    may_succeed: bool
    must_succeed: bool
    states: FrozenSet[State]
    statuses: FrozenSet[Status]
    # Requests that may begin after the fault has struck: 0 where nothing may be sent again.
    resends: bool


_ENDED_BADLY = frozenset({State.FAILED})
_FINISHES = Expected(
    frozenset({Outcome.ACCEPTED}),
    frozenset({1}),
    True,
    True,
    frozenset(),
    frozenset(),
    resends=True,
)


def expected(case: Case) -> Expected:
    """The table of outcomes."""
    fault = case.fault.on(case.scheme)
    if fault.harmless or fault.readable and case.operation in ("submit", "status"):
        return _FINISHES
    if case.operation == "submit":
        return _submit(case, fault)
    if case.operation in ("metadata", "sts"):
        return _credentials(case, fault)
    if not case.lasts:
        return _FINISHES
    accepted = frozenset({Outcome.ACCEPTED})
    if case.operation == "status":  # asked for until the deadline of the job
        return Expected(accepted, frozenset({1}), False, False, _ENDED_BADLY, frozenset({Status.DEADLINE}), True)
    # A download that gets on a little each time may well come to its end.
    return Expected(accepted, frozenset({1}), True, False, _ENDED_BADLY, _NO_IMAGE, True)


def _submit(case: Case, fault: Fault) -> Expected:
    executed = frozenset({1 if fault.cloud is Cloud.EXECUTED else 0})
    unknown = Expected(
        frozenset({Outcome.UNKNOWN}),
        executed,
        False,
        False,
        frozenset({State.UNKNOWN}),
        frozenset({Status.OUTCOME_UNKNOWN}),
        resends=False,
    )
    if fault.cloud is Cloud.REFUSED or fault.left is Left.NO:
        if not case.lasts:
            return _FINISHES
        statuses = frozenset({Status.THROTTLED}) if fault.cloud is Cloud.REFUSED else _BETWEEN
        not_sent = frozenset({Outcome.NOT_SENT})
        return Expected(not_sent, frozenset({0}), False, False, _ENDED_BADLY, statuses, True)
    if fault.whole:  # and then it strikes the status calls
        lasting = frozenset({Status.DEADLINE})
        accepted = Expected(frozenset({Outcome.ACCEPTED}), executed, False, False, _ENDED_BADLY, lasting, True)
        return accepted if case.lasts else _FINISHES
    if fault.may_hold_id:  # Accepted with the id that the cloud gave, or unknown; then the fault strikes the status calls.
        return Expected(
            frozenset({Outcome.ACCEPTED, Outcome.UNKNOWN}),
            executed,
            True,
            False,
            frozenset({State.UNKNOWN, State.FAILED}),
            frozenset({Status.OUTCOME_UNKNOWN, Status.DEADLINE}),
            resends=True,
        )
    if fault.left is Left.YES:
        return unknown
    # Perhaps: the library may say so, or be sure of the opposite. It must not be sure and wrong.
    return Expected(
        frozenset({Outcome.UNKNOWN, Outcome.NOT_SENT if case.lasts else Outcome.ACCEPTED}),
        frozenset({0} if case.lasts else {0, 1}),
        not case.lasts,
        False,
        frozenset({State.UNKNOWN, State.FAILED}),
        _BETWEEN | {Status.OUTCOME_UNKNOWN},
        resends=True,
    )


def _credentials(case: Case, fault: Fault) -> Expected:
    not_sent = frozenset({Outcome.NOT_SENT})
    failed = Expected(not_sent, frozenset({0}), False, False, _ENDED_BADLY, _NO_KEYS, True)
    # A link-local service where nobody is, or that keeps silent, is a machine without a role: no reason to ask again.
    # A server whose certificate is wrong is not asked again either.
    nobody = case.operation == "metadata" and (fault.slow or fault.at is At.PORT)
    may_give_up = nobody or fault.name.startswith("tls_") or (fault.at is At.CONNECTION and case.scheme == "https")
    # Half a role name is a role name too: no client can tell.
    if case.operation == "metadata" and fault.name == "length_short":
        may_give_up = True
    if not case.lasts and not may_give_up:
        return _FINISHES
    return Expected(
        not_sent | {Outcome.ACCEPTED},
        frozenset({0, 1}) if not case.lasts else frozenset({0}),
        not case.lasts,
        False,
        failed.states,
        failed.statuses,
        True,
    )


def every(repeats: int, first: int = 0) -> Iterator[Case]:
    """All cases, one repetition after the other; first: where to continue."""
    for repeat in range(first, first + repeats):
        for fault in (fault for fault in FAULTS.values() if fault.in_matrix):
            for operation in OPERATIONS:
                for scheme in fault.schemes:
                    for reused in (False, True):
                        if _makes_sense(fault, operation, scheme, reused):
                            for provider in PROVIDERS:
                                yield Case(operation, provider, scheme, reused, fault, repeat)


def _makes_sense(fault: Fault, operation: str, scheme: str, reused: bool) -> bool:
    if operation == "metadata" and scheme == "https":
        return False
    if operation in ("metadata", "sts") and reused:
        return False  # each of those calls has a connection of its own
    if operation != "submit" and fault.name.endswith("_unexecuted"):
        return False  # for a read it makes no difference whether the cloud has looked it up
    return True

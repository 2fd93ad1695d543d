"""The faults, and what each provably means. The expectations of the matrix are computed from this table alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Dict, Tuple


class At(Enum):
    """Where a fault strikes."""

    PORT = "port"  # nobody listens
    CONNECTION = "connection"  # accepted, and ended before a request can be read
    REQUEST = "request"  # while a request is being read
    REPLY = "reply"  # the request has been read


class Left(Enum):
    """Whether bytes of the request have left the client."""

    NO = "no"
    PERHAPS = "perhaps"
    YES = "yes"


class Cloud(Enum):
    """What the cloud has done by the time the fault strikes."""

    NOTHING = "nothing"
    EXECUTED = "executed"
    REFUSED = "refused"  # a well-formed refusal: the answer arrives, and nothing was executed


@dataclass(frozen=True)
class Fault:
    """One way to misbehave."""

    name: str
    at: At
    left: Left
    cloud: Cloud
    schemes: Tuple[str, ...] = ("http", "https")
    # Only a time-out ends it.
    slow: bool = False
    # It strikes a connection that has carried a good exchange before; if not, that one ends and it strikes the next.
    reusable: bool = True
    # Eighths of the reply that arrive; -1 where that has no meaning.
    eighths: int = -1
    # All of the reply arrives, and only its end does not: an id in it is not to be lost.
    whole: bool = False
    # The right answer comes; what comes besides belongs to nobody, and must not be taken for the next answer.
    harmless: bool = False
    # An answer in JSON says itself where it ends: nothing of it is lost.
    readable: bool = False
    # Whether the id of a submission is whole in what comes depends on the cloud's answer.
    may_hold_id: bool = False
    # Whether the matrix has it; the others serve single proofs.
    in_matrix: bool = True

    def on(self, scheme: str) -> "Fault":
        """What it means for that scheme: a connection that ends before TLS has carried no request."""
        if self.name == "accept_close" and scheme == "https":
            return Fault(**{**self.__dict__, "left": Left.NO})
        return self


_TLS = ("https",)


def _connection(name: str, left: Left = Left.NO, **more: object) -> Fault:
    return Fault(name, At.CONNECTION, left, Cloud.NOTHING, reusable=False, **more)  # type: ignore[arg-type]


def _request(name: str) -> Fault:
    return Fault(name, At.REQUEST, Left.YES, Cloud.NOTHING)


def _reply(name: str, cloud: Cloud = Cloud.EXECUTED, **more: object) -> Fault:
    return Fault(name, At.REPLY, Left.YES, cloud, **more)  # type: ignore[arg-type]


_ALL = (
    Fault("refuse", At.PORT, Left.NO, Cloud.NOTHING, reusable=False),
    _connection("accept_close", Left.PERHAPS),
    _connection("tls_garbage", schemes=_TLS),
    _connection("tls_silence", schemes=_TLS, slow=True),
    _connection("tls_wrong_name", schemes=_TLS),
    _connection("tls_wrong_authority", schemes=_TLS),
    _connection("tls_expired", schemes=_TLS),
    _request("reset_0"),
    _request("reset_1"),
    _request("reset_half"),
    _request("close_0"),
    _reply("reset_all", Cloud.NOTHING),
    _reply("reset_answered"),
    _reply("close_all", Cloud.NOTHING),
    _reply("silence", Cloud.NOTHING, slow=True),
    _reply("silence_answered", slow=True),
    # Behind the middle the id can be whole, and an answer that holds a whole id is read.
    *(_reply("cut_%d" % eighths, eighths=eighths, may_hold_id=eighths > 4) for eighths in range(8)),
    _reply("cut_reset", eighths=4),
    _reply("cut_cipher", schemes=_TLS, eighths=4),
    _reply("stall", slow=True, eighths=4),
    _reply("garbage"),
    _reply("garbage_unexecuted", Cloud.NOTHING),
    _reply("html_502"),
    _reply("html_502_unexecuted", Cloud.NOTHING),
    _reply("empty_503"),
    _reply("empty_503_unexecuted", Cloud.NOTHING),
    _reply("length_short", readable=True),  # of JSON only closing braces are missing
    _reply("length_long", whole=True),
    _reply("chunked_cut", may_hold_id=True),
    _reply("drip", slow=True),
    _reply("throttled", Cloud.REFUSED),
    _reply("second_at_once", harmless=True),  # somebody else's answer in the same write
    # These come 20 ms after the answer: only for calls with a longer pause. HTTP/1.1 cannot tell what comes after the next
    # request has left from the answer to it.
    _reply("second_later", harmless=True, in_matrix=False),
    _reply("second_in_halves", harmless=True),  # half of it at once, the rest when the next request comes
    _reply("idle_408", harmless=True, in_matrix=False),  # what servers say that have waited long enough
    _reply("idle_408_close", harmless=True, in_matrix=False),  # and the end of the connection
    _reply("cached", Cloud.NOTHING, in_matrix=False),  # the newest answer of that kind, from a cache that says so
    _reply("replayed", Cloud.NOTHING, in_matrix=False),  # and from one that does not
    # The cloud has carried the call out, and something on the way answers with the newest refusal of another call.
    _reply("old_refusal", in_matrix=False),
    _reply("hold", in_matrix=False),  # so many KiB of the body (the variant), then silence
    _reply("smuggle", in_matrix=False),  # a good reply, and behind it one that nobody has asked for
)

FAULTS: Dict[str, Fault] = {fault.name: fault for fault in _ALL}

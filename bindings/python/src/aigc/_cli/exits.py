"""Exit codes, for scripts."""

from __future__ import annotations

from typing import Iterable

from ..enums import Status
from ..errors import AigcError

OK = 0
FAILURE = 1
USAGE = 2
JOB = 3
ACCOUNT = 4
NETWORK = 5
OUTCOME_UNKNOWN = 6
ASSET = 7
MACHINE = 8
TIMEOUT = 9
INTERRUPTED = 130

HELP = """exit codes:
  0    it worked
  1    another failure
  2    the command line is wrong: an unknown option, field or configuration key, or a wrong value
  3    the provider refused or failed the job
  4    the account: credentials, rights, bill, or too many requests
  5    the network between here and the provider
  6    MONEY: a submission left and its outcome is unknown. Look at the provider's console before you repeat it
  7    the image: expired, damaged, or no image
  8    this machine: file, disk, memory
  9    time ran out; the job keeps running, its token is printed
  130  interrupted (Ctrl-C, SIGTERM, SIGHUP); an answer on its way gets ten seconds, and none after a second signal; a \
job that keeps running has its token printed"""

_BY_BAND = {3: NETWORK, 4: ACCOUNT, 5: JOB, 6: OUTCOME_UNKNOWN, 7: ASSET, 8: MACHINE}


def of(error: AigcError) -> int:
    """The exit code of an error."""
    status = error.status
    if status == Status.INVALID_ARGUMENT:
        return USAGE
    if status in (Status.TIMEOUT, Status.DEADLINE):
        return TIMEOUT
    return _BY_BAND.get(status // 100, FAILURE)


def worst(codes: Iterable[int]) -> int:
    """The code for several jobs: an unknown outcome before all, then the first that is no success."""
    bad = [code for code in codes if code != OK]
    if OUTCOME_UNKNOWN in bad:
        return OUTCOME_UNKNOWN
    return bad[0] if bad else OK

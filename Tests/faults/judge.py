"""Judges what was seen against what must be, with the cloud's own counts at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, List, NamedTuple, Sequence

from aigc.enums import Outcome, State
from cases import Case, Expected, expected
from faults import At
from onecase import IMPATIENT_MS, Seen
from rig import words

# From the worst to the least.
WORST = "NOT_SENT claimed though the cloud has the job"
TWICE = "a job was created twice"
LOST = "the id of an accepted job was lost"
WRONG_FILE = "a wrong file was handed over"
RESENT = "a request that may have arrived was sent again"
JOURNAL = "the journal says something else"
OUTCOME = "wrong outcome"
END = "wrong end"
HARNESS = "the case could not be carried out"
ORDER = (WORST, TWICE, LOST, WRONG_FILE, RESENT, JOURNAL, OUTCOME, END, HARNESS)


class Flaw(NamedTuple):
    """One thing that is not as it should be."""

    kind: str
    text: str


@dataclass
class Created:
    """What the cloud says that it created, by prompt."""

    ids: Dict[str, List[str]]

    @staticmethod
    def of(jobs: Sequence[Dict[str, str]]) -> "Created":
        """From the sandbox's list of jobs."""
        ids: Dict[str, List[str]] = {}
        for job in jobs:
            ids.setdefault(job["provider"] + "\n" + job["prompt"], []).append(job["id"])
        return Created(ids)

    def with_prompt(self, provider: str, prompt: str) -> List[str]:
        """The ids of the jobs with this prompt."""
        return self.ids.get(provider + "\n" + words(provider, prompt), [])


def judge(case: Case, seen: Seen, created: Created, image: Callable[[str, str], bytes]) -> List[Flaw]:
    """What is wrong; empty when all is well."""
    if seen.trouble:
        return [Flaw(HARNESS, seen.trouble)]
    want = expected(case)
    ids = created.with_prompt(case.provider, seen.prompt)
    flaws = _money(case, seen, want, ids)
    flaws += _end(case, seen, want)
    if case.operation == "asset":
        flaws += _image(case, seen, want, image)
    if seen.hits == 0 and case.fault.at is not At.PORT:
        flaws.append(Flaw(HARNESS, "the fault never struck"))
    if case.reused and case.fault.reusable and seen.hits and not seen.hits_reused:
        flaws.append(Flaw(HARNESS, "the fault struck fresh connections only"))
    return flaws


def _money(case: Case, seen: Seen, want: Expected, ids: List[str]) -> List[Flaw]:
    flaws = []
    if seen.outcome in (Outcome.NOT_SENT, Outcome.NONE) and ids:
        flaws.append(Flaw(WORST, "outcome %s, the cloud has %s" % (seen.outcome.name, ids)))
    if len(ids) > 1:
        flaws.append(Flaw(TWICE, "%d jobs: %s" % (len(ids), ids)))
    if seen.journal:
        flaws.append(Flaw(JOURNAL, seen.journal))
    if seen.outcome is Outcome.ACCEPTED and (not seen.remote_id or not seen.token):
        flaws.append(Flaw(LOST, "accepted with id %s and token %s" % (seen.remote_id, seen.token)))
    if seen.remote_id and seen.remote_id not in ids:
        flaws.append(Flaw(LOST, "id %s, the cloud has %s" % (seen.remote_id, ids)))
    if ids and want.must_succeed and not seen.remote_id:
        flaws.append(Flaw(LOST, "no id, the cloud has %s" % ids))
    if not want.resends and seen.begun > 1:
        flaws.append(Flaw(RESENT, "%d requests began" % seen.begun))
    if seen.outcome not in want.outcomes:
        names = "/".join(sorted(outcome.name for outcome in want.outcomes))
        flaws.append(Flaw(OUTCOME, "%s instead of %s (%s)" % (seen.outcome.name, names, seen.error)))
    if len(ids) not in want.created and len(ids) < 2:
        flaws.append(Flaw(OUTCOME, "the cloud created %d jobs" % len(ids)))
    return flaws


def _end(case: Case, seen: Seen, want: Expected) -> List[Flaw]:
    flaws = []
    at_job = case.operation != "asset"
    state = seen.state if at_job else seen.download
    error = seen.error if at_job else seen.download_error
    if state is State.SUCCEEDED:
        if not want.may_succeed:
            flaws.append(Flaw(END, "succeeded through a fault that lasts"))
    elif want.must_succeed:
        flaws.append(Flaw(END, "%s instead of success: %s" % (state.name if state else "nothing", error)))
    elif state not in want.states:
        flaws.append(Flaw(END, "state %s: %s" % (state.name if state else "none", error)))
    elif error is None or error.status not in want.statuses:
        names = "/".join(sorted(status.name for status in want.statuses))
        flaws.append(Flaw(END, "status %s instead of %s: %s" % (error and error.status.name, names, error)))
    if error is not None and seen.outcome is Outcome.UNKNOWN and error.retryable:
        flaws.append(Flaw(OUTCOME, "an unknown outcome is called retryable"))
    if error is not None and at_job and error.outcome is not seen.outcome:
        flaws.append(Flaw(OUTCOME, "the error says %s, the job %s" % (error.outcome.name, seen.outcome.name)))
    if seen.done_events != 1:
        flaws.append(Flaw(END, "%d JOB_DONE events: %s" % (seen.done_events, seen.events)))
    if seen.accepted_events != (1 if seen.remote_id else 0):
        flaws.append(Flaw(END, "%d JOB_ACCEPTED events with id %s" % (seen.accepted_events, seen.remote_id)))
    least = seen.hits * IMPATIENT_MS / 1000 - 0.005
    if case.fault.slow and not case.lasts and case.operation in ("submit", "status") and seen.took < least:
        flaws.append(Flaw(END, "given up after %.3f s, before its time was over" % seen.took))
    return flaws


def _image(case: Case, seen: Seen, want: Expected, image: Callable[[str, str], bytes]) -> List[Flaw]:
    flaws = []
    if seen.data is not None and seen.remote_id and seen.data != image(case.provider, seen.remote_id):
        flaws.append(Flaw(WRONG_FILE, "%d bytes that the cloud never drew" % len(seen.data)))
    if seen.leftovers:
        flaws.append(Flaw(WRONG_FILE, "left behind: %s" % seen.leftovers))
    return flaws

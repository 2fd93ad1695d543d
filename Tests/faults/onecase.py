"""Carries out one case of the matrix and writes down what was seen. Judging comes later, when the cloud is asked."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional

import aigc
import aigc.journal
from aigc.enums import EventType, Outcome, State
from aigc.errors import AigcError
from cases import Case
from faults import At
from rig import Door, Keys, Rig, fields

IMPATIENT_MS = 1_500  # the limits of cases that only a time-out ends
PATIENT_MS = 20_000
CLOSED_FOR = 0.12  # how long a port refuses that opens again
_SETTLED = 0.02  # the client has noticed that a connection has ended
_LINGER = 0.15  # a second sending would come within this


@dataclass
class Seen:
    """What a case came to."""

    prompt: str = ""
    outcome: Outcome = Outcome.NONE
    state: State = State.NONE
    error: Optional[AigcError] = None
    remote_id: Optional[str] = None
    token: Optional[str] = None
    hits: int = 0
    hits_reused: int = 0
    # Requests that began after the fault was armed, the one that it struck included.
    begun: int = 0
    done_events: int = 0
    events: List[str] = field(default_factory=list)
    accepted_events: int = 0
    # For a download: how it ended, and its bytes.
    download: Optional[State] = None
    download_error: Optional[AigcError] = None
    data: Optional[bytes] = None
    leftovers: List[str] = field(default_factory=list)
    # What a journal says of the job that differs from what the job said, "" for nothing.
    journal: str = ""
    # Seconds from the moment at which the fault was armed until the job had ended.
    took: float = 0.0
    trouble: str = ""


class Run:
    """One case on its way."""

    def __init__(self, rig: Rig, case: Case, folder: Path, journal: Optional[Path] = None) -> None:
        self._rig = rig
        self._journal = journal
        self._case = case
        self._folder = folder
        self._seen = Seen(prompt="%s %d" % (case.name, case.repeat))
        self._doors: List[Door] = []
        self._timer: Optional[threading.Timer] = None

    def __call__(self) -> Seen:
        try:
            client = self._client()
            try:
                getattr(self, "_" + self._case.operation)(client)
                self._count(client)
            finally:
                client.close(0)
            if self._journal is not None:
                for door in self._doors:
                    door.disarm()
                self._seen.journal = self._look_up(self._journal)
        except Exception as problem:  # a case that cannot be carried out must not hide the others
            self._seen.trouble = "%s: %s" % (type(problem).__name__, problem)
        finally:
            if self._timer is not None:
                self._timer.join()
            for door in self._doors:
                door.close()
        return self._seen

    # The way to the cloud

    def _client(self) -> aigc.Client:
        case, rig = self._case, self._rig
        fresh = not case.reused
        scheme = case.scheme if case.operation != "metadata" else "http"
        at_store = case.operation == "asset" and case.provider == "tencent"
        own = {"metadata": "metadata", "sts": "http"}.get(case.operation)
        self._api = rig.door("http", scheme, case.provider, fresh)
        self._doors.append(self._api)
        self._target = self._api
        if own is not None:
            self._target = rig.door(own, scheme, case.provider, fresh)
            self._doors.append(self._target)
        if at_store:
            self._target = rig.door("asset_http", scheme, "store", fresh)
            self._doors.append(self._target)
            self._api.rewrite(rig.box.info["asset_http"], self._target.url)
        return aigc.Client(self._keys())

    def _keys(self) -> Keys:
        case = self._case
        limit = IMPATIENT_MS if case.fault.slow else PATIENT_MS
        keys = self._rig.keys(
            self._api.url,
            timeout_connect_ms=limit,
            timeout_exchange_ms=limit,
            timeout_submit_ms=limit,
            timeout_idle_ms=limit,
            retry_max_attempts=3 if case.lasts else 100,
        )
        if self._journal is not None:
            keys["journal.path"] = self._journal
        if (case.repeat // 2 + case.reused) % 2 == 1:
            keys["alibaba.asset_encoding"] = "base64"  # the others come as they are
        if case.fault.name == "throttled":
            keys.update(self._rig.own_identity(case.provider))  # who is throttled is slowed in the whole process
        if case.operation == "metadata":
            keys.update({"credentials.use_metadata": True, "credentials.metadata_endpoint": self._target.url})
            for name in (
                "alibaba.access_key_id",
                "alibaba.access_key_secret",
                "tencent.secret_id",
                "tencent.secret_key",
            ):
                del keys[name]
        if case.operation == "sts":
            roles = {"alibaba": "acs:ram::1234:role/painter", "tencent": "qcs::cam::uin/1234:roleName/painter"}
            keys.update({"credentials.sts_endpoint": self._target.url, "credentials.role_arn": roles[case.provider]})
        return keys

    def _fields(self, prompt: str, **more: Any) -> Dict[str, Any]:
        return fields(self._case.provider, prompt, trained=self._case.repeat // 2 % 2 == 1, **more)

    def _arm(self) -> None:
        case = self._case
        skip = case.repeat // 2 % 2 if case.operation == "metadata" else 0
        self._before = self._target.counts.begun
        self._hits_before = len(self._target.counts.hits)
        self._began = time.monotonic()
        self._target.arm(case.fault.name, case.times, skip, case.repeat // 2)
        if case.reused and not case.fault.reusable:
            self._target.end_idle()
            time.sleep(_SETTLED)
        if case.fault.at is At.PORT and not case.lasts:
            self._timer = threading.Timer(CLOSED_FOR, self._target.disarm)
            self._timer.start()

    # The operations

    def _submit(self, client: aigc.Client) -> None:
        if self._case.reused:
            primer = client.submit(**self._fields("primer of " + self._seen.prompt, follow=False))
            self._until_accepted(primer)
        self._arm()
        self._follow(client.submit(**self._submission()))

    def _submission(self) -> Dict[str, Any]:
        if self._journal is None:
            return self._fields(self._seen.prompt)
        return self._fields(self._seen.prompt, key=self._seen.prompt)

    def _look_up(self, journal: Path) -> str:
        """What the row of the job says, and what the same key gives to a client of another time, without a fault."""
        seen, key = self._seen, self._seen.prompt
        row = aigc.journal.row(journal, key)
        state = row["state"] if row is not None else "no row"
        states = {Outcome.NOT_SENT: ["refused"], Outcome.UNKNOWN: ["unknown"]}
        wanted = states.get(seen.outcome, ["succeeded", "accepted", "failed"])
        if row is None or state not in wanted or row["remote_id"] != seen.remote_id:
            ended = "%s with %s" % (seen.outcome.name, seen.remote_id)
            return "the job ended as %s, the journal has %s: %s" % (ended, state, row)
        if seen.outcome is Outcome.NOT_SENT:
            return ""
        with aigc.Client(self._keys()) as client:
            again = client.submit(**self._submission())
            try:
                again.wait(60)
            except aigc.errors.OutcomeUnknownError:
                pass
            if (again.remote_id, again.outcome) != (seen.remote_id, seen.outcome):
                return "the key gave %s %s, then %s %s" % (seen.outcome, seen.remote_id, again.outcome, again.remote_id)
        return ""

    _metadata = _submit
    _sts = _submit

    def _status(self, client: aigc.Client) -> None:
        deadline = (3.5 if self._case.fault.slow else 1.0) if self._case.lasts else 60.0
        job = client.submit(**self._fields(self._seen.prompt, follow=False, deadline=60.0))
        self._until_accepted(job)
        self._arm()
        job.set_deadline(deadline)
        job.follow()
        self._follow(job)

    def _asset(self, client: aigc.Client) -> None:
        job = client.submit(**self._fields(self._seen.prompt))
        self._follow(job)
        if job.state is not State.SUCCEEDED:
            return
        if self._case.reused:
            client_download = job.download(0)
            client_download.wait(30)
        self._arm()
        path = self._folder / "image.png" if self._case.repeat % 4 < 2 else None
        download = job.download(0, path)
        try:
            download.wait(60)
        except AigcError as error:
            self._seen.download_error = error
        seen = self._seen
        seen.download = download.state
        if download.state is State.SUCCEEDED:
            seen.data = download.data if path is None else path.read_bytes()
        elif path is not None and path.exists():
            seen.leftovers.append(path.name)
        kept = (".part", ".part.info", ".png")
        seen.leftovers += [file.name for file in self._folder.iterdir() if not file.name.endswith(kept)]

    def _until_accepted(self, job: aigc.Job) -> None:
        ends = time.monotonic() + 30
        while job.remote_id is None and not job.done and time.monotonic() < ends:
            time.sleep(0.002)
        if job.remote_id is None:
            seen = "%s, %d requests" % (job.state.name, self._api.counts.begun)
            raise RuntimeError("a submission without any fault came to nothing: %s, %s" % (seen, job.error))

    def _follow(self, job: aigc.Job) -> None:
        try:
            job.wait(90)
        except AigcError as error:
            self._seen.error = error.with_traceback(None)
        self._seen.took = time.monotonic() - getattr(self, "_began", time.monotonic())
        if job.outcome is Outcome.UNKNOWN:
            time.sleep(_LINGER)
        seen = self._seen
        seen.outcome, seen.state, seen.remote_id, seen.token = job.outcome, job.state, job.remote_id, job.token
        self._job = job

    def _count(self, client: aigc.Client) -> None:
        seen, counts = self._seen, self._target.counts
        hits = counts.hits[self._hits_before :] if hasattr(self, "_before") else []
        seen.hits = len(hits)
        seen.hits_reused = sum(1 for hit in hits if hit.before > 0)
        seen.begun = counts.begun - self._before if hasattr(self, "_before") else 0
        for event in client.events(timeout=0):
            seen.events.append("%s/%s" % (event.type.name, event.job_id))
            if event.job_id == self._job.id:
                seen.done_events += event.type is EventType.JOB_DONE
                seen.accepted_events += event.type is EventType.JOB_ACCEPTED

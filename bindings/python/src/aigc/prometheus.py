"""The statistics of a client as text for Prometheus (exposition format 0.0.4), without any package.

    text = aigc.prometheus.render(client.stats())
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_Labels = Dict[str, str]
_Samples = Iterable[Tuple[_Labels, Any]]
# The states of ends that have one status only; every other status is of a job that failed.
_STATES = {"AIGC_OK": "succeeded", "AIGC_E_CANCELLED": "cancelled", "AIGC_E_OUTCOME_UNKNOWN": "unknown"}


class _Page:
    """Families one after another, each with its samples in one piece, as the format wants it."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self.lines: List[str] = []
        self._labels = dict(labels)

    def family(self, name: str, kind: str, text: str, samples: _Samples) -> None:
        """A counter or a gauge."""
        self._head(name, kind, text)
        for labels, value in samples:
            self._sample(name, labels, value)

    def histogram(self, name: str, text: str, samples: _Samples) -> None:
        """Our milliseconds as the seconds that Prometheus counts in; buckets become cumulative."""
        self._head(name, "histogram", text)
        for labels, found in samples:
            total = 0
            bounds = [f"{bound / 1000:g}" for bound in found["bounds"]] + ["+Inf"]
            for bound, count in zip(bounds, found["counts"]):
                total += count
                self._sample(f"{name}_bucket", {**labels, "le": bound}, total)
            self._sample(f"{name}_sum", labels, found["sum"] / 1000)
            self._sample(f"{name}_count", labels, total)

    def _head(self, name: str, kind: str, text: str) -> None:
        self.lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]

    def _sample(self, name: str, labels: _Labels, value: Any) -> None:
        pairs = ",".join(f'{key}="{_escaped(text)}"' for key, text in {**self._labels, **labels}.items())
        self.lines.append(f"{name}{{{pairs}}} {value!r}" if pairs else f"{name} {value!r}")


def render(stats: Mapping[str, Any], labels: Optional[Mapping[str, str]] = None) -> str:
    """The text for what client.stats() has given. labels: added to every sample, for instance of several clients."""
    page = _Page(labels or {})
    calls, jobs, credentials = stats["calls"], stats["jobs"], stats["credentials"]

    def each(rows: Any, *names: str) -> Callable[[str], _Samples]:
        return lambda key: [({name: row[name] for name in names}, row[key]) for row in rows]

    of_calls = each(calls, "provider", "action", "kind")
    of_jobs = each(jobs, "provider", "operation", "kind")
    page.family("aigc_calls_started_total", "counter", "Calls that went to the wire.", of_calls("started"))
    page.family("aigc_calls_repeated_total", "counter", "Of these, after one that failed.", of_calls("repeated"))
    page.family("aigc_calls_answered_total", "counter", "Calls with a readable answer, no error.", of_calls("answered"))
    failures = [
        ({**where, "status": status}, count) for where, found in of_calls("failed") for status, count in found.items()
    ]
    page.family("aigc_calls_failed_total", "counter", "Calls that failed, by status.", failures)
    page.family("aigc_calls_cut_total", "counter", "Calls that were ended here on the wire.", of_calls("cut"))
    page.family("aigc_calls_throttled_total", "counter", "Answers that said: too many.", of_calls("throttled"))
    page.family("aigc_calls_in_flight", "gauge", "Calls on the wire.", of_calls("in_flight"))
    page.family("aigc_sent_bytes_total", "counter", "Bodies of requests.", of_calls("sent_bytes"))
    page.family("aigc_received_bytes_total", "counter", "Bodies of answers.", of_calls("received_bytes"))
    page.histogram("aigc_call_wait_seconds", "From asking for a call until it left.", of_calls("wait_ms"))
    page.histogram("aigc_call_duration_seconds", "Calls on the wire.", of_calls("duration_ms"))
    page.family("aigc_calls_waiting", "gauge", "Calls that have not left yet.", [({}, stats["calls_waiting"])])
    page.family("aigc_jobs_started_total", "counter", "Jobs and downloads, also attached.", of_jobs("started"))
    page.family("aigc_jobs_accepted_total", "counter", "Submissions with an id.", of_jobs("accepted"))
    ends = [
        ({**where, "state": _STATES.get(status, "failed"), "status": status}, count)
        for where, found in of_jobs("ended")
        for status, count in {**dict.fromkeys(_STATES, 0), **found}.items()
    ]
    page.family("aigc_jobs_ended_total", "counter", "Jobs and downloads by how they ended here, and why.", ends)
    page.family("aigc_jobs_active", "gauge", "Jobs and downloads that have not ended.", of_jobs("active"))
    page.histogram("aigc_job_duration_seconds", "From start to success.", of_jobs("duration_ms"))
    page.histogram("aigc_job_lag_seconds", "About how late the end of a job was seen.", of_jobs("lag_ms"))
    of_rates = each(stats["rates"], "provider", "action")
    page.family("aigc_rate_per_second", "gauge", "Calls a second that may leave now; 0: no limit.",
                of_rates("in_force_per_s"))
    waited = [(where, found / 1000) for where, found in of_rates("waited_ms")]
    page.family("aigc_permit_wait_seconds_total", "counter", "Time that calls waited for their rate.", waited)
    page.family("aigc_rate_throttled_total", "counter", "Answers that slowed a rate, of all who share it.",
                of_rates("throttled"))
    page.family("aigc_kinds_known", "gauge", "Kinds of jobs whose durations are known.", [({}, stats["kinds_known"])])
    lookups = [({**where, "result": result}, count) for result in ("found", "failed") for where, count in
               each(credentials, "provider")(result)]
    page.family("aigc_credential_lookups_total", "counter", "Searches for credentials.", lookups)
    page.family("aigc_events_queued", "gauge", "Events that wait to be taken.", [({}, stats["events_queued"])])
    page.family("aigc_logs_lost_total", "counter", "Log records that nobody took in time.", [({}, stats["logs_lost"])])
    return "\n".join(page.lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

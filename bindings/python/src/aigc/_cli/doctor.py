"""aigc doctor: whether this machine is ready, looked at before anything costs money.

One free read call for each cloud, and what the library says about itself. Nothing is submitted, nothing is changed.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any, Dict, List, Optional

from .. import profiles
from ..client import Client
from ..enums import EventType, Status
from ..errors import AigcError, ClockError, NoCredentialsError
from . import again, doctor_journal, doctor_page, exits, options
from .doctor_findings import BAD, NONE, OK, WARN, Check, Cloud
from .interrupts import Interrupts
from .output import Output, warn_of_secrets

_PROVIDERS = ("alibaba", "tencent")
# A job that no cloud knows: that it says so proves that key, signature and rights were looked at and found good.
_UNKNOWN = {"alibaba": ("inference", "0"), "tencent": ("aigc_image", "0-AigcImage-00000000000000000000000000000000")}
_MODELS = "Personalizedtxt2imgQueryModelTrainJobList"
# Where nobody has a key, a made-up one still makes the cloud answer.
_NOBODY = {
    "alibaba": {"alibaba.access_key_id": "aigc-doctor", "alibaba.access_key_secret": "none"},
    "tencent": {"tencent.secret_id": "aigc-doctor", "tencent.secret_key": "none"},
}
_CLOCK_GOOD, _CLOCK_FAIR = 30.0, 240.0


def doctor(args: argparse.Namespace, output: Output, interrupts: Interrupts) -> int:
    """Looks, prints the page, and says with its exit code whether a job could be submitted."""
    settings = options.settings(args)
    warn_of_secrets(output, settings)
    machine: List[Check] = []
    clouds: List[Cloud] = []
    kept = [Check("journal", *finding) for finding in doctor_journal.look(settings, again.Again(args))]
    if args.live is None or any(check.state == BAD for check in kept):
        # What is only asked needs no record, and is asked without one that cannot be kept.
        settings = {**settings, "journal.path": ""}
    with Client(settings) as client:
        machine.append(_library())
        report = client.report()
        machine.append(_certificates(report["tls"]))
        rows = {row["provider"]: row for row in report["providers"]}
        for provider in [args.provider] if args.provider else _PROVIDERS:
            output.note(f"aigc: asking {doctor_page.NAMES[provider]} ...")
            cloud = Cloud(provider, rows[provider])
            _look(cloud, client, settings, args.timeout)
            clouds.append(cloud)
        machine += _profile() + kept + _variables(settings)
        machine += [
            Check("warning", WARN, event.message or "")
            for event in client.events(timeout=0)
            if event.type == EventType.WARNING and not (event.message or "").startswith("Calls to ")
        ]
        seen = None
        if args.live is not None:
            from .doctor_live import record

            seen = record(client, clouds, machine, args.timeout)
    repeated = again.Again(args)
    output.result(
        doctor_page.page(machine, clouds, repeated.options(), repeated.secrets),
        vital=False,
        type="doctor",
        machine=[check._asdict() for check in machine],
        clouds=[cloud.as_json() for cloud in clouds],
        unverified=doctor_page.UNVERIFIED,
        ready=[cloud.provider for cloud in clouds if cloud.ready],
    )
    if seen is not None:
        from .doctor_live import write

        path = write(seen, Path(args.live) if args.live else None)
        output.result(f"\nWhat was seen is in {path}. It holds no secret: read it, then send it.", type="live", path=path)
    return _exit_code(clouds, machine, bool(args.provider))


def _library() -> Check:
    import json

    from .._library import lib
    from ..describe import build_info

    info = json.loads(build_info())
    versions = ", ".join(
        [
            f"libaigc {info.get('libaigc')}",
            f"libcurl {info.get('libcurl')}",
            f"TLS by {info.get('tls')}",
            f"jansson {info.get('jansson')}",
        ]
    )
    return Check("library", OK, f"{versions} ({lib()._name})")


def _profile() -> List[Check]:
    """The profile that is in force, if any."""
    found = profiles.load()
    if found is None:
        return []
    keys = ", ".join([*sorted(found.settings), *(f"{name[1]}.{key}" for name, row in found.defaults.items() for key in row)])
    keys = keys or "nothing"
    return [Check("profile", OK, f"profile {found.name} of {found.path} sets {keys}")]


def _variables(settings: Dict[str, str]) -> List[Check]:
    """What the environment sets in the place of the configuration: whoever forgets that pays nothing and gets drawings."""
    checks = []
    for row in profiles.configuration(settings).values:
        kind, _, variable = row.source.partition(" ")
        if kind == "environment" and row.key != "journal.path":
            text = f"{variable}={os.environ.get(variable)} stands for {row.key}: a sandbox, not the cloud?"
            checks.append(Check("environment", WARN, text))
    return checks


def _certificates(tls: Dict[str, Any]) -> Check:
    if tls["ca_problem"]:
        return Check("certificates", BAD, f"certificates: {tls['ca_problem']}")
    places = " and ".join(place for place in (tls["ca_file"], tls["ca_path"]) if place)
    client = f"; client certificate {tls['client_certificate']}" if tls["client_certificate"] else ""
    return Check("certificates", OK, f"certificate authorities: {places}; TLS {tls['minimum']} at least{client}")


def _look(cloud: Cloud, client: Client, settings: Dict[str, str], timeout: float) -> None:
    took, error = _ask(client, cloud.provider, timeout)
    if isinstance(error, ClockError):
        took, error = _ask(client, cloud.provider, timeout)  # The library has learnt the difference meanwhile.
    asker: Optional[Client] = None
    if isinstance(error, NoCredentialsError):
        cloud.failure = error
        _missing(cloud, error)
        asker = Client({**settings, **_NOBODY[cloud.provider]})
        took, error = _ask(asker, cloud.provider, timeout)
    else:
        _credentials(cloud, client)
    with asker or _Nothing():
        _reached(cloud, took, error)
        _clock(cloud, asker or client)
    if asker is None:
        _rights(cloud, client, error, timeout)


class _Nothing:
    """What "with" takes where there is nothing to close."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *ignored: object) -> None:
        return None


def _ask(client: Client, provider: str, timeout: float) -> "tuple[float, Optional[AigcError]]":
    """One status call for a job that does not exist; the seconds it took and what came of it."""
    operation, unknown = _UNKNOWN[provider]
    start = time.monotonic()
    try:
        client.attach_id(provider, operation, unknown, follow=False).refresh(timeout)
    except AigcError as error:
        return time.monotonic() - start, error
    return time.monotonic() - start, None


def _answered(error: Optional[AigcError]) -> bool:
    return error is None or error.http_status is not None


def _reached(cloud: Cloud, took: float, error: Optional[AigcError]) -> None:
    if _answered(error):
        cloud.add("reach", OK, f"reachable: it answered within {max(took, 0.001) * 1000:.0f} ms")
        return
    assert error is not None
    cloud.failure = error
    if error.status == Status.TIMEOUT:
        cloud.add("reach", BAD, f"not reachable: no answer within {took:.0f} s", *_route(cloud))
    else:
        # What was being done is plain here; what went wrong stands behind it.
        why = error.message.partition(": ")[2] or error.message
        cloud.add("reach", BAD, f"not reachable: {why}", *_route(cloud))


def _route(cloud: Cloud) -> List[str]:
    if cloud.proxy:
        return [f"The proxy is {cloud.proxy}: from http.proxy or the environment; NO_PROXY names hosts to leave it out for."]
    return ["Where the way out is a proxy: export https_proxy=http://host:port, or -c http.proxy=http://host:port."]


def _clock(cloud: Cloud, client: Client) -> None:
    (row,) = [row for row in client.report()["providers"] if row["provider"] == cloud.provider]
    if row["clock"] is None:
        cloud.add("clock", NONE, "clock: not compared, because no answer came")
        return
    offset = row["clock"]["offset_ms"] / 1000
    word = "behind" if offset > 0 else "ahead of"
    size = abs(offset)
    text = f"clock: {doctor_page.span(size)} {word} the cloud's" if size >= 1 else "clock: agrees with the cloud's"
    if size <= _CLOCK_GOOD:
        cloud.add("clock", OK, text)
    else:
        state = WARN if size <= _CLOCK_FAIR else BAD if isinstance(cloud.failure, ClockError) else WARN
        cloud.add("clock", state, text, "Let the system set its clock (timedatectl set-ntp true). The library makes up for it.")


def _credentials(cloud: Cloud, client: Client) -> None:
    report = client.report()
    (row,) = [row for row in report["providers"] if row["provider"] == cloud.provider]
    found = row["credentials"]
    if found is None:
        cloud.add("credentials", NONE, "credentials: not looked for")
        return
    cloud.has_credentials = True
    end = "they do not end"
    if found["expires_at_ms"]:
        left = found["expires_at_ms"] / 1000 - time.time()
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(found["expires_at_ms"] / 1000))
        end = f"they end at {at}, in {doctor_page.span(left)}, and are renewed before"
    elif found["temporary"]:
        end = "temporary, and nobody knows until when"
    why = _why_the_files(report["configuration"]["values"]) if found["found_in"] in _FILES else ""
    cloud.add("credentials", OK, f"credentials: {found['found_in']}, id {found['id']}; {end}{why}")


_FILES = ("~/.aliyun/config.json", "credentials.ini", "credentials file")


def _why_the_files(values: List[Dict[str, Any]]) -> str:
    """Why a file is used although variables with keys may be set."""
    for row in values:
        if row["key"] == "credentials.profile" and row["value"]:
            return (
                f'; this is the profile "{row["value"]}", which credentials.profile names (set by: {row["source"]}): '
                "no variables with keys are looked at"
            )
    return ""


def _missing(cloud: Cloud, error: AigcError) -> None:
    broken = doctor_page.broken(error.message)
    if broken:
        cloud.is_set_up_wrongly = True
        cloud.add("credentials", BAD, f"credentials: {broken}", doctor_page.WHY_THE_NEXT_IS_NOT_ASKED)
        return
    reasons = doctor_page.reasons(error.message)
    cloud.add("credentials", NONE, "credentials: none", *reasons, *doctor_page.HOW_TO_GET_KEYS[cloud.provider])


def _rights(cloud: Cloud, client: Client, error: Optional[AigcError], timeout: float) -> None:
    if not _answered(error):
        cloud.add("rights", NONE, "rights: not looked at, because no answer came")
        return
    if error is not None and error.status not in (Status.NOT_FOUND, Status.REQUEST_REFUSED):
        _refused(cloud, error)
        return
    if cloud.provider != "alibaba":
        cloud.add("rights", OK, "rights: jobs can be asked for")
        return
    job = client.call("alibaba", _MODELS, reads=True)
    job.set_deadline(timeout)
    try:
        job.wait()
    except AigcError as problem:
        _refused(cloud, problem)
        return
    answer = job.provider_response
    models = answer.get("data") if isinstance(answer, dict) else None
    count = len(models) if isinstance(models, list) else 0
    cloud.add("rights", OK, f"rights: jobs and models can be asked for ({count} models trained so far)")


def _refused(cloud: Cloud, error: AigcError) -> None:
    from .._call import decode
    from .._library import lib

    cloud.failure = error
    advice = decode(lib().aigc_status_text(int(error.status))) or ""
    shown = f"rights: {error.name}: {error.message}"
    cloud.add("rights", BAD, shown, advice, *doctor_page.WHERE_TO_LOOK.get((cloud.provider, int(error.status)), []))


def _exit_code(clouds: List[Cloud], machine: List[Check], named: bool) -> int:
    """A cloud without credentials is no failure where another one is ready, unless it was asked for by name."""
    codes = []
    for cloud in clouds:
        if cloud.ready or cloud.failure is None:
            continue
        if cloud.has_credentials or cloud.is_set_up_wrongly or named or not any(other.ready for other in clouds):
            codes.append(exits.of(cloud.failure))
    if any(check.state == BAD for check in machine):
        codes.append(exits.MACHINE)
    return exits.worst(codes)

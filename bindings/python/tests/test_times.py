"""Times that a program gives: none becomes 0 or negative on its way, and what is no time is refused before anything is done."""

from __future__ import annotations

import asyncio
import inspect
import math
import re
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Callable, Dict, List

import aigc
import pytest
from aigc import _call, aio, journal
from aigc.request import Request
from support import SOURCE, Command

SMALLEST = 5e-324
ENDLESS: List[Any] = [math.inf, 1e300, 10**400, Decimal("1e400"), _call.LONGEST + 1]
NO_TIMES: List[Any] = [-1, -SMALLEST, math.nan, -math.inf, -(10**400), Decimal("nan")]
NAMES = [f"{number}" for number in range(6)]
CAT: Dict[str, Any] = {"provider": "tencent", "operation": "aigc_image", "prompt": "a cat"}


def test_no_positive_time_becomes_nothing() -> None:
    for given in (SMALLEST, 1e-9, 0.0009, Decimal("1e-400"), Fraction(1, 10**400)):
        assert _call.milliseconds(given) == 1  # type: ignore[arg-type]
    for seconds in (0.0011, 1.0001, 0.1 + 0.2, 86_399.9999, 1e12, float(_call.LONGEST)):
        found = _call.milliseconds(seconds)
        assert abs(found - Fraction(seconds) * 1000) <= max(1, seconds / 1e12) and found * (1 + 1e-15) >= seconds * 1000, seconds
        assert found <= _call.INT64_MAX
    for given in ENDLESS:
        assert _call.milliseconds(given) == -1 and _call.limit(given) is None and _call.end_of(given) is None
    assert _call.end_of(None) is None and _call.left(None) is None and _call.limit(SMALLEST) == SMALLEST
    end = _call.end_of(Decimal("0.25"))  # type: ignore[arg-type]
    assert end is not None and 0 < (_call.left(end) or 0) <= 0.25 and _call.left(0.0) == 0.0
    for given in NO_TIMES:
        for function in (_call.milliseconds, _call.limit, _call.end_of):
            with pytest.raises(aigc.InvalidArgumentError):
                function(given)


def test_the_package_converts_times_in_one_place() -> None:
    """A stamp of the clock is the only other number of milliseconds that is made anywhere."""
    for file in sorted(Path(SOURCE, "aigc").rglob("*.py")):
        if "sandbox" in file.parts or file.name == "_call.py":
            continue
        for line in re.findall(r".*\bint\(.*\* 1_?000\b.*", file.read_text()):
            assert "int(time.time() * 1000)" in line, (file.name, line)


def test_a_short_age_prunes_only_what_is_old(command: Command, sandbox: Any, keys: Dict[str, Any], tmp_path: Path) -> None:
    """A second bill: an age below a millisecond was cut to 0, which forgets every ended key."""
    place = str(tmp_path / "journal")
    with aigc.Client({**keys, "journal.path": place}) as client:
        client.generate(**CAT, key="k", timeout=30)
    (row,) = journal.rows(place)
    # The newest change is the age's zero: only an age of 0 takes the newest key.
    for age in (SMALLEST, 1e-9, 0.0009, 1, 1e11, 1e13, _call.LONGEST):
        assert journal.prune(place, age) == 0, age
    for age in (math.inf, math.nan, -1, -SMALLEST, -0.0009, 10**400):
        with pytest.raises(aigc.InvalidArgumentError, match="older_than"):
            journal.prune(place, age)
    for age in (True, "1", None):
        with pytest.raises(TypeError):
            journal.prune(place, age)  # type: ignore[arg-type]
    for days in ("1e-12", "5e-324", "1e8", "999999999"):
        done = command.run("jobs", "prune", "--older-than-days", days, "--journal", place)
        assert done.returncode == 0 and done.stdout.startswith("0 keys"), (days, done)
    for days in ("nan", "inf", "-1", "-1e-9"):
        assert command.run("jobs", "prune", f"--older-than-days={days}", "--journal", place).returncode == 2
    assert [row["key"] for row in journal.rows(place)] == [row["key"]]
    assert journal.prune(place, 0) == 1


@pytest.mark.parametrize("given", ENDLESS, ids=NAMES[:5])
def test_endless_times_of_the_synchronous_client(sandbox: Any, keys: Dict[str, Any], given: Any) -> None:
    client = aigc.Client(keys)
    job = client.submit(**CAT, deadline=given)
    assert job.wait(given).done and list(aigc.as_completed([job], given)) == [job]
    never = client.submit(**{**CAT, "prompt": "[never] cat"})
    client._wait_accepted(never, None)
    never.refresh(given)
    never.set_deadline(given)
    assert len(client.generate(**CAT, timeout=given)) == len(job.result(given)) == 1
    assert len(list(client.map(["a cat"], "tencent", "aigc_image", timeout=given))) == 1
    assert next(client.events(given)).type
    client.close(given)


@pytest.mark.parametrize("given", ENDLESS, ids=NAMES[:5])
def test_endless_times_of_the_asyncio_client(sandbox: Any, keys: Dict[str, Any], given: Any) -> None:
    async def work() -> None:
        client = aio.Client(keys)
        job = client.submit(**CAT, deadline=given)
        assert (await job.wait(given)).done
        never = client.submit(**{**CAT, "prompt": "[never] cat"})
        while never.remote_id is None:
            await asyncio.sleep(0.01)
        await never.refresh(given)
        assert [ended async for ended in aio.as_completed([job], given)] == [job]
        assert len(await client.generate(**CAT, timeout=given)) == len(await job.result(given)) == 1
        await client.close(given)

    asyncio.run(work())


@pytest.mark.parametrize("given", NO_TIMES, ids=NAMES)
def test_what_is_no_time_is_refused_before_anything_costs(sandbox: Any, keys: Dict[str, Any], given: Any) -> None:
    async def work() -> None:
        for bound in (False, True):
            asynchronous = aio.Client(keys)
            if bound:
                asynchronous.events()
            with pytest.raises(aigc.InvalidArgumentError):
                await asynchronous.close(given)
            with pytest.raises(aigc.InvalidArgumentError):
                await asynchronous.generate(**CAT, timeout=given)
            assert not asynchronous.closed
            await asynchronous.close(0)

    with aigc.Client(keys) as client:
        calls: List[Callable[[], Any]] = [
            lambda: client.generate(**CAT, timeout=given), lambda: client.close(given),
            lambda: client.submit(**CAT, deadline=given),
            lambda: next(client.events(given)), lambda: client.map(["a cat"], "tencent", "aigc_image", timeout=given),
            lambda: client.set_credentials("tencent", "AKIDx", "y", expires_at=given),
        ]
        for call in calls:
            with pytest.raises(aigc.InvalidArgumentError):
                call()
        assert not client.closed
    asyncio.run(work())
    assert sandbox.stats(jobs=False)["jobs_created"].get("tencent", 0) == 0


def test_credentials_that_never_end(library: str) -> None:
    """Infinity, 0 and None are one thing; a moment in the past is none of them."""
    with aigc.Client() as client:
        for given in (None, 0, math.inf, 1e300, 10**400):
            client.set_credentials("tencent", "AKIDx", "y", expires_at=given)
        client.set_credentials("tencent", "AKIDx", "y", expires_at=time.time() + 60)


def test_a_short_deadline_of_a_request_stays(library: str) -> None:
    assert "deadline" in inspect.signature(Request).parameters
    with aigc.Client(tencent_secret_id="AKIDx", tencent_secret_key="y", tencent_endpoint="http://127.0.0.1:9") as client:
        job = client.submit(**CAT, deadline=SMALLEST)
        with pytest.raises(aigc.AigcError):
            job.wait(30)

"""Fixtures. Tests that need the library take it from AIGC_LIBRARY: unset skips them, set and unusable fails them."""

from __future__ import annotations

import os
from typing import Any, Dict, Iterator

import pytest
from support import Command, settings


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long forms of the tests of a batch")


@pytest.fixture
def is_long(request: pytest.FixtureRequest) -> bool:
    """Whether long forms are wanted."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(autouse=True, scope="session")
def no_journal_at_the_root() -> Iterator[None]:
    """Tests write below their own folders. A journal in "/nowhere" made the tests fail that expect no such folder."""
    places = ("/nowhere", "/jobs.db", "/rates")
    before = [place for place in places if os.path.lexists(place)]
    yield
    assert [place for place in places if os.path.lexists(place)] == before


@pytest.fixture(scope="session")
def library() -> str:
    """The path of the real library, loaded."""
    path = os.environ.get("AIGC_LIBRARY")
    if not path:
        pytest.skip("AIGC_LIBRARY is not set: it names the libaigc.so to test with")
    from aigc.describe import version

    version()
    return path


@pytest.fixture(scope="session")
def sandbox_process(library: str) -> Iterator[Any]:
    """One sandbox for all tests; jobs take 0.3 seconds, and no rate is enforced."""
    from aigc.sandbox.testing import SandboxProcess

    with SandboxProcess("--duration", "0.3", "--rate", "0") as box:
        yield box


@pytest.fixture
def sandbox(sandbox_process: Any) -> Iterator[Any]:
    """That sandbox in its first state."""
    sandbox_process.reset()
    before = sandbox_process.config()
    yield sandbox_process
    sandbox_process.config(**before)


@pytest.fixture
def keys(sandbox: Any) -> Dict[str, Any]:
    """Configuration keys for a client of that sandbox."""
    return settings(sandbox.info)


@pytest.fixture
def command(sandbox: Any) -> Command:
    """The command "aigc" against that sandbox."""
    return Command(sandbox.info)

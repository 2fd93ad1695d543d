"""Fixtures of the sandbox's own tests."""

import sys
from pathlib import Path
from typing import Iterator

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "src"))
sys.path.insert(0, str(HERE))

from aigc.sandbox.testing import SandboxProcess  # noqa: E402


@pytest.fixture(scope="module")
def running() -> Iterator[SandboxProcess]:
    with SandboxProcess("--duration", "0.2") as box:
        yield box


@pytest.fixture
def box(running: SandboxProcess) -> Iterator[SandboxProcess]:
    """A sandbox in its first state, shared by the tests of a module."""
    running.reset()
    settings = running.config()
    yield running
    running.config(**settings)

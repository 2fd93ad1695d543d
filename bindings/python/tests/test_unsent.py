"""A submission whose connection is still being made when its job ends: nothing has left, so nothing is in doubt."""

from __future__ import annotations

import json
import signal
import socket
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest
from aigc.client import Client, Job
from aigc.enums import State, Outcome
from aigc.errors import AigcError, DeadlineError, JobCancelledError
from support import Command, settings

CREATE = "CreateAigcImageTask"


class Hanging:
    """A network on which no connection comes about: one port answers no SYN, the other one takes connections and is silent."""

    def __init__(self) -> None:
        self.full = self._listen(0)
        self.silent = self._listen(100)
        self._fillers: List[socket.socket] = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self.full.getsockname())
            self._fillers.append(filler)

    @staticmethod
    def _listen(backlog: int) -> socket.socket:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(backlog)
        return listener

    def keys(self, what: str) -> Dict[str, Any]:
        """The configuration with which a client hangs in that step."""
        full, silent = (f"127.0.0.1:{opened.getsockname()[1]}" for opened in (self.full, self.silent))
        endpoint, proxy = {
            "tcp": (f"http://{full}", ""),
            "tls": (f"https://{silent}", ""),
            "connect": ("https://127.0.0.1:9", f"http://{silent}"),
            "socks": ("http://127.0.0.1:9", f"socks5h://{silent}"),
        }[what]
        # The connect limit is far away: what ends here does not end by it.
        return {"tencent.endpoint": endpoint, "http.proxy": proxy, "http.no_proxy": "", "timeout.connect_ms": 300_000}

    def heard(self) -> List[bytes]:
        """What the silent port was sent, connection by connection."""
        found = []
        self.silent.settimeout(0.2)
        while True:
            try:
                opened, _ = self.silent.accept()
            except OSError:
                return found
            with opened:
                opened.settimeout(0.2)
                try:
                    found.append(opened.recv(65536))
                except OSError:
                    found.append(b"")

    def close(self) -> None:
        for opened in (*self._fillers, self.full, self.silent):
            opened.close()


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    network = Hanging()
    yield network
    network.close()


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def end(how: str, client: Client, job: Job) -> None:
    """Ends the job in this process, and waits for its end."""
    if how == "cancel":
        job.cancel()
    elif how == "close":
        client.close(0)
    else:
        job.set_deadline(0)
    with pytest.raises(DeadlineError if how == "deadline" else JobCancelledError) as caught:
        job.wait(30)
    assert caught.value.outcome is Outcome.NOT_SENT
    assert "its connection was still being made, and it had not been sent" in str(caught.value)


@pytest.mark.parametrize("what", ["tcp", "tls", "connect", "socks"])
@pytest.mark.parametrize("how", ["cancel", "close", "deadline"])
def test_nothing_is_in_doubt(sandbox: Any, hanging: Hanging, tmp_path: Path, what: str, how: str) -> None:
    good = settings(sandbox.info, **{"journal.path": str(tmp_path / "journal")})
    with Client({**good, **hanging.keys(what)}) as client:
        job = client.submit("tencent", "aigc_image", prompt="a cat", key="k")
        until(lambda: job.state is State.SUBMITTING)
        time.sleep(0.1)
        end(how, client, job)
        assert job.outcome is Outcome.NOT_SENT and job.token is None
    assert not any(b"POST" in heard for heard in hanging.heard())
    with Client(good) as client:
        assert client.submit("tencent", "aigc_image", prompt="a cat", key="k").wait(60).state is State.SUCCEEDED
    assert sandbox.stats(jobs=False)["jobs_created"] == {"tencent": 1}


def test_what_has_left_stays_in_doubt(sandbox: Any, tmp_path: Path) -> None:
    """The server has read the whole submission, and says nothing."""
    sandbox.fault("silence", CREATE, times=3)
    keys = settings(sandbox.info, **{"journal.path": str(tmp_path / "journal")})
    for number, how in enumerate(["cancel", "deadline", "close"]):
        with Client(keys) as client:
            job = client.submit("tencent", "aigc_image", prompt="a cat", key=how)
            until(lambda number=number: len(sandbox.requests(CREATE)) > number)
            if how == "cancel":
                job.cancel()
            elif how == "deadline":
                job.set_deadline(0)
            else:
                client.close(0)
            with pytest.raises(AigcError) as caught:
                job.wait(30)
            assert caught.value.outcome is Outcome.UNKNOWN, how
            client.close(0)


@pytest.mark.parametrize("what", ["tcp", "tls", "connect", "socks"])
def test_ctrl_c_of_the_command(sandbox: Any, hanging: Hanging, command: Command, tmp_path: Path, what: str) -> None:
    folder = tmp_path / "journal"
    pairs = {**hanging.keys(what), "journal.path": folder}
    options = [part for key, value in pairs.items() for part in ("-c", f"{key}={value}")]
    generate = ("generate", "--provider", "tencent", "a cat", "--key", "k", "--out", str(tmp_path / "out"))
    errors = tmp_path / "errors"
    with errors.open("w", encoding="utf-8") as opened:
        process = command.start(*generate, *options, stdout=opened, stderr=opened)

    def keys_in(state: str) -> List[str]:
        listed = command.run("jobs", "list", "--journal", str(folder), "--state", state).stdout
        return [json.loads(line)["key"] for line in listed.splitlines()]

    until(lambda: keys_in("sending") == ["k"], 60)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    said = errors.read_text(encoding="utf-8")
    assert "in doubt" not in said and "may run and be billed" not in said, said
    assert not keys_in("unknown") and not keys_in("sending")
    done = command.run(*generate, "-c", f"journal.path={folder}")
    assert done.returncode == 0, done.stderr
    assert sandbox.stats(jobs=False)["jobs_created"] == {"tencent": 1}

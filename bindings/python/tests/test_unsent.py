"""A submission whose connection is still being made when its job ends: nothing has left, so nothing is in doubt."""

from __future__ import annotations

import fcntl
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import aigc
import pytest
from aigc.client import Client, Job
from aigc.enums import State, Outcome
from aigc.errors import AigcError, DeadlineError, JobCancelledError
from support import Command, environment, settings

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


HOST = """
import json, sys, time, aigc
client = aigc.Client(json.loads(sys.argv[1]))
job = client.submit("tencent", "aigc_image", prompt="a cat", key="k")
while job.state < aigc.State.SUBMITTING:
    time.sleep(0.01)
print("submitting", flush=True)
time.sleep(300)
"""


def killed(keys: Dict[str, Any], is_time: Callable[[], bool]) -> None:
    """A process that submits key k, and is killed at a moment."""
    command = [sys.executable, "-c", HOST, json.dumps(keys)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as host:
        try:
            assert host.stdout is not None and host.stdout.readline() == b"submitting\n"
            until(is_time)
        finally:
            host.kill()


def states(journal: Path) -> List[str]:
    return [row["state"] for row in aigc.journal.rows(str(journal))]


@pytest.mark.parametrize("what", ["tcp", "tls", "connect", "socks"])
def test_a_kill_leaves_no_doubt_either(sandbox: Any, hanging: Hanging, tmp_path: Path, what: str) -> None:
    """The journal has the intent, and its client has noted that no byte has left: whoever submits the key next sends it."""
    journal = tmp_path / "journal"
    good = settings(sandbox.info, **{"journal.path": str(journal)})
    killed({**good, **hanging.keys(what)}, lambda: states(journal) == ["sending"])
    assert states(journal) == ["claimed"]
    with Client(good) as client:
        assert client.resume() == 0
        with pytest.raises(AigcError, match="it was never sent"):
            client.attach_key("k")
        # As nobody has sent it, the key may have another request.
        assert client.submit("tencent", "aigc_image", prompt="a dog", key="k").wait(60).state is State.SUCCEEDED
    assert not any(b"POST" in heard for heard in hanging.heard())
    assert sandbox.stats(jobs=False)["jobs_created"] == {"tencent": 1}


def test_a_kill_after_the_first_byte_leaves_a_doubt(sandbox: Any, tmp_path: Path) -> None:
    sandbox.fault("silence", CREATE, times=1)
    good = settings(sandbox.info, **{"journal.path": str(tmp_path / "journal")})
    killed(good, lambda: len(sandbox.requests(CREATE)) > 0)
    with Client(good) as client, pytest.raises(AigcError) as caught:
        client.submit("tencent", "aigc_image", prompt="a cat", key="k").wait(60)
    assert caught.value.outcome is Outcome.UNKNOWN
    assert len(sandbox.requests(CREATE)) == 1


class RefusesOnce:
    """A SOCKS proxy behind which the first submission is refused by a limit; later connections get no answer."""

    BODY = b'{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"slow down"},"RequestId":"r"}}'

    def __init__(self) -> None:
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(10)
        self.url = f"socks5h://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections: List[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                opened, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(opened)
            if len(self.connections) == 1:
                opened.recv(100)
                opened.sendall(b"\x05\x00")
                opened.recv(300)
                opened.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x09")
                request = b""
                while b"Prompt" not in request:
                    request += opened.recv(65536)
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                opened.sendall(head + b"Content-Length: %d\r\n\r\n" % len(self.BODY) + self.BODY)

    def close(self) -> None:
        for opened in (self.listener, *self.connections):
            opened.close()


def test_a_kill_during_a_second_try_leaves_no_doubt(sandbox: Any, tmp_path: Path) -> None:
    """The bytes of the first try have left, and were refused; the connection of the second try is being made."""
    journal = tmp_path / "journal"
    good = settings(sandbox.info, **{"journal.path": str(journal)})
    proxy = RefusesOnce()
    try:
        away = {"tencent.endpoint": "http://127.0.0.1:9", "http.proxy": proxy.url, "http.no_proxy": "", "retry.base_ms": 10}
        killed({**good, **away}, lambda: len(proxy.connections) == 2 and states(journal) == ["sending"])
    finally:
        proxy.close()
    with Client(good) as client:
        assert client.submit("tencent", "aigc_image", prompt="a cat", key="k").wait(60).state is State.SUCCEEDED
    assert sandbox.stats(jobs=False)["jobs_created"] == {"tencent": 1}


def test_an_id_is_not_lost_while_another_process_holds_the_lock(sandbox: Any, tmp_path: Path) -> None:
    """The answer has come, and its row waits for the journal's lock, when the process is killed."""
    journal = tmp_path / "journal"
    good = settings(sandbox.info, **{"journal.path": str(journal)})
    sandbox.fault("delay_after", CREATE, times=1, ms=2000)
    lock = []

    def has_answer() -> bool:
        if not lock and sandbox.requests(CREATE):
            lock.append((journal / "lock").open("rb+"))
            fcntl.flock(lock[0], fcntl.LOCK_EX)
        return bool(lock) and any(b"-AigcImage-" in notes.read_bytes() for notes in (journal / "owners").iterdir())

    try:
        killed(good, has_answer)
    finally:
        for opened in lock:
            opened.close()
    with Client(good) as client:
        job = client.attach_key("k")
        assert job.wait(60).state is State.SUCCEEDED
        assert client.submit("tencent", "aigc_image", prompt="a cat", key="k").remote_id == job.remote_id
    assert sandbox.stats(jobs=False)["jobs_created"] == {"tencent": 1}

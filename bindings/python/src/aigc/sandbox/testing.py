"""A sandbox for the length of a ``with`` block, in a process of its own. Standard library only."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, List, Mapping, Optional, Type
from urllib.parse import urlencode


def keys(info: Mapping[str, Any], origin: str = "") -> Dict[str, str]:
    """The configuration keys that lead a client to a sandbox. info: its ready line; origin: empty for its plain HTTP."""
    endpoint = origin or info["http"]
    return {
        "alibaba.endpoint": endpoint,
        "alibaba.access_key_id": info["alibaba"]["access_key_id"],
        "alibaba.access_key_secret": info["alibaba"]["access_key_secret"],
        "tencent.endpoint": endpoint,
        "tencent.secret_id": info["tencent"]["secret_id"],
        "tencent.secret_key": info["tencent"]["secret_key"],
    }


class SandboxProcess:
    """Start with any command-line options: ``with SandboxProcess("--duration", "0.2") as box: box.info["http"]``."""

    def __init__(self, *options: str, start_timeout: float = 30.0) -> None:
        self._options = options
        self._start_timeout = start_timeout
        self._process: Optional["subprocess.Popen[bytes]"] = None
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.info: Dict[str, Any] = {}

    def __enter__(self) -> "SandboxProcess":
        command = [sys.executable, "-m", "aigc.sandbox", "--exit-with-parent", *self._options]
        source = str(Path(__file__).resolve().parents[2])  # works from a source tree too
        paths = [source] + [p for p in [os.environ.get("PYTHONPATH")] if p]
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(paths))
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment)
        self._process = process
        lines: "queue.Queue[bytes]" = queue.Queue()
        stdout = process.stdout
        assert stdout is not None
        threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
        try:
            line = lines.get(timeout=self._start_timeout)
        except queue.Empty:
            line = b""
        if not line.startswith(b"{"):
            self.stop()
            raise RuntimeError("the sandbox did not start (exit code %s)" % process.returncode)
        self.info = json.loads(line)
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End this sandbox (and only this one)."""
        process = self._process
        if process is None:
            return
        self._process = None
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout is not None:
            process.stdout.close()

    # Control calls

    def raw(self, method: str, path: str, body: Any = None, **arguments: Any) -> bytes:
        """One control call; RuntimeError carries the sandbox's own words when it says no."""
        url = self.info["control"] + path + ("?" + urlencode(arguments) if arguments else "")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method)
        try:
            with self._opener.open(request, timeout=30) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as refused:
            raise RuntimeError("%s %s: %s" % (method, path, refused.read().decode("utf-8", "replace"))) from None

    def call(self, method: str, path: str, body: Any = None, **arguments: Any) -> Any:
        """The same with a JSON answer."""
        return json.loads(self.raw(method, path, body, **arguments))

    def stats(self, jobs: bool = True) -> Dict[str, Any]:
        """Counts of everything since the start or the last reset."""
        found: Dict[str, Any] = self.call("GET", "/stats", jobs=int(jobs))
        return found

    def image(self, provider: str, job: str, index: int = 0) -> bytes:
        """The exact bytes of a picture."""
        return self.raw("GET", "/image", provider=provider, job=job, index=index)

    def requests(self, operation: str = "", since: int = 0) -> List[Dict[str, Any]]:
        """Recorded request heads of the API origins."""
        found: List[Dict[str, Any]] = self.call("GET", "/requests", operation=operation, since=since)
        return found

    def asset_requests(self) -> List[Dict[str, Any]]:
        """Recorded request heads of the asset origin."""
        found: List[Dict[str, Any]] = self.call("GET", "/asset-requests")
        return found

    def bucket_requests(self) -> List[Dict[str, Any]]:
        """Recorded request heads of the private bucket; ``signed`` says whether they carried a signature."""
        found: List[Dict[str, Any]] = self.call("GET", "/bucket-requests")
        return found

    def proxy_requests(self) -> List[Dict[str, Any]]:
        """Recorded request heads of the proxy."""
        found: List[Dict[str, Any]] = self.call("GET", "/proxy-requests")
        return found

    def fault(self, kind: str, operation: str = "*", **values: Any) -> Dict[str, Any]:
        """Tell the sandbox to misbehave."""
        found: Dict[str, Any] = self.call("POST", "/faults", dict(values, kind=kind, operation=operation))
        return found

    def clear_faults(self) -> None:
        """Let it behave again."""
        self.call("DELETE", "/faults")

    def config(self, **changes: Any) -> Dict[str, Any]:
        """Change settings while it runs."""
        found: Dict[str, Any] = self.call("POST", "/config", changes)
        return found

    def expire(self, job: Optional[str] = None) -> int:
        """Let image URLs die now: all, or those of one job."""
        return int(self.call("POST", "/expire", {} if job is None else {"job": job})["expired"])

    def add_identity(self, **identity: Any) -> None:
        """One more caller."""
        self.call("POST", "/identities", identity)

    def reset(self) -> None:
        """Forget jobs, counts and faults."""
        self.call("POST", "/reset")

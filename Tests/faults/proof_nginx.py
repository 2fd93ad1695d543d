"""A real nginx that speaks HTTP/2 and ends each connection after some requests: no job gets another one's id or image."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Optional

from proof import LONG, PROVIDERS, ended, main
from rig import Rig, fields
from tap import Report

import aigc
from aigc.errors import AigcError

JOBS = 3000 if LONG else 240
IN_FLIGHT = 24

CONFIG = """
daemon off; master_process off; worker_processes 1; pid %(dir)s/pid; error_log %(dir)s/error.log warn;
events { worker_connections 1024; }
http {
  log_format versions '$server_protocol $request_method'; access_log %(dir)s/access.log versions;
  client_body_temp_path %(dir)s/t; proxy_temp_path %(dir)s/t; fastcgi_temp_path %(dir)s/t; uwsgi_temp_path %(dir)s/t;
  scgi_temp_path %(dir)s/t;
  server {
    listen 127.0.0.1:%(port)d ssl http2; server_name localhost;
    ssl_certificate %(certificate)s; ssl_certificate_key %(key)s; keepalive_requests %(requests)d;
    client_max_body_size 20m;
    location / { proxy_pass %(origin)s; proxy_set_header Host $http_host; proxy_http_version 1.1; }
  }
}
"""


class Nginx:
    """Before one plain origin, for the length of a with block."""

    def __init__(self, rig: Rig, origin: str, requests: int) -> None:
        self._rig, self._origin, self._requests = rig, origin, requests
        self._process: Optional["subprocess.Popen[bytes]"] = None
        with socket.socket() as listener:  # nginx takes no port of the kernel's choice
            listener.bind(("127.0.0.1", 0))
            self.port = int(listener.getsockname()[1])
        self.url = "https://127.0.0.1:%d" % self.port
        self.folder = Path(rig.folder, "nginx-%d" % self.port)

    def __enter__(self) -> "Nginx":
        (self.folder / "t").mkdir(parents=True)
        certificate, key = self._rig.certificate
        config = CONFIG % {
            "dir": self.folder, "port": self.port, "certificate": certificate, "key": key,
            "requests": self._requests, "origin": self._origin,
        }
        (self.folder / "nginx.conf").write_text(config)
        command = [str(nginx()), "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.02)
        self._process.terminate()
        raise RuntimeError("nginx did not start: %r" % self._process.communicate()[1])

    def __exit__(self, *_: Any) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def versions(self) -> Dict[str, int]:
        """How many requests came, by version and verb."""
        seen: Dict[str, int] = {}
        for line in (self.folder / "access.log").read_text().splitlines():
            seen[line] = seen.get(line, 0) + 1
        return seen


def nginx() -> Optional[str]:
    """The program, if it is installed."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")


def jobs(rig: Rig, report: Report) -> None:
    """So many jobs with so many in flight, all with HTTP/2 allowed, each with its image."""
    if nginx() is None:
        report.skip("jobs through nginx", "there is no nginx")
        return
    for provider in PROVIDERS:
        for requests in (1000, 100, 20):
            with Nginx(rig, rig.box.info["asset_http"], requests) as assets:
                # The door leads images there, too.
                door = rig.door("http", rewrite=[(rig.box.info["asset_http"], assets.url)])
                with Nginx(rig, door.url, requests) as api:
                    keys = rig.keys(api.url, http_http2=True, http_max_in_flight=IN_FLIGHT)
                    with aigc.Client(keys) as client:
                        wrong = _run(rig, client, provider, "nginx %s %d " % (provider, requests))
                door.close()
                text = "%s, keepalive_requests %d: %d jobs" % (provider, requests, JOBS)
                report.ok(not wrong, text + ", each with its own id and image", "%d: %s" % (len(wrong), wrong[:3]))
                seen = {name: api.versions().get(name, 0) + assets.versions().get(name, 0) for name in
                        ("HTTP/2.0 GET", "HTTP/2.0 POST", "HTTP/1.1 POST", "HTTP/1.1 GET")}
                report.note("%s: %s" % (text, seen))
                report.ok(seen["HTTP/1.1 POST"] >= JOBS, text + ": submissions over HTTP/1.1", seen)
                report.ok(seen["HTTP/2.0 GET"] + seen["HTTP/2.0 POST"] >= JOBS, text + ": the rest over HTTP/2", seen)


def _run(rig: Rig, client: aigc.Client, provider: str, name: str) -> List[str]:
    wrong: List[str] = []
    running: List[aigc.Job] = []
    done: List[aigc.Job] = []
    for number in range(JOBS):
        running.append(client.submit(**fields(provider, "%s%d " % (name, number))))
        if len(running) == IN_FLIGHT:
            done.append(running.pop(0))
            _finish(rig, done[-1], wrong)
    for job in running:
        _finish(rig, job, wrong)
        done.append(job)
    prompts = {job["id"]: job["prompt"] for job in rig.box.stats()["jobs"] if job["provider"] == provider}
    for number, job in enumerate(done):
        prompt = prompts.get(job.remote_id or "", "")
        if not prompt.startswith("%s%d " % (name, number)):
            wrong.append("job %d has the id %s, which was made for %r" % (number, job.remote_id, prompt))
    return wrong


def _finish(rig: Rig, job: aigc.Job, wrong: List[str]) -> None:
    error = ended(job)
    if error is not None:
        wrong.append("%s: %s" % (job.outcome.name, error))
        return
    try:
        download = job.download(0)
        download.wait(60)
    except AigcError as problem:
        wrong.append("the image of %s: %s" % (job.remote_id, problem))
        return
    if download.data != rig.box.image(job.provider, job.remote_id or ""):
        wrong.append("another image than that of %s" % job.remote_id)


if __name__ == "__main__":
    sys.exit(main("nginx", [jobs], "--duration", "0.2", "--rate", "0"))

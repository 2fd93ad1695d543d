"""Jobs that meet faults of all kinds, and everything that a program can read about them, printed.

usage: fuzz.py SETUP    (JSON: keys, proxy_keys, control, markers, folder, jobs, seed)
Not printed: an image's URL and the provider's answer, which the header calls secret where they hold a signature.
"""

from __future__ import annotations

import json
import random
import sys
import urllib.request
from pathlib import Path
from typing import Any, Dict, List

from rig import fields  # first: it says where the aigc package lies

import aigc  # noqa: E402
from aigc.errors import AigcError  # noqa: E402

BATCH = 15
OPERATIONS = (
    "*",
    "*",
    "asset",
    "CreateAigcImageTask",
    "DescribeAigcImageTask",
    "PersonalizedTextToImageQueryImageAsset",
)


def _call(control: str, method: str, path: str, body: Any = None) -> None:
    data = None if body is None else json.dumps(body).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(urllib.request.Request(control + path, data=data, method=method), timeout=30).close()


class Fuzz:
    """The faults and the jobs."""

    def __init__(self, setup: Dict[str, Any]) -> None:
        self._setup = setup
        self._random = random.Random(setup["seed"])
        self._number = 0
        self._folder = Path(setup["folder"])

    def _fault(self) -> Dict[str, Any]:
        """A cloud, a store or somebody between them that does its worst, and repeats what it was told."""
        told = " ".join(self._setup["markers"])
        signed = "http://127.0.0.1:9/a.png?q-sign-algorithm=sha1&q-signature=%s" % self._setup["markers"][-1]
        pick = self._random.choice
        kind = pick(
            (
                "error",
                "error",
                "http",
                "redirect",
                "garbage_body",
                "cut",
                "reset_after",
                "flip_byte",
                "wrong_length",
                "unknown_state",
            )
        )
        fault: Dict[str, Any] = {"kind": kind, "operation": pick(OPERATIONS), "times": pick((1, 2, 6))}
        if kind == "error":
            codes = (
                "SignatureDoesNotMatch",
                "AuthFailure.SignatureFailure",
                "InternalError",
                "InvalidParameter",
                "Forbidden.RAM",
                "InvalidSecurityToken.Expired",
                "AuthFailure.TokenFailure",
                "Throttling.User",
                "RequestLimitExceeded",
                "NoSuchCode",
            )
            says = (
                "server string to sign is POST x-acs-security-token:" + told,
                "Authorization: TC3 Signature=" + told,
                "see " + signed,
            )
            fault.update(code=pick(codes), message=pick(says))
        elif kind == "http":
            fault.update(status=pick((400, 401, 403, 404, 500, 502, 503)), body="<html>%s %s</html>" % (told, signed))
            fault.update(headers={"X-Echo": told, "Server": told, "WWW-Authenticate": 'Basic realm="%s"' % told})
        elif kind == "redirect":
            fault.update(location=signed)
        elif kind == "unknown_state":
            fault.update(state="REVIEW " + told)
        return fault

    def _show(self, *things: Any) -> None:
        for thing in things:
            print(repr(thing))
            if isinstance(thing, AigcError):
                print(repr({name: value for name, value in thing.__dict__.items()}), str(thing))

    def _show_task(self, task: Any) -> None:
        self._show(task, task.error, task.state, task.outcome, task.request_id, task._token())
        if isinstance(task, aigc.Job):
            self._show(task.remote_id, task.provider_state, *task.assets)
        else:
            self._show(task.content_type, task.bytes)

    def batch(self, keys: Dict[str, Any]) -> None:
        """A few jobs at once."""
        control = self._setup["control"]
        _call(control, "DELETE", "/faults")
        for _ in range(4):
            _call(control, "POST", "/faults", self._fault())
        with aigc.Client(keys) as client:
            self._show(client)
            tasks: List[Any] = []
            for _ in range(BATCH):
                self._number += 1
                provider = ("alibaba", "tencent")[self._number % 2]
                words = self._random.choice(("", "", " [fail]", " [moderated]", " [blocked]"))
                tasks.append(client.submit(**fields(provider, "fuzz %d%s" % (self._number, words), deadline=8.0)))
            self._wait(tasks)
            downloads = [
                job.download(0, self._folder / ("%d.png" % job.id) if self._number % 3 else None)
                for job in tasks
                if job.assets
            ]
            self._wait(downloads)
            for event in client.events(timeout=0):
                self._show(event, event.message, event.fields)
            for task in [*tasks, *downloads]:
                self._show_task(task)

    def _wait(self, tasks: List[Any]) -> None:
        for task in tasks:
            try:
                task.wait(30)
            except AigcError as error:
                self._show(error)

    def run(self) -> None:
        """All of them."""
        while self._number < self._setup["jobs"]:
            keys = self._setup["proxy_keys" if self._random.random() < 0.2 else "keys"]
            self.batch(keys)


def main() -> int:
    """Run as a command."""
    Fuzz(json.loads(sys.argv[1])).run()
    print("the end")
    return 0


if __name__ == "__main__":
    sys.exit(main())

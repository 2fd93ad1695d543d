"""Drives a headless Chromium over its debugging protocol, with aiohttp."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, List, Optional, Type

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome")


def program() -> Optional[str]:
    """The browser of this machine; None if it has none."""
    return next((found for found in map(shutil.which, NAMES) if found), None)


class Page:
    """One page of a browser that ends with the with statement."""

    def __init__(self, browser: str) -> None:
        self._browser = browser
        self._ids = itertools.count(1)
        self._answers: Dict[int, "asyncio.Future[Any]"] = {}
        self.events: List[Dict[str, Any]] = []

    async def __aenter__(self) -> "Page":
        self._folder = tempfile.mkdtemp()
        options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                   "--remote-debugging-port=0", "--window-size=1200,900", f"--user-data-dir={self._folder}",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync", "about:blank")
        environment = dict(os.environ, HOME=self._folder)
        self._process = subprocess.Popen(
            [self._browser, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
        )
        ready = Path(self._folder, "DevToolsActivePort")
        for _ in range(600):
            if ready.exists() and ready.read_text(encoding="ascii").count("\n"):
                break
            await asyncio.sleep(0.1)
        port = ready.read_text(encoding="ascii").split()[0]
        self._session = aiohttp.ClientSession()
        async with self._session.get(f"http://127.0.0.1:{port}/json") as answer:
            pages = [page for page in await answer.json() if page["type"] == "page"]
        self._socket = await self._session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0)
        self._reader = asyncio.ensure_future(self._read())
        for domain in ("Page", "Runtime", "Network", "Log"):
            await self.call(f"{domain}.enable")
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._reader.cancel()
        await self._session.close()
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def call(self, method: str, **parameters: Any) -> Dict[str, Any]:
        """One call of the protocol."""
        number = next(self._ids)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_str(json.dumps({"id": number, "method": method, "params": parameters}))
        answer = await asyncio.wait_for(self._answers[number], 60)
        assert "error" not in answer, answer
        found: Dict[str, Any] = answer["result"]
        return found

    async def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, script: str, seconds: float = 60) -> None:
        """Waits until an expression is true."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not await self.run(script):
            assert loop.time() < end, script
            await asyncio.sleep(0.02)

    def asked(self, scheme: str) -> List[str]:
        """The URLs with that scheme that the page has asked for."""
        urls = [event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if url.startswith(scheme)]

    def complaints(self) -> List[str]:
        """What the page complains of."""
        found = [str(event["params"]) for event in self.events if event["method"] == "Runtime.exceptionThrown"]
        entries = [event["params"]["entry"] for event in self.events if event["method"] == "Log.entryAdded"]
        return found + [entry["text"] for entry in entries if entry["level"] == "error"]

    async def _read(self) -> None:
        async for message in self._socket:
            value = json.loads(message.data)
            waiting = self._answers.pop(value.get("id", 0), None)
            if waiting is not None:
                waiting.set_result(value)
            else:
                self.events.append(value)

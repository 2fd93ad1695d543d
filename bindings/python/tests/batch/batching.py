"""What the tests of a batch share."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Dict, List

from aigc import journal
from support import Command

FAST = ("-c", "rate.tencent.create_per_s=0", "-c", "rate.tencent.describe_per_s=0", "--progress", "quiet")
ALIBABA = ("--provider", "alibaba", "--operation", "pre_model_inference", "--set", "image_urls=https://example.com/cat.png")
TENCENT = ("--provider", "tencent")
OPTIONS = {"alibaba": ALIBABA, "tencent": TENCENT}
TOKEN = {"alibaba": "<special-token> ", "tencent": ""}


class Folder:
    """A file of rows and the folder of its pictures."""

    def __init__(self, path: Path, command: Command, sandbox: Any, provider: str = "tencent") -> None:
        self.path = path
        self.out = path / "pictures"
        self.journal = str(self.out / ".aigc")
        self._command = command
        self.sandbox = sandbox
        self.provider = provider

    def write(self, text: str, name: str = "rows.csv", encoding: str = "utf-8") -> Path:
        """A file of rows."""
        file = self.path / name
        file.write_bytes(text.encode(encoding))
        return file

    def line(self, file: Path, *options: str) -> List[str]:
        """The arguments of the command, for a run."""
        return ["batch", *FAST, str(file), "--out", str(self.out), *OPTIONS[self.provider], *options]

    def run(self, file: Path, *options: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
        """Runs it to its end."""
        done = self._command.run(*self.line(file, *options))
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done

    def start(self, file: Path, *options: str) -> "subprocess.Popen[str]":
        """Starts it and lets it run."""
        log = open(self.path / "log", "a", encoding="utf-8")
        with log:
            return self._command.start(*self.line(file, *options), stdout=log, stderr=log)

    def created(self) -> int:
        """How many jobs the cloud has made."""
        return int(self.sandbox.stats(jobs=False)["jobs_created"].get(self.provider, 0))

    def results(self) -> Dict[str, Dict[str, Any]]:
        """results.jsonl by key: the last line of a key counts. Each line must be whole."""
        lines = (self.out / "results.jsonl").read_text(encoding="utf-8").splitlines()
        return {entry["key"]: entry for entry in map(json.loads, lines)}

    def doubts(self) -> List[Dict[str, Any]]:
        """What the journal has in doubt."""
        return [
            row for row in journal.rows(self.journal, states=["unknown", "sending"])
            if row["state"] == "unknown" or not row["owner_alive"]
        ]

    def settle(self) -> int:
        """Does what a person does who looks at the cloud's console. Returns how many rows were in doubt."""
        by_prompt = {job["prompt"]: job["id"] for job in self.sandbox.stats()["jobs"]}
        noted = [json.loads(line) for line in (self.out / ".aigc" / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
        prompts = {entry["key"]: entry["prompt"] for entry in noted if "key" in entry}
        doubts = self.doubts()
        for row in doubts:
            found = by_prompt.get(prompts[row["key"]])
            import aigc

            outcome = aigc.Outcome.NOT_SENT if found is None else aigc.Outcome.ACCEPTED
            journal.resolve(self.journal, row["key"], outcome, found)
        return len(doubts)

    def check_pictures(self, rows: int) -> None:
        """Each row has one picture, and each is byte for byte the one that the cloud drew for that prompt."""
        results = self.results()
        assert len(results) == rows and {entry["state"] for entry in results.values()} == {"done"}
        jobs = {job["prompt"]: job["id"] for job in self.sandbox.stats()["jobs"]}
        files = set()
        for entry in results.values():
            assert entry["remote_id"] == jobs[entry["prompt"]]
            for index, name in enumerate(entry["files"]):
                data = (self.out / name).read_bytes()
                assert data == self.sandbox.image(self.provider, entry["remote_id"], index), name
                files.add(name)
        here = {str(path.relative_to(self.out)) for path in self.out.rglob("*.png")}
        assert here == files and len(files) == rows
        metadata = [json.loads(line) for line in (self.out / "metadata.jsonl").read_text(encoding="utf-8").splitlines()]
        assert {entry["file_name"] for entry in metadata} == files
        assert not list(self.out.rglob("*.part"))

"""Runs the C programs on the real library against a sandbox, and prints one TAP line for each fact.

Tests/c/run.sh builds the programs and starts this. A program that ends by a signal, runs too long or prints no plan is
a failed fact of its own. What needs the sandbox's point of view (bytes, duplicates) is judged here afterwards.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence

from aigc.sandbox.testing import SandboxProcess, keys

PROVIDERS = ("alibaba", "tencent")
IMAGE_URL = "https://example.com/reference.png"
FAST = {
    "poll.initial_ms": "100",
    "poll.max_ms": "500",
    "rate.tencent.create_per_s": "1000",
    "rate.tencent.describe_per_s": "1000",
}


@dataclass
class Run:
    """One program to run."""

    name: str
    arguments: Sequence[str] = ()
    seconds: float = 120
    quick: bool = True
    tls: bool = False
    world: Dict[str, Any] = field(default_factory=dict)
    config: Dict[str, str] = field(default_factory=lambda: dict(FAST))
    faults: Sequence[Dict[str, Any]] = ()
    after: Optional[Callable[["Runner", "Run", Path], None]] = None
    prefix: Sequence[str] = ()
    environment: Dict[str, str] = field(default_factory=dict)
    compilers: Sequence[str] = ("gcc",)

    @property
    def title(self) -> str:
        """How it is called in the report."""
        return " ".join([self.name, *(a for a in self.arguments if a in PROVIDERS)])


def magic(data: bytes) -> str:
    """The format of an image, or an empty string."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    return ""


class Runner:
    """The sandbox, the report, and how a program is run."""

    def __init__(self, box: SandboxProcess, programs: Path, library: Path, work: Path) -> None:
        self.box = box
        self.programs = programs
        self.library = library
        self.work = work
        self.facts = 0
        self.failures = 0
        self.compiler = "gcc"
        self.small_disk = self._can_mount()

    def ok(self, good: bool, text: str, note: str = "") -> bool:
        """One fact."""
        self.facts += 1
        self.failures += not good
        print("%s %d - %s%s" % ("ok" if good else "not ok", self.facts, text, note), flush=True)
        return good

    def config(self, run: Run) -> Dict[str, str]:
        """The configuration keys that lead to the sandbox."""
        info = self.box.info
        return {
            **keys(info, info["https" if run.tls else "http"]),
            "tls.ca_file": info["ca_file"],
            "download.allow_private_addresses": "true",
            **run.config,
        }

    def environment(self, run: Run, folder: Path) -> Dict[str, str]:
        """What a program gets: little, so that nothing of this machine's account is used."""
        keep = {k: os.environ[k] for k in ("PATH", "LANG", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS") if k in os.environ}
        keep.update(
            HOME=str(folder.parent),
            AIGC_TEST_CONFIG="\n".join("%s=%s" % pair for pair in self.config(run).items()),
            AIGC_TEST_DIR=str(folder),
            AIGC_TEST_LIBRARY=str(self.library),
        )
        keep.update(run.environment)
        return keep

    def _can_mount(self) -> bool:
        if os.geteuid() != 0 or not shutil.which("unshare"):
            return False
        folder = self.work / "mount"
        folder.mkdir()
        test = ["unshare", "-m", "mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
        return subprocess.run(test, stderr=subprocess.DEVNULL, check=False).returncode == 0

    def execute(self, run: Run, folder: Path) -> None:
        """Run a program and pass its facts on."""
        command = [*run.prefix, str(self.programs / self.compiler / run.name), *run.arguments]
        title = run.title + ("" if self.compiler == "gcc" else " (%s)" % self.compiler)
        log = self.work / "output"
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=str(folder),
                env=self.environment(run, folder), start_new_session=True,
            )
            code: Optional[int] = None
            try:
                code = process.wait(run.seconds)
            except subprocess.TimeoutExpired:
                pass
            finally:
                if process.returncode is None:
                    os.killpg(process.pid, signal.SIGKILL)  # the group that was started above, and no other
                    process.wait()
        plan = facts = 0
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            fact = re.match(r"(not ok|ok) \d+ - (.*?)( # SKIP)?$", line)
            if fact:
                facts += 1
                self.ok(fact.group(1) == "ok", "%s: %s" % (title, fact.group(2)), fact.group(3) or "")
            elif re.match(r"1\.\.\d+$", line):
                plan = int(line[3:])
            elif line:
                print("# " + line.lstrip("# "), flush=True)
        if code is None:
            self.ok(False, "%s: did not end within %g s" % (title, run.seconds))
        elif code < 0:
            self.ok(False, "%s: ended by signal %d (%s)" % (title, -code, signal.Signals(-code).name))
        elif code not in (0, 1):
            self.ok(False, "%s: exit status %d" % (title, code))
        elif plan != facts or plan == 0:
            self.ok(False, "%s: planned %d facts and told %d" % (title, plan, facts))

    def run(self, run: Run) -> None:
        """One program in a world of its own, and what is looked at afterwards."""
        start = time.monotonic()
        box = self.box
        box.reset()
        box.config(duration=0.4, rate=0.0)
        if run.world:
            box.config(**run.world)
        for fault in run.faults:
            box.fault(**fault)
        folder = Path(tempfile.mkdtemp(dir=str(self.work), prefix=run.name + "-"))
        try:
            if run.name in SCRIPTED:
                SCRIPTED[run.name](self, run, folder)
            else:
                self.execute(run, folder)
            box.clear_faults()
            if run.after:
                run.after(self, run, folder)
        finally:
            for left in sorted(folder.iterdir())[:5] if self.failures else []:
                print("# left: %s (%d bytes)" % (left.name, left.stat().st_size))
            shutil.rmtree(str(folder), ignore_errors=True)
            print("# %s took %.1f s" % (run.title, time.monotonic() - start), flush=True)


# What is looked at afterwards


def no_duplicates(runner: Runner, run: Run, folder: Path) -> None:
    """Every job was created once (prompts are unique, so a second one with the same prompt is a job paid twice)."""
    stats = runner.box.stats(jobs=False)
    runner.ok(stats["duplicates"] == 0, "%s: no job was created twice (%s)" % (run.title, stats["duplicates"]))


def all_created(runner: Runner, run: Run, folder: Path) -> None:
    """The sandbox has seen each job once."""
    created = runner.box.stats(jobs=False)["jobs_created"].get(run.arguments[0], 0)
    runner.ok(created == int(run.arguments[1]), "%s: the sandbox has %d jobs" % (run.title, created))
    no_duplicates(runner, run, folder)


def same_bytes(runner: Runner, run: Run, folder: Path) -> None:
    """Each image of the manifest is what the sandbox drew."""
    provider, jobs = run.arguments[0], int(run.arguments[1])
    same, seen = 0, set()
    manifest = folder / "manifest"
    lines = manifest.read_text(encoding="utf-8").splitlines() if manifest.exists() else []
    for line in lines:
        remote_id, index, path = line.split(" ", 2)
        seen.add(remote_id)
        if Path(path).read_bytes() == runner.box.image(provider, remote_id, int(index)):
            same += 1
        else:
            print("# %s image %s differs: %s" % (remote_id, index, path))
    runner.ok(len(seen) == jobs, "%s: images of %d jobs" % (run.title, len(seen)))
    runner.ok(
        bool(lines) and same == len(lines), "%s: %d of %d images have the sandbox's bytes" % (run.title, same, len(lines))
    )
    parts = [p.name for p in folder.iterdir() if p.name.endswith(".part")]
    runner.ok(not parts, "%s: no .part is left (%d)" % (run.title, len(parts)))
    no_duplicates(runner, run, folder)


def rate_kept(runner: Runner, run: Run, folder: Path) -> None:
    """As above, and the sandbox never had to refuse a request for being one too many."""
    same_bytes(runner, run, folder)
    operations = runner.box.stats(jobs=False)["operations"].get(run.arguments[0], {})
    refused = sum(count for op in operations.values() for code, count in op["refused"].items() if "LimitExceeded" in code)
    runner.ok(refused == 0, "%s: no request was refused for its rate (%d)" % (run.title, refused))


# Programs that are looked at from outside


def started(runner: Runner, run: Run, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """An example with its arguments, as a person would start it; configuration by -c."""
    options = [word for pair in runner.config(run).items() for word in ("-c", "%s=%s" % pair)]
    command = [*run.prefix, str(runner.programs / runner.compiler / run.name), *options, *arguments]
    environment = {k: v for k, v in runner.environment(run, folder).items() if not k.startswith("AIGC_")}
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=str(folder),
        env=environment, timeout=run.seconds, check=False, encoding="utf-8",
    )
    for line in done.stdout.splitlines():
        print("# %s: %s" % (run.name, line))
    return done


def example_generate(runner: Runner, run: Run, folder: Path) -> None:
    """generate.c: images of one job, byte for byte, and its exit statuses."""
    name = "generate (%s)" % runner.compiler
    calls = {
        "alibaba": ["--image", IMAGE_URL, "--count", "2", "alibaba"],
        "alibaba, trained model": ["--model", runner.box.info["alibaba"]["model_id"], "alibaba"],
        "tencent": ["tencent"],
    }
    for title, arguments in calls.items():
        done = started(runner, run, folder, *arguments, "a <special-token> kite, %s %s" % (title, runner.compiler), "kite")
        files = [Path(line).name for line in done.stdout.splitlines() if line.startswith(str(folder / "kite-"))]
        runner.ok(done.returncode == 0 and bool(files), "%s: %s: %d images" % (name, title, len(files)))
        job = runner.box.stats()["jobs"][-1]
        for index, file in enumerate(files):
            data = (folder / file).read_bytes()
            runner.ok(data == runner.box.image(job["provider"], job["id"], index), "%s: %s is the sandbox's" % (name, file))
            runner.ok(file.endswith("." + magic(data)), "%s: %s is named after its format" % (name, file))
            (folder / file).unlink()
    runner.ok(started(runner, run, folder).returncode == 2, "%s: usage without arguments" % name)
    done = started(runner, run, folder, "-c", "tencent.regoin=x", "tencent", "x", "x")
    runner.ok(done.returncode == 1 and "tencent.region" in done.stdout, "%s: a misspelt key is explained" % name)
    done = started(runner, run, folder, "-c", "tencent.secret_key=wrong", "tencent", "x", "x")
    runner.ok(done.returncode == 1 and "AIGC_E_AUTH" in done.stdout, "%s: a wrong key is explained" % name)
    runner.ok("nothing is paid" in done.stdout, "%s: and that nothing is paid" % name)
    done = started(runner, run, folder, "tencent", "a kite [fail]", "x")
    runner.ok(done.returncode == 1 and "token: " in done.stdout, "%s: a failed job is told with its token" % name)
    runner.box.fault("reset_after", operation="CreateAigcImageTask", times=1)
    done = started(runner, run, folder, "tencent", "a kite that nobody knows of", "x")
    runner.ok(done.returncode == 3 and "may run and be paid" in done.stdout, "%s: an unknown outcome has its exit status" % name)
    runner.box.clear_faults()
    runner.ok(not list(folder.iterdir()), "%s: no file is left by what failed" % name)


def example_epoll(runner: Runner, run: Run, folder: Path) -> None:
    """epoll.c: many jobs on one thread."""
    name = "epoll (%s)" % runner.compiler
    for provider in PROVIDERS:
        images = [IMAGE_URL] if provider == "alibaba" else []
        done = started(runner, run, folder, provider, "12", "a <special-token> harbour", "harbour", *images)
        files = sorted(folder.glob("harbour-*"))
        runner.ok(done.returncode == 0, "%s: %s: exit status 0" % (name, provider))
        jobs = {job["id"] for job in runner.box.stats()["jobs"] if job["provider"] == provider}
        runner.ok(len(jobs) == 12 and len(files) >= 12, "%s: %s: %d jobs, %d files" % (name, provider, len(jobs), len(files)))
        same = 0
        for file in files:
            remote_id, index = file.stem[len("harbour-") :].rsplit("-", 1)
            same += file.read_bytes() == runner.box.image(provider, remote_id, int(index) - 1)
            file.unlink()
        runner.ok(same == len(files), "%s: %s: %d files have the sandbox's bytes" % (name, provider, same))
    runner.ok(started(runner, run, folder).returncode == 2, "%s: usage without arguments" % name)
    done = started(runner, run, folder, "tencent", "2", "a harbour [fail]", "x")
    runner.ok(done.returncode == 1 and "AIGC_E_JOB_FAILED" in done.stdout, "%s: failures are told" % name)


def example_train(runner: Runner, run: Run, folder: Path) -> None:
    """train.c: a model, then images with it; interrupted in between, its token leads on."""
    name = "train (%s)" % runner.compiler
    what = ["Ada", "girl", "a <special-token> in the snow", "snow"]
    done = started(runner, run, folder, "--steps", "800", *what, IMAGE_URL)
    files = [Path(line).name for line in done.stdout.splitlines() if line.startswith(str(folder / "snow-"))]
    runner.ok(done.returncode == 0 and len(files) == 1, "%s: trained, then drawn" % name)
    jobs = runner.box.stats()["jobs"]
    operations = ["Personalizedtxt2imgAddModelTrainJob", "Personalizedtxt2imgAddInferenceJob"]
    runner.ok([job["operation"] for job in jobs] == operations, "%s: one training and one drawing" % name)
    for file in files:
        data = (folder / file).read_bytes()
        runner.ok(data == runner.box.image("alibaba", jobs[-1]["id"], 0), "%s: %s is the sandbox's" % (name, file))
        (folder / file).unlink()
    token = re.search(r"token (aigc1:\S+)", done.stdout)
    leads = ["--token", token.group(1) if token else "", *what[:2], "a <special-token> in summer", "snow"]
    done = started(runner, run, folder, *leads)
    runner.ok(done.returncode == 0 and "snow-1." in done.stdout, "%s: the token of a training leads on" % name)
    created = [job["operation"] for job in runner.box.stats()["jobs"]]
    runner.ok(created == [*operations, operations[1]], "%s: and trains nothing anew" % name)
    for file in folder.iterdir():
        file.unlink()
    done = started(runner, run, folder, "Ada [fail]", *what[1:], IMAGE_URL)
    runner.ok(done.returncode == 1 and "AIGC_E_JOB_FAILED" in done.stdout, "%s: a failed training is told" % name)
    done = started(runner, run, folder, *what)
    runner.ok(done.returncode == 1 and "image_urls" in done.stdout, "%s: a training without pictures is refused" % name)
    runner.box.fault("reset_after", operation=operations[0], times=1)
    done = started(runner, run, folder, "Eve", *what[1:], IMAGE_URL)
    runner.ok(done.returncode == 3 and "OUTCOME_UNKNOWN" in done.stdout, "%s: an unknown outcome has its exit status" % name)
    runner.box.clear_faults()
    runner.ok(started(runner, run, folder).returncode == 2, "%s: usage without arguments" % name)
    no_duplicates(runner, run, folder)


def exits(runner: Runner, run: Run, folder: Path) -> None:
    """exit() with jobs running, at many moments: never a crash, never a hang."""
    moments = random.Random(20)
    total, good = int(run.arguments[0]), 0
    command = str(runner.programs / runner.compiler / run.name)
    for number in range(total):
        how = ("exit", "return", "quick")[number % 3]
        wait = "0" if number < 6 else str(moments.randrange(600_000))
        try:
            code = subprocess.run(
                [*run.prefix, command, wait, how], stdin=subprocess.DEVNULL, env=runner.environment(run, folder),
                timeout=30, check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = 999
        if code == 0:
            good += 1
        else:
            print("# exit_live %s %s: %s" % (wait, how, "hangs" if code == 999 else code))
    runner.ok(good == total, "exit_live: %d of %d exits with jobs running were clean" % (good, total))


SCRIPTED: Dict[str, Callable[[Runner, Run, Path], None]] = {
    "generate": example_generate,
    "epoll": example_epoll,
    "train": example_train,
    "exit_live": exits,
}


def plan(runner: Runner, long: bool) -> List[Run]:
    """What is run, in this order."""
    drops = [dict(kind=kind, probability=0.2) for kind in ("reset_before", "close_before", "reset_after", "close_after")]
    disks: Dict[str, Any] = {}
    if runner.small_disk:
        small, readonly = runner.work / "small", runner.work / "readonly"
        small.mkdir(exist_ok=True)
        readonly.mkdir(exist_ok=True)
        mounts = 'mount -t tmpfs -o size=1m none "$1" && mount -t tmpfs -o ro none "$2" && shift 2 && exec "$@"'
        disks["prefix"] = ["unshare", "-m", "sh", "-c", mounts, "sh", str(small), str(readonly)]
        disks["environment"] = {"AIGC_TEST_SMALL_DISK": str(small), "AIGC_TEST_READONLY_DISK": str(readonly)}
    both = ("gcc", "clang")

    def preloaded(name: str) -> Dict[str, str]:
        return {"LD_PRELOAD": str(runner.programs / (name + ".so"))}

    runs = [
        Run("load", seconds=30, compilers=both),
        # Swift's own variables, with a crash handler that could be started, and with one that could not be found.
        Run("load", ["backtrace"], seconds=30, environment={"SWIFT_BACKTRACE": "enable=yes,swift-backtrace=/bin/true"}),
        Run("load", ["debug"], seconds=30, environment={"SWIFT_BACKTRACE": "enable=yes", "SWIFT_DEBUG_HELP": "YES"}),
        Run("null", compilers=both),
        Run("errors", compilers=both, after=no_duplicates),
        Run("generate", compilers=both),
        Run("epoll", compilers=both),
        Run("train", compilers=both),
        Run("lifecycle"),
        Run("cancel", after=no_duplicates),
        Run("operations", compilers=both, after=no_duplicates),
        Run("observe", compilers=both, after=no_duplicates),
        Run("attach", world={"duration": 2.0}, after=no_duplicates),
        Run("strings", compilers=both),
        Run("credentials", after=no_duplicates),
        Run("host_names"),
        Run("cancelled_threads", seconds=300, after=no_duplicates),
        Run("profiles", compilers=both),
        Run("small_stack"),
        Run("disk", **disks),
        Run("openssl_conf", after=no_duplicates),
        Run("file_limit", seconds=180, after=no_duplicates),
        Run("fds", quick=False),
        Run("signals", tls=True, faults=drops, seconds=300),
        Run("storm", tls=True, after=no_duplicates),
        Run("handlers", after=no_duplicates),
        Run("handlers", ["closes"], faults=[dict(kind="delay", operation="CreateAigcImageTask", ms=20_000, times=-1)]),
        Run("frees64", ["1"], after=no_duplicates),
        Run("flood", ["10000"], quick=False),
        Run("fork", ["500" if long else "40"], seconds=900 if long else 180, world={"duration": 1.0}, after=no_duplicates),
        Run("fork_looks", ["500" if long else "60"], seconds=900 if long else 180),
        Run("fork_turns", tls=True, seconds=300),
        Run("fork_handler", ["500" if long else "50"], seconds=900, after=no_duplicates),
        Run(
            "journal", ["500" if long else "10"], seconds=900 if long else 180, after=no_duplicates,
            faults=[dict(kind="delay_after", operation="PersonalizedTextToImageAddInferenceJob", ms=3_000, times=-1)],
        ),
        *(
            Run("journal_odd", [word],
                environment={"LD_PRELOAD": str(runner.programs / "odd_system.so"), "AIGC_TEST_ODD": odd})
            for odd, word in (("nfs", "NFS"), ("missing", "libsqlite3-0"), ("old", "3.35 is needed"))
        ),
        Run("exit_free", seconds=60),
        Run("exit_free", ["closing"], seconds=60, faults=[dict(kind="delay_after", operation="CreateAigcImageTask", ms=6000)]),
        Run("exit_waits", seconds=120),
        Run("exit_live", ["1000" if long else "60"], seconds=60, quick=False),
        Run("exit_helpers", ["400" if long else "40"], seconds=600, quick=False, tls=True),
        Run("fork", ["10"], world={"duration": 1.0}, after=no_duplicates, environment=preloaded("no_wipe")),
    ]
    short = dict(environment=preloaded("short_of_memory"), tls=True)
    megabytes = [dict(kind="http", status=200, body='{"a": "%s"}' % ("x" * 6_000_000), times=-1, content_type="application/json")]
    for provider in PROVIDERS:
        runs.append(Run("memory", [provider, "large"], **short))
        if provider == "alibaba":
            held: Dict[str, Any] = dict(world={"base64_form": "envelope"}, config={"alibaba.asset_encoding": "base64"})
            runs.append(Run("memory", [provider, "envelope"], **held, **short))
        runs.append(Run("memory", [provider, "answers"], faults=megabytes, **short))
        if provider == "tencent":
            for what in ("each", "kept"):
                runs.append(Run("memory", [provider, what], quick=False, after=no_duplicates, **short))
        runs.append(Run("memory", [provider, "watches"], **short))
        small = [provider, "small", "56" if long else "14"]
        runs.append(Run("memory", small, quick=False, after=no_duplicates, seconds=900, **short))
        jobs = dict(quick=False, seconds=300.0)
        runs.append(Run("jobs200", [provider, "200"], world={"rate": 20.0, "duration": 2.0}, config={}, after=rate_kept, **jobs))
        runs.append(Run("threads16", [provider, "1000"], world={"duration": 20.0}, after=all_created, **jobs))
    runs.append(Run("jobs200", ["tencent", "20"], tls=True, after=same_bytes))
    if long:
        runs += [Run("frees64", [str(seed)], after=no_duplicates) for seed in range(2, 22)]
        runs += [Run("fork", ["5", "cold"], world={"duration": 1.0}) for _ in range(100)]
    return runs


def valgrind_plan(here: Path, full: Path) -> List[Run]:
    """A part of the programs under memcheck: no error, nothing lost but what the suppressions name."""
    command = [
        "valgrind", "-q", "--error-exitcode=97", "--leak-check=full", "--errors-for-leak-kinds=definite",
        "--show-leak-kinds=definite", "--suppressions=%s" % (here / "valgrind.supp"), "--child-silent-after-fork=yes",
        "--fair-sched=yes",
    ]
    names = ("null", "errors", "lifecycle", "generate", "epoll")
    symbols = {"LD_LIBRARY_PATH": str(full)}
    return [Run(name, prefix=command, environment=symbols, seconds=400, quick=False) for name in names]


def sanitized_plan() -> List[Run]:
    """What runs under AddressSanitizer (Tests/sanitizers/address.sh). Left out: small_stack, because instrumented code
    takes several times the stack; fds, because the sanitizer needs descriptors of its own; load, which counts what a
    library brings and would count the sanitizer."""
    only = dict(compilers=("asan",), seconds=300.0)
    names = (
        "null", "errors", "generate", "epoll", "train", "lifecycle", "cancel", "operations", "credentials", "profiles", "disk",
    )
    runs = [Run(name, **only) for name in names]
    runs.append(Run("attach", world={"duration": 2.0}, **only))
    # A child keeps what it inherits on purpose. Swift writes the address of an object's weak references into the object in
    # a form that LeakSanitizer does not read, and so it calls them lost there.
    known = {"LSAN_OPTIONS": "suppressions=%s" % (Path(__file__).resolve().parent / "leaks.supp")}
    runs.append(Run("fork", ["10"], world={"duration": 1.0}, after=no_duplicates, environment=known, **only))
    # What a program that calls exit() in the middle still holds is no leak.
    runs.append(Run("exit_live", ["12"], environment={"LSAN_OPTIONS": "detect_leaks=0"}, **only))
    runs.append(Run("jobs200", ["tencent", "20"], tls=True, after=same_bytes, **only))
    for provider in PROVIDERS:
        runs.append(Run("threads16", [provider, "200"], world={"duration": 3.0}, after=all_created, **only))
    return runs


def main() -> int:
    """Run what was asked for; 1 if a fact is not as it should be."""
    p = argparse.ArgumentParser()
    p.add_argument("--programs", type=Path, required=True, help="folder with one folder of programs per compiler")
    p.add_argument("--library", type=Path, required=True)
    p.add_argument("--quick", action="store_true", help="leave out what takes long")
    p.add_argument("--long", action="store_true", help="hundreds of forks and exits")
    p.add_argument("--valgrind", action="store_true", help="only the part that runs under valgrind")
    p.add_argument("--sanitized", action="store_true", help="only the part that runs under AddressSanitizer")
    p.add_argument("--only", action="append", default=[], metavar="PROGRAM")
    options = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started ends as well
    with tempfile.TemporaryDirectory(prefix="aigc-c-") as work, SandboxProcess("--duration", "0.4", "--rate", "0") as box:
        runner = Runner(box, options.programs, options.library, Path(work))
        here = Path(__file__).resolve().parent
        runs = plan(runner, options.long)
        if options.valgrind:
            runs = valgrind_plan(here, options.programs / "full")
        elif options.sanitized:
            runs = sanitized_plan()
        for run in runs:
            if (options.only and run.name not in options.only) or (options.quick and not run.quick):
                continue
            for compiler in run.compilers:
                runner.compiler = compiler
                if not (runner.programs / compiler).is_dir():
                    runner.ok(True, "%s with %s" % (run.title, compiler), " # SKIP no such compiler")
                    continue
                try:
                    runner.run(run)
                except Exception as problem:  # one program's trouble must not hide the others
                    runner.ok(False, "%s: %s: %s" % (run.title, type(problem).__name__, problem))
        print("1..%d" % runner.facts)
    return 1 if runner.failures or not runner.facts else 0


if __name__ == "__main__":
    sys.exit(main())

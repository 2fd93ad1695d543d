"""The sandbox in one line: aigc sandbox --env, aigc sandbox -- COMMAND, and the variables that the library reads."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict

import aigc
import pytest
from support import environment, python

AIGC = f"{shlex.quote(sys.executable)} -m aigc"
PROGRAM = """
import aigc, sys
with aigc.Client() as client:
    for provider, operation, more in (
        ("tencent", "aigc_image", {}),
        ("alibaba", "pre_model_inference", {"image_urls": ["https://example.com/a.png"]}),
    ):
        for image in client.generate(provider, operation, prompt="a <special-token> in the snow", out="images", **more):
            print(image.path)
"""


def shell(code: str, folder: Path, **variables: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-c", code], env=environment(**variables), cwd=folder, capture_output=True, text=True, timeout=120
    )


def gone(pid: int) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("proxy", [None, "http://127.0.0.1:9"])
def test_a_program_that_knows_nothing_of_it(library: str, tmp_path: Path, proxy: Any) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    code = f'eval "$({AIGC} sandbox --env)" && {shlex.quote(sys.executable)} program.py && echo $AIGC_SANDBOX_PID'
    done = shell(code, tmp_path, https_proxy=proxy, http_proxy=proxy, TENCENTCLOUD_TOKEN="of another account")
    assert done.returncode == 0, done.stderr
    *paths, pid = done.stdout.split()
    assert len(paths) == 2 and all((tmp_path / path).is_file() for path in paths)
    assert gone(int(pid))  # With the shell.


def test_it_lives_as_long_as_the_shell(library: str, tmp_path: Path) -> None:
    """Also where the substitution is a fork of the shell that ends at once."""
    code = f'eval "$({AIGC} sandbox --env | cat)"; sleep 1; kill -0 $AIGC_SANDBOX_PID && echo $AIGC_SANDBOX_PID'
    done = shell(code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert gone(int(done.stdout))


def test_a_command(library: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    done = shell(f"{AIGC} sandbox -- {shlex.quote(sys.executable)} program.py", tmp_path)
    assert done.returncode == 0 and len(done.stdout.split()) == 2, done.stderr
    done = shell(f"{AIGC} sandbox -- {AIGC} generate --provider tencent 'a cat' --out x.png --quiet", tmp_path)
    assert done.returncode == 0 and done.stdout.strip() == str(tmp_path / "x.png"), done.stderr
    assert shell(f"{AIGC} sandbox --duration 0.1 -- sh -c 'exit 7'", tmp_path).returncode == 7
    assert shell(f"{AIGC} sandbox -- sh -c 'kill -9 $$'", tmp_path).returncode == 137
    done = shell(f"{AIGC} sandbox -- ./nowhere", tmp_path)
    assert done.returncode == 2 and "cannot be started" in done.stderr
    done = shell(f"{AIGC} sandbox ls -l", tmp_path)
    assert done.returncode == 2 and "aigc sandbox -- ls" in done.stderr or "unrecognized" in done.stderr


def test_a_signal_is_one_for_the_command(library: str, tmp_path: Path) -> None:
    script = "trap 'echo ended; exit 5' TERM; echo begun; while :; do sleep 0.1; done"
    command = [sys.executable, "-m", "aigc", "sandbox", "--", "sh", "-c", script]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.read() == "ended\n" and process.wait(20) == 5
    process.stdout.close()


def test_a_failure_fails_the_eval(library: str, tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("raise ImportError('none here')")
    nothing = f"{shlex.quote(sys.executable)} -S -m aigc"  # Without site-packages: no aiohttp.
    done = shell(f'eval "$({nothing} sandbox --env)"', tmp_path)
    assert done.returncode != 0 and "pip install 'libaigc[sandbox]'" in done.stderr and "Traceback" not in done.stderr


def test_variables_stand_for_keys(sandbox: Any, keys: Dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGC_TENCENT_ENDPOINT", "https://tencent.example.com")
    monkeypatch.setenv("AIGC_ALIBABA_ENDPOINT", "https://alibaba.example.com")
    monkeypatch.setenv("AIGC_CA_FILE", sandbox.info["ca_file"])

    def endpoints(**more: Any) -> Dict[str, str]:
        with aigc.Client(more) as client:
            report = client.report()
            assert report["tls"]["ca_file"] == more.get("tls.ca_file", sandbox.info["ca_file"])
            return {row["provider"]: row["endpoint"] for row in report["providers"]}

    assert endpoints() == {"tencent": "https://tencent.example.com", "alibaba": "https://alibaba.example.com"}
    mine = endpoints(**{"tencent.endpoint": "https://mine.example.com", "alibaba.endpoint": ""})
    assert mine == {"tencent": "https://mine.example.com", "alibaba": "https://aicontent.aliyuncs.com"}
    monkeypatch.setenv("AIGC_TENCENT_ENDPOINT", "")
    assert endpoints()["tencent"] == "https://mps.tencentcloudapi.com"


@pytest.mark.parametrize(
    "variable, value, said",
    [
        ("AIGC_ALLOW_PRIVATE_ADDRESSES", "perhaps", "AIGC_ALLOW_PRIVATE_ADDRESSES.*true"),
        ("AIGC_TENCENT_ENDPOINT", "no address at all", "endpoint"),
        ("AIGC_ALIBABA_ENDPOINT", "a\nb", "AIGC_ALIBABA_ENDPOINT.*control character"),
        ("AIGC_CA_FILE", "a\udcffb", "AIGC_CA_FILE.*UTF-8"),
    ],
)
def test_a_wrong_variable_is_named(library: str, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(aigc.InvalidArgumentError, match=said):
        aigc.Client()


@pytest.mark.parametrize("value, allowed", [("1", True), ("true", True), ("0", False), ("false", False), (None, False)])
def test_private_addresses(
    sandbox: Any, keys: Dict[str, Any], monkeypatch: pytest.MonkeyPatch, value: Any, allowed: bool
) -> None:
    if value is not None:
        monkeypatch.setenv("AIGC_ALLOW_PRIVATE_ADDRESSES", value)
    del keys["download.allow_private_addresses"]
    with aigc.Client(keys) as client:
        download = client.submit("tencent", "aigc_image", prompt="a cat").wait().download(0)
        if allowed:
            assert download.wait().data
        else:
            with pytest.raises(aigc.AddressRefusedError):
                download.wait()


def test_doctor_shows_the_variables(sandbox: Any, tmp_path: Path) -> None:
    variables = {"AIGC_TENCENT_ENDPOINT": sandbox.info["http"], "AIGC_ALLOW_PRIVATE_ADDRESSES": "1", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "aigc", "doctor", "--provider", "tencent"],
        env=environment(**variables), capture_output=True, text=True, timeout=60,
    )
    said = re.sub(r"\s+", " ", done.stdout)
    assert f"AIGC_TENCENT_ENDPOINT={sandbox.info['http']} stands for tencent.endpoint" in said
    assert "AIGC_ALLOW_PRIVATE_ADDRESSES=1 stands for download.allow_private_addresses" in said


def test_the_variables_are_the_librarys(library: str) -> None:
    """Those that the sandbox sets or takes away, and that the header names."""
    from aigc.sandbox.environment import environment as of_sandbox
    from support import HEADER, REPOSITORY

    swift = (REPOSITORY / "Sources" / "AigcABI" / "EnvironmentKeys.swift").read_text(encoding="utf-8")
    read = set(re.findall(r'\("(AIGC_\w+)"', swift))
    assert len(read) == 5 and all(name in HEADER.read_text(encoding="utf-8") for name in read)
    info = {"https": "", "ca_file": "", "alibaba": dict.fromkeys(("access_key_id", "access_key_secret", "model_id"))}
    info["tencent"] = dict.fromkeys(("secret_id", "secret_key"))
    assert read <= set(of_sandbox(info, dict.fromkeys(read, "x")))
    assert python("import aigc.sandbox.environment, sys; sys.exit('aiohttp' in sys.modules)").returncode == 0


def test_no_profile_takes_part(library: str, tmp_path: Path) -> None:
    """The journal of a profile is for jobs that are paid: a job of the sandbox must not stand in it."""
    file = tmp_path / ".config" / "aigc" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f"profile = 'paid'\n[profiles.paid]\njournal.path = '{tmp_path / 'journal'}'\n")
    line = f"{AIGC} sandbox --duration 0.2 -- {AIGC} generate --provider tencent 'a cat' --key cat-1 --out x.png --quiet"
    done = shell(line, tmp_path, HOME=str(tmp_path), AIGC_CONFIG_FILE=None, AIGC_PROFILE="paid", XDG_CONFIG_HOME=None)
    assert done.returncode == 2 and "no journal" in done.stderr and not (tmp_path / "journal").exists(), done.stderr
    done = shell(line.replace("--key cat-1", ""), tmp_path, HOME=str(tmp_path), AIGC_CONFIG_FILE=None, AIGC_PROFILE="paid")
    assert done.returncode == 0 and not (tmp_path / "journal").exists(), done.stderr


def test_the_journal_of_the_environment_stays_clean(library: str, tmp_path: Path) -> None:
    """A key of the sandbox in it would keep the true job of that key from being sent."""
    journal = tmp_path / "journal"
    line = f"{AIGC} sandbox --duration 0.2 -- {AIGC} generate --provider tencent 'a cat' --out x.png --quiet"
    done = shell(line, tmp_path, HOME=str(tmp_path), AIGC_JOURNAL=str(journal))
    assert done.returncode == 0 and (tmp_path / "x.png").exists() and not journal.exists(), done.stderr
    code = f'eval "$({AIGC} sandbox --env)"; echo "[$AIGC_JOURNAL]"; kill $AIGC_SANDBOX_PID'
    done = shell(code, tmp_path, AIGC_JOURNAL=str(journal))
    assert done.stdout == "[]\n", done.stderr

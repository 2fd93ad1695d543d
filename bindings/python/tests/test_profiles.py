"""The configuration file: what it may say, who reads it, and which of several sources wins."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import aigc
import pytest
from aigc import profiles
from support import Command, environment, python

GOOD = """
provider = "tencent"
profile = "work"

[profiles.work]
journal.path = "~/cats"
tencent.region = "ap-guangzhou"
poll.max_ms = 2000
poll.learn = false

[profiles.work.operations.tencent.aigc_image]
count = 2

[profiles.play.alibaba]
region = "cn-beijing"
"""


@pytest.fixture
def first(library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Optional[profiles.Profile]]:
    """A profile of a file with that text."""
    file = tmp_path / "F"
    monkeypatch.setenv("AIGC_CONFIG_FILE", str(file))

    def first(text: str, name: Optional[str] = None) -> Optional[profiles.Profile]:
        file.write_text(text, encoding="utf-8")
        return profiles.load(name)

    return first


def test_what_a_profile_says(first: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    work = first(GOOD, "work")
    assert work.settings == {
        "journal.path": "/home/somebody/cats", "tencent.region": "ap-guangzhou", "poll.max_ms": "2000", "poll.learn": "false",
    }  # fmt: skip
    assert work.provider == "tencent" and work.fields("tencent", "aigc_image") == {"count": 2}
    assert work.fields("alibaba", "inference") == {}
    assert first(GOOD, "play").settings == {"alibaba.region": "cn-beijing"}
    assert first(GOOD).name == "work" and first(GOOD, "none") is None
    assert first("[profiles.default]").name == "default"
    assert first("[profiles.other]") is None and first("profile = 'none'\n[profiles.default]") is None


@pytest.mark.parametrize(
    "text, said",
    [
        ("a = ", "line 1, column 5: it is no TOML"),
        ("[profiles.a]\nx = 1\nx = 2", "line 3, column 1: it is no TOML"),
        ("colour = 1\n[profiles.a]", "column 1: colour means nothing"),
        ("profil = 'a'\n[profiles.a]", 'did you mean "profile"'),
        ("[profiles.b]", 'no profile "a".*has b'),
        ("", "it has none"),
        ("profiles = 3", "no table"),
        ("[profiles]\na = 3", "line 2, column 1: .*no table"),
        ("[profiles.a]\ntencent.regoin = 'x'", 'did you mean "tencent.region"'),
        ("[profiles.a]\n\n  tencent.secret_key = 'x'", "line 3, column 11: tencent.secret_key belongs in the environment"),
        ("[profiles.a]\ntencent.secret_id = 'x'", "belongs in the environment"),
        ("[profiles.a]\ncredentials.role_arn = [1]", "a list, and must be"),
        ("[profiles.a]\nprofile = 'b'", "names no other profile"),
        ("[profiles.a]\njournal.path = 'cats'", "no full path"),
        ("[profiles.a]\ntencent.region = 'x'\n'tencent.region' = 'y'", "set twice"),
        ("[profiles.a]\npoll.max_ms = 'soon'", "poll.max_ms.*whole number from"),
        ("[profiles.a]\npoll.max_ms = 2026-11-30", "dates and times"),
        ("[profiles.a]\nprovider = 'acme'", "alibaba or tencent"),
        ("[profiles.a.operations.tencent.image]\ncount = 1", 'did you mean "tencent.aigc_image"'),
        ("[profiles.a.operations.tencent.aigc_image]\ncuont = 1", 'did you mean "count"'),
        ("[profiles.a.operations.tencent.aigc_image]\ncount = '1'", "must be of type int"),
        ("[profiles.a.operations.tencent.aigc_image]\ncount = true", "must be of type int"),
        ("[profiles.a.operations.tencent.aigc_image]\nlogo_add = 1", "must be of type bool"),
        ("[profiles.a.operations.tencent.aigc_image]\nprompt = 'x'", "no matter of a profile"),
        ("[profiles.a.operations.tencent.aigc_image]\nimage_urls = 'x'", "no matter of a profile"),
        ("[profiles.a.operations]\ntencent = 1", "no table"),
        ("[[profiles.a]]", "no table"),
        ("a." * 5000 + "b = 1\n[profiles.a]", "means nothing|no TOML"),
        ("[profiles.a]\n#" + "x" * (1 << 20), "larger than 1048576 bytes"),
    ],
)
def test_what_a_file_must_not_say(first: Any, text: str, said: str) -> None:
    with pytest.raises((aigc.InvalidArgumentError, aigc.FileError), match=said):
        first(text, "a")


HOME = Path(pwd.getpwuid(os.geteuid()).pw_dir) / ".config/aigc/config.toml"


@pytest.mark.parametrize(
    "variables, path",
    [
        ({"HOME": "/h"}, "/h/.config/aigc/config.toml"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "/x/aigc/config.toml"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "relative"}, "/h/.config/aigc/config.toml"),
        ({"HOME": "/h", "AIGC_CONFIG_FILE": "/f.toml"}, "/f.toml"),
        ({"HOME": "/h", "AIGC_CONFIG_FILE": ""}, "/h/.config/aigc/config.toml"),
        ({"HOME": "/h", "AIGC_CONFIG_FILE": "none"}, None),
        ({}, HOME),  # As the credentials: the user database knows the home directory.
        ({"HOME": ""}, HOME),
        ({"HOME": "relative"}, None),
    ],
)
def test_where_the_file_is(
    library: str, variables: Dict[str, str], path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "AIGC_CONFIG_FILE", "AIGC_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert profiles.configuration(profile="none").file == (None if path is None else Path(path))


def test_a_client_takes_the_profile_that_is_named(library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[profiles.good]\ntencent.endpoint = 'https://a.example'\nclose.grace_ms = 70\n[profiles.bad]\nnonsense = 1")
    monkeypatch.setenv("AIGC_CONFIG_FILE", str(file))

    def endpoint(**more: Any) -> str:
        with aigc.Client(**more) as client:
            return {row["provider"]: row["endpoint"] for row in client.report()["providers"]}["tencent"]

    cloud = endpoint()  # The file makes no choice.
    assert endpoint(profile="good") == endpoint(config={"profile": "good"}) == "https://a.example"
    assert endpoint(profile="good", tencent_endpoint="https://b.example") == "https://b.example"
    with aigc.Client(profile="good") as client:
        assert client.close_grace == 0.07
    file.write_text("profile = 'good'\n" + file.read_text())
    assert endpoint() == "https://a.example" and endpoint(profile="none") == cloud
    monkeypatch.setenv("AIGC_PROFILE", "good")
    assert endpoint() == "https://a.example" and endpoint(profile="") == cloud
    monkeypatch.setenv("AIGC_TENCENT_ENDPOINT", "https://sandbox.example")  # A sandbox is not led past.
    assert endpoint() == "https://sandbox.example"
    monkeypatch.setenv("AIGC_PROFILE", "bad")
    with pytest.raises(aigc.InvalidArgumentError, match="nonsense"):
        aigc.Client()
    monkeypatch.setenv("AIGC_CONFIG_FILE", "none")
    with pytest.raises(aigc.InvalidArgumentError, match="no configuration file"):
        aigc.Client()
    monkeypatch.setenv("AIGC_CONFIG_FILE", str(tmp_path / "missing"))
    with pytest.raises(aigc.FileError, match="missing cannot be read"):
        aigc.Client()
    monkeypatch.delenv("AIGC_PROFILE")
    with pytest.raises(aigc.FileError, match="missing cannot be read"):  # Somebody has named the file.
        aigc.Client()


def test_importing_reads_no_file() -> None:
    done = python("import aigc.profiles, sys; sys.exit(sys.modules['aigc._library']._loaded is not None)", AIGC_PROFILE="nowhere")
    assert done.returncode == 0, done.stderr


def test_defaults_of_an_operation(sandbox: Any, keys: Dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[profiles.two.operations.tencent.aigc_image]\ncount = 2\n")
    monkeypatch.setenv("AIGC_CONFIG_FILE", str(file))
    with aigc.Client(keys, profile="two") as client:
        request = aigc.Request("tencent", "aigc_image", prompt="a cat")
        assert len(client.submit(request).wait().assets) == 2 and "count" not in request.fields
        assert len(client.tencent.aigc_image("a dog").wait().assets) == 2
        assert len(client.submit("tencent", "aigc_image", prompt="a hen", count=1).wait().assets) == 1


@pytest.fixture
def run(command: Command, tmp_path: Path) -> Any:
    """The command with a configuration file, and none of the options that the other tests give."""
    file = tmp_path / "my config.toml"

    def run(text: str, *words: str, **variables: Any) -> Any:
        import subprocess

        file.write_text(text)
        env = environment(**{**command.variables, "AIGC_CONFIG_FILE": str(file), **variables})
        line = [sys.executable, "-m", "aigc", *words]
        return subprocess.run(line, env=env, capture_output=True, text=True, timeout=60, cwd=tmp_path)

    return run


def sandboxed(info: Dict[str, Any]) -> str:
    return f"""
provider = "tencent"
[profiles.default]
tencent.endpoint = "{info['http']}"
download.allow_private_addresses = true
[profiles.default.operations.tencent.aigc_image]
count = 2
"""


def test_the_command_uses_the_file(sandbox: Any, run: Any) -> None:
    done = run(sandboxed(sandbox.info), "generate", "a cat", "--out", "here")
    assert done.returncode == 0 and len(done.stdout.split("\n")) == 3, done.stderr
    done = run(sandboxed(sandbox.info), "generate", "a cat", "--profile", "none")
    assert done.returncode == 2 and "--provider is missing" in done.stderr
    done = run(sandboxed(sandbox.info), "generate", "a cat", "--profile", "defualt")
    assert done.returncode == 2 and 'did you mean "default"?' in done.stderr
    done = run("[profiles.a]", "submit", "a cat", AIGC_PROFILE="a")
    assert done.returncode == 2 and "--provider is missing" in done.stderr
    done = run(sandboxed(sandbox.info), "doctor", "--provider", "tencent")
    assert "profile default of" in " ".join(done.stdout.split())


def test_a_resume_line_repeats_the_profile(sandbox: Any, run: Any) -> None:
    text = sandboxed(sandbox.info).replace("default", "mine")
    done = run(text, "generate", "[never] a cat", "--profile", "mine", "--timeout", "1")
    assert done.returncode == 9 and "--profile=mine" in done.stderr


def test_config_show(sandbox: Any, run: Any, tmp_path: Path) -> None:
    text = sandboxed(sandbox.info) + '\n[profiles.work]\njournal.path = "/j"\nhttp.proxy = "http://me:pw@p.example"\n'
    line = ("config", "show", "--profile", "work", "-c", "poll.max_ms=70")
    done = run(text, *line, AIGC_CA_FILE="/ca", AIGC_TENCENT_ENDPOINT=None)
    rows: List[List[str]] = [line.split(None, 2) for line in done.stdout.splitlines()]
    assert rows == [
        ["poll.max_ms", "70", "command line"],
        ["http.proxy", "http://(user)@p.example", "profile work"],
        ["tls.ca_file", "/ca", "environment AIGC_CA_FILE"],
        ["journal.path", "/j", "profile work"],
    ]
    done = run(text, "config", "show", "-c", "tencent.secret_key=hush", "--all", AIGC_JOURNAL="/k")
    assert "hush" not in done.stdout and "tencent.aigc_image.count" in done.stdout
    assert any(line.split()[:2] == ["journal.path", "/k"] for line in done.stdout.splitlines())
    assert run(text, "config", "path").stdout == f"{tmp_path / 'my config.toml'}\n"
    assert "poll.learn" in run(text, "config").stdout and "poll.learn" in run(text, "config", "keys").stdout
    done = run("", "config", "path", AIGC_CONFIG_FILE="none")
    assert done.returncode == 1 and "no configuration file" in done.stderr


@pytest.mark.parametrize(
    "text, code, said",
    [
        (GOOD, 0, "work: good, 5 values"),
        ("[profiles.a]\npoll.max_ms = 'soon'", 2, "poll.max_ms"),
        ("[profiles.a]\nalibaba.network = 'moon'", 2, "alibaba.network"),
        ("[profiles.a]\n[profiles.b]\nx = 1", 2, "x is no configuration key"),
        ("profile = 'c'\n[profiles.a]", 2, 'no profile "c"'),
        ("provider = 'x'", 2, "alibaba or tencent"),
        ("[profiles.a", 2, "no TOML"),
    ],
)
def test_config_check(library: str, run: Any, text: str, code: int, said: str) -> None:
    done = run(text, "config", "check")
    assert done.returncode == code and said in done.stdout + done.stderr and "Traceback" not in done.stderr


REFUSED = (
    'http.proxy = "http://user:S3cret/pw@host:8080"', 'http.proxy = "ftp://host"', 'http.no_proxy = "*.host:x"',
    'tls.ca_file = "/nowhere/ca.pem"', 'tls.client_cert = "/nowhere/cert.pem"', 'alibaba.endpoint = "http://a b"',
    'tencent.endpoint = "https://user:pw@host"', 'credentials.role_arn = "nonsense"', 'credentials.sts_endpoint = "http://x/y"',
    'rate.path = "/proc/nowhere/rates"', 'journal.path = "/proc/nowhere/j"', 'journal.path = "FILE"',
    'tencent.secret_id = "only"', 'download.max_bytes = -5', 'tencent.cos_hosts = "http://x"',
)


@pytest.mark.parametrize("line", REFUSED)
def test_config_check_says_what_a_client_says(library: str, run: Any, tmp_path: Path, monkeypatch: Any, line: str) -> None:
    """No profile is called good of which no client can be made; and nothing is made."""
    (tmp_path / "file").write_text("mine")
    line = line.replace("FILE", str(tmp_path / "file"))
    text = f"[profiles.a]\n{line}\n[profiles.b]\npoll.max_ms = 900\n"
    done = run(text, "config", "check")
    said = None
    monkeypatch.setenv("AIGC_CONFIG_FILE", str(tmp_path / "my config.toml"))
    try:
        aigc.Client(profile="a").close()
    except aigc.AigcError as error:
        said = str(error)
    if said is None:
        assert done.returncode == 0 and "a: good" in done.stdout, done
    else:
        assert done.returncode != 0 and " ".join(said.split()) in done.stderr and "a: good" not in done.stdout, done
    assert "S3cret" not in done.stderr and "b: good, 1 values" in done.stdout
    key, _, value = line.partition(" = ")
    pair = f"{key}={value.strip(chr(34))}"
    bare = run("", "config", "check", "-c", pair, AIGC_CONFIG_FILE=None, HOME=str(tmp_path))
    assert (bare.returncode == 0) == (said is None), bare


def test_config_check_makes_no_journal(library: str, run: Any, tmp_path: Path) -> None:
    text = f'[profiles.a]\njournal.path = "{tmp_path}/keys"\n[profiles.b]\njournal.path = "{tmp_path}/x/keys"\n'
    done = run(text, "config", "check")
    assert "a: good" in done.stdout and "b: good" not in done.stdout and done.returncode != 0, done
    assert not (tmp_path / "keys").exists() and not (tmp_path / "x").exists()


def test_a_broken_file_stops_the_command_before_money(sandbox: Any, run: Any) -> None:
    done = run(sandboxed(sandbox.info) + "\ntypo", "generate", "a cat")
    assert done.returncode == 2 and "no TOML" in done.stderr and sandbox.stats()["jobs_created"] == {}
    assert run("typo", "config", "path").returncode == 0  # Where the file is can be asked all the same.

"""The command: what it prints, where, and how it exits."""

from __future__ import annotations

import http.server
import json
import os
import shlex
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
from aigc._cli import exits, options, requests
from aigc.enums import Status
from aigc.errors import InvalidArgumentError, class_of
from support import PACKAGE, Command, environment

CAT = ("--provider", "tencent", "a cat in the snow")


def lines(text: str) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def run(*arguments: str, **variables: Any) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "aigc", *arguments]
    return subprocess.run(command, env=environment(**variables), capture_output=True, text=True, timeout=60)


# Without a library


@pytest.mark.parametrize(
    "band, code", [(1, 1), (2, 1), (3, 5), (4, 4), (5, 3), (6, 6), (7, 7), (8, 8), (9, 1)], ids=lambda value: str(value)
)
def test_exit_codes_of_statuses(band: int, code: int) -> None:
    special = {Status.INVALID_ARGUMENT: 2, Status.TIMEOUT: 9, Status.DEADLINE: 9}
    for status in Status:
        if status // 100 == band:
            assert exits.of(class_of(status)("x", status=status)) == special.get(status, code)


def test_worst() -> None:
    assert exits.worst([]) == 0 and exits.worst([0, 0]) == 0
    assert exits.worst([0, 3, 5]) == 3 and exits.worst([3, 6]) == 6 and exits.worst([130, 9]) == 130


def test_exit_codes_are_documented() -> None:
    readme = (PACKAGE / "README.md").read_text(encoding="utf-8")
    for name, value in vars(exits).items():
        if name.isupper() and isinstance(value, int):
            assert f"\n  {value} " in exits.HELP and f"\n| {value} |" in readme, name


def test_help_needs_no_library() -> None:
    for arguments in (["--help"], *([name, "--help"] for name in ("generate", "submit", "status", "wait", "fetch"))):
        result = run(*arguments, AIGC_LIBRARY="/nowhere")
        assert result.returncode == 0 and "exit codes:" in result.stdout and "130" in result.stdout


def test_usage_errors_exit_2() -> None:
    for arguments in (
        [],
        ["nonsense"],
        ["generate"],
        ["generate", *CAT, "--set", "x"],
        ["generate", *CAT, "--timeout", "-1"],
        ["fetch", "t", "--index", "-1"],
        ["generate", *CAT, "--json-field", "a={"],
    ):
        assert run(*arguments, AIGC_LIBRARY="/nowhere").returncode == 2, arguments


def test_no_library_is_one_message() -> None:
    result = run("generate", *CAT, AIGC_LIBRARY="/nowhere/lib.so")
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert "AIGC_LIBRARY=/nowhere/lib.so: there is no such file" in result.stderr


@pytest.mark.parametrize(
    "kind, text, value",
    [
        ("int", "4", 4),
        ("double", "0.5", 0.5),
        ("bool", "true", True),
        ("bool", "false", False),
        ("string", "4", "4"),
        ("json", '{"a": 1}', '{"a": 1}'),
        (None, "x", "x"),
    ],
)
def test_values_take_the_type_of_their_field(kind: Any, text: str, value: Any) -> None:
    result = requests.value("f", text, kind)
    assert result == value and type(result) is type(value)


@pytest.mark.parametrize("kind, text", [("int", "4.5"), ("double", "x"), ("bool", "yes"), ("json", "{")])
def test_wrong_values_name_the_field(kind: str, text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        requests.value("f", text, kind)
    assert caught.value.field == "f"


def test_settings() -> None:
    args = options.parser().parse_args(["generate", *CAT, "-c", "a.b=c=d", "--endpoint", "http://x", "--overwrite"])
    assert options.settings(args) == {"a.b": "c=d", "tencent.endpoint": "http://x", "download.overwrite": "true"}


# With the sandbox


def test_generate(sandbox: Any, command: Command, tmp_path: Path) -> None:
    result = command.run("generate", *CAT, "--set", "count=2", "--out", str(tmp_path / "new"))
    assert result.returncode == 0, result.stderr
    paths = [Path(line) for line in result.stdout.splitlines()]
    assert len(paths) == 2 and sorted((tmp_path / "new").iterdir()) == sorted(paths)
    assert all(path.name.startswith("tencent-aigc_image-") and path.suffix in (".png", ".jpg") for path in paths)
    assert "token: " in result.stderr and "Traceback" not in result.stderr
    again = command.run("generate", *CAT, "--out", str(tmp_path / "new"), "--name-template", "cat", "--quiet")
    once_more = command.run("generate", *CAT, "--out", str(tmp_path / "new"), "--name-template", "cat", "--quiet")
    names = [Path(one.stdout.strip()).stem for one in (again, once_more)]
    assert names == ["cat", "cat-2"] and again.stderr == ""


def test_generate_on_alibaba(sandbox: Any, command: Command, tmp_path: Path) -> None:
    result = command.run(
        "generate",
        "--provider",
        "alibaba",
        "--operation",
        "inference",
        "a <special-token>",
        "--set",
        "model=sandbox-model",
        "--out",
        str(tmp_path / "cat.*"),
    )
    assert result.returncode == 0, result.stderr
    assert Path(result.stdout.strip()).stem == "cat"
    result = command.run(
        "generate",
        "--provider",
        "alibaba",
        "--operation",
        "pre_model_inference",
        "a <special-token>",
        "--image-url",
        "https://example.com/a.png",
        "--out",
        str(tmp_path),
    )
    assert result.returncode == 0, result.stderr


def test_a_training_prints_its_model(sandbox: Any, command: Command, tmp_path: Path) -> None:
    training = ("--provider", "alibaba", "--operation", "model_train", "--set", "name=Ada", "--set", "object_type=girl")
    url = ("--image-url", "https://example.com/1.png", "--out", str(tmp_path))
    result = command.run("generate", *training, *url)
    assert result.returncode == 0 and result.stdout.startswith("girl_"), result.stderr
    assert list(tmp_path.iterdir()) == []
    token = command.run("submit", *training, *url[:2]).stdout.strip()
    assert command.run("wait", token).stdout.startswith(f"SUCCEEDED {token} girl_")


def test_warnings_are_told(sandbox: Any, command: Command, tmp_path: Path) -> None:
    account = sandbox.info["tencent"]
    (tmp_path / ".tencentcloud").mkdir()
    credentials = tmp_path / ".tencentcloud" / "credentials"
    credentials.write_text(f"[default]\nsecret_id = {account['secret_id']}\nsecret_key = {account['secret_key']}\n")
    credentials.chmod(0o644)
    none = {"TENCENTCLOUD_SECRET_ID": None, "TENCENTCLOUD_SECRET_KEY": None, "HOME": str(tmp_path)}
    result = command.run("generate", *CAT, "--out", str(tmp_path / "out"), **none)
    assert result.returncode == 0, result.stderr
    assert "aigc: warning: " in result.stderr and account["secret_key"] not in result.stderr


def test_json(sandbox: Any, command: Command, tmp_path: Path) -> None:
    result = command.run("generate", *CAT, "--json", "--out", str(tmp_path))
    assert result.returncode == 0, result.stderr
    found = lines(result.stdout)
    kinds = [line["type"] for line in found]
    assert "accepted" in kinds and kinds[-2:] == ["image", "end"]
    image = found[-2]
    assert Path(image["path"]).stat().st_size == image["bytes"] and image["content_type"].startswith("image/")
    token = next(line["token"] for line in found if line["type"] == "accepted")
    assert image["token"] == token and token in result.stderr
    assert found[-1] == {"type": "end", "exit_code": 0}


def test_submit_status_wait_fetch(sandbox: Any, command: Command, tmp_path: Path) -> None:
    first = command.run("submit", *CAT)
    second = command.run("submit", *CAT, "--json")
    assert first.returncode == second.returncode == 0, first.stderr
    tokens = [first.stdout.strip(), lines(second.stdout)[-2]["token"]]
    assert tokens[0] in first.stderr
    status = command.run("status", *tokens)
    assert status.returncode == 0 and len(status.stdout.splitlines()) == 2, status.stderr
    waited = command.run("wait", "-", input="\n".join(tokens))
    assert waited.returncode == 0, waited.stderr
    assert sorted(waited.stdout.splitlines()) == sorted(f"SUCCEEDED {token} 1 images" for token in tokens)
    status = command.run("status", "--json", tokens[0])
    (row,) = [line for line in lines(status.stdout) if line["type"] == "status"]
    assert row["state"] == "SUCCEEDED" and row["images"] == 1 and row["token"] == tokens[0] and row["response"]
    fetched = command.run("fetch", *tokens, "--out", str(tmp_path))
    assert fetched.returncode == 0 and len(list(tmp_path.iterdir())) == 2, fetched.stderr
    by_id = command.run(
        "fetch",
        "--provider",
        "tencent",
        "--operation",
        "aigc_image",
        "--id",
        row["remote_id"],
        "--index",
        "0",
        "--out",
        str(tmp_path / "x.png"),
    )
    assert by_id.returncode == 0, by_id.stderr
    assert (tmp_path / "x.png").read_bytes() == sandbox.image("tencent", row["remote_id"])
    missing = command.run("fetch", tokens[0], "--index", "5", "--out", str(tmp_path))
    assert missing.returncode == 2 and "there is no image 5" in missing.stderr


def test_the_file_of_a_job_does_not_depend_on_which_ends_first(sandbox: Any, command: Command, tmp_path: Path) -> None:
    slow = command.run("submit", *CAT[:-1], "[slow] " + CAT[-1]).stdout.strip()
    quick = command.run("submit", *CAT).stdout.strip()
    rows = lines(command.run("status", "--json", slow, quick).stdout)
    ids = {row["token"]: row["remote_id"] for row in rows if row["type"] == "status"}
    for number, tokens in enumerate(([slow, quick], [quick, slow])):
        for name, options in (("file", []), ("template", ["--name-template", "x"])):
            folder = tmp_path / f"{name}-{number}"
            out = folder if options else folder / "x.png"
            fetched = command.run("fetch", *tokens, "--out", str(out), *options)
            assert fetched.returncode == 0, fetched.stderr
            for place, token in enumerate(tokens, 1):
                assert (folder / f"x-{place}.png").read_bytes() == sandbox.image("tencent", ids[token])


def test_fetch_one_image_by_url(sandbox: Any, command: Command, tmp_path: Path) -> None:
    token = command.run("submit", *CAT).stdout.strip()
    found = lines(command.run("wait", token, "--json").stdout)
    assert found[-1]["exit_code"] == 0
    response = json.dumps(lines(command.run("status", token, "--json").stdout)[0]["response"])
    url = next(part for part in response.split('"') if part.startswith("http"))
    result = command.run("fetch", "--provider", "tencent", "--set", f"url={url}", "--out", str(tmp_path / "cat.*"))
    assert result.returncode == 0 and Path(result.stdout.strip()).stat().st_size > 100, result.stderr


@pytest.mark.parametrize(
    "prompt, variables, extra, code, said",
    [
        ("a cat", {"TENCENTCLOUD_SECRET_KEY": "wrong"}, (), 4, "AuthFailure"),
        ("a cat", {"TENCENTCLOUD_SECRET_KEY": None, "TENCENTCLOUD_SECRET_ID": None, "HOME": "/nowhere"}, (), 4, ""),
        ("a cat", {}, ("--endpoint", "http://127.0.0.1:9", "-c", "retry.max_attempts=1"), 5, ""),
        ("[fail] cat", {}, (), 3, ""),
        ("[moderated] cat", {}, (), 3, ""),
        ("[never] cat", {}, ("--timeout", "1"), 9, "aigc fetch"),
        ("[never] cat", {}, ("-c", "job.deadline_ms=700"), 9, "token"),
        ("a cat", {}, ("--set", "nonsense=1"), 2, "nonsense"),
        ("a cat", {}, ("--set", "count=many"), 2, "count"),
        ("a cat", {}, ("-c", "no.such=1"), 2, "no.such"),
        ("a cat", {}, ("--name-template", "{x}"), 2, "{x}"),
        ("a cat", {}, ("--out", "/proc/nowhere"), 8, "/proc/nowhere"),
    ],
)
def test_exit_codes(
    sandbox: Any, command: Command, tmp_path: Path, prompt: str, variables: Any, extra: Any, code: int, said: str
) -> None:
    out = () if "--out" in extra else ("--out", str(tmp_path))
    result = command.run("generate", "--provider", "tencent", prompt, *out, *extra, **variables)
    assert result.returncode == code, result.stderr
    assert said in result.stderr and "Traceback" not in result.stderr and result.stdout == ""
    assert result.stderr.strip().splitlines()[-1].startswith("aigc: ")
    assert list(tmp_path.iterdir()) == []


def test_unknown_outcome_exits_6(sandbox: Any, command: Command, tmp_path: Path) -> None:
    sandbox.fault("close_after", "CreateAigcImageTask")
    result = command.run("generate", *CAT, "--out", str(tmp_path), "--json")
    assert result.returncode == 6 and "!!! OUTCOME UNKNOWN" in result.stderr
    (error,) = [line for line in lines(result.stdout) if line["type"] == "error"]
    assert error["outcome"] == "UNKNOWN" and error["status"] == "AIGC_E_OUTCOME_UNKNOWN"


def test_damaged_images_exit_7(sandbox: Any, command: Command, tmp_path: Path) -> None:
    sandbox.fault("garbage_body", "asset", times=100)
    result = command.run("generate", *CAT, "--out", str(tmp_path), "-c", "retry.max_attempts=4")
    assert result.returncode == 7 and "token: " in result.stderr, result.stderr
    assert [path for path in tmp_path.iterdir() if path.suffix != ".part"] == []


def test_a_message_names_commands(library: str) -> None:
    result = run("submit", *CAT, "-c", "zzzzzzzzzzzzzzzzzz=1")
    assert result.returncode == 2 and 'no such configuration key; "aigc config keys" lists all keys' in result.stderr
    for words, said in (
        (["submit", "--provider", "alibaba", "--operation", "pre_model_inference", "a <special-token>"], "one with --image-url"),
        (["status", "nonsense"], 'a token as "aigc submit" prints it'),
    ):
        result = run(*words)
        assert result.returncode == 2 and said in result.stderr, result.stderr


def test_one_bad_token_does_not_stop_the_others(sandbox: Any, command: Command) -> None:
    token = command.run("submit", *CAT).stdout.strip()
    result = command.run("wait", "nonsense", token)
    assert result.returncode == 2 and result.stdout.startswith("SUCCEEDED")


def test_verbose_tells_everything(sandbox: Any, command: Command) -> None:
    result = command.run("submit", *CAT, "--verbose", TENCENTCLOUD_SECRET_KEY="wrong")
    assert "provider_code: AuthFailure" in result.stderr and "request_id: " in result.stderr


def test_secrets_on_the_command_line_are_warned_about(sandbox: Any, command: Command) -> None:
    secret = sandbox.info["tencent"]["secret_key"]
    result = command.run("submit", *CAT, "-c", f"tencent.secret_key={secret}")
    assert "warning: tencent.secret_key on a command line can be seen by others" in result.stderr
    assert secret not in result.stderr + result.stdout


def test_numbers_stay_as_they_were_typed(library: str, tmp_path: Path) -> None:
    """Fault 3: what is read and written again loses digits."""
    bodies: List[bytes] = []

    class Cloud(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            answer = b'{"Response":{"TaskId":"4-1","RequestId":"r"}}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    numbers = '{"a":18446744073709551615,"b":1.10,"c":123456789012345678901234567890.10,"d":-0,"e":1E+2}'
    with http.server.HTTPServer(("127.0.0.1", 0), Cloud) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        result = run(
            "submit",
            *CAT,
            "--json-field",
            f"body.Numbers={numbers}",
            "--endpoint",
            f"http://127.0.0.1:{server.server_port}",
            *("-c", "http.proxy=none"),
            AIGC_LIBRARY=library,
            HOME=str(tmp_path),
            TENCENTCLOUD_SECRET_ID="AKIDtest",
            TENCENTCLOUD_SECRET_KEY="secret",
        )
        server.shutdown()
    assert result.returncode == 0, result.stderr
    assert [numbers in body.decode() for body in bodies] == [True], bodies


def test_a_closed_pipe(sandbox: Any, command: Command, tmp_path: Path) -> None:
    process = command.start(
        "generate", *CAT, "--out", str(tmp_path), "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    stderr = process.stderr.read()
    assert process.wait(30) == 0 and "Traceback" not in stderr and "BrokenPipe" not in stderr
    assert len(list(tmp_path.iterdir())) == 1  # What was paid for is here.
    process.stderr.close()


def test_nothing_is_bought_that_nobody_meant(sandbox: Any, command: Command, tmp_path: Path) -> None:
    """Whatever can be known before a submission is looked at before it."""
    (tmp_path / "file").touch()
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "empty").write_bytes(b" \n\t")
    (tmp_path / "right").write_text("a cat")
    (tmp_path / "folder.png").mkdir()
    long = "é" * 130
    wrong: List[Any] = [
        (["-"], 2, "--prompt-file - reads the prompt from standard input"),
        (["--prompt-file", str(tmp_path / "nowhere")], 8, "No such file"),
        (["--prompt-file", str(tmp_path / "binary")], 2, "UTF-8"),
        (["--prompt-file", str(tmp_path / "empty")], 2, "holds no text"),
        (["--prompt-file", "-"], 2, "holds no text"),
        (["a cat", "--prompt-file", "-"], 2, "not both"),
        ([], 2, "prompt"),
        ([""], 2, "prompt"),
        ([" \t\n"], 2, "prompt"),
        (["\u115f\u2800\U000e0020"], 2, "prompt"),
        (["--set", "prompt=\u034f\u17b4\u3164"], 2, "prompt"),
        (["a cat", "--set", "resolution=2K", "--json-field", 'body.ExtraParameters={"Resolution": "1K"}'], 2,
         '"resolution" and "body.ExtraParameters"'),
        (["--set", "prompt=-"], 2, "prompt"),
        (["aigc1:tencent:aigc_image:ap-guangzhou:mps.tencentcloudapi.com:4-x:0011aabb"], 2, "aigc fetch TOKEN gets its images"),
        (["--json-field", 'prompt=" "'], 2, "prompt"),
        (["a cat", "--set", "prompt=dog"], 2, "prompt is given twice, as 'a cat' and by --set prompt='dog'"),
        (["a cat", "--json-field", 'prompt="dog"'], 2, "as 'a cat' and by --json-field prompt="),
        (["a cat", "--json-field", 'body.Prompt="dog"'], 2, "as 'a cat' and by --json-field body.Prompt="),
        (["--set", "body.Prompt=dog", "--set", "prompt=cat"], 2, "by --set body.Prompt='dog' and by --set prompt='cat'"),
        (["--prompt-file", str(tmp_path / "right"), "--set", "prompt=dog"], 2, "right and by --set prompt='dog'"),
        (["--set", "prompt=cat", "--set", "prompt=dog"], 2, "by --set prompt='cat' and by --set prompt='dog'"),
        (["a cat", "--set", "count=1", "--json-field", "count=2"], 2, "by --set count and by --json-field count"),
        (["a cat", "--image-url", "http://a/b", "--json-field", "body.ImageInfos=[]"], 2, "image_urls is given twice"),
        (["a cat", "--out", str(tmp_path / "file")], 8, "cannot be made"),
        (["a cat", "--out", str(tmp_path / "folder.png")], 8, "is a folder"),
        (["a cat", "--out", str(tmp_path / f"{long}.png")], 2, "bytes"),
        (["a cat", "--out", str(tmp_path / "x"), "--name-template", long], 2, "bytes"),
        (["a cat", "--out", b"x\xff"], 2, "UTF-8"),
        (["a cat", "--out", ""], 2, "out"),
        (["a cat", "--out", "/proc/self/x.png"], 8, "/proc/self"),
        (["a cat", "--operation", "aigc_imag"], 2, "did you mean aigc_image?"),
    ]
    for arguments, code, said in wrong:
        result = command.run("generate", "--provider", "tencent", *arguments, input="")
        assert result.returncode == code and said in result.stderr, (arguments, result.stderr)
        assert "Traceback" not in result.stderr and "0 of" not in result.stderr
    assert sandbox.stats(jobs=False)["jobs_created"].get("tencent", 0) == 0
    assert command.run("submit", "--provider", "tencnt", "a cat").stderr.count("did you mean tencent?") == 1
    twice = command.run("call", "tencent", "SandboxEchoThing", "--set", "A=1", "--json-field", "A=2")
    assert twice.returncode == 2 and "A is given twice, by --set A and by --json-field A" in twice.stderr
    assert not sandbox.requests("SandboxEchoThing")


@pytest.mark.parametrize(
    "words",
    ["generate --provider tencent cat -o -", "generate --provider tencent cat --out=-", "fetch {token} -o -",
     "fetch --provider tencent --set url=http://a/b.png --out -", "jobs resume --journal j -o-", "batch rows.txt --out - --yes",
     "batch --resolve --out -", "submit --provider tencent cat --journal -", "doctor --live -"],
)
def test_nothing_is_written_to_standard_output(
    sandbox: Any, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """Refused before payment, and no folder "-" is made."""
    token = command.run("submit", *CAT).stdout.strip()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.txt").write_text("a cat\n")
    done = command.run(*words.format(token=token).split())
    assert done.returncode == 2 and "nothing goes to standard output" in done.stderr and done.stdout == "", done
    assert [path.name for path in tmp_path.iterdir()] == ["rows.txt"]
    assert sandbox.stats(jobs=False)["jobs_created"].get("tencent", 0) == 1


def test_a_program_writes_nothing_to_standard_output(sandbox: Any, keys: Any, monkeypatch: Any, tmp_path: Path) -> None:
    import aigc
    from aigc import batch

    monkeypatch.chdir(tmp_path)
    with aigc.Client(keys) as client, pytest.raises(InvalidArgumentError, match="nothing goes to standard output"):
        client.generate("tencent", "aigc_image", prompt="a cat", out="-")
    with pytest.raises(InvalidArgumentError, match="nothing goes to standard output"):
        batch.run(["a cat"], out="-", provider="tencent", config=keys)
    assert list(tmp_path.iterdir()) == [] and not sandbox.stats(jobs=False)["jobs_created"].get("tencent", 0)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


IN_THE_WAY: Dict[str, Callable[[Path], None]] = {"a pipe": os.mkfifo, "a socket": _socket, "a folder": Path.mkdir}


@pytest.mark.parametrize("what", IN_THE_WAY)
def test_what_cannot_be_replaced_is_found_before_payment(
    sandbox: Any, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """--overwrite replaces files, and links to whatever."""
    monkeypatch.chdir(tmp_path)
    IN_THE_WAY[what](tmp_path / "o.png")
    IN_THE_WAY[what](tmp_path / "n-1.webp")
    outs = [["-o", "o.*"], ["-o", "n.*", "--set", "count=3"], ["-o", ".", "--name-template", "o"]]
    outs += [["-o", "o.png"]] if what != "a folder" else []  # That says something else.
    for out in outs:
        done = command.run("generate", "--provider", "tencent", "a cat", "--overwrite", *out)
        assert done.returncode == 8 and f"is {what}, which an image cannot replace" in done.stderr, (out, done.stderr)
    assert sandbox.stats(jobs=False)["jobs_created"].get("tencent", 0) == 0
    (tmp_path / "link.png").symlink_to("nowhere")
    for out in (["-o", "n.*"], ["-o", "link.png"]):
        done = command.run("generate", "--provider", "tencent", "a cat", "--overwrite", "--set", "count=1", *out)
        assert done.returncode == 0, done.stderr
    assert not (tmp_path / "link.png").is_symlink()
    done = command.run("generate", "--provider", "tencent", "a cat", "-o", "o.*")
    assert done.returncode == 0 and (tmp_path / "o-2.png").is_file(), done.stderr


@pytest.mark.parametrize("of", ["-", "file"])
def test_a_prompt_from_a_file(sandbox: Any, command: Command, tmp_path: Path, of: str) -> None:
    text = "\ufeffa cat — in the snow\n"
    (tmp_path / "prompt").write_text(text, encoding="utf-8")
    file = "-" if of == "-" else str(tmp_path / "prompt")
    result = command.run("submit", "--provider", "tencent", "--prompt-file", file, input=text)
    assert result.returncode == 0, result.stderr
    assert [job["prompt"] for job in sandbox.stats()["jobs"]] == ["a cat — in the snow"]


@pytest.mark.parametrize("out", ["results-v1.2", "new.png", "new.*", "photo.jpg", ".png"])
def test_out(sandbox: Any, command: Command, tmp_path: Path, out: str) -> None:
    """The rule of aigc_job_download(): the suffix of an image makes a file, everything else is a folder."""
    result = command.run("generate", *CAT, "--out", str(tmp_path / out))
    assert result.returncode == 0, result.stderr
    path = Path(result.stdout.strip())
    assert path.is_file()
    if out == "results-v1.2":
        assert path.parent == tmp_path / out
    else:
        assert path.parent == tmp_path and path.stem == Path(out).stem


def test_an_empty_pipe_is_an_error(sandbox: Any, command: Command) -> None:
    """What should have written tokens has failed."""
    for name in ("status", "wait", "fetch"):
        for text in ("", " \n"):
            result = command.run(name, "-", input=text)
            assert result.returncode == 2 and "standard input held none" in result.stderr, (name, result.stderr)
    line = " ".join(map(shlex.quote, command.line("fetch", "-")))
    done = subprocess.run(["sh", "-c", f"{line} <&-"], env=environment(**command.variables), capture_output=True, text=True)
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr


@pytest.mark.parametrize(
    "form", ["{0}\n{1}\n", "\ufeff{0}\r\n\r\n  {1}\r\n", "\n\n{0} {1}", "\ufeff{0}\n\ufeff{1}\n", "{0}\r{1}"]
)
def test_a_list_of_tokens(sandbox: Any, command: Command, tmp_path: Path, form: str) -> None:
    """As editors, PowerShell and cat of two such files leave it."""
    tokens = [command.run("submit", *CAT).stdout.strip() for _ in range(2)]
    given = form.format(*tokens).encode("utf-8")
    env = environment(**command.variables)
    for name, more in (("wait", []), ("fetch", ["--out", str(tmp_path)]), ("status", [])):
        done = subprocess.run(command.line(name, "-", *more), env=env, input=given, capture_output=True, timeout=60)
        assert done.returncode == 0 and len(done.stdout.splitlines()) == 2, (name, done.stderr)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "gbk"])
def test_a_list_of_tokens_in_another_encoding(sandbox: Any, command: Command, encoding: str) -> None:
    token = command.run("submit", *CAT).stdout.strip()
    text = (token + " 的\r\n").encode(encoding)
    env = environment(**command.variables)
    done = subprocess.run(command.line("fetch", "-"), env=env, input=text, capture_output=True, timeout=60)
    assert done.returncode == 2 and not done.stdout
    assert (b"UTF-16, and must be UTF-8" if encoding.startswith("utf") else b"no text in UTF-8") in done.stderr, done.stderr


def test_tables_name_the_nearest(library: str) -> None:
    for arguments, said in (
        (["tencnt"], "did you mean tencent?"),
        (["alibaba", "inferense"], "did you mean inference?"),
        (["tencent", "inference"], "it has aigc_image"),
        (["xyz"], "alibaba, tencent"),
    ):
        result = run("fields", *arguments)
        assert result.returncode == 2 and said in result.stderr and result.stdout == "", result


def test_tables(library: str) -> None:
    assert "CreateAigcImageTask" in run("fields").stdout
    assert "prompt" in run("fields", "tencent", "aigc_image").stdout
    assert run("fields", "tencent", "nonsense").returncode == 2
    keys = lines(run("config", "--json").stdout)
    assert any(row.get("key") == "tencent.secret_key" and row["key_type"] == "secret" for row in keys)
    assert run("--version").stdout.startswith("libaigc 1.")


def test_a_full_standard_output(library: str) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full here")
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "aigc", "fields"]
        result = subprocess.run(command, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True, timeout=30)
    assert result.returncode != 0 and "Traceback" not in result.stderr and "No space left" in result.stderr

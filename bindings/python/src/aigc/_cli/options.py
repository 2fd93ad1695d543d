"""The command line: subcommands, options and their help."""

from __future__ import annotations

import argparse
from typing import Any, Dict, List, Tuple

from .._naming import NO_STREAM, STANDARD_OUTPUT
from ..request import load_json
from . import exits

_CREDENTIALS = """credentials come from the environment: TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or
ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET"""


def pair(text: str) -> Tuple[str, str]:
    """name=value."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        # Not shown: the value of a proxy or an endpoint may hold a password.
        raise argparse.ArgumentTypeError("the argument is not name=value; give one such as http.proxy=http://host:port")
    return name, value


def json_pair(text: str) -> Tuple[str, str]:
    """name=JSON. The text stays as it was typed: a number that is read and written again may lose digits."""
    name, value = pair(text)
    try:
        load_json(value)
        return name, value
    except (ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"the value of {name} is no JSON: {error}") from None


def _amount(text: str, what: str, example: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no {what}; give one such as {example}") from None
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no sensible {what}; give one such as {example}")
    return value


def seconds(text: str) -> float:
    """A time of 0 or more."""
    return _amount(text, "number of seconds", "90 or 0.5")


def days(text: str) -> float:
    """The same in days."""
    return _amount(text, "number of days", "30 or 0.5")


def path(text: str) -> str:
    """A file or folder that is written: none of them goes to standard output."""
    if text == STANDARD_OUTPUT:
        raise argparse.ArgumentTypeError(f"the argument is {NO_STREAM}")
    return text


def price(text: str) -> float:
    """A price of 0 or more, in whatever currency."""
    return _amount(text, "price", "0.05, without a currency")


def rate(text: str) -> float:
    """Requests a second; 0: any number."""
    return _amount(text, "number of requests a second", "20")


def index(text: str) -> int:
    """A number of 0 or more."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of an image: they count from 0")
    return int(text)


class _Parser(argparse.ArgumentParser):
    """argparse takes "--" away wherever it stands: an option that has it as its value, --out=--, would be left without any."""

    def _get_values(self, action: argparse.Action, arg_strings: List[str]) -> Any:
        if action.option_strings and arg_strings == ["--"] and action.nargs in (None, "?"):
            value = self._get_value(action, "--")
            self._check_value(action, value)
            return value
        return super()._get_values(action, arg_strings)


def parser() -> argparse.ArgumentParser:
    """The parser of the command."""
    top = _Parser(
        prog="aigc",
        description="Generate images on Alibaba Cloud and Tencent Cloud.",
        epilog=f"{_CREDENTIALS}\n\n{exits.HELP}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="store_true", help="print the versions of command and library")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    _generate(commands)
    _batch(commands)
    _submit(commands)
    _status(commands)
    _wait(commands)
    _fetch(commands)
    _jobs(commands)
    _fields(commands)
    _config(commands)
    _call(commands)
    _list(commands)
    _doctor(commands)
    _sandbox(commands)
    _completion(commands)
    return top


def _command(commands: Any, name: str, text: str, client: bool = True) -> argparse.ArgumentParser:
    """A subcommand with what all of them take."""
    sub: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        epilog=exits.HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if client:
        sub.add_argument(
            "-c",
            "--config",
            action="append",
            type=pair,
            default=[],
            metavar="KEY=VALUE",
            help='a configuration key; "aigc config" lists them. Not for secrets: others can see a command line',
        )
        sub.add_argument(
            "--log",
            choices=("error", "warning", "info", "debug"),
            help="tell what the library does, on standard error; the prompt is told at debug only",
        )
        also = "; else .aigc in --out; postgresql://… is shared by machines" if name == "batch" else ""
        sub.add_argument(
            "--journal",
            type=path,
            metavar="FOLDER",
            help=f"the record of keys that outlives the process (also AIGC_JOURNAL{also}): short for -c journal.path=FOLDER",
        )
        sub.add_argument(
            "--profile",
            metavar="NAME",
            help='a profile of the configuration file (also AIGC_PROFILE); "none": no profile. "aigc config path" says where',
        )
        sub.add_argument("--quiet", "-q", action="store_true", help="say nothing but results and errors")
    sub.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
    sub.add_argument("--verbose", "-v", action="store_true", help="tell everything that is known about an error")
    return sub


def _request_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("prompt", nargs="?", help="what to draw: the field prompt")
    sub.add_argument(
        "--prompt-file", metavar="FILE", help='takes the prompt from a file in UTF-8; "-" reads it from standard input'
    )
    sub.add_argument("--provider", metavar="NAME", help="alibaba or tencent; needed, unless the configuration file says it")
    sub.add_argument("--operation", metavar="NAME", help='the operation; "aigc fields" lists them')
    _field_options(sub)
    sub.add_argument(
        "--image-url",
        action="append",
        default=[],
        metavar="URL",
        help="a reference image, publicly reachable; any number of times",
    )
    sub.add_argument(
        "--image",
        action="append",
        default=[],
        metavar="FILE",
        help="a reference image of this machine: it goes to --bucket, and the provider gets a URL that ends after six hours",
    )
    sub.add_argument(
        "--bucket",
        metavar="KIND:NAME:REGION",
        help="a bucket of your own for --image, such as cos:cats-1250000000:ap-guangzhou or oss:cats:cn-shanghai",
    )
    sub.add_argument(
        "--key",
        metavar="KEY",
        help="with a journal: the name of the job. The same key is never paid twice: typed again, it gives the same job",
    )
    sub.add_argument("--endpoint", metavar="URL", help="the provider's endpoint: short for -c PROVIDER.endpoint=URL")


def _field_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--set",
        action="append",
        type=pair,
        default=[],
        dest="fields",
        metavar="NAME=VALUE",
        help='a field of the request; "aigc fields PROVIDER OPERATION" lists them',
    )
    sub.add_argument(
        "--json-field",
        action="append",
        type=json_pair,
        default=[],
        dest="json_fields",
        metavar="NAME=JSON",
        help='a field as JSON; "body.Name" reaches fields of the provider that have no name here',
    )


def _timeout_option(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--timeout", type=seconds, metavar="SECONDS", help="the longest wait; the job keeps running")


def _token_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("tokens", nargs="*", metavar="TOKEN", help='tokens of jobs; "-" reads them from standard input')
    sub.add_argument("--provider", metavar="NAME", help="with --operation and --id: a job by the provider's own id")
    sub.add_argument("--operation", metavar="NAME", help="see --provider")
    sub.add_argument("--id", action="append", default=[], metavar="ID", help="see --provider; any number of times")


def _file_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--out",
        "-o",
        type=path,
        metavar="PATH",
        help="a file if it ends in .* or in the suffix of an image (.png, .jpg, .jpeg, .webp, .gif, .bmp), and otherwise a "
        "folder, made if missing (default: the working folder)",
    )
    sub.add_argument(
        "--name-template",
        metavar="TEXT",
        help="file names in the folder: {provider} {operation} {id} {remote_id} {index} {date} {time}; "
        "the extension is the image's own",
    )
    sub.add_argument("--overwrite", action="store_true", help="replace files, instead of adding a number to the name")


def _generate(commands: Any) -> None:
    sub = _command(commands, "generate", "submit a job, wait for it and fetch its images")
    _request_options(sub)
    _file_options(sub)
    _timeout_option(sub)


def number(text: str) -> int:
    """A count of 0 or more."""
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise argparse.ArgumentTypeError(f"{text!r} is no count, such as 100")
    return int(text)


def names(text: str) -> List[str]:
    """a,b,c."""
    found = [name.strip() for name in text.split(",")]
    if not all(found):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of names, such as a,b")
    return found


def _batch(commands: Any) -> None:
    sub = _command(commands, "batch", "bring every row of a file to its pictures in a folder; the same line again resumes")
    sub.add_argument("file", nargs="?", metavar="FILE", help='csv, tsv, jsonl, txt, parquet, also as .gz; "-" with --format')
    sub.add_argument(
        "--out", "-o", required=True, type=path, metavar="DIR", help="the folder of the pictures, made if it is missing"
    )
    sub.add_argument("--provider", metavar="NAME", help="alibaba or tencent, where a row has no column provider")
    sub.add_argument("--operation", metavar="NAME", help='the operation; "aigc fields" lists them')
    _field_options(sub)
    rows = sub.add_argument_group("rows")
    rows.add_argument("--prompt", metavar="TEXT", help='a template that columns fill in: "a {animal}, {style}"')
    rows.add_argument("--repeat", type=number, default=1, metavar="N", help="run each row N times")
    rows.add_argument("--keep", action="extend", type=names, default=[], metavar="A,B", help="columns for the results only")
    rows.add_argument(
        "--map", action="append", type=pair, default=[], metavar="A=FIELD", help="a foreign column and the field that it is"
    )
    rows.add_argument("--drop", action="extend", type=names, default=[], metavar="A,B", help="columns that are left out")
    rows.add_argument("--format", choices=("csv", "tsv", "jsonl", "txt", "parquet"), help="where the file's name says none")
    rows.add_argument("--encoding", metavar="NAME", help="of the file, if it is not UTF-8: gbk, for instance. Never guessed")
    rows.add_argument(
        "--name-template", metavar="TEXT", help="file names: {key} {index} {provider} {operation} and columns "
        "(default {key}-{index}); the extension is the image's own",
    )
    money = sub.add_argument_group("money")
    money.add_argument("--dry-run", action="store_true", help="print the plan; send and write nothing")
    money.add_argument("--max-jobs", type=number, metavar="N", help="refuse, before anything is sent, if more than N are new")
    money.add_argument("--yes", "-y", action="store_true", help="send without asking")
    money.add_argument("--limit", type=number, metavar="N", help="send N new jobs at most, as a trial")
    money.add_argument("--price", type=price, metavar="MONEY", help="of one image, for the plan")
    money.add_argument(
        "--retry", action="append", choices=("refused", "failed", "expired"), default=[],
        help="submit these rows once more; failed and expired ones may be billed again. A single time until nothing is left",
    )
    money.add_argument(
        "--again", action="append", default=[], metavar="KEY",
        help="pay this row once more, on purpose. A single time: until nothing is left, the same line only does the rest",
    )
    money.add_argument("--resolve", action="store_true", help="say what happened to rows in doubt, one after the other")
    sub.add_argument("--no-prompts", action="store_true", help="keep prompts out of everything that is written")
    sub.add_argument("--progress", choices=("auto", "tty", "plain", "quiet"), default="auto", help="how progress is shown")


def _submit(commands: Any) -> None:
    sub = _command(commands, "submit", "submit a job and print its token")
    _request_options(sub)
    _timeout_option(sub)


def _status(commands: Any) -> None:
    sub = _command(commands, "status", "ask once where jobs are, and print it")
    _token_options(sub)
    _timeout_option(sub)


def _wait(commands: Any) -> None:
    sub = _command(commands, "wait", "wait until jobs have ended")
    _token_options(sub)
    _timeout_option(sub)


def _fetch(commands: Any) -> None:
    sub = _command(commands, "fetch", "wait until jobs have ended, and fetch their images")
    _token_options(sub)
    sub.add_argument(
        "--index", action="append", type=index, metavar="N", help="only this image, from 0; any number of times"
    )
    _field_options(sub)
    _file_options(sub)
    _timeout_option(sub)


def _jobs(commands: Any) -> None:
    top = commands.add_parser("jobs", help="the keys of a journal", description="The keys of a journal.")
    actions = top.add_subparsers(dest="action", metavar="ACTION", required=True)
    sub = _command(actions, "list", "list the keys of a journal")
    sub.add_argument("--state", action="append", metavar="STATE", help="only keys in this state; any number of times")
    sub.add_argument("--provider", metavar="NAME", help="only keys of this provider")
    sub.add_argument("--prefix", metavar="TEXT", help="only keys that begin with this")
    sub = _command(actions, "show", "show everything that the journal knows of keys")
    sub.add_argument("keys", nargs="+", metavar="KEY")
    sub = _command(
        actions, "resume",
        "take over the jobs whose programs are gone, wait for them and fetch their images; fetch also the images that a "
        "killed or interrupted aigc command still had to fetch",
    )
    _file_options(sub)
    _timeout_option(sub)
    sub = _command(actions, "resolve", "say what happened to a key that is in doubt, once you have looked")
    sub.add_argument("key", metavar="KEY")
    sub.add_argument(
        "--as",
        dest="outcome",
        required=True,
        choices=("accepted", "not-sent", "abandoned"),
        help="accepted: it ran, with --id; not-sent: it did not run, and the key may be paid again; abandoned: leave it",
    )
    sub.add_argument("--id", metavar="ID", help="with --as accepted: the provider's id of the job")
    sub = _command(actions, "prune", "forget ended keys; they can be submitted, and paid, again")
    sub.add_argument("--older-than-days", type=days, required=True, metavar="DAYS", help="unchanged for so long")
    _command(actions, "check", "read the whole journal and report what is wrong with it")


def _fields(commands: Any) -> None:
    sub = _command(commands, "fields", "list operations, or the fields of one", client=False)
    sub.add_argument("provider", nargs="?")
    sub.add_argument("operation", nargs="?")


def _config(commands: Any) -> None:
    sub = _command(commands, "config", "list the configuration keys, or show what the configuration file sets")
    sub.add_argument(
        "action",
        nargs="?",
        choices=("keys", "show", "path", "check"),
        help="keys (the default): every configuration key; show: what is set, and by whom; path: where the file is; "
        "check: read every profile",
    )
    sub.add_argument("--all", action="store_true", help="with show: keys at their default too")


def _call(commands: Any) -> None:
    sub = _command(commands, "call", "call any operation of a cloud by its own name, and print the answer")
    sub.add_argument("provider", help="alibaba or tencent")
    sub.add_argument("action", help='the cloud\'s own name of the call; Alibaba also "Name METHOD /path"')
    _field_options(sub)
    sub.add_argument(
        "--reads",
        action="store_true",
        help="the call changes nothing and costs nothing: it is repeated until it is answered. Otherwise it is sent at most once",
    )
    _timeout_option(sub)


def _list(commands: Any) -> None:
    sub = _command(commands, "list", "list what a cloud can list: trained models (Alibaba), scene tasks (Tencent)")
    sub.add_argument("--provider", metavar="NAME", help="alibaba or tencent; needed, unless the configuration file says it")
    _field_options(sub)
    _timeout_option(sub)


def _completion(commands: Any) -> None:
    sub = _command(commands, "completion", "print a script that completes this command in a shell", client=False)
    sub.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell")


def _doctor(commands: Any) -> None:
    sub = _command(commands, "doctor", "check whether this machine is ready, before anything costs money")
    sub.add_argument("--provider", choices=("alibaba", "tencent"), help="this cloud only; it has to be ready then")
    sub.add_argument(
        "--timeout", type=seconds, default=20.0, metavar="SECONDS", help="for each answer of a cloud (default 20)"
    )
    sub.add_argument(
        "--live",
        nargs="?",
        const="",
        type=path,
        metavar="FILE",
        help="make some more free read calls and write what is seen of the services, without any secret, id or text of "
        "yours, to a small file that can be sent",
    )


def _sandbox(commands: Any) -> None:
    sub = _command(
        commands,
        "sandbox",
        "start a stand-in for both clouds on this machine, and have programs meet it unchanged and unbilled",
        client=False,
    )
    sub.usage = 'aigc sandbox [OPTION]... [-- COMMAND [ARGUMENT]...]     or, for the whole shell: eval "$(aigc sandbox --env)"'
    sub.add_argument("--env", action="store_true", help="print what a shell has to evaluate; the sandbox ends with the shell")
    sub.add_argument(
        "--duration", type=seconds, default=1.0, metavar="SECONDS", help="from submission to the end of a job (default 1)"
    )
    sub.add_argument(
        "--rate", type=rate, default=20.0, metavar="N", help="Tencent requests a second (default 20, like the cloud; 0: any)"
    )
    sub.add_argument("rest", nargs="*", help=argparse.SUPPRESS)


def settings(args: argparse.Namespace) -> Dict[str, str]:
    """The configuration that the command line asks for."""
    pairs: List[Tuple[str, str]] = list(args.config)
    given = dict(pairs)
    if getattr(args, "journal", None):
        given["journal.path"] = args.journal
    if getattr(args, "endpoint", None):
        given[f"{args.provider}.endpoint"] = args.endpoint
    if getattr(args, "overwrite", False):
        given["download.overwrite"] = "true"
    if getattr(args, "log", None):
        given["log.level"] = args.log
    return given

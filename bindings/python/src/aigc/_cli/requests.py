"""From the command line to a request: types come from the library's own tables."""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence

from .. import profiles
from ..describe import _fields, _operations
from ..enums import Status
from ..errors import FileError, InvalidArgumentError
from ..request import JSONText, Request, load_json, wrong_edge
from . import options

_PROMPT_BYTES = 65536
_SHOWN = 60  # Characters.
_TOKEN = re.compile(r"aigc\d+:[a-z]+:\S+")


def build(args: argparse.Namespace, kind: str, follow: Optional[bool] = None) -> Request:
    """The request that the options describe. kind: "submit" or "fetch"."""
    operation = _operation(args.provider, args.operation, kind)
    _check_key(args)
    request = Request(args.provider, operation, image_urls=getattr(args, "image_url", []), follow=follow)
    request.key = getattr(args, "key", None)
    prompt = _prompt(args)
    if prompt is not None:
        request.fields["prompt"] = prompt
    rows = _fields(args.provider, operation)
    types = {row.name: row.type for row in rows}
    _check_once(args, types, {row.wire_name: row.name for row in rows})
    for name, text in args.fields:
        if types.get(name) == "image_url":
            request.image_urls.append(text)
        else:
            request.fields[name] = value(name, text, types.get(name))
    for name, text in args.json_fields:
        if name.startswith("body."):
            request.body[name[len("body.") :]] = JSONText(text)
        else:
            # As JSON text where the table says JSON, so that a JSON string stays one.
            request.fields[name] = text if types.get(name) == "json" else json.loads(text)
    text = request.fields.get("prompt")
    if isinstance(text, str) and text.strip() in ("", "-"):
        raise _usage(f"the prompt is {text!r}, which is certainly a mistake: nothing was submitted")
    if isinstance(text, str) and _TOKEN.fullmatch(text.strip()):
        raise _usage(
            "the prompt is the token of a job, which is certainly a mistake: nothing was submitted. aigc fetch TOKEN gets its "
            "images, aigc status TOKEN shows how it stands"
        )
    if getattr(args, "image", None):
        request.image_urls.extend(_uploaded(args.image, args.bucket))
    return request


def parameters(args: argparse.Namespace) -> Dict[str, Any]:
    """--set and --json-field, for what has no table of types. Raises InvalidArgumentError for a name that is there twice."""
    _check_once(args, {}, {})
    found: Dict[str, Any] = dict(args.fields)
    found.update((name, JSONText(text)) for name, text in args.json_fields)
    return found


def _check_once(args: argparse.Namespace, types: Mapping[str, str], wire: Mapping[str, str]) -> None:
    """Raises InvalidArgumentError for a field that the command line gives twice: nobody can know which one is to be paid for.
    wire: the provider's own names to ours, for fields that are reached by "body.Name"."""
    given: Dict[str, str] = {}
    if args.command in ("generate", "submit"):
        if args.prompt is not None:
            given["prompt"] = f"as {_shown(args.prompt)}"
        elif args.prompt_file is not None:
            given["prompt"] = f"by --prompt-file {args.prompt_file}"
        if args.image_url or args.image:
            given.update((name, "by --image-url" if args.image_url else "by --image") for name in types if name == "image_urls")
    pairs = [("--set", *pair) for pair in args.fields] + [("--json-field", *pair) for pair in args.json_fields]
    for option, name, text in pairs:
        field = wire.get(name[len("body.") :], name) if name.startswith("body.") else name
        place = f"by {option} {name}" + (f"={_shown(text)}" if field == "prompt" else "")
        if field in given and (name != field or types.get(field) != "image_url"):  # Of those any number can be given.
            raise InvalidArgumentError(
                f"{field} is given twice, {given[field]} and {place}: leave one out. Nothing was sent",
                status=Status.INVALID_ARGUMENT, field=field,
            )
        given[field] = place


def _shown(text: str) -> str:
    """As much as tells one prompt from another, on one line."""
    line = " ".join(text.split())
    return repr(line if len(line) <= _SHOWN else line[:_SHOWN] + "…")


def count(request: Request) -> Optional[int]:
    """How many images the request asks for; None where the provider or a profile says it."""
    found = request.fields.get("count")
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None


def _check_key(args: argparse.Namespace) -> None:
    """Raises InvalidArgumentError for a key that no journal keeps, or that nobody means: before a picture is uploaded, and before
    anything is sent."""
    edge = wrong_edge(getattr(args, "key", None) or "")
    if edge is not None:
        raise InvalidArgumentError(f"--key: {edge}. Nothing was sent", status=Status.INVALID_ARGUMENT, field="key")
    if getattr(args, "key", None) and not profiles.configuration(options.settings(args)).value("journal.path"):
        raise InvalidArgumentError(
            "--key names the job in a journal, and no journal is set: add --journal FOLDER, set AIGC_JOURNAL, or journal.path "
            "in a profile; or leave --key out. Nothing was sent",
            status=Status.INVALID_ARGUMENT, field="key",
        )


def _uploaded(files: List[str], bucket: Optional[str]) -> List[str]:
    """URLs of files that lie in the user's own bucket now."""
    from ..uploads import Bucket

    if bucket is None:
        raise InvalidArgumentError(
            "--image needs --bucket, a bucket of your own such as cos:cats-1250000000:ap-guangzhou; a picture that has a "
            "public URL goes by --image-url",
            status=Status.INVALID_ARGUMENT,
        )
    place = Bucket.parse(bucket)
    return [place.upload(file) for file in files]


def _prompt(args: argparse.Namespace) -> Optional[str]:
    prompt: Optional[str] = getattr(args, "prompt", None)
    file: Optional[str] = getattr(args, "prompt_file", None)
    if prompt == "-":
        raise _usage('a prompt of "-" is certainly a mistake: --prompt-file - reads the prompt from standard input')
    if file is None:
        return prompt
    if prompt is not None:
        raise _usage("give a prompt, or --prompt-file: not both")
    try:
        if file == "-":
            data = b"" if sys.stdin is None else sys.stdin.buffer.read(_PROMPT_BYTES + 1)
        else:
            with open(file, "rb") as opened:
                data = opened.read(_PROMPT_BYTES + 1)
    except OSError as error:
        raise FileError(f"the prompt cannot be read from {file}: {error.strerror}", status=Status.FILE) from error
    where = "standard input" if file == "-" else file
    if len(data) > _PROMPT_BYTES:
        raise _usage(f"{where} is no prompt: it is longer than {_PROMPT_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise _usage(f"the prompt from {where} is no text in UTF-8") from None
    if not text:
        raise _usage(f"the prompt is missing: {where} holds no text")
    return text


def _usage(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, status=Status.INVALID_ARGUMENT, field="prompt")


def value(name: str, text: str, kind: Optional[str]) -> Any:
    """The text of an option as the type that the field has. Raises InvalidArgumentError."""
    if kind == "int":
        try:
            return int(text)
        except ValueError:
            raise _wrong(name, text, "a whole number, such as 4") from None
    if kind == "double":
        try:
            return float(text)
        except ValueError:
            raise _wrong(name, text, "a number, such as 0.5") from None
    if kind == "bool":
        values: Dict[str, bool] = {"true": True, "false": False}
        if text not in values:
            raise _wrong(name, text, "true or false")
        return values[text]
    if kind == "json":
        try:
            load_json(text)
        except (ValueError, RecursionError) as error:
            raise _wrong(name, text, f"JSON ({error})") from None
    return text


def check_provider(provider: str) -> None:
    """Raises InvalidArgumentError, naming the nearest."""
    known = sorted({row.provider for row in _operations()})
    if provider not in known:
        raise InvalidArgumentError(
            f"there is no provider {provider!r}{nearest(provider, known)}: it is one of {', '.join(known)}",
            status=Status.INVALID_ARGUMENT,
        )


def check_operation(provider: str, operation: str) -> None:
    """Raises InvalidArgumentError, naming the nearest."""
    check_provider(provider)
    known = [row.operation for row in _operations() if row.provider == provider]
    if operation not in known:
        raise InvalidArgumentError(
            f"{provider} has no operation {operation!r}{nearest(operation, known)}: it has {', '.join(known)}",
            status=Status.INVALID_ARGUMENT,
        )


def nearest(name: str, known: Iterable[str]) -> str:
    """A question about what may have been meant, or nothing."""
    from difflib import get_close_matches

    found = get_close_matches(name.lower(), list(known), 1)
    return f" (did you mean {found[0]}?)" if found else ""


# What a command or a batch without an operation has meant since 1.0. It means the same when a cloud gets more operations.
_USUAL = {"tencent": ("aigc_image", "aigc_image_asset")}


def usual_operation(provider: str, choices: Sequence[str]) -> Optional[str]:
    """The operation that is meant where none is named; None where somebody must choose."""
    if len(choices) == 1:
        return choices[0]
    return next((name for name in _USUAL.get(provider, ()) if name in choices), None)


def _operation(provider: str, operation: Optional[str], kind: str) -> str:
    """The operation, or the usual one of its kind."""
    check_provider(provider)
    if operation is not None:
        check_operation(provider, operation)
        return operation
    choices = [row.operation for row in _operations() if row.provider == provider and row.kind == kind]
    usual = usual_operation(provider, choices)
    if usual is not None:
        return usual
    raise InvalidArgumentError(
        f"{provider} has several operations: add --operation {' or --operation '.join(choices)}",
        status=Status.INVALID_ARGUMENT,
    )


def _wrong(name: str, text: str, right: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"{name}={text} is wrong: it is {right}", status=Status.INVALID_ARGUMENT, field=name)

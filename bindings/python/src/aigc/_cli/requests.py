"""From the command line to a request: types come from the library's own tables."""

from __future__ import annotations

import argparse
import json
from typing import Any, Dict, Optional

from ..describe import _fields, _operations
from ..enums import Status
from ..errors import InvalidArgumentError
from ..request import Request


def build(args: argparse.Namespace, kind: str, follow: Optional[bool] = None) -> Request:
    """The request that the options describe. kind: "submit" or "fetch"."""
    operation = _operation(args.provider, args.operation, kind)
    request = Request(args.provider, operation, image_urls=getattr(args, "image_url", []), follow=follow)
    request.key = getattr(args, "key", None)
    prompt = getattr(args, "prompt", None)
    if prompt is not None:
        request.fields["prompt"] = prompt
    types = {row.name: row.type for row in _fields(args.provider, operation)}
    for name, text in args.fields:
        if types.get(name) == "image_url":
            request.image_urls.append(text)
        else:
            request.fields[name] = value(name, text, types.get(name))
    for name, parsed in args.json_fields:
        if name.startswith("body."):
            request.body[name[len("body.") :]] = parsed
        else:
            # As JSON text where the table says JSON, so that a JSON string stays one.
            request.fields[name] = json.dumps(parsed) if types.get(name) == "json" else parsed
    return request


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
            json.loads(text)
        except ValueError:
            raise _wrong(name, text, "JSON") from None
    return text


def _operation(provider: str, operation: Optional[str], kind: str) -> str:
    """The operation, or the only one of its kind that the provider has."""
    if operation is not None:
        return operation
    choices = [row.operation for row in _operations() if row.provider == provider and row.kind == kind]
    if len(choices) == 1:
        return choices[0]
    if not choices:
        known = sorted({row.provider for row in _operations()})
        raise InvalidArgumentError(
            f"there is no provider {provider!r}: it is one of {', '.join(known)}", status=Status.INVALID_ARGUMENT
        )
    raise InvalidArgumentError(
        f"{provider} has several operations: add --operation {' or --operation '.join(choices)}",
        status=Status.INVALID_ARGUMENT,
    )


def _wrong(name: str, text: str, right: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"{name}={text} is wrong: it is {right}", status=Status.INVALID_ARGUMENT, field=name)

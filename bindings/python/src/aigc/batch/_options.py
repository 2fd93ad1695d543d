"""What a batch is told beside its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from collections.abc import Iterable, Mapping
from typing import Any, Dict, FrozenSet, List, Optional, Tuple

RETRIES = ("refused", "failed", "expired")
DEFAULT_TEMPLATE = "{key}-{index}"


@dataclass(frozen=True)
class Options:
    """Everything that changes what is made of a row, and what is done with it."""

    provider: Optional[str] = None
    operation: Optional[str] = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What a row does not say itself; a text is read as the type of its field."""
    prompt: Optional[str] = None
    """A template that columns fill in: "a {animal}, {style}"."""
    keep: Tuple[str, ...] = ()
    """Columns that go into the results only."""
    map: Mapping[str, str] = field(default_factory=dict)
    """Foreign column to field."""
    drop: FrozenSet[str] = frozenset()
    """Columns that are left out."""
    repeat: int = 1
    name_template: str = DEFAULT_TEMPLATE
    retry: FrozenSet[str] = frozenset()
    """Of RETRIES."""
    again: FrozenSet[str] = frozenset()
    """Keys that are submitted once more on purpose."""
    limit: Optional[int] = None
    """So many new jobs at most: a trial."""
    prompts: bool = True
    """Whether the results hold the prompts."""

    @property
    def is_repetition(self) -> bool:
        """Whether rows may be paid once more on purpose."""
        return bool(self.again or self.retry)


_TEXTS = ("provider", "operation", "prompt")
_KINDS: Mapping[str, Tuple[Tuple[type, ...], str]] = {
    **{name: ((str, type(None)), "a text") for name in _TEXTS},
    "name_template": ((str,), 'a text, such as "{key}-{index}"'),
    "fields": ((Mapping,), "a dict of fields"),
    "map": ((Mapping,), "a dict of columns and fields"),
    "repeat": ((int,), "a number from 1"),
    "limit": ((int, type(None)), "a number from 0"),
    "prompts": ((bool,), "True or False"),
}


def check_kinds(values: Mapping[str, Any]) -> None:
    """Raises TypeError for the keyword of a program that has a value of a wrong type."""
    for name, (kinds, right) in _KINDS.items():
        value = values.get(name, None)
        if name in values and (not isinstance(value, kinds) or isinstance(value, bool) and bool not in kinds):
            raise TypeError(f"{name} is {value!r}: it is {right}")
    for name in ("retry", "again", "drop", "keep"):
        value = values.get(name, ())
        if not isinstance(value, Iterable) or isinstance(value, (bytes, Mapping)):
            raise TypeError(f"{name} is {value!r}: it is a text, or a list of them")


def wrong(options: Options) -> List[str]:
    """What is wrong with options that do not depend on a row."""
    found: List[str] = []
    if options.repeat < 1:
        found.append(f"repeat is {options.repeat}: it is a number from 1")
    if options.limit is not None and options.limit < 0:
        found.append(f"limit is {options.limit}: it is a number from 0")
    for name in sorted(options.retry - set(RETRIES)):
        found.append(f"there is no retry of {name!r}: it is one of {', '.join(RETRIES)}")
    if options.prompt is not None and options.fields.get("prompt") is not None:
        found.append("the prompt is given twice, by --prompt and by --set prompt: leave one out")
    both = sorted(set(options.map) & options.drop)
    if both:
        found.append(f"the column {both[0]} is mapped and dropped: choose one")
    targets: Dict[str, str] = {}
    for name, target in options.map.items():
        if target in targets:
            found.append(f"the columns {targets[target]} and {name} are both mapped to {target}: choose one")
        targets[target] = name
    return found

"""From columns to a request: pure, with the library's tables of fields passed in."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Tuple, Union

from .._cli.requests import nearest, usual_operation, value
from ..errors import InvalidArgumentError
from ..request import JSONText, Request, load_json
from ._cells import Cells
from ._keys import cell_text, fingerprint, is_gap, key_text, own_hash, wrong_key
from ._names import columns_of
from ._numbers import as_written, exact, former_fields, whole_number, widened
from ._options import Options
from ._problems import Problem
from ._urls import unsigned_fields

_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_ENVELOPE = frozenset(("method", "url"))
_OURS = ("key", "custom_id", "provider", "operation")
# Other tools write them for a missing value: pandas, spreadsheets, databases, and str() of nothing.
_NO_TEXT = frozenset(
    ("nan", "-nan", "null", "none", "na", "n/a", "nat", "<na>", "#na", "#n/a", "nil", "undefined", "\\n", "(null)", "[null]")
)
_SHOWN = 200  # Characters of a prompt that are kept for a person who has to recognise it.


class Known(NamedTuple):
    """What the library has: functions, so that tests need no library."""

    providers: Callable[[], List[str]]
    operations: Callable[[str], List[str]]
    """The operations of a provider that are submitted."""
    fields: Callable[[str, str], Mapping[str, str]]
    """Names to types."""
    defaults: Callable[[str, str], Mapping[str, Any]] = lambda provider, operation: {}
    """Fields of the profile, for requests that have none themselves."""


class Spec(NamedTuple):
    """A row as it will be submitted."""

    row: int
    line: int
    copy: int
    """From 1, with --repeat."""
    key: Optional[str]
    """From a column; None: it comes from `own`."""
    own: str
    """A hash of the row's own fields."""
    print: str
    """A hash of the whole request."""
    provider: str
    operation: str
    fields: Dict[str, Any]
    kept: Dict[str, Any]
    names: Dict[str, str]
    """Columns that the file name takes."""
    former: Optional[Tuple[str, str]] = None
    """`own` and `print` as an older version made them, with the signatures of URLs and with numbers that have lost digits; None
    where they are the same."""
    former_key: Optional[str] = None
    """`key` as an older version made it; None where it is the same."""

    @property
    def prompt(self) -> str:
        """What the row draws; empty where it has no prompt."""
        found = self.fields.get("prompt")
        return found if isinstance(found, str) else ""

    @property
    def wanted(self) -> int:
        """How many images it asks for."""
        found = self.fields.get("count")
        return found if isinstance(found, int) and not isinstance(found, bool) and 1 <= found <= 100 else 1

    def request(self, key: Optional[str] = None) -> Request:
        """For Client.submit()."""
        plain = {name: value for name, value in self.fields.items() if not name.startswith("body.") and name != "image_urls"}
        images = [tuple(image) if isinstance(image, list) else image for image in self.fields.get("image_urls") or ()]
        body = {name[len("body.") :]: JSONText(text) for name, text in self.fields.items() if name.startswith("body.")}
        request = Request(self.provider, self.operation, image_urls=images, body=body, key=key)
        request.fields.update(plain)
        return request


class Columns:
    """Turns rows into requests."""

    def __init__(self, options: Options, known: Known) -> None:
        self._options = options
        self._known = known
        self._named = columns_of(options.name_template)
        self._drawn = _names_in(options.prompt) if options.prompt is not None else frozenset()
        self._tables: Dict[Tuple[str, str], Mapping[str, str]] = {}

    def specs(self, read: Cells) -> Tuple[List[Spec], List[Problem]]:
        """One spec for each copy, or what is wrong."""
        specs, problems = self._specs(read)
        cells = widened(read.cells)
        if read.is_table and specs and specs[0].former is None:
            cells = _with_crlf(cells)
        if not specs or cells is read.cells:
            return specs, problems
        # What is paid with the digits of a double, or with the ends of lines as they stood in a table, is paid.
        older, _ = self._specs(read._replace(cells=cells))
        if not older:
            return specs, problems
        first = older[0]
        former, key = first.former or (first.own, first.print), None if first.key == specs[0].key else first.key
        return [spec._replace(former=former, former_key=key) for spec in specs], problems

    def _specs(self, read: Cells) -> Tuple[List[Spec], List[Problem]]:
        problems: List[Problem] = []

        def wrong(text: str, column: str = "") -> None:
            problems.append(Problem(text, read.row, read.line, column))

        cells = self._cells(read.cells, wrong)
        key = _key(cells, wrong)
        kept = {name: cells[name] for name in self._options.keep if name in cells}
        for name in self._options.keep:
            if name not in cells:
                wrong(f"--keep names a column that is not there{nearest(name, cells)}", name)

        def text(name: str) -> str:
            try:
                return cell_text(cells.get(name))
            except ValueError as error:
                wrong(str(error), name)
                return ""

        names = {name: text(name) for name in self._named}
        for name in self._named:
            if name not in cells:
                wrong(f"the name template names a column that is not there{nearest(name, cells)}", name)
        chosen = self._operation(cells, wrong)
        if chosen is None:
            return [], problems
        table = self._table(*chosen)
        own = self._fields(cells, table, chosen, wrong)
        hashed: Dict[str, Any] = {name: cells[name] for name in ("provider", "operation") if cells.get(name) not in (None, "")}
        hashed.update(own)
        for name in self._drawn:
            hashed.setdefault(f"column {name}", text(name))
        fields = {**self._defaults(table, chosen, wrong), **self._common(table, chosen, wrong), **own}
        if self._options.prompt is not None:
            if "prompt" in own and "prompt" not in self._options.keep:
                right = "put {prompt} into --prompt, or add --drop prompt"
                wrong(f"the row has a prompt, and --prompt gives another: {right}", "prompt")
            fields["prompt"] = self._filled(cells, wrong)
        prompt = fields.get("prompt")
        if isinstance(prompt, str) and prompt.strip().casefold() in _NO_TEXT:
            wrong(
                f"the prompt is {prompt.strip()!r}, which tables write for a missing value: leave the row out, or write a prompt "
                "of other words",
                "prompt",
            )
        if problems:
            return [], problems
        hashes = (own_hash(hashed), fingerprint(*chosen, fields))
        former = None
        older = former_fields(hashed), former_fields(fields)
        if older != (None, None):  # A number of which digits were lost: what is paid for that row is paid.
            former = (own_hash(older[0] or hashed), fingerprint(*chosen, older[1] or fields))
        plain = unsigned_fields(hashed), unsigned_fields(fields)
        if plain != (None, None):  # A URL that is signed anew is the same picture.
            former, hashes = former or hashes, (own_hash(plain[0] or hashed), fingerprint(*chosen, plain[1] or fields))
        shared = (*hashes, *chosen, fields, kept, names)
        return [Spec(read.row, read.line, copy, key, *shared, former) for copy in range(1, self._options.repeat + 1)], []

    def _cells(self, found: Mapping[str, Any], wrong: Callable[..., None]) -> Dict[str, Any]:
        cells: Dict[str, Any] = {name: None if is_gap(entry) else entry for name, entry in found.items()}
        for envelope in ("body", "params"):
            inner = cells.get(envelope)
            if "custom_id" in cells and isinstance(inner, dict):
                del cells[envelope]
                for name in _ENVELOPE:
                    cells.pop(name, None)
                for name, entry in inner.items():
                    if name in cells:
                        wrong(f"{name} is there twice: beside {envelope} and within", name)
                    cells[name] = entry
        for name in self._options.drop:
            cells.pop(name, None)
        mapped = {self._options.map.get(name, name): entry for name, entry in cells.items()}
        if len(mapped) != len(cells):
            twice = next(target for name, target in self._options.map.items() if name in cells and target in cells)
            wrong(f"--map makes a second column {twice}: drop the first with --drop {twice}", twice)
        return mapped

    def _operation(self, cells: Mapping[str, Any], wrong: Callable[..., None]) -> Optional[Tuple[str, str]]:
        provider = _word(cells.get("provider")) or self._options.provider
        if not provider:
            wrong("the row names no provider: add a column provider, or --provider for all rows")
            return None
        providers = self._known.providers()
        if provider not in providers:
            near = nearest(provider, providers)
            wrong(f"there is no provider {provider!r}{near}: it is one of {', '.join(providers)}", "provider")
            return None
        operations = self._known.operations(provider)
        operation = _word(cells.get("operation")) or self._options.operation
        if not operation:
            usual = usual_operation(provider, operations)
            if usual is not None:
                return provider, usual
            wrong(f"{provider} has several operations: add a column operation, or --operation: {', '.join(operations)}")
            return None
        if operation not in operations:
            near = nearest(operation, operations)
            wrong(f"{provider} has no operation {operation!r}{near}: it is one of {', '.join(operations)}", "operation")
            return None
        return provider, operation

    def _table(self, provider: str, operation: str) -> Mapping[str, str]:
        key = (provider, operation)
        if key not in self._tables:
            self._tables[key] = self._known.fields(provider, operation)
        return self._tables[key]

    def _fields(
        self, cells: Mapping[str, Any], table: Mapping[str, str], chosen: Tuple[str, str], wrong: Callable[..., None]
    ) -> Dict[str, Any]:
        """The fields that the row has itself."""
        fields: Dict[str, Any] = {}
        aside = {*_OURS, *self._options.keep, *self._named, *self._drawn}
        for name, entry in cells.items():
            if entry is None or entry == "":
                continue
            if name in table and not (name in self._drawn and name == "prompt"):
                typed = _typed(name, entry, table[name], wrong)
            elif name.startswith("body.") and len(name) > len("body."):
                typed = _json_text(name, entry, wrong)
            elif name in aside:
                continue
            else:
                wrong(_unknown(name, table, chosen), name)
                continue
            fields[name] = typed
        return fields

    def _defaults(
        self, table: Mapping[str, str], chosen: Tuple[str, str], wrong: Callable[..., None]
    ) -> Dict[str, Any]:
        found = self._known.defaults(*chosen)
        return {name: _typed(name, entry, table[name], wrong) for name, entry in found.items() if name in table}

    def _common(
        self, table: Mapping[str, str], chosen: Tuple[str, str], wrong: Callable[..., None]
    ) -> Dict[str, Any]:
        fields: Dict[str, Any] = {}
        for name, given in self._options.fields.items():
            entry = as_written(given)
            if name in table:
                whole = isinstance(entry, JSONText) and table[name] != "json"
                fields[name] = _typed(name, json.loads(entry) if whole else entry, table[name], wrong)
            elif name.startswith("body.") and len(name) > len("body."):
                fields[name] = _json_text(name, entry, wrong)
            else:
                wrong(f"--set: {' '.join(chosen)} has no field {name}{nearest(name, table)}", name)
        return fields

    def _filled(self, cells: Mapping[str, Any], wrong: Callable[..., None]) -> str:
        def fill(match: "re.Match[str]") -> str:
            whole, name = match.group(), match.group(1)
            if whole in ("{{", "}}"):
                return whole[0]
            if name is None:
                wrong(f"--prompt has a {whole} without its partner: write {whole}{whole} for the character itself")
                return ""
            if name not in cells:
                wrong(f"--prompt names a column that is not there{nearest(name, cells)}", name)
                return ""
            text = "" if isinstance(cells[name], (bytes, bytearray, memoryview)) else cell_text(cells[name])
            if not text:
                wrong("--prompt needs this column, and the cell is empty", name)
            return text

        return _PLACE.sub(fill, self._options.prompt or "")


def _with_crlf(cells: Dict[str, Any]) -> Dict[str, Any]:
    """The cells of a table as an older version took them from a file whose lines end with CRLF."""
    if not any(isinstance(cell, str) and "\n" in cell for cell in cells.values()):
        return cells
    return {name: cell.replace("\n", "\r\n") if isinstance(cell, str) else cell for name, cell in cells.items()}


def shortened(prompt: str) -> str:
    """The beginning of a prompt on one line, for a person who has to recognise it."""
    text = " ".join(prompt.split())
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _names_in(template: str) -> FrozenSet[str]:
    return frozenset(match.group(1) for match in _PLACE.finditer(template) if match.group(1) is not None)


def _key(cells: Mapping[str, Any], wrong: Callable[..., None]) -> Optional[str]:
    column = "key" if "key" in cells else "custom_id"
    if column not in cells:
        return None
    try:
        key = key_text(cells[column])
        if column == "key" and "custom_id" in cells and key_text(cells["custom_id"]) != key:
            wrong("the row has a key and another custom_id: drop one with --drop", "custom_id")
    except ValueError as error:
        wrong(str(error), column)
        return None
    problem = wrong_key(key)
    if problem is not None:
        wrong(problem, column)
    return key


def _typed(name: str, entry: Any, kind: str, wrong: Callable[..., None]) -> Any:
    """A cell as the type of its field. A number in a text file is a text before."""
    if kind == "image_url":
        return _images(name, entry, wrong)
    if not isinstance(entry, str):
        if isinstance(entry, Decimal) and kind in ("int", "double"):
            entry = int(entry) if kind == "int" and entry.is_finite() and entry == int(entry) else float(entry)
        if kind in ("int", "double", "bool") and hasattr(entry, "item") and getattr(entry, "shape", None) == ():
            entry = entry.item()  # A number of NumPy.
        try:
            if kind == "int":  # Parquet and pandas make floats of numbers with gaps.
                number = whole_number(entry)
                return entry if number is None else number
            return entry if kind != "json" else exact(entry, entry) or entry
        except ValueError as error:
            wrong(f"the cell cannot be sent: {error}", name)
            return None
    try:
        return value(name, entry if kind in ("string", "json") else entry.strip(), kind)
    except InvalidArgumentError as error:
        wrong(error.message, name)
        return None


def _images(name: str, entry: Any, wrong: Callable[..., None]) -> List[Any]:
    if isinstance(entry, str):
        if not entry.lstrip().startswith("["):
            return entry.split()
        text = _json_text(name, entry, wrong)
        entry = [] if text is None else json.loads(text)
    if isinstance(entry, tuple):
        entry = list(entry)
    if not isinstance(entry, list) or not all(isinstance(one, (str, list, tuple)) for one in entry):
        wrong("image_urls is a URL, several with blanks between, or a list of URLs", name)
        return []
    return [one if isinstance(one, str) else list(one) for one in entry]


def _json_text(name: str, entry: Any, wrong: Callable[..., None]) -> Optional[str]:
    """What goes out as JSON, as it was written: a number that is read and written again may lose digits."""
    try:
        if not isinstance(entry, str):
            text = json.dumps(entry, ensure_ascii=False, default=str)
            return exact(entry, text) or text
        load_json(entry)
        return str(entry)
    except (TypeError, ValueError, RecursionError) as error:
        wrong(f'a cell of a column {name.partition(".")[0]} is JSON, such as 4, true, "text" or ["a"] ({error})', name)
        return None


def _unknown(name: str, table: Mapping[str, str], chosen: Tuple[str, str]) -> str:
    near = nearest(name, [*table, *_OURS])
    return (
        f"{' '.join(chosen)} has no such field{near}: rename the column with --map {name}=FIELD, carry it into the results "
        f"with --keep {name}, or leave it out with --drop {name}"
    )


def _word(entry: Any) -> str:
    return entry if isinstance(entry, str) else "" if entry is None else repr(entry)

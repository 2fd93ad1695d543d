"""Every row of a run: how rows stand beside each other, and their numbers. What is known of a row, and what is done about it,
is in the modules below."""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional

from . import _names
from ._columns import Spec
from ._decide import Is
from ._keys import former_key, key_of, wrong_key
from ._known import Journals
from ._options import Options
from ._problems import Problem
from ._table import Row, as_json
from ._verdict import FOLDER, Verdicts

_PLACES = 10_000  # Rows without a key that are named.


class Index(Verdicts):
    """Every row, what is known of it, and what is done with it. One thread."""

    def __init__(self, options: Options, folder: Optional[str] = None) -> None:
        super().__init__(options, folder)
        self._has_keys: Optional[bool] = None
        """Whether the rows have keys of their own; None before the first."""

    def add(self, spec: Spec) -> List[Problem]:
        """Takes a row in, or says why it cannot stand beside the others."""
        mixed = self._mixed(spec)
        if mixed:
            return mixed
        key = key_of(spec.key, spec.own, self._occurrence(spec.key, spec.own), spec.copy)
        former = None
        if spec.former is not None:
            own = spec.former_key if spec.former_key is not None else spec.key
            former = key_of(own, spec.former[0], self._occurrence(own, spec.former[0]), spec.copy)
        n = self.rows + 1
        values = {"key": key, "provider": spec.provider, "operation": spec.operation, **spec.names}
        problems: List[Problem] = []
        first = ""
        for index in range(spec.wanted):
            stem = _names.stem(self.options.name_template, values, index)
            first = first or stem
            problem = self._claim(stem, n, key, spec)
            if problem is not None:
                problems.append(problem)
                break
        if problems:
            return problems
        self.rows = n
        if spec.former is not None:
            self._db.execute("INSERT INTO signed VALUES(?, ?, ?)", (n, former, spec.former[1]))
        self._db.execute(
            "INSERT INTO rows(n, row, line, key, jkey, print, provider, operation, wanted, prompt, fields, kept, names, stem) "
            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                n, spec.row, spec.line, key, key, spec.print, spec.provider, spec.operation, spec.wanted, spec.prompt,
                as_json(spec.fields), as_json(spec.kept), as_json(spec.names), first,
            ),
        )
        return []

    def _occurrence(self, key: Optional[str], own: str) -> int:
        """How many rows with these fields there are now; 1 for a row with a key."""
        if key is not None:
            return 1
        found = self._one("SELECT number FROM seen WHERE own = ?", own)
        number = 1 if found is None else int(found[0]) + 1
        self._db.execute("INSERT OR REPLACE INTO seen VALUES(?, ?)", (own, number))
        return number

    def _mixed(self, spec: Spec) -> List[Problem]:
        """What is wrong if some rows have a key and others have none."""
        has_key = spec.key is not None
        if self._has_keys is None:
            self._has_keys = has_key
        if has_key == self._has_keys:
            return []
        self._has_keys = True
        text = str(wrong_key(""))
        if not has_key:
            return [Problem(text, spec.row, spec.line, "key")]
        places = self._db.execute("SELECT DISTINCT row, line FROM rows ORDER BY n LIMIT ?", (_PLACES,))
        return [Problem(text, row, line, "key") for row, line in places]

    def _claim(self, stem: str, n: int, key: str, spec: Spec) -> Optional[Problem]:
        folded = _names.folded(stem)
        taken = self._one("SELECT n, stem FROM names WHERE folded = ?", folded)
        if taken is None:
            self._db.execute("INSERT INTO names VALUES(?, ?, ?)", (folded, n, stem))
            return None
        other = self._one("SELECT key, row, line FROM rows WHERE n = ?", taken[0])
        if other is None:  # The row itself: a template without what tells its images apart.
            return Problem(f"two images of this row get the file name {stem}: put {{index}} into the name template",
                           spec.row, spec.line, "key")
        place = f"line {other[2]}" if other[2] else f"row {other[1]}"
        if other[0] == key:
            return _twice(key, place, spec.row, spec.line)
        alike = "" if stem == taken[1] else f", which is {taken[1]} on a disk that tells no capitals apart"
        right = "rename one of the keys" if "{key}" in self.options.name_template else "put {key} into the name template"
        return Problem(f"the file name {stem} is that of {place} too{alike}: {right}", spec.row, spec.line, "key")

    def make_indices(self) -> Iterator[Problem]:
        """After the first pass: what looks rows up by their keys. Yields what is wrong with these."""
        self._db.execute("CREATE INDEX by_key ON rows(key)")
        self._db.execute("CREATE INDEX by_jkey ON rows(jkey)")
        # Two rows with one key, whose file names differ.
        twice = "SELECT key, min(n) FROM rows GROUP BY key HAVING count(*) > 1 ORDER BY min(n)"
        for key, first in self._db.execute(twice).fetchall():
            row = self.get(first)
            place = f"line {row.line}" if row.line else f"row {row.row}"
            for other in self._db.execute("SELECT row, line FROM rows WHERE key = ? AND n > ? ORDER BY n", (key, first)):
                yield _twice(key, place, *other)

    def stems(self) -> Iterator[str]:
        """The file names of all images, without their extensions."""
        return (str(found[0]) for found in self._db.execute("SELECT stem FROM names"))

    def unknown_again(self) -> List[str]:
        """Keys of --again that no row has."""
        return sorted(key for key in self.options.again if not self.has(key))

    # Numbers.

    def counts(self) -> Dict[str, int]:
        """How many rows stand where; they add up to the rows."""
        return {str(name): int(number) for name, number in self._db.execute("SELECT stands, count(*) FROM rows GROUP BY stands")}

    def tasks(self) -> Dict[str, int]:
        """How many rows are still to be handed out, by what is done."""
        return {str(name): int(number) for name, number in self._db.execute("SELECT do, count(*) FROM rows GROUP BY do")}

    def images_to_send(self, limit: Optional[int]) -> int:
        """How many images the rows ask for that are sent."""
        found = self._one(
            "SELECT coalesce(sum(wanted), 0) FROM (SELECT wanted FROM rows WHERE do = 'send' ORDER BY n LIMIT ?)",
            -1 if limit is None else limit,
        )
        return int(found[0]) if found else 0

    def first_code(self) -> int:
        """The exit code of the first row, in the order of the file, that has failed; 0 if none has."""
        found = self._one("SELECT code FROM rows WHERE code != 0 ORDER BY n LIMIT 1")
        return int(found[0]) if found else 0

    def pictures(self) -> int:
        """How many pictures the rows have in the folder."""
        found = self._one("SELECT coalesce(sum(json_array_length(files)), 0) FROM rows WHERE files IS NOT NULL")
        return int(found[0]) if found else 0

    def durations(self) -> List[float]:
        """The seconds of every row that has any."""
        return [float(found[0]) for found in self._db.execute("SELECT seconds FROM rows WHERE seconds IS NOT NULL")]

    def providers(self) -> List[str]:
        """Those that the rows name."""
        return [str(found[0]) for found in self._db.execute("SELECT DISTINCT provider FROM rows")]

    def picture_bytes(self) -> int:
        """The middle size of the pictures in the folder; 0 if there are fewer than ten."""
        found = self._one("SELECT count(*) FROM files")
        if found is None or found[0] < 10:
            return 0
        middle = self._one("SELECT size FROM files ORDER BY size LIMIT 1 OFFSET ?", int(found[0]) // 2)
        return int(middle[0]) if middle else 0

    def first_expiry(self, hours: float) -> Optional[int]:
        """When the first image that is not here expires, as Unix milliseconds, at the latest."""
        found = self._one(
            "SELECT min(accepted_ms) FROM rows WHERE stands = ? AND accepted_ms IS NOT NULL", Is.OPEN.value
        )
        return None if found is None or found[0] is None else int(found[0]) + int(hours * 3_600_000)


def _twice(key: str, place: str, row: int, line: int) -> Problem:
    same = f" ({key} and {former_key(key)} are one key)" if former_key(key) is not None else ""
    return Problem(f"the key {key} is there twice, first in {place}: each row needs its own{same}", row, line, "key")


__all__ = ["FOLDER", "Index", "Journals", "Row", "as_json"]

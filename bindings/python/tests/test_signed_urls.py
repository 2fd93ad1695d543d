"""The rule that takes a signature off a URL stands in the library and in the package: one table for both."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, Tuple

import aigc
import pytest
from aigc.batch._urls import unsigned
from support import REPOSITORY

TABLE = REPOSITORY / "Tests" / "fixtures" / "signing" / "urls.txt"


def cases() -> Iterator[Tuple[str, str, bool]]:
    """Two URLs, and whether they are one picture."""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            word, first, second = line.split(" ")
            assert word in ("same", "other"), line
            yield first, second, word == "same"
    # A store is not sent what stands behind a "#", and the library does not send it either: the texts alone differ.
    yield "https://h/a?q-signature=1#a", "https://h/a?q-signature=2#a", True
    yield "https://h/a?q-signature=1#a", "https://h/a?q-signature=1#b", False
    yield "https://h/a#?q-signature=1", "https://h/a#?q-signature=2", False


CASES = list(cases())


def test_the_package(library: str) -> None:
    for first, second, same in CASES:
        assert (unsigned(first) == unsigned(second)) is same, (first, second)


@pytest.mark.parametrize("place", ["image_urls", "body"])
def test_the_library(library: str, tmp_path: Path, place: str) -> None:
    """What the journal compares: jobs that are held, and never sent."""
    settings = {"journal.path": str(tmp_path / "j"), "tencent.secret_id": "AKIDx", "tencent.secret_key": "x"}
    with aigc.Client(settings, tencent_endpoint="http://127.0.0.1:9") as client:
        for number, (first, second, same) in enumerate(CASES):
            jobs = []
            taken = True
            for url in (first, second):
                fields = {"image_urls": [url]} if place == "image_urls" else {"body": {"Extra": [{"Url": url}]}}
                try:
                    jobs.append(client.submit("tencent", "aigc_image", prompt="x", key=f"k{number}", hold=True, **fields))
                except aigc.KeyConflictError:
                    taken = False
            assert taken is same and jobs, (first, second)
            for job in jobs:
                job.cancel()

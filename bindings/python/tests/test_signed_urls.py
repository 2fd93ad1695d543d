"""The rule that takes a signature off a URL stands in the library and in the package: one table for both."""

from __future__ import annotations

from pathlib import Path
from typing import List, Tuple

import aigc
import pytest
from aigc.batch._urls import unsigned

# Two URLs, and whether they are one picture.
CASES: List[Tuple[str, str, bool]] = [
    ("?q-signature=1&q-ak=a", "?q-signature=2&q-ak=b", True),
    ("?q-signature=1", "", True),
    ("?x=1&q-signature=1", "?x=1", True),
    ("?q-signature=1&x=1", "?x=1", True),
    ("?x=1&q-signature=1&y=2", "?x=1&y=2", True),
    ("?q-ak=1", "?q-ak=2", False),
    ("?Q-Signature=1&Q-AK=1&x-cos-security-token=t", "?q-signature=2", True),
    ("?q-signature=1#a", "?q-signature=2#a", True),
    ("?q-signature=1#a", "?q-signature=1#b", False),
    ("#?q-signature=1", "#?q-signature=2", False),
    ("?q-signature", "?q-signature=2", True),
    ("?q-signature=1&&x", "?q-signature=2&x", False),
    ("?q-signature=1&&x", "?&x", True),
    ("?q-signature=1?x=2", "?q-signature=2", True),
    ("?q%2Dsignature=1", "?q%2Dsignature=2", False),
    ("?OSSAccessKeyId=a&Signature=1&Expires=1", "?OSSAccessKeyId=b&Signature=2&Expires=2&security-token=t", True),
    ("?OSSAccessKeyId=a&Expires=1", "?OSSAccessKeyId=a&Expires=2", False),
    ("?Signature=1", "?Signature=2", False),
    ("?Expires=1&q-signature=1", "?Expires=2&q-signature=1", False),
    ("?x-oss-signature=1&x-oss-date=1&x-oss-additional-headers=h", "?x-oss-signature=2&x-oss-date=2", True),
    ("?x-oss-signature=1&x-oss-process=image/a", "?x-oss-signature=2&x-oss-process=image/b", False),
    ("?X-Amz-Signature=1&X-Amz-Content-Sha256=1&X-Amz-Date=1", "?X-Amz-Signature=2", True),
    ("?X-Amz-Date=1", "?X-Amz-Date=2", False),
    ("?q-signature=1&X-Amz-Signature=1&X-Amz-Date=1", "?q-signature=2", True),
    ("?q-signature=1&q-a\u212a=1", "?q-signature=1&q-a\u212a=2", False),
    ("?q-signature=1&x=\u00e9", "?q-signature=2&x=\u00e9", True),
    ("?q-signature=1&x=\u00e9", "?q-signature=1&x=e\u0301", False),
    ("?versionId=1&q-signature=1", "?versionId=2&q-signature=1", False),
]


def test_the_package(library: str) -> None:
    for first, second, same in CASES:
        assert (unsigned("https://a/b" + first) == unsigned("https://a/b" + second)) is same, (first, second)


@pytest.mark.parametrize("place", ["image_urls", "body"])
def test_the_library(library: str, tmp_path: Path, place: str) -> None:
    """What the journal compares: jobs that are held, and never sent."""
    settings = {"journal.path": str(tmp_path / "j"), "tencent.secret_id": "AKIDx", "tencent.secret_key": "x"}
    with aigc.Client(settings, tencent_endpoint="http://127.0.0.1:9") as client:
        for number, (first, second, same) in enumerate(CASES):
            jobs = []
            taken = True
            for tail in (first, second):
                url = "https://a/b" + tail
                fields = {"image_urls": [url]} if place == "image_urls" else {"body": {"Extra": [{"Url": url}]}}
                try:
                    jobs.append(client.submit("tencent", "aigc_image", prompt="x", key=f"k{number}", hold=True, **fields))
                except aigc.KeyConflictError:
                    taken = False
            assert taken is same and jobs, (first, second)
            for job in jobs:
                job.cancel()

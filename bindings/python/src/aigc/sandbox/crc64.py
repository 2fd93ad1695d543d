"""CRC-64/XZ (ECMA-182, reflected), as the object store prints it."""

from __future__ import annotations

import sys
from array import array
from functools import lru_cache
from typing import List

_POLYNOMIAL = 0xC96C5795D7870F42
_ONES = 0xFFFFFFFFFFFFFFFF


@lru_cache(maxsize=1)
def _tables() -> "tuple[List[int], List[int]]":
    single: List[int] = []
    for value in range(256):
        crc = value
        for _ in range(8):
            crc = (crc >> 1) ^ _POLYNOMIAL if crc & 1 else crc >> 1
        single.append(crc)
    double = []
    for value in range(65536):
        crc = single[value & 0xFF]
        double.append((crc >> 8) ^ single[(crc ^ (value >> 8)) & 0xFF])
    return single, double


def crc64(data: bytes) -> int:
    """The checksum of some bytes (two bytes a step: this is the hot loop of every first download)."""
    single, double = _tables()
    crc = _ONES
    even = len(data) & ~1
    words = array("H")
    words.frombytes(data[:even])
    if sys.byteorder == "big":
        words.byteswap()
    for word in words:
        crc = double[(crc ^ word) & 0xFFFF] ^ (crc >> 16)
    if even != len(data):
        crc = single[(crc ^ data[-1]) & 0xFF] ^ (crc >> 8)
    return crc ^ _ONES

"""Ids that nobody else comes to."""

import os


def new_id() -> str:
    """Return 32 hexadecimal digits: a random UUID (version 4), without the module that asks which system this is."""
    number = int.from_bytes(os.urandom(16), "big")
    number = number & ~(0xF << 76) | 4 << 76  # the version
    number = number & ~(0x3 << 62) | 2 << 62  # the variant
    return f"{number:032x}"

"""Headers of safetensors files: what a file holds and whether it is whole, without reading a single weight.

The format is documented at huggingface.co/docs/safetensors.
"""

import json
import re
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import chain
from math import prod
from pathlib import Path

from studio.errors import LoadError

# What the format's own reader accepts.
LONGEST = 100_000_000
BITS = {
    **dict.fromkeys(("F4",), 4),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E5M2FNUZ", "F8_E4M3FNUZ"), 8),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 16),
    **dict.fromkeys(("U32", "I32", "F32"), 32),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 64),
}
PICKLE = (
    "is a pickle, whatever its name says: pickles can run code, so it is never opened here. "
    "Convert it first: python -m studio.convert FILE"
)
# What files are that come under a name of weights, by how they begin.
DISGUISES = (
    (b"PK\x03\x04", PICKLE),
    (b"PK\x05\x06", PICKLE),
    (b"version https://git-lfs", "is a Git LFS pointer, not the weights. Run git lfs pull, or fetch the file itself"),
    (b"GGUF", "is a GGUF file, which is not supported. Fetch the same weights as safetensors"),
    (b"\x1f\x8b", "is a packed archive. Unpack it first"),
    (b"<", "is a web page, not weights: the download went wrong. Fetch it again"),
    (b"{", "is a text, not weights: the download went wrong. Fetch it again"),
)
# Pickles of protocol 2 and later say so first; older ones begin with an import, a mark, or an empty dict or list.
PICKLED = re.compile(rb"\x80[\x02-\x05]|c[\w.]+\n[\w.]+\n|\([cdilp]|[}\]][(qp]")


@dataclass(frozen=True)
class Header:
    """Names and shapes of the tensors of a file, and what its maker wrote beside them."""

    shapes: Mapping[str, tuple[int, ...]]
    metadata: Mapping[str, str]

    def count(self, prefixes: Collection[str] = ("",)) -> int:
        """How many numbers the tensors hold whose names begin so."""
        return sum(prod(shape) for name, shape in self.shapes.items() if name.startswith(tuple(prefixes)))


def read(path: Path, named: str = "") -> Header:
    """The header of a file whose bytes are all there; LoadError calls it by `named` and says what is wrong."""
    named = named or path.name
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            length = _length(file.read(64), size, named)
            file.seek(8)
            text = file.read(length)
    except OSError:
        raise LoadError(f"Checkpoint: {named} is missing or cannot be read. Fetch it again.") from None
    rows = _rows(text, named)
    metadata = rows.pop("__metadata__", {})
    _check_places(rows, size - 8 - length, named)
    return Header({name: tuple(row["shape"]) for name, row in rows.items()}, metadata)


def is_pickle(path: Path) -> bool:
    """Whether a file begins as a pickle does, or as the archive of pickles that `torch.save` writes."""
    try:
        with path.open("rb") as file:
            return _disguise(file.read(64)) == PICKLE
    except OSError:
        return False


def _disguise(start: bytes) -> str:
    if PICKLED.match(start):
        return PICKLE
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    return next((what for sign, what in DISGUISES if text.startswith(sign)), "")


def _length(start: bytes, size: int, named: str) -> int:
    """The header's length, from a file's first bytes."""
    if not start:
        raise LoadError(f"Checkpoint: {named} is empty. Fetch it again.")
    # A header that is 123 bytes long begins with "{" itself; the ninth byte tells it from a text.
    if start[8:9] != b"{" and (disguise := _disguise(start)):
        raise LoadError(f"Checkpoint: {named} {disguise}.")
    if len(start) < 9:
        raise LoadError(f"Checkpoint: {named} is damaged: {size} bytes are no safetensors file. Fetch it again.")
    length = struct.unpack("<Q", start[:8])[0]
    if length > LONGEST:
        raise LoadError(
            f"Checkpoint: {named} is damaged or no safetensors file: its header would take {length:,} bytes of at "
            f"most {LONGEST:,}. Fetch it again."
        )
    if length > size - 8:
        raise LoadError(
            f"Checkpoint: {named} is incomplete: {size:,} bytes, its header alone takes {length:,}. Fetch it again."
        )
    return length


def _rows(text: bytes, named: str) -> dict[str, dict]:
    try:
        rows = json.loads(text, object_pairs_hook=_without_twins)
        is_sound = isinstance(rows, dict) and all(_is_sound(name, row) for name, row in rows.items())
    except (ValueError, RecursionError):
        is_sound = False
    if not is_sound:
        raise LoadError(f"Checkpoint: {named} is damaged: its header cannot be read. Fetch it again.")
    return rows


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _is_sound(name: str, row: object) -> bool:
    if not isinstance(row, dict):
        return False
    if name == "__metadata__":
        return all(isinstance(value, str) for value in row.values())
    shape, offsets = row.get("shape"), row.get("data_offsets")
    if row.get("dtype") not in BITS or not isinstance(shape, list) or not isinstance(offsets, list):
        return False
    return len(offsets) == 2 and all(type(number) is int and number >= 0 for number in chain(shape, offsets))


def _check_places(rows: Mapping[str, dict], size: int, named: str) -> None:
    """Each tensor takes what its shape says, right after the one before it, and the last one ends the file."""
    end = 0
    for name, row in sorted(rows.items(), key=lambda item: item[1]["data_offsets"]):
        begin, after = row["data_offsets"]
        if begin != end or (after - begin) * 8 != prod(row["shape"]) * BITS[row["dtype"]]:
            raise LoadError(
                f"Checkpoint: {named} is damaged: its weights overlap, leave gaps or are of other sizes than it says, "
                f"first at '{name[:80]}'. Fetch it again."
            )
        end = after
    if size < end:
        raise LoadError(f"Checkpoint: {named} is incomplete: {size:,} bytes of weights of {end:,}. Fetch it again.")
    if size > end:
        raise LoadError(
            f"Checkpoint: {named} is damaged: {size - end:,} bytes follow after its last weight. Fetch it again."
        )

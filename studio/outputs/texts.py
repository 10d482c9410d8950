"""The texts a picture file holds, read without decoding a pixel, and never more than a few megabytes of them."""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from studio.errors import StudioError
from studio.outputs.embedding import CHUNK, EXIF_IFD, TEXT, UNICODE, USER_COMMENT

# Large workflows of ComfyUI have some hundred kilobytes.
MOST_TEXT = 2_000_000
MOST_CHUNKS = 50_000
SETTINGS = re.compile(rf"<{CHUNK}:settings>(.*?)</{CHUNK}:settings>".encode(), re.DOTALL)
XMP = b"http://ns.adobe.com/xap/1.0/\0"
EXIF = b"Exif\0\0"
START_OF_SCAN = b"\xff\xda"


def texts(source: Path | bytes) -> dict[str, str]:
    """The texts of a PNG, JPEG or WebP by keyword; what is in EXIF and XMP has the keyword it would have in a PNG.

    StudioError if the file is none of these, is broken, or holds more text than a picture's settings can need.
    """
    try:
        with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
            return _texts(file)
    except OSError as error:
        raise StudioError(f"Picture: the file cannot be read ({error.strerror or error}). Choose it again.") from None
    except (struct.error, zlib.error, UnicodeError, ValueError, IndexError):
        raise StudioError("Picture: the file is damaged or was cut short. Fetch it again.") from None


def _texts(file: BinaryIO) -> dict[str, str]:
    found: dict[str, str] = {}
    room = MOST_TEXT
    for chunk in _bounded(_chunks(file)):
        for keyword, text in READERS[chunk[0]](chunk[1], room).items():
            room -= len(text)
            if room <= 0:
                raise _too_much()
            found.setdefault(keyword, text)
    return found


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """The parts of a file that may hold text, each with its kind; one of another kind comes without its bytes."""
    start = file.read(12)
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        file.seek(8)
        return _png_chunks(file)
    if start.startswith(b"\xff\xd8\xff"):
        file.seek(2)
        return _jpeg_segments(file)
    if start[:4] == b"RIFF" and start[8:] == b"WEBP":
        return _webp_chunks(file)
    raise StudioError("Picture: settings stand in PNG, JPEG and WebP files only. Choose one of these.")


def _bounded(chunks: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Those with bytes, until they are more than an honest file has."""
    size = 0
    for count, (kind, data) in enumerate(chunks, start=1):
        size += len(data)
        if count > MOST_CHUNKS or size > MOST_TEXT:
            raise _too_much()
        if data:
            yield kind, data


def _png_chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        yield kind, _taken(file, kind, length)
        file.seek(4, 1)  # its checksum
        if kind == b"IEND":
            return


def _jpeg_segments(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while len(head := file.read(4)) == 4 and head[0] == 0xFF and head[:2] != START_OF_SCAN:
        yield head[:2], _taken(file, head[:2], max(int.from_bytes(head[2:]) - 2, 0))


def _webp_chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while len(head := file.read(8)) == 8:
        kind, length = struct.unpack("<4sI", head)
        yield kind, _taken(file, kind, length)
        file.seek(length % 2, 1)


def _taken(file: BinaryIO, kind: bytes, length: int) -> bytes:
    """The chunk's bytes, or none of them if it is no text; its length is what the file says, so not to be believed."""
    if kind not in READERS:
        file.seek(length, 1)
        return b""
    if length > MOST_TEXT:
        raise _too_much()
    data = file.read(length)
    if len(data) < length:
        raise ValueError("cut short")
    return data


def _text(data: bytes, room: int) -> dict[str, str]:
    keyword, _, text = data.partition(b"\0")
    return {keyword.decode("latin-1"): text.decode("latin-1")}


def _packed_text(data: bytes, room: int) -> dict[str, str]:
    keyword, _, rest = data.partition(b"\0")
    return {keyword.decode("latin-1"): _inflated(rest[1:], room).decode("latin-1")}


def _international_text(data: bytes, room: int) -> dict[str, str]:
    keyword, _, rest = data.partition(b"\0")
    _language, _translated, text = rest[2:].split(b"\0", 2)
    return {keyword.decode("latin-1"): (_inflated(text, room) if rest[0] else text).decode("utf-8")}


def _inflated(data: bytes, room: int) -> bytes:
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(data, room + 1)
    if len(text) > room:
        raise _too_much()
    return text


def _app1_text(data: bytes, room: int) -> dict[str, str]:
    if data.startswith(XMP):
        return _xmp_text(data.removeprefix(XMP), room)
    return _exif_text(data, room) if data.startswith(EXIF) else {}


def _xmp_text(data: bytes, room: int) -> dict[str, str]:
    """Our own JSON; looked for as bytes, since no XML of a stranger is to be parsed."""
    match = SETTINGS.search(data)
    return {CHUNK: unescape(match[1].decode())} if match else {}


def _exif_text(data: bytes, room: int) -> dict[str, str]:
    exif = Image.Exif()
    try:
        exif.load(EXIF + data.removeprefix(EXIF))
        comment = exif.get_ifd(EXIF_IFD).get(USER_COMMENT)
    except Exception:  # broken EXIF raises anything, and says nothing
        return {}
    text = _comment(comment) if isinstance(comment, bytes) else comment
    return {TEXT: text} if isinstance(text, str) and text.strip() else {}


def _comment(data: bytes) -> str:
    """A UserComment: eight bytes that name its encoding, then the text; UTF-16 of either order of bytes."""
    code, text = data[:8], data[8:]
    if code == UNICODE:
        is_little = text[1::2].count(0) > text[::2].count(0)
        return text.decode("utf-16-le" if is_little else "utf-16-be", "replace").strip("\ufeff\0")
    if code in (b"ASCII\0\0\0", b"\0" * 8):
        return text.decode("utf-8", "replace").strip("\0")
    return data.decode("utf-8", "replace").strip("\0")


def _too_much() -> StudioError:
    return StudioError(
        f"Picture: it holds more text than settings need; at most {MOST_TEXT // 1_000_000} MB are read. "
        "Save it anew without the text, or choose another."
    )


# Kind of chunk → keyword and text in it, of which no more than so much is to be unpacked.
READERS: dict[bytes, Callable[[bytes, int], dict[str, str]]] = {
    b"tEXt": _text,
    b"zTXt": _packed_text,
    b"iTXt": _international_text,
    b"eXIf": _exif_text,
    b"EXIF": _exif_text,
    b"XMP ": _xmp_text,
    b"\xff\xe1": _app1_text,
}

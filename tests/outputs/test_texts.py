"""Only a few megabytes of text are ever read from a file, however it is made."""

import struct
import time
import tracemalloc
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from studio import outputs
from studio.errors import StudioError
from studio.outputs.texts import MOST_TEXT, texts
from tests.outputs import examples


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*chunks: bytes, image: Image.Image | None = None) -> bytes:
    """A PNG with more chunks before its end."""
    file = BytesIO()
    (image or Image.new("RGB", (8, 8))).save(file, "PNG")
    return file.getvalue()[:-12] + b"".join(chunks) + file.getvalue()[-12:]


def with_comment(comment: bytes, format: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[0x8769] = {0x9286: comment}
    file = BytesIO()
    Image.new("RGB", (8, 8)).save(file, format, exif=exif.tobytes())
    return file.getvalue()


def test_all_three_kinds_of_text_are_read_before_and_behind_the_pixels(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("a", "plain")
    info.add_text("b", "gepackt äöü", zip=True)
    info.add_itxt("c", "日本語", zip=True)
    file = BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=info)
    data = file.getvalue()[:-12] + chunk(b"tEXt", b"d\0behind") + file.getvalue()[-12:]
    (tmp_path / "a.png").write_bytes(data)
    assert texts(data) == texts(tmp_path / "a.png") == {"a": "plain", "b": "gepackt äöü", "c": "日本語", "d": "behind"}


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "PNG"])
@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + "a cät 字".encode("utf-16-be"),
        b"UNICODE\0" + "a cät 字".encode("utf-16-le"),
        b"UNICODE\0" + "\ufeffa cät 字".encode("utf-16-be"),
        b"\0" * 8 + "a cät 字".encode(),
        b"ASCII\0\0\0" + "a cät 字".encode(),
    ],
)
def test_a_user_comment_is_read_in_every_encoding(comment: bytes, format: str) -> None:
    assert texts(with_comment(comment, format)) == {"parameters": "a cät 字"}


def test_the_first_of_a_keyword_wins() -> None:
    assert texts(png(chunk(b"tEXt", b"a\x001"), chunk(b"tEXt", b"a\x002"))) == {"a": "1"}


BOMB = zlib.compress(bytes(100_000_000), 9)
HOSTILE = {
    "packed": png(chunk(b"zTXt", b"parameters\0\0" + BOMB)),
    "packed and international": png(chunk(b"iTXt", b"easel\0\1\0\0\0" + BOMB)),
    "many packed": png(*[chunk(b"zTXt", b"%d\0\0" % i + zlib.compress(bytes(900_000))) for i in range(20)]),
    "one more than there is room for": png(
        chunk(b"zTXt", b"a\0\0" + zlib.compress(b" " * (MOST_TEXT - 10))),
        chunk(b"tEXt", b"b\0" + b"x" * 11),
        chunk(b"zTXt", b"c\0\0" + BOMB),
    ),
    "many": png(*[chunk(b"tEXt", b"%d\0x" % i) for i in range(100_000)]),
    "many of one name": png(*[chunk(b"tEXt", b"a\0x")] * 100_000),
    "long": png(chunk(b"tEXt", b"a\0" + b"x" * 3_000_000)),
    "said to be long": png()[:-12] + struct.pack(">I", 2**32 - 1) + b"tEXt",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_bomb_is_refused_without_being_unpacked(name: str) -> None:
    tracemalloc.start()
    begin = time.thread_time()
    with pytest.raises(StudioError, match="^Picture: it holds more text than settings need; at most 2 MB"):
        texts(HOSTILE[name])
    assert time.thread_time() - begin < 10
    assert tracemalloc.get_traced_memory()[1] < 40_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "nested", ['{"request":' * 50_000, "[" * 500_000, '{"request": ' + "[" * 90_000 + "]" * 90_000 + "}"]
)
def test_deeply_nested_json_is_no_settings(nested: str) -> None:
    for keyword in (b"easel", b"prompt", b"parameters", b"invokeai_metadata", b"sd-metadata", b"Comment"):
        with pytest.raises(StudioError, match="holds no settings|characters are too many"):
            outputs.found(png(chunk(b"tEXt", keyword + b"\0" + nested.encode())))


@pytest.mark.parametrize("data", [b"", b"\x89PNG", b"GIF89a", b"<svg/>", b"BM" + bytes(100), bytes(1000)])
def test_other_files_hold_no_settings(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="PNG, JPEG and WebP files only"):
        texts(data)
    with pytest.raises(StudioError, match="cannot be read"):
        texts(tmp_path / "missing.png")


WHOLE = [
    outputs.encoded(Image.new("RGB", (8, 8)), examples.request(), format=format) for format in ("PNG", "JPEG", "WEBP")
]


@settings(deadline=None)
@given(st.sampled_from(WHOLE), st.integers(0, 4000), st.binary(min_size=1, max_size=8), st.integers(0, 4000))
def test_a_broken_file_is_read_or_refused(data: bytes, place: int, noise: bytes, end: int) -> None:
    broken = bytearray(data)
    place %= len(broken)
    broken[place : place + len(noise)] = noise
    try:
        found = outputs.found(bytes(broken[: max(end % len(broken), 12)]))
    except StudioError:
        return
    assert found.source

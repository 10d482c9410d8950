"""A file of weights is known by its content, and what is wrong with it is said in so many words."""

import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from studio.errors import LoadError
from studio.pipelines import headers

SHAPES = {"a": (2, 3), "b": (4,), "c": ()}


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    tensors = {name: torch.zeros(shape, dtype=torch.float16) for name, shape in SHAPES.items()}
    save_file(tensors, path, metadata={"format": "pt"})
    return path


def made(path: Path, header: object, data: bytes = b"") -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def row(begin: int, end: int, *, shape: object = (2,), dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def as_pickle(path: Path, protocol: int) -> None:
    class Canary:
        def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
            return (Path.touch, (path.with_name("canary"),))

    path.write_bytes(pickle.dumps({"weights": Canary()}, protocol=protocol))


def as_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))


# What is done to a sound file, and the words that must be in the message.
DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "a byte": (lambda path: path.write_bytes(b"\x01"), "is damaged"),
    "gone": (Path.unlink, "is missing"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-5]), "is incomplete"),
    "cut header": (lambda path: path.write_bytes(path.read_bytes()[:40]), "is incomplete"),
    "tail": (lambda path: path.write_bytes(path.read_bytes() + b"more"), "4 bytes follow"),
    "page": (lambda path: path.write_text("<!doctype html><title>404</title>"), "is a web page"),
    "page after a mark": (lambda path: path.write_text("\ufeff\n <HTML>not found</HTML>"), "is a web page"),
    "json": (lambda path: path.write_text('{"error": "Repository not found"}'), "is a text"),
    "pointer": (lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0"), "Git LFS"),
    "gguf": (lambda path: path.write_bytes(b"GGUF\x03\0\0\0\0\0\0\0"), "GGUF"),
    "packed": (lambda path: path.write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\0"), "Unpack it"),
    "archive": (as_archive, "is a pickle"),
    "pickle 0": (lambda path: as_pickle(path, 0), "is a pickle"),
    "pickle 2": (lambda path: as_pickle(path, 2), "is a pickle"),
    "pickle 5": (lambda path: as_pickle(path, 5), "is a pickle"),
    "huge header": (lambda path: path.write_bytes(struct.pack("<Q", 100_000_001) + b"{}"), "100,000,001 bytes"),
    "garbage": (lambda path: path.write_bytes(bytes(range(200, 256)) * 9), "no safetensors file"),
    "header of no text": (lambda path: made(path, b"{" + b"\xff" * 20), "header cannot be read"),
    "header is a list": (lambda path: made(path, b"[1, 2, 3]"), "header cannot be read"),
    "header of depth": (lambda path: made(path, b'{"a":' * 90_000), "header cannot be read"),
    "twins": (lambda path: made(path, b'{"a": {}, "a": {}}'), "header cannot be read"),
    "unknown type": (lambda path: made(path, {"a": row(0, 8, dtype="F99")}, b"0" * 8), "header cannot be read"),
    "shape below 0": (lambda path: made(path, {"a": row(0, 8, shape=[-2])}, b"0" * 8), "header cannot be read"),
    "shape is text": (lambda path: made(path, {"a": row(0, 8, shape="2")}, b"0" * 8), "header cannot be read"),
    "other size": (lambda path: made(path, {"a": row(0, 8, shape=[2**40])}, b"0" * 8), "other sizes"),
    "overlap": (lambda path: made(path, {"a": row(0, 8), "b": row(4, 12)}, b"0" * 12), "overlap.*'b'"),
    "gap": (lambda path: made(path, {"a": row(0, 8), "b": row(12, 20)}, b"0" * 20), "gaps.*'b'"),
    "metadata of numbers": (lambda path: made(path, {"__metadata__": {"a": 1}}), "header cannot be read"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_wrong_is_said_with_the_name_and_nothing_runs(whole: Path, damage: str) -> None:
    hurt, words = DAMAGES[damage]
    hurt(whole)
    with pytest.raises(LoadError, match=f"^Checkpoint: weights.safetensors .*{words}"):
        headers.read(whole)
    assert not (whole.parent / "canary").exists()


def test_a_sound_file_tells_names_shapes_and_metadata(whole: Path) -> None:
    header = headers.read(whole)
    assert header.shapes == SHAPES and header.metadata == {"format": "pt"}
    assert header.count() == 11 and header.count(("a", "c")) == 7


def test_a_header_may_be_as_long_as_a_text_begins(tmp_path: Path) -> None:
    """123 is the code of an opening brace, 60 of a page's first sign, and 128, 2 of a pickle's."""
    for length in (60, 123, 0x0280):
        text = json.dumps({"__metadata__": {"a": ""}}).encode().ljust(length)
        made(tmp_path / "a.safetensors", text)
        assert headers.read(tmp_path / "a.safetensors").shapes == {}


@pytest.mark.parametrize("damage", ["archive", "pickle 0", "pickle 2", "pickle 5"])
def test_a_pickle_is_known_without_being_opened(whole: Path, damage: str) -> None:
    assert not headers.is_pickle(whole)
    DAMAGES[damage][0](whole)
    assert headers.is_pickle(whole) and not (whole.parent / "canary").exists()

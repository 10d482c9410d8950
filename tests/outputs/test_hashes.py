"""A checkpoint's hash is A1111's, and is worked out once."""

import hashlib
import os
import struct
from pathlib import Path

from studio.outputs import Index, ModelHashes
from studio.outputs.hashes import LARGEST_AT_ONCE


def test_the_hash_is_kept_until_the_file_changes(tmp_path: Path, index: Index) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"weights")
    hashes = ModelHashes(index)
    assert hashes.of(path) == hashlib.sha256(b"weights").hexdigest()[:10]
    changed = path.stat()
    path.write_bytes(b"WEIGHTS")
    os.utime(path, ns=(changed.st_atime_ns, changed.st_mtime_ns))
    assert ModelHashes(index).of(path) == hashlib.sha256(b"weights").hexdigest()[:10]
    path.write_bytes(b"other")
    assert hashes.of(path) == hashlib.sha256(b"other").hexdigest()[:10]


def test_a_large_file_is_hashed_beside_the_work(tmp_path: Path, index: Index) -> None:
    path = tmp_path / "large.safetensors"
    with path.open("wb") as file:
        file.truncate(LARGEST_AT_ONCE + 1)  # a hole, which takes no room
    hashes = ModelHashes(index)
    assert hashes.of(path) is None
    hashes.wait()
    with path.open("rb") as file:
        assert hashes.of(path) == hashlib.file_digest(file, "sha256").hexdigest()[:10]


def test_folders_and_missing_files_have_none(tmp_path: Path, index: Index) -> None:
    hashes = ModelHashes(index)
    assert hashes.of(tmp_path) is None and hashes.of(tmp_path / "missing.safetensors") is None


def test_a_lora_is_known_by_its_weights_alone(tmp_path: Path, index: Index) -> None:
    path = tmp_path / "ink.safetensors"
    header = b'{"__metadata__": {}}'
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"weights")
    assert ModelHashes(index).of_lora(path) == hashlib.sha256(b"weights").hexdigest()[:12]
    assert ModelHashes(index).of_lora(path) == hashlib.sha256(b"weights").hexdigest()[:12]
    assert ModelHashes(index).of_lora(tmp_path / "gone.safetensors") is None


def test_an_embedding_is_known_by_all_of_its_file(tmp_path: Path, index: Index) -> None:
    path = tmp_path / "ink.safetensors"
    path.write_bytes(b"header and weights")
    assert ModelHashes(index).of_embedding(path) == hashlib.sha256(b"header and weights").hexdigest()[:12]

"""A start image is found again by its owner, and by nobody else."""

from pathlib import Path

import pytest

from studio.errors import NotFound, StudioError
from studio.outputs import find_picture, keep_input
from tests.outputs import examples


def test_a_start_image_is_kept_once_and_found(tmp_path: Path) -> None:
    for _ in range(2):
        assert keep_input(examples.START, tmp_path, owner="me") == examples.START.reference
    assert find_picture(examples.START.reference, tmp_path, owner="me") == examples.START
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("other", ["you", "local", "me "])
def test_nobody_elses_is_found(other: str, tmp_path: Path) -> None:
    keep_input(examples.START, tmp_path, owner="me")
    with pytest.raises(NotFound, match="^Start image: it is not kept here any more"):
        find_picture(examples.START.reference, tmp_path, owner=other)


@pytest.mark.parametrize(
    "bad", ["", "sha256:", "sha256:../x", f"sha256:{'g' * 64}", f"sha256:{'A' * 64}", None, 5, "\0"]
)
def test_only_digests_are_looked_for(bad: object, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="^Start image: the settings do not tell"):
        find_picture(bad, tmp_path, owner="local")


def test_a_file_that_was_changed_is_not_used(tmp_path: Path) -> None:
    keep_input(examples.START, tmp_path, owner="local")
    (kept,) = (tmp_path / "inputs").iterdir()
    kept.write_bytes(kept.read_bytes()[:-4])
    with pytest.raises(NotFound):
        find_picture(examples.START.reference, tmp_path, owner="local")

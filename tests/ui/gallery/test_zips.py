"""A ZIP is its owner's, and the last one only."""

from pathlib import Path

import pytest
from PIL import Image

from studio import outputs
from studio.errors import NotFound
from studio.outputs import Gallery
from studio.requests import TextToImage
from studio.results import Result
from studio.ui.gallery import zips


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """One picture of "alice"."""
    index = outputs.opened(tmp_path)
    request = TextToImage(prompt="a house", checkpoint="one", seed=1)
    outputs.saved(Result(images=(Image.new("RGB", (8, 8)),), request=request, seconds=0), index, owner="alice", job="a")
    return Gallery(index, "alice")


def test_an_owner_fetches_the_last_one(gallery: Gallery) -> None:
    ids = [row.id for row in gallery.page()[0]]
    first, second = (zips.packed(gallery, "alice", ids) for _ in range(2))
    assert zips.path("alice", second).read_bytes().startswith(b"PK")
    for owner, token in (("alice", first), ("mallory", second), ("local", second), ("alice", "../alice")):
        with pytest.raises(NotFound, match="^ZIP: it is not there any more"):
            zips.path(owner, token)


def test_nothing_is_packed_of_others(gallery: Gallery) -> None:
    with pytest.raises(NotFound):
        zips.packed(gallery, "alice", ["0" * 32])

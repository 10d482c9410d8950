"""What is deleted can be brought back until it is purged."""

import pytest

from studio import outputs
from studio.errors import StudioError
from studio.outputs import Gallery, Index
from tests.outputs import examples


def test_only_what_lies_long_enough_is_purged(index: Index) -> None:
    outputs.saved(examples.result(pictures=2), index, owner="someone", job="a")
    gallery = Gallery(index, "someone")
    (kept, gone), _ = gallery.page()
    small = gallery.thumbnail(gone.id)
    gallery.delete([gone.id])
    assert outputs.purge(index, older_than=60) == 0
    assert outputs.purge(index, older_than=0) == 1
    assert not small.exists() and gallery.page()[0] == [kept]
    with pytest.raises(StudioError):
        gallery.restore([gone.id])
    assert [path.name for path in index.folder.rglob("*.png")] == [kept.path.rpartition("/")[2]]


def test_a_picture_comes_back_beside_what_took_its_place(index: Index) -> None:
    (path,) = outputs.saved(examples.result(), index, owner="local", job="a").paths
    gallery = Gallery(index, "local")
    (row,), _ = gallery.page()
    gallery.delete([row.id])
    path.write_bytes(b"another")
    gallery.restore([row.id])
    assert path.read_bytes() == b"another" and gallery.path(row.id) == path.with_stem(f"{path.stem}-2")


def test_a_file_that_cannot_be_moved_stays_in_the_gallery(index: Index) -> None:
    outputs.saved(examples.result(), index, owner="local", job="a")
    (index.folder / ".trash").write_text("in the way")
    gallery = Gallery(index, "local")
    (row,), _ = gallery.page()
    with pytest.raises(StudioError, match="^Picture: it cannot be moved"):
        gallery.delete([row.id])
    assert gallery.page()[0] == [row] and gallery.path(row.id).is_file()

"""Each owner finds their own pictures, quickly, and nobody else's."""

import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio import outputs
from studio.errors import InvalidField, NotFound, StudioError
from studio.outputs import Filter, Gallery, Index, Row
from studio.outputs.rows import add
from tests.outputs import examples


def entered(index: Index, *prompts: str, owner: str = "local", **more: object) -> Gallery:
    """A gallery with a row for each prompt; the files are not there."""
    key = outputs.owner_key(owner)
    rows = [
        Row(
            path=f"{key}/{time.monotonic_ns()}-{number}.png",
            owner=key,
            created=number,
            width=8,
            height=8,
            prompt=prompt,
        )
        for number, prompt in enumerate(prompts)
    ]
    index.run(lambda connection: [add(connection, Row(**vars(row) | more)) for row in rows])
    return Gallery(index, owner)


def found(gallery: Gallery, search: str) -> list[str]:
    return [row.prompt for row in gallery.page(Filter(search=search))[0]]


def test_the_newest_come_first_whatever_the_clock_said(index: Index) -> None:
    gallery = entered(index, "one", created=100.0)
    entered(index, "two", created=50.0)
    rows, total = gallery.page(limit=1)
    assert ([row.prompt for row in rows], total) == (["two"], 2)
    assert [row.prompt for row in gallery.page(offset=1, limit=1)[0]] == ["one"]
    with pytest.raises(InvalidField, match="1 to 500 pictures"):
        gallery.page(limit=0)


def test_every_word_has_to_occur_and_no_sign_has_a_meaning(index: Index) -> None:
    gallery = entered(
        index, "A red house", "red 100% cotton", "snake_case", "Straße in KÖLN", "日本の家", 'say "hi" OR -no*'
    )
    assert found(gallery, "RED house") == ["A red house"]
    assert found(gallery, "hous re") == ["A red house"]
    assert found(gallery, "%") == ["red 100% cotton"]
    assert found(gallery, "_") == ["snake_case"]
    assert found(gallery, "STRASSE köln") == ["Straße in KÖLN"]
    assert found(gallery, "ko\u0308ln") == ["Straße in KÖLN"]
    assert found(gallery, "の家") == ["日本の家"]
    assert found(gallery, 'or "hi" -no*') == ['say "hi" OR -no*']
    assert found(gallery, "red NOT house NEAR(a)") == []
    assert len(found(gallery, "   ")) == 6


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_search_is_answered(index: Index, search: str, checkpoint: str) -> None:
    entered(index, "a red house")
    try:
        Gallery(index, "local").page(Filter(search=search, checkpoint=checkpoint))
    except StudioError:
        assert any(0xD800 <= ord(letter) <= 0xDFFF for letter in search + checkpoint)


def test_filters_add_up(index: Index) -> None:
    gallery = entered(index, *(f"house {number}" for number in range(10)), checkpoint="one")
    entered(index, "house", "tree", checkpoint="two")
    rows, _ = gallery.page(Filter(search="house", checkpoint="one", since=3, until=6))
    assert [row.prompt for row in rows] == ["house 5", "house 4", "house 3"]
    gallery.star(rows[1].id, True)
    assert [row.prompt for row in gallery.page(Filter(starred=True))[0]] == ["house 4"]
    gallery.star(rows[1].id, False)
    assert gallery.page(Filter(starred=True)) == ([], 0)
    assert gallery.checkpoints() == ["one", "two"]


ATTEMPTS = [
    lambda gallery, id, target: gallery.get(id),
    lambda gallery, id, target: gallery.path(id),
    lambda gallery, id, target: gallery.thumbnail(id),
    lambda gallery, id, target: gallery.star(id, True),
    lambda gallery, id, target: gallery.delete([id]),
    lambda gallery, id, target: gallery.restore([id]),
    lambda gallery, id, target: gallery.zip([id], target),
]


@pytest.mark.parametrize("other", ["mallory", "local", "", "the key"])
def test_nobody_reaches_another_owners_pictures(other: str, index: Index, tmp_path: Path) -> None:
    outputs.saved(examples.result(pictures=2), index, owner="alice", job="a" * 32)
    alice, mallory = (
        Gallery(index, "alice"),
        Gallery(index, outputs.owner_key("alice") if other == "the key" else other),
    )
    before = alice.page()
    ids = [row.id for row in before[0]]
    assert mallory.page(Filter(search="zwei")) == ([], 0) and mallory.checkpoints() == []
    for id in (*ids, "", "%", "0" * 32, ids[0].upper(), "\ud800"):
        for attempt in ATTEMPTS:
            with pytest.raises(NotFound, match="^Picture: it is not in your gallery"):
                attempt(mallory, id, tmp_path / "stolen.zip")
    assert not (tmp_path / "stolen.zip").exists() and alice.page() == before


def test_ids_are_random_and_tell_no_order(index: Index) -> None:
    outputs.saved(examples.result(pictures=8), index, owner="local", job="a")
    ids = [row.id for row in Gallery(index, "local").page()[0]]
    assert len(set(ids)) == 8 and all(len(id) == 32 for id in ids) and ids not in (sorted(ids), sorted(ids)[::-1])


def test_deleted_pictures_come_back(index: Index) -> None:
    (path, _) = outputs.saved(examples.result(pictures=2), index, owner="local", job="a").paths
    data = path.read_bytes()
    gallery = Gallery(index, "local")
    rows, _ = gallery.page()
    gallery.star(rows[1].id, True)
    gallery.delete([row.id for row in rows])
    assert gallery.page() == ([], 0) and not path.exists() and gallery.path(rows[1].id).read_bytes() == data
    gallery.delete([rows[0].id])
    in_trash, total = gallery.page(Filter(deleted=True))
    assert [row.id for row in in_trash] == [row.id for row in rows] and total == 2
    gallery.restore([row.id for row in rows])
    assert gallery.page()[0] == [rows[0], gallery.get(rows[1].id)] and path.read_bytes() == data
    assert gallery.get(rows[1].id).is_starred


def test_a_foreign_id_among_them_stops_all(index: Index) -> None:
    outputs.saved(examples.result(), index, owner="local", job="a")
    gallery = Gallery(index, "local")
    (row,), _ = gallery.page()
    with pytest.raises(NotFound):
        gallery.delete([row.id, "0" * 32])
    assert gallery.page()[1] == 1


def test_pictures_are_packed_under_names_of_their_own(index: Index, tmp_path: Path) -> None:
    saved = outputs.saved(examples.result(pictures=3), index, owner="local", job="abc")
    twin = saved.paths[0].parent / saved.paths[0].name.upper().replace(".PNG", ".png")
    twin.write_bytes(saved.paths[0].read_bytes())
    outputs.sweep(index)
    gallery = Gallery(index, "local")
    rows, total = gallery.page()
    gallery.zip([row.id for row in rows] * 2, tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        names = archive.namelist()
        assert archive.testzip() is None and total == 4
    assert len(names) == len({name.casefold() for name in names}) == 4 and all("/" not in name for name in names)
    with pytest.raises(StudioError, match="^ZIP: it cannot be written"):
        gallery.zip([rows[0].id], tmp_path / "missing" / "all.zip")


def test_a_lost_file_leaves_the_gallery(index: Index) -> None:
    saved = outputs.saved(examples.result(pictures=2), index, owner="local", job="abc")
    saved.paths[0].unlink()
    gallery = Gallery(index, "local")
    (_, lost), _ = gallery.page()
    with pytest.raises(NotFound, match="is not there any more"):
        gallery.path(lost.id)
    assert gallery.page()[1] == 1


def test_thumbnails_are_served_under_their_id(index: Index) -> None:
    outputs.saved(examples.result(), index, owner="local", job="abc")
    (row,), _ = Gallery(index, "local").page()
    assert Gallery(index, "local").thumbnail(row.id) == index.folder / ".thumbnails" / f"{row.id}.webp"


def test_ten_thousand_pictures_are_searched_in_a_tenth_of_a_second(index: Index) -> None:
    words = ["house", "tree", "snow", "sunset", "watercolor", "cat", "boat", "night"]
    prompts = [
        f"a {words[n % 8]} and a {words[n // 8 % 8]}, picture {n}, " + "finely drawn, " * 20 for n in range(10_000)
    ]
    infotext = "Steps: 20, Sampler: DPM++ 2M, " * 20
    gallery = entered(index, *prompts, checkpoint="one", infotext=infotext, request={"prompt": "x" * 500})
    for wanted in (
        Filter(),
        Filter(search="snow cat"),
        Filter(search="nothing"),
        Filter(checkpoint="one", starred=True),
    ):
        begin = time.thread_time()
        gallery.page(wanted, offset=1000)
        assert time.thread_time() - begin < 0.5

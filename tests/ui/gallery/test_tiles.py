"""The grid says what each picture is, in no language but text."""

from html import unescape

from studio.outputs import Filter, Row
from studio.ui.gallery.tiles import LONGEST_NAME, counted, name, noted, nothing, place, tiles

HOSTILE = """<img src=x onerror=alert(1)> '"&"""


def row(**more: object) -> Row:
    return Row(**{"path": "2026-11-25/a.png", "owner": "", "created": 0, "width": 192, "height": 128} | more)


def test_words_are_text_wherever_they_stand() -> None:
    html = tiles([row(prompt=HOSTILE)])
    assert HOSTILE not in html and "<img src=x" not in html
    assert HOSTILE in unescape(html)


def test_each_keeps_its_shape_and_its_place() -> None:
    one, other = row(prompt="one"), row(prompt="two", width=128, height=192, is_starred=True)
    html = tiles([one, other])
    assert html.index(one.id) < html.index(other.id)
    assert "--ratio: 1.5000" in html and "width='192' height='128'" in html and "--ratio: 0.6667" in html
    assert html.count("class='star'") == 1 and "two, starred" in html


def test_the_keys_come_to_one_of_them() -> None:
    assert tiles([row(), row(), row()]).count("tabindex='0'") == 2  # its button and its box


def test_a_name_is_short_and_there() -> None:
    assert name(row()) == "A picture without words"
    assert name(row(prompt="two\n lines")) == "two lines"
    assert len(name(row(prompt="word " * 100))) == LONGEST_NAME


def test_an_empty_grid_says_why() -> None:
    assert "Nothing here yet." in nothing(Filter())
    assert "No picture matches." in nothing(Filter(search="x", starred=True))
    assert "Nothing starred yet." in nothing(Filter(starred=True))
    assert "Nothing deleted." in nothing(Filter(deleted=True))


def test_how_many_there_are() -> None:
    assert "1 picture<" in counted(1) and "10,000 pictures<" in counted(10_000)
    assert "61–120 of 10,000" in place(60, 60, 10_000)


def test_a_note_is_text_and_none_leaves_no_room() -> None:
    assert noted("") == ""
    assert HOSTILE not in noted(HOSTILE) and HOSTILE in unescape(noted(HOSTILE))

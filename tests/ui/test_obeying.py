"""How far a picture obeys is told in words, and nothing is where nothing was followed."""

import pytest

from studio.ui import markup, obeying

EDGES = {"kind": "canny", "measure": "edges", "value": 0.614}
COSTS = [None, {"seconds": 2.04, "weights_bytes": 51_000_000}]


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("canny", 0.614, "61% of edges agree"),
        ("depth", 0.925, "0.93 of 1"),
        ("pose", 3.21, "3.2 % of the height"),
        ("segmentation", 0.5, "50% of the areas"),
        ("pose", None, "cannot be compared"),
    ],
)
def test_a_figure_is_told_in_its_unit(kind: str, value: float | None, said: str) -> None:
    assert said in markup.scores([{"kind": kind, "value": value}])


def test_a_picture_tells_its_own_figures() -> None:
    details = {"obeyed": [[], [EDGES]], "costs": []}
    assert obeying._said(details, 0) == ""
    assert "61%" in obeying._said(details, 1)


def test_a_sheet_tells_what_each_method_took() -> None:
    details = {"obeyed": [[], [EDGES]], "costs": COSTS, "request": {"x": {"values": ["controlnet"]}}}
    told = obeying._said(details, 0)
    assert all(word in told for word in ("ControlNet", "2.0 s", "51 MB", "61%"))


@pytest.mark.parametrize("details", [None, {}, {"obeyed": []}, {"obeyed": [[]], "costs": None}, "x"])
@pytest.mark.parametrize("index", [0, 7, None, "0"])
def test_what_tells_nothing_is_shown_as_nothing(details: object, index: object) -> None:
    assert obeying._said(details, index) == ""

"""HTML of our own: what people typed stays text, and the line says where a job is."""

import pytest

from studio.results import Progress
from studio.ui import markup

EVIL = "<img src=x onerror=alert('1')>"
ROW = {
    "family_label": EVIL,
    "size_bytes": 1,
    "licence": EVIL,
    "licence_url": EVIL,
    "on_disk": False,
    "problem": "",
    "left_out": EVIL,
    "is_gated": True,
}


@pytest.mark.parametrize(
    "html",
    [
        markup.message(EVIL),
        markup.line(EVIL),
        markup.note(EVIL),
        markup.heading(EVIL),
        markup.tool_group(EVIL),
        markup.words({EVIL: (EVIL,)}),
        markup.style_cards({EVIL: [(EVIL, EVIL, EVIL)]}),
        markup.prompt_help(EVIL, EVIL),
        markup.signs({EVIL: EVIL}),
        markup.rows({EVIL: EVIL}),
        markup.found(EVIL, {EVIL: EVIL}, {EVIL: EVIL}, [EVIL]),
        markup.progress(Progress(phase=EVIL)),
        markup.status_line({"state": EVIL, "device": EVIL, "memory": EVIL, "waiting": 0}),
        markup.checkpoint_line(ROW),
        markup.checkpoint_line(ROW, EVIL),
    ],
)
def test_text_stays_text(html: str) -> None:
    assert "<img src=x" not in html.lower() and "&lt;img" in html.lower()
    assert "alert('1')" not in html.lower(), "a quote would end an attribute"


def test_the_line_names_phase_step_and_seconds() -> None:
    said = markup.progress(Progress(phase="painting", step=7, steps=20, elapsed=3.2, remaining=5.9))
    assert "Painting · step 7 of 20 · 3 s · about 6 s left" in said
    assert "value='7' max='20'" in said


@pytest.mark.parametrize(
    ("step", "steps", "said"),
    [
        (1_230_000_000, 2_130_000_000, "Downloading 1.2 of 2.1 GB · about 90 s left"),
        (400_000_000, 2_130_000_000, "Downloading 0.4 of 2.1 GB"),
        (1_200_000, 4_574_861, "Downloading 1.2 of 4.6 MB"),
        (3_000_000, 19_000_000, "Downloading 3 of 19 MB"),
        (3_000_000, 0, "Downloading 3.0 MB"),
        (0, 0, "Downloading · about"),
    ],
)
def test_a_download_is_told_in_bytes(step: int, steps: int, said: str) -> None:
    assert said in markup.progress(Progress(phase="downloading", step=step, steps=steps, elapsed=9, remaining=90))


def test_who_waits_is_told_how_many_come_before() -> None:
    assert "Waiting, 2 before you" in markup.progress(Progress(phase="waiting", queue_place=3))
    assert "Next in line" in markup.progress(Progress(phase="waiting", queue_place=1))


@pytest.mark.parametrize(("size_bytes", "said"), [(19_000_000, "19 MB"), (2_130_000_000, "2.1 GB")])
def test_a_checkpoint_tells_size_and_place(size_bytes: int, said: str) -> None:
    plain = {"family_label": "SD", "licence": "MIT", "licence_url": "", "is_gated": False, "left_out": ""}
    row = ROW | plain | {"size_bytes": size_bytes}
    assert f"SD · {said} · MIT · not on this machine" in markup.checkpoint_line(row)


def test_one_of_several_pictures_is_named_with_its_seed() -> None:
    assert "Picture 2 of 3 · seed 8" in markup.chosen({"seeds": (7, 8, 9), "request": {}}, 1)
    assert markup.chosen({"seeds": (7,), "request": {}}, 0) == ""


def test_a_sheet_is_not_counted_among_its_pictures() -> None:
    details = {"seeds": (7, 8, 9), "request": {"base": {}}}
    assert "The sheet of 2 pictures" in markup.chosen(details, 0)
    assert "Picture 1 of 2 · seed 8" in markup.chosen(details, 1)

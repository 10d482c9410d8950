"""HTML of our own: what people typed stays text, and the line says where a job is."""

import pytest

from studio.results import Progress
from studio.ui import markup

EVIL = "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize(
    "html",
    [
        markup.message(EVIL),
        markup.line(EVIL),
        markup.words({EVIL: (EVIL,)}),
        markup.progress(Progress(phase=EVIL)),
        markup.status_line({"state": EVIL, "device": EVIL, "memory": EVIL, "waiting": 0}),
        markup.checkpoint_line({"family_label": EVIL, "size_bytes": 1, "licence": EVIL, "on_disk": True}),
    ],
)
def test_text_stays_text(html: str) -> None:
    assert EVIL.lower() not in html.lower() and "&lt;img" in html.lower()


def test_the_line_names_phase_step_and_seconds() -> None:
    said = markup.progress(Progress(phase="painting", step=7, steps=20, elapsed=3.2, remaining=5.9))
    assert "Painting · step 7 of 20 · 3 s · about 6 s left" in said
    assert "value='7' max='20'" in said


def test_who_waits_is_told_how_many_come_before() -> None:
    assert "Waiting, 2 before you" in markup.progress(Progress(phase="waiting", queue_place=3))
    assert "Next in line" in markup.progress(Progress(phase="waiting", queue_place=1))


@pytest.mark.parametrize(("size_bytes", "said"), [(19_000_000, "19 MB"), (2_130_000_000, "2.1 GB")])
def test_a_checkpoint_tells_size_and_place(size_bytes: int, said: str) -> None:
    row = {"family_label": "SD", "size_bytes": size_bytes, "licence": "MIT", "on_disk": False}
    assert f"SD · {said} · MIT · not on this machine" in markup.checkpoint_line(row)

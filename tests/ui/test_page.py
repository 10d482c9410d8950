"""Who asks: twenty visitors of one studio, each with a picture, a job and a start image that are nobody else's."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from studio.config import Settings
from studio.engine.local import LocalEngine
from studio.errors import NotFound
from studio.images import picture
from studio.requests import ImageToImage
from tests.ui.conftest import Served, serve

VISITORS = [f"{number:032x}" for number in range(1, 21)]


@pytest.fixture(scope="module")
def public(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio that others can reach; the platform it stands on decides who may come."""
    outputs = tmp_path_factory.mktemp("outputs")
    yield from serve(Settings(models=models, outputs=outputs, device="cpu", checkpoint="one", listen="0.0.0.0"))


@pytest.fixture(scope="module")
def belongings(public: Served) -> dict[str, tuple[str, str, str]]:
    """For each visitor the ids of a job and a picture, and the reference of a start image."""
    found = {}
    for number, visitor in enumerate(VISITORS):
        start = picture(Image.new("RGB", (96, 96), (number, 0, 0)))
        request = ImageToImage(checkpoint="one", num_inference_steps=2, width=96, height=96, image=start, strength=0.5)
        job = public.engine.submit(request, visitor)
        list(public.engine.events(job.id, visitor))
        (row,), _ = public.engine.gallery(visitor).page()
        found[visitor] = job.id, row.id, start.reference
    return found


def called(public: Served, visitor: str, endpoint: str, values: list) -> str:
    """What an endpoint answers a visitor in the end."""
    with httpx.Client(base_url=public.url, cookies={"easel_visitor": visitor}, timeout=60) as client:
        event = client.post(f"gradio_api/call/{endpoint}", json={"data": values}).json()["event_id"]
        return client.get(f"gradio_api/call/{endpoint}/{event}").text


def test_a_foreign_job_cannot_be_stopped(public: Served, belongings: dict[str, tuple[str, str, str]]) -> None:
    own, _, _ = belongings[VISITORS[0]]
    assert "error" not in called(public, VISITORS[0], "cancel", [own])
    for visitor in VISITORS[1:]:
        assert "Job: there is none of that id" in called(public, visitor, "cancel", [own])


# Everything that takes the id of something: a job, a picture of the gallery, a start image.
ATTEMPTS: tuple[Callable[[LocalEngine, str, tuple[str, str, str]], object], ...] = (
    lambda engine, visitor, ids: next(engine.events(ids[0], visitor)),
    lambda engine, visitor, ids: engine.cancel(ids[0], visitor),
    lambda engine, visitor, ids: engine.gallery(visitor).path(ids[1]),
    lambda engine, visitor, ids: engine.gallery(visitor).thumbnail(ids[1]),
    lambda engine, visitor, ids: engine.gallery(visitor).star(ids[1], True),
    lambda engine, visitor, ids: engine.gallery(visitor).delete([ids[1]]),
    lambda engine, visitor, ids: engine.gallery(visitor).restore([ids[1]]),
    lambda engine, visitor, ids: engine.find_picture(ids[2], visitor),
)


@pytest.mark.parametrize("visitor", VISITORS)
def test_nothing_of_anybody_else_is_found_by_any_id(
    public: Served, belongings: dict[str, tuple[str, str, str]], visitor: str
) -> None:
    for other in set(VISITORS) - {visitor}:
        for attempt in ATTEMPTS:
            with pytest.raises(NotFound):
                attempt(public.engine, visitor, belongings[other])
    assert [job.owner for job in public.engine.jobs(visitor)] == [visitor]
    assert [row.id for row in public.engine.gallery(visitor).page()[0]] == [belongings[visitor][1]]


def test_each_still_has_what_is_theirs(public: Served, belongings: dict[str, tuple[str, str, str]]) -> None:
    for visitor, (_, row, reference) in belongings.items():
        assert public.engine.gallery(visitor).path(row).is_file()
        assert public.engine.find_picture(reference, visitor).reference == reference

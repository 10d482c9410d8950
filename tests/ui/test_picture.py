"""Finished pictures on the page: also when some of them have been deleted since."""

from dataclasses import replace
from pathlib import Path

import gradio as gr
from PIL import Image

from studio import outputs
from studio.engine.jobs import Job
from studio.requests import TextToImage
from studio.results import Result
from studio.ui.bench import Bench
from studio.ui.picture import picture_files

PICTURES = (Image.new("RGB", (64, 64), "red"), Image.new("RGB", (64, 64), "blue"))


def kept(folder: Path) -> Result:
    request = TextToImage(prompt="a cat", seed=1, num_images_per_prompt=2)
    paths = tuple(folder / f"{index}.png" for index in range(2))
    result = Result(images=PICTURES, request=request, seconds=1.0, paths=paths)
    for path, image, alone in zip(paths, PICTURES, result.requests, strict=True):
        outputs.write(path, image, alone)
    return result


def test_one_deleted_since_is_written_anew_while_it_is_held(tmp_path: Path) -> None:
    result = kept(tmp_path)
    result.paths[0].unlink()
    (first, _), _ = picture_files(result, gr.Image())
    with Image.open(first) as image:
        assert image.getpixel((0, 0)) == (255, 0, 0)


def test_one_deleted_since_and_not_held_any_more_is_left_out(tmp_path: Path) -> None:
    result = replace(kept(tmp_path), images=())
    result.paths[0].unlink()
    ((_, request),) = picture_files(result, gr.Image())
    assert request == result.requests[1]


def test_pictures_found_again_take_no_stop_from_what_runs_by_now(tmp_path: Path, bench: Bench) -> None:
    result = kept(tmp_path)
    job = Job(id="1", owner="ann", request=result.request, state="done", result=result)
    found, view = bench.view.found_again(job), bench.view
    assert len(found[view.gallery]["value"]) == 2
    assert found.keys().isdisjoint({view.actions.run, view.actions.stop, view.job, view.frame})

"""Pictures become control images of their size, and settings that mean nothing are refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from PIL import Image

from studio import images, skeletons
from studio.config import Settings
from studio.errors import Cancelled, InvalidField, LoadError, NotFound
from studio.requests import Preprocess
from studio.results import Preprocessed, Preview, Progress
from studio.storybook import pose, render
from studio.storybook.data import UNSEEN
from studio.tasks.preprocess import Preprocessing
from studio.vision import annotators, palettes, preprocessors
from studio.vision.preprocessors import ANNOTATORS, PREPROCESSORS, Preprocessor
from tests import nets

BLANK = preprocessors.preprocessor("canny").blank
PIDINET = preprocessors.preprocessor("pidinet")
Made = Callable[..., Preprocessed]
PERSON = pose.with_people(UNSEEN + 90_000, 1, aspect=1.5)[0]
SCENE = images.picture(render.picture(PERSON, 96))
# The others are too large to be made in a moment.
SMALL = [row for row in PREPROCESSORS if row.id not in nets.SAYING]


def quietly(event: Progress | Preview) -> None:
    """Hears and says nothing."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of a studio in whose cache lie nets of chance, and that can fetch no others."""
    cache = tmp_path_factory.mktemp("cache")
    folder = nets.cached(cache, ANNOTATORS)
    for file in (annotators.HED, annotators.PIDINET, annotators.LINES, annotators.COARSE_LINES):
        nets.write_annotator(folder, file)
    nets.write_upernet(nets.cached(cache, preprocessors.preprocessor("upernet").source))
    anything = nets.cached(cache, preprocessors.preprocessor("depth-anything").source)
    for file in (nets.PROJECT / "assets/storybook/depth").iterdir():
        (anything / file.name).symlink_to(file)
    return Settings(cache_dir=cache, offline=True)


@pytest.fixture(scope="module")
def held(settings: Settings) -> Preprocessing:
    return Preprocessing(settings)


@pytest.fixture(scope="module")
def made(held: Preprocessing) -> Made:
    return lambda **values: held.preprocess(Preprocess(**{"image": SCENE} | values), quietly)


def counted(held: Preprocessing, key: tuple[str, ...], asked: list[object]) -> torch.utils.hooks.RemovableHandle:
    """Lets `asked` grow by one for each time that a net of transformers is asked."""
    return held._nets[key][0].model.register_forward_hook(lambda *call: asked.append(call))


@pytest.mark.parametrize("row", SMALL, ids=lambda row: row.id)
def test_a_control_image_is_as_large_as_its_picture(made: Made, row: Preprocessor) -> None:
    assert made(preprocessor=row.id).image.size == SCENE.size


@pytest.mark.parametrize("id", ["hed", "storybook-segmentation", "none"])
def test_of_any_shape(made: Made, id: str) -> None:
    odd = images.picture(Image.radial_gradient("L").resize((70, 131)).convert("RGB"))
    assert made(image=odd, preprocessor=id).image.size == (70, 131)


def test_the_same_request_makes_it_once(made: Made) -> None:
    assert made(high_threshold=90) is made(high_threshold=90)


def test_the_same_request_asks_no_net_again(held: Preprocessing, made: Made) -> None:
    asked: list[object] = []
    made(preprocessor="storybook-depth")
    count = counted(held, ("assets/storybook/depth",), asked)
    first = made(preprocessor="storybook-depth")
    assert made(preprocessor="storybook-depth") is first and asked == []
    made(preprocessor="storybook-depth", detect_resolution=64)
    assert len(asked) == 1
    count.remove()


def test_rows_of_the_same_files_share_a_net(settings: Settings) -> None:
    held = Preprocessing(settings)
    for id in ("pidinet", "pidinet-safe"):
        held.preprocess(Preprocess(image=SCENE, preprocessor=id), quietly)
    assert list(held._nets) == [(ANNOTATORS, annotators.PIDINET)]


def test_threads_that_share_it_share_a_net_and_what_it_made(settings: Settings) -> None:
    held, phases = Preprocessing(settings), []
    request = Preprocess(image=SCENE, preprocessor="pidinet")
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(held.preprocess, request, lambda event: phases.append(event.phase)) for _ in range(8)]
    assert len({result.result().image for result in asked}) == 1
    assert phases.count("reading the preprocessor") == 1


def test_while_a_net_is_fetched_others_answer(settings: Settings) -> None:
    held, is_reading, go_on = Preprocessing(settings), Event(), Event()

    def wait(event: Progress | Preview) -> None:
        is_reading.set()
        go_on.wait(60)

    held.preprocess(Preprocess(image=SCENE, preprocessor="pidinet"), quietly)
    with ThreadPoolExecutor(1) as pool:
        fetched = pool.submit(held.preprocess, Preprocess(image=SCENE, preprocessor="hed"), wait)
        assert is_reading.wait(60)
        held.preprocess(Preprocess(image=SCENE, preprocessor="pidinet", detect_resolution=64), quietly)
        assert not fetched.done()
        go_on.set()
    assert fetched.result().image.size == SCENE.size


def test_what_was_made_longest_ago_is_let_go() -> None:
    of_one = 3 * len(SCENE.data) // 2  # a picture and what edges of it come to, but not two
    small = Preprocessing(Settings(), made_bytes=of_one)
    requests = [Preprocess(image=SCENE, high_threshold=value) for value in (100, 120)]
    for request in requests:
        small.preprocess(request, quietly)
    assert list(small._made) == requests[1:]


def test_the_net_asked_longest_ago_is_let_go_where_they_need_much(settings: Settings) -> None:
    small = Preprocessing(settings, nets_bytes=PIDINET.size_bytes)
    for id in ("lineart", "pidinet"):
        small.preprocess(Preprocess(image=SCENE, preprocessor=id), quietly)
    assert list(small._nets) == [(ANNOTATORS, annotators.PIDINET)]


def test_it_tells_what_takes_long(settings: Settings) -> None:
    phases: list[str] = []
    for _ in range(2):
        request = Preprocess(image=SCENE, preprocessor="pidinet")
        Preprocessing(settings).preprocess(request, lambda event: phases.append(event.phase))
    assert phases == 2 * ["reading the preprocessor", "preprocessing"]


def test_what_it_tells_may_stop_it(settings: Settings) -> None:
    def stop(event: Progress | Preview) -> None:
        raise Cancelled("stopped")

    held = Preprocessing(settings)
    with pytest.raises(Cancelled):
        held.preprocess(Preprocess(image=SCENE, preprocessor="pidinet"), stop)
    assert held.preprocess(Preprocess(image=SCENE, preprocessor="pidinet"), quietly).image.size == SCENE.size


def test_a_pickle_is_converted_before_its_net_is_read(tmp_path: Path) -> None:
    folder = nets.cached(tmp_path, ANNOTATORS)
    weights = {f"module.{name}": value for name, value in nets.FILES[annotators.PIDINET]().state_dict().items()}
    torch.save({"state_dict": weights, "epoch": 14}, folder / annotators.PIDINET)
    phases: list[str] = []
    held = Preprocessing(Settings(cache_dir=tmp_path, offline=True))
    held.preprocess(Preprocess(image=SCENE, preprocessor="pidinet"), lambda event: phases.append(event.phase))
    assert list(dict.fromkeys(phases)) == ["converting", "reading the preprocessor", "preprocessing"]
    assert (folder / "table5_pidinet.safetensors").is_file()


def test_a_file_that_is_no_pickle_is_said_to_be_none(tmp_path: Path) -> None:
    (nets.cached(tmp_path, ANNOTATORS) / annotators.PIDINET).write_bytes(b"<html>Sign in</html>")
    held = Preprocessing(Settings(cache_dir=tmp_path, offline=True))
    with pytest.raises(LoadError, match="^PiDiNet: table5_pidinet.pth ") as caught:
        held.preprocess(Preprocess(image=SCENE, preprocessor="pidinet"), quietly)
    assert str(tmp_path) not in str(caught.value)


def test_weights_of_another_net_are_said_to_be(tmp_path: Path) -> None:
    nets.write_annotator(nets.cached(tmp_path, ANNOTATORS), annotators.HED, build=lambda: torch.nn.Linear(2, 2))
    held = Preprocessing(Settings(cache_dir=tmp_path, offline=True))
    with pytest.raises(LoadError) as caught:
        held.preprocess(Preprocess(image=SCENE, preprocessor="hed"), quietly)
    assert str(caught.value) == (
        "Preprocessor: HED could not be loaded: its weights are of another net. "
        f"Delete {ANNOTATORS} from the cache of the hub's files, or choose another."
    )


@pytest.mark.parametrize("broken", [b"", b"\x08" + bytes(7) + b"{broken}", b"weights" * 1000])
def test_a_broken_file_is_said_to_be(tmp_path: Path, broken: bytes) -> None:
    folder = nets.cached(tmp_path, "depth-anything/Depth-Anything-V2-Small-hf")
    for file in (nets.PROJECT / "assets/storybook/depth").iterdir():
        (folder / file.name).write_bytes(broken if file.suffix == ".safetensors" else file.read_bytes())
    held = Preprocessing(Settings(cache_dir=tmp_path, offline=True))
    with pytest.raises(LoadError, match="^Preprocessor: Depth Anything 2, small could not be loaded: .*choose another"):
        held.preprocess(Preprocess(image=SCENE, preprocessor="depth-anything"), quietly)


@pytest.mark.parametrize("id", ["openpose", "midas"])
def test_a_net_that_is_not_here_is_said_to_be_missing(held: Preprocessing, id: str) -> None:
    row = preprocessors.preprocessor(id)
    with pytest.raises(LoadError, match=f"^{row.label}: {ANNOTATORS} is not on this machine, and Easel was told not"):
        held.preprocess(Preprocess(image=SCENE, preprocessor=id), quietly)


def test_a_bundled_net_that_is_missing_is_said_to_be() -> None:
    row = replace(preprocessors.preprocessor("storybook-depth"), source="assets/none")
    with pytest.raises(LoadError, match="^Storybook depth: assets/none is missing. Put it back"):
        Preprocessing(Settings())._net(row, quietly)


def test_people_can_be_had(held: Preprocessing) -> None:
    found = held.people(SCENE, "storybook-pose", quietly)
    assert skeletons.mean_error(found, pose.people(PERSON), SCENE.size) < 8


def test_the_same_people_are_looked_for_once(held: Preprocessing) -> None:
    asked: list[object] = []
    first = held.people(SCENE, "storybook-pose", quietly)
    count = counted(held, ("assets/storybook/pose",), asked)
    assert held.people(SCENE, "storybook-pose", quietly) == first and asked == []
    count.remove()


def test_a_preprocessor_that_looks_for_no_people_says_so(held: Preprocessing) -> None:
    with pytest.raises(InvalidField, match="Preprocessor: Canny looks for no people. Choose one of storybook-pose, op"):
        held.people(SCENE, "canny", quietly)


def test_nobody_in_the_picture_is_said(held: Preprocessing, made: Made) -> None:
    empty = images.picture(Image.new("RGB", (128, 128), (92, 172, 236)))
    assert held.people(empty, "storybook-pose", quietly) == []
    assert made(image=empty, preprocessor="storybook-pose").note.startswith("Control: nobody was found")


def test_it_may_look_at_less_than_there_is(made: Made) -> None:
    coarse, fine = made(detect_resolution=64), made()
    assert coarse.image.size == SCENE.size and coarse.image != fine.image
    assert made(detect_resolution=2048).image == fine.image  # never at more than there is


def test_a_net_may_look_at_less_than_there_is(made: Made) -> None:
    coarse, fine = (made(preprocessor="hed", detect_resolution=side) for side in (64, None))
    assert coarse.image.size == SCENE.size and coarse.image != fine.image


def test_parts_keep_their_colours_when_seen_small(made: Made) -> None:
    seen = made(preprocessor="storybook-segmentation", detect_resolution=64).image.image
    assert {colour for _, colour in seen.getcolors()} <= {*palettes.STORYBOOK}


def test_a_picture_may_be_a_control_image_already(made: Made) -> None:
    assert made(preprocessor="none").image == SCENE


def test_a_blank_control_image_is_said_to_be(made: Made) -> None:
    plain = images.picture(Image.new("RGB", (64, 64), "teal"))
    assert made(image=plain).note == BLANK


def test_settings_of_a_preprocessor_count(made: Made) -> None:
    few = made(low_threshold=200, high_threshold=250).image.image
    many = made(low_threshold=10, high_threshold=20).image.image
    assert np.asarray(few).sum() < np.asarray(many).sum()


@pytest.mark.parametrize("id", ["canny", "hed"])
def test_a_setting_it_does_not_take_is_refused(made: Made, id: str) -> None:
    with pytest.raises(InvalidField) as caught:
        made(preprocessor=id, reduction=4)
    assert caught.value.field == "reduction"
    assert str(caught.value) == f"Blur: {preprocessors.preprocessor(id).label} takes none. Leave it out."


def test_an_unknown_preprocessor_is_refused(made: Made) -> None:
    with pytest.raises(NotFound, match="Preprocessor: there is no 'sobel'"):
        made(preprocessor="sobel")


def test_what_is_transparent_is_seen_as_white(made: Made) -> None:
    hole = Image.new("RGBA", (64, 64), (255, 255, 255, 255))
    hole.paste((0, 0, 0, 0), (16, 16, 48, 48))
    assert made(image=images.picture(hole)).note == BLANK

"""Nets of the published layouts are read from a folder; the bundled ones see scenes that they were never shown."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio import obedience
from studio.storybook import depth, pose, render, segmentation
from studio.storybook.data import UNSEEN, scenes
from studio.vision import geometry

STORYBOOK = Path(__file__).resolve().parents[2] / "assets" / "storybook"
SOME = scenes(UNSEEN + 91_000, 10)
PEOPLE = pose.with_people(UNSEEN + 92_000, 10)
SIZES = [(128, 128), (192, 128), (96, 144)]


def shown(size: tuple[int, int]) -> Image.Image:
    return Image.radial_gradient("L").resize(size).convert("RGB")


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fresh nets, which have learnt nothing."""
    folder = tmp_path_factory.mktemp("nets")
    for part in (depth, pose, segmentation):
        part.export(folder / part.__name__.split(".")[-1], part.make())
    return folder


@pytest.mark.parametrize("size", SIZES)
def test_nearness_goes_from_0_to_1(nets: Path, size: tuple[int, int]) -> None:
    near = geometry.nearness(shown(size), geometry.depth_net(nets / "depth"))
    assert near.shape == size[::-1] and near.dtype == np.float32
    assert (near.min(), near.max()) == (0, 1)


@pytest.mark.parametrize("size", SIZES)
def test_parts_are_classes_of_the_net(nets: Path, size: tuple[int, int]) -> None:
    found = geometry.parts(shown(size), geometry.parts_net(nets / "segmentation"))
    assert found.shape == size[::-1]
    assert 0 <= found.min() <= found.max() < len(segmentation.CLASSES)


def test_a_net_that_is_sure_of_nothing_finds_nobody(nets: Path) -> None:
    net = geometry.pose_net(nets / "pose")
    for weight in net.model.head.parameters():
        weight.data.zero_()
    assert geometry.people(shown((128, 128)), net) == []


def test_a_net_that_is_sure_of_all_joints_finds_them(nets: Path) -> None:
    net = geometry.pose_net(nets / "pose")
    net.model.head.conv.weight.data.zero_()
    net.model.head.conv.bias.data.fill_(1)
    (person,) = geometry.people(shown((128, 128)), net)
    assert set(person.joints) == set(pose.SEEN)


def test_what_is_not_there_is_raised(tmp_path: Path) -> None:
    with pytest.raises((OSError, ValueError)):
        geometry.depth_net(tmp_path)


def test_what_is_near_is_told_from_what_is_far() -> None:
    net = geometry.depth_net(STORYBOOK / "depth")
    near = [geometry.nearness(render.picture(scene, 128), net) for scene in SOME]
    found = [obedience.depth(one, render.depth(scene, 128)) for one, scene in zip(near, SOME, strict=True)]
    assert np.mean(found) > 0.9


def test_joints_are_found_where_they_are() -> None:
    net = geometry.pose_net(STORYBOOK / "pose")
    seen = [geometry.people(render.picture(scene, 128), net) for scene in PEOPLE]
    errors = [obedience.pose(one, pose.people(scene), (128, 128)) for one, scene in zip(seen, PEOPLE, strict=True)]
    assert errors.count(None) <= 1
    assert np.median([error for error in errors if error is not None]) < 4


def test_nobody_is_found_where_nobody_is() -> None:
    net = geometry.pose_net(STORYBOOK / "pose")
    alone = [scene for scene in scenes(UNSEEN + 90_000, 40) if not pose.people(scene)][:20]
    found = [geometry.people(render.picture(scene, 128), net) for scene in alone]
    assert sum(map(bool, found)) <= 2


def test_nobody_is_found_in_a_plain_picture() -> None:
    net = geometry.pose_net(STORYBOOK / "pose")
    assert geometry.people(Image.new("RGB", (128, 96), "teal"), net) == []


def test_parts_are_found_where_they_are() -> None:
    net = geometry.parts_net(STORYBOOK / "segmentation")
    seen = [geometry.parts(render.picture(scene, 128), net) for scene in SOME]
    found = [obedience.regions(one, render.segmentation(scene, 128)) for one, scene in zip(seen, SOME, strict=True)]
    assert np.mean(found) > 0.75

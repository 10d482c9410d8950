"""What controlnet_aux's nets see comes out as control images and skeletons; no pickle is opened on the way."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from controlnet_aux import HEDdetector
from controlnet_aux.midas.midas.dpt_depth import DPTDepthModel
from PIL import Image

from studio import skeletons
from studio.vision import annotators, poses
from tests import nets

READS: dict[Callable[[Path], object], tuple[str, ...]] = {
    annotators.hed_net: (annotators.HED,),
    annotators.pidi_net: (annotators.PIDINET,),
    annotators.line_net: (annotators.LINES,),
    annotators.body_net: (annotators.BODY,),
}


def shown(size: tuple[int, int]) -> Image.Image:
    return Image.radial_gradient("L").resize(size).convert("RGB")


def gaussian_weights(folder: Path) -> Path:
    torch.manual_seed(3)
    nets.write_annotator(folder, annotators.HED)
    return folder


def test_importing_it_imports_no_library() -> None:
    code = "import sys, studio.vision.annotators as _; print({'torch', 'controlnet_aux', 'cv2'} & {*sys.modules})"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=nets.PROJECT, text=True).strip() == "set()"


@pytest.mark.parametrize("read", READS, ids=lambda read: read.__name__)
def test_a_net_is_read_from_what_its_pickle_was_converted_to(read: Callable[[Path], object], tmp_path: Path) -> None:
    for file in READS[read]:
        nets.write_annotator(tmp_path, file)
    assert read(tmp_path)


def test_the_net_says_what_the_library_makes_it_say(tmp_path: Path) -> None:
    ours = annotators.hed_net(gaussian_weights(tmp_path))
    theirs = HEDdetector(nets.FILES[annotators.HED]().eval())
    theirs.netNetwork.load_state_dict(ours.netNetwork.state_dict())
    wanted = theirs(shown((128, 128)), detect_resolution=128, image_resolution=128).convert("L")
    assert (np.asarray(annotators.soft_edges(shown((128, 128)), ours)) == np.asarray(wanted)).all()


def test_weights_that_training_wrapped_are_found(tmp_path: Path) -> None:
    class Wrapped(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = nets.FILES[annotators.PIDINET]()

    nets.write_annotator(tmp_path, annotators.PIDINET, build=Wrapped)
    assert annotators.pidi_net(tmp_path)


@pytest.mark.parametrize("read", [*READS, annotators.midas_net], ids=lambda read: read.__name__)
def test_weights_of_another_net_are_refused(read: Callable[[Path], object], tmp_path: Path) -> None:
    for file in READS.get(read, (annotators.MIDAS,)):
        nets.write_annotator(tmp_path, file, build=lambda: torch.nn.Linear(2, 2))
    with pytest.raises(ValueError, match="its weights are of another net"):
        read(tmp_path)


def test_a_net_that_is_built_of_nothing_is_the_one_that_is_built_of_something() -> None:
    with torch.device("meta"):
        built = DPTDepthModel(backbone="vitb_rn50_384")
    assert {name for name, _ in built.named_buffers()} <= built.state_dict().keys()


def test_safe_edges_have_three_shades(tmp_path: Path) -> None:
    net = annotators.hed_net(gaussian_weights(tmp_path))
    assert {shade for _, shade in annotators.soft_edges(shown((128, 128)), net, safe=True).getcolors()} <= {0, 127, 255}


@pytest.mark.parametrize("size", [(64, 64), (200, 130), (40, 90)])
def test_a_net_sees_no_less_than_there_is(size: tuple[int, int]) -> None:
    drawn = annotators.depth(shown(size), nets.SAYING["midas"]())
    assert min(drawn.size) >= min(size) and min(drawn.size) % 64 == 0


def test_what_is_near_is_light() -> None:
    picture = shown((128, 128))  # dark in the middle
    for id, is_light in (("midas", False), ("zoe", True)):
        drawn = np.asarray(annotators.depth(picture, nets.SAYING[id]()))
        assert (drawn[64, 64] > drawn[2, 2]) == is_light and np.ptp(drawn) > 200


@pytest.mark.parametrize("size", [(128, 128), (192, 128), (130, 200)])
def test_joints_are_named_and_placed_as_openpose_found_them(size: tuple[int, int]) -> None:
    (person,) = annotators.people(shown(size), nets.SAYING["openpose"]())
    assert set(person.joints) == set(skeletons.JOINTS)
    assert skeletons.mean_error([person], [nets.SOMEBODY], size) < 1.5


def test_hands_and_faces_are_drawn_beside_the_bodies() -> None:
    picture = shown((256, 256))
    net = nets.SAYING["openpose-full"]()
    bodies = np.asarray(poses.drawn(annotators.people(picture, net), picture.size))
    whole = np.asarray(annotators.whole_people(picture, net))
    more = np.argwhere((whole != bodies).any(axis=2)) / 256
    assert whole.shape == bodies.shape and (whole == 255).all(axis=2).sum() >= 4  # the face's points
    left, right = nets.SOMEBODY.joints["left_wrist"], nets.SOMEBODY.joints["right_wrist"]
    for x, y in (left, right):
        assert (np.abs(more - (y, x)).max(axis=1) < 0.08).any()

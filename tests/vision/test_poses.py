"""Skeletons are drawn to the pixel as controlnet_aux, and so OpenPose's ControlNets, draw them."""

import numpy as np
import pytest
from controlnet_aux.open_pose.body import Keypoint
from controlnet_aux.open_pose.util import draw_bodypose
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.skeletons import JOINTS, Skeleton
from studio.vision import poses

SHARES = st.floats(0.02, 0.98)
PEOPLE = st.lists(
    st.dictionaries(st.sampled_from(JOINTS), st.tuples(SHARES, SHARES)).map(lambda joints: Skeleton(joints=joints)),
    max_size=3,
)


@settings(max_examples=25, deadline=None)
@given(PEOPLE)
def test_it_is_what_controlnet_aux_draws(people: list[Skeleton]) -> None:
    wanted = np.zeros((512, 768, 3), np.uint8)
    for person in people:
        points = [Keypoint(*person.joints[name]) if name in person.joints else None for name in JOINTS]
        wanted = draw_bodypose(wanted, points)
    assert (np.asarray(poses.drawn(people, (768, 512))) == wanted).all()


@pytest.mark.parametrize("size", [(128, 128), (192, 128), (1024, 1536)])
def test_a_drawing_has_the_size_asked_for_and_the_same_proportions(size: tuple[int, int]) -> None:
    bone = Skeleton(joints={"neck": (0.5, 0.25), "right_hip": (0.5, 0.75)})
    image = np.asarray(poses.drawn([bone], size)).max(axis=2) > 40
    assert image.shape == size[::-1]
    rows, columns = np.nonzero(image)
    assert (rows.min() / size[1], rows.max() / size[1]) == pytest.approx((0.25, 0.75), abs=0.02)
    assert np.ptp(columns) / min(size) < 0.03


def test_a_hand_has_five_fingers_of_four_bones() -> None:
    assert poses.FINGERS[:6] == ((0, 1), (1, 2), (2, 3), (3, 4), (0, 5), (5, 6)) and len(poses.FINGERS) == 20
    assert {joint for bone in poses.FINGERS for joint in bone} == {*range(21)}


def test_a_hand_is_drawn_where_it_is_seen() -> None:
    canvas = np.zeros((100, 200, 3), np.uint8)
    points = [(0.5, 0.5), (0.6, 0.5)] + [(-0.005, -0.01)] * 19
    poses.draw_hand(canvas, points)
    assert tuple(canvas[50, 110]) == (255, 0, 0) and tuple(canvas[50, 120]) == (0, 0, 255)
    assert not canvas[:40].any() and not canvas[:, :90].any()


def test_more_can_be_drawn_before_the_picture_is_sized() -> None:
    sizes = []
    poses.drawn([], (128, 192), add=lambda canvas: sizes.append(canvas.shape))
    assert sizes == [(768, 512, 3)]

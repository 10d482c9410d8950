"""Skeletons come back from JSON as they went, and what is no skeleton is refused in words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio import skeletons
from studio.errors import StudioError
from studio.skeletons import BONES, JOINTS, Skeleton

SHARES = st.floats(0.01, 1)
PEOPLE = st.lists(
    st.dictionaries(st.sampled_from(JOINTS), st.tuples(SHARES, SHARES), min_size=1).map(lambda j: Skeleton(joints=j)),
    max_size=4,
)
STANDING = Skeleton(joints={"nose": (0.5, 0.2), "neck": (0.5, 0.3), "left_ankle": (0.6, 0.9)})


@given(PEOPLE)
def test_people_come_back_from_json(people: list[Skeleton]) -> None:
    again = skeletons.from_json(skeletons.to_json(people, (640, 480)))
    assert [person.joints.keys() for person in again] == [person.joints.keys() for person in people]
    for person, was in zip(again, people, strict=True):
        for name, point in person.joints.items():
            assert point == pytest.approx(was.joints[name], abs=2e-5)


def test_a_list_of_one_picture_is_read() -> None:
    read = json.loads(skeletons.to_json([STANDING], (100, 100)))
    assert skeletons.from_json(json.dumps([read])) == [STANDING]


def test_shares_need_no_canvas() -> None:
    numbers = [0.5, 0.25, 1.0] + [0.0] * 51
    text = json.dumps({"people": [{"pose_keypoints_2d": numbers}]})
    assert skeletons.from_json(text) == [Skeleton(joints={"nose": (0.5, 0.25)})]


def test_pixels_without_a_canvas_are_those_of_the_picture() -> None:
    text = json.dumps({"people": [{"pose_keypoints_2d": [64, 32, 1] + [0] * 51}]})
    assert skeletons.from_json(text, (128, 128)) == [Skeleton(joints={"nose": (0.5, 0.25)})]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "this is no JSON (line 1, column 2)"),
        ("[" * 100_000, "this is no JSON"),
        ("x" * 200_001, "200,001 characters are too many"),
        ("[]", 'no list "people"'),
        ('{"people": 3}', 'no list "people"'),
        (json.dumps({"people": [{}] * 21}), "21 people are too many"),
        ('{"people": [{"pose_keypoints_2d": [1, 2]}]}', "person 1 has no"),
        (json.dumps({"people": [{"pose_keypoints_2d": [None] * 54}]}), "person 1 has no"),
        (json.dumps({"people": [{"pose_keypoints_2d": [float("nan")] * 54}]}), "person 1 has no"),
        (json.dumps({"people": [{"pose_keypoints_2d": [10**400] * 54}]}), "person 1 has no"),
        (json.dumps({"people": [{"pose_keypoints_2d": [64, 32, 1] + [0] * 51}]}), 'names no "canvas_width"'),
    ],
    ids=lambda value: value[:24],
)
def test_what_is_no_skeleton_is_refused(text: str, said: str) -> None:
    with pytest.raises(StudioError) as caught:
        skeletons.from_json(text)
    assert str(caught.value).startswith("Skeleton: ") and said in str(caught.value)


def test_bones_join_all_joints() -> None:
    assert {name for bone in BONES for name in bone} == {*JOINTS}


def test_the_error_is_a_share_of_the_height() -> None:
    moved = Skeleton(joints={name: (x + 0.1, y) for name, (x, y) in STANDING.joints.items()})
    assert skeletons.mean_error([moved], [STANDING], (200, 100)) == pytest.approx(20)
    assert skeletons.mean_error([STANDING], [STANDING], (200, 100)) == 0


def test_each_person_is_held_against_the_nearest() -> None:
    left, right = (Skeleton(joints={"nose": (x, 0.5)}) for x in (0.2, 0.8))
    assert skeletons.mean_error([right, left], [left, right], (100, 100)) == 0


def test_without_a_joint_in_common_there_is_no_error() -> None:
    assert skeletons.mean_error([], [STANDING], (100, 100)) is None
    assert skeletons.mean_error([Skeleton(joints={"left_ear": (0.1, 0.1)})], [STANDING], (100, 100)) is None


@pytest.mark.parametrize(
    ("mode", "place"),
    [("stretch", (0.25, 0.5)), ("crop", (0.0, 0.5)), ("fill", (0.25, 0.5))],
    ids=str,
)
def test_people_keep_their_shape_at_another_size_unless_stretched(mode: str, place: tuple[float, float]) -> None:
    (person,) = skeletons.resized([Skeleton(joints={"nose": (0.25, 0.5)})], (200, 100), (100, 100), mode)
    assert person.joints["nose"] == pytest.approx(place)


def test_all_of_a_canvas_is_seen_if_it_is_filled_up() -> None:
    (person,) = skeletons.resized([Skeleton(joints={"nose": (0.5, 0.0)})], (200, 100), (100, 100), "fill")
    assert person.joints["nose"] == pytest.approx((0.5, 0.25))


def test_a_canvas_is_named_in_whole_pixels_or_not_at_all() -> None:
    assert skeletons.canvas_of(skeletons.to_json([], (30, 20))) == (30, 20)
    assert skeletons.canvas_of('[{"people": []}]') is None

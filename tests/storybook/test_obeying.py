"""The measures of obedience tell a picture that follows from one that does not."""

import pytest

from studio.storybook import obeying
from studio.storybook.pose import with_people
from studio.storybook.render import picture
from studio.storybook.world import Mix, Scene, random_scene

FIRST, OTHER = with_people(5_000_000, 2)
PLAIN = Mix(looks=0)


@pytest.mark.parametrize("kind", ["canny", "scribble", "depth", "segmentation"])
def test_the_true_picture_follows_its_scene_better_than_another(kind: str) -> None:
    def score(shown: Scene) -> float:
        return obeying.SCORES[kind](picture(shown, 128), FIRST)

    assert score(FIRST) > score(OTHER) + 0.1


def test_joints_of_the_true_picture_are_where_they_should_be() -> None:
    scores = [obeying.SCORES["pose"](picture(shown, 128), FIRST) for shown in (FIRST, OTHER)]
    assert scores[0] < min(8, scores[1])


def test_nobody_where_somebody_should_be_counts_as_wrong_as_can_be() -> None:
    scene = random_scene(11, PLAIN)
    assert obeying._mean([{"pose": None}, {"pose": 4.0}], "pose") == 52.0
    assert obeying._mean([obeying._scored(["canny"], picture(scene, 128), scene)], "canny") > 0.9

"""Words for parts of a scene mean the masks that the renderer draws."""

import numpy as np
import pytest

from studio.storybook import queries
from studio.storybook.render import mask, segmentation
from studio.storybook.world import Mix, Scene, random_scene

SCENES = [random_scene(seed, Mix(two_things=0.6, looks=0.3)) for seed in range(40)]


@pytest.mark.parametrize("scene", SCENES[:12])
def test_a_thing_is_masked_where_it_is_seen(scene: Scene) -> None:
    for index, (words, found) in enumerate(queries.things(scene, segmentation(scene, 96))):
        assert words == f"the {scene.things[index].colour} {scene.things[index].kind}"
        assert np.array_equal(found, mask(scene, index, 96))


@pytest.mark.parametrize("scene", SCENES[:12])
def test_the_background_is_all_but_the_things(scene: Scene) -> None:
    classes = segmentation(scene, 96)
    things = np.any([found for _, found in queries.things(scene, classes)], axis=0)
    assert np.array_equal(queries.background(scene, classes)[1], ~things)


def test_what_is_not_there_has_an_empty_mask() -> None:
    for scene in SCENES:
        said = {f"the {thing.colour} {thing.kind}" for thing in scene.things}
        for words, found in queries.absent(scene, segmentation(scene, 64)):
            assert words not in said
            assert not found.any()


def test_random_words_are_many_and_some_mean_nothing() -> None:
    rng = np.random.default_rng(0)
    asked = [queries.random_query(scene, segmentation(scene, 64), rng) for scene in SCENES for _ in range(10)]
    assert len({words for words, _ in asked}) > 100
    assert 0.1 < np.mean([not found.any() for _, found in asked]) < 0.4

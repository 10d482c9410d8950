"""Captions say what is there, in many ways."""

from studio.storybook.captions import plain_caption, random_caption
from studio.storybook.words import LOOKS, SAID
from studio.storybook.world import Mix, random_scene

SCENES = [random_scene(seed, Mix(two_things=0.4, looks=0.5, mountains=0.5)) for seed in range(120)]


def test_plain_caption_names_everything() -> None:
    for scene in SCENES:
        caption = plain_caption(scene)
        said = [word for thing in scene.things for word in (thing.colour, thing.kind)] + [scene.place, scene.time]
        assert all(word in caption for word in said)
        assert ("mountains" in caption) == scene.has_mountains
        assert scene.look == LOOKS[0] or scene.look in caption


def test_complete_captions_say_each_part_in_one_of_its_ways() -> None:
    for seed, scene in enumerate(SCENES):
        caption = random_caption(scene, seed, is_complete=True)
        words = [word for thing in scene.things for word in (thing.colour, thing.kind)] + [scene.place, scene.time]
        assert all(any(way in caption for way in SAID[word]) for word in words), caption


def test_random_captions_vary_and_repeat_with_the_seed() -> None:
    scene = SCENES[0]
    assert random_caption(scene, 5) == random_caption(scene, 5)
    assert len({random_caption(scene, seed) for seed in range(40)}) > 20


def test_articles_fit_their_words() -> None:
    captions = [plain_caption(scene) for scene in SCENES]
    assert not any("a orange" in caption or "an red" in caption for caption in captions)
    assert any("an orange" in caption for caption in captions)

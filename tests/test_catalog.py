"""The tables agree with each other."""

import pytest

from studio import catalog
from studio.errors import NotFound
from studio.requests import TextToImage, resolved
from studio.storybook.words import COLOURS, LOOKS, OBJECTS, PLACES, TIMES


def test_ids_are_unique_and_families_known() -> None:
    ids = [row.id for row in catalog.CHECKPOINTS]
    assert len(set(ids)) == len(ids)
    assert all(catalog.family(row.family) for row in catalog.CHECKPOINTS)


def test_every_checkpoint_tells_licence_and_size() -> None:
    assert all(row.licence and row.size_bytes > 0 for row in catalog.CHECKPOINTS)


@pytest.mark.parametrize("family", catalog.FAMILIES, ids=lambda family: family.name)
def test_defaults_and_sizes_of_a_family_can_be_run(family: catalog.Family) -> None:
    for width, height in family.sizes:
        complete = resolved(TextToImage(width=width, height=height), family)
        assert None not in vars(complete).values()


@pytest.mark.parametrize("family", catalog.FAMILIES, ids=lambda family: family.name)
def test_preview_rows_are_four_channels_and_an_offset(family: catalog.Family) -> None:
    assert len(family.latent_rgb) == 5 and any(any(row) for row in family.latent_rgb)


def test_clickable_words_are_those_of_the_world() -> None:
    words = catalog.checkpoint("storybook").words
    assert words["Things"] == OBJECTS and words["Colours"] == tuple(COLOURS)
    assert words["Places"] == PLACES and words["Times"] == TIMES and words["Looks"] == LOOKS[1:]


def test_a_typo_gets_the_nearest_rows() -> None:
    with pytest.raises(NotFound, match="there is no 'Euler b'.*Euler"):
        catalog.sampler("Euler b")

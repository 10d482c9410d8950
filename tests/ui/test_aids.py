"""What helps to fill a form: choices that hold what they set, and fields a family does not have."""

from dataclasses import replace

import pytest

from studio import catalog
from studio.ui import aids

FAMILIES = [pytest.param(row, id=row.name) for row in catalog.FAMILIES]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_recipe_holds_what_it_sets(family: catalog.Family) -> None:
    for row, (label, value) in zip(catalog.recipes(family), aids.recipe_choices(family), strict=True):
        steps, guidance, sampler = value.split("|")
        said = {"num_inference_steps": int(steps), "guidance_scale": float(guidance), "scheduler": sampler}
        assert (label, said) == (row.label, dict(row.values))
        assert aids.family_facts(family, "bench-generate")["recipes"][value] == row.info


@pytest.mark.parametrize("family", FAMILIES)
def test_no_two_recipes_of_a_family_set_the_same(family: catalog.Family) -> None:
    values = [value for _, value in aids.recipe_choices(family)]
    assert len(set(values)) == len(values)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_first_size_is_the_family_s_default(family: catalog.Family) -> None:
    assert aids.size_choices(family)[0][1] == "{}x{}".format(*family.sizes[0])


def test_what_a_family_has_is_open() -> None:
    limits = aids.limits(catalog.family("sd1"))
    assert all(limit["interactive"] for limit in limits.values())


def test_what_a_family_lacks_is_greyed_out_with_the_reason() -> None:
    bare = replace(catalog.family("sd1"), capabilities=frozenset())
    limit = aids.limits(bare)["negative_prompt"]
    assert not limit["interactive"] and limit["info"].startswith("Stable Diffusion 1.x has none: ")


def test_only_styles_of_ours_are_put_back() -> None:
    assert aids.known_styles(["Oil", "Nope", 3, None]) == ["Oil"]
    assert aids.known_styles("Oil") == [] and aids.known_styles(None) == []

"""The Style tab: its controls are fields of requests, it says what a family can hear, and jobs come back to it."""

from dataclasses import replace

import pytest
from PIL import Image

from studio import catalog, images, rules
from studio.errors import StudioError
from studio.images import Picture
from studio.requests import Control, ImageToImage, Reference, TextToImage
from studio.results import STEERING, to_json
from studio.ui import reference_units, styling, uploads
from studio.ui.bench import Bench
from studio.ui.page import PLACES, Page
from studio.ui.reference_units import KEEP, name_of
from studio.ui.tabs import style

SHOWN = images.picture(Image.new("RGB", (96, 64), "red"))
STYLED = TextToImage(prompt="a cat", references=(Reference(image=SHOWN),))
FOLLOWED = TextToImage(prompt="a cat", controls=(Control(image=SHOWN),))


@pytest.fixture(scope="module")
def bench(page: Page) -> Bench:
    with page.blocks:
        return style.build(page)


def read(value: object, *, label: str = "") -> Picture | None:
    """The picture, if there is one."""
    return SHOWN if value else None


def values(**given: object) -> dict[str, object]:
    return {"prompt": "a cat", "image": None, name_of(1, "image"): "x", **given}


def test_every_field_of_a_request_has_a_control(bench: Bench) -> None:
    assert set(bench.form.controls) == rules.of(ImageToImage).keys() - {"references", *STEERING}


def test_each_reference_has_its_fields_and_there_is_a_switch(bench: Bench) -> None:
    units = bench.form.references.units
    assert [set(unit.fields) for unit in units] == [set(reference_units.FIELDS)] * 4
    assert set(bench.form.references.inputs) < set(bench.form.inputs) and KEEP in bench.form.inputs


def test_it_opens_with_a_reference_and_words_in_place(bench: Bench) -> None:
    assert bench.form.references.units[0].fields["image"].value and bench.form.controls["prompt"].value
    assert style.REFERENCE.is_file()


def test_pictures_can_be_sent_to_it(bench: Bench) -> None:
    assert bench.takes in PLACES
    update = bench.target.fill(style.REFERENCE, "storybook")
    assert update == {bench.form.references.units[0].fields["image"]: str(style.REFERENCE)}


def test_its_values_make_a_request_with_references(bench: Bench) -> None:
    made = bench.form.request(values(transfer="both", **{name_of(1, "ip_adapter_scale"): 0.4}), read)
    assert made == replace(STYLED, references=(Reference(image=SHOWN, ip_adapter_scale=0.4),), transfer="both")


def test_keeping_the_drawing_follows_the_start_image_as_it_is_resized(bench: Bench) -> None:
    made = bench.form.request(values(image="x", resize_mode="fill", **{KEEP: True}), read)
    assert isinstance(made, ImageToImage) and made.controls == (Control(image=SHOWN, resize_mode="fill"),)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({name_of(1, "image"): None}, "^Reference picture: there is none. Choose at least one"),
        ({KEEP: True}, "^Keep the drawing: there is no start image to keep it of. Choose one, or switch it off"),
        ({KEEP: "yes"}, "^Keep the drawing: is either on or off"),
        ({name_of(1, "ip_adapter_scale"): 2}, "^Reference weight: "),
    ],
)
def test_what_cannot_be_is_refused_in_words(bench: Bench, given: dict[str, object], said: str) -> None:
    with pytest.raises(StudioError, match=said):
        bench.form.request(values(**given), read)


def test_jobs_with_references_are_its_own_whatever_else_they_follow(bench: Bench) -> None:
    for request in (STYLED, replace(STYLED, controls=FOLLOWED.controls)):
        assert bench.form.has_made(request)
    for request in (TextToImage(prompt="a cat"), FOLLOWED):
        assert not bench.form.has_made(request)


def test_no_other_tab_takes_them_for_its_own(form: object) -> None:
    for request in (STYLED, replace(STYLED, controls=FOLLOWED.controls)):
        assert not form.has_made(request) and not form.fits(to_json(request))


def test_settings_fill_its_controls_again(bench: Bench, page: Page) -> None:
    request = replace(STYLED, references=(*STYLED.references, Reference(image=SHOWN, ip_adapter_scale=0.3)))
    flat = reference_units.flat(to_json(replace(request, controls=FOLLOWED.controls, transfer="composition")))
    flat |= {name: uploads.served(SHOWN) for name, value in flat.items() if value == SHOWN.reference}
    updates = bench.form.filled(to_json(request) | flat | {"image": uploads.served(SHOWN)}, page.row)
    names = {control: name for name, control in bench.form.inputs.items()}
    put = {names[one]: update["value"] for one, update in updates.items() if one in names and "value" in update}
    again = bench.form.request(put, read)
    assert (again.references, bool(again.controls)) == (request.references, True)


@pytest.mark.parametrize("family", catalog.FAMILIES, ids=lambda row: row.name)
def test_a_family_that_hears_none_says_so_and_others_offer_theirs(family: catalog.Family) -> None:
    offered, said = reference_units.adapters(family.name), styling.heard_by(family)
    rows = catalog.ip_adapters(family.name)
    assert ("there is none for" in said) == (not rows)
    assert [id for _, id in offered] == ["", *(row.id for row in rows[1:])]


def test_what_was_kept_is_put_back_if_it_could_be_meant() -> None:
    assert reference_units.is_sound(KEEP, True) and not reference_units.is_sound(KEEP, "on")
    assert reference_units.is_sound(name_of(2, "ip_adapter_scale"), 0.5)
    assert not reference_units.is_sound(name_of(2, "ip_adapter_scale"), 7)
    assert not reference_units.is_sound(name_of(2, "image"), "/etc/passwd")

"""What a picture may take after is checked before it waits: each refusal names what was asked and what would go."""

import json
from dataclasses import replace

import pytest
from PIL import Image

from studio import catalog, images
from studio.errors import InvalidField, StudioError
from studio.images import picture
from studio.requests import Reference, TextToImage, references, resolved

SD1, SD2, SDXL, SD3 = (catalog.checkpoint(id) for id in ("sd15", "sd21", "sdxl", "sd35-medium"))
SHOWN = picture(Image.linear_gradient("L").resize((64, 48)))
REFERENCE = Reference(image=SHOWN)


def asked(row: catalog.Checkpoint, **how: object) -> TextToImage:
    return resolved(TextToImage(checkpoint=row.id, references=(REFERENCE,), **how), row)


def refused(row: catalog.Checkpoint, **how: object) -> InvalidField:
    """The error that a request ends with."""
    with pytest.raises(InvalidField) as caught:
        asked(row, **how)
    return caught.value


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("ip_adapter_scale", 1.5, "Reference weight: needs a number from 0 to 1; 1.5 is outside."),
        ("ip_adapter_scale", None, "Reference weight: needs a number from 0 to 1, not nothing."),
        ("image", "cat.png", "Reference picture: needs a picture."),
        ("image", None, "Reference picture: needs a picture."),
    ],
)
def test_bad_values_of_a_reference_name_the_field_the_limit_and_the_remedy(
    field: str, value: object, message: str
) -> None:
    with pytest.raises(InvalidField) as caught:
        Reference(**{"image": SHOWN, field: value})
    assert caught.value.field == field and str(caught.value).startswith(message)


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (400, 8)])
def test_a_reference_too_small_or_too_long_is_refused_as_any_picture(size: tuple[int, int], tmp_path: object) -> None:
    file = tmp_path / "reference.png"
    Image.new("RGB", size).save(file)
    with pytest.raises(StudioError, match=r"^Reference picture: .* pixels are .*(Choose a larger picture|Crop it)"):
        images.read(file, label="Reference picture")


@pytest.mark.parametrize("value", [REFERENCE, "cat", 5, [SHOWN], None])
def test_references_are_a_list_of_references(value: object) -> None:
    with pytest.raises(InvalidField, match="^References: needs a list of references, not "):
        TextToImage(references=value)


def test_more_than_four_references_are_refused() -> None:
    assert len(TextToImage(references=[REFERENCE] * 4).references) == 4
    with pytest.raises(InvalidField, match=r"^References: 5 are too many at once; use 4 or fewer\."):
        TextToImage(references=[REFERENCE] * 5)


def test_a_transfer_that_there_is_not_names_those_there_are() -> None:
    with pytest.raises(InvalidField, match=r"^Transfer: there is no 'mood'; choose one of style, composition, both\."):
        TextToImage(transfer="mood")


def test_the_usual_adapter_of_the_family_is_chosen() -> None:
    request = asked(SDXL)
    assert request.ip_adapter == "sdxl-ip-adapter" and resolved(request, SDXL) == request
    assert asked(SD1).ip_adapter == "sd15-ip-adapter"


def test_the_adapter_that_is_named_is_kept() -> None:
    assert asked(SD1, ip_adapter="sd15-ip-adapter-plus").ip_adapter == "sd15-ip-adapter-plus"


def test_without_references_no_adapter_is_asked_for() -> None:
    assert resolved(TextToImage(checkpoint=SD3.id), SD3).ip_adapter == ""


def test_an_adapter_of_another_family_names_both_and_what_fits() -> None:
    error = refused(SD1, ip_adapter="sdxl-ip-adapter-plus")
    assert error.field == "ip_adapter"
    assert str(error) == (
        "IP-Adapter: Precise SDXL is for SDXL, but Stable Diffusion 1.5 is Stable Diffusion 1.x. "
        "What fits: Standard, Precise, Face."
    )


def test_an_unknown_adapter_gets_the_nearest() -> None:
    error = refused(SD1, ip_adapter="sd15-ip-adaptor")
    assert error.field == "ip_adapter" and "there is no 'sd15-ip-adaptor'" in str(error)


@pytest.mark.parametrize("row", [SD2, SD3], ids=lambda row: row.id)
def test_a_family_without_adapters_says_who_has_one(row: catalog.Checkpoint) -> None:
    error = refused(row)
    label = catalog.family(row.family).label
    assert error.field == "references"
    assert str(error).startswith(f"IP-Adapter: there is none for {label}, so it cannot take after pictures; ")
    assert "SDXL can. Choose a checkpoint of these, or leave the references out." in str(error)


@pytest.mark.parametrize(
    ("given", "heard"),
    [
        ((0.7,), (0.7,)),
        ((0.5, 0.5), (0.25, 0.25)),
        ((1.0, 1.0, 1.0, 1.0), (0.25, 0.25, 0.25, 0.25)),
        ((0.6, 0.2), (0.45, 0.15)),
        ((0.8, 0.0), (0.8, 0.0)),
        ((0.0, 0.0), (0.0, 0.0)),
    ],
)
def test_together_references_are_heard_as_strongly_as_the_strongest(
    given: tuple[float, ...], heard: tuple[float, ...]
) -> None:
    made = tuple(replace(REFERENCE, ip_adapter_scale=weight) for weight in given)
    assert references.weights(made) == pytest.approx(heard)


def test_weights_are_brought_to_a_scale_in_their_proportion() -> None:
    both = (replace(REFERENCE, ip_adapter_scale=0.8), replace(REFERENCE, ip_adapter_scale=0.2))
    assert [one.ip_adapter_scale for one in references.weighed(both, 0.4)] == pytest.approx([0.4, 0.1])
    silent = (replace(REFERENCE, ip_adapter_scale=0.0),)
    assert references.weighed(silent, 0.4)[0].ip_adapter_scale == 0.4


def test_a_reference_comes_back_from_json() -> None:
    said = json.loads(json.dumps(references.to_json(replace(REFERENCE, ip_adapter_scale=0.3))))
    assert said == {"image": SHOWN.reference, "ip_adapter_scale": 0.3}
    assert references.from_json(said, {SHOWN.reference: SHOWN}.get) == replace(REFERENCE, ip_adapter_scale=0.3)


def test_what_another_release_said_of_a_reference_does_no_harm() -> None:
    said = {"image": SHOWN.reference, "masked": True}
    assert references.from_json(said, {SHOWN.reference: SHOWN}.get) == REFERENCE


@pytest.mark.parametrize("said", [5, "cat", None, ["cat"]])
def test_what_is_no_reference_is_refused(said: object) -> None:
    with pytest.raises(InvalidField, match="^References: each needs its picture and weight by name"):
        references.from_json(said, {}.get)


@pytest.mark.parametrize("said", [{}, {"image": 5}])
def test_a_reference_without_its_picture_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(InvalidField, match="^Reference picture: needs a picture"):
        references.from_json(said, {}.get)

"""The tables agree with each other."""

import re
from dataclasses import replace

import diffusers
import pytest

from studio import catalog, obedience, rules
from studio.catalog.ip_adapters import LAYERS, STORYBOOK
from studio.errors import NotFound
from studio.pipelines import adapters
from studio.requests import METHODS, Control, ImageToImage, Inpaint, Reference, TextToImage, resolved
from studio.storybook.words import COLOURS, LOOKS, OBJECTS, PLACES, TIMES

BUNDLED = "assets/storybook/base"


def named(row: object) -> str:
    """What a test of a row is called."""
    return getattr(row, "id", None) or getattr(row, "name", None) or row.label


def test_ids_are_unique_and_families_known() -> None:
    ids = [row.id for row in catalog.CHECKPOINTS]
    assert len(set(ids)) == len(ids)
    assert all(catalog.family(row.family) for row in catalog.CHECKPOINTS)


@pytest.mark.parametrize("row", catalog.CHECKPOINTS, ids=named)
def test_every_checkpoint_tells_licence_and_size(row: catalog.Checkpoint) -> None:
    assert row.licence and row.licence_url.startswith("https://") and row.size_bytes > 0
    assert not row.problem


@pytest.mark.parametrize("row", [row for row in catalog.CHECKPOINTS if row.source != BUNDLED], ids=named)
def test_what_comes_from_a_hub_is_named_to_the_commit(row: catalog.Checkpoint) -> None:
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", row.source)
    assert bool(row.vae) == bool(re.fullmatch(r"[0-9a-f]{40}", row.vae_revision or ""))
    # No commit of Juggernaut's repository could be confirmed by a second source.
    assert re.fullmatch(r"[0-9a-f]{40}", row.revision or "") or row.id == "juggernaut-xl-9"


@pytest.mark.parametrize("row", catalog.CHECKPOINTS, ids=named)
def test_defaults_of_a_checkpoint_can_be_run(row: catalog.Checkpoint) -> None:
    # Words alone are not enough for what is made for inpainting; its defaults are the same.
    complete = resolved(TextToImage(checkpoint=row.id), replace(row, is_inpainting=False))
    assert None not in vars(complete).values()
    assert (complete.width, complete.height) == catalog.default_size(row)


def test_what_is_made_for_inpainting_is_said_and_of_a_family_that_inpaints() -> None:
    rows = [row for row in catalog.CHECKPOINTS if row.is_inpainting]
    assert {row.id for row in rows} == {row.id for row in catalog.CHECKPOINTS if "inpainting" in row.source} != set()
    assert all("inpaint" in catalog.family(row.family).capabilities for row in rows)


@pytest.mark.parametrize("family", catalog.FAMILIES, ids=named)
def test_a_family_that_inpaints_has_a_class_for_it(family: catalog.Family) -> None:
    assert ("inpaint" in family.capabilities) == ("inpaint" in family.pipelines)


@pytest.mark.parametrize("family", catalog.FAMILIES, ids=named)
def test_sizes_of_a_family_can_be_run(family: catalog.Family) -> None:
    row = next(row for row in catalog.CHECKPOINTS if row.family == family.name)
    for width, height in family.sizes:
        assert resolved(TextToImage(width=width, height=height), row).width == width


@pytest.mark.parametrize("family", catalog.FAMILIES, ids=named)
def test_preview_rows_are_a_channel_each_and_an_offset(family: catalog.Family) -> None:
    assert len(family.latent_rgb) == family.latent_channels + 1 == (17 if family.is_flow else 5)
    assert all(len(row) == 3 for row in family.latent_rgb) and any(any(row) for row in family.latent_rgb)


@pytest.mark.parametrize("family", catalog.FAMILIES, ids=named)
def test_recipes_set_fields_of_a_request_to_what_fits(family: catalog.Family) -> None:
    row = next(row for row in catalog.CHECKPOINTS if row.family == family.name)
    recipes = catalog.recipes(family)
    assert recipes[0].label == "Quality" and recipes[0].values == family.defaults
    assert len({recipe.label for recipe in recipes}) == len(recipes)
    for recipe in recipes:
        assert resolved(TextToImage(**recipe.values), row).scheduler == recipe.values["scheduler"]


def test_a_checkpoint_s_own_defaults_go_before_its_family_s() -> None:
    turbo = catalog.checkpoint("sdxl-turbo")
    assert catalog.defaults(turbo)["guidance_scale"] == 0 and catalog.default_size(turbo) == (512, 512)
    assert catalog.default_size(catalog.checkpoint("sdxl")) == (1024, 1024)


def test_flow_families_are_offered_what_has_a_flow_form() -> None:
    assert [row.label for row in catalog.samplers(catalog.family("sd3"))] == ["DPM++ 2M", "Euler", "Heun", "UniPC"]
    assert catalog.samplers(catalog.family("sd1")) == catalog.SAMPLERS


def test_what_is_left_out_is_said() -> None:
    assert all(bool(family.left_out) == bool(family.left_out_note) for family in catalog.FAMILIES)


def test_a_second_pass_may_double_the_largest_size() -> None:
    assert catalog.family("sdxl").second_pass_maximum == 4096


def test_clickable_words_are_those_of_the_world() -> None:
    words = catalog.checkpoint("storybook").words
    assert words["Things"] == OBJECTS and words["Colours"] == tuple(COLOURS)
    assert words["Places"] == PLACES and words["Times"] == TIMES and words["Looks"] == LOOKS[1:]


def test_a_typo_gets_the_nearest_rows() -> None:
    with pytest.raises(NotFound, match="there is no 'Euler b'.*Euler"):
        catalog.sampler("Euler b")


# What steers.

KINDS_OF_REQUEST = {kind.kind for kind in (TextToImage, ImageToImage, Inpaint)}


def test_ids_of_nets_are_unique() -> None:
    ids = [row.id for row in catalog.CONTROLNETS]
    assert len({*ids}) == len(ids) and len({row.source for row in catalog.CONTROLNETS}) == len(ids)


@pytest.mark.parametrize("row", catalog.CONTROLNETS, ids=named)
def test_every_net_tells_licence_and_size(row: catalog.ControlNet) -> None:
    assert row.label and row.licence and row.licence_url.startswith("https://") and row.size_bytes > 0


@pytest.mark.parametrize("row", catalog.CONTROLNETS, ids=named)
def test_every_net_is_of_a_known_family_that_is_steered_so(row: catalog.ControlNet) -> None:
    way = "union" if row.is_union else row.method
    assert way in catalog.family(row.family).controlled and row.method in METHODS


@pytest.mark.parametrize("row", catalog.CONTROLNETS, ids=named)
def test_every_net_follows_known_kinds(row: catalog.ControlNet) -> None:
    assert row.kinds and all(catalog.kind(kind) for kind in row.kinds)


@pytest.mark.parametrize("row", catalog.CONTROLNETS, ids=named)
def test_every_net_is_of_a_class_that_there_is(row: catalog.ControlNet) -> None:
    assert issubclass(getattr(diffusers, row.loads), diffusers.ModelMixin)


@pytest.mark.parametrize("row", catalog.CONTROLNETS, ids=named)
def test_every_net_comes_along_or_from_a_repository(row: catalog.ControlNet) -> None:
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", row.source) or row.source.startswith("assets/storybook/")


@pytest.mark.parametrize("family", catalog.FAMILIES, ids=named)
def test_every_way_to_steer_a_family_has_its_classes(family: catalog.Family) -> None:
    for way, classes in family.controlled.items():
        assert way in {*METHODS, "union"} and {*classes} <= KINDS_OF_REQUEST and "text_to_image" in classes
        for name in classes.values():
            assert issubclass(getattr(adapters, name, None) or getattr(diffusers, name), diffusers.DiffusionPipeline)


@pytest.mark.parametrize("family", catalog.FAMILIES, ids=named)
def test_a_family_that_is_steered_says_so_and_has_nets_for_each_way(family: catalog.Family) -> None:
    assert ("controlnet" in family.capabilities) == bool(family.controlled)
    nets = catalog.controlnets(family.name)
    assert {"union" if net.is_union else net.method for net in nets} == {*family.controlled}


def test_kinds_are_unique_and_measured_by_what_there_is() -> None:
    names = [kind.name for kind in catalog.KINDS]
    assert len({*names}) == len(names)
    assert all(callable(getattr(obedience, kind.measure)) for kind in catalog.KINDS if kind.measure)


def test_presets_are_what_a_control_may_hold() -> None:
    for preset in catalog.PRESETS:
        for name in ("controlnet_conditioning_scale", "control_guidance_start", "control_guidance_end"):
            rules.of(Control)[name].checked(name, getattr(preset, name))
        assert preset.control_guidance_start < preset.control_guidance_end


def test_the_first_net_of_a_kind_is_the_one_meant() -> None:
    assert catalog.controlnets("sdxl", kind="canny", method="controlnet")[0].id == "sdxl-canny"
    assert catalog.controlnets("sdxl", kind="segmentation")[0].id == "sdxl-union"
    assert catalog.controlnets("sd2") == ()


def test_a_typo_in_a_kind_gets_the_nearest() -> None:
    with pytest.raises(NotFound, match="^Control: there is no 'cany'.*canny"):
        catalog.kind("cany")


# What references are heard by.

ADAPTERS = {*catalog.IP_ADAPTERS, STORYBOOK}


def test_ids_of_adapters_are_unique() -> None:
    assert len({row.id for row in ADAPTERS}) == len({(row.source, row.weight_name) for row in ADAPTERS}) == 7


@pytest.mark.parametrize("row", sorted(ADAPTERS, key=named), ids=named)
def test_every_adapter_tells_licence_and_size_and_is_of_a_family_that_hears_it(row: catalog.IPAdapter) -> None:
    assert row.label and row.licence and row.licence_url.startswith("https://")
    assert row.encoder_bytes > 0 < row.size_bytes and row.weight_name.endswith(".safetensors")
    assert "ip_adapter" in catalog.family(row.family).capabilities and row.family in LAYERS


def test_strengths_are_what_a_reference_may_weigh() -> None:
    scales = [row.ip_adapter_scale for row in catalog.STRENGTHS]
    assert [rules.of(Reference)["ip_adapter_scale"].checked("", scale) for scale in scales] == sorted(scales)
    assert Reference.ip_adapter_scale in scales


@pytest.mark.parametrize(
    ("family", "transfer", "layer", "share"),
    [
        ("sdxl", "style", "up_blocks.0.attentions.1.transformer_blocks.3.attn2.processor", 1.0),
        ("sdxl", "style", "up_blocks.0.attentions.0.transformer_blocks.3.attn2.processor", 0.0),
        ("sdxl", "composition", "down_blocks.2.attentions.1.transformer_blocks.3.attn2.processor", 1.0),
        ("sd1", "composition", "down_blocks.2.attentions.0.transformer_blocks.0.attn2.processor", 0.25),
        ("sd1", "style", "mid_block.attentions.0.transformer_blocks.0.attn2.processor", 0.0),
        ("sd1", "both", "mid_block.attentions.0.transformer_blocks.0.attn2.processor", 1.0),
        ("storybook", "style", "down_blocks.1.attentions.0.transformer_blocks.0.attn2.processor", 1.0),
        ("storybook", "composition", "mid_block.attentions.0.transformer_blocks.0.attn2.processor", 1.0),
    ],
)
def test_a_reference_is_heard_where_its_transfer_says(family: str, transfer: str, layer: str, share: float) -> None:
    assert catalog.heard(family, transfer, layer) == share

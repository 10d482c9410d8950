"""Every field is checked in one place: a request that exists can be run."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from studio import catalog, rules
from studio.errors import InvalidField
from studio.images import Picture, picture
from studio.requests import (
    LARGEST_SEED,
    MOST_PICTURES,
    RULES,
    CutOut,
    FindMask,
    ImageToImage,
    Inpaint,
    TextToImage,
    canvas,
    count,
    made,
    resolved,
    single,
    steps_of,
)
from studio.rules import UNSEEN

STORYBOOK = catalog.checkpoint("storybook")
START = picture(Image.new("RGB", (300, 200), "red"))
COLOURS = {"colour": ("red", "green", "blue")}

BAD = [
    ("num_inference_steps", 0, "Steps: needs a whole number from 1 to 150; 0 is outside."),
    ("num_inference_steps", 20.5, "Steps: needs a whole number from 1 to 150, not 20.5."),
    ("num_inference_steps", True, "Steps: needs a whole number from 1 to 150, not True."),
    ("num_inference_steps", "20", "Steps: needs a whole number from 1 to 150, not '20'."),
    ("num_inference_steps", [20], "Steps: needs a whole number from 1 to 150, not [20]."),
    ("guidance_scale", float("nan"), "Guidance (CFG): needs a number from 0 to 30, not nan."),
    ("guidance_scale", 1e30, "Guidance (CFG): needs a number from 0 to 30; 1e+30 is outside."),
    ("guidance_scale", float("inf"), "Guidance (CFG): needs a number from 0 to 30, not inf."),
    ("height", 0, "Height: needs a whole number from 64 to 2048; 0 is outside."),
    ("height", -64, "Height: needs a whole number from 64 to 2048; -64 is outside."),
    ("width", 4096, "Width: needs a whole number from 64 to 2048; 4096 is outside."),
    ("seed", 2**32, "Seed: needs a whole number from -1 to 4294967295; 4294967296 is outside."),
    ("seed", None, "Seed: needs a whole number from -1 to 4294967295, not nothing."),
    ("num_images_per_prompt", 0, "Pictures: needs a whole number from 1 to 8; 0 is outside."),
    ("prompt", None, "Prompt: needs text, not nothing."),
    ("prompt", ["a"], "Prompt: needs text, not ['a']."),
    ("prompt", "x" * 10_001, "Prompt: 10,001 characters are too many; use 10,000 or fewer."),
    ("prompt", "a\0b", "Prompt: holds a broken character; delete it or type it again."),
    ("negative_prompt", "\ud800", "Negative prompt: holds a broken character; delete it or type it again."),
    ("scheduler", "Eulerish", "Sampler: there is no 'Eulerish'."),
    ("checkpoint", {}, "Checkpoint: needs text, not {}."),
    ("clip_skip", 9, "Clip skip: needs a whole number from 0 to 8; 9 is outside."),
    ("prompt_per_line", "no", "One prompt a line: is either on or off (true or false), not 'no'."),
    ("embed_metadata", 1, "Settings in file: is either on or off (true or false), not 1."),
    ("second_pass_scale", 0.5, "Second pass: needs a number from 1 to 4; 0.5 is outside."),
    ("image", "cat.png", "Start image: needs a picture."),
    ("strength", 1.01, "Strength: needs a number from 0.02 to 1; 1.01 is outside."),
    ("strength", 0, "Strength: needs a number from 0.02 to 1; 0 is outside."),
    ("resize_mode", "zoom", "Resize: there is no 'zoom'; choose one of crop, fill, stretch."),
]


@pytest.mark.parametrize(("field", "value", "message"), BAD)
def test_bad_values_name_the_field_the_limit_and_the_remedy(field: str, value: object, message: str) -> None:
    with pytest.raises(InvalidField) as caught:
        ImageToImage(**{"image": START, field: value})
    assert caught.value.field == field
    assert str(caught.value).startswith(message)


def test_whole_numbers_may_come_as_floats() -> None:
    request = TextToImage(num_inference_steps=20.0, seed=3.0)
    assert (request.num_inference_steps, request.seed) == (20, 3)
    assert isinstance(request.num_inference_steps, int)


KINDS = [(kind, field) for kind in (ImageToImage, Inpaint, FindMask, CutOut) for field in sorted(rules.of(kind))]


@given(st.sampled_from(KINDS), st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5))
def test_any_value_is_taken_or_refused_by_name(where: tuple[type, str], value: object) -> None:
    (kind, field), rule = where, rules.of(where[0])[where[1]]
    try:
        request = kind(**{"image": START, field: value})
    except InvalidField as error:
        assert error.field == field
        assert str(error).startswith(f"{rule.label}: ")
    else:
        # LoRAs may come as the text of a list, and so short a one names none.
        expected = () if field == "loras" else value
        assert getattr(request, field) == (UNSEEN.sub("", value) if rule.is_prose else expected)


def test_resolving_fills_in_the_family_s_defaults() -> None:
    complete = resolved(TextToImage(prompt="a cat"), STORYBOOK)
    assert (complete.width, complete.height) == catalog.default_size(STORYBOOK)
    assert complete.num_inference_steps == catalog.defaults(STORYBOOK)["num_inference_steps"]
    assert complete.scheduler == catalog.defaults(STORYBOOK)["scheduler"]
    assert 0 <= complete.seed <= LARGEST_SEED


def test_resolving_keeps_what_was_asked_and_is_done_once() -> None:
    asked = TextToImage(width=96, guidance_scale=1, seed=5, scheduler="Euler")
    complete = resolved(asked, STORYBOOK)
    assert (complete.width, complete.guidance_scale, complete.seed, complete.scheduler) == (96, 1.0, 5, "Euler")
    assert resolved(complete, STORYBOOK) == complete


def test_drawn_seeds_differ() -> None:
    assert len({resolved(TextToImage(), STORYBOOK).seed for _ in range(20)}) == 20


@pytest.mark.parametrize(("size", "nearest"), [(130, 128), (64, 96), (512, 192), (100, 96)])
def test_sizes_the_family_cannot_paint_are_refused_with_the_nearest(size: int, nearest: int) -> None:
    with pytest.raises(InvalidField, match=f"Width: Storybook paints sizes from 96 to 192 .* nearest is {nearest}"):
        resolved(TextToImage(width=size), STORYBOOK)


def test_requests_pickle_and_do_not_change() -> None:
    request = TextToImage(prompt="a cat")
    assert pickle.loads(pickle.dumps(request)) == request
    with pytest.raises(AttributeError):
        request.prompt = "a dog"


def test_errors_pickle() -> None:
    error = pickle.loads(pickle.dumps(InvalidField("seed", "Seed: too large.")))
    assert (error.field, str(error)) == ("seed", "Seed: too large.")


def test_every_field_has_a_label_and_an_explanation() -> None:
    assert all(rule.label and rule.info for rule in RULES.values())


@pytest.mark.parametrize(
    ("size", "expected"), [((300, 200), (160, 112)), ((50, 50), (128, 128)), ((64, 640), (96, 192))]
)
def test_without_a_size_a_start_image_keeps_its_shape(size: tuple[int, int], expected: tuple[int, int]) -> None:
    complete = resolved(ImageToImage(image=picture(Image.new("RGB", size))), STORYBOOK)
    assert (complete.width, complete.height) == expected


def test_a_start_image_makes_an_image_to_image() -> None:
    assert type(made({"prompt": "a cat", "image": None, "strength": 0.4})) is TextToImage
    assert made({"prompt": "a cat", "image": START, "strength": 0.4}).strength == 0.4


@pytest.mark.parametrize(("steps", "strength", "run"), [(20, 0.5, 10), (20, 1, 20), (20, 0.49, 9), (4, 0.25, 1)])
def test_strength_runs_its_share_of_the_steps(steps: int, strength: float, run: int) -> None:
    assert steps_of(steps, strength) == run


def test_a_strength_that_leaves_no_step_is_refused_with_the_least_that_does() -> None:
    with pytest.raises(InvalidField, match=r"^Strength: 0.2 of 4 steps .* use a strength of 0.25 or more"):
        resolved(ImageToImage(image=START, strength=0.2, num_inference_steps=4), STORYBOOK)


def test_a_second_pass_too_large_for_the_family_is_refused() -> None:
    with pytest.raises(InvalidField, match=r"^Second pass: Storybook can reach 384 pixels a side; choose 3 or less"):
        resolved(TextToImage(second_pass_scale=4), STORYBOOK)


def test_a_sampler_of_another_kind_is_refused() -> None:
    with pytest.raises(InvalidField, match=r"^Sampler: DDIM does not fit Stable Diffusion 3"):
        resolved(TextToImage(scheduler="DDIM", checkpoint="sd3-medium"), catalog.checkpoint("sd3-medium"))


def test_each_line_is_a_prompt() -> None:
    asked = TextToImage(prompt="a cat\n\n a dog ", prompt_per_line=True, num_images_per_prompt=2, seed=7)
    complete = resolved(asked, STORYBOOK)
    assert count(complete) == 4
    alone = [single(complete, index) for index in range(4)]
    assert [(one.prompt, one.seed) for one in alone] == [("a cat", 7), ("a cat", 8), ("a dog", 9), ("a dog", 10)]
    assert all(count(one) == 1 and not one.prompt_per_line for one in alone)


def test_choices_are_drawn_anew_for_each_picture_by_its_own_seed() -> None:
    asked = TextToImage(prompt="a {red|blue} __colour__ cat", num_images_per_prompt=8, seed=7)
    complete = resolved(asked, STORYBOOK, COLOURS)
    drawn = complete.prompt.split("\n")
    assert len(drawn) == 8 == count(complete) and len(set(drawn)) > 2
    assert not any(sign in complete.prompt for sign in "{|}_")
    lone = resolved(TextToImage(prompt="a {red|blue} __colour__ cat", seed=10), STORYBOOK, COLOURS)
    assert lone.prompt == drawn[3] == single(complete, 3).prompt


@given(st.text("ab{|}_\\\n", max_size=20), st.booleans(), st.integers(1, 3))
def test_resolving_a_resolved_request_changes_nothing(prompt: str, per_line: bool, pictures: int) -> None:
    asked = TextToImage(prompt=prompt, prompt_per_line=per_line, num_images_per_prompt=pictures, seed=3)
    try:
        complete = resolved(asked, STORYBOOK)
    except InvalidField:
        return
    assert resolved(complete, STORYBOOK) == complete
    assert all(resolved(one, STORYBOOK) == one for one in (single(complete, index) for index in range(count(complete))))


def test_a_wildcard_that_is_not_there_names_the_prompt() -> None:
    with pytest.raises(InvalidField, match=r"^Prompt: there is no wildcard 'color'.*colour"):
        resolved(TextToImage(prompt="a __color__ cat"), STORYBOOK, COLOURS)


def test_too_many_pictures_are_refused_before_anything_is_drawn() -> None:
    asked = TextToImage(prompt="{a|b}\n" * 1000, prompt_per_line=True, num_images_per_prompt=8)
    with pytest.raises(InvalidField, match=rf"^Pictures: .*{MOST_PICTURES} are the most"):
        resolved(asked, STORYBOOK)


def test_choices_too_long_to_write_out_are_refused_with_the_remedy() -> None:
    asked = TextToImage(prompt="{a|b}" + "x" * 2000, num_images_per_prompt=8)
    with pytest.raises(InvalidField, match=r"^Prompt: written out for 8 pictures it has 16,015 .* fewer pictures"):
        resolved(asked, STORYBOOK)


def test_signs_that_show_nothing_are_left_out_of_what_is_used_and_kept() -> None:
    assert TextToImage(prompt="\ufeffa\x07 \x1b\u202ecat\r\n\ta dog 👩‍🚀").prompt == "a cat\n\ta dog 👩‍🚀"


def test_a_choice_that_leaves_a_picture_no_words_is_refused() -> None:
    asked = TextToImage(prompt="{|a red house}", num_images_per_prompt=8, seed=0)
    with pytest.raises(InvalidField, match=r"^Prompt: a choice leaves nothing"):
        resolved(asked, STORYBOOK)


def test_a_wildcard_missing_from_the_negative_prompt_is_said_of_it() -> None:
    with pytest.raises(InvalidField, match=r"^Negative prompt: there is no wildcard 'nowhere'") as refused:
        resolved(TextToImage(negative_prompt="__nowhere__"), STORYBOOK)
    assert refused.value.field == "negative_prompt"


def test_seeds_begin_again_after_the_largest() -> None:
    assert single(TextToImage(seed=LARGEST_SEED, num_images_per_prompt=2), 1).seed == 0


# Edits.

SIZE = (120, 100)


def shaded(size: tuple[int, int], box: tuple[int, int, int, int], value: int = 255) -> Picture:
    """A mask with one box in it."""
    mask = Image.new("L", size)
    mask.paste(value, box)
    return picture(mask)


def inpaint(size: tuple[int, int] = SIZE, box: tuple[int, int, int, int] = (40, 30, 70, 60), **how: object) -> Inpaint:
    """A request for an edit whose mask is a box."""
    return Inpaint(**{"image": picture(Image.new("RGB", size, "red")), "mask_image": shaded(size, box), **how})


def extension(**how: object) -> Inpaint:
    return Inpaint(**{"image": picture(Image.new("RGB", SIZE)), "verb": "extend", "right": 16, **how})


@pytest.mark.parametrize("verb", catalog.VERBS, ids=lambda verb: verb.name)
def test_a_verb_fills_in_what_an_edit_leaves_open(verb: catalog.Verb) -> None:
    asked = extension() if verb.name == "extend" else inpaint(verb=verb.name)
    complete = resolved(asked, STORYBOOK)
    assert complete.strength == verb.strength
    assert (complete.grow, complete.feather) == (round(verb.grow * 100), round(verb.feather * 100))
    assert not {"strength", "grow", "feather", "padding_mask_crop", "width", "height"} & {
        name for name, value in vars(complete).items() if value is None
    }


def test_what_a_verb_fills_in_gives_way_to_what_was_asked() -> None:
    own = {"strength": 0.3, "grow": -2, "feather": 0, "padding_mask_crop": 5, "width": 96, "height": 192}
    complete = resolved(inpaint(**own), STORYBOOK)
    assert {name: getattr(complete, name) for name in own} == own


def test_the_sides_added_count_for_the_shares_of_the_shorter_one() -> None:
    assert resolved(extension(top=100, right=0), STORYBOOK).feather == round(catalog.verb("extend").feather * 120)


@pytest.mark.parametrize("verb", ["remove", "extend"])
def test_shares_of_a_large_picture_stay_within_their_limits(verb: str) -> None:
    size, sides = (3400, 3300), {"left": 100} if verb == "extend" else {}
    complete = resolved(inpaint(size, (40, 40, 3000, 3000), verb=verb, **sides), STORYBOOK)
    assert max(complete.grow, complete.feather) == 128


def test_a_picture_of_about_the_models_size_is_seen_whole() -> None:
    assert resolved(inpaint((150, 150)), STORYBOOK).padding_mask_crop == -1


def test_of_a_larger_picture_the_model_sees_what_is_around_the_mask() -> None:
    complete = resolved(inpaint((800, 600), (300, 200, 500, 260), grow=0, feather=0), STORYBOOK)
    assert complete.padding_mask_crop == 200 // 4
    assert resolved(inpaint((800, 600), (300, 200, 302, 202), grow=0, feather=0), STORYBOOK).padding_mask_crop == 32


def test_how_large_a_picture_is_depends_on_the_checkpoint() -> None:
    assert resolved(inpaint((512, 512)), STORYBOOK).padding_mask_crop >= 0
    assert resolved(inpaint((512, 512)), catalog.checkpoint("sd15")).padding_mask_crop == -1


def test_what_is_seen_whole_is_painted_in_the_pictures_shape() -> None:
    complete = resolved(inpaint((150, 100)), STORYBOOK)
    assert (complete.width, complete.height) == (160, 112)


def test_a_region_is_painted_in_its_own_shape() -> None:
    tall = inpaint((800, 600), (100, 100, 200, 300), grow=0, feather=0, padding_mask_crop=0)
    complete = resolved(tall, STORYBOOK)
    assert (complete.width, complete.height) == (96, 176)


@pytest.mark.parametrize("id", ["storybook", "sd15", "sd21", "sdxl", "sd3-medium"])
@given(
    st.tuples(st.integers(8, 160), st.integers(8, 160)),
    st.sampled_from([None, -1, 0, 7]),
    st.sampled_from([None, -3, 0, 9]),
)
def test_an_edit_is_painted_in_the_familys_steps(
    id: str, size: tuple[int, int], padding: int | None, grow: int | None
) -> None:
    row = catalog.checkpoint(id)
    family = catalog.family(row.family)
    asked = inpaint(size, (2, 2, 6, 6), padding_mask_crop=padding, grow=grow)
    complete = resolved(asked, row)
    assert complete.width % family.size_multiple == complete.height % family.size_multiple == 0
    assert family.minimum_size <= min(complete.width, complete.height)
    assert max(complete.width, complete.height) <= family.maximum_size


@pytest.mark.parametrize("asked", [inpaint(), inpaint((800, 600)), extension(), extension(left=300, top=7)], ids=repr)
def test_resolving_a_resolved_edit_changes_nothing(asked: Inpaint) -> None:
    complete = resolved(asked, STORYBOOK)
    assert resolved(complete, STORYBOOK) == complete
    assert resolved(single(complete, 0), STORYBOOK) == single(complete, 0)


REFUSED = [
    ({"mask_image": None}, "mask_image", "Mask: there is none. Find what to change by words, or paint over it."),
    ({"mask_image": shaded(SIZE, (0, 0, 0, 0))}, "mask_image", "Mask: it is empty. Find what to change by words"),
    ({"mask_image": shaded(SIZE, (0, 0, *SIZE))}, "mask_image", "Mask: it covers the whole picture, .* Narrow it"),
    ({"mask_image": shaded(SIZE, (0, 0, *SIZE), 1)}, "mask_image", "Mask: it covers the whole picture"),
    (
        {"mask_image": shaded((100, 120), (1, 1, 9, 9))},
        "mask_image",
        "Mask: 100×120 pixels where the picture has 120×100. Make it of the picture's size",
    ),
    ({"verb": "remove", "words": " - dog"}, "words", "Words: name what to find, such as"),
    ({"left": 8}, "left", "Sides: Replace adds none. Choose Extend, or leave them at 0."),
    ({"verb": "remove", "bottom": 8}, "bottom", "Sides: Remove adds none. Choose Extend"),
    ({"verb": "extend"}, "right", "Sides: Extend needs a side to add to. Give at least one of them some pixels."),
    ({"second_pass_scale": 2.0}, "second_pass_scale", "Second pass: an edit has none, .* Leave it out."),
    ({"resize_mode": "fill"}, "resize_mode", "Resize: an edit has none, .* Leave it out."),
    (
        {"verb": "extend", "right": 16_384, "mask_image": None},
        "right",
        "Sides: 16,504×100 pixels are too many; at most 16,384 a side and 33 megapixels. Add less.",
    ),
    (
        {"verb": "extend", "right": 16_000, "bottom": 16_000, "mask_image": None},
        "right",
        "Sides: 16,120×16,100 pixels are too many; at most 16,384 a side and 33 megapixels. Add less.",
    ),
    (
        {"strength": 0.02},
        "strength",
        "Strength: 0.02 of 20 steps leaves none to run; use a strength of 0.05 or more, or 50 ",
    ),
]


@pytest.mark.parametrize(("values", "field", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_an_edit_that_cannot_be_done_names_the_field_and_the_remedy(
    values: dict[str, object], field: str, message: str
) -> None:
    with pytest.raises(InvalidField, match=f"^{message}") as refused:
        resolved(inpaint(**values), STORYBOOK)
    assert refused.value.field == field


BAD_EDITS = [
    ("verb", "paint", "Change: there is no 'paint'; choose one of replace, remove, add, restyle, background, extend."),
    ("mask_image", "mask.png", "Mask: needs a picture."),
    ("grow", 129, "Grow: needs a whole number from -128 to 128; 129 is outside."),
    ("feather", -1, "Feather: needs a whole number from 0 to 128; -1 is outside."),
    ("padding_mask_crop", -2, "Padding: needs a whole number from -1 to 16384; -2 is outside."),
    ("left", -8, "Left: needs a whole number from 0 to 16384; -8 is outside."),
    ("words", "x" * 1_001, "Words: 1,001 characters are too many; use 1,000 or fewer."),
]


@pytest.mark.parametrize(("field", "value", "message"), BAD_EDITS)
def test_bad_values_of_an_edit_name_the_limit(field: str, value: object, message: str) -> None:
    with pytest.raises(InvalidField) as caught:
        inpaint(**{field: value})
    assert caught.value.field == field and str(caught.value).startswith(message)


def test_a_mask_narrowed_to_nothing_is_refused() -> None:
    with pytest.raises(
        InvalidField, match=r"^Grow: narrowed by 20 pixels nothing is left of the mask\. Narrow it less\.$"
    ) as refused:
        canvas(resolved(inpaint(grow=-20), STORYBOOK))
    assert refused.value.field == "grow"


def test_what_is_painted_holds_the_mask_grown_and_feathered() -> None:
    whole = canvas(resolved(inpaint((800, 600), (300, 200, 330, 230), grow=4, feather=6), STORYBOOK))
    rows, columns = np.nonzero(whole.mask)
    assert (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1) == (290, 340, 190, 240)
    left, top, right, bottom = whole.box
    assert left <= 290 - 32 and top <= 190 - 32 and right >= 340 + 32 and bottom >= 240 + 32
    assert (right - left, bottom - top) < (800, 600)


def test_a_picture_of_a_shape_that_can_be_painted_is_seen_whole() -> None:
    """But for what rounding to the family's steps does to it."""
    assert canvas(resolved(inpaint((150, 100), padding_mask_crop=-1), STORYBOOK)).box == (0, 0, 150, 100)
    square = inpaint((128, 128), padding_mask_crop=-1, width=128, height=128)
    assert canvas(resolved(square, STORYBOOK)).box == (0, 0, 128, 128)


@pytest.mark.parametrize(
    ("size", "mask", "box"),
    [
        ((1000, 60), (500, 20, 520, 40), (390, 0, 630, 60)),
        ((1000, 60), (0, 20, 20, 40), (0, 0, 240, 60)),
        ((60, 1000), (20, 970, 40, 990), (0, 760, 60, 1000)),
    ],
)
def test_of_a_picture_too_long_to_be_painted_whole_the_most_is_seen_that_is_not_squashed(
    size: tuple[int, int], mask: tuple[int, int, int, int], box: tuple[int, int, int, int]
) -> None:
    asked = inpaint(size, mask, padding_mask_crop=-1, grow=0, feather=0)
    complete = resolved(asked, catalog.checkpoint("sd15"))
    assert sorted((complete.width, complete.height)) == [256, 1024] and canvas(complete).box == box


def test_a_size_of_another_shape_squashes_nothing() -> None:
    asked = inpaint((128, 128), (30, 60, 50, 80), padding_mask_crop=-1, width=96, height=192, grow=0, feather=0)
    assert canvas(resolved(asked, STORYBOOK)).box == (8, 0, 72, 128)


def test_what_is_added_at_the_sides_is_the_mask() -> None:
    whole = canvas(resolved(extension(left=8, right=16, top=24, bottom=32, feather=0), STORYBOOK))
    assert whole.image.size == (144, 156) and not whole.mask[24:124, 8:128].any()
    whole.mask[24:124, 8:128] = 1
    assert (whole.mask == 1).all()


def test_a_mask_joins_the_sides_that_are_added() -> None:
    whole = canvas(resolved(extension(mask_image=shaded(SIZE, (40, 30, 70, 60)), feather=0), STORYBOOK))
    assert (whole.mask[30:60, 40:70] == 1).all() and (whole.mask[:, 120:] == 1).all()
    assert whole.mask.sum() == 30 * 30 + 16 * 100


def test_a_checkpoint_made_to_fill_masks_paints_nothing_from_words() -> None:
    row = catalog.checkpoint("sd15-inpainting")
    for asked in (TextToImage(), ImageToImage(image=START)):
        with pytest.raises(InvalidField, match=r"^Checkpoint: .* made to fill masks .* Use it in Edit, or") as refused:
            resolved(replace(asked, checkpoint=row.id), row)
        assert refused.value.field == "checkpoint"
    assert resolved(inpaint(checkpoint=row.id), row).strength == 1


def test_a_mask_or_a_verb_makes_an_edit() -> None:
    mask = shaded(SIZE, (1, 1, 9, 9))
    assert type(made({"image": START, "mask_image": mask})) is Inpaint
    assert made({"image": START, "verb": "extend", "left": 8}).left == 8
    assert type(made({"image": START, "mask_image": None})) is ImageToImage
    with pytest.raises(InvalidField, match=r"^Grow: needs a whole number"):
        made({"image": START, "grow": 500})


@pytest.mark.parametrize("values", [{"verb": "replace"}, {"mask_image": START}, {"verb": "extend", "image": None}])
def test_an_edit_without_a_picture_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(InvalidField, match=r"^Picture: needs a picture") as refused:
        made(values)
    assert refused.value.field == "image"


BAD_MASKS = [
    ("threshold", 0, "Threshold: needs a number from 0.02 to 0.98; 0 is outside."),
    ("source", "sound", "Find by: there is no 'sound'; choose one of words, foreground, none."),
    ("combine", "xor", "Joined: there is no 'xor'; choose one of new, add, subtract, intersect."),
    ("grow", -129, "Grow: needs a whole number from -128 to 128; -129 is outside."),
    ("feather", 129, "Feather: needs a whole number from 0 to 128; 129 is outside."),
    ("invert", 1, "Invert: is either on or off (true or false), not 1."),
    ("strokes", "red", "Strokes: needs a picture."),
    ("words", "x" * 1_001, "Words: 1,001 characters are too many; use 1,000 or fewer."),
    ("image", None, "Picture: needs a picture."),
]


@pytest.mark.parametrize(("field", "value", "message"), BAD_MASKS)
def test_bad_values_of_a_mask_to_find_name_the_limit(field: str, value: object, message: str) -> None:
    with pytest.raises(InvalidField) as caught:
        FindMask(**{"image": START, field: value})
    assert caught.value.field == field and str(caught.value).startswith(message)


@pytest.mark.parametrize("field", ["image", "mask_image", "mask_model", "checkpoint"])
def test_bad_values_of_a_cut_out_are_named(field: str) -> None:
    with pytest.raises(InvalidField) as caught:
        CutOut(**{"image": START, field: 5})
    assert caught.value.field == field


def test_edits_and_masks_to_find_pickle() -> None:
    for request in (inpaint(), FindMask(image=START), CutOut(image=START)):
        assert pickle.loads(pickle.dumps(request)) == request

"""Controls in a run: they show, they leave nothing behind, and how far they were followed is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageOps

from studio import catalog, images, skeletons
from studio.axes import Axis
from studio.config import Settings
from studio.errors import Cancelled, InvalidField, LoadError, StudioError
from studio.grids import Grid
from studio.images import Picture
from studio.pipelines.manager import PipelineManager
from studio.requests import Control, ImageToImage, Inpaint, Preprocess, TextToImage, canvas, resolved
from studio.results import Obeyed, Preprocessed, Preview, Progress, Result
from studio.storybook import pose, render
from studio.storybook.world import Scene, random_scene
from studio.tasks import control as tasks_control
from studio.tasks import run
from studio.tasks.control import Controls, made_ready
from studio.tasks.preprocess import Preprocessing
from studio.vision import palettes
from tests import nets

SIDE = 256
SHOWN = images.picture(
    Image.fromarray(np.random.default_rng(0).integers(0, 2, (16, 16), np.uint8) * 255).resize((SIDE, SIDE))
)
OTHER = images.picture(Image.linear_gradient("L"))
MASK = images.picture(Image.new("L", (160, 160), 255).crop((-40, -40, SIDE - 40, SIDE - 40)))
CANNY = Control(image=SHOWN)
DEPTH = Control(kind="depth", image=OTHER, preprocessor="none")
UNION = replace(CANNY, controlnet="sdxl-union")
PROMAX = replace(CANNY, controlnet="sdxl-union-promax")
ADAPTED = {"method": "t2i_adapter"}
FROM = {"made_of": ImageToImage, "image": OTHER, "strength": 0.5}
EDIT = {"made_of": Inpaint, "image": OTHER, "mask_image": MASK, "strength": 0.5}
SCENE = random_scene(500)
PERSON = next(scene for scene in map(random_scene, range(600, 700)) if len(pose.people(scene)) == 1)

# What steers, by the checkpoint that it steers.
STEERED = {
    "sd1": ("sd1", (CANNY,), {}),
    "sd1, two": ("sd1", (CANNY, DEPTH), {}),
    "sd1, adapter": ("sd1", (CANNY,), ADAPTED),
    "sd1, two adapters": ("sd1", (CANNY, DEPTH), ADAPTED),
    "sd1, from a picture": ("sd1", (CANNY,), FROM),
    "sd1, second pass": ("sd1", (CANNY,), {"second_pass_scale": 1.25}),
    "sd1, guess mode": ("sd1", (CANNY,), {"guess_mode": True, "guidance_scale": 4.0}),
    "sdxl": ("sdxl", (CANNY,), {}),
    "sdxl, two": ("sdxl", (CANNY, DEPTH), {}),
    "sdxl, from a picture": ("sdxl", (CANNY,), FROM),
    "sdxl, union": ("sdxl", (UNION,), {}),
    "sdxl, union of two": ("sdxl", (PROMAX, replace(PROMAX, kind="tile")), {}),
    "sdxl, union from a picture": ("sdxl", (UNION,), FROM),
    "sdxl, adapter": ("sdxl", (CANNY,), ADAPTED),
    "sdxl, two adapters": ("sdxl", (CANNY, DEPTH), ADAPTED),
    "sd3": ("sd3", (CANNY,), {}),
    "sd3, two": ("sd3", (CANNY, DEPTH), {}),
}
EDITED = {
    "sd1": ("sd1", (CANNY,), EDIT),
    "sd1, two": ("sd1", (CANNY, DEPTH), EDIT),
    "sdxl": ("sdxl", (CANNY,), EDIT),
    "sdxl, union": ("sdxl", (UNION,), EDIT),
    "sdxl, all of it": ("sdxl", (CANNY,), EDIT | {"strength": 1.0}),
}
INPAINTERS = {f"{name}-inpainting": (f"{name}-inpainting", (CANNY,), EDIT) for name in ("sd1", "sdxl")}


def quietly(event: Progress | Preview) -> None:
    """Hears and says nothing."""


def asked(checkpoint: str, *controls: Control, made_of: type[TextToImage] = TextToImage, **how: object) -> TextToImage:
    """A request that takes a moment."""
    values = {"prompt": "a red house", "checkpoint": checkpoint, "width": SIDE, "height": SIDE, "seed": 7}
    quick = {"num_inference_steps": 2, "guidance_scale": 1.0, "scheduler": "Euler"}
    return made_of(**values | quick | {"controls": controls} | how)


def bytes_of(result: Result) -> list[bytes]:
    return [image.tobytes() for image in result.images]


@pytest.fixture(scope="module")
def manager(steered: Settings) -> PipelineManager:
    return PipelineManager(steered)


@pytest.fixture(scope="module")
def held(steered: Settings) -> Preprocessing:
    return Preprocessing(steered)


@pytest.fixture(scope="module")
def painted(manager: PipelineManager, held: Preprocessing) -> Callable[[TextToImage], Result]:
    """The result of a request; the same one is painted once."""
    made: dict[TextToImage, Result] = {}

    def paint(request: TextToImage) -> Result:
        if request not in made:
            made[request] = run(request, manager, quietly, held)
        return made[request]

    return paint


Painted = Callable[[TextToImage], Result]


@pytest.mark.parametrize("way", STEERED)
def test_a_control_shows_and_leaves_the_checkpoint_as_it_was(
    manager: PipelineManager, painted: Painted, way: str
) -> None:
    checkpoint, controls, how = STEERED[way]
    words = replace(asked(checkpoint, **how), controls=(), guess_mode=False, method="controlnet")
    steered, plain = painted(asked(checkpoint, *controls, **how)), painted(words)
    assert bytes_of(steered) != bytes_of(plain)
    assert bytes_of(run(words, manager, quietly)) == bytes_of(plain)


# What is guessed is added to one half of the words alone, weight or not.
@pytest.mark.parametrize("way", [name for name, (*_, how) in STEERED.items() if not how.get("guess_mode")])
def test_a_control_without_weight_changes_nothing(painted: Painted, way: str) -> None:
    checkpoint, controls, how = STEERED[way]
    weightless = [replace(control, controlnet_conditioning_scale=0.0) for control in controls]
    words = replace(asked(checkpoint, **how), method="controlnet")
    assert bytes_of(painted(asked(checkpoint, *weightless, **how))) == bytes_of(painted(words))


@pytest.mark.parametrize("way", EDITED | INPAINTERS)
def test_an_edit_follows_controls_keeps_the_rest_and_leaves_the_checkpoint_as_it_was(
    manager: PipelineManager, painted: Painted, way: str
) -> None:
    checkpoint, controls, how = (EDITED | INPAINTERS)[way]
    words = asked(checkpoint, **how)
    plain = painted(words)
    steered = painted(replace(words, controls=controls))
    assert bytes_of(steered) != bytes_of(plain)
    kept = canvas(steered.request).mask == 0
    assert kept.any() and np.array_equal(np.asarray(steered.images[0])[kept], np.asarray(flat(OTHER))[kept])
    assert bytes_of(run(words, manager, quietly)) == bytes_of(plain)


def flat(picture: Picture) -> Image.Image:
    return images.flattened(picture)


@pytest.mark.parametrize("way", EDITED)
def test_a_weightless_control_of_an_edit_changes_nothing(painted: Painted, way: str) -> None:
    checkpoint, controls, how = EDITED[way]
    weightless = tuple(replace(control, controlnet_conditioning_scale=0.0) for control in controls)
    words = asked(checkpoint, **how)
    assert bytes_of(painted(replace(words, controls=weightless))) == bytes_of(painted(words))


def test_the_same_request_gives_the_same_bytes(manager: PipelineManager, painted: Painted) -> None:
    for request in (asked("sd1", CANNY, DEPTH), asked("sdxl", UNION), asked("sd1", CANNY, **EDIT)):
        first = painted(request)
        assert bytes_of(run(first.request, manager, quietly)) == bytes_of(first)


def test_every_step_is_told_and_may_stop_a_run(manager: PipelineManager, held: Preprocessing) -> None:
    phases: list[tuple[str, int]] = []

    def report(event: Progress | Preview) -> None:
        if isinstance(event, Progress):  # a slow machine has time for previews
            phases.append((event.phase, event.step))
            if (event.phase, event.step) == ("painting", 2):
                raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        run(asked("sd1", CANNY, num_inference_steps=4), manager, report, held)
    assert [step for phase, step in phases if phase == "painting"] == [0, 1, 2]


# What stays in memory.


def weights_of(manager: PipelineManager, checkpoint: str) -> list[tuple[int, int]]:
    """Of every part of a checkpoint, which object it is and where each of its weights lies."""
    modules = manager._residents[checkpoint].loaded.modules.values()
    return [(id(module), weight.data_ptr()) for module in modules for weight in module.parameters()]


@pytest.mark.parametrize("checkpoint", ["sd1", "sdxl", "sd3"])
def test_switching_controls_copies_no_byte_of_the_checkpoint(
    manager: PipelineManager, painted: Painted, checkpoint: str
) -> None:
    painted(asked(checkpoint))
    before = weights_of(manager, checkpoint)
    for name, controls, how in STEERED.values():
        if name == checkpoint:
            request = resolved(asked(name, *controls, **how), manager.row(name))
            with manager.pipeline(request) as pipe:
                assert weights_of(manager, checkpoint) == before
                held = manager._residents[checkpoint].loaded.modules
                assert all(getattr(pipe, part) is held[part] for part in held if hasattr(pipe, part))
    assert weights_of(manager, checkpoint) == before


# Control images are made once.


@contextmanager
def asking(held: Preprocessing, source: str) -> Iterator[list[object]]:
    """How often one of this project's nets is asked; it must have been before."""
    calls: list[object] = []
    hook = held._nets[source,][0].model.register_forward_hook(lambda *call: calls.append(call))
    yield calls
    hook.remove()


def followed(kind: str, scene: Scene = SCENE, **how: object) -> TextToImage:
    """Words alone at Storybook's size, with a control that one of its own nets makes."""
    picture = images.picture(render.picture(scene, 96))
    size = {"width": 96, "height": 96, "method": "none"}
    return asked("storybook", Control(kind=kind, image=picture), **size | how)


@pytest.mark.parametrize("kind", ["depth", "segmentation", "pose"])
def test_another_weight_seed_or_prompt_makes_no_control_image_again(
    manager: PipelineManager, held: Preprocessing, kind: str
) -> None:
    request = followed(kind, PERSON)
    run(request, manager, quietly, held)
    (first,) = request.controls
    with asking(held, f"assets/storybook/{kind}") as calls:
        other = replace(first, controlnet_conditioning_scale=0.5, control_guidance_end=0.5)
        run(replace(request, seed=8, prompt="a blue cat", controls=(other,)), manager, quietly, held)
        assert len(calls) == 1  # of the new picture, to measure it
        run(replace(request, controls=(replace(first, image=SHOWN),)), manager, quietly, held)
        assert len(calls) == 2  # of the new control; the picture is the first one


def test_people_are_looked_for_once(manager: PipelineManager, steered: Settings) -> None:
    held = Preprocessing(steered)
    run(followed("depth"), manager, quietly, held)
    held.people(SHOWN, "storybook-pose", quietly)
    with asking(held, "assets/storybook/pose") as calls:
        made = controls_of(followed("pose", PERSON), held, steered).drawn((96, 96))
    assert len(calls) == 1 and made[0].people and np.asarray(made[0].image).any()


def controls_of(request: TextToImage, held: Preprocessing, settings: Settings) -> Controls:
    """The controls of a request of Storybook's, each with its preprocessor."""
    usual = {"canny": "canny"}
    complete = tuple(
        replace(one, preprocessor=one.preprocessor or usual.get(one.kind, f"storybook-{one.kind}"))
        for one in request.controls
    )
    return Controls(replace(request, controls=complete), "storybook", held, quietly, settings=settings)


def test_the_skeleton_that_is_seen_is_the_one_that_is_followed(held: Preprocessing, steered: Settings) -> None:
    controls = controls_of(followed("pose", PERSON), held, steered)
    (drawn,) = controls.drawn((96, 96))
    shown = replace(controls._request.controls[0].made_of, image=scaled(PERSON, (96, 96)))
    assert drawn.image.tobytes() == flat(held.preprocess(shown, quietly).image).tobytes()


def scaled(scene: Scene, size: tuple[int, int]) -> Picture:
    return images.picture(images.resized(images.picture(render.picture(scene, 96)), *size, "crop"))


# How far they are followed.


def value_of(request: TextToImage, picture: Image.Image, held: Preprocessing, settings: Settings) -> float | None:
    controls = controls_of(request, held, settings)
    controls.measure(picture)
    ((obeyed,),) = controls.told(Result(images=(picture,), request=request, seconds=1.0)).obeyed
    return obeyed.value


@pytest.mark.parametrize(("kind", "value"), [("canny", 1.0), ("depth", 1.0), ("segmentation", 1.0), ("pose", 0.0)])
def test_a_picture_obeys_itself(held: Preprocessing, steered: Settings, kind: str, value: float) -> None:
    request = followed(kind, PERSON)
    picture = images.resized(request.controls[0].image, 96, 96, "crop")
    assert value_of(request, picture, held, steered) == pytest.approx(value, abs=1e-3)


@pytest.mark.parametrize(("kind", "most"), [("canny", 0.6), ("depth", 0.9), ("segmentation", 0.5)])
def test_another_picture_obeys_less(held: Preprocessing, steered: Settings, kind: str, most: float) -> None:
    picture = images.resized(images.picture(render.picture(random_scene(503), 96)), 96, 96, "crop")
    assert value_of(followed(kind, PERSON), picture, held, steered) < most


def test_another_person_stands_elsewhere(held: Preprocessing, steered: Settings) -> None:
    moved = images.resized(images.picture(render.picture(PERSON, 96)), 96, 96, "crop").transpose(
        Image.Transpose.FLIP_LEFT_RIGHT
    )
    assert value_of(followed("pose", PERSON), moved, held, steered) > 1


def test_a_picture_hardly_painted_anew_obeys_itself(manager: PipelineManager, held: Preprocessing) -> None:
    """By the checkpoint that comes along, which has learned to leave a picture alone."""
    bundled = PipelineManager(replace(manager.settings, models=None))
    picture = images.picture(render.picture(SCENE, 128).crop((0, 0, 128, 128)))
    size = {"width": 128, "height": 128, "num_inference_steps": 30, "strength": 0.05, "method": "none"}
    kinds = ("canny", "depth", "segmentation")
    controls = [Control(kind=kind, image=picture) for kind in kinds]
    request = asked("storybook", *controls, made_of=ImageToImage, image=picture, **size)
    ((canny, depth, parts),) = run(request, bundled, quietly, held).obeyed
    assert canny.value > 0.7 and depth.value > 0.9 and parts.value > 0.5


def test_each_picture_is_measured_for_each_control(manager: PipelineManager, held: Preprocessing) -> None:
    request = replace(asked("sd1", CANNY, Control(kind="tile", image=SHOWN), method="none"), num_images_per_prompt=2)
    result = run(request, manager, quietly, held)
    assert [[one.kind for one in each] for each in result.obeyed] == [["canny", "tile"]] * 2
    assert all(
        0 <= each[0].value <= 1 and each[1] == Obeyed(kind="tile", measure="", value=None) for each in result.obeyed
    )
    assert [overlay.size for overlay in result.overlays] == [(SIDE, SIDE)] * 2


def test_of_a_run_without_controls_nothing_is_told(painted: Painted) -> None:
    result = painted(asked("sd1"))
    assert result.obeyed == result.overlays == ()


def test_a_second_pass_is_measured_at_its_size(painted: Painted) -> None:
    result = painted(asked("sd1", CANNY, second_pass_scale=1.25))
    assert result.overlays[0].size == result.images[0].size == (320, 320) and result.obeyed[0][0].value is not None


def test_the_overlay_shows_lines_that_were_kept_and_missed(held: Preprocessing, steered: Settings) -> None:
    request = followed("canny")
    picture = images.resized(request.controls[0].image, 96, 96, "crop")
    half = picture.copy()
    half.paste("white", (48, 0, 96, 96))
    controls = controls_of(request, held, steered)
    controls.measure(half)
    (overlay,) = controls.told(Result(images=(half,), request=request, seconds=1.0)).overlays
    pixels = np.asarray(overlay)
    kept, missed = ((pixels == colour).all(2) for colour in (tasks_control.FOLLOWED, tasks_control.MISSED))
    assert kept[:, :44].any() and missed[:, 60:].any() and not kept[:, 60:].any()


@pytest.mark.parametrize("kind", ["depth", "segmentation", "pose"])
def test_the_overlay_shows_what_was_to_be_followed(held: Preprocessing, steered: Settings, kind: str) -> None:
    request, picture = followed(kind, PERSON), Image.new("RGB", (96, 96), "white")
    controls = controls_of(request, held, steered)
    controls.measure(picture)
    (overlay,) = controls.told(Result(images=(picture,), request=request, seconds=1.0)).overlays
    assert overlay.size == (96, 96) and np.asarray(overlay).std() > 5


def test_a_control_image_that_shows_nothing_is_said_to(manager: PipelineManager, held: Preprocessing) -> None:
    plain = images.picture(Image.new("RGB", (96, 96), (92, 172, 236)))
    asked_for = asked("storybook", Control(kind="canny", image=plain), Control(kind="pose", image=plain), method="none")
    result = run(replace(asked_for, width=96, height=96), manager, quietly, held)
    assert "nothing to follow" in result.note and "nobody was found" in result.note
    assert [one.value for one in result.obeyed[0]] == [None, None]


# Skeletons.

SKELETON = skeletons.to_json([nets.SOMEBODY], (512, 512))


def test_a_skeleton_is_drawn_and_followed(painted: Painted) -> None:
    steered = painted(asked("sd1", Control(kind="pose", skeleton=SKELETON)))
    assert bytes_of(steered) != bytes_of(painted(asked("sd1")))


def test_a_skeleton_is_measured_by_its_people(held: Preprocessing, steered: Settings) -> None:
    said = skeletons.to_json(pose.people(PERSON), (96, 96))
    picture = render.picture(PERSON, 96)
    request = asked("storybook", Control(kind="pose", skeleton=said, preprocessor="none"), method="none")
    assert value_of(request, picture, held, steered) < 8  # percent of the height


@pytest.mark.parametrize(
    ("skeleton", "message"),
    [
        ("{people", "^Skeleton: this is no JSON"),
        ("{}", '^Skeleton: there is no list "people" in it'),
        ('{"people": []}', "^Skeleton: nobody is in it. Add a person, or choose a picture."),
        ('{"people": [{"pose_keypoints_2d": [1, 2]}]}', "^Skeleton: person 1 has no"),
    ],
)
def test_a_broken_skeleton_is_refused_before_anything_is_read(steered: Settings, skeleton: str, message: str) -> None:
    fresh = PipelineManager(steered)
    with pytest.raises(StudioError, match=message):
        run(asked("sd1", Control(kind="pose", skeleton=skeleton)), fresh, quietly)
    assert fresh.held() == []


# What goes wrong, and what is kept.


def test_a_preprocessor_of_another_kind_is_refused(manager: PipelineManager) -> None:
    with pytest.raises(InvalidField, match="^Preprocessor: Canny does not make what Depth follows. Choose one of dep"):
        run(asked("sd1", replace(DEPTH, preprocessor="canny")), manager, quietly)


def test_a_setting_that_the_preprocessor_does_not_take_is_refused(manager: PipelineManager) -> None:
    with pytest.raises(InvalidField, match="^Blur: Canny takes none"):
        run(asked("sd1", replace(CANNY, reduction=4)), manager, quietly)


@pytest.mark.parametrize("method", ["controlnet", "none"])
def test_a_preprocessor_that_is_not_here_is_named_before_anything_is_painted(
    manager: PipelineManager, method: str
) -> None:
    steps: list[Progress | Preview] = []
    with pytest.raises(LoadError, match="^Depth Anything 2, small: .* is not on this machine, and Easel was told not"):
        run(asked("sd1", replace(DEPTH, preprocessor=None), method=method), manager, steps.append)
    assert "painting" not in {event.phase for event in steps}


def test_what_cannot_be_measured_without_a_download_is_painted_all_the_same(painted: Painted) -> None:
    result = painted(asked("sd1", DEPTH))
    assert len(result.images) == 1 and not result.note and result.overlays[0].size == (SIDE, SIDE)
    assert result.obeyed == ((Obeyed(kind="depth", measure="depth", value=None),),)


def test_a_stop_while_a_picture_is_measured_keeps_it(manager: PipelineManager, held: Preprocessing) -> None:
    decoded: list[str] = []

    def report(event: Progress | Preview) -> None:
        decoded.extend([event.phase] if isinstance(event, Progress) and event.phase == "decoding" else [])
        if decoded and event.phase == "preprocessing":
            raise Cancelled("Stopped.")

    result = run(followed("depth", seed=99), manager, report, held)
    assert decoded and len(result.images) == 1 and result.obeyed[0][0].value is None


@pytest.fixture
def incomplete(steered: Settings, tmp_path_factory: pytest.TempPathFactory) -> PipelineManager:
    """A manager that has checkpoints and no nets."""
    return PipelineManager(replace(steered, cache_dir=tmp_path_factory.mktemp("empty")))


def test_missing_nets_are_named_and_the_checkpoint_stays(incomplete: PipelineManager, painted: Painted) -> None:
    plain = bytes_of(run(asked("sd1"), incomplete, quietly))
    with pytest.raises(LoadError, match="^ControlNet: ControlNet 1.1 canny is not on this machine"):
        run(asked("sd1", CANNY), incomplete, quietly)
    assert incomplete.held() == ["sd1"] and bytes_of(run(asked("sd1"), incomplete, quietly)) == plain


def test_pictures_of_cells_follow_controls(manager: PipelineManager, painted: Painted, held: Preprocessing) -> None:
    grid = Grid(base=asked("sd1", CANNY), x=Axis(field="seed", values=(7, 8)))
    result = run(grid, manager, quietly, held)
    assert bytes_of(result)[1:] == [
        *bytes_of(painted(asked("sd1", CANNY))),
        *bytes_of(painted(asked("sd1", CANNY, seed=8))),
    ]


# What is made ready before a run.


def test_all_that_a_run_needs_is_made_ready(manager: PipelineManager, steered: Settings) -> None:
    held = Preprocessing(steered)
    request = resolved(followed("depth", num_inference_steps=1), manager.row("storybook"))
    complete = controls_of(request, held, steered)._request
    ready = made_ready(complete, quietly, settings=steered, preprocessing=held)
    assert isinstance(ready, Preprocessed) and ready.image.size == (96, 96)
    with asking(held, "assets/storybook/depth") as calls:
        run(complete, manager, quietly, held)
    assert len(calls) == 1  # to measure


def test_missing_nets_are_named_before_a_run_waits(steered: Settings, incomplete: PipelineManager) -> None:
    request = resolved(asked("sd1", replace(CANNY, preprocessor="canny")), incomplete.row("sd1"))
    how = {"settings": incomplete.settings, "preprocessing": Preprocessing(steered)}
    with pytest.raises(
        LoadError, match="^ControlNet: lllyasviel/control_v11p_sd15_canny is not on this machine, and E"
    ):
        made_ready(request, quietly, **how)


def test_the_controls_of_an_edit_are_of_the_whole_picture(held: Preprocessing, steered: Settings) -> None:
    """What is painted follows the part of them where it will stand."""
    mask = Image.new("L", (300, 300))
    mask.paste(255, (200, 200, 220, 220))
    shown = images.picture(Image.linear_gradient("L").resize((300, 300)).convert("RGB"))
    how = {"image": shown, "mask_image": images.picture(mask), "grow": 0, "feather": 0, "padding_mask_crop": 10}
    edit = asked("sd1", replace(DEPTH, image=shown), made_of=Inpaint, method="none", **how)
    whole = canvas(resolved(edit, catalog.checkpoint("sd15")))
    controls = Controls(edit, "sd1", held, quietly, settings=steered, whole=whole)
    (drawn,) = controls.drawn((SIDE, SIDE))
    _, top, _, bottom = whole.box
    grey = np.asarray(drawn.image)[..., 0]
    assert grey[0].mean() == pytest.approx(top / 300 * 255, abs=6)
    assert grey[-1].mean() == pytest.approx(bottom / 300 * 255, abs=6)


def test_the_colours_of_parts_stay_those_of_the_palette_where_an_edit_is_painted_larger(
    held: Preprocessing, steered: Settings
) -> None:
    mask = Image.new("L", (300, 300))
    mask.paste(255, (130, 130, 170, 170))
    shown = images.picture(render.picture(SCENE, 300).resize((300, 300)))
    parts = Control(kind="segmentation", image=shown, preprocessor="storybook-segmentation")
    how = {"image": shown, "mask_image": images.picture(mask), "padding_mask_crop": 10, "width": 128, "height": 128}
    edit = asked("storybook", parts, made_of=Inpaint, method="none", **how)
    whole = canvas(resolved(edit, catalog.checkpoint("storybook")))
    controls = Controls(edit, "storybook", held, quietly, settings=steered, whole=whole)
    (drawn,) = controls.drawn((128, 128))
    assert whole.box[2] - whole.box[0] < 128  # painted larger than it is
    assert {colour for _, colour in drawn.image.getcolors()} <= set(palettes.STORYBOOK)


def test_what_is_drawn_on_paper_is_followed_like_its_negative_and_measured_by_lines_found(
    manager: PipelineManager, held: Preprocessing
) -> None:
    drawn = Image.new("L", (SIDE, SIDE))
    drawn.paste(255, (60, 60, 200, 70))
    given = {"none": drawn, "scribble-inverted": ImageOps.invert(drawn)}
    results = [
        run(asked("sd1", Control(kind="scribble", image=images.picture(one), preprocessor=way)), manager, quietly, held)
        for way, one in given.items()
    ]
    assert bytes_of(results[0]) == bytes_of(results[1]) and results[0].obeyed == results[1].obeyed


def test_methods_side_by_side_tell_what_each_took_and_how_far_it_obeys(
    manager: PipelineManager, held: Preprocessing
) -> None:
    axis = Axis(field="method", values=("controlnet", "t2i_adapter", "none"))
    result = run(Grid(base=asked("sd1", CANNY), x=axis), manager, quietly, held)
    sheet, by_net, by_adapter, by_words = zip(result.obeyed, result.costs, result.overlays, strict=True)
    assert sheet[:2] == ((), None)
    assert all(one[0][0].value is not None and one[1].seconds > 0 for one in (by_net, by_adapter, by_words))
    weights = [one[1].weights_bytes for one in (by_net, by_adapter, by_words)]
    assert min(weights[:2]) > weights[2] > 0


def test_a_pose_that_is_looked_for_comes_with_its_people(steered: Settings, held: Preprocessing) -> None:
    shown = images.picture(render.picture(PERSON, 128))
    asked = Preprocess(image=shown, preprocessor="storybook-pose")
    found = made_ready(asked, quietly, settings=steered, preprocessing=held)
    assert found.people and found.people == tuple(held.people(shown, "storybook-pose", quietly))
    lines = made_ready(replace(asked, preprocessor="canny"), quietly, settings=steered, preprocessing=held)
    assert lines.people is None

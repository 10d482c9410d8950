"""The requests: one frozen dataclass for each thing a user can ask for, checked when made."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from typing import ClassVar

from studio import catalog, masks, rules
from studio.errors import InvalidField, NotFound
from studio.images import LARGEST_SIDE, Picture
from studio.requests import loras
from studio.requests.controls import METHODS, MOST_CONTROLS, RESIZE_MODES, Control
from studio.requests.loras import MOST_LORAS, Lora
from studio.requests.references import MOST_REFERENCES, Reference

LARGEST_SEED = 2**32 - 1


def _side(label: str) -> int:
    return rules.row(
        0, label=label, info="Pixels to add at this side.", kind=int, minimum=0, maximum=LARGEST_SIDE, step=8
    )


@dataclass(frozen=True, kw_only=True)
class TextToImage:
    """Words to a picture. Fields are named as in diffusers; `None` takes the default of the checkpoint's family."""

    kind: ClassVar[str] = "text_to_image"

    prompt: str = rules.row("", label="Prompt", info="What the picture should show.", maximum=10_000, is_prose=True)
    negative_prompt: str = rules.row(
        "", label="Negative prompt", info="What it should not show.", maximum=10_000, is_prose=True
    )
    checkpoint: str = rules.row("storybook", label="Checkpoint", info="The model that paints.", maximum=500)
    width: int | None = rules.row(None, label="Width", info="In pixels.", kind=int, minimum=64, maximum=2048, step=8)
    height: int | None = rules.row(None, label="Height", info="In pixels.", kind=int, minimum=64, maximum=2048, step=8)
    num_inference_steps: int | None = rules.row(
        None, label="Steps", info="More steps take longer and refine more.", kind=int, minimum=1, maximum=150
    )
    guidance_scale: float | None = rules.row(
        None,
        label="Guidance (CFG)",
        info="How closely to follow the words; 1 lets the model wander.",
        kind=float,
        minimum=0,
        maximum=30,
        step=0.5,
    )
    scheduler: str | None = rules.row(None, label="Sampler", info="The way from noise to picture.", maximum=100)
    seed: int = rules.row(
        -1,
        label="Seed",
        info="The same seed and settings give the same picture; −1 draws one.",
        kind=int,
        minimum=-1,
        maximum=LARGEST_SEED,
    )
    num_images_per_prompt: int = rules.row(
        1, label="Pictures", info="How many, each with the next seed.", kind=int, minimum=1, maximum=8
    )
    clip_skip: int = rules.row(
        0,
        label="Clip skip",
        info="Last layers of the text encoder to leave out; A1111 counts one more.",
        kind=int,
        minimum=0,
        maximum=8,
    )
    prompt_per_line: bool = rules.row(
        False, label="One prompt a line", info="Each line of the prompt gives pictures of its own.", kind=bool
    )
    second_pass_scale: float = rules.row(
        1.0,
        label="Second pass",
        info="Paint the finished picture again, this much larger, for finer detail; 1 leaves it out.",
        kind=float,
        minimum=1,
        maximum=4,
        step=0.25,
    )
    second_pass_strength: float = rules.row(
        0.5,
        label="Second strength",
        info="How much the second pass may change.",
        kind=float,
        minimum=0.05,
        maximum=1,
        step=0.05,
    )
    embed_metadata: bool = rules.row(
        True, label="Settings in file", info="Write the settings into the picture file.", kind=bool
    )
    loras: tuple[Lora, ...] = rules.row(
        (),
        label=loras.LABEL,
        info="What a checkpoint is taught beside, each with how much of it.",
        kind=tuple,
        part=Lora,
        maximum=MOST_LORAS,
        read=loras.listed,
    )
    controls: tuple[Control, ...] = rules.row(
        (), label="Controls", info="What else the picture follows.", kind=tuple, part=Control, maximum=MOST_CONTROLS
    )
    method: str = rules.row("controlnet", label="Method", info="How the controls steer.", choices=METHODS)
    guess_mode: bool = rules.row(
        False, label="Guess mode", info="Follow the controls even where the words say nothing.", kind=bool
    )
    references: tuple[Reference, ...] = rules.row(
        (), label="References", info="Pictures to take after.", kind=tuple, part=Reference, maximum=MOST_REFERENCES
    )
    transfer: str = rules.row(
        "style", label="Transfer", info="What of the references counts.", choices=catalog.TRANSFERS
    )
    ip_adapter: str = rules.row(
        "", label="IP-Adapter", info="What they are heard by; left open, the family's usual one.", maximum=100
    )

    def __post_init__(self) -> None:
        for name, rule in rules.of(type(self)).items():
            object.__setattr__(self, name, rule.checked(name, getattr(self, name)))
        if self.scheduler is not None:
            try:
                catalog.sampler(self.scheduler)
            except NotFound as error:
                raise InvalidField("scheduler", str(error)) from None


@dataclass(frozen=True, kw_only=True)
class ImageToImage(TextToImage):
    """A picture painted anew after words; without a size it keeps the start image's shape."""

    kind: ClassVar[str] = "image_to_image"

    image: Picture = rules.row(
        MISSING, label="Start image", info="The picture to begin with instead of noise.", kind=Picture
    )
    strength: float = rules.row(
        0.6,
        label="Strength",
        info="How much of the start image may change; 1 keeps nothing of it.",
        kind=float,
        minimum=0.02,
        maximum=1,
        step=0.02,
    )
    resize_mode: str = rules.row(
        "crop", label="Resize", info="How the start image is brought to the size asked.", choices=RESIZE_MODES
    )


@dataclass(frozen=True, kw_only=True)
class Inpaint(ImageToImage):
    """A part of a picture painted anew, the rest kept bit for bit, at the picture's own size.

    `mask_image` is as large as the picture: white is repainted, black kept, grey blended. `width` and `height` are what
    the model paints at; `grow`, `feather`, `padding_mask_crop` and the sides are pixels of the picture. What is left
    open follows from the verb. `extend` needs no mask: what is added at the sides is the mask.
    """

    kind: ClassVar[str] = "inpaint"

    image: Picture = rules.row(MISSING, label="Picture", info="The picture to change.", kind=Picture)
    mask_image: Picture | None = rules.row(
        None, label="Mask", info="White is repainted, black stays, grey is blended.", kind=Picture
    )
    verb: str = rules.row(
        "replace",
        label="Change",
        info="What is to happen to the masked part.",
        choices={verb.name: verb.label for verb in catalog.VERBS},
    )
    words: str = rules.row(
        "", label="Words", info="What the mask shows, such as 'the house'; + joins, - takes away.", maximum=1_000
    )
    strength: float | None = rules.row(
        None,
        label="Strength",
        info="How much of what is under the mask may change; 1 keeps nothing of it.",
        kind=float,
        minimum=0.02,
        maximum=1,
        step=0.02,
    )
    grow: int | None = rules.row(
        None, label="Grow", info="Pixels the mask is widened by; below 0 narrowed.", kind=int, minimum=-128, maximum=128
    )
    feather: int | None = rules.row(
        None, label="Feather", info="Pixels over which new fades into old.", kind=int, minimum=0, maximum=128
    )
    padding_mask_crop: int | None = rules.row(
        None,
        label="Padding",
        info="Pixels around the mask that the model sees; −1 shows all that fits, less paints finer detail.",
        kind=int,
        minimum=-1,
        maximum=LARGEST_SIDE,
    )
    left: int = _side("Left")
    right: int = _side("Right")
    top: int = _side("Top")
    bottom: int = _side("Bottom")


@dataclass(frozen=True, kw_only=True)
class FindMask:
    """The mask of what words name, of the foreground, or of what was painted, made into one of the picture's size.

    What is found is cut at the threshold, its holes are filled if asked, and it is joined to `mask_image` by `combine`;
    `strokes`, painted in `masks.ADD` and `masks.REMOVE`, go on top; then it is inverted, grown and feathered.
    """

    image: Picture = rules.row(MISSING, label="Picture", info="The picture to look at.", kind=Picture)
    words: str = rules.row(
        "", label="Words", info="What to find, such as 'cat + dog - collar'.", maximum=1_000, is_prose=True
    )
    source: str = rules.row(
        "words",
        label="Find by",
        info="Words, what stands in front, or nothing but the mask and strokes given.",
        choices={"words": "Words", "foreground": "Foreground", "none": "Brush only"},
    )
    mask_model: str | None = rules.row(
        None, label="Mask model", info="What looks; left open, the one that fits the checkpoint.", maximum=100
    )
    checkpoint: str = rules.row("storybook", label="Checkpoint", info="The model that paints.", maximum=500)
    threshold: float = rules.row(
        0.5,
        label="Threshold",
        info="How sure it has to be; lower takes in more.",
        kind=float,
        minimum=0.02,
        maximum=0.98,
        step=0.02,
    )
    fill_holes: bool = rules.row(True, label="Fill holes", info="Take in small gaps in what is found.", kind=bool)
    mask_image: Picture | None = rules.row(
        None, label="Mask", info="A mask to go on from; white is repainted.", kind=Picture
    )
    combine: str = rules.row(
        "new", label="Joined", info="How what is found goes with that mask.", choices=masks.COMBINATIONS
    )
    strokes: Picture | None = rules.row(
        None, label="Strokes", info="What was painted over the picture, transparent elsewhere.", kind=Picture
    )
    invert: bool = rules.row(False, label="Invert", info="Swap what is kept and what is repainted.", kind=bool)
    grow: int = rules.row(
        0, label="Grow", info="Pixels the mask is widened by; below 0 narrowed.", kind=int, minimum=-128, maximum=128
    )
    feather: int = rules.row(0, label="Feather", info="Pixels over which it fades.", kind=int, minimum=0, maximum=128)
    download: bool = rules.row(True, label="Download", info="Fetch the mask model if it is not here yet.", kind=bool)

    def __post_init__(self) -> None:
        for name, rule in rules.of(FindMask).items():
            object.__setattr__(self, name, rule.checked(name, getattr(self, name)))


@dataclass(frozen=True, kw_only=True)
class CutOut:
    """A part of a picture alone, the rest transparent: what is white in the mask, without one the foreground."""

    image: Picture = rules.row(MISSING, label="Picture", info="The picture to cut from.", kind=Picture)
    mask_image: Picture | None = rules.row(
        None, label="Mask", info="White stays; left out, the foreground is found.", kind=Picture
    )
    mask_model: str | None = rules.row(
        None,
        label="Mask model",
        info="What finds the foreground; left open, the one that fits the checkpoint.",
        maximum=100,
    )
    checkpoint: str = rules.row("storybook", label="Checkpoint", info="The model that painted it.", maximum=500)

    def __post_init__(self) -> None:
        for name, rule in rules.of(CutOut).items():
            object.__setattr__(self, name, rule.checked(name, getattr(self, name)))


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """Bring a checkpoint onto this machine: from a hub, or out of a pickled file."""

    checkpoint: str = rules.row("", label="Checkpoint", info="The checkpoint to fetch.", maximum=500)

    def __post_init__(self) -> None:
        rules.of(Fetch)["checkpoint"].checked("checkpoint", self.checkpoint)


# Of every field that a picture's request may have; those of Inpaint that others have too stand as there.
RULES: dict[str, rules.Rule] = rules.of(Inpaint) | rules.of(ImageToImage)


def made(values: Mapping[str, object]) -> TextToImage:
    """The request of these field values: with a mask, or a verb, an Inpaint, with a start image an ImageToImage.

    InvalidField also for a value that is not used then.
    """
    kind = _kind(values)
    own = rules.of(kind)
    for name in RULES.keys() & values.keys() - own.keys() - {"image", "mask_image"}:
        RULES[name].checked(name, values[name])
    given = {name: values[name] for name in own if name in values}
    return kind(**({"image": None} if "image" in own else {}) | given)


def _kind(values: Mapping[str, object]) -> type[TextToImage]:
    if values.get("mask_image") is not None or values.get("verb"):
        return Inpaint
    return TextToImage if values.get("image") is None else ImageToImage

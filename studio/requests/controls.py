"""What steers a picture beside words: a control image, or the picture it is made of."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from types import MappingProxyType

from studio import catalog, rules
from studio.catalog import Checkpoint, ControlNet
from studio.errors import InvalidField, NotFound
from studio.images import Picture

RESIZE_MODES = {"crop": "Crop to fit", "fill": "Fill the borders", "stretch": "Stretch"}
MOST_CONTROLS = 3
# What a control image goes by; "none" leaves the controls out, to see what the words alone would do.
METHODS = MappingProxyType({"controlnet": "ControlNet", "t2i_adapter": "T2I-Adapter", "none": "Words alone"})


@dataclass(frozen=True, kw_only=True)
class Preprocess:
    """A picture to the control image that steers another, of the same size. `None` is the preprocessor's own choice."""

    image: Picture = rules.row(MISSING, label="Picture", info="The picture to follow.", kind=Picture)
    preprocessor: str = rules.row("canny", label="Preprocessor", info="What makes a control image of it.", maximum=100)
    detect_resolution: int | None = rules.row(
        None,
        label="Resolution",
        info="Pixels of the shorter side that it looks at, at most; left open, all there are.",
        kind=int,
        minimum=64,
        maximum=2048,
    )
    low_threshold: int | None = rules.row(
        None,
        label="Low threshold",
        info="Steps of brightness that go on with an edge.",
        kind=int,
        minimum=1,
        maximum=255,
    )
    high_threshold: int | None = rules.row(
        None, label="High threshold", info="Steps of brightness that begin an edge.", kind=int, minimum=1, maximum=255
    )
    reduction: float | None = rules.row(
        None, label="Blur", info="How many times smaller detail has to be to go.", kind=float, minimum=1, maximum=16
    )

    def __post_init__(self) -> None:
        for name, rule in rules.of(Preprocess).items():
            object.__setattr__(self, name, rule.checked(name, getattr(self, name)))


@dataclass(frozen=True, kw_only=True)
class Control(Preprocess):
    """A control image, how it is made of a picture, and how strictly it is followed.

    A skeleton as OpenPose's JSON takes the place of the picture; `preprocessor` "none" means that the picture is a
    control image already. `None` is what fits the checkpoint's family.
    """

    kind: str = rules.row(
        "canny",
        label="Control",
        info="What of the picture counts.",
        choices={row.name: row.label for row in catalog.KINDS},
    )
    image: Picture | None = rules.row(None, label="Control picture", info="The picture to follow.", kind=Picture)
    skeleton: str = rules.row(
        "", label="Skeleton", info="People to follow, as OpenPose's JSON; it goes before a picture.", maximum=200_000
    )
    preprocessor: str | None = rules.row(
        None, label="Preprocessor", info="What makes the control image; 'none' if it is one.", maximum=100
    )
    controlnet: str | None = rules.row(None, label="ControlNet", info="The net that follows it.", maximum=100)
    resize_mode: str = rules.row(
        "crop", label="Resize", info="How it is brought to the size painted.", choices=RESIZE_MODES
    )
    controlnet_conditioning_scale: float = rules.row(
        1.0,
        label="Weight",
        info="How strictly it is followed; 0 not at all.",
        kind=float,
        minimum=0,
        maximum=2,
        step=0.05,
    )
    control_guidance_start: float = rules.row(
        0.0,
        label="Starts at",
        info="Share of the steps after which it begins.",
        kind=float,
        minimum=0,
        maximum=1,
        step=0.05,
    )
    control_guidance_end: float = rules.row(
        1.0,
        label="Ends at",
        info="Share of the steps after which it lets go.",
        kind=float,
        minimum=0,
        maximum=1,
        step=0.05,
    )

    def __post_init__(self) -> None:
        for name, rule in rules.of(Control).items():
            object.__setattr__(self, name, rule.checked(name, getattr(self, name)))
        start, end = self.control_guidance_start, self.control_guidance_end
        if start >= end:
            message = f"Starts at: {start:g} is not before the end at {end:g}, so nothing would be followed."
            raise InvalidField("control_guidance_start", f"{message} Start earlier or end later.")

    @property
    def made_of(self) -> Preprocess | None:
        """What asks for the control image; None if a skeleton is drawn, or there is no picture."""
        if self.image is None or self.skeleton:
            return None
        return Preprocess(**{field.name: getattr(self, field.name) for field in fields(Preprocess)})


def to_json(control: Control) -> dict[str, object]:
    """A control as JSON: its fields by name; the picture is its reference."""
    values = {field.name: getattr(control, field.name) for field in fields(control)}
    return {name: value.reference if isinstance(value, Picture) else value for name, value in values.items()}


def from_json(values: object, find_picture: Callable[[str], Picture | None]) -> Control:
    """The control of `to_json`; unknown fields are left out, missing ones take their default.

    InvalidField if a value is out of its limits; what `find_picture` raises for a reference is raised.
    """
    if not isinstance(values, Mapping):
        raise InvalidField("controls", "Controls: each needs its settings by name. Set them up again.")
    given = {field.name: values[field.name] for field in fields(Control) if field.name in values}
    if isinstance(given.get("image"), str):
        given["image"] = find_picture(given["image"])
    return Control(**given)


def resolved(controls: tuple[Control, ...], method: str, row: Checkpoint) -> tuple[Control, ...]:
    """The controls with the nets that follow them, for a checkpoint; `Control.preprocessor` may be left open.

    InvalidField if there is nothing to follow, no net of the checkpoint's family follows that kind, or the nets cannot
    work together.
    """
    complete = tuple(_resolved(control, method, row) for control in controls)
    nets = {control.controlnet: catalog.controlnet(control.controlnet) for control in complete if control.controlnet}
    unions = [net for net in nets.values() if net.is_union]
    if unions and len(nets) > 1:
        others = ", ".join(net.label for net in nets.values() if net is not unions[0])
        message = f"ControlNet: {unions[0].label} follows all controls itself and does not go with {others}."
        raise InvalidField("controlnet", f"{message} Choose it for each of them, or for none.")
    return complete


def _resolved(control: Control, method: str, row: Checkpoint) -> Control:
    label = catalog.kind(control.kind).label
    if control.image is None and not control.skeleton:
        message = f"Control picture: {label} has nothing to follow. Choose a picture, or draw one."
        raise InvalidField("image", message)
    if control.skeleton and control.kind != "pose":
        raise InvalidField("skeleton", f"Skeleton: {label} follows none. Choose Pose, or leave it out.")
    if method == "none":
        return control
    return replace(control, controlnet=_net(control, method, row).id)


def _net(control: Control, method: str, row: Checkpoint) -> ControlNet:
    """The net that is named, or the first that fits; a family that has none is told what it has."""
    family, kind = catalog.family(row.family), catalog.kind(control.kind)
    fitting = catalog.controlnets(family.name, kind=kind.name, method=method)
    if control.controlnet is None:
        if fitting:
            return fitting[0]
        raise InvalidField("kind", _missing(kind.label, method, family.name))
    try:
        net = catalog.controlnet(control.controlnet)
    except NotFound as error:
        raise InvalidField("controlnet", str(error)) from None
    if net in fitting:
        return net
    offered = ", ".join(row.label for row in fitting) or "none so far"
    if net.family != family.name:
        message = f"ControlNet: {net.label} is for {catalog.family(net.family).label}, but {row.label} is "
        raise InvalidField("controlnet", f"{message}{family.label}. What fits: {offered}.")
    message = f"ControlNet: {net.label} does not follow {kind.label} as {METHODS[method]}. What does: {offered}."
    raise InvalidField("controlnet", message)


def _missing(label: str, method: str, family: str) -> str:
    kinds = [row.label for row in catalog.KINDS if catalog.controlnets(family, kind=row.name, method=method)]
    has = f"it has {', '.join(kinds)}" if kinds else "it has none"
    remedy = "Choose one of them." if kinds else "Choose another method or checkpoint."
    return f"Control: {catalog.family(family).label} has no {METHODS[method]} for {label}; {has}. {remedy}"

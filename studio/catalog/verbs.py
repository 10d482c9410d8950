"""What can be done to a masked part of a picture: each verb a recipe."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A way to edit. `fill` is what stands under the mask before noise, a row of `fills.FILLS`.

    `grow` and `feather` are shares of the picture's shorter side. `negative` goes before the negative prompt, with
    `{words}` for what the mask was found by; it is left out if there are none. `keeps` verbs take words for what stays.
    `asks` says what the prompt is for.
    """

    name: str
    label: str
    info: str
    asks: str
    fill: str
    strength: float
    grow: float
    feather: float
    negative: str = ""
    keeps: bool = False


VERBS: tuple[Verb, ...] = (
    Verb(
        name="replace",
        label="Replace",
        info="Something else in its place.",
        asks="What should be there instead, such as 'a purple tree'.",
        fill="surroundings",
        strength=1.0,
        # What comes has another shape than what goes.
        grow=0.08,
        feather=0.03,
    ),
    Verb(
        name="remove",
        label="Remove",
        info="Gone, as if it had never been there.",
        asks="Nothing needed; or what lies behind it, such as 'grass'.",
        fill="surroundings",
        strength=0.3,
        grow=0.06,
        feather=0.03,
        negative="{words}",
    ),
    Verb(
        name="add",
        label="Add here",
        info="Something new where you paint.",
        asks="What to add, such as 'a red ball'.",
        fill="neutral",
        strength=1.0,
        grow=0.0,
        feather=0.03,
    ),
    Verb(
        name="restyle",
        label="Restyle this",
        info="The same shape in another colour or look.",
        asks="What it should look like, such as 'a blue house, watercolor'.",
        fill="original",
        strength=0.6,
        grow=0.01,
        feather=0.02,
    ),
    Verb(
        name="background",
        label="New background",
        info="Another place around what stays.",
        asks="Where it should be, such as 'in the snow, night'.",
        fill="neutral",
        strength=1.0,
        grow=0.0,
        feather=0.02,
        keeps=True,
    ),
    Verb(
        name="extend",
        label="Extend",
        info="More picture at its sides.",
        asks="What the whole picture shows.",
        fill="surroundings",
        strength=0.9,
        grow=0.0,
        feather=0.04,
    ),
)

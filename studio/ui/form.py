"""The input side of a tab: controls named after request fields, read into a request and filled from one."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from studio import catalog, prompts, rules, styles
from studio.errors import StudioError
from studio.grids import Grid
from studio.images import Picture
from studio.requests import ImageToImage, Inpaint, TextToImage, made, size_like
from studio.rules import Rule
from studio.ui import aids, compare, control_units, markup, reference_units, uploads
from studio.ui.control_units import ReadPicture, Units
from studio.ui.controls import Controls
from studio.ui.picture import Updates
from studio.ui.reference_units import References

Row = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Form:
    """A view on one request type, and on another that is made on the way; other controls raise ValueError."""

    title: str
    request_type: type[TextToImage]
    controls: Controls
    aids: aids.Aids
    beside: type | None = None
    units: Units | None = None
    references: References | None = None

    def __post_init__(self) -> None:
        unknown = set(self.controls) - self.rules.keys()
        if unknown:
            raise ValueError(f"{self.request_type.__name__} has no field {', '.join(sorted(unknown))}")

    @property
    def rules(self) -> dict[str, Rule]:
        """What each of its fields may hold."""
        return (rules.of(self.beside) if self.beside else {}) | rules.of(self.request_type)

    @property
    def makes(self) -> set[type]:
        """The types of the requests it makes: with axes a grid too, and without a start image one of words alone."""
        is_wide = self.aids.axes or self.units or self.references
        return {self.request_type, TextToImage, Grid} if is_wide else {self.request_type}

    def has_made(self, request: TextToImage | Grid) -> bool:
        """Whether it makes such requests: with controls, or without."""
        one = request.base if isinstance(request, Grid) else request
        return type(request) in self.makes and self._is_of(one.controls, one.references)

    def fits(self, values: Mapping[str, object]) -> bool:
        """Whether a request of these values, as its JSON has them, is one of those it makes."""
        kind = Inpaint if values.get("verb") else ImageToImage
        return self.request_type is kind and self._is_of(values.get("controls"), values.get("references"))

    @property
    def inputs(self) -> dict[str, Component]:
        """What `request` wants, by name: the fields, the styles laid over the words, the axes of a grid, and what is
        followed or taken after."""
        styles = {"styles": self.aids.styles} if self.aids.styles else {}
        return {**self.controls, **styles, **self.aids.axes, **self._parts}

    @property
    def outputs(self) -> list[Component]:
        """All that `filled` may change."""
        sizes = [self.aids.size] if self.aids.size else []
        return [*self.inputs.values(), self.aids.words, *sizes, self.aids.recipe, self.aids.facts]

    @property
    def unchanged(self) -> Updates:
        """The answer of an event that changes nothing."""
        return {self.aids.words: gr.skip()}

    def request(self, values: Mapping[str, object], read: ReadPicture) -> TextToImage | Grid:
        """The request that the values of `inputs` make; StudioError if one is out of its limits.

        `read` gives the picture behind the raw value of a picture control.
        """
        given = {name: values[name] for name in self.controls if name in values}
        if "image" in given:
            given["image"] = read(given["image"])
        if self.units:
            given["controls"] = control_units.asked(values, read)
        if self.references:
            given |= reference_units.asked(values, given["image"], read)
        return compare.asked(values, _styled(made(given), values.get("styles") or ()))

    def filled(self, values: Mapping[str, object], find: Callable[[object], Row | None]) -> Updates:
        """Put values into the controls; those not given stay, those that could not be meant are left out.

        `find` tells of a checkpoint that can be chosen; sizes, samplers, recipes and words follow the one chosen.
        A new prompt comes without styles and axes, unless they are given too.
        """
        chosen = {name: values[name] for name in self.controls if name in values and self._is_sound(name, values[name])}
        is_sound = reference_units.is_sound if self.references else control_units.is_sound
        chosen |= {name: values[name] for name in self._parts if name in values and is_sound(name, values[name])}
        row = find(chosen.pop("checkpoint", None))
        if "prompt" in chosen and self.aids.styles:
            axes = {name: values[name] for name in self.aids.axes if compare.is_sound(name, values.get(name))}
            chosen |= {"styles": aids.known_styles(values.get("styles")), **dict.fromkeys(self.aids.axes, ""), **axes}
        updates = {self.inputs[name]: gr.update(value=value) for name, value in chosen.items()}
        if row is None:
            return updates
        following = {self.controls["checkpoint"]: gr.update(value=row["id"]), **self._following(row)}
        for control, update in following.items():
            updates[control] = updates.get(control, {}) | update
        return updates

    def settle(self, *after: Dependency) -> None:
        """Work out in the browser what follows from the fields: soon after one changes, or else after these events.

        Events have to be named, since a control that was never on screen tells of no change.
        """
        names, settled = [*self.inputs, "facts"], self.aids.settled
        settling = {
            "fn": None,
            "inputs": [*self.inputs.values(), self.aids.facts],
            "outputs": list(settled.values()),
            "js": f"(...given) => easel.settle({json.dumps(names)}, {json.dumps(list(settled))}, given)",
        }
        for event in after:
            event.then(**settling)
        if not after:
            pulse = self.aids.pulse
            gr.on([one.change for one in self.inputs.values()], fn=None, js=f"() => easel.soon('{pulse.elem_id}')")
            pulse.click(**settling)

    @property
    def _parts(self) -> dict[str, Component]:
        """The fields of what is followed or taken after."""
        parts = self.units or self.references
        return parts.inputs if parts else {}

    def _is_of(self, controls: object, references: object) -> bool:
        """Whether a request with these is one of its own: of the two, references say whose it is."""
        if self.references:
            return bool(references)
        return not references and bool(controls) == (self.units is not None)

    def _following(self, row: Row) -> Updates:
        """What is there to choose from with this checkpoint, and what is greyed out because it cannot do it."""
        family = catalog.family(row["family"])
        samplers = [sampler.label for sampler in catalog.samplers(family)]
        recipes = aids.recipe_choices(family)
        updates = {
            self.aids.words: gr.update(value=markup.words(aids.known_words(row["id"]))),
            self.aids.recipe: gr.update(choices=recipes, visible=len(recipes) > 1),
            self.aids.facts: gr.update(value=aids.family_facts(family, aids.bench(self.title), row["id"])),
        }
        if self.aids.size:
            updates[self.aids.size] = gr.update(choices=aids.size_choices(family))
        limits = {name: gr.update(**limit) for name, limit in aids.limits(family).items() if name in self.controls}
        if "scheduler" in self.controls:
            limits["scheduler"] = gr.update(choices=samplers)
        return updates | {self.controls[name]: update for name, update in limits.items()}

    def _is_sound(self, name: str, value: object) -> bool:
        """True if a control may show the value; of a picture that is its file."""
        if self.rules[name].kind is Picture:
            return value is None or uploads.kept(value) is not None
        try:
            self.rules[name].checked(name, value)
        except StudioError:
            return False
        return True


def sized(picture: Picture, row: Row) -> dict[str, int]:
    """Width and height nearest to the shape of the picture that the checkpoint paints."""
    default = (row["defaults"]["width"], row["defaults"]["height"])
    width, height = size_like(picture.size, default, catalog.family(row["family"]))
    return {"width": width, "height": height}


def family_values(row: Row) -> dict[str, object]:
    """What the controls show after another checkpoint is chosen: it, and its defaults."""
    return {"checkpoint": row["id"], **row["defaults"]}


def _styled(request: TextToImage, names: Sequence[str]) -> TextToImage:
    """The request with the styles around its words, or around each of its lines."""
    lines = prompts.lines(request.prompt) if request.prompt_per_line else (request.prompt,)
    styled = [styles.applied(names, line, request.negative_prompt) for line in lines or ("",)]
    return replace(request, prompt="\n".join(line for line, _ in styled), negative_prompt=styled[0][1])

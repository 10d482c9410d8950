"""What happens on the Control tab: kinds bring their ways and nets, pictures their control images."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import gradio as gr
from gradio.events import Dependency

from studio import catalog, images, skeletons
from studio.axes import Axis
from studio.errors import StudioError
from studio.grids import Grid
from studio.images import Picture
from studio.requests import RULES, Control, Preprocess
from studio.ui import control_units, markup, masking, skeleton_editor, sketch_pad, uploads
from studio.ui.chosen import Target
from studio.ui.control_units import LABEL, STRENGTH, Unit, Units, name_of
from studio.ui.events import WATCHING, adding_up, reader, submitted, telling, told
from studio.ui.form import Form
from studio.ui.page import QUICK, Page
from studio.ui.picture import Updates, View
from studio.vision import controls, poses, preprocessors

# Sides of the picture that a control image is shown for, if nothing else is said.
SIZE = ("width", "height")
USUAL = (512, 512)

# Ties what is done to one more event.
Tie = Callable[[Callable[..., Dependency]], Dependency]


def connect(page: Page, form: Form, units: Units) -> Callable[[Callable[..., Dependency]], object]:
    """All that is tied on the controls of a form; gives what has them shown after an event besides."""
    methods(page, form)
    opened = []
    for unit in units.units:
        offer(page, form, unit)
        strictness(form, unit)
        opened += [lay(page, form, unit), show(page, form, unit)]
        find(page, form, unit)
    return lambda event: [tie(event) for tie in opened]


def methods(page: Page, form: Form) -> None:
    """Another checkpoint brings the methods that its family has."""
    method = form.controls["method"]

    def follow(checkpoint: str, method: str) -> dict[str, object]:
        row = page.row(checkpoint)
        if row is None:
            return gr.skip()
        choices = control_units.methods(row["family"])
        known = [name for _, name in choices]
        return gr.update(choices=choices, value=method if method in known else known[0])

    page.checkpoint.change(follow, [page.checkpoint, method], method, **QUICK)


def try_each(page: Page, form: Form, view: View, button: gr.Button) -> Dependency:
    """The button paints the same words, seed and controls by each method of the family, on one sheet."""

    def run(request: gr.Request, **values: object) -> Iterator[Updates]:
        def asked() -> Grid:
            base = form.request(values, reader(page, request))
            row = page.row(base.checkpoint)
            known = [name for _, name in control_units.methods(row["family"])] if row else ["none"]
            return Grid(base=replace(base, num_images_per_prompt=1), x=Axis(field="method", values=tuple(known)))

        yield from submitted(page, view, asked, request)

    return button.click(run, inputs_kwargs=form.inputs, outputs=view.outputs, preprocess=False, **WATCHING)


def offer(page: Page, form: Form, unit: Unit) -> None:
    """A kind brings its preprocessors and nets; another checkpoint or method the kinds that it has."""
    method, kind, way = form.controls["method"], unit.fields["kind"], unit.fields["preprocessor"]

    def follow(kind: str, checkpoint: str, method: str) -> Updates:
        row = page.row(checkpoint)
        return control_units.following(unit, kind, row["family"], method) if row else {unit.fields["kind"]: gr.skip()}

    changed = list(control_units.following(unit, kind.value, page.first_family.name, control_units.METHOD))
    gr.on(
        [kind.change, page.checkpoint.change, method.change],
        follow,
        [kind, page.checkpoint, method],
        changed,
        **QUICK,
    )

    def settings(kind: str, way: str, checkpoint: str) -> Updates:
        row = page.row(checkpoint)
        return control_units.settings(unit, kind, way, row["family"]) if row else {unit.thresholds: gr.skip()}

    taken = list(control_units.settings(unit, kind.value, "", page.first_family.name))
    way.change(settings, [kind, way, page.checkpoint], taken, **QUICK)


def strictness(form: Form, unit: Unit) -> None:
    """A choice of strictness sets weight, start and end; what they come to is the one that is chosen."""
    rows = {row.name: [getattr(row, field) for field in STRENGTH] for row in catalog.PRESETS}
    numbers = [unit.fields[field] for field in STRENGTH]
    form.settle(unit.preset.input(lambda name: rows[name], unit.preset, numbers, **QUICK))

    def named(*given: object) -> str | None:
        return next((name for name, values in rows.items() if list(given) == values), None)

    gr.on([number.change for number in numbers], named, numbers, unit.preset, **QUICK)


def lay(page: Page, form: Form, unit: Unit) -> Tie:
    """A picture that is put in lies below what is drawn; also after an event besides."""
    image = unit.fields["image"]

    def below(value: object, request: gr.Request) -> Updates:
        with told("No control picture"):
            picture = page.picture(value, page.owner(request), label=LABEL)
            return {
                unit.fields["sketch"]: sketch_pad.showing(picture),
                unit.fields["skeleton"]: skeleton_editor.showing(picture),
            }
        return {image: None}

    outputs = [image, unit.fields["sketch"], unit.fields["skeleton"]]
    how = {"fn": below, "inputs": image, "outputs": outputs, "preprocess": False, **WATCHING}
    gr.on([image.upload, image.clear], **how)
    return lambda event: event(**how)


def show(page: Page, form: Form, unit: Unit) -> Tie:
    """The control image before the run: on demand, and by itself where that needs no download.

    Also after an event besides.
    """
    wanted = {
        **{name_of(unit.number, field): component for field, component in unit.fields.items()},
        **{name: form.controls[name] for name in (*SIZE, "checkpoint")},
    }

    @adding_up
    def look(request: gr.Request, **values: object) -> Iterator[Updates]:
        yield from _shown(page, unit, values, request)

    def glance(request: gr.Request, **values: object) -> Iterator[Updates]:
        if _is_here(page, unit, values):
            yield from _shown(page, unit, values, request)
        else:
            yield {unit.seen: control_units.nothing(), unit.line: markup.note("")}

    how = {"inputs_kwargs": wanted, "outputs": [unit.seen, unit.line], "preprocess": False, **WATCHING}
    unit.show.click(look, **how)
    changing = [unit.fields[field] for field in ("kind", "preprocessor", "sketch", "skeleton", "resize_mode")]
    changes = [part.change for part in changing]
    image = unit.fields["image"]
    how |= {"fn": glance, "trigger_mode": "always_last"}
    gr.on([image.upload, image.clear, *changes], **how)
    return lambda event: event(**how)


def find(page: Page, form: Form, unit: Unit) -> None:
    """The people of the picture go into the editor, to be moved."""
    skeleton, image, way = (unit.fields[name] for name in ("skeleton", "image", "preprocessor"))

    @adding_up
    def look(value: object, named: str, checkpoint: str, request: gr.Request) -> Iterator[Updates]:
        owner = page.owner(request)
        try:
            picture = page.picture(value, owner, label=LABEL)
            if picture is None:
                raise StudioError(f"{LABEL}: choose one first, then find the people in it.")
            row = preprocessors.default("pose", page.row(checkpoint)["family"])
            asked = Preprocess(image=picture, preprocessor=named if named and named != "none" else row.id)
            found = yield from telling(unit.line, masking.looked(page, asked, owner))
            if found.people:
                said = skeletons.to_json(found.people, picture.size)
                yield {skeleton: skeleton_editor.showing(picture, value=said), unit.line: markup.note("")}
            else:
                yield {unit.line: markup.message(found.note)}
        except StudioError as error:
            yield {unit.line: markup.message(str(error))}

    inputs = [image, way, page.checkpoint]
    unit.find.click(look, inputs, [skeleton, unit.line], preprocess=False, **WATCHING)


def target(page: Page, form: Form, tab: str) -> Target:
    """The place that takes a picture to follow."""
    unit = form.units.units[0]

    def fill(path: Path, checkpoint: str) -> Updates:
        uploads.read(path, label=LABEL)
        return {unit.fields["image"]: str(path)}

    return Target(outputs=[unit.fields["image"]], fill=fill, form=form, place=".controlling", tab=tab)


def _shown(page: Page, unit: Unit, values: dict[str, object], request: gr.Request) -> Iterator[Updates]:
    """The control image of a unit's values, or why there is none."""
    owner = page.owner(request)
    try:
        control = control_units.one(values, unit.number, reader(page, request))
        row = page.row(values["checkpoint"])
        size = _size(values, control)
        if control.skeleton:
            made = poses.drawn(controls.people(control, size), size)
            yield _told(unit, images.picture(made), "")
            return
        if control.image is None:
            yield {unit.seen: control_units.nothing(), unit.line: markup.note("")}
            return
        looking = masking.looked(page, _preprocess(control, row["family"], size), owner)
        found = yield from telling(unit.line, looking)
        yield _told(unit, found.image, found.note)
    except StudioError as error:
        yield {unit.seen: control_units.nothing(), unit.line: markup.message(str(error))}


def _size(values: dict[str, object], control: Control) -> tuple[int, int]:
    """The size painted; the picture's own if it is left open."""
    sides = tuple(RULES[name].checked(name, values[name]) for name in SIZE)
    own = control.image.size if control.image else skeletons.canvas_of(control.skeleton or "{}")
    return sides if None not in sides else own or USUAL


def _preprocess(control: Control, family: str, size: tuple[int, int]) -> Preprocess:
    """What makes the control image as the run makes it: of the picture at the size painted."""
    picture = images.picture(images.resized(control.image, *size, control.resize_mode))
    named = control.preprocessor or preprocessors.default(control.kind, family).id
    return replace(control, image=picture, preprocessor=named).made_of


def _is_here(page: Page, unit: Unit, values: dict[str, object]) -> bool:
    """Whether the control image can be made without any download."""
    row = page.row(values["checkpoint"])
    named = values[name_of(unit.number, "preprocessor")]
    kind = values[name_of(unit.number, "kind")]
    try:
        way = preprocessors.preprocessor(named) if named else preprocessors.default(kind, row["family"])
    except (StudioError, TypeError):  # Show control will say it
        return False
    return way.read is None or way.source.startswith("assets/")


def _told(unit: Unit, picture: Picture, note: str) -> Updates:
    width, height = picture.size
    return {
        unit.seen: control_units.drawn(picture, "The control image"),
        unit.line: markup.message(note) if note else markup.note(f"{width} × {height}"),
    }

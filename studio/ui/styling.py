"""What happens on the Style tab: checkpoints bring their adapters, strengths their weights, and four can be tried."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gradio as gr
from gradio.events import Dependency

from studio import catalog
from studio.axes import Axis
from studio.grids import Grid
from studio.requests import references
from studio.ui import markup, reference_units, uploads
from studio.ui.chosen import Target
from studio.ui.events import WATCHING, reader, submitted, told
from studio.ui.form import Form
from studio.ui.page import QUICK, Page
from studio.ui.picture import Updates, View
from studio.ui.reference_units import LABEL, Unit

# What Try four strengths compares.
TRIED = (0.25, 0.5, 0.75, 1.0)


def connect(page: Page, form: Form, line: gr.HTML) -> None:
    """All that is tied on the references of a form; `line` says so where a family can hear none."""
    follow_family(page, form, line)
    for unit in form.references.units:
        strengthen(form, unit)
        check(page, unit)


def heard_by(family: catalog.Family) -> str:
    """What is said of a family that can hear no references; of others nothing."""
    return markup.note("" if catalog.ip_adapters(family.name) else references.none_for(family))


def follow_family(page: Page, form: Form, line: gr.HTML) -> None:
    """Another checkpoint brings the adapters that its family has."""
    adapter = form.controls["ip_adapter"]

    def follow(checkpoint: str) -> Updates:
        row = page.row(checkpoint)
        if row is None:
            return {line: gr.skip()}
        family = catalog.family(row["family"])
        return {
            adapter: gr.update(choices=reference_units.adapters(family.name), value=""),
            line: heard_by(family),
        }

    page.checkpoint.change(follow, page.checkpoint, [adapter, line], **QUICK)


def strengthen(form: Form, unit: Unit) -> None:
    """A strength that is chosen is the weight; what the weight comes to is the one that looks chosen."""
    weight, known = unit.fields["ip_adapter_scale"], {row.ip_adapter_scale for row in catalog.STRENGTHS}
    form.settle(unit.strength.input(lambda scale: scale, unit.strength, weight, **QUICK))
    weight.change(lambda scale: scale if scale in known else None, weight, unit.strength, **QUICK)


def check(page: Page, unit: Unit) -> None:
    """A reference that cannot be read is taken out again, and why is said."""
    image = unit.fields["image"]

    def look(value: object, request: gr.Request) -> Updates:
        with told("No reference"):
            page.picture(value, page.owner(request), label=LABEL)
            return {image: gr.skip()}
        return {image: None}

    image.upload(look, image, [image], preprocess=False, **WATCHING)


def try_each(page: Page, form: Form, view: View, button: gr.Button) -> Dependency:
    """The button paints the same words, seed and references at four strengths, on one sheet."""

    def run(request: gr.Request, **values: object) -> Iterator[Updates]:
        def asked() -> Grid:
            base = form.request(values, reader(page, request))
            return Grid(base=replace(base, num_images_per_prompt=1), x=Axis(field="ip_adapter_scale", values=TRIED))

        yield from submitted(page, view, asked, request)

    return button.click(run, inputs_kwargs=form.inputs, outputs=view.outputs, preprocess=False, **WATCHING)


def target(form: Form, tab: str) -> Target:
    """The place that takes a picture to take after."""
    image = form.references.units[0].fields["image"]

    def fill(path: Path, checkpoint: str) -> Updates:
        uploads.read(path, label=LABEL)
        return {image: str(path)}

    return Target(outputs=[image], fill=fill, form=form, place=".styling", tab=tab)

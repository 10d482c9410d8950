"""The picture before and after over each other, with a slider between."""

from collections.abc import Mapping

import gradio as gr
from gradio.events import Dependency
from PIL import Image

from studio import images
from studio.errors import StudioError
from studio.images import Picture
from studio.ui import chosen, uploads
from studio.ui.page import QUICK, Page
from studio.ui.picture import Updates, View


def build() -> tuple[gr.Accordion, gr.ImageSlider]:
    """The accordion and the slider in it; there is nothing to compare yet."""
    with gr.Accordion("Before and after", open=True, visible=False, elem_classes="before-after") as box:
        slider = gr.ImageSlider(
            type="filepath",
            format="png",
            interactive=False,
            buttons=[],
            label="Before and after",
            show_label=False,
            max_height=1024,
        )
    return box, slider


def connect(page: Page, view: View, built: tuple[gr.Accordion, gr.ImageSlider], shown: tuple[Dependency, ...]) -> None:
    """Show the chosen picture over the one it was made from; after these events too, which show a job to its end."""
    box, slider = built

    def show(pictures: object, requests: object, index: object, request: gr.Request) -> Updates:
        try:
            values = chosen.settings_of(requests, index)
            if "x_field" in values:
                raise StudioError("Picture: a sheet has no picture of before.")
            before = page.engine.find_picture(values["image"], page.owner(request))
            after = uploads.picture(chosen.file_of(pictures, index), label="Picture")
        except StudioError:  # one of them is gone
            return {box: gr.update(visible=False)}
        pair = [uploads.served(picture) for picture in (_under(before, after.size, values), after)]
        return {slider: gr.update(value=tuple(pair)), box: gr.update(visible=True)}

    def look(pictures: object, requests: object, event: gr.SelectData, request: gr.Request) -> Updates:
        return show(pictures, requests, event.index, request)

    held, how = [view.gallery, view.tools.requests], {"preprocess": False, **QUICK}
    for event in shown:
        event.then(show, [*held, view.tools.index], [slider, box], **how)
    view.gallery.select(look, held, [slider, box], **how)


def _under(before: Picture, size: tuple[int, int], values: Mapping[str, object]) -> Picture:
    """The picture of before as large as the one after: brought to size as a start image is, or at the place that it
    has in one with sides added."""
    if before.size == size:
        return before
    if "left" not in values:
        return images.picture(images.resized(before, *size, values["resize_mode"]))
    canvas = Image.new("RGB", size, "white")
    canvas.paste(images.flattened(before), (int(values["left"]), int(values["top"])))
    return images.picture(canvas)

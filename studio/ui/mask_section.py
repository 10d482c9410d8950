"""The mask of the Edit tab: found by words or as the foreground, painted, kept and joined; shown as it changes."""

import base64
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import gradio as gr
import numpy as np
from gradio.components import Component
from gradio.events import Dependency
from PIL import Image

from studio import images, masks
from studio.errors import InvalidField, StudioError
from studio.images import Picture
from studio.requests import CutOut, FindMask
from studio.results import NothingFound
from studio.ui import aids, controls, markup, masking, uploads
from studio.ui.controls import Controls, html
from studio.ui.events import WATCHING, adding_up, telling, told
from studio.ui.masking import RULES, Values
from studio.ui.page import QUICK, Page
from studio.ui.picture import Updates
from studio.units import data_size
from studio.vision import registry

HINT = "Say in words what to change and press Find, or paint over it below."
EXTENDS = "Say below how much is added at each side. What is there stays, unless you paint over it."
FITTING = "The one that fits the checkpoint"
PAINTING = "Green adds to the mask, red takes away. The eraser takes strokes back; Undo is in the bar."
# The longer side of what is painted on: a larger one is slow to paint over, a smaller one hard to hit.
PAINTED_ON = 512
# What decides the mask: what is found anew when it changes, and what waits for Find.
CHANGING = (
    "mask_image",
    "strokes",
    "mask_model",
    "threshold",
    "combine",
    "fill_holes",
    "invert",
    "grow",
    "feather",
)
FIELDS = (*CHANGING, "image", "source", "words", "verb", "checkpoint")


@dataclass(frozen=True, kw_only=True)
class Section:
    """Its parts: `controls` are fields of FindMask, `earlier` is what was painted before the page was opened anew.

    `file` names the picture's file. Gradio tells of a change of a picture also whenever an event that reads it runs:
    an event that followed it and reads it would follow itself for ever.
    """

    controls: Controls
    find: gr.Button
    seen: gr.HTML
    line: gr.HTML
    editor: gr.ImageEditor
    earlier: gr.Textbox
    file: gr.Textbox
    keep: gr.Button
    load: gr.UploadButton
    save: gr.DownloadButton
    clear: gr.Button
    cut: gr.Button
    cut_out: gr.Image

    @property
    def shown(self) -> list[Component]:
        """What tells of the mask."""
        return [self.seen, self.line, self.save]

    @property
    def held(self) -> list[Component]:
        """What `cleared` sets."""
        return list(self.cleared(None))

    def cleared(self, picture: Picture | None) -> Updates:
        """No mask of any kind any more, and the picture alone under the brush."""
        values = {
            "mask_image": None,
            "words": "",
            "combine": "new",
            "source": "words",
            "strokes": None,
            "invert": False,
        }
        fields = {self.controls[name]: value for name, value in values.items()}
        return fields | {self.earlier: None, self.editor: _laid(picture)}


def beside() -> gr.HTML:
    """The picture with its mask, to stand beside the picture."""
    return html(markup.no_mask(), "mask-box")


def line() -> gr.HTML:
    """What is said of the mask."""
    return html(markup.note(HINT), "note-box mask-line")


def build(words: Controls, find: gr.Button, shown: tuple[gr.HTML, gr.HTML], shares: dict[str, int]) -> Section:
    """How the mask is found and shaped, and the picture to paint it on; `shares` are the sliders' to begin with."""
    with gr.Accordion("Mask", open=False, elem_classes="mask-section"):
        found = controls.of(FindMask, "source") | {"mask_model": _models()}
        found |= controls.of(FindMask, "threshold", "combine")
        shaped = controls.of(FindMask, "fill_holes", "invert", "grow", "feather", **shares)
        with gr.Row(elem_classes="answers"):
            keep = gr.Button("Keep and join", size="sm")
            load = gr.UploadButton("Load", size="sm", file_types=["image"])
            save = gr.DownloadButton("Save", size="sm", interactive=False)
            clear = gr.Button("Clear", size="sm")
            cut = gr.Button("Cut out", size="sm")
        cut_out = gr.Image(
            visible=False,
            interactive=False,
            format="png",
            image_mode=None,
            type="filepath",
            buttons=["download"],
            label="Cut out",
            show_label=False,
            elem_classes="cut-out",
        )
    with gr.Accordion("Paint", open=False, elem_classes="paint-section"):
        html(markup.note(PAINTING), "note-box")
        editor = _editor()
    # Not absent, but hidden: what is absent tells of no change.
    kept = {name: gr.Textbox(visible="hidden", label=name) for name in ("mask_image", "strokes")}
    file = gr.Textbox(visible="hidden", label="file")
    return Section(
        controls=words | found | shaped | kept,
        find=find,
        seen=shown[0],
        line=shown[1],
        editor=editor,
        earlier=gr.Textbox(visible=False, label="earlier"),
        file=file,
        keep=keep,
        load=load,
        save=save,
        clear=clear,
        cut=cut,
        cut_out=cut_out,
    )


def connect(page: Page, section: Section, fields: Controls) -> Callable[[Callable[..., Dependency]], Dependency]:
    """Keep what is shown true to `fields`, which are all that decides the mask, and let the buttons do their work.

    Gives what has it shown after an event besides, such as when the tab is opened: there may be one from before the
    page was loaded.
    """

    words, source, model = fields["words"], fields["source"], fields["mask_model"]

    def look(request: gr.Request, **values: object) -> Iterator[Updates]:
        yield from shown(page, section, {**values, "download": False}, request)

    @adding_up
    def find(request: gr.Request, **values: object) -> Iterator[Updates]:
        # Words are what is meant then, whatever found the mask before; but Find is also what downloads a net.
        if values["words"] and values["source"] != "words" and not _may_download(page, values):
            values |= {"source": "words", "mask_model": ""}
            yield {source: "words"}
        yield from shown(page, section, values, request)

    finding = {
        "fn": look,
        "inputs_kwargs": fields,
        "outputs": section.shown,
        "preprocess": False,
        "trigger_mode": "always_last",
        **WATCHING,
    }
    # Only who asks for a mask downloads what finds it.
    asked = gr.on([section.find.click, words.submit], **finding | {"fn": find, "outputs": [*section.shown, source]})
    asked.then(None, js="() => easel.show('.mask-box')")
    fields["image"].change(None, fields["image"], section.file, js="(image) => image?.path ?? ''")
    gr.on([section.file.change, *(fields[name].change for name in CHANGING)], **finding)
    # Before it is looked: what was chosen may not look in this way.
    source.change(_fitting, [source, model], model, **QUICK).then(**finding)
    _paint(page, section, fields)
    # What is cleared may have been words alone, which by themselves wait for Find.
    _keep(page, section, fields).then(**finding)
    _cut(page, section, fields)
    return lambda event: event(**finding)


def shown(page: Page, section: Section, values: Values, request: gr.Request) -> Iterator[Updates]:
    """The mask of these values as a picture of what is kept, blended and repainted; or why there is none."""
    owner = page.owner(request)
    yield {section.seen: gr.skip()}  # a generator that yields nothing would empty the components
    read: dict[str, object] = {}
    try:
        read = masking.read(page, values, owner)
        if read["image"] is None or masking.is_empty(masking.asked(read)):
            hint = EXTENDS if read["verb"] == "extend" else HINT
            yield _told(section, hint, None if read["image"] is None else _drawn(read["image"], None))
            return
        wanted = masking.asked(read)
        plain = replace(wanted, grow=0, feather=0)  # as an edit takes it, which grows and feathers it itself
        found = yield from telling(section.line, masking.looked(page, plain, owner))
        mask = masks.feathered(masks.grown(masks.read(found.mask), wanted.grow), wanted.feather)
        said = f"{masks.coverage(mask):.0%} of the picture"
        said = said if found.score is None else f"{said} · surest {found.score:.2f}"
        yield _told(section, said, _drawn(read["image"], mask), uploads.served(found.mask, "mask.png"))
    except NothingFound as error:
        yield _told(section, str(error), _drawn(read["image"], masks.read(error.guess), is_guess=True))
    except StudioError as error:
        picture = read.get("image")
        yield _told(section, str(error), _drawn(picture, None) if isinstance(picture, Picture) else None)


def page_mask(page: Page, read: Values, owner: str) -> Picture:
    """The mask as an edit takes it: it grows and feathers it itself. StudioError as `masking.looked`."""
    return masking.end_of(masking.looked(page, masking.asked(read, grow=0, feather=0), owner)).mask


def _paint(page: Page, section: Section, fields: Controls) -> None:
    """A new picture is laid under the brush; each stroke becomes part of the mask, over what was painted earlier."""
    image, base, strokes = fields["image"], fields["mask_image"], fields["strokes"]

    def lay(image: object, mask: object, painted: object, request: gr.Request) -> Updates:
        with told("No picture"):
            picture = page.picture(image, page.owner(request), label=RULES["image"].label)
            if picture is None:
                return {section.editor: None}
            held, drawn = (
                uploads.picture(uploads.kept(value), label=RULES[name].label)
                for name, value in (("mask_image", mask), ("strokes", painted))
            )
            laid = {section.editor: _laid(picture)}
            if held is not None and held.size != picture.size:
                laid[base] = None
            if drawn is not None and drawn.size != _painted_size(picture):
                laid |= {strokes: None, section.earlier: None}
            return laid
        return {section.editor: gr.skip()}

    def stroke(painted: object, earlier: object) -> str | None:
        layers = painted["layers"] if isinstance(painted, dict) else ()
        layer = layers[0] if layers else None
        if layer is None or layer.getchannel("A").getextrema()[1] == 0:
            return uploads.kept(earlier)
        before = uploads.picture(uploads.kept(earlier), label=RULES["strokes"].label)
        if before is not None:
            under = before.image.convert("RGBA").resize(layer.size, Image.Resampling.NEAREST)
            layer = Image.alpha_composite(under, layer)
        return uploads.served(images.picture(layer))

    # The editor begins anew with every picture; what was painted so far stays, unless another picture is chosen.
    section.file.change(None, strokes, section.earlier, js="(strokes) => strokes")
    forgotten = [base, strokes, section.earlier]
    laid = [section.editor, *forgotten]
    gr.on([section.file.change, page.blocks.load], lay, [image, base, strokes], laid, preprocess=False, **WATCHING)
    gr.on([image.upload, image.clear], lambda: dict.fromkeys(forgotten), None, forgotten, **QUICK)
    # Pressed by `paint.js` when the brush is lifted.
    painted = aids.pulse("edit-painted")
    read = painted.click(stroke, [section.editor, section.earlier], strokes, trigger_mode="always_last", **WATCHING)
    read.then(None, js="() => easel.painted()")


def _keep(page: Page, section: Section, fields: Controls) -> Dependency:
    """The mask found so far is held, so that the next find joins it; one is loaded from a file, or all is cleared.

    Gives the event of the last.
    """
    base, words = section.controls["mask_image"], section.controls["words"]
    combine, source = section.controls["combine"], section.controls["source"]

    def keep(request: gr.Request, **values: object) -> Updates:
        with told("Nothing to keep"):
            owner = page.owner(request)
            read = masking.read(page, values, owner) | {"strokes": None}
            if read["image"] is None or masking.is_empty(masking.asked(read)):
                raise InvalidField("words", "Mask: there is none yet. Find one, or load it.")
            mask = page_mask(page, read | {"invert": False}, owner)
            return {base: uploads.served(mask), words: "", combine: "add", source: "words"}
        return {base: gr.skip()}

    def load(file: object, image: object, request: gr.Request) -> Updates:
        with told("Not loaded"):
            owner = page.owner(request)
            mask = uploads.picture(file, label=RULES["mask_image"].label)
            picture = page.picture(image, owner, label=RULES["image"].label)
            masking.check_fits(mask, picture)
            return {base: uploads.served(mask), words: "", source: "words"}
        return {base: gr.skip()}

    held = [base, words, combine, source]
    section.keep.click(keep, inputs_kwargs=fields, outputs=held, preprocess=False, **WATCHING)
    section.load.upload(load, [section.load, fields["image"]], held, preprocess=False, **WATCHING)

    def clear(image: object, request: gr.Request) -> Updates:
        with told("Not laid under the brush"):
            return section.cleared(page.picture(image, page.owner(request), label=RULES["image"].label))
        return section.cleared(None)

    return section.clear.click(clear, fields["image"], section.held, preprocess=False, **WATCHING)


def _cut(page: Page, section: Section, fields: Controls) -> None:
    """What the mask shows, or without one the foreground, as a PNG on nothing."""

    def cut(request: gr.Request, **values: object) -> Iterator[Updates]:
        yield {section.line: gr.skip()}
        with told("Not cut out"):
            owner = page.owner(request)
            read = masking.read(page, values, owner)
            find = masking.asked(read)
            # The foreground by itself comes with soft edges.
            is_joined = find.strokes is not None or (find.mask_image is not None and find.combine != "new")
            is_foreground = masking.is_empty(find) or (find.source == "foreground" and not is_joined)
            mask = None if is_foreground else page_mask(page, read | {"invert": False}, owner)
            model = find.mask_model if find.source == "foreground" else None
            wanted = CutOut(image=read["image"], mask_image=mask, mask_model=model, checkpoint=read["checkpoint"])
            found = yield from telling(section.line, masking.looked(page, wanted, owner))
            yield {
                section.line: markup.note(f"Cut out in {found.seconds:.1f} s."),
                section.cut_out: gr.update(value=uploads.served(found.image, "cut-out.png"), visible=True),
            }

    outputs = [section.line, section.cut_out]
    section.cut.click(cut, inputs_kwargs=fields, outputs=outputs, preprocess=False, **WATCHING)
    section.file.change(lambda: gr.update(value=None, visible=False), None, section.cut_out, **QUICK)


def _models() -> gr.Dropdown:
    """The nets that look, each with its size and licence; those of the way chosen."""
    rule = RULES["mask_model"]
    return gr.Dropdown(_choices("words"), value="", label=rule.label, info=rule.info, filterable=False)


def _may_download(page: Page, values: Values) -> bool:
    """Whether the net that finds the foreground is none of this project's own."""
    row = page.row(values["checkpoint"])
    models = {model.id: model for model in registry.models("foreground")}
    model = models.get(values["mask_model"]) or registry.default("foreground", row["family"] if row else "")
    return not model.source.startswith("assets/")


def _fitting(source: str, model: str) -> dict[str, object]:
    """The nets of a way of finding; the one chosen stays if it is one of them."""
    choices = _choices(source)
    return gr.update(choices=choices, value=model if model in dict(map(reversed, choices)) else "")


def _choices(source: str) -> list[tuple[str, str]]:
    rows = [(f"{row.label} · {data_size(row.size_bytes)} · {row.licence}", row.id) for row in registry.models(source)]
    return [(FITTING, ""), *rows]


def _editor() -> gr.ImageEditor:
    """Collects strokes alone: a mask that is put into it is lost at the first stroke."""
    brush = gr.Brush(default_size=24, colors=[masks.ADD, masks.REMOVE], default_color=masks.ADD, color_mode="fixed")
    return gr.ImageEditor(
        type="pil",
        image_mode="RGBA",
        format="png",
        layers=False,
        transforms=(),
        sources=(),
        brush=brush,
        eraser=gr.Eraser(default_size=24),
        buttons=[],
        label="Paint",
        show_label=False,
        height=460,
        elem_classes="painter",
    )


def _laid(picture: Picture | None) -> dict[str, object] | None:
    """The picture under the brush, at a size to paint over."""
    if picture is None:
        return None
    image = images.flattened(picture).resize(_painted_size(picture), Image.Resampling.LANCZOS)
    return {"background": image, "layers": [], "composite": None}


def _painted_size(picture: Picture) -> tuple[int, int]:
    """The size of the picture under the brush, and so of its strokes."""
    width, height = (max(1, round(side * PAINTED_ON / max(picture.size))) for side in picture.size)
    return width, height


def _told(section: Section, said: str, drawn: str | None, file: str | None = None) -> Updates:
    """What stands below the picture, the picture unless it stays away, and what Save gives."""
    return {
        section.line: markup.note(said),
        section.seen: drawn or markup.no_mask(),
        section.save: gr.update(value=file, interactive=file is not None),
    }


def _drawn(picture: Picture, mask: np.ndarray | None, *, is_guess: bool = False) -> str:
    """The picture with its mask, (height, width) in 0 … 1, over it: HTML with its bytes inside, no larger than seen."""
    image = images.flattened(picture)
    image.thumbnail((PAINTED_ON, PAINTED_ON), Image.Resampling.LANCZOS)
    if mask is not None:
        image = masks.shown(image, np.asarray(Image.fromarray(mask).resize(image.size, Image.Resampling.BOX)))
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    said = "The picture" if mask is None else "The best guess" if is_guess else "What is repainted, tinted"
    return markup.mask(base64.b64encode(file.getvalue()).decode(), said, is_guess=is_guess)

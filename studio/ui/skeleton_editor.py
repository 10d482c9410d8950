"""The skeleton editor: people over a picture, moved joint by joint (`assets/skeleton.js`); its value is their JSON."""

import base64
import io
import json

import gradio as gr
from PIL import Image

from studio import images, skeletons
from studio.errors import StudioError
from studio.images import Picture
from studio.skeletons import BONES, JOINTS, MOST_PEOPLE
from studio.vision.poses import COLOURS

# Whom "Add person" adds: where each joint is, in heights of the person, from the middle and from the top.
STANDING = {
    "nose": (0.0, 0.07),
    "neck": (0.0, 0.18),
    "right_shoulder": (-0.11, 0.18),
    "right_elbow": (-0.15, 0.36),
    "right_wrist": (-0.17, 0.52),
    "left_shoulder": (0.11, 0.18),
    "left_elbow": (0.15, 0.36),
    "left_wrist": (0.17, 0.52),
    "right_hip": (-0.07, 0.53),
    "right_knee": (-0.08, 0.77),
    "right_ankle": (-0.09, 1.0),
    "left_hip": (0.07, 0.53),
    "left_knee": (0.08, 0.77),
    "left_ankle": (0.09, 1.0),
    "right_eye": (-0.03, 0.04),
    "left_eye": (0.03, 0.04),
    "right_ear": (-0.06, 0.06),
    "left_ear": (0.06, 0.06),
}
# The longer side of the picture below them: it is there to see where a hand goes.
LAID_AT = 768
TEMPLATE = """
<div class="skeleton">
  <div class="skeleton-row">
    <button type="button" data-act="add">Add person</button>
    <button type="button" data-act="remove">Remove person</button>
    <button type="button" data-act="hide">Hide joint</button>
    <button type="button" data-act="undo">Undo</button>
    <button type="button" data-act="clear">Clear</button>
  </div>
  <div class="skeleton-row skeleton-people" role="group" aria-label="People"></div>
  <svg class="skeleton-canvas" role="group" aria-label="Skeletons">
    <rect class="skeleton-paper" width="100%" height="100%"></rect>
    <image class="skeleton-picture" width="100%" height="100%" preserveAspectRatio="none"></image>
  </svg>
  <p class="skeleton-hint"></p>
  <div class="skeleton-row skeleton-hidden" role="group" aria-label="Hidden joints"></div>
  <p class="skeleton-said" role="status"></p>
  <details>
    <summary>JSON</summary>
    <textarea rows="4" spellcheck="false" aria-label="OpenPose JSON" placeholder="Paste OpenPose JSON here"></textarea>
    <div class="skeleton-row">
      <button type="button" data-act="paste">Use JSON</button>
      <button type="button" data-act="load">Load file</button>
      <button type="button" data-act="save">Save JSON</button>
      <button type="button" data-act="copy">Copy JSON</button>
    </div>
    <input type="file" accept=".json,application/json" aria-label="Skeleton file" hidden>
  </details>
</div>
"""


def build(value: str = "") -> gr.HTML:
    """The editor; its value is OpenPose's JSON, as `skeletons.to_json` makes it, or "" if there is nobody."""
    return gr.HTML(
        value,
        html_template=TEMPLATE,
        # Not as a prop: an update of one of them, before the tab is opened, throws away the others.
        js_on_load=f"easel.skeleton({json.dumps(facts())}, element, props, server, watch)",
        server_functions=[read_json],
        elem_classes="skeleton-box",
        apply_default_css=False,
        picture=None,
        canvas=None,
    )


def showing(
    picture: Picture | None, *, size: tuple[int, int] | None = None, value: str | None = None
) -> dict[str, object]:
    """The update that lays a picture below the people, or without one plain paper of `size`.

    `value` puts other people there, as JSON, or nobody by ""; without it those that are there stay, fitted in.
    """
    # Gradio leaves a None out of an update.
    laid = {"picture": _address(picture) if picture else "", "canvas": picture.size if picture else size}
    return gr.update(**laid) if value is None else gr.update(value=value, **laid)


def read_json(asked: object) -> tuple[str, str]:
    """The people of a text as our JSON, and what is wrong with it; one of the two is "".

    `asked` comes from the page: the text, and the width and height of what the people are laid over, or None.
    """
    match asked:
        case [str(text), [int(width), int(height)]] if width > 0 and height > 0:
            size = (width, height)
        case [str(text), None]:
            size = None
        case _:
            return "", "Skeleton: no text came. Load a file, or paste its JSON."
    try:
        people = skeletons.from_json(text, size)
    except StudioError as error:
        return "", str(error)
    if not people:
        return "", "Skeleton: there is nobody in it. Send JSON with at least one person."
    return skeletons.to_json(people, skeletons.canvas_of(text) or size or (LAID_AT, LAID_AT)), ""


def facts() -> dict[str, object]:
    """What `skeleton.js` has to know of skeletons; joints are named by their place."""
    return {
        "joints": [name.replace("_", " ") for name in JOINTS],
        "bones": [[JOINTS.index(one), JOINTS.index(other)] for one, other in BONES],
        "colours": COLOURS,
        "standing": [STANDING[name] for name in JOINTS],
        "most": MOST_PEOPLE,
    }


def _address(picture: Picture) -> str:
    """The picture as an address with its bytes inside, no larger than seen."""
    image = images.flattened(picture)
    image.thumbnail((LAID_AT, LAID_AT), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"

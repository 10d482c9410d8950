"""A picture seen large, what it was made from, and how two of them differ, as HTML."""

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import PurePosixPath

from studio import catalog, infotext
from studio.axes import FIELDS as AXES
from studio.outputs import Row
from studio.requests import RULES
from studio.ui import embedding_picker, lora_picker, markup
from studio.ui.gallery.serving import PICTURES
from studio.ui.gallery.tiles import name

# The settings worth reading, in this order; what is at its default without effect is left out.
SETTINGS = ("num_inference_steps", "guidance_scale", "scheduler", "seed")
IF_USED = {
    "strength": lambda said: said.get("image") is not None,
    "resize_mode": lambda said: said.get("image") is not None,
    "second_pass_scale": lambda said: said.get("second_pass_scale", 1) != 1,
    "second_pass_strength": lambda said: said.get("second_pass_scale", 1) != 1,
    "clip_skip": lambda said: said.get("clip_skip", 0) != 0,
}

Labels = Mapping[str, str]


def large(row: Row) -> str:
    """The picture itself, with a way to the one before and the one after."""
    id, ratio = escape(row.id), row.width / row.height
    steps = "".join(
        f"<button type='button' class='step' data-step='{step}' aria-label='{said} picture'></button>"
        for step, said in ((-1, "Newer"), (1, "Older"))
    )
    return (
        f"<figure class='seen large' data-id='{id}' style='--ratio: {ratio:.4f}' tabindex='-1'>"
        f"<a href='{PICTURES}/{id}' target='_blank' title='Open in full size'>{_image(row)}</a>{steps}</figure>"
    )


def about(row: Row, labels: Labels) -> str:
    """The words and settings of a picture; `labels` are the checkpoints' names by id."""
    prompt = escape(row.prompt) or "<i>No words</i>"
    negative = f"<p class='without'><b>Without</b> {escape(row.negative_prompt)}</p>" if row.negative_prompt else ""
    pairs = facts(row, labels) | {"File": PurePosixPath(row.path).name}
    made = _made(row)
    return f"<div class='about'>{made}<p class='words-said'>{prompt}</p>{negative}{markup.rows(pairs)}</div>"


def comparison(first: Row, second: Row) -> str:
    """Two pictures over each other, and a slider for how much is seen of each."""
    slider = "<input type='range' min='0' max='100' value='50' step='0.5' aria-label='How much of the first picture'>"
    ratio = first.width / first.height
    return (
        f"<figure class='seen comparison' style='--ratio: {ratio:.4f}' tabindex='-1'>"
        f"{_image(second)}<div class='first'>{_image(first)}</div><span class='split'></span>{slider}</figure>"
    )


def differences(first: Row, second: Row, labels: Labels) -> str:
    """What is not the same in two pictures, side by side."""
    sides = [{"Prompt": row.prompt, **_without(row), **facts(row, labels)} for row in (first, second)]
    names = [name for name in dict.fromkeys([*sides[0], *sides[1]]) if sides[0].get(name) != sides[1].get(name)]
    lines = "".join(_line(name, *(side.get(name, "–") for side in sides)) for name in names)
    head = "<tr><td></td><th scope='col'>Left</th><th scope='col'>Right</th></tr>"
    return f"<div class='about'><table class='differences'><thead>{head}</thead><tbody>{lines}</tbody></table></div>"


def facts(row: Row, labels: Labels) -> dict[str, str]:
    """The settings beside the words, as label and value."""
    said = base(row)
    pairs = {RULES["checkpoint"].label: labels.get(row.checkpoint, row.checkpoint)} if row.checkpoint else {}
    pairs["Size"] = f"{row.width} × {row.height}"
    used = [*(name for name in SETTINGS), *(name for name, is_used in IF_USED.items() if is_used(said))]
    pairs |= {RULES[name].label: _value(name, said[name]) for name in used if said.get(name) is not None}
    if words := lora_picker.worded(said.get("loras")):
        pairs[lora_picker.LABEL] = words
    if named := infotext.embeddings(row.infotext):
        pairs[embedding_picker.LABEL] = ", ".join(named)
    if said.get("controls"):
        pairs[RULES["controls"].label] = ", ".join(map(_control, said["controls"]))
    if said.get("references"):
        pairs[RULES["references"].label] = _references(said)
    return pairs | {f"{name.upper()} axis": _axis(row.request[name]) for name in "xyz" if row.request.get(name)}


def _control(said: Mapping[str, object]) -> str:
    """What is followed and how strictly."""
    kind = next((kind.label for kind in catalog.KINDS if kind.name == said.get("kind")), str(said.get("kind")))
    return f"{kind} {said.get('controlnet_conditioning_scale', 1):g}"


def _references(said: Mapping[str, object]) -> str:
    """What is taken of how many references, and how strongly."""
    weights = ", ".join(f"{reference.get('ip_adapter_scale', 1):g}" for reference in said["references"])
    return f"{_value('transfer', said.get('transfer', ''))} {weights}"


def base(row: Row) -> Mapping[str, object]:
    """The settings of a picture; of a grid's sheet those that its cells have in common."""
    said = row.request.get("base")
    return said if isinstance(said, Mapping) else row.request


def _made(row: Row) -> str:
    """When it was made; the browser says it anew in the visitor's own time."""
    made = datetime.fromtimestamp(row.created, UTC)
    return f"<p class='made'><time datetime='{made.isoformat()}'>{made:%d %B %Y, %H:%M} UTC</time></p>"


def _without(row: Row) -> dict[str, str]:
    return {"Without": row.negative_prompt} if row.negative_prompt else {}


def _value(name: str, value: object) -> str:
    choices = RULES[name].choices
    if isinstance(value, str):
        return choices.get(value, value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _axis(said: Mapping[str, object]) -> str:
    field = str(said.get("field"))
    return f"{AXES.get(field, field)}: {', '.join(map(str, said.get('values', ())))}"


def _image(row: Row) -> str:
    said = escape(name(row))
    return f"<img src='{PICTURES}/{escape(row.id)}' alt='{said}' width='{row.width}' height='{row.height}'>"


def _line(label: str, left: str, right: str) -> str:
    return f"<tr><th scope='row'>{escape(label)}</th><td>{escape(left)}</td><td>{escape(right)}</td></tr>"

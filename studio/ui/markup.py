"""The few pieces of HTML the page is made of beside Gradio's components; whatever is not ours is escaped here."""

import base64
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from PIL import Image

from studio import catalog
from studio.results import Preview, Progress, Result
from studio.units import data_size

BRAND = "<h1 class='brand'>Easel</h1>"
# How a prompt is read, in its own signs.
SIGNS = {"(word:1.2)": "stronger", "{a|b}": "a or b", "__list__": "from a list"}
# Phases whose steps are bytes.
IN_BYTES = ("downloading", "converting")
LONG = 24  # characters that stand beside the signs
HINT = "<p class='hint'>An example. Press <b>Run</b> to paint your own.</p>"


def example(prompt: str, picture: Path) -> str:
    """What the frame shows before the first picture."""
    return f"<div class='example'>{_picture(picture.read_bytes(), f'An example: {prompt}')}</div>"


def progress(event: Progress) -> str:
    """Phase, step and seconds in one line, below a thin bar."""
    if event.queue_place is not None and event.phase == "waiting":
        ahead = event.queue_place - 1
        return line("Next in line" if ahead == 0 else f"Waiting, {ahead} before you")
    parts = [_weighed(event)] if event.phase in IN_BYTES else _stepping(event)
    if event.remaining is not None and event.remaining >= 0.5:
        parts.append(f"about {event.remaining:.0f} s left")
    value = f"value='{event.step}' max='{event.steps}'" if event.steps else ""
    # No live region: a screen reader would read out every step.
    said = escape(" · ".join(parts))
    return f"<progress aria-label='Progress' {value}></progress><p class='said'>{said}</p>"


def finished(result: Result) -> str:
    """What the line says once the pictures are there."""
    return f"Done in {result.seconds:.1f} s · seed {result.request.seed}"


def chosen(details: Mapping[str, object], index: int) -> str:
    """Which of several pictures the buttons below mean; nothing for a single one. Of a grid the first is the sheet."""
    seeds, sheets = details["seeds"], int("base" in details["request"])
    if len(seeds) < 2:
        return ""
    which = f"Picture {index + 1 - sheets} of {len(seeds) - sheets} · seed {seeds[index]}"
    said = f"The sheet of {len(seeds) - 1} pictures" if index < sheets else which
    return f"<p class='chosen' role='status' data-index='{index}'>{said}</p>"


def tool_group(title: str) -> str:
    """What the buttons behind it have in common."""
    return f"<span>{escape(title)}</span>"


def phase(event: Progress) -> str:
    """What is done at the moment, in words."""
    if event.phase in IN_BYTES:
        return _weighed(event)
    return f"{event.phase.capitalize()} …" if event.phase not in ("waiting", "starting") else "Looking …"


def mask(data: str, said: str, *, is_guess: bool) -> str:
    """A picture with its mask over it, of base64 bytes; a guess looks like one."""
    kind = "masked is-guess" if is_guess else "masked"
    return f"<div class='{kind}'><img alt='{escape(said)}' src='data:image/png;base64,{data}'></div>"


def scores(said: Sequence[Mapping[str, object]]) -> str:
    """How far a picture follows each of its controls."""
    rows = "".join(f"<li><b>{escape(name)}</b> {escape(told)}</li>" for name, told in map(_score, said))
    return f"<ul class='scores' aria-label='Did it obey?'>{rows}</ul>"


def ways(said: Iterable[tuple[str, Mapping[str, object], Sequence[Mapping[str, object]]]]) -> str:
    """What each method took, and how far it obeys, as a table."""
    rows = []
    for method, cost, obeyed in said:
        took = f"{cost['seconds']:.1f} s", data_size(cost["weights_bytes"])
        follows = ", ".join(" ".join(_score(one)) for one in obeyed)
        rows.append("".join(f"<td>{escape(cell)}</td>" for cell in (method, *took, follows)))
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("Method", "Time", "Weights", "Obeys"))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table class='ways'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def overlay(picture: Image.Image) -> str:
    """The picture with what it was to follow, its bytes inside."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return _picture(buffer.getvalue(), "The picture with what it was to follow")


def _score(one: Mapping[str, object]) -> tuple[str, str]:
    kind = catalog.kind(str(one["kind"]))
    return kind.label, SCORES[kind.measure](one["value"]) if one["value"] is not None else "cannot be compared"


# A figure of `obedience` in words.
SCORES: Mapping[str, Callable[[float], str]] = {
    "edges": lambda value: f"{value:.0%} of edges agree (F1)",
    "depth": lambda value: f"{value:.2f} of 1, depth in the same order",
    "pose": lambda value: f"joints off by {value:.1f} % of the height",
    "regions": lambda value: f"{value:.0%} of the areas agree (mIoU)",
    "": lambda value: "",
}


def no_mask(said: str = "What will change is shown here.") -> str:
    """Where the mask, or what is said, will be shown."""
    return f"<div class='masked is-empty'><p>{escape(said)}</p></div>"


def line(text: str) -> str:
    """The line above the picture; nothing for no text."""
    return f"<p class='said' role='status'>{escape(text)}</p>" if text else ""


def preview(event: Preview) -> str:
    """The rough picture with its bytes inside: nothing is written to disk for it."""
    buffer = io.BytesIO()
    event.image.save(buffer, "PNG")
    return f"<div class='rough'>{_picture(buffer.getvalue(), 'The picture, still being painted')}</div>"


def message(text: str) -> str:
    """A message beside the run button, spoken by screen readers; nothing for no text."""
    return f"<p class='message' role='alert'>{escape(text)}</p>" if text else ""


def words(groups: Mapping[str, tuple[str, ...]]) -> str:
    """Words as groups of buttons that put them into the prompt (`assets/easel.js`)."""
    return "".join(_group(title, said) for title, said in groups.items())


def prompt_help(counted: str, warning: str = "") -> str:
    """Below the prompt: how its signs are read, how much of it there is, and what is wrong with its brackets."""
    length = "counted is-long" if len(counted) > LONG else "counted"
    warned = f"<p class='prompt-warning' role='status'>{escape(warning)}</p>" if warning else ""
    return f"<div class='prompt-help'>{signs(SIGNS)}<p class='{length}'>{escape(counted)}</p>{warned}</div>"


def signs(meanings: Mapping[str, str]) -> str:
    """Signs that may be typed, each with what it means."""
    said = "".join(f"<span><code>{escape(sign)}</code> {escape(meant)}</span> " for sign, meant in meanings.items())
    return f"<p class='signs'>{said}</p>"


def style_cards(groups: Mapping[str, Sequence[tuple[str, str, str]]]) -> str:
    """Styles as (name, words, address of a picture or nothing) by group, for `assets/styles.js` to bring to life."""
    return "".join(_style_group(title, cards) for title, cards in groups.items())


def rows(pairs: Mapping[str, str]) -> str:
    """A list of label and value."""
    listed = "".join(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in pairs.items())
    return f"<dl class='rows'>{listed}</dl>" if pairs else ""


def found(program: str, said: Mapping[str, str], unknown: Mapping[str, str], notes: Sequence[str]) -> str:
    """What a file would set, what it says beside that, and what is to be known about it."""
    parts = [note(f"Written by {program}. Apply sets:"), rows(said)]
    if unknown:
        parts += [note("It also says what has no place here:"), rows(unknown)]
    return "".join([*parts, *map(note, notes)])


def heading(title: str) -> str:
    """What stands above a group of controls."""
    return f"<h3 class='heading'>{escape(title)}</h3>"


def note(text: str) -> str:
    """A line below a control; nothing for no text."""
    return f"<p class='note'>{escape(text)}</p>" if text else ""


def checkpoint_line(row: Mapping[str, object] | None, problem: str = "") -> str:
    """Family, size, licence and whether it is here, of a row of `engine.checkpoints()`; and what is wrong with it."""
    wrong = problem or (row["problem"] if row else "")
    said = [f"<p class='checkpoint-line is-wrong' role='status'>{escape(wrong)}</p>"] if wrong else []
    if row is None or row["problem"]:
        return "".join(said)
    here = "on disk" if row["on_disk"] else "not on this machine"
    licence = _link(row["licence"], row["licence_url"])
    facts = [escape(row["family_label"]), data_size(row["size_bytes"]), licence, here]
    gated = "Accept its licence on its page first, and start Easel with HF_TOKEN." if row["is_gated"] else ""
    notes = [row["left_out"], "" if row["on_disk"] else gated]
    lines = [" · ".join(facts), escape(" ".join(note for note in notes if note))]
    return "".join([*(f"<p class='checkpoint-line'>{line}</p>" for line in lines if line), *said])


def fetch_label(row: Mapping[str, object]) -> str:
    """What the button says that brings a checkpoint here, and how much will come."""
    if row["is_pickle"]:
        return "Convert to safetensors"
    return "Download its configs" if row["needs"] else f"Download {data_size(row['size_bytes'])}"


def fetch_line(event: Progress) -> str:
    """How far a fetch is, in place of the checkpoint's line."""
    return f"<div class='fetch-line'>{progress(event)}</div>"


def status_line(status: Mapping[str, object]) -> str:
    """Device, its memory in use, and how many jobs wait."""
    waiting = status["waiting"]
    parts = [status["device"] or status["state"], status.get("memory"), f"{waiting} waiting" if waiting else None]
    said = " · ".join(escape(str(part)) for part in parts if part)
    return f"<p class='status-line' role='status'><span class='dot {escape(str(status['state']))}'></span>{said}</p>"


def _picture(data: bytes, description: str) -> str:
    source = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    return f"<img alt='{escape(description)}' src='{source}'>"


def _group(title: str, said: tuple[str, ...]) -> str:
    name = escape(title)
    buttons = [f"<button type='button' class='word' aria-pressed='false'>{escape(word)}</button>" for word in said]
    inside = f"<span>{name}</span><div>{''.join(buttons)}</div>"
    return f"<div role='group' aria-label='{name}' class='word-group'>{inside}</div>"


def _style_group(title: str, cards: Sequence[tuple[str, str, str]]) -> str:
    inside = "".join(_style_card(*card) for card in cards)
    return f"<div role='group' aria-label='{escape(title)}' class='style-group'><h3>{escape(title)}</h3>{inside}</div>"


def _style_card(name: str, words: str, picture: str) -> str:
    image = f"<img alt='' src='{escape(picture)}'>" if picture else ""
    said = f"data-name='{escape(name)}' title='{escape(words)}' aria-pressed='false'"
    return f"<button type='button' class='style-card' {said}>{image}{escape(name)}</button>"


def _weighed(event: Progress) -> str:
    """How much of the whole is there, in its unit."""
    phase = event.phase.capitalize()
    if not event.steps:
        return f"{phase} {data_size(event.step)}" if event.step else phase
    whole, unit = data_size(event.steps).split()
    divisor, digits = 1e9 if unit == "GB" else 1e6, 1 if "." in whole else 0
    return f"{phase} {event.step / divisor:.{digits}f} of {whole} {unit}"


def _stepping(event: Progress) -> list[str]:
    parts = [event.phase.capitalize()]
    if event.steps:
        parts.append(f"step {event.step} of {event.steps}")
    if event.elapsed >= 0.5:
        parts.append(f"{event.elapsed:.0f} s")
    return parts


def _link(text: str, address: str) -> str:
    """A link to an address of the catalogue, in a page of its own."""
    said = escape(text)
    return f"<a href='{escape(address)}' target='_blank' rel='noopener'>{said}</a>" if address else said

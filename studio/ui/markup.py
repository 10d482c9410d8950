"""The few pieces of HTML the page is made of beside Gradio's components; whatever is not ours is escaped here."""

import base64
import io
from collections.abc import Mapping
from html import escape
from pathlib import Path

from studio.results import Preview, Progress, Result

BRAND = "<h1 class='brand'>Easel</h1>"
HINT = "<p class='hint'>An example. Press <b>Run</b> to paint your own.</p>"


def example(prompt: str, picture: Path) -> str:
    """What the frame shows before the first picture."""
    return f"<div class='example'>{_picture(picture.read_bytes(), f'An example: {prompt}')}</div>"


def progress(event: Progress) -> str:
    """Phase, step and seconds in one line, below a thin bar."""
    if event.queue_place is not None and event.phase == "waiting":
        ahead = event.queue_place - 1
        return line("Next in line" if ahead == 0 else f"Waiting, {ahead} before you")
    parts = [event.phase.capitalize()]
    if event.steps:
        parts.append(f"step {event.step} of {event.steps}")
    if event.elapsed >= 0.5:
        parts.append(f"{event.elapsed:.0f} s")
    if event.remaining is not None and event.remaining >= 0.5:
        parts.append(f"about {event.remaining:.0f} s left")
    value = f"value='{event.step}' max='{event.steps}'" if event.steps else ""
    # No live region: a screen reader would read out every step.
    said = escape(" · ".join(parts))
    return f"<progress aria-label='Progress' {value}></progress><p class='said'>{said}</p>"


def finished(result: Result) -> str:
    """What the line says once the pictures are there."""
    return f"Done in {result.seconds:.1f} s · seed {result.request.seed}"


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


def checkpoint_line(row: Mapping[str, object] | None) -> str:
    """Family, size, licence and whether it is here, of a row of `engine.checkpoints()`."""
    if row is None:
        return ""
    here = "on disk" if row["on_disk"] else "not on this machine"
    said = f"{row['family_label']} · {_size(row['size_bytes'])} · {row['licence']} · {here}"
    return f"<p class='checkpoint-line'>{escape(said)}</p>"


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


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.0f} MB"

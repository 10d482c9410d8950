"""The few pieces of HTML the page is made of beside Gradio's components; whatever is not ours is escaped here."""

import base64
import io
from collections.abc import Mapping
from html import escape

from studio.results import Preview, Progress, Result

BRAND = "<h1 class='brand'>Easel</h1>"
# A drawing for the frame before the first picture; its strokes take the colours of the page.
EASEL = """<svg viewBox='0 0 120 120' aria-hidden='true'>
<path class='ground' d='M24 20h72v56H24z'/>
<path d='M24 20h72v56H24z M60 12v8 M52 76 38 110 M68 76 82 110 M60 76v22 M18 76h84'/>
<path class='accent' d='M46 62V46l14-11 14 11v16z M56 62V52h8v10'/><path d='M30 68c10-6 18-6 30-6s22 1 30 6'/></svg>"""


def empty(prompt: str) -> str:
    """What the frame shows before the first picture: a drawing and one line of what to do."""
    return f"<div class='empty'>{EASEL}<p>Press <b>Run</b> to paint “{escape(prompt)}”, or write your own.</p></div>"


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
    return f"<progress aria-label='Progress' {value}></progress>{line(' · '.join(parts))}"


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
    data = base64.b64encode(buffer.getvalue()).decode()
    return f"<img class='rough' alt='The picture, still being painted' src='data:image/png;base64,{data}'>"


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


def _group(title: str, said: tuple[str, ...]) -> str:
    name = escape(title)
    buttons = [f"<button type='button' class='word' aria-pressed='false'>{escape(word)}</button>" for word in said]
    inside = f"<span>{name}</span><div>{''.join(buttons)}</div>"
    return f"<div role='group' aria-label='{name}' class='word-group'>{inside}</div>"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.0f} MB"

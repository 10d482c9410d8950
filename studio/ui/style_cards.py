"""The styles to choose from, as cards by group, and a line that says what the chosen ones add."""

import base64
from collections.abc import Iterable

import gradio as gr

from studio import styles
from studio.ui import markup
from studio.ui.events import QUICK
from studio.ui.form import Form
from studio.ui.page import ASSETS

PICTURES = ASSETS / "styles"
NONE = markup.note("Choose one or more; they are laid over your words when you press Run.")


def build() -> gr.HTML:
    """The cards; the value is the names of those that are chosen."""
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for style in styles.STYLES:
        card = (style.name, style.prompt.replace("{prompt}", "…"), _picture(style.name))
        groups.setdefault(style.group, []).append(card)
    return gr.HTML(
        [],
        html_template=markup.style_cards(groups),
        js_on_load="easel.cards(element, props, watch)",
        elem_classes="styles",
        apply_default_css=False,
    )


def tell(form: Form, line: gr.HTML) -> None:
    """Keep the line true to what is chosen."""
    cards = form.aids.styles
    gr.on([cards.change], lambda names: added(names or ()), cards, line, **QUICK)


def added(names: Iterable[str]) -> str:
    """What the styles put around the words."""
    names = list(names)
    if not names:
        return NONE
    prompt, negative = styles.applied(names, "…", "")
    said = f"Your words become: {prompt}"
    return markup.note(f"{said} — without: {negative}" if negative else said)


def _picture(name: str) -> str:
    """The style's picture as an address with its bytes inside; nothing if there is none."""
    path = PICTURES / f"{name.lower().replace(' ', '-')}.webp"
    if not path.is_file():
        return ""
    return f"data:image/webp;base64,{base64.b64encode(path.read_bytes()).decode()}"

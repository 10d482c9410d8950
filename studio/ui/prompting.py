"""Help below the prompt: how much of it the model reads at once, where the next part begins, what is left open."""

import re
from collections.abc import Mapping

import gradio as gr

from studio import prompts, styles
from studio.errors import StudioError
from studio.requests import loras
from studio.ui import aids, markup
from studio.ui.controls import html
from studio.ui.events import QUICK
from studio.ui.form import Form
from studio.ui.page import Page

CLOSING = {"(": ")", "[": "]", "{": "}"}
SIGN = re.compile(r"\\.|[()\[\]{}]", re.DOTALL)
MOST_QUOTED = 3
SHOWN = 24  # characters of the next part


def build() -> gr.HTML:
    """The line below the prompt."""
    return html(markup.prompt_help(""), "prompt-help-box")


def connect(page: Page, form: Form, line: gr.HTML) -> None:
    """Keep the line true to what is typed, once typing pauses; one question is on its way at a time."""
    fields = [form.inputs[name] for name in ("prompt", "prompt_per_line", "styles", "checkpoint")]
    pulse = aids.pulse("generate-typed")

    def tell(prompt: object, prompt_per_line: object, chosen: object, checkpoint: object) -> str:
        try:
            return _told(page, str(prompt or ""), bool(prompt_per_line), chosen, str(checkpoint))
        except StudioError:  # Run will say it
            return markup.prompt_help("")

    gr.on([field.change for field in fields], fn=None, js=f"() => easel.soon('{pulse.elem_id}')")
    triggers = [page.blocks.load, pulse.click]
    gr.on(triggers, tell, fields, line, preprocess=False, trigger_mode="always_last", **QUICK)


def _told(page: Page, prompt: str, prompt_per_line: bool, chosen: object, checkpoint: str) -> str:
    lines = (prompts.lines(prompt) if prompt_per_line else ()) or (prompt,)
    words = [loras.taken_out(line)[0] for line in lines]
    longest, _ = styles.applied(chosen or (), max(words, key=len), "")
    said = counted(longest, page.engine.tokens(longest, checkpoint))
    return markup.prompt_help(f"Longest line: {said}" if len(lines) > 1 and said else said, left_open(prompt))


def counted(prompt: str, count: Mapping[str, object] | None) -> str:
    """How many tokens of a part are used; for a prompt of several parts where each of them begins."""
    if count is None:
        return ""
    if count["chunks"] < 2:
        return f"{count['tokens']} of {count['most']} tokens"
    ends = count["ends"][:-1]
    begins = [f"“{_beginning(prompt[end:])}”" for end in ends[:MOST_QUOTED]]
    begin, more = "begins" if len(ends) == 1 else "begin", ", …" if len(ends) > MOST_QUOTED else ""
    return f"{count['tokens']:,} tokens in {count['chunks']} parts; the next {begin} at {', '.join(begins)}{more}"


def left_open(prompt: str) -> str:
    """Which bracket has no partner, and what that means; nothing if all have."""
    waiting: list[str] = []
    for sign in SIGN.findall(prompt):
        if sign in CLOSING:
            waiting.append(sign)
        elif waiting and sign == CLOSING[waiting[-1]]:
            waiting.pop()
        elif sign in CLOSING.values():
            return f"A {sign} closes nothing. Write \\{sign} for the sign itself."
    if not waiting:
        return ""
    meaning = "is read as text" if waiting[-1] == "{" else "weighs all that follows"
    return f"A {waiting[-1]} is not closed and {meaning}. Write \\{waiting[-1]} for the sign itself."


def _beginning(text: str) -> str:
    text = text.strip(" ,\n")
    return text if len(text) <= SHOWN else f"{text[:SHOWN].rsplit(' ', 1)[0]} …"

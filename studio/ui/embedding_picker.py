"""The embeddings that a form's words may name: each is put into the prompt, or the negative prompt, by a click."""

import gradio as gr

from studio.errors import StudioError
from studio.ui.page import Page

LABEL = "Embeddings"
# `embeddings.js` fills it, and asks for the list when it is opened.
TEMPLATE = f"""
<div class="lora-picker embedding-picker">
  <p class="lora-info">Words taught to a checkpoint by files: one is used where its file's name stands in a prompt.</p>
  <details>
    <summary>Choose from those that are here</summary>
    <input type="search" aria-label="Find an embedding" placeholder="Find by name" hidden>
    <ul aria-label="{LABEL}"></ul>
  </details>
</div>
"""


def build(page: Page) -> gr.HTML:
    """The picker; it has no value, for what it does is in the prompts."""

    def listed(checkpoint: object) -> list[dict[str, object]]:
        """Those that are here now, with whether they fit the checkpoint."""
        try:
            return page.engine.embeddings(str(checkpoint or page.checkpoint.value))
        except StudioError:  # the picker of checkpoints says what is wrong with it
            return []

    return gr.HTML(
        "",
        label=LABEL,
        html_template=TEMPLATE,
        js_on_load="easel.embeddings(element, server)",
        server_functions=[listed],
        elem_classes="loras",
        apply_default_css=False,
    )

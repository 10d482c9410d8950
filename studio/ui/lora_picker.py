"""The LoRAs of a form: one or several of those that are here, each with how much of it and the words that call it."""

import json
from collections.abc import Mapping

import gradio as gr

from studio.engine import Engine
from studio.requests import MOST_LORAS, RULES, Lora, TextToImage
from studio.rules import of

LABEL = RULES["loras"].label
# `loras.js` fills it, and asks for the list when it is opened.
TEMPLATE = f"""
<div class="lora-picker">
  <label><span>Add a LoRA</span><select aria-label="Add a LoRA"></select></label>
  <p class="lora-info">{RULES["loras"].info} In the prompt &lt;lora:name:0.8&gt; does the same.</p>
  <ul class="lora-rows" aria-label="{LABEL}"></ul>
  <details class="lora-refused" hidden><summary></summary><ul></ul></details>
</div>
"""


def build(engine: Engine) -> gr.HTML:
    """The picker; its value is the list of LoRAs as a request has it in JSON."""

    def listed(asked: object) -> list[dict[str, object]]:
        """Those that are here now; which of them fit, the page tells by the family."""
        return engine.loras(TextToImage().checkpoint)

    return gr.HTML(
        [],
        label=LABEL,
        html_template=TEMPLATE,
        js_on_load=f"easel.loras({json.dumps(facts())}, element, props, server, watch)",
        server_functions=[listed],
        elem_classes="loras",
        apply_default_css=False,
    )


def facts() -> dict[str, object]:
    """What `loras.js` has to know of them."""
    rule = of(Lora)["scale"]
    return {"most": MOST_LORAS, "minimum": rule.minimum, "maximum": rule.maximum, "step": rule.step}


def worded(said: object) -> str:
    """LoRAs of a request's JSON in words, "ink 0.8, wet 1"; "" if there are none."""
    listed = [one for one in said if isinstance(one, Mapping)] if isinstance(said, list | tuple) else []
    return ", ".join(f"{one.get('name')} {one.get('scale', 1):g}" for one in listed)

"""Settings that ComfyUI, InvokeAI, Fooocus and NovelAI wrote, as far as sd-parsers reads them."""

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from studio import infotext
from studio.infotext import Read, fitted

if TYPE_CHECKING:
    from sd_parsers.data import PromptInfo, Sampler

log = logging.getLogger(__name__)

# Each node may be walked from each sampler, so the work grows with the square; real workflows have some dozens.
MOST_NODES = 500
MOST_LINKS = 5_000
# Parameters and metadata by the names sd-parsers gives them → our fields.
FIELDS = {
    "steps": "num_inference_steps",
    "cfg_scale": "guidance_scale",
    "seed": "seed",
    "noise_seed": "seed",
    "width": "width",
    "height": "height",
}


def parsed(texts: Mapping[str, str], checkpoints: Mapping[str, str] | None = None) -> tuple[str, Read] | None:
    """The program and the settings, or None if it is none of these.

    The library's parsers get texts, not files: its own reading has no bounds, and keeps the last picture in a global.
    """
    from sd_parsers.parsers import ComfyUIParser, FooocusParser, InvokeAIParser, NovelAIParser

    for parser, said in (
        (FooocusParser, texts),
        (ComfyUIParser, _workflow(texts)),
        (InvokeAIParser, texts),
        (NovelAIParser, texts),
    ):
        try:
            info = parser().parse(dict(said))
            if info.samplers:
                return parser.generator.value.lower(), _fields(info, checkpoints)
        except Exception as error:  # a library at the mercy of a stranger's file raises anything
            log.debug("%s: %s", parser.__name__, type(error).__name__)
    return None


def _workflow(texts: Mapping[str, str]) -> dict[str, object]:
    """ComfyUI's graph with its links; where only the graph was saved, as by its API, they are told from that."""
    try:
        graph = json.loads(texts.get("prompt") or texts["parameters"])
        links = json.loads(texts["workflow"])["links"] if "workflow" in texts else _links(graph)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return {}
    if not isinstance(graph, dict) or len(graph) > MOST_NODES or len(links) > MOST_LINKS:
        return {}
    return {"prompt": graph, "workflow": {"links": links}}


def _links(graph: Mapping[str, Mapping]) -> list[tuple]:
    """A link of ComfyUI is its number, where it begins, which output, where it ends, which input, and its kind."""
    return [
        (0, value[0], 0, node, 0, name.upper())
        for node, said in graph.items()
        for name, value in said["inputs"].items()
        if isinstance(value, list) and len(value) == 2
    ]


def _fields(info: "PromptInfo", checkpoints: Mapping[str, str] | None) -> Read:
    """The first sampler's settings as ours; the rest by the names the program has for it."""
    sampler = info.samplers[0]
    rest = {**_flat(info.metadata), **sampler.parameters}
    values: dict[str, object] = {
        "prompt": _prompt(sampler.prompts) or info.full_prompt,
        "negative_prompt": _prompt(sampler.negative_prompts) or info.full_negative_prompt,
    }
    for name, field in FIELDS.items():
        if rest.get(name) is not None:
            values[field] = infotext.number(str(rest.pop(name)))
    if isinstance(rest.get("denoise"), float | int) and rest["denoise"] < 1:
        values["strength"] = rest.pop("denoise")
    values |= _sampler(sampler, rest) | _checkpoint(sampler, rest, checkpoints)
    notes = (f"Sampler: the first of {len(info.samplers)} was taken.",) if len(info.samplers) > 1 else ()
    return fitted(values, {name: said for name, said in rest.items() if said not in (None, "", 1)}, notes)


def _prompt(prompts: list) -> str:
    return ", ".join(dict.fromkeys(prompt.value for prompt in prompts if prompt.value))


def _flat(metadata: Mapping[str, object]) -> dict[str, object]:
    """Metadata by name. ComfyUI's is a list for each kind of node: of those only the empty picture's size is ours."""
    flat = {}
    for name, said in metadata.items():
        first = said[0] if isinstance(said, list) and said and isinstance(said[0], dict) else None
        if first and {"width", "height"} <= set(first) and "Latent" in str(name):
            flat |= {"width": first["width"], "height": first["height"]}
        elif name == "resolution" and len(sides := str(said).strip("()[]").split(",")) == 2:
            flat |= {"width": sides[0].strip(), "height": sides[1].strip()}
        else:
            flat[str(name)] = said
    return flat


def _sampler(sampler: "Sampler", rest: dict[str, object]) -> dict[str, object]:
    label, is_whole = infotext.sampler_label(str(sampler.name), str(rest.get("scheduler") or ""))
    if label is None:
        rest["sampler"] = sampler.name
        return {}
    if is_whole:
        rest.pop("scheduler", None)
    return {"scheduler": label}


def _checkpoint(
    sampler: "Sampler", rest: dict[str, object], checkpoints: Mapping[str, str] | None
) -> dict[str, object]:
    if sampler.model is None:
        return {}
    id = infotext.checkpoint_id(sampler.model.name or "", sampler.model.hash or "", checkpoints)
    if id is None:
        rest["model"] = str(sampler.model)
        return {}
    return {"checkpoint": id}

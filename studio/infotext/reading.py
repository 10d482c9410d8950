"""Reads infotext of A1111, Forge, SD.Next, Civitai and our own."""

import json
import re
from collections.abc import Mapping

from studio.errors import InvalidField, StudioError
from studio.infotext import samplers
from studio.infotext.checkpoints import checkpoint_id
from studio.infotext.fitting import Read, fitted
from studio.requests import loras

LONGEST = 200_000
NEGATIVE = "Negative prompt:"
KEY = re.compile(r"\s*(\w[\w \-/]*):\s*")
QUOTED = re.compile(r'"(?:\\.|[^\\"])*"(?=\s*(?:,|$))')
SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
STEPS = re.compile(r"(?:^|(?<=\s))Steps:\s*\d+\s*,")
FEWEST_PAIRS = 3
RESIZE_MODES = {"crop and resize": "crop", "resize and fill": "fill", "just resize": "stretch"}

# Keys that are numbers of ours as they stand; SD.Next's own names beside A1111's.
NUMBERS = {"Steps": "num_inference_steps", "CFG scale": "guidance_scale", "Seed": "seed"}
TWINS = {"Scheduler": "Schedule type", "Hires scale": "Hires upscale", "Hires strength": "Hires denoising strength"}
# Said of the file, not of the picture.
SILENT = ("Version", "App", "Prompts")
# Of ours: what they are of stands among the words.
HASHES = ("Lora hashes", "TI hashes")
KNOWN = {*NUMBERS, *SILENT, "Sampler", "Size", "Model", "Model hash", "Denoising strength", "Clip skip"}

Pairs = dict[str, str]
Values = dict[str, object]


def read(text: str, checkpoints: Mapping[str, str] | None = None) -> Read:
    """The settings a text holds; StudioError if it is empty or too long to be one.

    `checkpoints` as for `checkpoint_id`. The last line with three settings ends the text. Above it the negative prompt
    begins at the first line that says so, as in A1111, whatever the prompt meant; our own texts know better.
    """
    if not text.strip():
        raise StudioError("Settings: the text is empty. Paste what another program wrote under its picture.")
    if len(text) > LONGEST:
        raise StudioError(f"Settings: {len(text):,} characters are too many; paste {LONGEST:,} or fewer.")
    prompt, negative, pairs = parts(text)
    is_ours = pairs.get("Version", "").startswith("Easel ")
    if is_ours:
        for key in HASHES:
            pairs.pop(key, None)
    notes = () if is_ours else _doubts(text, pairs)
    values = {"prompt": prompt, "negative_prompt": negative}
    try:
        values |= _loras(prompt)
    except InvalidField as error:  # the tags stay among the words, and Run will say it too
        notes += (str(error),)
    for take in (_numbers, _second_pass, _size, _sampler, _start_image):
        values |= take(pairs)
    values |= _checkpoint(pairs, checkpoints, is_ours=is_ours)
    return fitted(values, {key: said for key, said in pairs.items() if key not in SILENT}, notes)


def parts(text: str) -> tuple[str, str, Pairs]:
    """Prompt, negative prompt, and the settings by A1111's names for them."""
    lines = text.replace("\r\n", "\n").strip().split("\n")
    head, pairs = _settings(lines)
    exact = _exact(pairs.get("Prompts"))
    if exact:
        return *exact, pairs
    begin = next((index for index, line in enumerate(head) if line.lstrip().startswith(NEGATIVE)), len(head))
    negative = "\n".join(head[begin:]).strip().removeprefix(NEGATIVE)
    return "\n".join(head[:begin]).strip(), negative.strip(), pairs


def embeddings(text: str) -> tuple[str, ...]:
    """The embeddings that a text names with their hashes, in its order."""
    _, _, pairs = parts(text)
    named = (said.rpartition(":")[0].strip() for said in pairs.get("TI hashes", "").split(","))
    return tuple(dict.fromkeys(filter(None, named)))


def _doubts(text: str, pairs: Pairs) -> tuple[str, ...]:
    if not pairs:
        return ("Settings: there is no line of them; the whole text was taken as the prompt.",)
    if len(re.findall(rf"^\s*{NEGATIVE}", text, re.MULTILINE)) > 1:
        return ("Negative prompt: several lines begin with it; all from the first on was taken.",)
    return ()


def _settings(lines: list[str]) -> tuple[list[str], Pairs]:
    """The lines before the last one that holds settings, and these; text on one line with them is a line too."""
    for index in range(len(lines) - 1, -1, -1):
        pairs = _pairs(lines[index])
        if len(pairs) < FEWEST_PAIRS or len(KNOWN & set(pairs)) < 2:
            continue
        after = {"After the settings": "\n".join(lines[index + 1 :])} if lines[index + 1 :] else {}
        begin = max((match.start() for match in STEPS.finditer(lines[index])), default=0)
        if next(iter(pairs)) in KNOWN or not begin:
            return lines[:index], pairs | after
        before = lines[index][:begin].replace(f" {NEGATIVE}", f"\n{NEGATIVE}")
        return [*lines[:index], *before.split("\n")], _pairs(lines[index][begin:]) | after
    return lines, {}


def _pairs(line: str) -> Pairs:
    """`Key: value` between commas, where a value in quotes, brackets or braces may hold commas; the last one counts."""
    pairs, place = {}, 0
    while place < len(line):
        key = KEY.match(line, place)
        if key:
            said, place = _value(line, key.end())
            name = key[1].strip()
            pairs[TWINS.get(name, name)] = said
        place = line.find(",", place) + 1 or len(line)
    return {key: said for key, said in pairs.items() if said}


def _value(line: str, place: int) -> tuple[str, int]:
    """The value that begins at this place, and where it ends."""
    try:
        if quoted := QUOTED.match(line, place):
            said = json.loads(quoted[0])
            return said, quoted.end()
        if line[place : place + 1] in ("{", "["):
            _, end = json.JSONDecoder().raw_decode(line, place)
            return line[place:end], end
    except (ValueError, RecursionError):
        pass  # not JSON after all: then it ends at the next comma, as A1111 has it
    end = line.find(",", place)
    end = len(line) if end < 0 else end
    return line[place:end].strip(), end


def _exact(said: str | None) -> tuple[str, str] | None:
    """The prompts our own texts hold where the lines above would not do."""
    try:
        prompt, negative = json.loads(said or "")
    except (ValueError, TypeError, RecursionError):
        return None
    return (prompt, negative) if isinstance(prompt, str) and isinstance(negative, str) else None


def _numbers(pairs: Pairs) -> Values:
    values = {field: number(pairs.pop(key)) for key, field in NUMBERS.items() if key in pairs}
    skip = number(pairs.get("Clip skip"))
    if isinstance(skip, int):
        del pairs["Clip skip"]
        values["clip_skip"] = skip - 1
    return values


def _loras(prompt: str) -> Values:
    """The words without their tags, and the LoRAs that these name; by their hashes nothing is looked for."""
    words, named = loras.taken_out(prompt)
    if not named:
        return {}
    loras.check_once(named)
    return {"prompt": words, "loras": named}


def _size(pairs: Pairs) -> Values:
    size = SIZE.fullmatch(pairs.get("Size", ""))
    if not size:
        return {}
    del pairs["Size"]
    return {"width": int(size[1]), "height": int(size[2])}


def _second_pass(pairs: Pairs) -> Values:
    """The second pass, or without one the strength of a start image: A1111 says both in one word."""
    scale, strength = _scale(pairs), number(pairs.pop("Denoising strength", None))
    second = number(pairs.pop("Hires denoising strength", None))
    if scale and second is None:
        strength, second = None, strength
    if scale and pairs.get("Hires upscaler") == "Lanczos":
        del pairs["Hires upscaler"]
    values = {"second_pass_scale": scale, "second_pass_strength": second, "strength": strength}
    return {name: value for name, value in values.items() if value is not None}


def _scale(pairs: Pairs) -> float | int | str | None:
    """How much larger the second pass is: said so, or by the sizes of both passes if they have one shape."""
    if "Hires upscale" in pairs:
        return number(pairs.pop("Hires upscale"))
    first, second = ("First pass size", "Size") if "First pass size" in pairs else ("Size", "Hires resize")
    sizes = [SIZE.fullmatch(pairs.get(key, "")) for key in (first, second)]
    if not all(sizes):
        return None
    (width, height), (wide, high) = [(int(size[1]), int(size[2])) for size in sizes]
    if not width or wide * height != high * width:
        return None
    pairs["Size"] = f"{width}x{height}"
    pairs.pop("First pass size", None)
    pairs.pop("Hires resize", None)
    return wide / width


def _sampler(pairs: Pairs) -> Values:
    label, is_whole = samplers.label(pairs.get("Sampler", ""), pairs.get("Schedule type", ""))
    if label is None:
        return {}
    del pairs["Sampler"]
    if is_whole:
        pairs.pop("Schedule type", None)
    return {"scheduler": label}


def _start_image(pairs: Pairs) -> Values:
    """Ours is told by its SHA-256; A1111's hash is another, so its start image is not to be found again."""
    if len(pairs.get("Init image hash", "")) != 64:
        return {}
    values = {"image": f"sha256:{pairs.pop('Init image hash')}"}
    mode = RESIZE_MODES.get(pairs.get("Resize mode", "").lower())
    if mode:
        del pairs["Resize mode"]
        values["resize_mode"] = mode
    return values


def _checkpoint(pairs: Pairs, checkpoints: Mapping[str, str] | None, *, is_ours: bool) -> Values:
    model, digest = pairs.get("Model", ""), pairs.get("Model hash", "")
    known = checkpoint_id(model, digest, checkpoints)
    id = (checkpoints or {}).get(model, model) if is_ours else known
    if not id:
        return {}
    pairs.pop("Model", None)
    pairs.pop("Model hash", None)
    return {"checkpoint": id}


def number(text: str | None) -> float | int | str | None:
    """A number, whole if it is; text that is none stays as it is, for the field's rule to name."""
    for kind in (int, float):
        try:
            return kind(text)
        except (TypeError, ValueError):
            continue
    return text

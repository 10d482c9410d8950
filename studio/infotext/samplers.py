"""Samplers by the names that A1111, ComfyUI, InvokeAI, NovelAI and diffusers give them."""

import re

from studio import catalog

# What A1111 calls the spacing of the noise levels; it stands at the end of our labels.
SCHEDULES = ("Karras", "Exponential", "Polyexponential", "SGM Uniform", "Beta", "Simple")
# Spellings of the same, letters and digits only; the plain spacing of a sampler is nothing.
SCHEDULE_TWINS = {"k": "karras", "uniform": "", "normal": "", "default": "", "none": "", "native": ""}
# What A1111 1.9 and later take when it says "Automatic".
AUTOMATIC = {
    "dpmpp2m": "karras",
    "dpmppsde": "karras",
    "dpmpp2sa": "karras",
    "dpm2": "karras",
    "dpm2a": "karras",
    "restart": "karras",
    "dpmpp2msde": "exponential",
    "dpmpp2msdeheun": "exponential",
    "dpmpp3msde": "exponential",
}
SAMPLER_TWINS = {
    "ddimuniform": "ddim",
    "ddimv3": "ddim",
    "deismultistep": "deis",
    "dpm2ancestral": "dpm2a",
    "dpmpp2sancestral": "dpmpp2sa",
    "dpmsolver": "dpmpp2m",
    "dpmsolvermultistep": "dpmpp2m",
    "dpmsolversde": "dpmppsde",
    "dpmsolversinglestep": "dpmppsde",
    "eulerancestral": "eulera",
    "eulerancestraldiscrete": "eulera",
    "eulerdiscrete": "euler",
    "heundiscrete": "heun",
    "kdpm2ancestraldiscrete": "dpm2a",
    "kdpm2discrete": "dpm2",
    "lmsdiscrete": "lms",
    "unipcbh2": "unipc",
    "unipcmultistep": "unipc",
}


def a1111(label: str) -> tuple[str, str | None]:
    """Our label as A1111's sampler and schedule type; None where its "Automatic" means the same."""
    for schedule in SCHEDULES:
        if label.endswith(f" {schedule}"):
            return label.removesuffix(f" {schedule}"), schedule
    return label, "Uniform" if _bare(label) in AUTOMATIC else None


def label(name: str, schedule: str = "") -> tuple[str | None, bool]:
    """Our label for a sampler of any program, None if we lack it, and whether its schedule is ours too."""
    labels = {_bare(row.label): row.label for row in catalog.SAMPLERS}
    sampler, said = _split(name, labels)
    wanted = _schedule(schedule, sampler) if schedule else said
    if f"{sampler}{wanted}" in labels:
        return labels[f"{sampler}{wanted}"], True
    return labels.get(sampler), False


def _split(name: str, labels: dict[str, str]) -> tuple[str, str]:
    """The sampler's bare name and the schedule at its end, as old names have it: "DPM++ 2M Karras", "dpmpp_2m_k"."""
    bare = _bare(name).removesuffix("scheduler").removesuffix("gpu")
    plain = {*labels, *SAMPLER_TWINS, *AUTOMATIC}
    for start in (bare, bare.removeprefix("k")):
        for schedule in (*map(_bare, SCHEDULES), "k", ""):
            sampler = start.removesuffix(schedule)
            if start.endswith(schedule) and sampler in plain:
                return SAMPLER_TWINS.get(sampler, sampler), SCHEDULE_TWINS.get(schedule, schedule)
    return bare, ""


def _schedule(name: str, sampler: str) -> str:
    bare = _bare(name)
    return AUTOMATIC.get(sampler, "") if bare == "automatic" else SCHEDULE_TWINS.get(bare, bare)


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower().replace("+", "p"))

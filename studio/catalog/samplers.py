"""The samplers, and the recipes that say which one goes with what."""

from types import MappingProxyType

from studio.catalog.rows import Recipe, Sampler

SAMPLERS: tuple[Sampler, ...] = (
    Sampler(label="DPM++ 2M", scheduler="DPMSolverMultistepScheduler", flow="DPMSolverMultistepScheduler"),
    Sampler(
        label="DPM++ 2M Karras",
        scheduler="DPMSolverMultistepScheduler",
        settings=MappingProxyType({"use_karras_sigmas": True}),
    ),
    Sampler(
        label="DPM++ 2M SDE Karras",
        scheduler="DPMSolverMultistepScheduler",
        settings=MappingProxyType({"algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": True}),
    ),
    Sampler(label="DPM++ SDE", scheduler="DPMSolverSinglestepScheduler"),
    Sampler(
        label="DPM++ SDE Karras",
        scheduler="DPMSolverSinglestepScheduler",
        settings=MappingProxyType({"use_karras_sigmas": True}),
    ),
    Sampler(label="Euler", scheduler="EulerDiscreteScheduler", flow="FlowMatchEulerDiscreteScheduler"),
    Sampler(
        label="Euler SGM Uniform",
        scheduler="EulerDiscreteScheduler",
        settings=MappingProxyType({"timestep_spacing": "trailing"}),
    ),
    Sampler(label="Euler a", scheduler="EulerAncestralDiscreteScheduler"),
    Sampler(
        label="Euler a SGM Uniform",
        scheduler="EulerAncestralDiscreteScheduler",
        settings=MappingProxyType({"timestep_spacing": "trailing"}),
    ),
    Sampler(label="Heun", scheduler="HeunDiscreteScheduler", flow="FlowMatchHeunDiscreteScheduler"),
    Sampler(label="DPM2", scheduler="KDPM2DiscreteScheduler"),
    Sampler(label="DPM2 a", scheduler="KDPM2AncestralDiscreteScheduler"),
    Sampler(label="LMS", scheduler="LMSDiscreteScheduler"),
    Sampler(label="DEIS", scheduler="DEISMultistepScheduler"),
    Sampler(label="UniPC", scheduler="UniPCMultistepScheduler", flow="UniPCMultistepScheduler"),
    Sampler(label="DDIM", scheduler="DDIMScheduler"),
    Sampler(label="LCM", scheduler="LCMScheduler"),
)

# Quality sets what the family does by default; `recipes` fills it in. The others are for checkpoints and LoRAs that
# were distilled to need few steps; their figures are those of the models' own cards.
RECIPES: tuple[Recipe, ...] = (
    Recipe(
        label="Quality",
        info="The usual settings of the family.",
        families=frozenset({"storybook", "sd1", "sd2", "sdxl", "sd3"}),
        values=MappingProxyType({}),
    ),
    Recipe(
        label="LCM",
        info="For LCM checkpoints and LCM LoRAs.",
        families=frozenset({"sd1", "sdxl"}),
        values=MappingProxyType({"num_inference_steps": 6, "guidance_scale": 1.5, "scheduler": "LCM"}),
    ),
    Recipe(
        label="Turbo",
        info="For turbo checkpoints: one to four steps without guidance.",
        families=frozenset({"sd2", "sdxl"}),
        values=MappingProxyType({"num_inference_steps": 4, "guidance_scale": 0.0, "scheduler": "Euler a SGM Uniform"}),
    ),
    Recipe(
        label="Turbo",
        info="For turbo checkpoints: four steps without guidance.",
        families=frozenset({"sd3"}),
        values=MappingProxyType({"num_inference_steps": 4, "guidance_scale": 0.0, "scheduler": "Euler"}),
    ),
    Recipe(
        label="Lightning",
        info="For Lightning checkpoints and merges.",
        families=frozenset({"sdxl"}),
        values=MappingProxyType({"num_inference_steps": 6, "guidance_scale": 2.0, "scheduler": "DPM++ SDE Karras"}),
    ),
    Recipe(
        label="Hyper",
        info="For Hyper-SD checkpoints and its 8-step CFG LoRAs.",
        families=frozenset({"sd1", "sdxl"}),
        values=MappingProxyType({"num_inference_steps": 8, "guidance_scale": 3.5, "scheduler": "Euler SGM Uniform"}),
    ),
)

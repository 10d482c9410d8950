// What follows from the settings, worked out in the browser: the size and the recipe they make, the steps that run,
// the size in the end; and what the browser remembers.
(() => {
  const note = (text) => (text ? `<p class="note">${text}</p>` : "");

  // Rounds half to even, as Python does: the server counts the same.
  function round(number) {
    const below = Math.floor(number);
    const isUp = number - below === 0.5 ? below % 2 === 1 : number - below > 0.5;
    return isUp ? below + 1 : below;
  }

  // As `requests.steps_of` counts.
  const stepsOf = (steps, strength) => Math.min(Math.trunc(steps * strength), steps);

  function runs(steps, strength) {
    if (!(steps > 0) || !(strength > 0)) return "";
    const running = stepsOf(steps, strength);
    return running ? `Runs ${running} of ${steps} steps.` : `Leaves none of ${steps} steps to run: ask for more steps, or more strength.`;
  }

  const recipeOf = (values) => [values.num_inference_steps, values.guidance_scale, values.scheduler].join("|");

  const NOTES = {
    recipe: (values, { recipes }) => (Object.keys(recipes).length > 1 ? (recipes[recipeOf(values)] ?? "Your own settings.") : ""),
    strength: ({ num_inference_steps, strength }) => runs(num_inference_steps, strength),
    negative_prompt: ({ guidance_scale }) => (guidance_scale > 1 ? "" : "Without effect: it needs guidance of more than 1."),
    second_pass(values, facts) {
      const { width, height, second_pass_scale, second_pass_strength, num_inference_steps } = values;
      if (!(second_pass_scale > 1) || !(width > 0) || !(height > 0)) return "";
      const [wide, high] = [width, height].map((side) => round((side * second_pass_scale) / facts.multiple) * facts.multiple);
      const most = facts.second_pass_maximum;
      if (Math.max(wide, high) > most) return `${wide} × ${high} is too large: at most ${most} a side here.`;
      return `→ ${wide} × ${high}. ${runs(num_inference_steps, second_pass_strength)}`;
    },
  };

  // What a closed accordion holds that has an effect.
  const SECTIONS = {
    styles: ({ styles }) => (styles?.length ? `Styles · ${styles.length} chosen` : "Styles"),
    image: ({ image }) => (image ? "Start image · in use" : "Start image"),
    axes: ({ x_field, y_field, z_field }) => (x_field || y_field || z_field ? "Compare · in use" : "Compare"),
  };

  // What the values of an axis may look like, by its field.
  const AXES = ["x", "y", "z"];
  const EXAMPLES = {
    prompt: "cat, dog, boat",
    negative_prompt: 'blurry, "text, frame"',
    seed: "1-4",
    num_inference_steps: "10-40 (+10)",
    guidance_scale: "2, 4, 8",
    scheduler: "Euler, DDIM, UniPC",
    checkpoint: "storybook, sd15",
    clip_skip: "0, 1, 2",
    second_pass_scale: "1, 1.5, 2",
    second_pass_strength: "0.3-0.7 (+0.2)",
    strength: "0.3-0.9 [4]",
    resize_mode: "crop, fill, stretch",
  };

  function example(field, values, { multiple }) {
    const side = values[field];
    return field === "width" || field === "height" ? `${side}, ${side + 2 * multiple}` : (EXAMPLES[field] ?? "");
  }

  // The frame of a tab has the shape of what is asked for there, by the id of its workbench.
  function shape(bench, { width, height }) {
    if (width > 0 && height > 0) document.getElementById(bench)?.style.setProperty("--shape", width / height);
  }

  // What stands on a tab beside its fields is told of the family and the checkpoint there.
  function tell({ bench, family, checkpoint }) {
    const place = document.getElementById(bench);
    for (const [name, value] of Object.entries({ family, checkpoint })) {
      if (!place || place.dataset[name] === value) continue;
      place.dataset[name] = value;
      place.dispatchEvent(new Event(name));
    }
  }

  const pathOf = (value) => (value && typeof value === "object" && "path" in value ? value.path : value);

  const update = (change) => ({ __type__: "update", ...change });
  // What follows from settings by field, by the name of what shows it.
  const FOLLOWING = {
    size: (values) => `${values.width}x${values.height}`,
    recipe: recipeOf,
    ...Object.fromEntries(Object.entries(NOTES).map(([name, said]) => [`note ${name}`, (...all) => note(said(...all))])),
    ...Object.fromEntries(Object.entries(SECTIONS).map(([name, label]) => [`section ${name}`, (values) => update({ label: label(values) })])),
    ...Object.fromEntries(
      AXES.map((axis) => [`axis ${axis}`, (values, facts) => update({ placeholder: example(values[`${axis}_field`], values, facts) })]),
    ),
    // Not the pictures themselves: where the server has them, for as long as it has.
    kept: (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, pathOf(value)])),
  };

  // Settings by field to what follows from them, in the order asked for.
  function settle(names, wanted, given) {
    const { facts, ...values } = Object.fromEntries(names.map((name, at) => [name, given[at]]));
    shape(facts.bench, values);
    tell(facts);
    return wanted.map((name) => FOLLOWING[name](values, facts));
  }

  // A recipe as the settings it stands for.
  function cook(recipe) {
    const [steps, guidance, sampler] = recipe.split("|");
    return [Number(steps), Number(guidance), sampler];
  }

  // Sizes are drawn as the shape they stand for.
  function adorn() {
    for (const input of document.querySelectorAll(".sizes input")) {
      const [width, height] = input.value.split("x");
      input.parentElement.style.setProperty("--ratio", width / height);
    }
  }

  easel.onDraw(adorn);
  Object.assign(easel, { settle, cook, shape });
})();

// The LoRAs of a form: a list to choose from, asked for anew when it is opened, and a row for each that is chosen. The
// value of its component is the list of them as {name, scale}.
(() => {
  const ADD = "Add a LoRA …";
  const NONE = "None here: put .safetensors files into loras in the --models folder";

  const element = (tag, attributes = {}, text = "") => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.textContent = text;
    return made;
  };
  const chosen = (props) => (Array.isArray(props.value) ? props.value : []);

  function loras({ most, minimum, maximum, step }, root, props, server, watch) {
    let known = null; // the list, once it has come

    const part = (selector) => root.querySelector(selector);
    const bench = () => root.closest(".workbench");
    const find = (name) => known?.find((row) => row.name === name) ?? null;
    // Why one cannot be used with the family that is chosen.
    const unfit = (row) => {
      const { family } = bench()?.dataset ?? {};
      if (row.family && family && row.family !== family) return `for ${row.family_label}`;
      return row.family || !row.problem ? "" : "cannot be used";
    };

    async function refresh() {
      known = await server.listed(null);
      draw();
    }

    function set(list) {
      props.value = list;
      draw();
    }

    function change(name, scale) {
      if (Number.isFinite(scale)) set(chosen(props).map((one) => (one.name === name ? { name, scale } : one)));
    }

    function options() {
      const select = part("select");
      const names = new Set(chosen(props).map((one) => one.name));
      const rows = (known ?? []).filter((row) => !names.has(row.name));
      const made = [element("option", { value: "" }, known && !known.length ? NONE : ADD)];
      for (const row of rows.sort((one, other) => Boolean(unfit(one)) - Boolean(unfit(other)))) {
        const why = unfit(row);
        const option = element("option", { value: row.name }, why ? `${row.name} (${why})` : row.name);
        option.disabled = Boolean(why);
        made.push(option);
      }
      // An open list that is filled anew would close.
      if (made.map((one) => one.textContent).join("\n") === [...select.options].map((one) => one.textContent).join("\n")) return;
      select.replaceChildren(...made);
      select.disabled = names.size >= most;
    }

    function refused() {
      const rows = (known ?? []).filter((row) => row.problem && !row.family);
      const box = part(".lora-refused");
      box.hidden = !rows.length;
      box.querySelector("summary").textContent = rows.length === 1 ? "1 file cannot be used" : `${rows.length} files cannot be used`;
      box.querySelector("ul").replaceChildren(...rows.map((row) => element("li", {}, row.problem)));
    }

    function line({ name, scale }) {
      const row = element("li", { class: "lora-row", "data-name": name });
      const limits = { min: minimum, max: maximum, step };
      const slider = element("input", { type: "range", "aria-label": `Scale of ${name}`, ...limits });
      const number = element("input", { type: "number", "aria-label": `Scale of ${name}, as a number`, ...limits });
      const remove = element("button", { type: "button", class: "lora-remove", "aria-label": `Remove ${name}` }, "×");
      slider.value = number.value = scale;
      slider.addEventListener("input", () => (number.value = slider.value));
      slider.addEventListener("change", () => change(name, slider.valueAsNumber));
      number.addEventListener("change", () => change(name, number.valueAsNumber));
      remove.addEventListener("click", () => set(chosen(props).filter((one) => one.name !== name)));
      const said = element("div", { class: "lora-said" });
      row.append(element("span", { class: "lora-name", title: name }, name), slider, number, remove, said);
      return row;
    }

    // What is to be known of a row: why it cannot be used, or its words, to be put into the prompt by a click.
    function tell(row) {
      const told = known && find(row.dataset.name);
      const why = known ? (told ? unfit(told) : "not here any more") : "";
      row.classList.toggle("is-unfit", Boolean(why));
      const words = (told?.words ?? []).map((word) => element("button", { type: "button", class: "lora-word" }, word));
      const note = why ? `${why[0].toUpperCase()}${why.slice(1)}: take it out, or choose another checkpoint.` : "";
      row.querySelector(".lora-said").replaceChildren(...(note ? [element("p", {}, note)] : words));
    }

    function draw() {
      const list = part(".lora-rows");
      const wanted = chosen(props);
      const drawn = [...list.children];
      if (drawn.map((row) => row.dataset.name).join("\n") === wanted.map((one) => one.name).join("\n")) {
        drawn.forEach((row, at) => row.querySelectorAll("input").forEach((input) => (input.value = wanted[at].scale)));
      } else {
        list.replaceChildren(...wanted.map(line));
      }
      [...list.children].forEach(tell);
      options();
      refused();
    }

    root.addEventListener("change", (event) => {
      if (!event.target.matches("select") || !event.target.value) return;
      set([...chosen(props), { name: event.target.value, scale: 1 }]);
      part("select").value = "";
    });
    root.addEventListener("click", (event) => {
      const word = event.target.closest(".lora-word")?.textContent;
      const field = bench()?.querySelector(".prompt textarea");
      if (!word || !field || field.value.includes(word)) return;
      easel.write(field, [field.value.replace(/[\s,]+$/, ""), word].filter(Boolean).join(", "));
    });
    root.addEventListener("focusin", (event) => event.target.matches("select") && refresh());
    bench()?.addEventListener("family", draw);
    watch("value", draw);
    draw();
    refresh();
  }

  easel.loras = loras;
})();

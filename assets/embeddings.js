// The embeddings of a form: a list, asked for when it is opened, of words that a click puts into a prompt or takes out.
(() => {
  const NONE = "None here: put .safetensors files into embeddings in the --models folder.";
  const FIELDS = { prompt: "Prompt", negative_prompt: "Negative" };
  const FEW = 8; // can be seen at once

  const escaped = (word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  // A whole word, with its weight if it has one of its own.
  const pattern = (word) => {
    const plain = escaped(word).replace(/\s+/g, "\\s+");
    return new RegExp(`(?<![\\p{L}\\p{N}_-])(?:\\(${plain}:[\\d.]+\\)|${plain}(?![\\p{L}\\p{N}_-]))`, "iu");
  };
  const tidy = (text) =>
    text
      .replace(/[^\S\n]+/g, " ")
      .replace(/ *,( *,)* */g, ", ")
      .replace(/^[, ]+|[, ]+$/gm, "");

  function embeddings(root, server) {
    let known = null; // the list, once it has come

    const part = (selector) => root.querySelector(selector);
    const bench = () => root.closest(".workbench");
    const field = (name) => bench()?.querySelector(`.${name} textarea`);
    const isOpen = () => part("details").open;

    async function refresh() {
      if (!isOpen()) return;
      known = await server.listed(bench()?.dataset.checkpoint || null);
      draw();
    }

    function element(tag, attributes, text) {
      const made = document.createElement(tag);
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      made.textContent = text;
      return made;
    }

    function line({ name, word, vectors, fits, problem }) {
      const row = element("li", { class: fits ? "" : "is-unfit" }, "");
      row.append(element("span", { class: "lora-name", title: name }, name));
      if (!fits) {
        row.append(element("p", {}, problem));
        return row;
      }
      row.append(element("span", { class: "embedding-size" }, vectors === 1 ? "1 vector" : `${vectors} vectors`));
      for (const [target, label] of Object.entries(FIELDS)) {
        const button = element("button", { type: "button", class: "lora-word", "aria-label": `${name}: ${label}` }, label);
        Object.assign(button.dataset, { target, word });
        row.append(button);
      }
      return row;
    }

    function draw() {
      const find = part("input");
      find.hidden = known.length <= FEW;
      const sought = find.hidden ? "" : find.value.trim().toLowerCase();
      const rows = known.filter((row) => row.name.toLowerCase().includes(sought)).sort((one, other) => other.fits - one.fits);
      part("ul").replaceChildren(...(known.length ? rows.map(line) : [element("li", { class: "is-unfit" }, NONE)]));
      mark();
    }

    function mark() {
      for (const button of root.querySelectorAll("[data-word]")) {
        button.setAttribute("aria-pressed", pattern(button.dataset.word).test(field(button.dataset.target)?.value ?? ""));
      }
    }

    root.addEventListener("click", (event) => {
      const { word, target } = event.target.closest("[data-word]")?.dataset ?? {};
      const place = word && field(target);
      if (!place) return;
      const is = pattern(word);
      const rest = place.value.replace(/[\s,]+$/, "");
      easel.write(place, is.test(place.value) ? tidy(place.value.replace(is, "")) : [rest, word].filter(Boolean).join(", "));
      mark();
    });
    part("details").addEventListener("toggle", refresh);
    part("input").addEventListener("input", draw);
    root.addEventListener("pointerenter", mark);
    root.addEventListener("focusin", mark);
    bench()?.addEventListener("input", mark);
    bench()?.addEventListener("checkpoint", refresh);
  }

  easel.embeddings = embeddings;
})();

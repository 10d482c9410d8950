// Words to click: into the prompt and out again.
(() => {
  // Words are told apart at their borders: "car" is not in "scarlet".
  const pattern = (word) => new RegExp(`(^|[^\\p{L}])${word}(?=$|[^\\p{L}])`, "iu");
  const holds = (text, word) => pattern(word).test(text);
  const tidy = (text) =>
    text
      .replace(/[^\S\n]+/g, " ")
      .replace(/ *,( *,)* */g, ", ")
      .replace(/^[, ]+|[, ]+$/gm, "");

  const saying = (row) => [...row.querySelectorAll(".word")].map((button) => button.textContent);
  const rowsOf = (button) => [...button.closest(".words").querySelectorAll(".word-group")].map(saying);
  const article = (word) => (/^[aeiou]/i.test(word) ? "an" : "a");

  // Of things a picture may hold several, of all else one: a second colour, place or time takes the first one's stead.
  // A colour goes before its thing, a place behind it, the rest to the end.
  function added(text, button) {
    const word = button.textContent;
    const rows = rowsOf(button);
    const [things, colours, places] = rows;
    const own = rows.find((row) => row.includes(word));
    const said = (row) => row.find((other) => holds(text, other));
    const put = (old, now) => text.replace(pattern(old), `$1${now}`).replace(RegExp(`\\ban? (?=${word})`), `${article(word)} `);
    if (own !== things && said(own)) return put(said(own), word);
    if (!said(things) || ![things, colours, places].includes(own)) {
      return own === things ? `${article(word)} ${word}, ${text}` : `${text}, ${word}`;
    }
    const thing = said(things);
    return put(thing, own === colours ? `${word} ${thing}` : own === places ? `${thing} ${word}` : `${thing} and ${article(word)} ${word}`);
  }

  // A word goes with what stood there for it alone: its article, an "and", the colour of a thing.
  function removed(text, button) {
    const word = button.textContent;
    const [things, colours] = rowsOf(button);
    const coloured = RegExp(`\\ban? ${word} (?!and\\b)(?=(\\p{L}+))`, "iu");
    if (colours.includes(word) && coloured.test(text)) return text.replace(coloured, (_, next) => `${article(next)} `);
    const colour = things.includes(word) ? `(?:(?:${colours.join("|")}) )?` : "";
    const whole = RegExp(`(^|[^\\p{L}])(?:and )?(?:an? )?${colour}${word}(?=$|[^\\p{L}])`, "iu");
    return text.replace(whole, "$1").replace(/(^|,) *and /i, "$1 ");
  }

  function toggle(button) {
    const field = easel.visible(".prompt textarea");
    const change = holds(field.value, button.textContent) ? removed : added;
    easel.write(field, tidy(change(field.value, button)));
  }

  // Each tab has words of its own, by the id of its workbench.
  function markWords(prompt, bench) {
    for (const button of document.getElementById(bench)?.querySelectorAll(".word") ?? []) {
      button.setAttribute("aria-pressed", holds(prompt ?? "", button.textContent));
    }
  }

  // Words are drawn anew when another checkpoint is chosen: colours get a dot.
  function adorn() {
    const fresh = document.querySelectorAll(".word:not([data-seen])");
    for (const button of fresh) {
      button.dataset.seen = "";
      if (CSS.supports("color", button.textContent)) button.style.setProperty("--swatch", button.textContent);
    }
    for (const bench of new Set([...fresh].map((button) => button.closest(".workbench")))) {
      if (bench) markWords(bench.querySelector(".prompt textarea")?.value, bench.id);
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".word");
    if (button) toggle(button);
  });
  easel.onDraw(adorn);
  easel.markWords = markWords;
})();

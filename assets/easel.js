// What Gradio has no words for: shortcuts, words to click, and the shape of the picture's frame.
window.easel = (() => {
  const shown = (element) => element.offsetParent !== null;
  const visible = (selector) => [...document.querySelectorAll(selector)].find(shown);

  let pressed = null;

  function write(field, text) {
    field.value = text;
    // Gradio listens for typing, not for values set by a script.
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Words are told apart at their borders: "car" is not in "scarlet".
  const pattern = (word) => new RegExp(`(^|[^\\p{L}])${word}(?=$|[^\\p{L}])`, "iu");
  const holds = (text, word) => pattern(word).test(text);
  const tidy = (text) =>
    text
      .replace(/\s+/g, " ")
      .replace(/\s*,(\s*,)*\s*/g, ", ")
      .replace(/^[,\s]+|[,\s]+$/g, "");

  const saying = (row) => [...row.querySelectorAll(".word")].map((button) => button.textContent);
  const article = (word) => (/^[aeiou]/i.test(word) ? "an" : "a");

  // Of things a picture may hold several, of all else one: a second colour, place or time takes the first one's stead.
  // A colour goes before its thing, a place behind it, the rest to the end.
  function added(text, button) {
    const word = button.textContent;
    const rows = [...button.closest(".words").querySelectorAll(".word-group")].map(saying);
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

  function toggle(button) {
    const field = visible(".prompt textarea");
    const word = button.textContent;
    const removed = () => field.value.replace(pattern(word), "$1");
    write(field, tidy(holds(field.value, word) ? removed() : added(field.value, button)));
  }

  function markWords(prompt) {
    for (const button of document.querySelectorAll(".word")) {
      button.setAttribute("aria-pressed", holds(prompt ?? "", button.textContent));
    }
  }

  // The size picker's value for a width and height, and the frame's shape from now on.
  function shape(width, height) {
    if (width > 0 && height > 0) document.documentElement.style.setProperty("--shape", width / height);
    return `${width}x${height}`;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".word, .run, .stop");
    if (button?.matches(".word")) toggle(button);
    // On a phone the picture stands above the words: show it as soon as it is painted.
    if (button?.matches(".run") && innerWidth <= 860) scrollTo({ top: 0, behavior: "smooth" });
    if (document.activeElement === button && button?.matches(".run, .stop")) pressed = button;
  });

  document.addEventListener("keydown", (event) => {
    const isRun = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    // Escape first closes what is open: a list, or a picture seen large.
    const isStop = event.key === "Escape" && !event.target.closest?.("[role=combobox], .gallery-container");
    const button = isRun ? visible("button.run") : isStop ? visible("button.stop") : null;
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  // Words and sizes are drawn anew when another checkpoint is chosen: colours get a dot, sizes their shape.
  function adorn() {
    const words = document.querySelectorAll(".word:not([data-seen])");
    for (const button of words) {
      button.dataset.seen = "";
      if (CSS.supports("color", button.textContent)) button.style.setProperty("--swatch", button.textContent);
    }
    if (words.length) markWords(visible(".prompt textarea")?.value);
    for (const input of document.querySelectorAll(".sizes input")) {
      const [width, height] = input.value.split("x");
      input.parentElement.style.setProperty("--ratio", width / height);
    }
    // Run gives way to Stop and back: who works with keys keeps the focus.
    const turned = pressed && !shown(pressed) && visible("button.run, button.stop");
    if (turned) {
      turned.focus({ preventScroll: true });
      pressed = null;
    }
  }
  new MutationObserver(adorn).observe(document, { childList: true, subtree: true });

  return { markWords, shape };
})();

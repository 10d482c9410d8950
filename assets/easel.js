// What Gradio has no words for: shortcuts, the focus, and what the other scripts beside this one need.
window.easel = (() => {
  const shown = (element) => element.offsetParent !== null;
  const visible = (selector) => [...document.querySelectorAll(selector)].find(shown);
  const PAUSE = 200; // milliseconds
  const drawn = [];

  let pressed = null;
  let ran = false; // whether Run was clicked last

  // Gradio listens for typing, not for values set by a script.
  function write(field, text) {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // The second half of a double click on Run lands on the Stop that took its place, and is not meant for it.
  // The browser counts in `detail` what belongs to one double click; a script's clicks are no part of it.
  function isEcho(event) {
    if (!event.isTrusted) return false;
    const echoes = ran && event.detail > 1 && Boolean(event.target.closest?.(".stop"));
    ran = echoes || Boolean(event.target.closest?.(".run"));
    return echoes;
  }
  document.addEventListener("click", (event) => isEcho(event) && event.stopImmediatePropagation(), { capture: true });

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".run, .stop, .vary");
    // On a phone the picture stands above the words: show it as soon as it is painted.
    if (button?.matches(".run, .vary") && innerWidth <= 860) scrollTo({ top: 0, behavior: "smooth" });
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

  // Run gives way to Stop and back: who works with keys keeps the focus.
  function keepFocus() {
    const turned = pressed && !shown(pressed) && visible("button.run, button.stop");
    if (!turned) return;
    turned.focus({ preventScroll: true });
    pressed = null;
  }

  // What a change brings about waits for a pause, so that it slows no typing and no dragging: then a hidden button of
  // this id is pressed. A page that is left does not wait.
  const waiting = new Map();
  function press(id) {
    clearTimeout(waiting.get(id));
    waiting.delete(id);
    document.getElementById(id)?.click();
  }
  function soon(id) {
    clearTimeout(waiting.get(id));
    waiting.set(id, setTimeout(press, PAUSE, id));
  }
  addEventListener("beforeunload", () => [...waiting.keys()].forEach(press));

  // Whatever is drawn anew is adorned anew.
  const onDraw = (adorn) => drawn.push(adorn);
  onDraw(keepFocus);
  new MutationObserver(() => drawn.forEach((adorn) => adorn())).observe(document, { childList: true, subtree: true });

  return { visible, write, onDraw, soon };
})();

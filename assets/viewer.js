// One picture of the gallery seen large, two compared, and what was done with them.
(() => {
  const { gallery } = easel;
  const PICTURES = "easel/pictures";
  const SHORT = 4000; // milliseconds that a line is shown which asks for nothing
  const TYPING = "input:not([type=checkbox], [type=range]), textarea, select, [role=combobox]";
  let forget = () => {}; // takes the notice away
  let fading = 0; // when it goes by itself
  let scrolled = null; // how far down the grid was
  let undoing = []; // the pictures to bring back

  const seen = () => easel.visible(".viewer .seen");
  const own = () => seen()?.dataset.id;

  function beside(step) {
    const ids = gallery.tiles().map((tile) => tile.dataset.id);
    const at = own() ? ids.indexOf(gallery.aim()) : -1;
    return at < 0 ? null : ids[at + step];
  }

  function local(time) {
    time.textContent = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" });
  }

  function shown(figure) {
    for (const time of document.querySelectorAll(".viewer time")) local(time);
    for (const step of figure.querySelectorAll(".step")) step.hidden = !beside(Number(step.dataset.step));
    for (const slider of figure.querySelectorAll("input")) slider.value = 50;
    figure.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }

  function closed() {
    if (scrolled === null) return;
    gallery.reach(gallery.aim())?.focus({ preventScroll: true });
    scrollTo({ top: scrolled });
    scrolled = null;
  }

  function viewer(element, props, trigger, watch) {
    watch("value", () => (seen() ? shown(seen()) : closed()));
  }

  // Before the viewer takes the grid's place.
  function leave() {
    if (!seen()) scrolled = scrollY;
  }

  // What was deleted or put back is neither chosen nor seen any more.
  function notice(element, props, trigger, watch) {
    forget = () => props.value && (props.value = "");
    watch("value", () => {
      clearTimeout(fading);
      const { ids } = element.querySelector(".undo-line")?.dataset ?? {};
      if (!ids) return;
      undoing = ids.split(" ");
      gallery.letGo(undoing);
      if (undoing.includes(own())) gallery.press(".back");
      if (!element.querySelector(".undo")) fading = setTimeout(forget, SHORT);
    });
    element.addEventListener("click", (event) => event.target.closest(".undo") && trigger("input"));
  }

  function fetch(parcel) {
    if (parcel?.address) save(parcel.address);
  }

  function save(address) {
    const link = document.createElement("a");
    link.href = address;
    link.download = "";
    link.click();
  }

  // Another tab is opened; what was filled there comes into sight.
  function left(place) {
    setTimeout(() => easel.show(place), 100);
  }

  document.addEventListener("click", (event) => {
    const step = event.target.closest?.(".viewer .step");
    if (step) gallery.open(beside(Number(step.dataset.step)));
  });

  document.addEventListener("input", (event) => {
    if (!event.target.matches?.(".comparison input")) return;
    event.target.closest("figure").style.setProperty("--split", `${event.target.value}%`);
  });

  // Else the browser would take back what was typed last, wherever the focus is.
  function undo(event) {
    const button = easel.visible(".undo");
    if (!button) return;
    event.preventDefault();
    button.click();
  }

  const KEYS = {
    Escape: () => gallery.press(".back"),
    Delete: () => gallery.press(".viewer .delete"),
    ArrowLeft: () => gallery.open(beside(-1)),
    ArrowRight: () => gallery.open(beside(1)),
  };

  document.addEventListener("keydown", (event) => {
    if (!easel.visible(".gallery-tab") || event.target.closest?.(TYPING)) return;
    if (event.key === "z" && (event.ctrlKey || event.metaKey)) undo(event);
    else if (seen() && !event.target.closest?.("[type=range]")) KEYS[event.key]?.();
  });

  Object.assign(gallery, {
    viewer,
    notice,
    fetch,
    left,
    leave,
    calm: () => forget(),
    save: () => own() && save(`${PICTURES}/${own()}`),
    compared: () => (leave(), gallery.picked()),
    one: () => [[own() ?? null]],
    undone: () => [undoing],
  });
})();

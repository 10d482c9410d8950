// The gallery's grid: what it asks for, choosing pictures, and moving among them by keys.
(() => {
  const root = () => document.querySelector(".gallery-tab");
  const picked = new Set();
  const REST = 200; // milliseconds
  let ask = null; // tells the server to open a picture, or to look for others
  let goal = null; // the picture to open
  let opening = null; // the picture that was asked for last
  let current = null; // the one the Tab key comes to
  let anchor = null; // where a range begins
  let resting = 0;
  let isAsking = false;
  let isStale = false; // the filters have changed since

  const tiles = () => [...document.querySelectorAll(".gallery-tab .tile")];
  const idOf = (element) => element.closest(".tile").dataset.id;
  const press = (selector) => easel.visible(`.gallery-tab ${selector}`)?.click();
  const parts = (tile) => [...tile.querySelectorAll("button, input")];

  // Days begin where the visitor is.
  const midnight = (date, days = 0) => new Date(date.getFullYear(), date.getMonth(), date.getDate() + days) / 1000;
  const day = (text, days) => (text ? midnight(new Date(`${text}T00:00`), days) : null);
  const SPANS = {
    any: () => [null, null],
    today: () => [midnight(new Date()), null],
    week: () => [midnight(new Date(), -6), null],
    month: () => [midnight(new Date(), -29), null],
    between: ([from, to]) => [day(from, 0), day(to, 1)],
  };

  // The filters as the server wants them; the word says which pictures of those that match.
  function asked([search, checkpoint, shown, made, days, offset], which, page) {
    const offsets = { first: 0, newer: Math.max(0, offset - page), older: offset + page, same: offset };
    if (which !== "same") easel.gallery.calm();
    if (which === "first") clear();
    if (which === "newer" || which === "older") scrollTo({ top: 0 });
    root().classList.toggle("is-trash", shown === "deleted");
    return [search, checkpoint, shown, SPANS[made](days), null, offsets[which]];
  }

  // The grid follows the filters once they rest, and one question at a time: answers might overtake each other.
  function changed() {
    clearTimeout(resting);
    resting = setTimeout(() => (isAsking ? (isStale = true) : question()), REST);
  }

  function question() {
    isAsking = true;
    isStale = false;
    ask("input");
  }

  function answered() {
    isAsking = false;
    if (isStale) question();
  }

  const between = (made) => ({ __type__: "update", visible: made === "between" });

  function days(element, props, trigger) {
    const inputs = [...element.querySelectorAll("input")];
    inputs.forEach((input, at) => (input.value = props.value?.[at] ?? ""));
    element.addEventListener("input", () => {
      props.value = inputs.map((input) => input.value || null);
      trigger("input");
    });
  }

  // Choosing

  function said() {
    if (picked.size === 1) return "1 chosen; one more to compare";
    return picked.size ? `${picked.size} chosen` : "";
  }

  function mark() {
    root().classList.toggle("is-choosing", picked.size > 0);
    root().classList.toggle("is-pair", picked.size === 2);
    for (const line of document.querySelectorAll(".picked")) line.textContent = said();
    for (const tile of tiles()) tile.querySelector("input").checked = picked.has(tile.dataset.id);
  }

  function toggle(id, isRange) {
    const ids = tiles().map((tile) => tile.dataset.id);
    const [from, to] = [ids.indexOf(anchor), ids.indexOf(id)];
    if (isRange && from >= 0) ids.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => picked.add(one));
    else if (!picked.delete(id)) picked.add(id);
    anchor = id;
    mark();
  }

  function clear() {
    picked.clear();
    mark();
  }

  function letGo(ids) {
    ids.forEach((id) => picked.delete(id));
    mark();
  }

  // Moving

  // One tile is in the order of the Tab key; arrows go to the others.
  function reach(id) {
    const list = tiles();
    const now = list.find((tile) => tile.dataset.id === id) ?? list[0];
    current = now?.dataset.id ?? null;
    for (const tile of list) for (const part of parts(tile)) part.tabIndex = tile === now ? 0 : -1;
    return now?.querySelector("button");
  }

  const middle = (tile) => tile.offsetLeft + tile.offsetWidth / 2;

  // Rows hold as many tiles as fit: up and down lead to the one that is nearest in the next row.
  function beyond(list, from) {
    const row = list.filter((tile) => tile.offsetTop === list[0]?.offsetTop);
    return row.sort((one, other) => Math.abs(middle(one) - middle(from)) - Math.abs(middle(other) - middle(from)))[0];
  }

  const MOVES = {
    ArrowLeft: (list, from) => list[list.indexOf(from) - 1],
    ArrowRight: (list, from) => list[list.indexOf(from) + 1],
    ArrowUp: (list, from) => beyond(list.filter((tile) => tile.offsetTop < from.offsetTop).reverse(), from),
    ArrowDown: (list, from) => beyond(list.filter((tile) => tile.offsetTop > from.offsetTop), from),
    Home: (list) => list[0],
    End: (list) => list.at(-1),
  };

  function move(event) {
    const to = MOVES[event.key]?.(tiles(), event.target.closest(".tile"));
    if (!to) return;
    event.preventDefault();
    reach(to.dataset.id).focus();
  }

  // Whatever was drawn anew, the same picture has the focus and the same ones are chosen.
  function arrange() {
    const hasFocus = document.activeElement?.matches(".gallery-tab .tile-open");
    const button = reach(current);
    if (hasFocus) button?.focus({ preventScroll: true });
    mark();
  }

  function grid(element, props, trigger, watch) {
    ask = trigger;
    watch("value", arrange);
    arrange();
  }

  // One picture at a time too: who leafs on quickly gets the last one asked for.
  function open(id) {
    if (!id) return;
    easel.gallery.calm();
    easel.gallery.leave();
    goal = id;
    if (!opening) fetchGoal();
  }

  function fetchGoal() {
    opening = goal;
    ask("select");
  }

  function opened() {
    const isStale = goal !== opening;
    opening = null;
    if (isStale) fetchGoal();
  }

  document.addEventListener("click", (event) => {
    const { target } = event;
    if (target.matches?.(".tile-pick input")) toggle(idOf(target), event.shiftKey);
    const tile = target.closest?.(".tile-open");
    if (!tile) return;
    // Where there is no pointer to hover with, a touch goes on choosing once something is chosen.
    const isChoosing = event.shiftKey || event.ctrlKey || event.metaKey || (picked.size && matchMedia("(hover: none)").matches);
    reach(idOf(tile));
    isChoosing ? toggle(idOf(tile), event.shiftKey) : open(idOf(tile));
  });

  document.addEventListener("keydown", (event) => {
    if (!event.target.closest?.(".tile")) return;
    if (event.key === "Escape" && picked.size) clear();
    if (event.key === "Delete" && picked.size) press(".picked-bar .delete");
    move(event);
  });

  const wanted = () => [[opening]];
  const aim = () => goal;
  const chosen = () => [[...picked]];
  easel.gallery = { asked, changed, answered, between, days, grid, clear, letGo, press, tiles, reach, open, opened, aim, wanted, picked: chosen };
})();

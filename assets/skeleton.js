// The skeleton editor: people of joints and limbs in OpenPose's colours, moved by mouse, finger or keys. The value of
// its component is OpenPose's JSON in pixels of what they are laid over, and "" if there is nobody.
(() => {
  const REACH = { mouse: 12, touch: 28 }; // how far from a joint still means it, in pixels of the screen
  const FAVOUR = 8; // how much nearer the chosen person counts
  const BEHIND = 16; // how much farther a limb counts than the joints at its ends
  const START = 3; // how far a pointer moves before it drags
  const LIMB = 0.6; // limbs are darker than joints
  const PLAIN = [512, 512];
  const MOST_PAST = 100; // steps that can be undone
  const SETTLED = 50; // milliseconds in which all parts of an update have come
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const PLACES = [0, -0.24, 0.24, -0.36, 0.36, -0.12, 0.12]; // where those who are added stand, from the middle
  const UNREAD = "Skeleton: the text was not read. It may be too long, or the studio not there; try again.";
  const NOBODY = "Add a person, or load JSON.";
  const HOW = "Drag a joint, or a limb to move the whole person. A double click hides a joint.";
  const KEYS = "Arrow keys move it by 1, with Shift by 10; Delete hides it.";

  const hundredth = (number) => Math.round(number * 100) / 100;
  const within = (number, most) => Math.min(Math.max(number, 0), most);
  const title = (name) => name[0].toUpperCase() + name.slice(1);
  const rgb = (colour, light) => `rgb(${colour.map((part) => Math.round(part * light)).join(" ")})`;
  const where = ({ at }) => at.map(Math.round).join(", ");
  const between = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1]);

  function svg(name, into, attributes = {}) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    into.append(element);
    return element;
  }

  // How far a point is from the line between two others.
  function beside(point, from, to) {
    const [wide, high] = [to[0] - from[0], to[1] - from[1]];
    const length = wide * wide + high * high;
    const share = length ? within(((point[0] - from[0]) * wide + (point[1] - from[1]) * high) / length, 1) : 0;
    return between(point, [from[0] + share * wide, from[1] + share * high]);
  }

  function isInside(point, corners) {
    let is = false;
    corners.forEach(([x, y], at) => {
      const [wide, high] = corners.at(at - 1);
      if (y > point[1] !== high > point[1] && point[0] < ((wide - x) * (point[1] - y)) / (high - y) + x) is = !is;
    });
    return is;
  }

  // People in OpenPose's JSON; a joint is { at, isSeen }, and `at` is null where one was never seen.
  function read(text) {
    const { people, canvas_width, canvas_height } = JSON.parse(text);
    const joint = (numbers, at) => {
      const [x, y, certainty] = numbers.slice(3 * at, 3 * at + 3);
      return certainty > 0 ? { at: [x, y], isSeen: true } : { at: null, isSeen: false };
    };
    const person = ({ pose_keypoints_2d: numbers }) => Array.from({ length: numbers.length / 3 }, (_, at) => joint(numbers, at));
    return { people: people.map(person), canvas: [canvas_width, canvas_height] };
  }

  function written(people, canvas) {
    if (!people.length) return "";
    const numbers = ({ at, isSeen }) => (isSeen ? [hundredth(at[0]), hundredth(at[1]), 1] : [0, 0, 0]);
    return JSON.stringify({
      people: people.map((person) => ({ pose_keypoints_2d: person.flatMap(numbers) })),
      canvas_width: canvas[0],
      canvas_height: canvas[1],
    });
  }

  // One text for the same people, whoever wrote it.
  function plain(text) {
    const found = text ? read(text) : { people: [] };
    return written(found.people, found.canvas);
  }

  // People of one canvas in the middle of another: as large as fits, of the same proportions.
  function fitted(people, from, to) {
    const scale = Math.min(to[0] / from[0], to[1] / from[1]);
    const moved = (at) => at && at.map((part, axis) => (part - from[axis] / 2) * scale + to[axis] / 2);
    return people.map((person) => person.map(({ at, isSeen }) => ({ at: moved(at), isSeen })));
  }

  // The middle of points, and how far they are from it on the whole.
  function spread(points) {
    const middle = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
    return [middle, points.reduce((sum, point) => sum + between(point, middle), 0)];
  }

  function skeleton(facts, element, props, server, watch) {
    const { joints, bones, colours, standing, most } = facts;
    const torso = ["right shoulder", "left shoulder", "left hip", "right hip"].map((name) => joints.indexOf(name));
    const part = (selector) => element.querySelector(selector);
    const [sheet, picture, field, file] = [".skeleton-canvas", "image", "textarea", "input"].map(part);
    const figures = []; // what is drawn, a person each
    const past = [];
    let people = [];
    let canvas = PLAIN;
    let chosen = 0;
    let joint = null; // the one chosen of the person chosen
    let held = null; // what a pointer drags
    let streak = null; // what was done last, if more of it makes one step to undo
    let unit = 1; // pixels of the canvas in one of the screen

    const seen = (person) => person.filter(({ isSeen }) => isSeen).map(({ at }) => at);
    const say = (text, isWrong = false) => {
      const line = part(".skeleton-said");
      line.textContent = text;
      line.classList.toggle("is-wrong", isWrong);
    };

    // Drawing

    function figure() {
      const group = svg("g", sheet, { class: "person" });
      const limbs = bones.map((_, at) => svg("line", group, { class: "limb", stroke: rgb(colours[at], LIMB) }));
      const knobs = joints.map((_, at) => {
        const knob = svg("g", group, { class: "joint", role: "button", tabindex: "0" });
        svg("circle", knob, { class: "ring", r: 11 });
        svg("circle", knob, { class: "dot", r: 6, fill: rgb(colours[at], 1) });
        return knob;
      });
      return { group, limbs, knobs };
    }

    function place({ group, limbs, knobs }, number) {
      const person = people[number];
      group.classList.toggle("is-chosen", number === chosen);
      limbs.forEach((limb, at) => {
        const [from, to] = bones[at].map((end) => person[end]);
        limb.style.display = from.isSeen && to.isSeen ? "" : "none";
        if (!from.isSeen || !to.isSeen) return;
        Object.entries({ x1: from.at[0], y1: from.at[1], x2: to.at[0], y2: to.at[1] }).forEach((pair) => limb.setAttribute(...pair));
      });
      knobs.forEach((knob, index) => {
        const { at, isSeen } = person[index];
        knob.style.display = isSeen ? "" : "none";
        if (!isSeen) return;
        knob.setAttribute("transform", `translate(${at[0]} ${at[1]}) scale(${unit})`);
        knob.setAttribute("aria-label", `Person ${number + 1}, ${joints[index]}, at ${where(person[index])}`);
        // The Tab key goes through the joints of one person.
        knob.setAttribute("tabindex", number === chosen ? "0" : "-1");
        knob.setAttribute("aria-pressed", number === chosen && index === joint);
      });
    }

    function draw() {
      sheet.setAttribute("viewBox", `0 0 ${canvas[0]} ${canvas[1]}`);
      sheet.style.setProperty("--shape", canvas[0] / canvas[1]);
      unit = canvas[0] / (sheet.getBoundingClientRect().width || 400);
      while (figures.length < people.length) figures.push(figure());
      while (figures.length > people.length) figures.pop().group.remove();
      figures.forEach(place);
    }

    // Buttons made anew only if they differ, so that none loses the focus.
    function list(selector, texts, labels, pressed, lead = "") {
      const row = part(selector);
      const state = JSON.stringify([texts, labels]);
      if (row.dataset.state !== state) {
        const buttons = texts.map((text, at) => {
          const button = document.createElement("button");
          Object.assign(button, { type: "button", textContent: text, ariaLabel: labels[at] });
          return button;
        });
        const named = document.createElement("span");
        named.textContent = lead;
        row.replaceChildren(...(lead && texts.length ? [named] : []), ...buttons);
        row.dataset.state = state;
      }
      if (pressed !== null) [...row.querySelectorAll("button")].forEach((button, at) => (button.ariaPressed = at === pressed));
    }

    function tell() {
      const numbers = people.map((_, at) => `Person ${at + 1}`);
      const hidden = joints.filter((_, at) => people[chosen] && !people[chosen][at].isSeen).map(title);
      list(".skeleton-people", numbers.length > 1 ? numbers : [], numbers, chosen);
      list(".skeleton-hidden", hidden, hidden.map((name) => `Show ${name.toLowerCase()}`), null, "Hidden joints");
      const said = joint === null ? HOW : `${title(joints[joint])} at ${where(people[chosen][joint])}. ${KEYS}`;
      part(".skeleton-hint").textContent = people.length ? said : NOBODY;
      const off = {
        add: people.length >= most,
        undo: !past.length,
        hide: joint === null,
        ...Object.fromEntries(["remove", "clear", "save", "copy"].map((act) => [act, !people.length])),
      };
      for (const [act, isOff] of Object.entries(off)) {
        const button = part(`[data-act=${act}]`);
        const hadFocus = isOff && document.activeElement === button;
        button.disabled = isOff;
        if (hadFocus) part(`[data-act=${act === "add" ? "remove" : "add"}]`).focus();
      }
    }

    function show() {
      draw();
      tell();
    }

    // Changes

    const now = () => ({ people: structuredClone(people), canvas, chosen });

    function keep(what = null) {
      if (what === null || what !== streak) past.push(now());
      past.splice(0, past.length - MOST_PAST);
      streak = what;
      say("");
    }

    function choose(person, index = null) {
      chosen = person;
      joint = index;
    }

    function done() {
      chosen = Math.max(0, Math.min(chosen, people.length - 1));
      if (joint !== null && !people[chosen]?.[joint].isSeen) joint = null;
      const value = written(people, canvas);
      if (plain(props.value) !== value) props.value = value;
      show();
    }

    function add() {
      const high = Math.min(canvas[1] * 0.86, canvas[0] * 2);
      const middle = canvas[0] * (0.5 + PLACES[people.length % PLACES.length]);
      const half = 0.17 * high;
      const x = Math.max(half, Math.min(middle, canvas[0] - half));
      const y = (canvas[1] - high) / 2;
      people.push(standing.map(([across, down]) => ({ at: [x + across * high, y + down * high], isSeen: true })));
      choose(people.length - 1);
    }

    function hide(person, index) {
      people[person][index].isSeen = false;
      const next = people[person].findIndex(({ isSeen }, at) => isSeen && at > index);
      const isFocused = document.activeElement === figures[person].knobs[index];
      done();
      if (isFocused) focus(person, next < 0 ? people[person].findIndex(({ isSeen }) => isSeen) : next);
    }

    // A joint that was never seen stands where it is in one who stands, held against those that are seen.
    function guess(person, index) {
      const others = joints.map((_, at) => at).filter((at) => person[at].isSeen);
      const [middle, far] = others.length ? spread(others.map((at) => person[at].at)) : [canvas.map((side) => side / 2), 0];
      const [centre, usual] = others.length ? spread(others.map((at) => standing[at])) : [[0, 0.5], 0];
      const scale = usual > 0 ? far / usual : canvas[1] * 0.86;
      return [0, 1].map((axis) => within(middle[axis] + (standing[index][axis] - centre[axis]) * scale, canvas[axis]));
    }

    function reveal(index) {
      const one = people[chosen][index];
      one.at ??= guess(people[chosen], index);
      one.isSeen = true;
      joint = index;
    }

    function focus(person, index) {
      if (index >= 0) figures[person].knobs[index].focus({ preventScroll: true });
    }

    // A joint stays on the canvas; so does a person, all joints keeping their distance.
    function move(person, index, [right, down]) {
      const moved = index === null ? person : [person[index]];
      const shift = [right, down].map((step, axis) => {
        const places = seen(moved).map((at) => at[axis]);
        return Math.max(Math.min(step, Math.max(0, canvas[axis] - Math.max(...places))), Math.min(0, -Math.min(...places)));
      });
      for (const one of moved) one.at = one.at && one.at.map((part, axis) => part + shift[axis]);
    }

    // From outside: another value, canvas or picture.
    function take(text, wanted) {
      const found = text ? read(text) : { people: [], canvas: wanted ?? canvas };
      canvas = wanted ?? found.canvas;
      people = fitted(found.people, found.canvas, canvas);
      held = null;
      choose(0);
    }

    function follow() {
      picture.setAttribute("href", props.picture ?? "");
      sheet.classList.toggle("is-laid", Boolean(props.picture));
      try {
        if (plain(props.value) !== written(people, canvas)) {
          if (people.length) keep();
          take(props.value, props.canvas);
        } else if (props.canvas) {
          people = fitted(people, canvas, props.canvas);
          canvas = props.canvas;
        }
      } catch {
        say("Skeleton: what was put here is no skeleton. Load another.", true);
        return show();
      }
      done();
    }

    // Pointers

    function point(event) {
      const box = sheet.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width) * canvas[0], ((event.clientY - box.top) / box.height) * canvas[1]];
    }

    // The joint that is meant there, or else the person.
    function hit(event, reach) {
      const at = point(event);
      const near = people.flatMap((person, number) => {
        const favour = number === chosen ? FAVOUR : 0;
        const of = (distance, index) => ({
          person: number,
          index,
          far: distance / unit - favour + (index === null ? BEHIND : 0),
          isNear: distance / unit <= reach,
        });
        const knobs = person.map((one, index) => (one.isSeen ? of(between(at, one.at), index) : null));
        const limbs = bones.map((ends) => ends.map((end) => person[end]));
        const drawn = limbs.filter((ends) => ends.every(({ isSeen }) => isSeen));
        const corners = torso.map((index) => person[index]);
        const isTorso = corners.every(({ isSeen }) => isSeen) && isInside(at, seen(corners));
        const body = Math.min(...drawn.map(([from, to]) => beside(at, from.at, to.at)), isTorso ? 0 : Infinity);
        return [...knobs, of(body, null)].filter((one) => one?.isNear);
      });
      return near.sort((one, other) => one.far - other.far)[0] ?? null;
    }

    const reach = (event) => (event.pointerType === "mouse" ? REACH.mouse : REACH.touch);

    sheet.addEventListener("pointerdown", (event) => {
      if (held || event.button !== 0) return;
      const found = hit(event, reach(event));
      if (!found) return;
      sheet.setPointerCapture(event.pointerId);
      held = { ...found, id: event.pointerId, from: point(event), before: structuredClone(people[found.person]), isMoved: false };
      choose(found.person, found.index);
      show();
      if (found.index === null) document.activeElement?.closest?.(".joint")?.blur();
      else focus(found.person, found.index);
    });

    sheet.addEventListener("pointermove", (event) => {
      if (event.pointerId !== held?.id) return;
      const at = point(event);
      if (!held.isMoved && between(at, held.from) / unit < START) return;
      if (!held.isMoved) keep();
      held.isMoved = true;
      people[held.person] = structuredClone(held.before);
      move(people[held.person], held.index, [at[0] - held.from[0], at[1] - held.from[1]]);
      draw();
    });

    function release(event) {
      if (event.pointerId !== held?.id) return;
      const { isMoved } = held;
      held = null;
      if (isMoved) done();
    }
    sheet.addEventListener("pointerup", release);
    sheet.addEventListener("pointercancel", release);

    // By itself it moves the focus to whatever lies on top.
    sheet.addEventListener("mousedown", (event) => held && event.preventDefault());

    // A finger beside the people scrolls the page, one on them does not.
    sheet.addEventListener("touchstart", (event) => held && event.preventDefault(), { passive: false });

    sheet.addEventListener("dblclick", (event) => {
      const found = hit(event, REACH.mouse);
      if (found?.index == null) return;
      keep();
      hide(found.person, found.index);
    });

    // Keys

    sheet.addEventListener("focusin", (event) => {
      const person = figures.findIndex(({ knobs }) => knobs.includes(event.target));
      if (person < 0) return;
      choose(person, figures[person].knobs.indexOf(event.target));
      show();
    });

    sheet.addEventListener("keydown", (event) => {
      if (!event.target.matches(".joint") || held || event.altKey || event.ctrlKey || event.metaKey) return;
      const step = STEPS[event.key];
      const isGone = event.key === "Delete" || event.key === "Backspace";
      if (!step && !isGone) return;
      event.preventDefault();
      event.stopPropagation();
      keep(step ? `${chosen} ${joint}` : null);
      if (isGone) return hide(chosen, joint);
      move(people[chosen], joint, step.map((part) => part * (event.shiftKey ? 10 : 1)));
      done();
    });

    element.addEventListener("keydown", (event) => {
      const isUndo = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey;
      if (!isUndo || held || event.target === field) return;
      event.preventDefault();
      ACTS.undo();
    });

    // Buttons

    async function open(text) {
      let answer = ["", UNREAD];
      try {
        answer = await server.read_json([text, props.canvas ?? null]);
      } catch (error) {
        console.warn(error);
      }
      const [json, wrong] = answer;
      if (wrong) return say(wrong, true);
      keep();
      take(json, props.canvas);
      done();
      say(people.length === 1 ? "One person read." : `${people.length} people read.`);
    }

    // Without https a page may not write to the clipboard by itself.
    function copy() {
      field.value = written(people, canvas);
      field.select();
      const isCopied = document.execCommand("copy");
      say(isCopied ? "Copied." : "The JSON is chosen below: copy it with Ctrl+C.");
    }

    function save() {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([written(people, canvas)], { type: "application/json" }));
      link.download = "skeleton.json";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    }

    const changing = (act) => () => {
      keep();
      act();
      done();
    };
    const ACTS = {
      add: changing(add),
      remove: changing(() => (people.splice(chosen, 1), choose(chosen))),
      clear: changing(() => (people = [])),
      hide: () => (keep(), hide(chosen, joint)),
      undo() {
        const was = past.pop();
        if (!was) return;
        streak = null;
        say("");
        people = fitted(was.people, was.canvas, canvas);
        choose(was.chosen);
        done();
      },
      paste: () => open(field.value),
      load: () => file.click(),
      save,
      copy,
    };

    element.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const name = button.textContent.toLowerCase();
      if (button.dataset.act) ACTS[button.dataset.act]();
      else if (button.closest(".skeleton-hidden")) {
        changing(() => reveal(joints.indexOf(name)))();
        focus(chosen, joints.indexOf(name));
      } else {
        choose([...button.parentElement.children].indexOf(button));
        show();
      }
    });

    file.addEventListener("change", async () => {
      const [given] = file.files;
      file.value = ""; // the same one may be loaded again
      if (given) open(await given.text());
    });

    new ResizeObserver(draw).observe(sheet);
    // Gradio sets what one update brings one by one: old people fitted into a new canvas would become the value.
    let following = 0;
    watch(["value", "canvas", "picture"], () => {
      clearTimeout(following);
      following = setTimeout(follow, SETTLED);
    });
    follow();
  }

  easel.skeleton = skeleton;
})();

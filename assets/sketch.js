// The sketch pad: lines drawn by mouse, finger or pen, dark on light paper whatever the theme. The value of its component
// is their JSON in pixels of the canvas, and "" if nothing is drawn.
(() => {
  const INK = "#23201c";
  const APART = 0.006; // how far from point to point of a line, in shorter sides of the canvas
  const STEP = 2; // and at least, in pixels of the screen
  const BROAD = 6; // and of a broad brush, in parts of its width
  const RUBBER = 2; // how much broader the brush is that erases
  const AROUND = 0.5; // how far beside the canvas a line may end, in sides of it
  const FAINT = 8; // of 255: less is nothing
  const PLAIN = [512, 512];
  const MOST_PAST = 100; // steps that can be undone
  const SETTLED = 50; // milliseconds in which all parts of an update have come
  const SHOWN = 900; // milliseconds for which the size of the brush is shown
  const LEFT = 0;
  const ERASER = 5; // the other end of a pen
  const FULL = "Drawing: the paper is full, so this line was not kept. Undo some lines, or clear the pad.";
  const UNREAD = "Drawing: what was put here is no drawing. Put another there, or clear the pad.";

  const tenth = (number) => Math.round(number * 10) / 10;
  const within = (number, least, most) => Math.min(Math.max(number, least), most);
  const between = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1]);
  const isInk = ({ erases }) => !erases;

  // Strokes are never changed: a step back keeps the old list of them.
  function read(text) {
    if (!text) return { strokes: [], canvas: null };
    const { width, height, strokes } = JSON.parse(text);
    const pairs = (numbers) => Array.from({ length: numbers.length / 2 }, (_, at) => numbers.slice(2 * at, 2 * at + 2));
    const stroke = ({ width, points, erases = false }) => ({ width, points: pairs(points), erases });
    return { strokes: strokes.map(stroke), canvas: [width, height] };
  }

  function written(strokes, canvas) {
    if (!strokes.some(isInk)) return "";
    const stroke = ({ width, points, erases }) => ({
      width: Math.max(tenth(width), 0.1),
      points: points.flat().map(tenth),
      ...(erases && { erases }),
    });
    return JSON.stringify({ width: canvas[0], height: canvas[1], strokes: strokes.map(stroke) });
  }

  // One text for the same drawing, whoever wrote it; null if it is none.
  function plain(text) {
    try {
      const found = read(text);
      return written(found.strokes, found.canvas);
    } catch {
      return null;
    }
  }

  // Strokes of one canvas in the middle of another: as large as fits, of the same proportions.
  function fitted(strokes, from, to) {
    if (from.join() === to.join()) return strokes;
    const scale = Math.min(to[0] / from[0], to[1] / from[1]);
    const moved = (point) => point.map((part, axis) => (part - from[axis] / 2) * scale + to[axis] / 2);
    return strokes.map((stroke) => ({ ...stroke, width: stroke.width * scale, points: stroke.points.map(moved) }));
  }

  // From middle to middle of the sides, bent to the points between them, as `sketch_pad.py` does it.
  function trace(context, { points, width, erases }) {
    const [first, last] = [points[0], points.at(-1)];
    context.globalCompositeOperation = erases ? "destination-out" : "source-over";
    Object.assign(context, { strokeStyle: INK, fillStyle: INK, lineWidth: width, lineCap: "round", lineJoin: "round" });
    context.beginPath();
    if (points.length === 1) {
      context.arc(...first, width / 2, 0, 2 * Math.PI);
      return context.fill();
    }
    context.moveTo(...first);
    points.slice(1, -1).forEach((corner, at) => {
      const after = points[at + 2];
      context.quadraticCurveTo(...corner, (corner[0] + after[0]) / 2, (corner[1] + after[1]) / 2);
    });
    context.lineTo(...last);
    context.stroke();
  }

  function sketch(facts, element, props, watch) {
    const part = (selector) => element.querySelector(selector);
    const act = (name) => part(`[data-act=${name}]`);
    const [sheet, canvasOf, picture, slider] = [".sketch-sheet", "canvas", "img", "input"].map(part);
    const front = canvasOf.getContext("2d");
    const finished = document.createElement("canvas").getContext("2d"); // all but the line that is being drawn
    const past = [];
    const undone = [];
    let strokes = [];
    let canvas = PLAIN;
    let isErasing = false;
    let held = null; // the line that is being drawn; it has parts where it leaves the canvas and comes back
    let ring = null; // where the brush is shown
    let unit = 1; // pixels of the canvas in one of the screen

    const brush = (erases = isErasing) => slider.value * Math.min(...canvas) * (erases ? RUBBER : 1);
    const parts = ({ parts, width, erases }) => parts.map((points) => ({ points, width, erases }));
    const say = (text) => {
      const line = part(".sketch-said");
      line.textContent = text;
      line.classList.toggle("is-wrong", Boolean(text));
    };

    // Drawing

    function wipe(context) {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.globalCompositeOperation = "source-over";
      context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    }
    function scale(context) {
      const { width, height } = context.canvas;
      context.setTransform(width / canvas[0], 0, 0, height / canvas[1], 0, 0);
    }

    function show() {
      wipe(front);
      front.drawImage(finished.canvas, 0, 0);
      scale(front);
      if (held) parts(held).forEach((stroke) => trace(front, stroke));
      if (!ring) return;
      front.globalCompositeOperation = "source-over";
      for (const [colour, wide] of [["rgb(255 253 250 / 0.9)", 3], ["rgb(35 32 28 / 0.8)", 1]]) {
        Object.assign(front, { strokeStyle: colour, lineWidth: wide * unit });
        front.beginPath();
        front.arc(...ring, (held?.width ?? brush()) / 2, 0, 2 * Math.PI);
        front.stroke();
      }
    }

    function draw() {
      sheet.style.setProperty("--shape", canvas[0] / canvas[1]);
      const { width, height } = sheet.getBoundingClientRect();
      if (!width) return; // in a tab that is not open
      unit = canvas[0] / width;
      for (const context of [front, finished]) {
        const size = [width, height].map((side) => Math.max(1, Math.round(side * devicePixelRatio)));
        // Set anew a canvas is empty, and costs memory.
        if (context.canvas.width !== size[0]) context.canvas.width = size[0];
        if (context.canvas.height !== size[1]) context.canvas.height = size[1];
      }
      wipe(finished);
      scale(finished);
      strokes.forEach((stroke) => trace(finished, stroke));
      show();
    }

    function isBlank() {
      const { width, height } = finished.canvas;
      return finished.getImageData(0, 0, width, height).data.every((value, at) => at % 4 < 3 || value < FAINT);
    }

    function tell() {
      const lines = strokes.filter(isInk).length;
      canvasOf.ariaLabel = lines === 1 ? "Drawing of one line" : `Drawing of ${lines || "no"} lines`;
      act("draw").ariaPressed = !isErasing;
      act("erase").ariaPressed = isErasing;
      measure();
      const off = { undo: !past.length, redo: !undone.length, clear: !strokes.length };
      for (const [name, isOff] of Object.entries(off)) {
        const hadFocus = isOff && document.activeElement === act(name);
        act(name).disabled = isOff;
        if (hadFocus) act("draw").focus();
      }
    }

    function measure() {
      const { value, min, max } = slider;
      const pixels = `${Math.max(1, Math.round(brush()))} px`;
      slider.style.setProperty("--range_progress", `${(100 * (value - min)) / (max - min)}%`);
      slider.setAttribute("aria-valuetext", pixels);
      part("output").textContent = pixels;
    }

    // Changes

    const now = () => ({ strokes, canvas });

    function keep() {
      past.push(now());
      past.splice(0, past.length - MOST_PAST);
      undone.length = 0;
      say("");
    }

    function done() {
      const value = written(strokes, canvas);
      if (plain(props.value) !== value) props.value = value;
      draw();
      tell();
    }

    function isFull(all) {
      const count = all.reduce((sum, { points }) => sum + points.length, 0);
      return count > facts.mostPoints || written(all, canvas).length > facts.longest;
    }

    function add(made) {
      const all = [...strokes, ...made];
      if (!all.some(isInk)) return show(); // nothing was there to erase
      if (isFull(all)) {
        say(FULL);
        return show();
      }
      keep();
      strokes = all;
      draw();
      if (made[0].erases && isBlank()) strokes = [];
      done();
    }

    function step(from, to) {
      if (!from.length || held) return;
      const was = from.pop();
      to.push(now());
      say("");
      strokes = fitted(was.strokes, was.canvas, canvas);
      done();
    }

    // From outside: another value, canvas or picture.
    function follow() {
      picture.hidden = !props.picture;
      if (props.picture) picture.src = props.picture;
      const given = plain(props.value);
      const isOther = given !== null && given !== written(strokes, canvas);
      const found = isOther ? read(props.value) : now();
      const wanted = props.canvas ?? found.canvas ?? canvas;
      if (isOther && strokes.length) keep();
      if (isOther || wanted.join() !== canvas.join()) held = null;
      strokes = fitted(found.strokes, found.canvas ?? wanted, wanted);
      canvas = wanted;
      done();
      if (given === null) say(UNREAD);
    }

    // Pointers

    function point(event) {
      const box = sheet.getBoundingClientRect();
      const at = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
      return at.map((share, axis) => within(share, -AROUND, 1 + AROUND) * canvas[axis]);
    }

    const isSeen = (at) => at.every((part, axis) => part >= -held.width / 2 && part <= canvas[axis] + held.width / 2);

    // What is drawn beside the canvas is left out, but for where the line leaves it and comes back.
    function lengthen(at, apart) {
      if (between(at, held.at) <= apart) return;
      const [was, is] = [isSeen(held.at), isSeen(at)];
      if (!was && is) held.parts.push([held.at]);
      if (was || is) held.parts.at(-1).push(at);
      held.at = at;
    }

    sheet.addEventListener("pointerdown", (event) => {
      if (held || ![LEFT, ERASER].includes(event.button)) return;
      sheet.setPointerCapture(event.pointerId);
      canvasOf.focus({ preventScroll: true });
      const at = point(event);
      const erases = isErasing || event.button === ERASER;
      held = { id: event.pointerId, at, parts: [[at]], width: brush(erases), erases };
      show();
    });

    sheet.addEventListener("pointermove", (event) => {
      ring = event.pointerType === "touch" ? null : point(event);
      if (event.pointerId === held?.id) {
        const apart = Math.max(APART * Math.min(...canvas), STEP * unit, held.width / BROAD);
        const all = event.getCoalescedEvents?.() ?? [];
        for (const one of all.length ? all : [event]) lengthen(point(one), apart);
      }
      show();
    });

    sheet.addEventListener("pointerleave", () => {
      ring = null;
      show();
    });

    function release(event) {
      if (event.pointerId !== held?.id) return;
      if (event.type === "pointerup") lengthen(point(event), 0);
      const made = parts(held);
      held = null;
      add(made);
    }
    sheet.addEventListener("pointerup", release);
    sheet.addEventListener("pointercancel", release);

    // By itself it takes the focus away again.
    sheet.addEventListener("mousedown", (event) => event.preventDefault());

    // Keys and buttons

    const ACTS = {
      draw: () => (isErasing = false),
      erase: () => (isErasing = true),
      undo: () => step(past, undone),
      redo: () => step(undone, past),
      clear() {
        keep();
        strokes = [];
        done();
      },
    };

    element.addEventListener("keydown", (event) => {
      const key = event.key.toLowerCase();
      if (!(event.ctrlKey || event.metaKey) || event.altKey || !"zy".includes(key)) return;
      event.preventDefault();
      ACTS[key === "y" || event.shiftKey ? "redo" : "undo"]();
    });

    element.addEventListener("click", (event) => {
      const name = event.target.closest("button")?.dataset.act;
      if (!name || held) return;
      ACTS[name]();
      tell();
    });

    let showing = 0;
    Object.assign(slider, { min: facts.thinnest, max: facts.broadest, value: facts.pen });
    slider.addEventListener("input", () => {
      measure();
      ring = canvas.map((side) => side / 2);
      show();
      clearTimeout(showing);
      showing = setTimeout(() => ((ring = null), show()), SHOWN);
    });

    new ResizeObserver(draw).observe(sheet);
    // Gradio sets what one update brings one by one: old lines fitted into a new canvas would become the value.
    let following = 0;
    watch(["value", "canvas", "picture"], () => {
      clearTimeout(following);
      following = setTimeout(follow, SETTLED);
    });
    follow();
  }

  easel.sketch = sketch;
})();

// The painter of the Edit tab: its own event of a change uploads everything again and again, so what was painted is
// read once, after the brush is lifted, wherever that is, or its bar was used.
(() => {
  const inside = (event) => Boolean(event.target.closest?.(".painter"));
  let isDown = false;
  const on = (type, heard) => document.addEventListener(type, heard, { capture: true });
  on("pointerdown", (event) => (isDown = inside(event)));
  on("pointerup", () => isDown && easel.soon("edit-painted"));
  on("keyup", (event) => inside(event) && easel.soon("edit-painted"));
})();

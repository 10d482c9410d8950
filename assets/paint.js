// The painter of the Edit tab: its own event of a change uploads everything again and again, so what was painted is
// read once, after the brush is lifted, wherever that is, or its bar was used. Run waits until it is read.
(() => {
  const READ = "edit-painted"; // the hidden button that has it read
  const MOST = 30000; // milliseconds that Run waits
  const inside = (event) => Boolean(event.target.closest?.(".painter"));
  const on = (type, heard) => document.addEventListener(type, heard, { capture: true });
  let isDown = false;
  let isChanged = false;
  let reading = 0; // of several in a row Gradio does the first and the last

  function changed() {
    isChanged = true;
    easel.soon(READ);
  }
  on("pointerdown", (event) => (isDown = inside(event)));
  on("pointerup", () => isDown && changed());
  on("keyup", (event) => inside(event) && changed());
  on("click", (event) => {
    if (event.target.id !== READ) return;
    isChanged = false;
    reading = Math.min(reading + 1, 2);
  });
  easel.painted = () => (reading = Math.max(reading - 1, 0));

  const isRead = () => !isChanged && reading === 0;
  let waits = 0;
  on("click", (event) => {
    const run = event.target.closest?.(".run");
    if (!run || isRead()) return;
    event.stopImmediatePropagation();
    clearInterval(waits);
    const until = Date.now() + MOST;
    waits = setInterval(() => {
      if (!isRead() && Date.now() < until) return;
      clearInterval(waits);
      isChanged = false;
      reading = 0;
      run.click();
    }, 50);
  });
})();

// The painter of the Edit tab: its own event of a change uploads everything again and again, so what was painted is
// read once, after the brush is lifted or its bar was used.
(() => {
  const read = (event) => event.target.closest?.(".painter") && easel.soon("edit-painted");
  for (const type of ["pointerup", "keyup"]) document.addEventListener(type, read, { capture: true });
})();

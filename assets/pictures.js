// Finished pictures: which one is chosen, its download; and a picture file dropped on the prompt.
(() => {
  const DROPPED = /\.(png|jpe?g|webp)$/i;

  const file = (pictures, index) => pictures?.[index]?.image;

  function download(pictures, index) {
    const { url } = file(pictures, index) ?? {};
    if (!url) return;
    const link = document.createElement("a");
    link.href = url;
    link.download = decodeURIComponent(url.split("/").pop());
    link.click();
  }

  // The chosen one of several is framed in the grid too, once it is no longer shown large.
  function markChosen() {
    for (const grid of document.querySelectorAll(".stage .grid-container")) {
      const items = grid.querySelectorAll(".thumbnail-item");
      if (items.length === 1) items[0].classList.remove("is-chosen");
    }
    for (const line of document.querySelectorAll(".chosen[data-index]")) {
      const items = line.closest(".picture-side, .workbench")?.querySelectorAll(".stage .grid-container .thumbnail-item") ?? [];
      items.forEach((item, index) => {
        const isChosen = items.length > 1 && index === Number(line.dataset.index);
        item.classList.toggle("is-chosen", isChosen);
        isChosen ? item.setAttribute("aria-current", "true") : item.removeAttribute("aria-current");
      });
    }
  }
  easel.onDraw(markChosen);

  // An accordion draws what is in it when it is opened first.
  async function opened(accordion) {
    if (!accordion.querySelector(".label-wrap.open")) accordion.querySelector(".label-wrap").click();
    for (let tries = 0; tries < 50; tries++) {
      const input = accordion.querySelector("input[type=file]");
      if (input) return input;
      await new Promise((after) => setTimeout(after, 50));
    }
    return null;
  }

  async function hand(accordion, dropped) {
    const input = await opened(accordion);
    if (!input) return;
    const files = new DataTransfer();
    files.items.add(dropped);
    input.files = files.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    show(".settings-file");
  }

  // Once it has the height of what was just put into it.
  function show(selector) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const scroll = () => easel.visible(selector)?.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
    setTimeout(scroll, 250);
  }

  const target = (event) => event.target.closest?.(".prompt textarea");
  const isFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

  document.addEventListener("dragover", (event) => {
    if (!target(event) || !isFile(event)) return;
    event.preventDefault();
    target(event).classList.add("is-target");
  });
  document.addEventListener("dragleave", (event) => target(event)?.classList.remove("is-target"));
  document.addEventListener("drop", (event) => {
    target(event)?.classList.remove("is-target");
    const [dropped] = event.dataTransfer?.files ?? [];
    const accordion = target(event) && easel.visible(".settings-file");
    if (!accordion || !dropped) return;
    event.preventDefault();
    if (DROPPED.test(dropped.name)) hand(accordion, dropped);
  });

  easel.download = download;
  easel.show = show;
})();

// Style cards: buttons whose names, pressed, are the value of their component.
(() => {
  function cards(element, props, watch) {
    const buttons = [...element.querySelectorAll(".style-card")];

    function mark() {
      const chosen = new Set(props.value ?? []);
      for (const button of buttons) button.setAttribute("aria-pressed", chosen.has(button.dataset.name));
    }

    element.addEventListener("click", (event) => {
      const button = event.target.closest(".style-card");
      if (!button) return;
      const { name } = button.dataset;
      const chosen = props.value ?? [];
      props.value = chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name];
      mark();
    });
    watch("value", mark);
    mark();
  }

  easel.cards = cards;
})();

// Ctrl+Up and Ctrl+Down: more or less weight for what is selected, or for the word at the caret, as "(word:1.2)".
(() => {
  const STEP = 0.1;
  const LEAST = 0.1;
  const MOST = 4;
  const PLAIN = 1.1; // what brackets without a number mean
  const BETWEEN = /[\s.,;:!?"(){}[\]|<>\\/=+*]/;

  const isEscaped = (text, at) => /(^|[^\\])(\\\\)*\\$/.test(text.slice(0, at));

  // Pairs of round brackets as [open, close], the inner ones first.
  function pairs(text) {
    const open = [];
    const found = [];
    for (let at = 0; at < text.length; at++) {
      if (isEscaped(text, at)) continue;
      if (text[at] === "(") open.push(at);
      if (text[at] === ")" && open.length) found.push([open.pop(), at]);
    }
    return found;
  }

  // The innermost weighted piece around the selection: where it lies, what it says, and its weight.
  function around(text, start, end) {
    const pair = pairs(text).find(([open, close]) => open <= start && end <= close + 1 && start <= close);
    if (!pair) return null;
    const [open, close] = pair;
    const inside = text.slice(open + 1, close);
    const said = inside.match(/^(.*):\s*([\d.]+)\s*$/s);
    const isWhole = start === end || text.slice(start, end).trim().length >= (said ? said[1] : inside).trim().length;
    if (!isWhole) return null;
    return { from: open, to: close + 1, words: said ? said[1] : inside, weight: said ? Number(said[2]) : PLAIN };
  }

  // What is selected without the blanks around it, or the word at the caret.
  function piece(text, start, end) {
    if (start === end) {
      while (start > 0 && !BETWEEN.test(text[start - 1])) start--;
      while (end < text.length && !BETWEEN.test(text[end])) end++;
    }
    while (start < end && /\s/.test(text[start])) start++;
    while (start < end && /\s/.test(text[end - 1])) end--;
    const words = text.slice(start, end);
    const brackets = words.split("").filter((letter, at) => "()".includes(letter) && !isEscaped(words, at));
    const isBalanced = pairs(words).length * 2 === brackets.length;
    return words && isBalanced ? { from: start, to: end, words, weight: 1 } : null;
  }

  function weighed(text, start, end, change) {
    const found = around(text, start, end) ?? piece(text, start, end);
    if (!found || !(found.weight > 0)) return null;
    const weight = Math.round(Math.min(Math.max(found.weight + change, LEAST), MOST) * 100) / 100;
    const written = weight === 1 ? found.words : `(${found.words}:${weight})`;
    const first = found.from + (weight === 1 ? 0 : 1);
    return { ...found, written, select: [first, first + found.words.length] };
  }

  document.addEventListener("keydown", (event) => {
    const change = { ArrowUp: STEP, ArrowDown: -STEP }[event.key];
    const field = event.target;
    if (!change || !(event.ctrlKey || event.metaKey) || event.altKey || !field.matches?.(".weighed textarea")) return;
    event.preventDefault();
    const done = weighed(field.value, field.selectionStart, field.selectionEnd, change);
    if (!done) return;
    field.setSelectionRange(done.from, done.to);
    // The browser's own way of typing, so that its undo takes it back; Firefox may refuse it.
    if (!document.execCommand("insertText", false, done.written)) {
      easel.write(field, field.value.slice(0, done.from) + done.written + field.value.slice(done.to));
    }
    field.setSelectionRange(...done.select);
  });
})();

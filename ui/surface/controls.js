// Buttons, fields and links: which clicks count, which keys are theirs, and where the focus stays.

const DOUBLE_MS = 300; // the second click of a double click comes sooner, and nobody has judged an image by then
const WRITTEN_IN = "input:not([type='range'], [type='radio'], [type='checkbox']), textarea, select, [contenteditable='true']";
const PRESSED = "button, a[href], summary";
const MOVED = "input, [role='radiogroup'] *, [role='toolbar'] *";
const PRESSES = new Set([" ", "Enter"]);
const MOVES = new Set([" ", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);

// Whether a click is the second of a double click: it was meant for what the first one has replaced.
let clicked_at = -Infinity;
function is_second_click(event) {
  const gap = event.timeStamp - clicked_at;
  clicked_at = event.timeStamp;
  return event.detail > 1 && gap < DOUBLE_MS;
}

function typing(event) {
  return Boolean(event.composedPath()[0]?.closest?.(WRITTEN_IN));
}

// Where the keyboard is. A control that was reached by keys is pressed and moved by them, as anywhere; one that was
// clicked leaves them to the surface, with whose keys people go on.
class Focus {
  constructor() {
    this.on_focus = (event) => this.note(event.composedPath()[0]);
    this.on_pointer = () => this.note(null);
    this.note(document.activeElement);
    document.addEventListener("focusin", this.on_focus, true);
    document.addEventListener("pointerdown", this.on_pointer, true);
  }

  note(target) {
    this.reached = target?.matches?.(":focus-visible") ? target : null;
  }

  // Whether a key presses what has the focus.
  presses(event) {
    return this.is_reached(event, PRESSED) && PRESSES.has(event.key);
  }

  // Whether a key moves what has the focus, or moves about in it.
  moves(event) {
    return this.is_reached(event, MOVED) && MOVES.has(event.key);
  }

  is_reached(event, selector) {
    const target = event.composedPath()[0];
    return target === this.reached && Boolean(target.closest(selector));
  }

  close() {
    document.removeEventListener("focusin", this.on_focus, true);
    document.removeEventListener("pointerdown", this.on_pointer, true);
  }
}

// The keys as a row of buttons. Drawn again with every image, and the one that was reached by keyboard keeps the focus.
class Bar {
  constructor(title, press, refuse) {
    this.press = press;
    this.refuse = refuse;
    this.focus = new Focus();
    this.root = el("div", { class: "bar", role: "toolbar", "aria-label": title });
  }

  // `buttons` are names of acts, titles and looks; `more` stands behind them.
  show(data, buttons, ...more) {
    const held = this.root.contains(this.focus.reached) ? this.focus.reached.dataset.act : null;
    this.root.replaceChildren(...buttons.map(([name, title, look]) => this.button(data, name, title, look ?? "")), ...more);
    if (held) this.root.querySelector(`[data-act="${held}"]`)?.focus();
  }

  // A button of a key, named for readers of screens as well.
  button(data, name, title, look) {
    const key = data.bindings[name]?.[0] ?? "";
    return el("button", { type: "button", class: look, "data-act": name, "aria-keyshortcuts": key, onclick: (event) => this.press(event, name) }, title, el("kbd", { "aria-hidden": "true" }, data.key_titles[key] ?? key.toUpperCase()));
  }

  // Whether a key belongs to what has the focus, here or elsewhere on the page. Beside these buttons arrows look around.
  leaves(event) {
    if (typing(event)) return true;
    if (this.focus.presses(event)) {
      if (event.repeat) {
        event.preventDefault(); // one press, one decision
        this.refuse("held");
      }
      return true;
    }
    return this.focus.moves(event) && !event.composedPath()[0].dataset.act;
  }

  close() {
    this.focus.close();
  }
}

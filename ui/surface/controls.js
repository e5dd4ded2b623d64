// What can be pressed on a surface, and which clicks count.

const DOUBLE_MS = 300; // the second click of a double click comes sooner, and nobody has judged an image by then

// Whether a click is the second of a double click: it was meant for what the first one has replaced.
let clicked_at = -Infinity;
function is_second_click(event) {
  const gap = event.timeStamp - clicked_at;
  clicked_at = event.timeStamp;
  return event.detail > 1 && gap < DOUBLE_MS;
}

// The keys as a row of buttons.
class Bar {
  constructor(title, press) {
    this.press = press;
    this.root = el("div", { class: "bar", role: "toolbar", "aria-label": title });
  }

  // `buttons` are names of acts, titles and looks; `more` stands behind them.
  show(data, buttons, ...more) {
    this.root.replaceChildren(...buttons.map(([name, title, look]) => this.button(data, name, title, look ?? "")), ...more);
  }

  // A button of a key, named for readers of screens as well.
  button(data, name, title, look) {
    const key = data.bindings[name]?.[0] ?? "";
    return el("button", { type: "button", class: look, "data-act": name, "aria-keyshortcuts": key, onclick: (event) => this.press(event, name) }, title, el("kbd", { "aria-hidden": "true" }, data.key_titles[key] ?? key.toUpperCase()));
  }
}

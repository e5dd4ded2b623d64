// Small tools: elements, texts with gaps, and what the browser has to be asked for.

// What turns the direction of text, or is obeyed otherwise, as an escape: a name reorders no sentence that it stands in.
const OBEYED = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

function printable(text) {
  return text.replace(OBEYED, (sign) => `\\${sign < "\u0100" ? "x" : "u"}${sign.charCodeAt(0).toString(16).padStart(sign < "\u0100" ? 2 : 4, "0")}`);
}

const READ = new Set(["alt", "title", "aria-label"]);

function el(tag, attributes = {}, ...children) {
  const made = tag === "svg" || tag === "rect" ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, READ.has(name) ? printable(value) : value);
  }
  const shown = children.flat().filter((child) => child !== null && child !== undefined);
  made.append(...shown.map((child) => (typeof child === "string" ? printable(child) : child)));
  return made;
}

// Write a number as the language of the page does.
function localised(value, digits = 0) {
  const exactly = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString(document.documentElement.lang || undefined, exactly);
}

// Fill the gaps of a text: `Kept {what}.`
function filled(text, values = {}) {
  const written = (value) => (typeof value === "number" ? localised(value) : String(value));
  return text.replace(/\{(\w+)\}/g, (gap, name) => (name in values ? written(values[name]) : gap));
}

// Call back once the frame that shows what was drawn has been made.
function after_paint(callback) {
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => callback();
    channel.port2.postMessage(null);
  });
}

// Make an element end where the window ends, wherever the page has put it.
function fill_window(element) {
  const top = element.getBoundingClientRect().top + document.querySelector("[data-testid='stMain']").scrollTop;
  element.style.height = document.fullscreenElement ? "" : `${Math.max(280, window.innerHeight - top - 2)}px`;
}

// Whether something of the page itself lies over the surface and wants the keys: a dialog, a menu.
function covered() {
  return Boolean(document.querySelector("[role='dialog'], [data-baseweb='modal'], [data-testid='stDialog']"));
}

// The name of a key as bindings spell it: a letter or digit as printed on the key where the layout has no Latin ones.
function key_name(event) {
  if (event.key === " ") return "Space";
  if (event.key.length > 1) return event.key;
  const key = event.key.toLowerCase();
  if (/^[\x21-\x7e]$/.test(key)) return key;
  const code = /^(?:Key|Digit)(.)$/.exec(event.code ?? "");
  return code ? code[1].toLowerCase() : key;
}

// A sheet that lies over a surface and takes the keys until it is closed.
class Sheet {
  constructor(texts, closed) {
    this.texts = texts;
    this.closed = closed;
    this.root = el("div", { class: "sheet", role: "dialog", "aria-modal": "true", hidden: true });
    this.root.addEventListener("keydown", (event) => this.stay(event), true); // a field in it lets no key out
  }

  // Keep Tab within: behind the last control comes the first, and before that the last.
  stay(event) {
    if (event.key !== "Tab") return;
    const stops = [...this.root.querySelectorAll("button, input, select")];
    const [from, to] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
    if (event.target !== from) return;
    event.preventDefault();
    to.focus();
  }

  get is_open() {
    return !this.root.hidden;
  }

  open(title, ...children) {
    const close = el("button", { type: "button", class: "close", "aria-label": this.texts.close, onclick: () => this.close() }, "×");
    this.root.setAttribute("aria-label", title);
    this.root.replaceChildren(el("div", { class: "inner" }, close, el("h2", {}, title), ...children));
    this.root.hidden = false;
    (this.root.querySelector("input") ?? close).focus();
  }

  close() {
    this.root.hidden = true;
    this.root.replaceChildren();
    this.closed();
  }

  keys(rows, note) {
    const lines = rows.map(([keys, meaning]) => el("tr", {}, el("th", { scope: "row" }, keys.map((key) => el("kbd", {}, key))), el("td", {}, meaning)));
    this.open(this.texts.keys, el("table", {}, lines), el("p", { class: "small" }, note));
  }
}

// The line that says what the last key did; it is always in the same place, and cut rather than broken.
class MessageLine {
  constructor() {
    this.online = true;
    this.root = el("span", { class: "message", role: "status", "aria-live": "polite" });
  }

  say(text, tone = "info") {
    this.root.textContent = this.root.title = printable(text);
    this.root.dataset.tone = tone;
  }

  // Say what was lost since `before`, and that the connection is back where the page had to be loaded again for it.
  lost(outbox, before, texts) {
    const reloaded = lost_before();
    const n = outbox.lost - before + (reloaded ?? 0);
    if (n) this.say(filled(texts.lost, { n }), "warning");
    else if (reloaded !== null) this.say(texts.back_online);
  }

  // Say that the connection is lost, or back, where that is news.
  connection(online, texts) {
    if (online === this.online) return;
    this.online = online;
    if (online) this.say(texts.back_online);
    else this.say(texts.offline, "error");
  }
}

// What a page knows outlives its surface: Streamlit may draw that anew, and what was taken must not be lost with it.
function outbox(name, make) {
  const kept = (window.curateKept ??= {});
  return (kept[name] ??= make());
}

// Where the page had to be loaded again, how many strokes it had taken and not saved; told once, else nothing.
function lost_before() {
  const lost = sessionStorage.getItem("curate-lost");
  sessionStorage.removeItem("curate-lost");
  return lost === null ? null : Number(lost);
}

const INSIST_MS = 1500;
const INSIST_TIMES = 5;

// Ask for another page until there is one: Streamlit may drop what is asked while it runs something else.
function insisting(send) {
  let timer = null;
  const stop = () => clearInterval(timer);
  const ask = (where) => {
    stop();
    send(where);
    let times = 0;
    timer = setInterval(() => {
      times += 1;
      if (times >= INSIST_TIMES) stop();
      else if (!shell.is_busy()) send(where); // or the page that is left would be drawn again
    }, INSIST_MS);
  };
  return { ask, stop };
}

// Streamlit draws pages and navigation; these are the few places where the surface reaches out for them.
const shell = {
  is_busy() {
    return document.querySelector("[data-testid='stApp']")?.dataset.testScriptState !== "notRunning";
  },
  sidebar() {
    document.querySelector("[data-testid='stExpandSidebarButton']")?.click();
  },
  focus(selector) {
    this.sidebar();
    setTimeout(() => document.querySelector(selector)?.focus(), 250);
  },
  address(name, value) {
    const url = new URL(window.location.href);
    if (url.searchParams.get(name) === value) return;
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
    window.history.replaceState(window.history.state, "", url);
  },
};

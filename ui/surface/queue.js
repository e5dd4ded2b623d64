// The review surface: keys and buttons in, strokes out, the next item on the screen at once.

const DECIDING = new Set(["keep", "drop", "group", "later", "relabel", "digit"]);
const FLASH_MS = 700;
const ELSEWHERE_MS = 2000; // how often to ask for what other screens hold

class Surface {
  constructor(root, data, send, go) {
    this.data = data;
    this.texts = data.texts;
    this.machine = outbox(data.name, () => new Machine({ ahead: data.ahead }));
    this.link = new Link(this.machine, send, () => this.refresh());
    this.exit = new Exit(this.machine, go);
    this.confirming = null; // id of the group that a second press drops whole
    this.drawn = null;
    this.build(root);
    this.listen();
  }

  build(root) {
    const press = (event, name, more) => this.press(event, name, more);
    this.bar = new Bar(this.texts.keys, press, (reason) => this.refused(reason));
    this.view = el("div", { class: "view", tabindex: -1 });
    this.stamp = el("span", { class: "stamp" });
    this.aside = el("aside", { class: "panel" });
    this.stage = new Stage(this.view, this.texts, (item, image) => this.ask({ full: { id: item.id, path: image.path } }));
    this.panel = new Panel(this.aside, this.texts, press, (item) => this.ask({ exif: { id: item.id, path: item.images[0].path } }));
    this.line = new MessageLine();
    this.progress = new Progress();
    this.sheet = new Sheet(this.texts, () => this.view.focus());
    this.body = el("div", { class: "body" }, el("div", { class: "left" }, this.view, this.stamp), this.aside);
    this.box = el("div", { class: "surface" }, this.bar.root, this.body, el("div", { class: "status" }, this.line.root, this.progress.unsaved, this.progress.pace), this.sheet.root);
    root.replaceChildren(this.box);
    if (localStorage.getItem("curate-panel") === "hidden") this.box.classList.add("wide");
    this.resized = new ResizeObserver(() => this.stage.place());
    this.resized.observe(this.view);
    this.fit = () => fill_window(this.box);
    window.addEventListener("resize", this.fit);
    requestAnimationFrame(this.fit);
    this.say(this.texts.ready);
  }

  listen() {
    this.on_key = (event) => this.key(event);
    document.addEventListener("keydown", this.on_key, true);
  }

  close() {
    this.bar.close();
    document.removeEventListener("keydown", this.on_key, true);
    window.removeEventListener("resize", this.fit);
    this.resized.disconnect();
    this.link.close();
    this.exit.close();
    clearTimeout(this.asking);
    clearInterval(this.stage.timer);
  }

  // The server has spoken.
  receive(data) {
    if (data.feed !== this.data.feed) this.exit.stay();
    this.data = data;
    this.texts = data.texts;
    const lost = this.machine.lost;
    const told = this.machine.receive(data);
    this.link.answered();
    this.line.connection(this.machine.online, this.texts);
    for (const one of told) if (one.text) this.say(one.text, one.tone);
    this.line.lost(this.machine, lost, this.texts);
    if (data.exif) this.panel.tell_camera(data.exif);
    if (data.full) this.stage.sharpen(data.full.path, data.full.src);
    for (const id of this.machine.items.keys()) this.stage.prepare(this.machine.items.get(id));
    this.stage.forget(new Set(this.machine.items.keys()));
    this.refresh();
    this.link.post();
    clearTimeout(this.asking);
    if (data.elsewhere && !this.machine.more) this.asking = setTimeout(() => this.ask_again(), ELSEWHERE_MS);
    this.exit.answered(this.machine.lost - lost);
  }

  ask_again() {
    this.machine.more = true;
    this.link.post();
  }

  // Draw what is current; the image first, the rest when it has been painted.
  refresh() {
    const { item } = this.machine;
    const shown = item && `${this.machine.begun} ${item.id} ${item.seen} ${item.as_of} ${Boolean(item.mine)}`;
    if (shown !== this.drawn) {
      this.drawn = shown;
      if (item) this.look_at(item);
      else this.end();
    } else if (!item) this.end();
    this.box.classList.toggle("offline", !this.machine.online);
    this.line.connection(this.machine.online, this.texts);
    this.count();
  }

  look_at(item) {
    this.confirming = null;
    const decided = item.mine ? done_text(item.mine, item, this.texts) : item.decided;
    this.stamp.textContent = printable([decided, item.since].filter(Boolean).join(" · "));
    const rest = () => {
      this.panel.show({ ...item, decided }, this.data.classes);
      this.buttons(item);
      this.address(item.id);
    };
    delete this.view.dataset.painted;
    const waits = this.stage.show(item, () => {
      this.machine.shown(item.id);
      this.view.dataset.painted = item.id;
      this.painted?.(item.id);
      if (!waits) rest();
    });
    if (waits) rest();
  }

  // Name the item in the address of this page.
  address(id) {
    if (this.exit.is_here) shell.address("item", id);
  }

  end() {
    const { end } = this.data;
    delete this.view.dataset.painted;
    this.stamp.textContent = "";
    this.address(null);
    if (this.machine.in_flight || this.machine.unanswered) {
      this.stage.clear(el("p", { class: "nothing" }, this.texts.loading));
      return;
    }
    const again = el("button", { type: "button", onclick: () => this.look_again() }, this.texts.look_again);
    this.stage.clear(el("div", { class: "nothing" }, el("h2", {}, end.title), end.lines.map((line) => el("p", {}, line)), end.code ? el("pre", {}, end.code) : null, again));
    this.aside.replaceChildren();
    this.buttons(null);
  }

  look_again() {
    this.machine.more = true;
    this.machine.rank = -1;
    this.machine.left.clear();
    this.link.post();
    this.refresh();
  }

  buttons(item) {
    const deciding = item?.group
      ? [
          ["keep", this.texts.keep_all],
          ["drop", item.survivor < 0 ? filled(this.texts.drop_all, { n: item.images.length }) : this.texts.drop_copies, "primary"],
          ["group", this.texts.drop_group],
        ]
      : [
          ["keep", this.texts.keep],
          ["drop", this.texts.drop, "primary"],
        ];
    const rest = ["later", "relabel", "undo", "redo", "back", "next", "view", "boxes", "panel", "full", "similar", "help"].map((name) => [name, this.texts[name]]);
    const there = (item ? deciding.concat(rest) : rest.filter(([name]) => ["undo", "redo", "back", "help"].includes(name))).filter(([name]) => this.data.acts.includes(name));
    const digits = item?.group && this.data.acts.includes("digit") ? [el("span", { class: "digits" }, el("kbd", {}, `1–${Math.min(9, item.images.length)}`), this.texts.keep_only)] : [];
    this.bar.show(this.data, there, ...digits);
  }

  count() {
    this.progress.show(this.data.progress, this.machine.strokes, this.texts);
  }

  say(text, tone = "info") {
    this.line.say(text, tone);
  }

  ask(asks) {
    Object.assign(this.machine.asks, asks);
    this.link.post();
  }

  // Keys

  key(event) {
    const name = key_name(event);
    if (!this.box.isConnected) return;
    if (event.key === "Escape") {
      this.escape(event);
      return;
    }
    if (this.bar.leaves(event)) return;
    const act = this.bound(event, name);
    if (!act) return;
    const mine = this.sheet.is_open;
    if (covered() || mine) {
      if (mine && act.name === "help") this.sheet.close();
      else if (DECIDING.has(act.name)) this.refused("covered");
      if (mine || DECIDING.has(act.name)) this.swallow(event);
      return;
    }
    this.swallow(event);
    if (event.repeat && (DECIDING.has(act.name) || act.name === "undo" || act.name === "redo")) this.refused("held");
    else this.act(act.name, act.more);
  }

  swallow(event) {
    event.preventDefault();
    event.stopPropagation();
  }

  bound(event, name) {
    if (event.ctrlKey || event.metaKey) {
      if (event.altKey || name !== "z" && name !== "y") return null;
      const back = name === "y" || event.shiftKey ? "redo" : "undo";
      return this.data.acts.includes(back) ? { name: back } : null;
    }
    if (event.altKey) return null;
    if (/^[1-9]$/.test(name) && this.data.acts.includes("digit")) return { name: "digit", more: { digit: Number(name) } };
    const found = Object.entries(this.data.bindings).find(([, keys]) => keys.includes(name));
    if (found) return { name: found[0] };
    // Enter, Tab and the rest are the page's; a letter that means nothing here is shown to mean nothing.
    if (/^[a-z0]$/.test(name)) {
      this.swallow(event);
      this.say(filled(this.texts.no_key, { key: name.toUpperCase() }), "info");
    }
    return null;
  }

  escape(event) {
    if (this.sheet.is_open) {
      this.swallow(event);
      this.sheet.close();
    } else if (typing(event)) {
      this.swallow(event); // or a filter would be cleared
      event.composedPath()[0].blur();
    } else if (this.confirming) {
      this.confirming = null;
      this.say(this.texts.ready);
    }
  }

  refused(reason) {
    if (["covered", "held", "double"].includes(reason)) this.machine.refuse(reason);
    this.say(filled(this.texts[`refused_${reason}`], { n: this.stage.unseen.size }), "warning");
    this.box.classList.remove("refused");
    void this.box.offsetWidth; // so that the flash begins again
    this.box.classList.add("refused");
    clearTimeout(this.flash);
    this.flash = setTimeout(() => this.box.classList.remove("refused"), FLASH_MS);
  }

  // What a key or a button does

  press(event, name, more) {
    const is_second = is_second_click(event);
    if (DECIDING.has(name) && (is_second || this.sheet.is_open)) this.refused(is_second ? "double" : "covered");
    else this.act(name, more);
  }

  act(name, more = {}) {
    const { item } = this.machine;
    if (name === "keep" || name === "later") return this.decide(name);
    if (name === "drop") return this.decide(item?.group ? "reject" : "drop");
    if (name === "group") return this.drop_group();
    if (name === "digit") return item?.group ? this.only(more.digit) : this.relabel_to(this.data.classes[more.digit - 1]);
    if (name === "relabel") return more.label ? this.relabel_to(more.label) : this.relabel_sheet();
    if (name === "undo" || name === "redo") return this.after(this.machine[name]());
    if (name === "back") return this.after(this.machine.step(-1));
    if (name === "next") return this.after(this.machine.step(1));
    if (name === "view") return this.stage.next_view();
    if (name === "boxes") return this.stage.toggle_boxes();
    if (name === "panel") return this.toggle_panel();
    if (name === "full") return document.fullscreenElement ? document.exitFullscreen() : this.box.requestFullscreen?.();
    if (name === "note") return this.panel.note.focus();
    if (name === "filter") return shell.focus(".st-key-filter_kind input");
    if (name === "search") return shell.focus(".st-key-filter_text input");
    if (name === "similar") return item && this.exit.ask({ page: "images", like: item.images[0].path });
    if (name === "help") return this.sheet.keys(this.data.help, this.texts.keys_note);
    return undefined;
  }

  // Why a decision would be refused now; of a group every image has to have been on the screen.
  hindrance(act) {
    return this.machine.hindrance() ?? (act !== "later" && this.stage.unseen.size ? "unseen" : null);
  }

  decide(act, more = {}) {
    const reason = this.hindrance(act);
    if (reason) {
      this.after(this.machine.refuse(reason));
      return;
    }
    const { item } = this.machine;
    const result = this.machine.decide(act, { note: this.panel.taken_note(), ...more });
    this.progress.note(performance.now() / 1000);
    this.say(done_text(result.taken, item, this.texts), "success");
    this.after(result);
  }

  after(result) {
    if (result.refused) {
      this.refused(result.refused);
      return;
    }
    this.refresh();
    this.link.post();
    this.count();
  }

  only(number) {
    const { item } = this.machine;
    const image = item.images[number - 1];
    if (!image) this.say(filled(this.texts.no_such, { n: number }), "info");
    else this.decide("only", { path: image.path });
  }

  // A whole group goes at once where each of its images is to go anyway; else a second press confirms.
  drop_group() {
    const { item } = this.machine;
    if (!item?.group) {
      this.say(this.texts.no_group, "info");
      return;
    }
    if (item.survivor >= 0 && this.confirming !== item.id) {
      const reason = this.hindrance("drop");
      if (reason) {
        this.after(this.machine.refuse(reason));
        return;
      }
      this.confirming = item.id;
      this.say(filled(this.texts.confirm_group, { n: item.images.length, key: (this.data.bindings.group?.[0] ?? "x").toUpperCase() }), "warning");
      return;
    }
    this.decide("drop", { confirmed: item.survivor >= 0 });
  }

  relabel_to(label, more = {}) {
    const { item } = this.machine;
    if (!item || !label) return;
    if (!item.group && item.images[0].label === label) {
      this.say(filled(this.texts.same_class, { label }), "info");
      return;
    }
    this.decide("relabel", { label, ...more });
  }

  toggle_panel() {
    const wide = this.box.classList.toggle("wide");
    localStorage.setItem("curate-panel", wide ? "hidden" : "shown");
    this.stage.place();
  }

  relabel_sheet() {
    const reason = this.hindrance("relabel");
    if (reason) {
      this.after(this.machine.refuse(reason));
      return;
    }
    const { item } = this.machine;
    ask_class(this.sheet, this.texts, this.data.classes, item, (label, more) => {
      // Another image may have come under the sheet meanwhile.
      const now = this.machine.item;
      if (now?.id === item.id && now.seen === item.seen) this.relabel_to(label, more);
      else this.after(this.machine.refuse("early"));
    });
  }
}

const SURFACES = new WeakMap();

export default function review(component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".curate-root");
  let surface = SURFACES.get(root);
  if (!surface) {
    surface = new Surface(root, data, (message) => setTriggerValue("said", message), (where) => setTriggerValue("go", where));
    SURFACES.set(root, surface);
    window.curate = surface;
  }
  surface.receive(data);
  return () => {
    surface.close();
    SURFACES.delete(root);
  };
}

// Many images at once: choose some, decide them together. What has not been on the screen is not decided.

const SHOWN_SHARE = 0.6; // of a tile that has to be in sight
const DECIDES = new Set(["keep", "drop", "later", "relabel"]);

class Grid {
  constructor(root, data, send, go) {
    this.data = data;
    this.texts = data.texts;
    this.selection = outbox(data.name, () => new Selection());
    this.link = new Link(this.selection, send, () => this.count());
    this.exit = new Exit(this.selection, go);
    this.elements = new Map();
    this.build(root);
    this.on_key = (event) => this.key(event);
    document.addEventListener("keydown", this.on_key, true);
  }

  build(root) {
    const size = Number(localStorage.getItem("curate-size") ?? 150);
    this.bar = new Bar(this.texts.keys, (event, name) => this.press(event, name), (reason) => this.refused(reason));
    this.slider = el("input", { type: "range", min: 90, max: 320, step: 10, value: size, "aria-label": this.texts.size, oninput: () => this.resize() });
    this.scroller = el("div", { class: "tiles", role: "listbox", "aria-multiselectable": "true", "aria-label": this.texts.images, tabindex: 0, onscroll: () => this.scrolled() });
    this.line = new MessageLine();
    this.counted = el("span", { class: "pace" });
    this.unsaved = el("span", { class: "unsaved" });
    this.sheet = new Sheet(this.texts, () => this.scroller.focus());
    this.box = el("div", { class: "surface grid" }, this.bar.root, this.scroller, el("div", { class: "status" }, this.line.root, this.unsaved, this.counted), this.sheet.root);
    root.replaceChildren(this.box);
    this.watcher = new IntersectionObserver((entries) => this.in_sight(entries), { root: this.scroller, threshold: SHOWN_SHARE });
    this.fit = () => fill_window(this.box);
    window.addEventListener("resize", this.fit);
    requestAnimationFrame(this.fit);
    this.resize();
    this.buttons();
    this.say(this.texts.ready_grid);
  }

  close() {
    this.bar.close();
    document.removeEventListener("keydown", this.on_key, true);
    window.removeEventListener("resize", this.fit);
    this.watcher.disconnect();
    this.link.close();
    this.exit.close();
  }

  receive(data) {
    if (data.feed !== this.data.feed) this.exit.stay();
    this.data = data;
    this.texts = data.texts;
    const lost = this.selection.lost;
    const told = this.selection.receive(data);
    this.link.answered();
    this.line.connection(this.selection.online, this.texts);
    for (const one of told) if (one.text) this.say(one.text, one.tone);
    this.line.lost(this.selection, lost, this.texts);
    this.draw();
    this.link.post();
    this.exit.answered(this.selection.lost - lost);
    requestAnimationFrame(() => this.scrolled());
  }

  draw() {
    const { tiles } = this.selection;
    if (!tiles.length) {
      this.elements.clear();
      this.scroller.replaceChildren(el("p", { class: "nothing" }, this.data.none));
    } else {
      const present = new Set(tiles.map((tile) => tile.id));
      for (const id of [...this.elements.keys()]) if (!present.has(id)) this.elements.delete(id);
      const made = tiles.map((tile, place) => this.element(tile, place));
      // After all was drawn anew even what stays has to be seen anew.
      if (this.data.fresh) for (const one of made) one.classList.remove("seen");
      if (this.data.fresh || made.length !== this.scroller.childElementCount || made.some((one, index) => this.scroller.children[index] !== one)) {
        this.watcher.disconnect();
        this.scroller.replaceChildren(...made);
        for (const one of made) this.watcher.observe(one);
      }
    }
    this.mark();
  }

  element(tile, place) {
    const key = `${tile.seen} ${tile.as_of} ${tile.standing}`;
    const known = this.elements.get(tile.id);
    if (known && known.dataset.key === key) {
      known.dataset.place = place;
      known.id = `tile-${place}`;
      return known;
    }
    const picture = tile.src ? el("img", { src: tile.src, alt: tile.alt, draggable: "false" }) : el("p", { class: "nothing" }, tile.why);
    const made = el(
      "figure",
      { class: "cell", role: "option", id: `tile-${place}`, "data-key": key, "data-id": tile.id, "data-place": place, title: [tile.id, ...tile.reasons].join("\n"), onclick: (event) => this.click(event, tile.id), ondblclick: () => this.open(tile) },
      el("div", { class: "window" }, picture, el("span", { class: `state ${tile.state}` }, tile.state === "clear" || tile.state === "undecided" ? "" : tile.standing)),
      el("figcaption", {}, el("span", { class: "name" }, el("bdi", { dir: "ltr" }, tile.id)), el("span", { class: "kinds" }, tile.kinds.join(", ") || tile.class)),
    );
    if (known) {
      known.replaceWith(made);
      this.watcher.observe(made);
    }
    this.elements.set(tile.id, made);
    return made;
  }

  // Show what is chosen, where the cursor is, and what is on its way.
  mark() {
    const { tiles, chosen, cursor } = this.selection;
    this.scroller.setAttribute("aria-activedescendant", `tile-${cursor}`);
    tiles.forEach((tile, place) => {
      const element = this.elements.get(tile.id);
      if (!element) return;
      element.classList.toggle("chosen", chosen.has(tile.id));
      element.classList.toggle("at", place === cursor);
      element.classList.toggle("mine", Boolean(tile.mine));
      element.setAttribute("aria-selected", String(chosen.has(tile.id)));
    });
    this.count();
    this.buttons();
  }

  count() {
    const { chosen, total, tiles } = this.selection;
    this.box.classList.toggle("offline", !this.selection.online);
    this.line.connection(this.selection.online, this.texts);
    this.counted.textContent = filled(this.texts.chosen, { chosen: chosen.size, loaded: tiles.length, total });
    this.unsaved.textContent = this.selection.unanswered ? filled(this.texts.unsaved, { n: this.selection.unanswered }) : "";
  }

  buttons() {
    const { ready, hidden } = this.selection.targets();
    const n = ready.length + hidden.length;
    const names = ["keep", "drop", "later", "relabel", "all", "undo", "redo", "similar", "help"].filter((name) => this.data.acts.includes(name));
    const titles = { keep: `${this.texts.keep} ${localised(n)}`, drop: `${this.texts.drop} ${localised(n)}`, all: this.selection.chosen.size ? this.texts.none : this.texts.all };
    const made = names.map((name) => [name, titles[name] ?? this.texts[name], name === "drop" ? "primary" : ""]);
    this.bar.show(this.data, made, el("label", { class: "size" }, this.texts.size, this.slider));
  }

  resize() {
    localStorage.setItem("curate-size", this.slider.value);
    this.scroller.style.setProperty("--size", `${this.slider.value}px`);
  }

  in_sight(entries) {
    const seen = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target);
    for (const element of seen) {
      const image = element.querySelector("img");
      const ready = image ? image.decode().catch(() => null) : Promise.resolve();
      ready.then(() =>
        after_paint(() => {
          this.selection.saw(element.dataset.id);
          element.classList.add("seen");
        }),
      );
    }
  }

  scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.scroller;
    if (scrollHeight - scrollTop - clientHeight < clientHeight) {
      this.selection.more();
      this.link.post();
    }
  }

  click(event, id) {
    const place = this.selection.places.get(id);
    if (event.shiftKey) this.selection.stretch(place);
    else this.selection.toggle(place);
    window.getSelection()?.removeAllRanges();
    this.mark();
  }

  open(tile) {
    if (tile.item) this.exit.ask({ page: "queue", item: tile.item });
    else this.say(this.texts.not_flagged);
  }

  say(text, tone = "info") {
    this.line.say(text, tone);
  }

  // Keys

  key(event) {
    if (!this.box.isConnected) return;
    if (event.key === "Escape") return this.escape(event);
    if (this.bar.leaves(event)) return undefined;
    const name = key_name(event);
    const act = this.bound(event, name);
    if (!act) return undefined;
    if (covered() || this.sheet.is_open) {
      if (this.sheet.is_open && act === "help") this.sheet.close();
      else if (DECIDES.has(act)) this.refused("covered");
      if (this.sheet.is_open) this.swallow(event);
      return undefined;
    }
    this.swallow(event);
    if (event.repeat && !act.startsWith("Arrow")) return this.refused("held");
    return act.startsWith("Arrow") ? this.walk(act, event.shiftKey) : this.act(act);
  }

  swallow(event) {
    event.preventDefault();
    event.stopPropagation();
  }

  bound(event, name) {
    if (event.altKey) return null; // AltGr writes signs, and some systems report Ctrl with it
    if (event.ctrlKey || event.metaKey) {
      if (name === "a") return "all";
      return name === "z" || name === "y" ? (name === "y" || event.shiftKey ? "redo" : "undo") : null;
    }
    if (name.startsWith("Arrow")) return name;
    if (name === "Space") return "select";
    if (name === "Enter") return event.composedPath()[0].closest?.(PRESSED) ? null : "open";
    const found = Object.entries(this.data.bindings).find(([, keys]) => keys.includes(name));
    return found?.[0] ?? null;
  }

  walk(name, stretching) {
    const columns = Math.max(1, getComputedStyle(this.scroller).gridTemplateColumns.split(" ").length);
    this.selection.move({ ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[name]);
    if (stretching) this.selection.stretch(this.selection.cursor);
    this.elements.get(this.selection.tile?.id)?.scrollIntoView({ block: "nearest" });
    this.mark();
  }

  escape(event) {
    if (this.sheet.is_open) {
      this.swallow(event);
      this.sheet.close();
    } else if (typing(event)) {
      this.swallow(event);
      event.composedPath()[0].blur();
    } else if (this.selection.chosen.size) {
      this.selection.chosen.clear();
      this.mark();
    }
  }

  refused(reason) {
    if (["covered", "held", "double"].includes(reason)) this.selection.refuse(reason);
    this.say(this.texts[`refused_${reason}`], "warning");
    this.box.classList.add("refused");
    setTimeout(() => this.box.classList.remove("refused"), 700);
  }

  press(event, name) {
    const is_second = is_second_click(event);
    if (DECIDES.has(name) && (is_second || this.sheet.is_open)) this.refused(is_second ? "double" : "covered");
    else this.act(name);
  }

  act(name) {
    const { selection } = this;
    if (name === "keep" || name === "drop" || name === "later") this.decide(name);
    else if (name === "relabel") this.relabel();
    else if (name === "all") selection.all();
    else if (name === "select") selection.toggle(selection.cursor);
    else if (name === "undo" || name === "redo") this.after(selection.go_back(name));
    else if (name === "open" && selection.tile) this.open(selection.tile);
    else if (name === "similar" && selection.tile) this.exit.ask({ page: "images", like: selection.tile.id });
    else if (name === "help") this.sheet.keys(this.data.help, this.texts.grid_note);
    this.mark();
  }

  decide(act, more = {}) {
    const result = this.selection.decide(act, more);
    if (!result.refused) {
      const n = result.decided.length;
      const told = filled(this.texts[`did_${act}_many`], { n, label: more.label });
      this.say(result.hidden ? `${told} ${filled(this.texts.hidden, { n: result.hidden })}` : told, result.hidden ? "warning" : "success");
    }
    this.after(result);
  }

  after(result) {
    if (result.refused) this.refused(result.refused);
    else this.link.post();
    this.mark();
  }

  relabel() {
    const named = () => this.selection.targets().ready.map((tile) => `${tile.id} ${tile.seen}`).join();
    const asked = named();
    if (!asked) {
      this.refused("nothing");
      return;
    }
    ask_class(this.sheet, this.texts, this.data.classes, null, (label, more) => {
      // Other tiles may have come under the sheet meanwhile.
      if (named() === asked) this.decide("relabel", { label, ...more });
      else this.after(this.selection.refuse("early"));
    });
  }
}

const GRIDS = new WeakMap();

export default function browse(component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".curate-root");
  let grid = GRIDS.get(root);
  if (!grid) {
    grid = new Grid(root, data, (message) => setTriggerValue("said", message), (where) => setTriggerValue("go", where));
    GRIDS.set(root, grid);
    window.curate = grid;
  }
  grid.receive(data);
  return () => {
    grid.close();
    GRIDS.delete(root);
  };
}

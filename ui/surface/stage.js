// What is looked at: one image, large, or the images of a group side by side or laid over one another.

const SCALES = ["fit", "pixels", "fourfold"];
const VIEWS = ["beside", "blink", "difference"];
const GAIN = 4; // a difference is shown so much stronger
const BLINK_MS = 700;
const FARTHEST = 32;
const SEEN_SHARE = 0.6; // of an image of a group that has to be in sight

// The copy as the image lies that it is a copy of: that it is mirrored or turned hides where else they differ.
function turned_back(element, image) {
  if (!image.lies) return element;
  const { naturalWidth: width, naturalHeight: height } = element;
  const is_across = image.lies.quarters % 2 === 1;
  const canvas = el("canvas", { width: is_across ? height : width, height: is_across ? width : height, role: "img", "aria-label": image.alt });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.translate(canvas.width / 2, canvas.height / 2);
  if (image.lies.mirrored) pen.scale(-1, 1);
  pen.rotate((-image.lies.quarters * Math.PI) / 2);
  pen.drawImage(element, -width / 2, -height / 2);
  return canvas;
}

class Stage {
  constructor(root, texts, asks_full) {
    this.root = root;
    this.texts = texts;
    this.asks_full = asks_full;
    this.boxes = true;
    this.view = 0;
    this.pair = 1;
    this.pictures = new Map(); // id -> decoded elements, held so that they are shown at once
    this.timer = null;
    this.unseen = new Set(); // places of the images of a group that have not been on the screen
    root.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    root.addEventListener("pointerdown", (event) => this.grab(event));
    root.addEventListener("scroll", () => after_paint(() => this.look()), { capture: true, passive: true });
  }

  // Decode the images of an item ahead of time.
  prepare(item) {
    const known = this.pictures.get(item.id);
    if (known && known.seen === item.seen) return known;
    const elements = item.images.map((image) => {
      if (!image.src) return null;
      const element = new Image();
      element.alt = printable(image.alt);
      element.draggable = false;
      element.src = image.src;
      return element;
    });
    const ready = Promise.all(elements.map((element) => element?.decode().catch(() => null)));
    const made = { seen: item.seen, elements, ready, decoded: false };
    ready.then(() => {
      made.decoded = true;
    });
    this.pictures.set(item.id, made);
    return made;
  }

  forget(kept) {
    for (const id of this.pictures.keys()) if (!kept.has(id)) this.pictures.delete(id);
  }

  // Show an item; calls back when it has been painted, not at all if another one was shown meanwhile. Returns whether
  // that has to wait for the decoder.
  show(item, painted) {
    this.item = item;
    clearInterval(this.timer);
    const pictures = this.prepare(item);
    this.scale = 0;
    this.moved = [0, 0];
    this.zoom = null;
    this.unseen = new Set(item.group ? item.images.keys() : []);
    this.draw(pictures.elements);
    pictures.ready.then(() => {
      if (this.item !== item) return;
      after_paint(() => {
        if (this.item !== item) return;
        this.look();
        painted();
      });
    });
    return !pictures.decoded;
  }

  clear(...children) {
    this.item = null;
    clearInterval(this.timer);
    this.root.replaceChildren(...children);
  }

  draw(elements) {
    const { item } = this;
    if (!item.group) {
      this.root.replaceChildren(this.single(item.images[0], elements[0]));
      this.place();
    } else if (VIEWS[this.view] === "beside") this.root.replaceChildren(this.beside(item, elements));
    else this.root.replaceChildren(this.laid_over(item, elements));
  }

  next_view() {
    if (!this.item) return;
    if (this.item.group) {
      this.view = (this.view + 1) % VIEWS.length;
      clearInterval(this.timer);
      this.draw(this.prepare(this.item).elements);
      after_paint(() => this.look());
    } else {
      this.scale = (this.scale + 1) % SCALES.length;
      this.zoom = null;
      this.moved = [0, 0];
      this.place();
    }
  }

  toggle_boxes() {
    this.boxes = !this.boxes;
    this.root.classList.toggle("bare", !this.boxes);
  }

  // One image

  single(image, element) {
    if (!element) return el("p", { class: "nothing" }, image.why);
    const label = el("span", { class: "scale", "aria-hidden": "true" });
    const frame = el("div", { class: "frame" }, element, this.marks(image));
    return el("figure", { class: "single" }, frame, label);
  }

  marks(image) {
    const svg = el("svg", { class: "marks", viewBox: `0 0 ${image.width || 1} ${image.height || 1}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    for (const box of image.boxes) {
      for (const layer of ["under", box.sort]) svg.append(el("rect", { class: layer, x: box.left, y: box.top, width: box.width, height: box.height }));
    }
    return svg;
  }

  // Lay the image out: at its fitting size, by its pixels, or as far as the wheel has gone.
  place() {
    const figure = this.root.querySelector(".single");
    const image = this.item?.images[0];
    if (!figure || !image?.width || !figure.querySelector("img")) return;
    const [width, height] = [this.root.clientWidth, this.root.clientHeight];
    const fit = Math.min(width / image.width, height / image.height);
    const zoom = this.zoom ?? [fit, 1, 4][this.scale];
    const frame = figure.querySelector(".frame");
    const size = [image.width * zoom, image.height * zoom];
    const slack = [Math.max(0, (size[0] - width) / 2), Math.max(0, (size[1] - height) / 2)];
    this.moved = this.moved.map((value, axis) => Math.max(-slack[axis], Math.min(slack[axis], value)));
    frame.style.cssText = `width:${size[0]}px;height:${size[1]}px;left:${(width - size[0]) / 2 + this.moved[0]}px;top:${(height - size[1]) / 2 + this.moved[1]}px`;
    frame.classList.toggle("pixels", zoom > 1);
    figure.classList.toggle("loose", slack[0] > 0 || slack[1] > 0);
    const named = this.zoom === null ? this.texts[SCALES[this.scale]] : "";
    figure.querySelector(".scale").textContent = `${named} ${Math.round(zoom * 100)} %`.trim();
    if (zoom > image.shown * 1.05 && !image.full) this.asks_full(this.item, image);
  }

  // Put the image in at its own size, once it has come.
  sharpen(path, src) {
    const image = this.item?.images.find((one) => one.path === path);
    if (!image || image.full) return;
    image.full = true;
    image.shown = Infinity;
    const element = new Image();
    element.alt = printable(image.alt);
    element.draggable = false;
    element.src = src;
    const { item } = this;
    element.decode().then(
      () => {
        if (this.item === item) this.root.querySelector(".single img")?.replaceWith(element);
      },
      () => null,
    );
  }

  wheel(event) {
    if (!this.item || this.item.group || event.ctrlKey) return;
    const image = this.item.images[0];
    if (!image.width || !image.src) return;
    event.preventDefault();
    const area = this.root.getBoundingClientRect();
    const fit = Math.min(area.width / image.width, area.height / image.height);
    const before = this.zoom ?? [fit, 1, 4][this.scale];
    const after = Math.max(Math.min(fit, 1), Math.min(FARTHEST, before * Math.exp(-event.deltaY / 400)));
    const held = [event.clientX - area.left - area.width / 2, event.clientY - area.top - area.height / 2];
    this.moved = this.moved.map((value, axis) => held[axis] - ((held[axis] - value) * after) / before);
    this.zoom = after;
    this.place();
  }

  grab(event) {
    if (!this.root.querySelector(".loose") || event.button !== 0) return;
    const start = [event.clientX - this.moved[0], event.clientY - this.moved[1]];
    const move = (moved) => {
      this.moved = [moved.clientX - start[0], moved.clientY - start[1]];
      this.place();
    };
    const drop = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", drop);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", drop);
  }

  // A group

  // Note which of its images are in sight now; the others wait below, or behind the two that are compared.
  look() {
    const area = this.root.getBoundingClientRect();
    for (const tile of this.root.querySelectorAll("[data-shows]")) {
      const place = tile.getBoundingClientRect();
      const inside = Math.min(place.bottom, area.bottom) - Math.max(place.top, area.top);
      if (inside >= SEEN_SHARE * place.height) for (const index of tile.dataset.shows.split(" ")) this.unseen.delete(Number(index));
    }
  }

  beside(item, elements) {
    const columns = item.images.length <= 2 ? 2 : item.images.length <= 6 ? 3 : item.images.length <= 12 ? 4 : 6;
    const rows = Math.min(Math.ceil(item.images.length / columns), 3);
    const tiles = item.images.map((image, index) => this.tile(item, image, elements[index], index));
    return el("div", { class: "group", style: `--columns:${columns};--rows:${rows}` }, tiles);
  }

  tile(item, image, element, index) {
    const faults = image.findings.filter((one) => one.fault).map((one) => one.title);
    const badge = index === item.survivor ? this.texts.stays : index === 0 && faults.length ? filled(this.texts.best_but, { faults: faults.join(", ") }) : faults.join(", ");
    const frame = el("div", { class: "frame" }, element ?? el("p", { class: "nothing" }, image.why), element ? this.marks(image) : null);
    if (element && image.width) frame.style.setProperty("--ratio", image.width / image.height);
    return el(
      "figure",
      { class: `tile${index === item.survivor ? " stays" : ""}`, "data-shows": index },
      el("div", { class: "window" }, frame),
      el("figcaption", {}, el("b", {}, `${index + 1}`), " ", el("span", { class: "name", title: image.path }, image.path), badge ? el("span", { class: index === item.survivor ? "badge good" : "badge" }, badge) : null),
    );
  }

  laid_over(item, elements) {
    const others = [...elements.keys()].filter((index) => index > 0 && elements[index]);
    if (!elements[0] || !others.length) return el("p", { class: "nothing" }, this.texts.no_two);
    if (!others.includes(this.pair)) this.pair = others[0];
    const choose = others.map((index) => el("button", { type: "button", class: index === this.pair ? "chosen" : "", onclick: () => this.compare(index) }, `1 / ${index + 1}`));
    const other = turned_back(elements[this.pair], item.images[this.pair]);
    const picture = VIEWS[this.view] === "blink" ? this.blinking(elements[0], other) : this.difference(elements[0], other);
    return el("div", { class: "over" }, el("div", { class: "pairs" }, el("b", {}, this.texts[VIEWS[this.view]]), others.length > 1 ? choose : null, picture.note), picture.shown);
  }

  compare(index) {
    this.pair = index;
    this.draw(this.prepare(this.item).elements);
    after_paint(() => this.look());
  }

  blinking(first, second) {
    const shown = el("div", { class: "window", "data-shows": 0 }, first.cloneNode(), second instanceof HTMLImageElement ? second.cloneNode() : second);
    const note = el("span", { class: "sign" }, "1");
    const number = this.pair + 1;
    const turn = () => {
      const other = shown.classList.toggle("other");
      note.textContent = other ? `${number}` : "1";
      shown.dataset.shows = other ? number - 1 : 0;
      after_paint(() => this.look());
    };
    clearInterval(this.timer);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) shown.addEventListener("click", turn);
    else this.timer = setInterval(turn, BLINK_MS);
    return { shown, note };
  }

  difference(first, second) {
    const width = Math.max(first.naturalWidth, second.naturalWidth ?? second.width);
    const height = Math.max(first.naturalHeight, second.naturalHeight ?? second.height);
    const canvas = el("canvas", { width, height, role: "img", "aria-label": this.texts.difference });
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(first, 0, 0, width, height);
    pen.globalCompositeOperation = "difference";
    pen.drawImage(second, 0, 0, width, height);
    const pixels = pen.getImageData(0, 0, width, height);
    let sum = 0;
    for (let index = 0; index < pixels.data.length; index += 4) {
      for (let channel = 0; channel < 3; channel += 1) {
        const value = pixels.data[index + channel];
        sum += value;
        pixels.data[index + channel] = Math.min(255, value * GAIN);
      }
    }
    pen.putImageData(pixels, 0, 0);
    const levels = localised(sum / (width * height * 3), 1);
    return { shown: el("div", { class: "window", "data-shows": `0 ${this.pair}` }, canvas), note: el("span", { class: "sign" }, filled(this.texts.levels, { levels })) };
  }
}

// What is known of the item on the screen: why it is here, its classes, its file, others of its class.

class Panel {
  constructor(root, texts, press, asks_camera) {
    this.root = root;
    this.texts = texts;
    this.press = press;
    this.asks_camera = asks_camera;
    this.camera_is_open = false;
    this.note = el("input", { type: "text", class: "note", maxlength: 500, placeholder: texts.why, "aria-label": texts.note });
  }

  show(item, classes) {
    this.root.replaceChildren(...(item.group ? this.group(item) : this.single(item, classes)), el("label", { class: "field" }, this.texts.note, this.note));
  }

  // The note typed for the next decision, which it goes with.
  taken_note() {
    const text = this.note.value.trim();
    this.note.value = "";
    return text || null;
  }

  single(item, classes) {
    const [image] = item.images;
    return [
      el("h2", {}, image.path),
      this.verdict(item),
      this.since(item),
      this.chips(image, classes),
      image.findings.length ? image.findings.map((one) => this.finding(one)) : el("p", {}, this.texts.unflagged),
      this.facts(image.facts),
      this.camera(item),
      item.others.length ? this.others(item) : null,
    ]
      .flat()
      .filter(Boolean);
  }

  group(item) {
    const sections = [el("h2", {}, filled(this.texts.copies, { n: item.images.length })), this.verdict(item), this.since(item)];
    item.images.forEach((image, index) => {
      const about = image.findings.map((one) => this.finding(one));
      sections.push(el("section", {}, el("h3", {}, `${index + 1}. ${image.path}`), el("p", { class: "class" }, image.class), about));
    });
    sections.push(this.differences(item));
    return sections.filter(Boolean);
  }

  // What was decided before: shown on every item that is looked at again.
  verdict(item) {
    return item.decided ? el("p", { class: "verdict" }, item.decided) : null;
  }

  // What has become of its files since the audit.
  since(item) {
    return item.since ? el("p", { class: "since" }, item.since) : null;
  }

  chips(image, classes) {
    const chips = classes.slice(0, 9).map((name, index) =>
      el(
        "button",
        { type: "button", class: name === image.label ? "chip own" : "chip", disabled: name === image.label, title: name, onclick: (event) => this.press(event, "relabel", { label: name }) },
        el("kbd", {}, `${index + 1}`),
        name,
      ),
    );
    return el("div", { class: "chips", role: "group", "aria-label": this.texts.class }, chips.length ? chips : el("span", {}, image.class));
  }

  finding(one) {
    const about = [el("b", {}, one.title), one.keeper ? null : el("span", { class: "score" }, one.score), one.decided ? el("span", { class: "badge" }, one.decided) : null];
    return el("div", { class: "finding" }, el("div", {}, about.filter(Boolean)), el("p", {}, one.reason));
  }

  facts(facts) {
    const rows = facts.filter(([, value]) => value).map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]);
    return rows.length ? el("details", { open: true }, el("summary", {}, this.texts.file), el("dl", {}, rows.flat())) : null;
  }

  // What a camera wrote into the file; read only where somebody looks.
  camera(item) {
    const toggled = (event) => {
      this.camera_is_open = event.target.open;
      if (this.camera_is_open) this.asks_camera(item);
    };
    this.written = { path: item.images[0].path, list: el("dl") };
    return el("details", { class: "camera", open: this.camera_is_open, ontoggle: toggled }, el("summary", {}, this.texts.camera), this.written.list);
  }

  tell_camera({ path, rows }) {
    if (this.written?.path !== path) return;
    this.written.list.replaceChildren(...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]), rows.length ? "" : "-");
  }

  // The facts in which the images of a group differ.
  differences(item) {
    const names = item.images[0].facts.map(([name]) => name);
    const rows = names
      .map((name, row) => [name, item.images.map((image) => image.facts[row]?.[1] || "-")])
      .filter(([, values]) => new Set(values).size > 1)
      .map(([name, values]) => el("tr", {}, el("th", { scope: "row" }, name), values.map((value) => el("td", {}, value))));
    if (!rows.length) return null;
    const head = el("tr", {}, el("th", {}), item.images.map((_, index) => el("th", { scope: "col" }, `${index + 1}`)));
    return el("details", { open: true }, el("summary", {}, this.texts.differs), el("div", { class: "wide" }, el("table", {}, head, rows)));
  }

  others(item) {
    const images = item.others.map((one) => el("img", { src: one.src, alt: one.alt, title: one.path, loading: "lazy" }));
    return el("section", { class: "others" }, el("h3", {}, filled(this.texts.others, { label: item.images[0].class })), el("div", {}, images));
  }
}

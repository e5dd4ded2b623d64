// A field that narrows the classes down as one types; a class that is not there yet wants a second Enter.
export class ClassPicker {
  constructor(classes, texts, chosen) {
    this.classes = classes;
    this.texts = texts;
    this.chosen = chosen;
    this.at = 0;
    this.sure = false;
    this.input = el("input", { type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "classes", "aria-label": texts.new_class_field, autocomplete: "off", maxlength: 120, oninput: () => this.narrow(), onkeydown: (event) => this.key(event) });
    this.list = el("ul", { role: "listbox", id: "classes", "aria-label": texts.class });
    this.root = el("div", { class: "picker" }, this.input, this.list, el("p", { class: "small" }, texts.picker_note));
    this.narrow();
  }

  narrow() {
    const plain = (text) => text.normalize("NFC");
    const spelt = (text) => plain(text).toLowerCase();
    const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
    const said = this.input.value.trim();
    const typed = fold(said);
    // What is typed in full is taken before what begins with it or differs in case, whatever the order of the classes.
    const answers = [
      (name) => plain(name) === plain(said),
      (name) => spelt(name) === spelt(said),
      (name) => fold(name) === typed,
      (name) => fold(name).startsWith(typed),
      (name) => fold(name).includes(typed),
    ];
    const found = answers.flatMap((is_one) => this.classes.filter(is_one));
    this.choices = [...new Set(found)].slice(0, 12).map((label) => ({ label, is_new: false }));
    const exists = this.classes.some((name) => spelt(name) === spelt(said));
    if (typed && !exists) this.choices.push({ label: said, is_new: true });
    this.at = 0;
    this.sure = false;
    this.draw();
  }

  draw() {
    const option = (choice, index) => {
      const title = choice.is_new ? filled(this.sure ? this.texts.new_class_sure : this.texts.new_class, { label: choice.label }) : choice.label;
      return el("li", { role: "option", id: `class-${index}`, "aria-selected": String(index === this.at), class: choice.is_new ? "new" : "", onclick: (event) => is_second_click(event) || this.choose(index) }, title);
    };
    this.list.replaceChildren(...this.choices.map(option));
    this.input.setAttribute("aria-activedescendant", this.choices.length ? `class-${this.at}` : "");
  }

  key(event) {
    if (event.isComposing) return; // this Enter takes what an input method has put together
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const n = Math.max(1, this.choices.length);
      this.at = (this.at + (event.key === "ArrowDown" ? 1 : n - 1)) % n;
      this.sure = false;
      this.draw();
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (!event.repeat) this.choose(this.at);
    }
    if (event.key !== "Escape") event.stopPropagation();
  }

  choose(index) {
    const choice = this.choices[index];
    if (!choice) return;
    this.at = index;
    if (choice.is_new && !this.sure) {
      this.sure = true;
      this.draw();
    } else this.chosen(choice);
  }
}

// Ask for a class on a sheet, and where an item is a group for the image that stays under it.
function ask_class(sheet, texts, classes, item, chosen) {
  const option = (one, index) => el("option", { value: one.path, selected: index === Math.max(0, item.survivor) }, `${index + 1}. ${one.path}`);
  const image = item?.group ? el("select", { "aria-label": texts.which }, item.images.map(option)) : null;
  const picker = new ClassPicker(classes, texts, (choice) => {
    sheet.close();
    chosen(choice.label, { new_class: choice.is_new, ...(image ? { path: image.value } : {}) });
  });
  const field = image ? [el("label", { class: "field" }, texts.which, image), el("p", { class: "small" }, texts.rest)] : [null];
  sheet.open(texts.relabel, ...field, picker.root);
  picker.input.focus();
}

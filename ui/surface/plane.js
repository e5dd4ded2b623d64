// Images as points on a plane: a ring drawn around some opens them.

const PALETTE = ["#1967d2", "#d9480f", "#2e7d32", "#8e24aa", "#b8860b", "#00838f", "#c2185b", "#5d4037", "#455a64", "#7cb342", "#3949ab", "#ef6c00"];
const REST = "#9aa0a6";
const NEAR_PX = 8;

class Plane {
  constructor(root, data, go, look) {
    this.data = data;
    this.leave = insisting(go);
    this.go = this.leave.ask;
    this.look = look;
    this.ring = [];
    this.canvas = el("canvas", { class: "points", tabindex: 0, role: "img", "aria-label": data.texts.map });
    this.legend = el("div", { class: "legend" });
    this.hint = el("span", { class: "message" }, data.texts.hint);
    this.open = el("button", { type: "button", class: "primary", hidden: true, onclick: () => this.go({ page: "images", paths: this.inside }) });
    this.clear = el("button", { type: "button", hidden: true, onclick: () => this.reset() }, data.texts.clear);
    this.shown = el("figure", { class: "preview", hidden: true });
    this.box = el("div", { class: "surface plane" }, el("div", { class: "bar" }, this.hint, this.open, this.clear), el("div", { class: "canvas" }, this.canvas, this.shown), this.legend);
    root.replaceChildren(this.box);
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.fit = () => {
      fill_window(this.box);
      this.draw();
    };
    window.addEventListener("resize", this.fit);
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(this.canvas.parentElement);
    requestAnimationFrame(this.fit);
  }

  close() {
    this.leave.stop();
    window.removeEventListener("resize", this.fit);
    this.watcher.disconnect();
  }

  receive(data) {
    this.data = data;
    this.legend.replaceChildren(...data.names.map((name, index) => el("span", {}, el("i", { style: `background:${PALETTE[index] ?? REST}` }), name)));
    this.shown.hidden = !data.preview;
    if (data.preview) this.shown.replaceChildren(el("img", { src: data.preview.src, alt: data.preview.path }), el("figcaption", {}, data.preview.path));
    this.draw();
  }

  place([x, y]) {
    return [(0.5 + x * 0.47) * this.canvas.clientWidth, (0.5 - y * 0.47) * this.canvas.clientHeight];
  }

  draw() {
    const area = this.canvas.parentElement;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = area.clientWidth * ratio;
    this.canvas.height = area.clientHeight * ratio;
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const inside = new Set(this.inside);
    this.data.points.forEach((point, index) => {
      const [x, y] = this.place(point);
      pen.globalAlpha = this.inside && !inside.has(this.data.paths[index]) ? 0.2 : 0.85;
      pen.fillStyle = PALETTE[this.data.groups[index]] ?? REST;
      pen.beginPath();
      pen.arc(x, y, 3.2, 0, 7);
      pen.fill();
    });
    if (this.ring.length > 1) {
      pen.globalAlpha = 1;
      pen.strokeStyle = getComputedStyle(this.box).color;
      pen.setLineDash([5, 4]);
      pen.beginPath();
      this.ring.forEach(([x, y], index) => (index ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.closePath();
      pen.stroke();
    }
  }

  begin(event) {
    const at = (moved) => {
      const area = this.canvas.getBoundingClientRect();
      return [moved.clientX - area.left, moved.clientY - area.top];
    };
    this.ring = [at(event)];
    const move = (moved) => {
      this.ring.push(at(moved));
      this.draw();
    };
    const end = (moved) => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
      if (this.ring.length < 5) this.click(at(moved));
      else this.choose();
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
  }

  click([x, y]) {
    this.reset();
    let best = [NEAR_PX, null];
    this.data.points.forEach((point, index) => {
      const [px, py] = this.place(point);
      const apart = Math.hypot(px - x, py - y);
      if (apart < best[0]) best = [apart, this.data.paths[index]];
    });
    this.look(best[1]);
  }

  choose() {
    this.inside = this.data.paths.filter((_, index) => is_inside(this.place(this.data.points[index]), this.ring));
    this.open.textContent = filled(this.data.texts.open, { n: this.inside.length });
    this.open.hidden = !this.inside.length;
    this.clear.hidden = false;
    this.draw();
  }

  reset() {
    this.ring = [];
    this.inside = undefined;
    this.open.hidden = true;
    this.clear.hidden = true;
    this.draw();
  }
}

// Whether a point lies inside a polygon: a ray to the right crosses its edges an odd number of times.
function is_inside([x, y], ring) {
  let odd = false;
  for (let now = 0, before = ring.length - 1; now < ring.length; before = now, now += 1) {
    const [x1, y1] = ring[now];
    const [x2, y2] = ring[before];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) odd = !odd;
  }
  return odd;
}

const PLANES = new WeakMap();

export default function map(component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".curate-root");
  let plane = PLANES.get(root);
  if (!plane) {
    plane = new Plane(root, data, (where) => setTriggerValue("go", where), (path) => setTriggerValue("look", path ?? ""));
    PLANES.set(root, plane);
  }
  plane.receive(data);
  return () => {
    plane.close();
    PLANES.delete(root);
  };
}

// What the surface of the queue tells of decisions: what each one did, how many there are, and how fast they come.

const PACE = 30; // decisions that the rate is measured over
const PAUSE_S = 60; // a longer gap is a break

// Say what a stroke did, or will have done, to an item.
function done_text(stroke, item, texts) {
  const what = item.images[0].path;
  const n = item.images.length;
  const staying = item.images.find((image) => image.path === stroke.path);
  const is_only = stroke.act === "only" || (stroke.act === "reject" && item.survivor >= 0) || (stroke.act === "relabel" && staying?.label === stroke.label);
  if (is_only) return filled(texts.did_only, { what: stroke.path ?? item.images[item.survivor].path, n: n - 1 });
  if (stroke.act === "relabel") return filled(item.group ? texts.did_relabel_only : texts.did_relabel, { what: stroke.path ?? what, label: stroke.label, n: n - 1 });
  const name = { keep: "did_keep", drop: "did_drop", reject: "did_drop", later: "did_later" }[stroke.act];
  return filled(texts[item.group ? `${name}_all` : name], { what, n });
}

class Progress {
  constructor() {
    this.pace = el("span", { class: "pace" });
    this.unsaved = el("span", { class: "unsaved" });
    this.times = []; // of decisions, in seconds
  }

  note(time_s) {
    this.times = [...this.times, time_s].slice(-PACE);
  }

  // Show what the server has counted, with the strokes that it has not answered.
  show(progress, strokes, texts) {
    const waiting = strokes.filter((stroke) => stroke.id).length;
    const done = Math.min(progress.items, progress.items_done + waiting);
    const parts = [filled(texts.place, { done, items: progress.items })];
    const rate = this.rate();
    if (rate) {
      const left = Math.ceil((progress.items - done) / rate);
      parts.push(filled(texts.rate, { rate: Math.round(rate) }), filled(texts.left, { minutes: left }));
    }
    if (progress.matching) parts.push(filled(texts.matching, progress.matching));
    this.pace.textContent = parts.join(" · ");
    this.unsaved.textContent = strokes.length ? filled(texts.unsaved, { n: strokes.length }) : "";
  }

  // Decisions a minute, breaks left out; nothing before there are a few.
  rate() {
    const gaps = this.times.slice(1).map((time, index) => time - this.times[index]).filter((gap) => gap < PAUSE_S);
    const spent = gaps.reduce((sum, gap) => sum + gap, 0);
    return gaps.length >= 4 && spent > 0 ? (60 * gaps.length) / spent : 0;
  }
}

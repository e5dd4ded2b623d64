// What the grid knows: tiles in their order, which are chosen, which have been on the screen. Pure, as `Machine` is.
export class Selection extends Outbox {
  constructor() {
    super();
    this.clear();
  }

  clear() {
    this.tiles = []; // in order
    this.places = new Map(); // id -> place
    this.chosen = new Set();
    this.seen = new Set(); // painted while in sight
    this.cursor = 0;
    this.anchor = 0;
    this.total = 0;
    this.ended = false; // nothing comes after the last tile
    this.asks = {};
  }

  get tile() {
    return this.tiles[this.cursor] ?? null;
  }

  get complete() {
    return this.tiles.length >= this.total;
  }

  // Returns what to tell of the strokes that were answered.
  receive(answer) {
    if (this.note(answer)) this.clear();
    if (answer.fresh) this.clear_tiles();
    for (const tile of answer.tiles) this.put(tile);
    // What decisions have put elsewhere stays on the screen, and what others have put here comes when it is drawn anew.
    this.ended ||= answer.last;
    this.total = this.ended ? this.tiles.length : Math.max(answer.total, this.tiles.length);
    for (const tile of answer.changed) if (this.places.has(tile.id)) this.bring_up_to_date(tile);
    return answer.answers.map((one) => this.conclude(one)).filter(Boolean);
  }

  clear_tiles() {
    this.tiles = [];
    this.places.clear();
    this.chosen.clear();
    this.seen.clear();
    this.ended = false;
    this.cursor = this.anchor = 0;
  }

  put(tile) {
    const place = this.places.get(tile.id);
    if (place === undefined) {
      this.places.set(tile.id, this.tiles.length);
      this.tiles.push(tile);
    } else this.tiles[place] = { ...tile, mine: this.tiles[place].mine };
  }

  bring_up_to_date(tile) {
    const place = this.places.get(tile.id);
    if (this.tiles[place].seen !== tile.seen) this.seen.delete(tile.id); // it shows something else, not yet painted
    this.tiles[place] = tile;
  }

  conclude(answer) {
    const index = this.strokes.findIndex((stroke) => stroke.number === answer.number);
    if (index < 0) return null;
    const [stroke] = this.strokes.splice(index, 1);
    for (const [id] of stroke.images ?? []) {
      const tile = this.tiles[this.places.get(id)];
      if (tile) tile.mine = null;
    }
    return { ...answer, stroke };
  }

  more() {
    if (this.tiles.length && !this.complete && this.asks.after === undefined && this.asked.after === undefined) this.asks.after = this.tiles.at(-1).id;
  }

  // Choosing

  toggle(place) {
    const tile = this.tiles[place];
    if (!tile) return;
    if (!this.chosen.delete(tile.id)) this.chosen.add(tile.id);
    this.cursor = this.anchor = place;
  }

  // From the anchor to a place, all as the anchor is.
  stretch(place) {
    const like = this.chosen.has(this.tiles[this.anchor]?.id);
    const [from, to] = [Math.min(this.anchor, place), Math.max(this.anchor, place)];
    for (const tile of this.tiles.slice(from, to + 1)) {
      if (like) this.chosen.add(tile.id);
      else this.chosen.delete(tile.id);
    }
    this.cursor = place;
  }

  all() {
    if (this.chosen.size) this.chosen.clear();
    else for (const tile of this.tiles) this.chosen.add(tile.id);
  }

  move(by) {
    this.cursor = Math.max(0, Math.min(this.tiles.length - 1, this.cursor + by));
  }

  saw(id) {
    this.seen.add(id);
  }

  // What a key would decide: what is chosen, else the image under the cursor; `hidden` has not been on the screen.
  targets() {
    const asked = this.chosen.size ? this.tiles.filter((tile) => this.chosen.has(tile.id)) : this.tile ? [this.tile] : [];
    return { ready: asked.filter((tile) => this.seen.has(tile.id) && !tile.mine), hidden: asked.filter((tile) => !this.seen.has(tile.id)) };
  }

  decide(act, more = {}) {
    if (this.deaf) return this.refuse(this.deaf);
    const { ready, hidden } = this.targets();
    if (!ready.length) return this.refuse(hidden.length ? "early" : "nothing");
    const stroke = this.take(act, { images: ready.map((tile) => [tile.id, tile.seen, tile.as_of]), ...more });
    for (const tile of ready) {
      tile.mine = stroke;
      this.chosen.delete(tile.id);
    }
    return { taken: stroke, decided: ready, hidden: hidden.length };
  }

  go_back(act) {
    if (this.deaf) return this.refuse(this.deaf);
    return { taken: this.take(act) };
  }

  // Which tiles are to be brought up to date. What is taken back may be about any.
  wants() {
    const goes_back = this.strokes.some((stroke) => stroke.act === "undo" || stroke.act === "redo");
    return { paths: goes_back ? this.tiles.map((tile) => tile.id) : this.strokes.flatMap((stroke) => stroke.images.map(([id]) => id)) };
  }
}

// What the review surface knows and does: which item is on the screen, which strokes are taken, what is on its way.
//
// Pure: no document, no clock, no network. The surface tells it what was painted and what the server said, and sends
// what it hands out. Invariants: a stroke is taken only about what is painted; every stroke is taken or refused, never
// dropped; what the server has not answered is sent again, or, if it is another server by now, shown again.

// What was taken here and is not answered yet. It is sent in order, one message at a time, until it is.
export class Outbox {
  constructor() {
    this.epoch = null; // the server's screen: another one has no memory of our strokes
    this.feed = null; // what the server shows: the filter
    this.online = true;
    this.leaving = false; // another page has been asked for
    this.numbers = 0; // of strokes
    this.messages = 0; // of messages
    this.heard = 0; // number of the last message that was answered
    this.strokes = []; // taken, not answered
    this.asks = {}; // what else the next message asks for
    this.asked = {}; // what the message on its way asks for
    this.lost = 0; // taken, and never to be answered
    this.refusals = 0;
  }

  get unanswered() {
    return this.strokes.length;
  }

  get in_flight() {
    return this.messages > this.heard;
  }

  // Why no stroke is taken at all; nothing if they are.
  get deaf() {
    if (!this.online) return "offline";
    return this.leaving ? "leaving" : null;
  }

  take(act, more) {
    const stroke = { number: (this.numbers += 1), act, ...more };
    this.strokes.push(stroke);
    return stroke;
  }

  refuse(reason) {
    this.refusals += 1;
    return { refused: reason };
  }

  // Note what the server has heard; returns "epoch" where it is another server's screen, "feed" where it shows other
  // things.
  note(answer) {
    const what = answer.epoch !== this.epoch ? "epoch" : answer.feed !== this.feed ? "feed" : null;
    if (what === "epoch") {
      this.lost += this.strokes.length;
      this.strokes = [];
      // This page may be new and the server's screen old: numbers go on where it stands.
      this.numbers = answer.taken;
      this.messages = this.heard = answer.heard;
    }
    if (what) this.asked = {};
    this.epoch = answer.epoch;
    this.feed = answer.feed;
    this.heard = Math.max(this.heard, answer.heard);
    if (!this.in_flight) this.asked = {};
    return what;
  }

  // Return the next message, or nothing: one is on its way, or there is nothing to say.
  message({ again = false } = {}) {
    if (this.epoch === null || this.leaving || (this.in_flight && !again)) return null;
    const wants = { ...this.wants() };
    if (!this.strokes.length && !Object.keys({ ...this.asks, ...this.asked }).length && !wants.short && !again) return null;
    delete wants.short;
    this.asked = { ...this.asked, ...this.asks };
    this.asks = {};
    this.messages += 1;
    const strokes = this.strokes.map((stroke) => ({ ...stroke }));
    return { epoch: this.epoch, feed: this.feed, number: this.messages, strokes, ...wants, ...this.asked };
  }

  wants() {
    return {};
  }
}

export class Machine extends Outbox {
  constructor({ ahead = 20, behind = 40 } = {}) {
    super();
    this.ahead = ahead;
    this.behind = behind;
    this.begun = 0; // times that all was shown anew
    this.reset();
  }

  reset() {
    this.items = new Map();
    this.upcoming = []; // ids, the first is at the front
    this.trail = []; // ids that were left, oldest first
    this.at = 0; // place in the trail; its length means: at the front
    this.left = new Set(); // ids of the trail that are not to come again by themselves
    this.returned = new Set(); // ids that are to be shown again: they could not be saved
    this.painted = null;
    this.more = true; // the server may have more
    this.rank = -1; // of the item that was left last at the front
    this.asks = {};
    this.foreseen = new Map(); // number of an undo -> id that was shown for it at once
    this.waiting = 0; // number of a stroke whose answer says what to show
  }

  get current() {
    return this.at < this.trail.length ? this.trail[this.at] : (this.upcoming[0] ?? null);
  }

  get item() {
    return this.items.get(this.current) ?? null;
  }

  // What the server said

  receive(answer) {
    const lived = this.epoch !== null;
    const what = this.note(answer);
    if (what) {
      this.reset();
      this.begun += 1;
      // What was decided under another filter and has no answer yet is on its way: it is not asked again.
      for (const { id } of this.strokes) if (id) this.left.add(id);
    }
    for (const item of answer.items) this.learn(item);
    const told = answer.answers.map((one) => this.conclude(one)).filter(Boolean);
    if (answer.heard === this.messages) this.more = answer.more;
    this.line_up(answer.order);
    // Where the server is another one, what was lost comes first, not what the address says.
    const wanted = answer.show && !(what === "epoch" && lived);
    if (wanted && this.items.has(answer.show)) this.visit(answer.show, answer.earlier);
    this.prune();
    return told;
  }

  learn(item) {
    const known = this.items.get(item.id);
    const waits = this.strokes.some((stroke) => stroke.id === item.id);
    this.items.set(item.id, waits && known ? { ...item, mine: known.mine } : item);
    if (known && this.painted === item.id && known.seen !== item.seen) this.painted = null;
  }

  // Take an answer to a stroke; returns what to tell of it, nothing if it was answered before.
  conclude(answer) {
    const index = this.strokes.findIndex((stroke) => stroke.number === answer.number);
    if (index < 0) return null;
    const [stroke] = this.strokes.splice(index, 1);
    if (this.waiting === stroke.number) this.waiting = 0;
    const item = this.items.get(stroke.id);
    const goes_back = stroke.act === "undo" || stroke.act === "redo" || stroke.act === "revert";
    if (goes_back && answer.result === "done") {
      this.went_back(stroke, answer.item);
    } else if (!goes_back && answer.result !== "done" && item) {
      item.mine = null;
      if (answer.result !== "conflict") this.bring_back(stroke.id);
    }
    return { ...answer, stroke };
  }

  // The server has taken back, or done again, what was about `id`.
  went_back(stroke, id) {
    const foreseen = this.foreseen.get(stroke.number);
    this.foreseen.delete(stroke.number);
    const target = this.items.get(id);
    if (!target) return;
    // Shown already when the key was pressed; the person may have decided it again since, and others.
    if (foreseen === id) return;
    if (!(target.mine?.number > stroke.number)) target.mine = null;
    if (stroke.act === "undo") this.visit(id);
    else if (this.current === id) this.go_on();
  }

  line_up(order) {
    const fresh = order.filter((id) => this.items.has(id) && !this.left.has(id));
    const front = this.upcoming[0];
    const idle = !this.strokes.length && !this.in_flight && this.at === this.trail.length;
    if (!fresh.length && !this.upcoming.length && idle) {
      // Round again: what was skipped, and still waits.
      for (const id of order) {
        this.left.delete(id);
        if (this.items.has(id)) fresh.push(id);
      }
      this.trail = this.trail.filter((id) => !fresh.includes(id));
      this.at = this.trail.length;
    }
    // What is on the screen stays there, whatever the server would show next.
    const stays = front !== undefined && !this.left.has(front) && this.items.has(front);
    const next = [...this.returned, ...fresh.filter((id) => !this.returned.has(id))];
    this.upcoming = [...(stays ? [front] : []), ...next.filter((id) => id !== front)];
  }

  visit(id, earlier = false) {
    let index = this.trail.lastIndexOf(id);
    if (index < 0 && this.upcoming.includes(id)) {
      const at_front = this.at === this.trail.length && this.upcoming[0] === id;
      this.upcoming = [id, ...this.upcoming.filter((one) => one !== id)];
      if (!at_front) this.go_to(this.trail.length);
      return;
    }
    if (index < 0) {
      index = earlier ? 0 : this.trail.length;
      this.trail.splice(index, 0, id);
    }
    this.left.add(id);
    this.go_to(index);
  }

  bring_back(id) {
    const index = this.trail.lastIndexOf(id);
    if (index >= 0) {
      this.trail.splice(index, 1);
      if (this.at > index) this.at -= 1;
    }
    this.left.delete(id);
    this.returned.add(id);
    if (!this.upcoming.includes(id)) this.upcoming.splice(this.upcoming.length ? 1 : 0, 0, id);
  }

  prune() {
    while (this.trail.length > this.behind && this.at > 0) {
      this.left.delete(this.trail.shift());
      this.at -= 1;
    }
    const kept = new Set([...this.trail, ...this.upcoming]);
    for (const id of this.items.keys()) if (!kept.has(id)) this.items.delete(id);
  }

  // What the person does

  shown(id) {
    if (id === this.current) this.painted = id;
  }

  // Why a stroke would be refused now; nothing if it would be taken.
  hindrance() {
    if (this.deaf) return this.deaf;
    if (!this.item) return "nothing";
    if (this.waiting) return "waiting";
    if (this.painted !== this.current) return "early";
    return null;
  }

  decide(act, more = {}) {
    const reason = this.hindrance();
    if (reason) return this.refuse(reason);
    const item = this.item;
    const stroke = this.take(act, { id: item.id, seen: item.seen, as_of: item.as_of, ...more });
    item.mine = stroke;
    this.left.add(item.id);
    this.go_on();
    this.upcoming = this.upcoming.filter((id) => id !== item.id);
    return { taken: stroke };
  }

  undo() {
    return this.go_back("undo", () => {
      const mine = this.latest();
      if (mine === undefined) return undefined;
      this.items.get(this.trail[mine]).mine = null;
      this.go_to(mine);
      return this.trail[mine];
    });
  }

  redo() {
    return this.go_back("redo", () => undefined);
  }

  // The place in the trail of what was decided last here.
  latest() {
    const places = [...this.trail.keys()].filter((index) => this.items.get(this.trail[index])?.mine);
    return places.sort((one, other) => this.mine(other) - this.mine(one))[0];
  }

  mine(index) {
    return this.items.get(this.trail[index]).mine.number;
  }

  go_back(act, foresee) {
    if (this.deaf) return this.refuse(this.deaf);
    if (this.waiting) return this.refuse("waiting");
    const stroke = this.take(act);
    const id = foresee();
    if (id === undefined) this.waiting = stroke.number;
    else this.foreseen.set(stroke.number, id);
    return { taken: stroke };
  }

  step(direction) {
    if (this.waiting) return this.refuse("waiting");
    if (direction < 0) {
      if (this.at > 0) this.go_to(this.at - 1);
      else if (!this.online) return this.refuse("offline");
      else this.asks.before = this.item?.rank ?? this.rank;
      return { moved: true };
    }
    if (!this.item) return this.refuse("nothing");
    this.go_on();
    return { moved: true };
  }

  go_on() {
    if (this.at < this.trail.length) {
      this.go_to(this.at + 1);
      return;
    }
    const id = this.upcoming.shift();
    this.trail.push(id);
    this.left.add(id);
    if (!this.returned.delete(id)) this.rank = this.items.get(id).rank;
    this.more = true; // what was left for other screens, was skipped, or lies ahead of where this began
    this.go_to(this.trail.length);
  }

  go_to(index) {
    this.at = index;
    this.painted = null;
  }

  // What to send beside strokes: what is here, and what comes next.
  wants() {
    const front = this.items.get(this.upcoming.find((id) => !this.returned.has(id)));
    return {
      have: [...this.items.keys()],
      after: front ? front.rank - 1 : this.rank,
      ahead: this.ahead,
      short: this.more && this.upcoming.length < this.ahead * 0.7,
    };
  }
}

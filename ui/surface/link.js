// The connection: what is sent again when no answer comes, and when the keys have to stop.

const PATIENCE_MS = 5000; // an answer that takes longer has been lost, or there is nobody to answer
const AGAIN_MS = 2000;
const LOOK_MS = 2500;
const RELOAD_MS = 6000; // a server that is back, and a page that has not heard of it

class Link {
  constructor(outbox, send, changed) {
    this.outbox = outbox;
    this.send = send;
    this.changed = changed;
    this.since = 0; // when the last message was sent
    this.back_since = null; // since when a lost server is there again
    this.waits_since = null; // since when an answer is waited for
    this.timer = setInterval(() => this.watch(), 500);
    this.looked = performance.now();
  }

  // Send what there is to send, unless a message is on its way.
  post(options) {
    const message = this.outbox.message(options);
    if (!message) return;
    this.since = performance.now();
    this.waits_since ??= this.since;
    this.send(message);
  }

  answered() {
    this.back_since = null;
    this.waits_since = this.outbox.in_flight ? performance.now() : null;
    if (!this.outbox.online) {
      this.outbox.online = true;
      this.changed();
    }
  }

  async watch() {
    const now = performance.now();
    const overdue = this.waits_since === null ? 0 : now - this.waits_since;
    if (overdue > PATIENCE_MS) this.stop();
    if (now - this.looked > LOOK_MS || (overdue > 1000 && now - this.looked > 900)) {
      this.looked = now;
      const there = await this.is_there();
      if (!there) this.stop();
      else if (!this.outbox.online) this.come_back(now);
      if (!there) this.back_since = null;
    }
    if (overdue > AGAIN_MS && now - this.since > AGAIN_MS && this.outbox.online) this.post({ again: true });
  }

  // The server answers again. Streamlit connects anew by itself, but waits the longer the longer it was gone.
  come_back(now) {
    this.back_since ??= now;
    if (now - this.since > AGAIN_MS) this.post({ again: true });
    if (now - this.back_since < RELOAD_MS) return;
    sessionStorage.setItem("curate-lost", String(this.outbox.unanswered));
    this.outbox.strokes = [];
    window.location.reload();
  }

  async is_there() {
    try {
      const answer = await fetch(new URL("/_stcore/health", window.location.origin), { cache: "no-store", signal: AbortSignal.timeout(2000) });
      return answer.ok;
    } catch {
      return false;
    }
  }

  stop() {
    if (!this.outbox.online) return;
    this.outbox.online = false;
    this.changed();
  }

  close() {
    clearInterval(this.timer);
  }
}

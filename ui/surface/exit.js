// The ways to other pages: they wait until all that was taken is on disk, and nothing more is taken or said after that.
//
// Streamlit lets go of what a page says once another is asked for, and draws a page again that speaks after it was left.

const LEAVE_MS = 10_000; // a page that is still there by then has not been left
const PAGE_LINKS = "[data-testid='stTopNavLink'], [data-testid='stSidebarNavLink']";

class Exit {
  constructor(outbox, go) {
    this.outbox = outbox;
    this.asking = insisting(go);
    this.path = window.location.pathname;
    this.way = null; // what leads away as soon as all is on disk
    this.on_click = (event) => {
      const link = event.target.closest?.(PAGE_LINKS);
      const elsewhere = link && !event.ctrlKey && !event.metaKey && !event.shiftKey;
      if (elsewhere && new URL(link.href).pathname !== this.path) this.pass(event, () => link.click());
    };
    this.on_history = () => {
      if (!this.is_here && !this.outbox.unanswered) this.set_out(); // nobody can hold it back
    };
    // Back and Forward, where the browser lets them be held back (Navigation API).
    this.on_navigate = (event) => {
      const elsewhere = new URL(event.destination.url).pathname !== this.path;
      if (event.navigationType !== "traverse" || !event.cancelable || !elsewhere || !this.outbox.unanswered) return;
      event.preventDefault();
      this.way = () => window.navigation.traverseTo(event.destination.key);
    };
    this.on_unload = (event) => {
      if (this.outbox.unanswered) event.preventDefault();
    };
    document.addEventListener("click", this.on_click, true);
    window.addEventListener("popstate", this.on_history);
    window.navigation?.addEventListener("navigate", this.on_navigate);
    window.addEventListener("beforeunload", this.on_unload);
    this.stay();
  }

  // Whether the address is that of this page: Back changes it first.
  get is_here() {
    return window.location.pathname === this.path;
  }

  // Ask for another page.
  ask(where) {
    if (this.outbox.unanswered) this.way = () => this.ask(where);
    else {
      this.set_out();
      this.asking.ask(where);
    }
  }

  // Let an event of the browser lead away, or hold it back until all is on disk.
  pass(event, again) {
    if (!this.outbox.unanswered) {
      this.set_out();
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    this.way = again;
  }

  // The server has answered. Where something was lost the page stays, and shows it.
  answered(lost) {
    if (lost) this.way = null;
    if (!this.way || this.outbox.unanswered) return;
    const { way } = this;
    this.way = null;
    way();
  }

  set_out() {
    this.outbox.leaving = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.stay(), LEAVE_MS);
  }

  stay() {
    clearTimeout(this.timer);
    this.asking.stop();
    this.outbox.leaving = false;
  }

  close() {
    clearTimeout(this.timer);
    this.asking.stop();
    document.removeEventListener("click", this.on_click, true);
    window.removeEventListener("popstate", this.on_history);
    window.navigation?.removeEventListener("navigate", this.on_navigate);
    window.removeEventListener("beforeunload", this.on_unload);
  }
}

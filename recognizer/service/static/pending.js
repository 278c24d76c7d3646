// What someone said, held back for a few seconds so that it can be taken back; sent at once when the page is left.

const HELD_MS = 6000;

export class Pending {
  constructor(failed) {
    this.failed = failed;
    this.waiting = [];
    addEventListener("pagehide", () => this.flush());
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") this.flush(); });
  }

  // `send` is called later, unless `undo` was; it returns a promise.
  add(send, undone) {
    const entry = { send, undone };
    entry.timer = setTimeout(() => this.go(entry), HELD_MS);
    this.waiting.push(entry);
  }

  // Takes the last one back; false where all were sent.
  undo() {
    const entry = this.waiting.pop();
    if (!entry) return false;
    clearTimeout(entry.timer);
    entry.undone();
    return true;
  }

  flush() {
    return Promise.all([...this.waiting].map((entry) => this.go(entry)));
  }

  async go(entry) {
    if (!this.waiting.includes(entry)) return;
    this.waiting.splice(this.waiting.indexOf(entry), 1);
    clearTimeout(entry.timer);
    try {
      await entry.send();
    } catch (error) {
      entry.undone();
      this.failed(error.message);
    }
  }
}

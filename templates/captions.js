// What stands on the screen as messages come in. Pure: no DOM, no clock, no socket; rtt/display/follow.py is the same
// in Python, and both are held to the same stories by the tests.

export const LINES_MAX = 200;

const TERMINAL = {
  4500: "The server could not read what this page asked for.",
  4501: "The link to this room is not valid; ask for a new one.",
  4502: "This link does not open this room; ask for another one.",
  4503: "The server speaks another version; load this page again.",
  4505: "There is no room of this name.",
};

/** Tell whether a close code says that connecting again would change nothing. */
export function isTerminal(code) {
  // 1000 is not among them: a screen on the wall outlives every talk, so for it a room is never done.
  return code >= 4500 && code <= 4999;
}

/** Return the one line that says why a screen was sent away. */
export function sentence(code, reason) {
  return reason || TERMINAL[code] || `The server sent this screen away (code ${code}).`;
}

/** Return how many leading characters two texts share. */
export function shared(a, b) {
  const most = Math.min(a.length, b.length);
  let index = 0;
  while (index < most && a[index] === b[index]) index += 1;
  return index;
}

/** Return the message in `data`, or null for anything that is not a JSON object with a type. */
export function read(data) {
  try {
    const message = JSON.parse(data);
    return message !== null && typeof message === "object" && typeof message.type === "string" ? message : null;
  } catch {
    return null;
  }
}

/** The lines of one room: finals in order, each once, and at most one partial below them. */
export class Captions {
  /** `partials`: whether this screen asked for partials; without, it shows none whatever comes. */
  constructor(partials) {
    this.partials = partials;
    this.epoch = "";
    this.number = -1;
    this.lines = [];
    this.partial = null;
    this.stale = false;
    this.next = 0;
  }

  /** What the server is asked to continue from, or "" for a screen that has nothing. */
  get since() {
    return this.number < 0 ? "" : `${this.epoch}:${this.number}`;
  }

  /** All that is to be seen, in order: each {id, line, text, final, language}. */
  get shown() {
    return this.partial === null ? this.lines : [...this.lines, this.partial];
  }

  /** A new connection stands: a partial of the old one is believed only if the new one goes on with it. */
  reconnected() {
    this.stale = this.partial !== null;
  }

  /** Take one message; return whether what is to be seen may have changed. */
  take(message) {
    if (message.type === "caption") return this.#caption(message);
    if (message.type === "reset") return this.#reset(message);
    return this.#withdrawStale();
  }

  #caption(message) {
    const { epoch, number, text } = message;
    if (typeof epoch !== "string" || typeof text !== "string") return false;
    if (!Number.isSafeInteger(number) || number < 0) return false;
    return message.is_partial === false ? this.#final(message) : this.#unsettled(message);
  }

  #final(message) {
    if (message.epoch === this.epoch && message.number <= this.number) return this.#withdrawStale();
    this.epoch = message.epoch;
    this.number = message.number;
    const replaced = this.#owns(message);
    const line = { ...this.#line(message, message.text), final: true };
    if (replaced) {
      line.id = this.partial.id;
      this.partial = null;
    }
    this.stale = false;
    if (line.text !== "") this.lines.push(line);
    if (this.lines.length > LINES_MAX) this.lines.splice(0, this.lines.length - LINES_MAX);
    if (this.partials && typeof message.rest === "string" && message.rest !== "" && this.partial === null) {
      this.partial = { ...this.#line(message, message.rest), line: null };
    }
    return true;
  }

  #unsettled(message) {
    if (!this.partials) return false;
    if (message.epoch === this.epoch && message.number < this.number) return this.#withdrawStale();
    if (message.text === "") {
      if (!this.#owns(message)) return false;
      this.partial = null;
    } else {
      const line = this.#line(message, message.text);
      if (this.partial !== null) line.id = this.partial.id;
      this.partial = line;
    }
    this.stale = false;
    return true;
  }

  #reset(message) {
    this.epoch = typeof message.epoch === "string" ? message.epoch : "";
    this.number = -1;
    this.lines = [];
    this.partial = null;
    this.stale = false;
    return true;
  }

  /** Whether the partial that stands is the one `message` speaks of. */
  #owns(message) {
    return this.partial !== null && (this.stale || this.partial.line === null || this.partial.line === message.line);
  }

  #withdrawStale() {
    if (!this.stale) return false;
    this.partial = null;
    this.stale = false;
    return true;
  }

  #line(message, text) {
    this.next += 1;
    const language = typeof message.language === "string" ? message.language : "";
    return { id: this.next, line: message.line ?? null, text, final: false, language };
  }
}

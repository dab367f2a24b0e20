// The connection to the server: comes back by itself, notices a server that fell silent, and knows when to stop.

import { isTerminal, read } from "./captions.js";

const QUIET = 5000; // ms without any message after which the audience is told; the server speaks every 2 s
const DEAD = 10000; // ms without any message after which the connection is given up for a new one
const FIRST = 250; // ms, bound of the first wait
const MOST = 5000; // ms, bound of every later one

/**
 * Keeps one connection up.
 * `address()` is asked at each attempt, for it carries what the screen has; `onOpen()`, `onMessage(message)`,
 * `onQuiet(isQuiet)` at each change, and `onRefused(code, reason)` once, after which nothing more is tried.
 */
export class Link {
  constructor({ address, onOpen, onMessage, onQuiet, onRefused }) {
    this.handlers = { address, onOpen, onMessage, onQuiet, onRefused };
    this.socket = null;
    this.retry = 0;
    this.bound = FIRST;
    this.refused = false;
    this.quiet = false;
    this.heard = this.begun = this.opened = Date.now();
  }

  start() {
    setInterval(() => this.check(), 1000);
    // A laptop that slept finds a socket that says OPEN and is dead: every sign of waking is a reason to look.
    for (const sign of ["online", "pageshow"]) addEventListener(sign, () => this.check(true));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.check(true);
    });
    this.#connect();
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Look whether the server is still heard; `awake`: the page just came back, so waste no time. */
  check(awake = false) {
    if (this.refused) return;
    const now = Date.now();
    this.#setQuiet(now - this.heard >= QUIET);
    const attempt = now - Math.max(this.heard, this.begun);
    if (this.socket === null ? awake : attempt >= DEAD || (awake && attempt >= QUIET)) {
      this.#drop();
      if (awake) this.#connect();
      else this.#again();
    }
  }

  #connect() {
    clearTimeout(this.retry);
    this.retry = 0;
    this.begun = Date.now();
    const socket = new WebSocket(this.handlers.address());
    this.socket = socket;
    socket.onopen = () => {
      this.opened = Date.now();
      this.handlers.onOpen();
    };
    socket.onmessage = (event) => {
      this.heard = Date.now();
      // Only a connection that lasts counts as a success: one that is cut again at once must not be retried faster.
      if (this.heard - this.opened >= QUIET) this.bound = FIRST;
      this.#setQuiet(false);
      const message = typeof event.data === "string" ? read(event.data) : null;
      if (message !== null) this.handlers.onMessage(message);
    };
    socket.onclose = (event) => {
      this.socket = null;
      if (isTerminal(event.code)) {
        this.refused = true;
        this.handlers.onRefused(event.code, event.reason);
      } else {
        this.#again();
      }
    };
  }

  #again() {
    if (this.retry !== 0) return;
    // Drawn from a tenth of the bound up, so that a hall full of phones does not knock in step.
    const wait = this.bound * (0.1 + 0.9 * Math.random());
    this.bound = Math.min(MOST, this.bound * 2);
    this.retry = setTimeout(() => this.#connect(), wait);
  }

  /** Let go of the socket at once: on a dead network its own closing takes minutes. */
  #drop() {
    const socket = this.socket;
    if (socket === null) return;
    this.socket = null;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #setQuiet(quiet) {
    if (quiet === this.quiet) return;
    this.quiet = quiet;
    this.handlers.onQuiet(quiet);
  }
}

// The page of one room: puts the lines on the glass and keeps the newest in sight.

import { Captions, sentence, shared } from "./captions.js";
import { Link } from "./socket.js";

const SEEN_EVERY = 200; // ms between two `seen`: the server reads five a second
const TOUCH = 1000; // ms after a hand's last move within which scrolling is its doing
const READ_BACK = 30000; // ms a reader who scrolled up is left alone; a stage must not stay behind after a stray touch

const SIGNS = {
  offline: "No connection; trying again",
  paused: "Captions are paused",
  waiting: "No sound at the moment",
  late: "Captions are late",
};

const view = document.getElementById("captions");
const empty = document.getElementById("empty");
const sign = document.getElementById("sign");
const words = document.getElementById("sign-words");

const room = nameFromAddress();
const partial = new URLSearchParams(location.search).get("partial") ?? "false";
const captions = new Captions(partial !== "false" && partial !== "");
const elements = new Map();

let following = true;
let touchedAt = 0;
let scrolledAt = 0;
let drawing = false;
let quiet = false;
let refusal = "";
let state = null;
let seen = "";
let seenAt = 0;
let seenTimer = 0;

function nameFromAddress() {
  const last = location.pathname.split("/").pop();
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

function address() {
  const url = new URL(`../ws/transcript/${encodeURIComponent(room)}`, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.search = "";
  url.hash = "";
  url.searchParams.set("partial", partial);
  if (captions.since !== "") url.searchParams.set("since", captions.since);
  return url.href;
}

const link = new Link({
  address,
  onOpen: () => captions.reconnected(),
  onMessage: (message) => {
    if (message.type === "state") {
      state = message;
      drawSign();
    }
    if (captions.take(message)) draw();
  },
  onQuiet: (now) => {
    quiet = now;
    drawSign();
  },
  onRefused: (code, reason) => {
    refusal = sentence(code, reason);
    drawSign();
  },
});

// Many messages within one frame are one painting.
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    paint();
  });
}

function paint() {
  const shown = captions.shown;
  const wanted = new Set(shown.map((line) => line.id));
  for (const [id, element] of elements) {
    if (!wanted.has(id)) {
      element.remove();
      elements.delete(id);
    }
  }
  let before = null;
  for (const line of shown) {
    const element = elements.get(line.id) ?? added(line.id);
    update(element, line);
    const place = before === null ? view.firstElementChild : before.nextElementSibling;
    if (place !== element) view.insertBefore(element, place);
    before = element;
  }
  empty.hidden = shown.length > 0;
  follow();
  // The frame after this one begins when this one has been presented.
  requestAnimationFrame(tellSeen);
}

function added(id) {
  const element = document.createElement("p");
  element.dir = "auto";
  element.append(document.createTextNode(""));
  elements.set(id, element);
  return element;
}

function update(element, line) {
  const node = element.firstChild;
  if (node.data !== line.text) {
    const kept = shared(node.data, line.text);
    node.replaceData(kept, node.length - kept, line.text.slice(kept));
  }
  element.classList.toggle("partial", !line.final);
  if (element.lang !== line.language) element.lang = line.language;
}

function follow() {
  if (!following && Date.now() - scrolledAt > READ_BACK) following = true;
  if (!following) return;
  view.scrollTop = view.scrollHeight;
}

// A glass that is turned or resized scrolls too, through several layouts: only what a hand did is a reader's wish.
for (const kind of ["wheel", "touchmove", "pointerdown", "keydown"]) {
  addEventListener(kind, () => (touchedAt = Date.now()), { passive: true });
}
view.addEventListener(
  "scroll",
  () => {
    const left = view.scrollHeight - view.clientHeight - view.scrollTop;
    if (left < 8) following = true;
    else if (Date.now() - touchedAt < TOUCH) {
      following = false;
      scrolledAt = Date.now();
    }
  },
  { passive: true },
);
new ResizeObserver(follow).observe(view);
document.fonts?.ready.then(follow);

function tellSeen() {
  if (captions.since === seen || captions.since === "" || seenTimer !== 0) return;
  const wait = seenAt + SEEN_EVERY - Date.now();
  if (wait > 0) {
    seenTimer = setTimeout(() => {
      seenTimer = 0;
      tellSeen();
    }, wait);
    return;
  }
  seen = captions.since;
  seenAt = Date.now();
  link.send({ type: "seen", epoch: captions.epoch, number: captions.number });
}

function kindOfSign() {
  if (refusal !== "") return "refused";
  if (quiet) return "offline";
  if (state?.paused === true) return "paused";
  if (state?.lagging === true) return "late";
  return state?.live === false ? "waiting" : "";
}

function drawSign() {
  const kind = kindOfSign();
  if (sign.dataset.kind === kind) return;
  sign.dataset.kind = kind;
  words.textContent = kind === "refused" ? refusal : (SIGNS[kind] ?? "");
}

document.title = `${room} · captions`;
document.getElementById("room").textContent = room;
link.start();

// The list of rooms, kept fresh.

const EVERY = 3000; // ms between two looks
const LIMIT = 5000; // ms the server has to answer

const list = document.getElementById("rooms");
const none = document.getElementById("none");
const trouble = document.getElementById("trouble");
const entries = new Map();

function entry(room) {
  const item = document.createElement("li");
  const anchor = document.createElement("a");
  const name = document.createElement("span");
  const facts = document.createElement("span");
  name.className = "name";
  name.dir = "auto";
  name.textContent = room;
  facts.className = "facts";
  anchor.href = `room/${encodeURIComponent(room)}`;
  anchor.append(name, facts);
  item.append(anchor);
  return { item, facts };
}

function factsOf({ live, language, screens }) {
  const parts = [live === true ? "live" : "no sound"];
  if (typeof language === "string" && language !== "") parts.push(language);
  if (Number.isInteger(screens)) parts.push(screens === 1 ? "1 screen" : `${screens} screens`);
  return parts.join(" · ");
}

function show(rooms) {
  const named = rooms.filter((one) => one !== null && typeof one === "object" && typeof one.room === "string");
  const wanted = new Set(named.map((one) => one.room));
  for (const [room, { item }] of entries) {
    if (!wanted.has(room)) {
      item.remove();
      entries.delete(room);
    }
  }
  named.forEach((one, index) => {
    if (!entries.has(one.room)) entries.set(one.room, entry(one.room));
    const { item, facts } = entries.get(one.room);
    const text = factsOf(one);
    if (facts.textContent !== text) facts.textContent = text;
    item.classList.toggle("live", one.live === true);
    // An entry is moved only when it must: moving takes the keyboard's focus away.
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
  });
  none.hidden = named.length > 0;
}

async function look() {
  try {
    const answer = await fetch("api/rooms", { cache: "no-store", signal: AbortSignal.timeout(LIMIT) });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    const { rooms } = await answer.json();
    if (!Array.isArray(rooms)) throw new Error("it answered something else");
    show(rooms);
    trouble.hidden = true;
  } catch {
    trouble.textContent = "The server does not answer at the moment; this list may be old.";
    trouble.hidden = false;
  }
  setTimeout(look, EVERY);
}

const server = new URL(".", location.href);
server.protocol = server.protocol === "https:" ? "wss:" : "ws:";
server.search = server.hash = "";
document.getElementById("command").textContent = `rtt capture --room aula1 \\\n  --server ${server.href.replace(/\/$/, "")}`;
look();

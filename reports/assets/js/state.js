// What a reader has chosen. It lives in the address behind #, so that a link shows the same page.
const DEFAULTS = { segment: "", place: "", view: "flows", top: "", sort: "" };
const state = { ...DEFAULTS };
const listeners = [];

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const key of Object.keys(DEFAULTS)) state[key] = given.get(key) ?? DEFAULTS[key];
}

function choose(changes) {
  Object.assign(state, changes);
  const words = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) if (value && value !== DEFAULTS[key]) words.set(key, value);
  const text = words.toString();
  history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
  show();
}

/** Bring the page to the state; each listener looks at what concerns it. */
function show() {
  for (const listener of listeners) listener();
}

/** Say something to those who do not see it happen. */
const voice = html("p", { class: "unseen", role: "status" });
const tell = (text) => (voice.textContent = text);

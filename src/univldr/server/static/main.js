// Puts the parts together: one state, changed in one place, kept in the address.

import { Address } from "./address.js";
import { documentUrl, patiently } from "./api.js";
import { Box } from "./box.js";
import { listenToHelp, listenToTheme, signIn } from "./dialogs.js";
import { $, announce } from "./dom.js";
import { Filters } from "./filters.js";
import { Grid, summary } from "./grid.js";
import { listenToKeys } from "./keys.js";
import * as notices from "./notices.js";
import { listen, PictureError, read } from "./picture.js";
import { Searching } from "./search.js";
import { isAsked, toUrl } from "./state.js";
import { heading, number } from "./text.js";
import { View } from "./view.js";

const SLOW = 150; // milliseconds after which a first search shows places for its hits
const canHover = matchMedia("(hover: hover)").matches; // where it cannot, a keyboard covers half of the page
const FEW = 5; // hits that are asked about again for their names, at most

const address = new Address(() => state);
let state = address.read();
let info = null;
let slow = 0;
const names = new Map(); // of documents by id, for chips

// --- the state and the address ---

/** Change the state; `push`: the browser can go back to what was before. */
function change(patch, { push = true } = {}) {
  address.settle();
  set(patch);
  address.write({ push, opened: Boolean(patch.hit) && push });
  render();
  if (!("hit" in patch)) searching.ask(state);
}

function type(patch) {
  set(patch);
  address.follow();
  render();
  searching.ask(state, { typing: true });
}

function set(patch) {
  state = { ...state, ...patch };
  if (state.picture) state.lost = false;
}

function restore() {
  state = address.read();
  render();
  searching.ask(state);
  if (state.hit) view.show(state.hit);
  else view.close();
}

function render() {
  document.title = state.q.trim() ? `${state.q.trim().slice(0, 60)} · univldr` : "univldr";
  box.render(state, names, filters.isOpen);
  filters.render(state);
  for (const input of document.querySelectorAll("#tabs input")) input.checked = input.value === state.kind;
  $("explain").setAttribute("aria-pressed", String(state.explain));
}

// --- answers ---

function started(append) {
  $("progress").hidden = false;
  $("results").setAttribute("aria-busy", "true");
  if (append) return;
  const first = !grid.links.length;
  clearTimeout(slow);
  slow = setTimeout(() => {
    if (!first) return grid.list.classList.add("is-waiting");
    notices.clear();
    grid.wait();
  }, SLOW);
}

function ended() {
  clearTimeout(slow);
  $("progress").hidden = true;
  $("results").removeAttribute("aria-busy");
}

function answered(answer, append) {
  ended();
  address.flush();
  filters.complain("");
  const hits = searching.hits;
  for (const hit of answer.hits) know(hit);
  const hasMore = searching.next !== null && answer.hits.length > 0;
  const first = grid.show(hits, {
    query: [state.q, ...state.plus].join(" "),
    append,
    hasMore,
    explain: state.explain,
  });
  if (append) {
    announce(`${answer.hits.length} more, ${hits.length} in all`);
    first?.querySelector("a.open").focus({ preventScroll: true });
    if (!$("summary").classList.contains("unsure")) $("summary").textContent = summary(hits, hasMore);
    view.refresh();
    return;
  }
  if (!hits.length) {
    silence();
    notices.nothing(state, () => change({ filters: [], where: "", kind: "" }));
    return;
  }
  notices.clear();
  const unsure = answer.answered === false;
  const words = unsure ? "Nothing here seems to answer this; the nearest:" : summary(hits, hasMore);
  $("summary").textContent = unsure
    ? words
    : `${words} in ${number(Math.max(1, Math.round(answer.took_ms)))} ms`;
  $("summary").classList.toggle("unsure", unsure);
  announce(unsure ? `${words} ${summary(hits, hasMore)}` : words);
  view.refresh();
}

function silence() {
  $("summary").textContent = "";
  $("summary").classList.remove("unsure");
}

function failed(error, append) {
  ended();
  if (error.status === 401) return signIn(begin);
  const text = [error.message, error.remedy].filter(Boolean).join("; ");
  if (error.type === "config_error" && /^(filter:|the filter )/.test(error.message) && state.where) {
    filters.complain(text); // the hits before stay: an expression is wrong until it is typed to its end
    if (!grid.links.length) grid.clear();
    return;
  }
  if (!append) {
    silence();
    grid.clear();
  }
  notices.failed(error, () => (append ? searching.more(state) : searching.ask(state, { again: true })));
}

function idle() {
  ended();
  filters.complain("");
  grid.clear();
  silence();
  notices.empty(info, { choose: () => $("file").click(), filter: () => filters.toggle(true) });
}

const know = (hit) => names.set(hit.id, { title: heading(hit), isPicture: hit.modality === "image" });

// --- hits ---

function open(hit) {
  change({ hit: hit.id });
  view.show(hit.id);
}

/** The dialog was closed: by Esc, by its button, or as the address changed. */
function closed(hit) {
  if (state.hit) {
    if (address.opened)
      history.back(); // so that going back later does not open it again
    else change({ hit: null }, { push: false });
    if (hit) grid.focusOn(hit.id);
  }
}

function like(hit) {
  const before = state.hit;
  know(hit);
  // What was asked gives way, filters stay: "more like this" is a search of its own.
  change({ q: "", picture: null, lost: false, plus: [], minus: [], like: [hit.id], hit: null });
  searching.ask(state);
  if (before) view.close();
  scrollTo({ top: 0 });
  $("query").focus({ preventScroll: true });
}

async function takePicture(file) {
  try {
    const picture = await read(file);
    change({ picture, like: [], hit: null });
    searching.ask(state);
    view.close();
    scrollTo({ top: 0 });
    announce("Searching by the picture");
  } catch (error) {
    if (!(error instanceof PictureError)) throw error;
    notices.trouble(error.message);
  }
}

// --- the parts ---

const searching = new Searching({
  start: started,
  answer: answered,
  error: failed,
  idle,
  wait: (error) => {
    ended();
    if (!grid.links.length) grid.clear();
    notices.waiting(error, () => searching.ask(state, { again: true }));
  },
  explained: () => state.explain && grid.explain(searching.hits, true),
});

const grid = new Grid({
  open,
  like,
  href: (hit) => toUrl({ ...state, hit: hit.id }),
  more: () => searching.more(state),
});

const view = new View({
  hits: () => searching.hits,
  hasMore: () => searching.next !== null,
  more: () => searching.more(state),
  query: () => [state.q, ...state.plus].join(" "),
  explain: (hit, signal) => searching.explain(state, hit, signal),
  show: (id) => {
    change({ hit: id }, { push: false });
    view.show(id);
  },
  like,
  closed,
});

const filters = new Filters((patch, typing = false) => {
  if (typing) type(patch);
  else change(patch, { push: "filters" in patch || "where" in patch });
});

const box = new Box({
  type: (q) => type({ q }),
  settle: () => address.settle(),
  enter: () => {
    searching.hurry(state);
    if (!canHover) $("query").blur(); // takes the keyboard off the hits
    address.settle();
  },
  change: (patch) => change(patch, { push: Object.keys(patch).length > 0 }),
  down: () => grid.links[0]?.focus(),
});

$("tabs").addEventListener("change", (event) => change({ kind: event.target.value }));
$("explain").addEventListener("click", () => {
  change({ explain: !state.explain });
  grid.explain(searching.hits, state.explain);
  if (state.explain) searching.explainAll(state);
});
addEventListener("popstate", restore);
listen(takePicture);
listenToKeys({ like: () => (view.isOpen ? view.like() : grid.focused && like(grid.focused)) });
listenToHelp();
listenToTheme();

// --- the beginning ---

/** Names for the documents of a shared address, so that its chips say more than ids. */
async function nameThem() {
  const unknown = state.like.filter((id) => !names.has(id)).slice(0, FEW);
  await Promise.all(
    unknown.map(async (id) => {
      const found = await patiently(documentUrl(id), {}, () => {}).catch(() => null);
      if (found) know(found);
    }),
  );
  if (unknown.length) render();
}

async function begin() {
  render();
  if (isAsked(state)) searching.ask(state, { again: true });
  // What is there is said at once with its numbers, if those come soon enough.
  const early = setTimeout(() => isAsked(state) || idle(), SLOW);
  const known = await look();
  clearTimeout(early);
  if (!known) return;
  if (!isAsked(state) && !document.querySelector("#notice .failed")) idle();
  nameThem();
  if (state.hit) view.show(state.hit);
}

/** What is in the index, for the counts and the filters; whether that is known now. */
async function look() {
  try {
    info = await patiently("/v1/index", {}, (error) => isAsked(state) || notices.waiting(error, begin));
  } catch (error) {
    if (error.status === 401) signIn(begin);
    else if (!isAsked(state)) notices.failed(error, begin);
    return false;
  }
  const counts = { "": info.documents, image: info.images, text: info.texts };
  for (const label of document.querySelectorAll("#tabs label")) {
    label.querySelector("small").textContent = number(counts[label.querySelector("input").value]);
  }
  filters.know(info.fields);
  render();
  return true;
}

document.addEventListener("visibilitychange", () => {
  if (info && !document.hidden) look(); // it may have grown meanwhile
});

if (canHover && !state.hit) $("query").focus();
begin();

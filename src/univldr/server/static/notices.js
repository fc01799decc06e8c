// What is said when there are no hits, or hits that need a word: calm, and with what helps.

import { $, announce, button, el, icon } from "./dom.js";
import { isFiltered } from "./state.js";
import { count, number, sentence } from "./text.js";

function show(kind, ...children) {
  const node = el("div", { class: `notice ${kind}` }, ...children);
  $("notice").replaceChildren(node);
  return node;
}

export const clear = () => $("notice").replaceChildren();

/** Before anything is searched: what is there, and what one can try. */
export function empty(info, { choose, filter }) {
  const fields = info ? info.fields.filter((field) => field.name !== "modified").slice(0, 3) : [];
  const tip = (symbol, title, ...words) =>
    el("li", {}, icon(symbol), el("div", {}, el("h3", {}, title), el("p", {}, ...words)));
  const link = (words, onclick) => el("button", { type: "button", class: "link", onclick }, words);
  const names = fields.map((field) => field.name).join(", ");
  if (info && !info.documents) {
    show(
      "empty",
      el("h2", {}, "Nothing is indexed yet"),
      el("p", {}, "Put texts and pictures into the folder, or store them with POST /v1/documents."),
    );
    return;
  }
  const heading = info
    ? `${count(info.images, "picture")} and ${count(info.texts, "passage")}`
    : "Texts and pictures";
  show(
    "empty",
    el("h2", {}, heading, el("span", {}, ", one search")),
    el(
      "ul",
      {},
      tip(
        "passage",
        "Ask in your own words",
        "Describe what a picture shows, or ask what a text might answer. The words need not be in it.",
      ),
      tip(
        "picture",
        "Search by a picture",
        "Drop or paste one anywhere on this page, or ",
        link("choose a file", choose),
        ". Add words to steer it.",
      ),
      tip(
        "like",
        "Go on from a hit",
        "Every hit offers more like it. “With” and “without” say what should, or should not, be there as well.",
      ),
      tip(
        "filter",
        "Narrow it down",
        names ? `Filter by ${names}, file or folder: ` : "Filter by file, folder or title: ",
        link("add a filter", filter),
        ".",
      ),
    ),
    info ? el("p", { class: "small-print" }, `Model ${info.model}, ${number(info.dim)} dimensions`) : null,
  );
}

export function nothing(state, clearFilters) {
  const filtered = isFiltered(state);
  const words = filtered
    ? "No document passes these filters."
    : "There is nothing in the index yet, or nothing near to this.";
  show(
    "none",
    el("h2", {}, "Nothing found"),
    el("p", {}, words),
    filtered ? button("Clear filters and kind", clearFilters) : null,
  );
  announce(`Nothing found. ${words}`);
}

export function failed(error, retry) {
  show(
    "failed",
    icon("warn"),
    el(
      "div",
      {},
      el("h2", {}, sentence(error.message)),
      error.remedy ? el("p", {}, sentence(error.remedy)) : null,
    ),
    button("Try again", retry),
  );
  $("notice").firstElementChild.setAttribute("role", "alert");
}

/** Tried again by itself; whoever cannot wait may press. */
export function waiting(error, retry) {
  const words =
    error.status === 429
      ? "The server is busy; trying again…"
      : error.status
        ? "The server is not ready; trying again…"
        : "The server cannot be reached; trying again…";
  show("waits", el("p", {}, words), error.status ? null : button("Now", retry));
  announce(words);
}

export function trouble(text) {
  show("failed", icon("warn"), el("div", {}, el("h2", {}, text)), button("Close", clear));
  announce(text);
}

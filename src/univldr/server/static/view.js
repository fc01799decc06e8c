// One hit in full: the picture or the whole passage, what is known of it, and why it is there.

import { call, documentUrl, original, thumbnail } from "./api.js";
import { $, announce, button, el } from "./dom.js";
import { bar, legend, scaleOf } from "./explain.js";
import { generated, missing, picture } from "./grid.js";
import { body, heading, isBare, marked, percent, sentence, signed, telling } from "./text.js";

const MOST = 40; // further documents that are listed

export class View {
  /** `on`: { hits(), hasMore(), more(), query(), explain(hit, signal), show(id), like(hit), closed(hit) }. */
  constructor(on) {
    this.on = on;
    this.dialog = $("view");
    this.inner = $("view-inner");
    this.hit = null;
    this.goesOn = false; // to the hit after the last one, once that is there
    this.dialog.addEventListener("close", () => this.ended());
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener("keydown", (event) => this.keydown(event));
  }

  get isOpen() {
    return this.dialog.open;
  }

  /** Show the document with this id: a hit, or else whatever the index has. */
  async show(id) {
    if (this.isOpen && this.hit?.id === id) return;
    this.stop();
    const known = this.on.hits().find((hit) => hit.id === id);
    const mine = (this.pending = new AbortController());
    this.hit = known ?? { id };
    if (known) this.draw(known);
    else this.say("Loading…");
    if (!this.isOpen) this.dialog.showModal();
    try {
      if (known) return await this.why(known, mine.signal);
      const found = await call(documentUrl(id), { signal: mine.signal });
      this.hit = { rank: 0, score: null, relevance: null, more: [], copies: [], explanation: {}, ...found };
      this.draw(this.hit);
    } catch (error) {
      if (error.name === "AbortError" || known) return; // a known hit stands without its explanation
      if (error.status === 404)
        this.say("This document is not in the index", "It may have been renamed or removed.");
      else this.say(sentence(error.message), sentence(error.remedy));
    }
  }

  /** There are other hits, or more of them. */
  refresh() {
    if (!this.hit) return;
    const known = this.on.hits().find((hit) => hit.id === this.hit.id);
    if (!known) return;
    const { id } = known;
    if (this.hit !== known) this.hit = null;
    this.show(id);
    const goesOn = this.goesOn;
    this.goesOn = false;
    if (goesOn) this.step(1);
  }

  close() {
    if (this.isOpen) this.dialog.close();
  }

  stop() {
    this.pending?.abort();
    this.pending = null;
  }

  ended() {
    this.stop();
    const hit = this.hit;
    this.hit = null;
    this.inner.replaceChildren();
    this.on.closed(hit);
  }

  say(text, remedy = "") {
    const shown = el(
      "div",
      { class: "view-note" },
      el("h2", { id: "view-title" }, text),
      remedy && el("p", {}, remedy),
    );
    this.inner.replaceChildren(this.head(null), shown);
  }

  draw(hit) {
    const words = telling(this.on.query());
    const isPicture = hit.modality === "image";
    const text = isPicture ? hit.text.trim() : body(hit);
    this.inner.replaceChildren(
      this.head(hit),
      el(
        "div",
        { class: `view-body ${isPicture ? "is-picture" : "is-passage"}` },
        isPicture ? large(hit) : passage(heading(hit), text, words),
        el(
          "div",
          { class: "about", tabindex: "0", role: "region", "aria-label": "About this hit" },
          ...(isPicture
            ? [el("h2", { id: "view-title", dir: "auto" }, hit.title || hit.id), caption(hit, text, words)]
            : []),
          ...generated(hit, words),
          scores(hit),
          el("div", { class: "why", id: "view-why" }),
          path(hit),
          metadata(hit),
          this.others("More of this file", hit.more, false),
          this.others("Alike", hit.copies, isPicture),
        ),
      ),
    );
    if (this.isOpen) announce(`${hit.rank ? `Hit ${hit.rank}: ` : ""}${heading(hit)}`);
  }

  head(hit) {
    const hits = this.on.hits();
    const at = hit ? hits.findIndex((one) => one.id === hit.id) : -1;
    const step = (name, by, symbol, key) => {
      const node = button("", () => this.step(by), {
        kind: "quiet",
        symbol,
        name,
        title: `${name} (${key})`,
      });
      node.disabled = at < 0 || !(hits[at + by] || (by > 0 && this.on.hasMore()));
      node.dataset.step = by;
      return node;
    };
    return el(
      "div",
      { class: "view-head" },
      step("Hit before", -1, "left", "←"),
      step("Hit after", 1, "right", "→"),
      el("span", { class: "place" }, at < 0 ? "" : `Hit ${at + 1}`),
      hit?.modality ? button("More like this", () => this.like(), { symbol: "like" }) : null,
      button("", () => this.close(), { kind: "quiet", symbol: "close", name: "Close", title: "Close (Esc)" }),
    );
  }

  like() {
    if (this.hit?.modality) this.on.like(this.hit);
  }

  /** To the hit before or after; the button that was pressed keeps the focus. */
  step(by) {
    const hits = this.on.hits();
    const at = hits.findIndex((hit) => hit.id === this.hit?.id);
    const next = at < 0 ? null : hits[at + by];
    if (!next && at >= 0 && by > 0 && this.on.hasMore()) {
      this.goesOn = true;
      this.on.more();
    }
    if (!next) return;
    const pressed = document.activeElement?.dataset?.step;
    this.on.show(next.id);
    if (pressed) this.dialog.querySelector(`[data-step="${pressed}"]:not(:disabled)`)?.focus();
    if (!this.dialog.contains(document.activeElement))
      this.dialog.querySelector(".view-head button:not(:disabled)")?.focus();
  }

  keydown(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    this.step(event.key === "ArrowLeft" ? -1 : 1);
  }

  async why(hit, signal) {
    const explanation = await this.on.explain(hit, signal);
    const place = $("view-why");
    if (!place || this.hit !== hit || !Object.keys(explanation).length) return;
    place.replaceChildren(
      el("h3", {}, "Why it is here"),
      bar(explanation, scaleOf([explanation])),
      legend([explanation], { values: true }),
    );
  }

  /** Further documents by id; they open in its place. */
  others(name, ids, asPictures) {
    if (!ids.length) return null;
    const rest = ids.length - MOST;
    const one = (id) => {
      const open = (event) => {
        event.preventDefault();
        this.on.show(id);
      };
      const shown = asPictures ? [picture(id, { sizes: "6rem", alt: id })] : [id];
      return el(
        "li",
        {},
        el("a", { href: `?${new URLSearchParams({ hit: id })}`, onclick: open, dir: "auto" }, ...shown),
      );
    };
    return el(
      "div",
      { class: `others${asPictures ? " as-pictures" : ""}` },
      el("h3", {}, `${name} (${ids.length})`),
      el("ul", {}, ...ids.slice(0, MOST).map(one)),
      rest > 0 ? el("p", {}, `and ${rest} more`) : null,
    );
  }
}

function large(hit) {
  const name = isBare(hit) ? `Picture without a caption, ${hit.title || hit.id}` : hit.text;
  const link = el("a", {
    class: "large",
    href: original(hit.id),
    target: "_blank",
    rel: "noopener",
    title: "Open the picture itself",
  });
  const img = el("img", {
    alt: name,
    src: original(hit.id),
    onload: () => img.classList.add("is-there"),
    onerror: () => link.replaceChildren(...missing(name)),
  });
  // The thumbnail is there already, and stands for the picture until that has come.
  const soon = el("img", {
    alt: "",
    src: thumbnail(hit.id, 320),
    class: "soon",
    onerror: () => soon.remove(),
  });
  img.addEventListener("load", () => soon.remove());
  link.append(soon, img);
  return link;
}

function passage(title, text, words) {
  const shown = [
    el("h2", { id: "view-title", dir: "auto" }, title),
    title === text ? "" : el("p", { dir: "auto" }, ...marked(text, words)),
  ];
  return el(
    "div",
    { class: "passage", tabindex: "0", role: "region", "aria-label": "The whole passage" },
    ...shown,
  );
}

function caption(hit, text, words) {
  if (!text) return el("p", { class: "none" }, "This picture has no caption.");
  return el("p", { class: "caption", dir: "auto" }, ...marked(text, words));
}

function scores(hit) {
  if (!hit.rank) return null;
  const one = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
  return el(
    "dl",
    { class: "scores" },
    one("Score", signed(hit.score)),
    hit.relevance === null ? null : one("Relevance", percent(hit.relevance)),
    hit.page === null ? null : one("Page", String(hit.page)),
  );
}

function path(hit) {
  const shown = hit.path ?? hit.id;
  const copy = button("", () => copied(copy, shown), {
    kind: "quiet",
    symbol: "copy",
    name: hit.path ? "Copy the path" : "Copy the id",
    title: "Copy",
  });
  return el(
    "div",
    { class: "path" },
    el("h3", {}, hit.path ? "File" : "Id"),
    el("p", {}, el("code", { dir: "auto" }, shown), copy),
  );
}

async function copied(node, text) {
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied");
    node.classList.add("is-done");
    setTimeout(() => node.classList.remove("is-done"), 1500);
  } catch {
    announce("It could not be copied");
    getSelection().selectAllChildren(node.parentElement.querySelector("code"));
  }
}

const plain = (value) =>
  typeof value === "string"
    ? value
    : Array.isArray(value)
      ? value.map(plain).join(", ")
      : JSON.stringify(value);

function metadata(hit) {
  const rows = Object.entries(hit.metadata).filter(
    ([name, value]) => name !== "path" && value !== null && value !== "",
  );
  if (!rows.length) return null;
  const one = ([name, value]) =>
    el("div", {}, el("dt", { dir: "auto" }, name), el("dd", { dir: "auto" }, plain(value)));
  return el("div", { class: "metadata" }, el("h3", {}, "Known of it"), el("dl", {}, ...rows.map(one)));
}

// The ranked grid. Cards of both kinds have the same size, and come in the order of their ranks.

import { thumbnail } from "./api.js";
import { $, button, el, icon } from "./dom.js";
import { bar, legend, scaleOf } from "./explain.js";
import { body, count, excerpt, fileName, heading, isBare, marked, percent, telling } from "./text.js";

const SIZES = [160, 320, 640];

/** A picture of a document, at a size that fits; a plain sign where it cannot be shown. */
export function picture(id, { sizes, alt = "" }) {
  const place = el("span", { class: "shown" });
  const img = el("img", {
    alt,
    width: 320,
    height: 240,
    loading: "lazy",
    decoding: "async",
    draggable: "false",
    sizes,
    srcset: SIZES.map((size) => `${thumbnail(id, size)} ${size}w`).join(", "),
    src: thumbnail(id, 320),
    onload: () => {
      // What nearly has the shape of its place is cropped to it; of the rest, all is shown.
      const shape = (img.naturalWidth / img.naturalHeight) * (img.clientHeight / img.clientWidth);
      img.classList.toggle("fills", shape > 0.88 && shape < 1.25);
      img.classList.add("is-there");
    },
    onerror: () => place.replaceChildren(...missing(alt)),
  });
  place.append(img);
  return place;
}

export const missing = (alt) => [icon("picture"), el("span", {}, alt || "The picture cannot be shown")];

const title = (hit, words) => {
  const text = heading(hit);
  return isBare(hit) ? [text] : marked(text, words);
};

/** Words that a program made, under a mark that says so. */
export function generated(hit, words = []) {
  return hit.expansions.map((one) =>
    el(
      "p",
      { class: "generated" },
      el("span", { class: "tag" }, one.origin ? `generated · ${one.origin}` : "generated"),
      " ",
      el("span", { dir: "auto" }, ...marked(one.text, words)),
    ),
  );
}

function facts(hit) {
  const file = hit.path && fileName(hit.path);
  return [
    hit.relevance === null
      ? null
      : el(
          "span",
          {
            class: `relevance${hit.relevance < 0.5 ? "" : " is-high"}`,
            title: "How likely this answers, as the model sees it",
          },
          percent(hit.relevance),
        ),
    hit.page === null ? null : el("span", {}, `page ${hit.page}`),
    hit.more.length ? el("span", {}, `${hit.more.length} more of this file`) : null,
    hit.copies.length ? el("span", {}, `${hit.copies.length} alike`) : null,
    file && !isBare(hit) ? el("span", { class: "file", title: hit.path, dir: "auto" }, file) : null,
  ];
}

export class Grid {
  /** `on`: { open(hit), like(hit), href(hit), more() }. */
  constructor(on) {
    this.list = $("grid");
    this.more = $("more");
    this.on = on;
    this.more.addEventListener("click", () => on.more());
    this.list.addEventListener("keydown", (event) => this.move(event));
  }

  /** Show hits instead of those there, or after them. */
  show(hits, { query, append = false, hasMore, explain }) {
    const words = telling(query);
    const shown = append ? this.list.children.length : 0;
    const cards = hits.slice(shown).map((hit) => this.card(hit, words));
    this.list.classList.remove("is-waiting");
    if (append) this.list.append(...cards);
    else this.list.replaceChildren(...cards);
    this.more.hidden = !hasMore;
    this.explain(hits, explain);
    return append ? cards[0] : null;
  }

  /** Places of the size of cards, until the first answer is there. */
  wait(number = 12) {
    const bone = () => el("li", { class: "card bone", "aria-hidden": "true" });
    this.list.classList.remove("with-parts");
    this.list.replaceChildren(...Array.from({ length: number }, bone));
    this.more.hidden = true;
  }

  clear() {
    this.list.replaceChildren();
    this.list.classList.remove("is-waiting");
    this.more.hidden = true;
    this.explain([], false);
  }

  card(hit, words) {
    const isPicture = hit.modality === "image";
    const open = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return; // a new tab
      event.preventDefault();
      this.on.open(hit);
    };
    const link = el(
      "a",
      { class: "open", href: this.on.href(hit), onclick: open, dir: "auto" },
      ...title(hit, words),
    );
    const rest = isPicture ? "" : excerpt(body(hit), words);
    const kind = isPicture ? "Picture" : "Passage";
    const node = el(
      "li",
      {
        class: `card ${isPicture ? "is-picture" : "is-passage"}${isBare(hit) ? " is-bare" : ""}`,
        "data-id": hit.id,
      },
      isPicture ? picture(hit.id, { sizes: "(max-width: 40rem) 92vw, 20rem" }) : null,
      el(
        "div",
        { class: "words" },
        el("h2", {}, link),
        rest && rest !== heading(hit)
          ? el("p", { class: "text", dir: "auto" }, ...marked(rest, words))
          : null,
        ...generated(hit, words),
      ),
      el("div", { class: "why" }),
      el(
        "div",
        { class: "facts" },
        el(
          "span",
          { class: "rank", title: kind },
          el("span", { class: "unseen" }, `${kind}, rank `),
          String(hit.rank),
          icon(isPicture ? "picture" : "passage"),
        ),
        ...facts(hit),
      ),
      button(el("span", {}, "More like this"), () => this.on.like(hit), {
        kind: "quiet like",
        symbol: "like",
        name: `More like this: ${heading(hit).slice(0, 60)}`,
      }),
    );
    node.hit = hit;
    return node;
  }

  /** Fill in the bars of the cards, on one scale; their place is there before they are. */
  explain(hits, wanted) {
    this.list.classList.toggle("with-parts", wanted);
    const given = (wanted ? hits : []).map((hit) => hit.explanation).filter((one) => Object.keys(one).length);
    const place = $("legend");
    place.hidden = !wanted;
    place.replaceChildren(...(given.length ? [legend(given)] : []));
    const scale = scaleOf(given);
    for (const node of this.list.querySelectorAll(".card")) {
      const why = node.querySelector(".why");
      if (why && Object.keys(node.hit.explanation).length)
        why.replaceChildren(bar(node.hit.explanation, scale));
    }
  }

  get links() {
    return [...this.list.querySelectorAll("a.open")];
  }

  focusOn(id) {
    const node = [...this.list.children].find((one) => one.dataset.id === id);
    node?.querySelector("a.open")?.focus();
    return Boolean(node);
  }

  /** The hit whose card has the focus. */
  get focused() {
    return document.activeElement?.closest?.("#grid .card")?.hit ?? null;
  }

  /** Arrows go over the cards as they lie: left and right by rank, up and down by column. */
  move(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const links = this.links;
    const at = links.indexOf(document.activeElement?.closest(".card")?.querySelector("a.open"));
    if (at < 0) return;
    const columns = columnsOf(this.list);
    const to = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at - columns,
      ArrowDown: at + columns,
      Home: 0,
      End: links.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (links[to]) links[to].focus();
    else if (to < 0 && event.key === "ArrowUp") $("query").focus();
    else if (to >= links.length) (this.more.hidden ? links.at(-1) : this.more).focus();
  }
}

function columnsOf(list) {
  const top = list.firstElementChild?.offsetTop;
  const below = [...list.children].findIndex((one) => one.offsetTop !== top);
  return below < 0 ? list.children.length : below;
}

export const summary = (hits, hasMore) => {
  const pictures = hits.filter((hit) => hit.modality === "image").length;
  const kinds = [
    pictures ? count(pictures, "picture") : "",
    hits.length - pictures ? count(hits.length - pictures, "passage") : "",
  ].filter(Boolean);
  return `${hasMore ? "The best " : ""}${kinds.join(" and ")}`;
};

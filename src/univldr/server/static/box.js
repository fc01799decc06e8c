// The search box, and beside its words the chips: a picture, documents to be like, terms, filters.

import { $, button, el, icon } from "./dom.js";
import { picture } from "./grid.js";
import { inWords } from "./expression.js";
import { isAsked } from "./state.js";

const LONGEST = 48;
const short = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

export class Box {
  /** `on`: { type(text), enter(), change(patch), down() }. */
  constructor(on) {
    this.on = on;
    this.input = $("query");
    this.adding = null; // "plus" or "minus" while one is typed
    this.input.addEventListener("input", () => on.type(this.input.value));
    this.input.addEventListener("change", () => on.settle());
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown" || event.isComposing) return;
      event.preventDefault();
      on.down();
    });
    $("box").addEventListener("submit", (event) => {
      event.preventDefault();
      on.enter();
    });
    for (const [name, list] of [
      ["with", "plus"],
      ["without", "minus"],
    ]) {
      $(name).addEventListener("click", () => {
        this.adding = list;
        on.change({});
      });
    }
    $("clear").addEventListener("click", () => {
      on.change({ q: "", picture: null, lost: false, like: [], plus: [], minus: [] });
      this.input.focus();
    });
  }

  render(state, names, filtersAreOpen) {
    if (this.input.value !== state.q) this.input.value = state.q;
    $("clear").hidden = !state.q && !isAsked(state);
    $("with").hidden = $("without").hidden = !isAsked(state);
    const list = $("chips");
    const chips = [
      ...this.chips(state, names),
      ...(filtersAreOpen ? [] : this.filters(state)),
      ...this.field(state),
    ];
    const focused = list.contains(document.activeElement);
    list.replaceChildren(...chips.map((chip) => el("li", {}, chip)));
    list.hidden = !chips.length;
    if (this.adding) list.querySelector("input")?.focus();
    else if (focused) this.input.focus();
  }

  chips(state, names) {
    const chips = [];
    if (state.picture) {
      const shown = el("img", {
        src: state.picture.preview,
        alt: "",
        width: 32,
        height: 32,
        onerror: (event) => event.target.replaceWith(icon("picture")),
      });
      const words = [shown, "like this picture", el("small", {}, "not part of the link")];
      chips.push(this.chip(words, "the picture", { picture: null }, "has-picture"));
    } else if (state.lost) {
      const words = [
        icon("picture"),
        "picture not in the link",
        el("small", {}, "drop it here to search as before"),
      ];
      chips.push(this.chip(words, "the note about a picture", { lost: false }, "warns"));
    }
    for (const id of state.like) {
      const name = names.get(id) ?? { title: id };
      const shown = name.isPicture ? picture(id, { sizes: "2rem" }) : icon("like");
      chips.push(
        this.chip(
          [shown, "like ", el("b", { dir: "auto" }, short(name.title))],
          `like ${name.title}`,
          without(state, "like", id),
          name.isPicture ? "has-picture" : "",
        ),
      );
    }
    for (const [list, symbol, word] of [
      ["plus", "plus", "with"],
      ["minus", "minus", "without"],
    ]) {
      for (const text of state[list]) {
        chips.push(
          this.chip(
            [icon(symbol), `${word} `, el("b", { dir: "auto" }, short(text))],
            `${word} ${text}`,
            without(state, list, text),
            list,
          ),
        );
      }
    }
    return chips;
  }

  filters(state) {
    const rows = state.filters.map((row) =>
      this.chip(
        [icon("filter"), el("span", { dir: "auto" }, short(inWords(row)))],
        `the filter ${inWords(row)}`,
        { filters: state.filters.filter((one) => one !== row) },
      ),
    );
    if (state.where.trim())
      rows.push(
        this.chip(
          [icon("filter"), el("code", { dir: "auto" }, short(state.where))],
          "the filter expression",
          { where: "" },
        ),
      );
    return rows;
  }

  chip(content, name, patch, kind = "") {
    return el(
      "span",
      { class: `chip ${kind}` },
      ...content,
      button("", () => this.on.change(patch), { kind: "quiet", symbol: "close", name: `Remove ${name}` }),
    );
  }

  /** A small field for what should be there as well, or should not. */
  field(state) {
    const list = isAsked(state) ? this.adding : null;
    if (!list) return [];
    const word = list === "plus" ? "with" : "without";
    const done = (text) => {
      this.adding = null;
      const value = text.trim();
      this.on.change(value && !state[list].includes(value) ? { [list]: [...state[list], value] } : {});
    };
    const input = el("input", {
      type: "text",
      dir: "auto",
      maxlength: 2000,
      "aria-label": `${word} this`,
      onkeydown: (event) => {
        if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
        event.preventDefault();
        const text = event.key === "Enter" ? input.value : "";
        this.adding = null; // before the focus goes, as leaving the field takes what is in it
        this.input.focus();
        done(text);
      },
      onblur: () => this.adding === list && done(input.value),
    });
    return [el("span", { class: `chip field ${list}` }, icon(list), `${word} `, input)];
  }
}

const without = (state, list, value) => ({ [list]: state[list].filter((one) => one !== value) });

// A score as a bar of its parts: those that add to the right of a line, those that take away to its left.

import { el } from "./dom.js";
import { signed } from "./text.js";

const NAMES = {
  pixels: ["picture", "pixels"],
  caption: ["caption", "words"],
  text: ["passage", "words"],
  document: ["document as a whole", "words"],
  lexical: ["shared words", "lexical"],
  centering: ["centering", "other"],
  "image bias": ["bias for pictures", "other"],
};

/** The words for a part, and its colour's name. */
export function named(part) {
  if (part.startsWith("generated")) {
    const origin = part.split(":")[1];
    return [origin ? `generated words (${origin})` : "generated words", "generated"];
  }
  return NAMES[part] ?? [part, "other"];
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
const parts = (explanation) => Object.entries(explanation).filter(([, value]) => value !== 0);
const below = (explanation) => sum(parts(explanation).map(([, value]) => Math.max(0, -value)));
const above = (explanation) => sum(parts(explanation).map(([, value]) => Math.max(0, value)));

/** How far the bars of some explanations reach, so that they can be compared. */
export function scaleOf(explanations) {
  const given = [...explanations].filter((one) => Object.keys(one).length);
  return { left: Math.max(0, ...given.map(below)), right: Math.max(1e-9, ...given.map(above)) };
}

export function bar(explanation, { left, right }) {
  const whole = left + right;
  const segment = ([part, value]) => {
    const [words, colour] = named(part);
    const node = el("span", {
      class: `part of-${colour}${value < 0 ? " minus" : ""}`,
      title: `${words} ${signed(value)}`,
    });
    node.style.width = `${(100 * Math.abs(value)) / whole}%`;
    return node;
  };
  const all = parts(explanation);
  const start = el("span", { class: "gap" });
  start.style.width = `${(100 * (left - below(explanation))) / whole}%`;
  const zero = el("span", { class: "zero" });
  const negative = all.filter(([, value]) => value < 0).map(segment);
  const positive = all.filter(([, value]) => value > 0).map(segment);
  const told = all.map(([part, value]) => `${named(part)[0]} ${signed(value)}`).join(", ");
  return el(
    "div",
    { class: "bar-of-parts", role: "img", "aria-label": `Score: ${told}` },
    start,
    ...negative,
    left ? zero : null,
    ...positive,
  );
}

/** Names, colours and, of one hit, values. */
export function legend(explanations, { values = false } = {}) {
  const rows = new Map();
  for (const explanation of explanations) {
    for (const [part, value] of parts(explanation)) rows.set(part, [part, value]);
  }
  const item = ([part, value]) => {
    const [words, colour] = named(part);
    const swatch = el("span", {
      class: `swatch of-${colour}${values && value < 0 ? " minus" : ""}`,
      "aria-hidden": "true",
    });
    return el("li", {}, swatch, words, values ? el("b", {}, signed(value)) : null);
  };
  return el("ul", { class: "parts" }, ...[...rows.values()].map(item));
}

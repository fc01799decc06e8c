// Words as people read them: excerpts, marks on shared words, numbers and names.

const SMALL = new Set(
  (
    "the and for are was were with that this what which when where who how why does did has have had not " +
    "from into than then they them their there its you your our can could will would about over under between"
  ).split(" "),
);
const LEAD = 240; // characters before the first shared word that a card still shows

/** The words of a query that are worth marking. */
export function telling(query) {
  const words = query.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  // Scripts without spaces have short words; elsewhere the shortest say little.
  return [
    ...new Set(
      words.filter((word) => !SMALL.has(word) && (word.length > 2 || /[^\p{Script=Latin}]/u.test(word))),
    ),
  ];
}

function pattern(words) {
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  // A word also marks its simple inflections: "dog" marks "dogs", not "dogma".
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join("|")})(?:e?s|ed|ing)?(?![\\p{L}\\p{N}])`, "giu");
}

/** Text nodes and <mark>s. */
export function marked(text, words) {
  if (!words.length) return [document.createTextNode(text)];
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(pattern(words))) {
    parts.push(document.createTextNode(text.slice(from, found.index)));
    const mark = document.createElement("mark");
    mark.textContent = found[0];
    parts.push(mark);
    from = found.index + found[0].length;
  }
  parts.push(document.createTextNode(text.slice(from)));
  return parts;
}

/** The text from a little before its first shared word on, cut at a sentence or a word. */
export function excerpt(text, words) {
  const flat = text.replace(/\s+/g, " ").trim();
  const at = words.length ? flat.search(pattern(words)) : -1;
  if (at <= LEAD) return flat;
  const sentence = flat.lastIndexOf(". ", at - 1);
  const start = sentence > at - LEAD ? sentence + 2 : flat.indexOf(" ", at - LEAD / 2) + 1;
  return `… ${flat.slice(start)}`;
}

/** The text without the title it begins with, which is shown above it. */
export function body(hit) {
  const text = hit.text.trim();
  return hit.title && text !== hit.title && text.startsWith(hit.title)
    ? text.slice(hit.title.length).trim()
    : text;
}

export const fileName = (path) => path.split(/[\\/]/).at(-1);

/** What to call a document: never a caption made of a file's name, see `isNamed`. */
export function heading(hit) {
  if (hit.modality === "image" && hit.text.trim()) return hit.text.trim();
  return hit.title.trim() || body(hit).slice(0, 80) || hit.id;
}

/** Whether a picture is shown by its file's name only. */
export const isBare = (hit) => hit.modality === "image" && !hit.text.trim();

const numbers = new Intl.NumberFormat("en");
export const count = (number, one, many = `${one}s`) =>
  `${numbers.format(number)} ${number === 1 ? one : many}`;
export const number = (value) => numbers.format(value);
export const percent = (share) => `${share > 0 && share < 0.01 ? "<1" : Math.round(100 * share)}%`;
export const signed = (value) => `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(3)}`;

/** A part of an error's message, as it stands by itself. */
export const sentence = (text) =>
  text ? `${text[0].toUpperCase()}${text.slice(1)}${/[.?!:^]$/.test(text) ? "" : "."}` : "";

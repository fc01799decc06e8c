// Rows of field, operator and value as a filter expression (docs/filters.md).

const KEYWORDS = new Set(["and", "or", "not", "in", "under", "exists", "true", "false"]);
const NAME = /^[\p{L}\p{M}_][\p{L}\p{M}\p{N}_-]*(\.[\p{L}\p{M}\p{N}_-]+)*$/u;
const NUMBER = /^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$/;
const DATE = /^\d{4}-\d\d-\d\d$/;

const HAS = [
  ["exists", "is there"],
  ["missing", "is missing"],
];
const EQUAL = [
  ["=", "is"],
  ["!=", "is not"],
];

/** What can be asked of a field of each kind, with the words for it. */
export const OPERATORS = {
  text: [...EQUAL, ...HAS],
  number: [...EQUAL, [">=", "at least"], ["<=", "at most"], [">", "more than"], ["<", "less than"], ...HAS],
  date: [["=", "on"], [">=", "since"], ["<=", "until"], ["<", "before"], [">", "after"], ...HAS],
  boolean: [["=", "is"], ...HAS],
  path: [
    ["under", "in folder"],
    ["=", "is the file"],
  ],
};

export const needsValue = (operator) => operator !== "exists" && operator !== "missing";

const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
const spelled = (name) =>
  NAME.test(name) && !KEYWORDS.has(name.toLowerCase()) ? name : `\`${name.replaceAll("`", "``")}\``;

function literal(value, kind) {
  if (kind === "number") return NUMBER.test(value.trim()) ? value.trim() : null;
  if (kind === "date") return DATE.test(value) ? value : null;
  if (kind === "boolean") return value === "true" || value === "false" ? value : null;
  return value ? quoted(value) : null;
}

/** A row's condition; null while it is not complete. */
export function condition([field, operator, value, kind]) {
  if (!field) return null;
  const name = spelled(field);
  if (operator === "exists") return `exists ${name}`;
  if (operator === "missing") return `not exists ${name}`;
  const known = (OPERATORS[kind] ?? OPERATORS.text).some(([one]) => one === operator);
  const right = literal(value, kind);
  return known && right !== null ? `${name} ${operator} ${right}` : null;
}

/** All rows and the expert's expression together; "" where nothing is asked. */
export function expression(rows, raw) {
  const parts = rows.map(condition).filter(Boolean);
  const own = raw.trim();
  if (own) parts.unshift(parts.length ? `(${own})` : own);
  return parts.join(" and ");
}

/** A row in words, for its chip. */
export function inWords([field, operator, value, kind]) {
  const words = (OPERATORS[kind] ?? OPERATORS.text).find(([one]) => one === operator)?.[1] ?? operator;
  return `${field} ${words}${needsValue(operator) ? ` ${value}` : ""}`;
}

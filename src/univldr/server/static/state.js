// What is searched for, as one plain object, and the same in the address and in a request.

import { expression } from "./expression.js";

export const PAGE = 24;

export const nothing = () => ({
  q: "",
  kind: "",
  filters: [], // [field, operator, value, kind]
  where: "",
  like: [],
  plus: [],
  minus: [],
  explain: false,
  picture: null, // { key, uri, preview, name }; never in the address
  lost: false, // the address was made with a picture
  hit: null, // the one that is open
});

export const isAsked = (state) =>
  Boolean(state.q.trim() || state.picture || state.like.length || state.plus.length);

export const isFiltered = (state) => Boolean(state.kind || filterOf(state));

export const filterOf = (state) => expression(state.filters, state.where);

export function toUrl(state) {
  const query = new URLSearchParams();
  const set = (name, value) => value && query.append(name, value);
  set("q", state.q);
  set("kind", state.kind);
  for (const row of state.filters) query.append("f", JSON.stringify(row));
  set("where", state.where);
  for (const name of ["like", "plus", "minus"]) for (const value of state[name]) query.append(name, value);
  set("explain", state.explain && "1");
  set("picture", (state.picture || state.lost) && "1");
  set("hit", state.hit);
  const text = query.toString();
  return text ? `?${text}` : "/";
}

export function fromUrl(search) {
  const query = new URLSearchParams(search);
  const kind = query.get("kind") ?? "";
  return {
    ...nothing(),
    q: query.get("q") ?? "",
    kind: ["image", "text"].includes(kind) ? kind : "",
    filters: query.getAll("f").map(row).filter(Boolean),
    where: query.get("where") ?? "",
    like: query.getAll("like"),
    plus: query.getAll("plus"),
    minus: query.getAll("minus"),
    explain: query.get("explain") === "1",
    lost: query.get("picture") === "1",
    hit: query.get("hit"),
  };
}

function row(text) {
  try {
    const value = JSON.parse(text);
    return Array.isArray(value) && value.length === 4 && value.every((one) => typeof one === "string")
      ? value
      : null;
  } catch {
    return null;
  }
}

/** The body of a search; a page of it begins at `offset`. */
export function request(state, { offset = 0, k = PAGE, explain = false } = {}) {
  const body = { query: state.q, k, offset };
  const where = filterOf(state);
  if (state.picture) body.image = state.picture.uri;
  if (state.kind) body.modality = state.kind;
  if (where) body.where = where;
  if (state.like.length) body.like = state.like;
  if (state.plus.length) body.plus = state.plus.map((text) => ({ text }));
  if (state.minus.length) body.minus = state.minus.map((text) => ({ text }));
  if (explain) body.explain = true;
  return body;
}

/** Equal for states that are answered alike. */
export function keyOf(state) {
  return JSON.stringify({ ...request({ ...state, picture: null }), picture: state.picture?.key });
}

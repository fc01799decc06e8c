// Filters: rows of field, operator and value, and an expression for those who know the language.

import { $, button, el } from "./dom.js";
import { condition, needsValue, OPERATORS } from "./expression.js";

const PATH = { name: "path", kind: "path", values: [], label: "file or folder" };
const TITLE = { name: "title", kind: "text", values: [], label: "title" };
const TYPES = { number: "text", date: "date", text: "text", path: "text" };

export class Filters {
  /** `on(patch)` gets what changed: `filters` or `where`. */
  constructor(on) {
    this.on = on;
    this.fields = [PATH, TITLE];
    this.rows = []; // as shown; some may not be complete
    this.drawn = null;
    this.panel = $("filters");
    this.list = el("div", { class: "rows" });
    this.expert = el("input", {
      id: "where",
      type: "text",
      dir: "auto",
      spellcheck: "false",
      autocapitalize: "off",
      autocomplete: "off",
      placeholder: "year >= 2020 and path under 'trips'",
      "aria-describedby": "where-error",
      maxlength: 20000,
      oninput: () => this.on({ where: this.expert.value }, true),
    });
    this.error = el("div", { id: "where-error", class: "error", role: "alert" });
    this.panel.append(
      this.list,
      el(
        "p",
        { class: "row-actions" },
        button("Add a filter", () => this.add(), { symbol: "plus" }),
        button("Clear all", () => this.clear(), { kind: "quiet" }),
      ),
      el("label", { class: "expert", for: "where" }, el("span", {}, "Expression"), this.expert),
      this.error,
    );
    $("filter").addEventListener("click", () => this.toggle());
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  /** The index says which fields there are. */
  know(fields) {
    const own = fields.filter((field) => field.name !== "path" && field.name !== "title");
    this.fields = [...own, PATH, TITLE];
    this.expert.placeholder = example(own) ?? this.expert.placeholder;
    if (!this.list.contains(document.activeElement)) this.draw();
  }

  toggle(open = !this.isOpen) {
    this.panel.hidden = !open;
    $("filter").setAttribute("aria-expanded", String(open));
    if (open && !this.rows.length) this.add(false);
    this.on({});
    if (open) this.list.querySelector("select")?.focus();
  }

  render(state) {
    const given = JSON.stringify(state.filters);
    const complete = JSON.stringify(this.rows.filter(condition));
    const isOther = given !== complete; // as after going back
    if (isOther) this.rows = state.filters.map((row) => [...row]);
    if (this.expert.value !== state.where) this.expert.value = state.where;
    if (isOther || this.drawn !== this.rows.length) this.draw(); // never while a value is typed
    const number = state.filters.length + (state.where.trim() ? 1 : 0);
    $("filter-count").textContent = String(number);
    $("filter-count").hidden = !number;
    this.panel.querySelector(".row-actions .quiet").hidden = !number;
  }

  /** The server's word on the expression, at its place; "" takes it away. */
  complain(text) {
    this.error.textContent = text;
    if (text) this.expert.setAttribute("aria-invalid", "true");
    else this.expert.removeAttribute("aria-invalid");
    if (text && !this.isOpen) this.toggle(true);
  }

  add(focus = true) {
    const field = this.fields[0];
    this.rows.push([field.name, OPERATORS[field.kind][0][0], "", field.kind]);
    this.draw();
    if (focus) this.list.lastElementChild.querySelector("select").focus();
  }

  clear() {
    this.rows = [];
    this.draw();
    this.on({ filters: [], where: "" });
    $("filter").focus();
  }

  changed(typing = false) {
    this.on({ filters: this.rows.filter(condition).map((row) => [...row]) }, typing);
  }

  draw() {
    this.drawn = this.rows.length;
    this.list.replaceChildren(...this.rows.map((row, at) => this.row(row, at)));
  }

  row(row, at) {
    const [name, operator, value, kind] = row;
    const known = this.fields.some((field) => field.name === name)
      ? this.fields
      : [...this.fields, { name, kind, values: [] }];
    const field = known.find((one) => one.name === name);
    const redraw = (focus) => {
      this.draw();
      this.list.children[at]?.querySelector(focus)?.focus();
      this.changed();
    };
    const fields = select(
      "Field",
      known.map((one) => [one.name, one.label ?? one.name]),
      name,
      (chosen) => {
        const next = known.find((one) => one.name === chosen);
        this.rows[at] = [chosen, OPERATORS[next.kind][0][0], "", next.kind];
        redraw(".field-of");
      },
    );
    fields.classList.add("field-of");
    const operators = select("Condition", OPERATORS[kind] ?? OPERATORS.text, operator, (chosen) => {
      row[1] = chosen;
      redraw(".operator-of");
    });
    operators.classList.add("operator-of");
    const remove = button("", () => this.remove(at), {
      kind: "quiet",
      symbol: "close",
      name: `Remove the filter on ${name}`,
    });
    return el(
      "div",
      { class: "row", role: "group", "aria-label": `Filter ${at + 1}` },
      fields,
      operators,
      needsValue(operator) ? this.value(row, field, value, at) : null,
      remove,
    );
  }

  value(row, field, value, at) {
    const set = (text, typing) => {
      row[2] = text;
      this.changed(typing);
    };
    if (field.kind === "boolean") {
      return select(
        "Value",
        [
          ["", "choose"],
          ["true", "true"],
          ["false", "false"],
        ],
        value,
        (chosen) => set(chosen, false),
      );
    }
    const listed = field.values.length > 0 && field.kind !== "date";
    const input = el("input", {
      type: TYPES[field.kind] ?? "text",
      inputmode: field.kind === "number" ? "decimal" : null,
      dir: "auto",
      value,
      "aria-label": "Value",
      list: listed ? `values-${at}` : null,
      autocomplete: "off",
      oninput: () => set(input.value, true),
    });
    if (!listed) return input;
    return el(
      "span",
      { class: "listed" },
      input,
      el(
        "datalist",
        { id: `values-${at}` },
        ...field.values.map((one) => el("option", { value: String(one) })),
      ),
    );
  }

  remove(at) {
    this.rows.splice(at, 1);
    this.draw();
    this.changed();
    (
      this.list.children[Math.min(at, this.rows.length - 1)]?.querySelector("select") ??
      this.panel.querySelector(".row-actions button")
    ).focus();
  }
}

function select(name, options, value, onchoose) {
  const node = el(
    "select",
    { "aria-label": name, onchange: () => onchoose(node.value) },
    ...options.map(([one, words]) => el("option", { value: one, selected: one === value }, words)),
  );
  return node;
}

/** An expression that means something in this index. */
function example(fields) {
  const field = fields.find((one) => one.kind === "number" && one.values.length);
  return field && /^[a-z_]+$/i.test(field.name)
    ? `${field.name} >= ${field.values[0]} and not modality = 'text'`
    : null;
}

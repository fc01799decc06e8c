// Elements from plain values. Data only ever becomes text nodes and attributes, never markup.

export const $ = (id) => document.getElementById(id);

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  picture: [
    "M6 5h12a2.5 2.5 0 0 1 2.5 2.5v9A2.5 2.5 0 0 1 18 19H6a2.5 2.5 0 0 1-2.5-2.5v-9A2.5 2.5 0 0 1 6 5Z",
    "m4.5 17.5 5-4 3.5 2.5 3-2.5 4 3.5",
    "M9 8.6v2.8M7.6 10h2.8",
  ],
  passage: ["M5 7h14M5 11h14M5 15h14M5 19h8"],
  like: [
    "M4.500 10.500c2.500-3.500 5-3.500 7.500-1.500s5 2 7.500-1.500",
    "M4.500 16.500c2.500-3.500 5-3.500 7.500-1.500s5 2 7.500-1.500",
  ],
  close: ["m7 7 10 10M17 7 7 17"],
  left: ["m14.5 5.500-6.500 6.500 6.500 6.500"],
  right: ["m9.500 5.500 6.500 6.500-6.500 6.500"],
  copy: ["M9 9h10v10H9z", "M15 9V5H5v10h4"],
  plus: ["M12 6v12M6 12h12"],
  minus: ["M6 12h12"],
  filter: ["M4 6h16l-6 7v5l-4 2v-7Z"],
  warn: ["M12 4 21 19.500H3Z", "M12 10v4.500M12 17v.2"],
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const d of ICONS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** An element: `on*` keys are listeners, names of properties are set, anything else is an attribute. */
export function el(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name === "style") Object.assign(node.style, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function button(label, onclick, { kind = "plain", symbol = null, name = null, title = null } = {}) {
  const known = name ?? (symbol && !label ? title : null);
  return el(
    "button",
    { type: "button", class: kind, onclick, "aria-label": known, title },
    symbol && icon(symbol),
    label,
  );
}

/** Tell screen readers, the same words twice too. An open hit makes the page behind it mute. */
export function announce(text) {
  const status = $($("view").open ? "view-status" : "status");
  status.textContent = status.textContent === text ? `${text}\u00a0` : text;
}

export function remember(name, value) {
  try {
    if (value === null) localStorage.removeItem(`univldr-${name}`);
    else localStorage.setItem(`univldr-${name}`, value);
  } catch {
    // Storage may be blocked; then it lasts as long as the page.
  }
}

export function remembered(name) {
  try {
    return localStorage.getItem(`univldr-${name}`);
  } catch {
    return null;
  }
}

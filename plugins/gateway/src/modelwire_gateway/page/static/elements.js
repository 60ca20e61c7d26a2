// Elements and texts. Whatever comes from outside becomes a text node, never markup.

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, String(value));
  }
  for (const child of children) made.append(child instanceof Node ? child : String(child ?? ""));
  return made;
}

// A column is {head, cell(row), number}. Narrow screens show a row as a list of its cells.
export function table(columns, rows, empty) {
  if (!rows.length) return el("p", { class: "faint" }, empty);
  const kind = (column) => (column.number ? "number" : null);
  const head = el("tr", {}, ...columns.map((c) => el("th", { class: kind(c), scope: "col" }, c.head)));
  const body = rows.map((row) =>
    el("tr", {}, ...columns.map((c) => {
      const shown = c.cell(row);
      const inner = shown instanceof Node ? shown : el("span", {}, shown);
      return el("td", { class: kind(c), "data-head": c.head }, inner);
    })),
  );
  return el("div", { class: "scroll" },
    el("table", { class: "stack" }, el("thead", {}, head), el("tbody", {}, ...body)));
}

export function select(label, options, value, changed) {
  const made = el("select", { "aria-label": label, onchange: () => changed(made.value) });
  for (const [key, text] of options) made.append(el("option", { value: key }, text));
  made.value = value;
  return made;
}

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

export const count = (value) => (value == null ? "–" : whole.format(value));
export const compact = (value) => short.format(value);
export const usd = (value) =>
  value == null ? "–" : `$${value.toFixed(value === 0 || value >= 1 ? 2 : value >= 0.01 ? 3 : 6)}`;
// USD per million tokens, where a few tenths of a cent matter.
const million = new Intl.NumberFormat(undefined, { style: "currency", currency: "USD", maximumFractionDigits: 4 });
export const price = (value) => (value == null ? "unknown" : million.format(value));
export const seconds = (value) => (value == null ? "–" : `${value.toFixed(value < 10 ? 2 : 0)} s`);
export const clock = (value) => new Date(value * 1000).toLocaleTimeString();

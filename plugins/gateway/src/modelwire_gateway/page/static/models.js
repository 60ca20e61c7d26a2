// The models that the caller may call.
import { read } from "./client.js";
import { count, el, price, table } from "./elements.js";

const COLUMNS = [
  { head: "Model", cell: (row) => row.id },
  { head: "Name", cell: (row) => row.display_name },
  { head: "Provider", cell: (row) => row.owned_by },
  { head: "Input tokens", cell: (row) => count(row.max_input_tokens), number: true },
  { head: "Output tokens", cell: (row) => count(row.max_tokens), number: true },
  { head: "Input price", cell: (row) => price(row.prices?.input), number: true },
  { head: "Output price", cell: (row) => price(row.prices?.output), number: true },
];
const MOST = 200;

export const models = async () => (await read("ui/api/models")).models;

export async function show(place) {
  const all = await models();
  const list = el("div");
  const search = el("input", { type: "search", class: "grow", placeholder: "Search", "aria-label": "Search models", oninput: fill });
  function fill() {
    const words = search.value.toLowerCase().split(/\s+/);
    const found = all.filter((each) => words.every((word) => `${each.id} ${each.display_name}`.toLowerCase().includes(word)));
    const more = found.length > MOST ? `${MOST} of ${found.length} models` : `${found.length} models`;
    list.replaceChildren(el("p", { class: "faint" }, `${more}; prices in USD per million tokens`), table(COLUMNS, found.slice(0, MOST), "No model matches."));
  }
  fill();
  place.replaceChildren(el("div", { class: "bar" }, search), list);
}

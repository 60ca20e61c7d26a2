// Usage and cost by day, in a chart and a table.
import { columns } from "./charts.js";
import { read } from "./client.js";
import { compact, count, el, select, table, usd } from "./elements.js";

const MEASURES = {
  cost: ["Cost", (row) => row.cost, usd],
  tokens: ["Tokens", (row) => row.input + row.cache_read + row.cache_write + row.output, compact],
  requests: ["Requests", (row) => row.requests, compact],
};
const GROUPS = {
  model: ["by model", (row) => row.model],
  caller: ["by key", (row) => `${row.name} (${row.caller})`],
  owner: ["by owner", (row) => row.owner ?? "–"],
};
const SERIES = 7;
const chosen = { days: "30", measure: "cost", group: "model" };

function daysBetween(since, until) {
  const found = [];
  for (let at = Date.parse(`${since}T00:00Z`); at <= Date.parse(`${until}T00:00Z`); at += 86_400_000) {
    found.push(new Date(at).toISOString().slice(0, 10));
  }
  return found;
}

// The largest groups each as a series, and the others as one.
function seriesOf(days, rows, groupOf, valueOf) {
  const index = new Map(days.map((day, at) => [day, at]));
  const groups = new Map();
  for (const row of rows) {
    const name = groupOf(row);
    if (!groups.has(name)) groups.set(name, { name, values: days.map(() => 0), sum: 0 });
    const group = groups.get(name);
    group.values[index.get(row.day)] += valueOf(row);
    group.sum += valueOf(row);
  }
  const sorted = [...groups.values()].sort((a, b) => b.sum - a.sum);
  const rest = sorted.slice(SERIES);
  if (rest.length < 2) return sorted;
  const values = days.map((_, at) => rest.reduce((sum, each) => sum + each.values[at], 0));
  return [...sorted.slice(0, SERIES), { name: `${rest.length} others`, values, sum: values.reduce((a, b) => a + b, 0) }];
}

function sums(rows, groupOf) {
  const found = new Map();
  for (const row of rows) {
    const name = groupOf(row);
    const into = found.get(name) ?? { name, requests: 0, unpriced: 0, input: 0, cached: 0, output: 0, cost: 0 };
    into.requests += row.requests;
    into.unpriced += row.unpriced;
    into.input += row.input + row.cache_write;
    into.cached += row.cache_read;
    into.output += row.output;
    into.cost += row.cost;
    found.set(name, into);
  }
  return [...found.values()].sort((a, b) => b.cost - a.cost || b.requests - a.requests);
}

const COLUMNS = [
  { head: "Requests", cell: (row) => count(row.requests), number: true },
  { head: "Input", cell: (row) => count(row.input), number: true },
  { head: "From cache", cell: (row) => count(row.cached), number: true },
  { head: "Output", cell: (row) => count(row.output), number: true },
  { head: "Cost", cell: (row) => usd(row.cost) + (row.unpriced ? " and more" : ""), number: true },
];

export async function show(place, { operator }) {
  const found = await read(`ui/api/usage?days=${encodeURIComponent(chosen.days)}`);
  const again = (name) => (value) => {
    chosen[name] = value;
    if (name === "days") place.dispatchEvent(new Event("again"));
    else draw();
  };
  const groups = Object.entries(GROUPS).filter(([name]) => operator || name === "model");
  const bar = el("div", { class: "bar" },
    select("Measure", Object.entries(MEASURES).map(([name, [text]]) => [name, text]), chosen.measure, again("measure")),
    select("Group", groups.map(([name, [text]]) => [name, text]), chosen.group, again("group")),
    select("Days", [["7", "7 days"], ["30", "30 days"], ["90", "90 days"]], chosen.days, again("days")),
  );
  const below = el("div");
  function draw() {
    const [title, valueOf, format] = MEASURES[chosen.measure];
    const groupOf = (GROUPS[chosen.group] ?? GROUPS.model)[1];
    const days = daysBetween(found.since, found.until);
    const series = seriesOf(days, found.rows, groupOf, valueOf);
    below.replaceChildren(
      el("h2", {}, `${title} a day (UTC)`),
      columns(`${title} a day`, Math.max(place.clientWidth, 280), days, series, format),
      el("ul", { class: "legend" }, ...series.map((each, at) =>
        el("li", {}, el("span", { class: `swatch s${Math.min(at, 7)}` }), `${each.name}: ${format(each.sum)}`))),
      table([{ head: "Of", cell: (row) => row.name }, ...COLUMNS], sums(found.rows, groupOf), "Nothing was used."),
    );
  }
  if (found.kept) draw();
  else below.replaceChildren(el("p", { class: "faint" }, "This gateway stores no usage."));
  place.replaceChildren(bar, below);
}

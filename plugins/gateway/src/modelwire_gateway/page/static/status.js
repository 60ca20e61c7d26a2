// The caller with its limits, and the providers with the state of their credentials.
import { read } from "./client.js";
import { count, el, table, usd } from "./elements.js";

const LIMITS = [
  ["requests_per_minute", "requests a minute", count],
  ["tokens_per_minute", "tokens a minute", count],
  ["concurrency", "requests at a time", count],
  ["budget_day", "a day (UTC)", usd],
  ["budget_month", "a month (UTC)", usd],
];

const card = (text, value) => el("div", { class: "card" }, el("b", {}, value), text);

const note = (row) =>
  el("span", {}, row.reason ?? (row.hint ? "" : "–"), row.reason && row.hint ? el("br") : "", row.hint);

export async function show(place) {
  const { caller, providers, ready, version } = await read("ui/api/status");
  const usable = providers.filter((each) => each.state === "usable").length;
  const limits = LIMITS.filter(([name]) => caller.limits[name] != null);
  const columns = [
    { head: "Provider", cell: (row) => row.id },
    { head: "Credentials", cell: (row) => el("span", { class: row.state }, row.state) },
  ];
  if (caller.operator) {
    columns.push(
      { head: "Source", cell: (row) => row.source ?? "–" },
      { head: "Expires", cell: (row) => (row.expires_at == null ? "–" : new Date(row.expires_at * 1000).toLocaleString()) },
      { head: "Note", cell: note },
    );
  }
  place.replaceChildren(
    el("div", { class: "cards" },
      card("gateway", ready ? "ready" : "not ready"), card("version", version), card("providers usable", usable)),
    el("h2", {}, "Limits of this key"),
    limits.length
      ? el("div", { class: "cards" }, ...limits.map(([name, text, form]) => card(text, form(caller.limits[name]))))
      : el("p", { class: "faint" }, "None."),
    el("p", { class: "faint" }, `Models: ${caller.models.length ? caller.models.join(", ") : "all"}`),
    el("h2", {}, "Providers"),
    table(columns, providers, "No provider is installed."),
  );
}

// The requests that are open, and those that ended last.
import { read } from "./client.js";
import { clock, count, el, seconds, table, usd } from "./elements.js";

export const everyMilliseconds = 2000;

const outcome = (row) => row.open
  ? el("span", { class: "open" }, "open")
  : el("span", { class: row.failure ? "failed" : "ok" }, row.failure ? `${row.status} ${row.failure}` : row.status);

export async function show(place, { operator }) {
  const found = await read("ui/api/requests");
  const rows = [
    ...found.open.map((row) => ({ ...row, open: true, seconds: Math.max(0, found.now - row.began) })),
    ...found.ended,
  ];
  const columns = [
    { head: "Began", cell: (row) => clock(row.began) },
    { head: "Model", cell: (row) => row.model ?? row.name ?? "–" },
    { head: "API", cell: (row) => (row.stream ? `${row.door}, streamed` : row.door) },
    ...(operator ? [{ head: "Key", cell: (row) => row.caller ?? "–" }] : []),
    { head: "Status", cell: outcome },
    { head: "First byte", cell: (row) => seconds(row.first_byte), number: true },
    { head: "Time", cell: (row) => seconds(row.seconds), number: true },
    { head: "Input", cell: (row) => count(row.input_tokens), number: true },
    { head: "Output", cell: (row) => count(row.output_tokens), number: true },
    { head: "Cost", cell: (row) => usd(row.cost), number: true },
  ];
  place.replaceChildren(
    el("p", { class: "faint" }, `${found.open.length} open, of this process; the last ${found.ended.length} that ended.`),
    table(columns, rows, "No request yet."),
  );
}

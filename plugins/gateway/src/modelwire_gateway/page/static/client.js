// Requests to the gateway. The key goes in a header field alone: never in an address or a cookie.

const STORED = "modelwire-key";
const ROOT = new URL("../", import.meta.url);
let key = sessionStorage.getItem(STORED) ?? "";

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export function useKey(given, keep) {
  key = given;
  if (keep) sessionStorage.setItem(STORED, given);
  else sessionStorage.removeItem(STORED);
}

export const forgetKey = () => useKey("", false);

async function request(path, options = {}) {
  const headers = { ...options.headers };
  if (key) headers.authorization = `Bearer ${key}`;
  const answer = await fetch(new URL(path, ROOT), {
    ...options, headers, credentials: "omit", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer",
  });
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => null);
  throw new Refused(answer.status, String(body?.error?.message ?? `The gateway answered ${answer.status}.`));
}

export const read = async (path) => (await request(path)).json();

// Yields the chunks of a streamed chat completion.
export async function* complete(body, signal) {
  const answer = await request("v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
    signal,
  });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error("The answer was cut off.");
    rest += value;
    const lines = rest.split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data: ")) continue;
      const data = line.slice(6).trim();
      if (data === "[DONE]") return;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new Error(String(chunk.error.message));
      yield chunk;
    }
  }
}

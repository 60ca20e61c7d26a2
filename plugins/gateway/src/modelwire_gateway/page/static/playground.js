// A conversation with a model; it is kept in this tab alone.
import { complete } from "./client.js";
import { count, el } from "./elements.js";
import { models } from "./models.js";

let messages = [];
let running = null;
let made = null;

function bubble(role, text) {
  const said = el("p", {}, text);
  const thought = el("p", { class: "thinking" });
  const note = el("small");
  return { said, thought, note, box: el("div", { class: `message ${role}` }, el("small", {}, role), thought, said, note) };
}

async function answer(form, log, body) {
  const shown = bubble("assistant", "");
  log.append(shown.box);
  running = new AbortController();
  form.dataset.running = "";
  let said = "", usage = null, reason = null;
  try {
    for await (const chunk of complete(body, running.signal)) {
      const choice = chunk.choices?.[0];
      if (choice?.delta?.content) {
        said += choice.delta.content;
        shown.said.append(choice.delta.content);
      }
      if (choice?.delta?.reasoning_content) shown.thought.append(choice.delta.reasoning_content);
      reason = choice?.finish_reason ?? reason;
      usage = chunk.usage ?? usage;
    }
    shown.note.textContent = `${reason ?? "stop"}` +
      (usage ? `, ${count(usage.prompt_tokens)} + ${count(usage.completion_tokens)} tokens` : "");
  } catch (error) {
    if (running.signal.aborted) shown.note.textContent = "stopped";
    else shown.box.append(el("p", { class: "error" }, error.message));
  } finally {
    running = null;
    delete form.dataset.running;
  }
  return said;
}

function build() {
  const names = el("datalist", { id: "model-names" });
  const model = el("input", { class: "grow", list: "model-names", placeholder: "Model", "aria-label": "Model", required: true, autocomplete: "off" });
  const system = el("textarea", { rows: 1, placeholder: "System prompt (optional)", "aria-label": "System prompt" });
  const prompt = el("textarea", { rows: 3, placeholder: "Message", "aria-label": "Message", required: true });
  const send = el("button", { type: "submit" }, "Send");
  const stop = el("button", { type: "button", disabled: true, onclick: () => running?.abort() }, "Stop");
  const log = el("div", { id: "log", "aria-live": "polite" });
  const clear = el("button", { type: "button", onclick: reset }, "Clear");
  const form = el("form", { onsubmit: submit },
    el("div", { class: "bar" }, model, names), system, log, prompt, el("div", { class: "bar" }, send, stop, clear));

  function reset() {
    running?.abort();
    messages = [];
    log.replaceChildren();
  }

  async function submit(event) {
    event.preventDefault();
    if (running) return;
    const question = { role: "user", content: prompt.value };
    const conversation = messages = [...messages, question];
    log.append(bubble("user", prompt.value).box);
    prompt.value = "";
    [send.disabled, stop.disabled] = [true, false];
    const first = system.value.trim() ? [{ role: "system", content: system.value }] : [];
    const text = await answer(form, log, { model: model.value.trim(), messages: [...first, ...conversation] });
    [send.disabled, stop.disabled] = [false, true];
    if (messages !== conversation) return;
    // Without an answer the question is not part of the conversation either.
    messages = text ? [...conversation, { role: "assistant", content: text }] : conversation.slice(0, -1);
  }

  prompt.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  return { form, names, model, reset };
}

export async function show(place) {
  made ??= build();
  if (made.form.parentNode !== place) place.replaceChildren(made.form);
  const found = await models();
  made.names.replaceChildren(...found.map((each) => el("option", { value: each.id }, each.display_name)));
}

// Ends and forgets the conversation, as when the caller signs out.
export function forget() {
  made?.reset();
  made = null;
}

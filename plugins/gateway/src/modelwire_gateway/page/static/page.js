// Signing in, the views, and when they are read again.
import { forgetKey, read, Refused, useKey } from "./client.js";
import * as models from "./models.js";
import * as playground from "./playground.js";
import * as requests from "./requests.js";
import * as status from "./status.js";
import * as usage from "./usage.js";

const VIEWS = { status, models, usage, requests, playground };
const at = (id) => document.getElementById(id);
let caller = null;
let current = "status";
let turn = 0;
let timer;

function signedOut(message = "") {
  clearTimeout(timer);
  turn += 1;
  caller = null;
  forgetKey();
  playground.forget();
  for (const name of Object.keys(VIEWS)) at(name).replaceChildren();
  at("app").hidden = at("leave").hidden = true;
  at("login").hidden = false;
  at("who").textContent = "";
  at("login-error").textContent = message;
  at("key").focus();
}

async function signIn() {
  caller = (await read("ui/api/status")).caller;
  at("key").value = "";
  at("login").hidden = true;
  at("app").hidden = at("leave").hidden = false;
  at("who").textContent = caller.name;
  at("login-error").textContent = "";
  await open(current);
}

async function refresh() {
  clearTimeout(timer);
  const mine = (turn += 1);
  const view = VIEWS[current];
  try {
    await view.show(at(current), caller);
    if (mine === turn) at("trouble").textContent = "";
  } catch (error) {
    if (mine !== turn) return;
    if (error instanceof Refused && error.status === 401) return signedOut("The key is no longer good.");
    at("trouble").textContent = error.message;
  }
  if (mine === turn && view.everyMilliseconds) timer = setTimeout(tick, view.everyMilliseconds);
}

// A hidden page sends no requests.
const tick = () => (document.hidden ? undefined : refresh());

async function open(name) {
  current = name;
  for (const each of Object.keys(VIEWS)) {
    at(each).hidden = each !== name;
    at(`tab-${each}`).setAttribute("aria-selected", String(each === name));
  }
  at("trouble").textContent = "";
  await refresh();
}

for (const name of Object.keys(VIEWS)) {
  at(`tab-${name}`).addEventListener("click", () => open(name));
  at(name).addEventListener("again", refresh);
}
at("leave").addEventListener("click", () => signedOut());
document.addEventListener("visibilitychange", () => {
  if (caller && !document.hidden && VIEWS[current].everyMilliseconds) refresh();
});
at("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  useKey(at("key").value.trim(), at("keep").checked);
  try {
    await signIn();
  } catch (error) {
    signedOut(error.message);
  }
});

// A gateway may need no key, or the tab may have kept one.
signIn().catch((error) => signedOut(error instanceof Refused && error.status === 401 ? "" : error.message));

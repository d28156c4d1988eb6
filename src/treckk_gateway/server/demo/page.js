"use strict";
// The visitor's page: what it does goes through the gateway's own API with each role's own token.
const $ = (id) => document.getElementById(id);
const el = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};
let world, channel, chosen, file, seen = {}, shown = "";

async function json(url, options = {}) {
  const answer = await fetch(url, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.detail || body.title || `HTTP ${answer.status}`);
  return body;
}
const api = (role, path, body) => json(`/api/v1${path}`, {
  method: body ? "POST" : "GET",
  headers: {Authorization: `Bearer ${world.tokens[role]}`, ...(body ? {"Content-Type": "application/json"} : {})},
  ...(body ? {body: JSON.stringify(body)} : {}),
});
const trouble = (problem) => { $("problem").textContent = problem ? problem.message : ""; };

function drawTabs() {
  $("tabs").replaceChildren(...world.channels.map((one) => {
    const fresh = one.lines.length - (seen[one.id] ?? 0);
    const tab = el("button", {type: "button", textContent: one.title, onclick: () => { channel = one.id; drawPhone(); }});
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-selected", String(one.id === channel));
    tab.dataset.channel = one.id;
    if (one.id !== channel && fresh > 0) tab.append(el("span", {className: "new", textContent: fresh}));
    return tab;
  }));
}
function drawPhone() {
  const one = world.channels.find((each) => each.id === channel);
  seen[channel] = one.lines.length;
  drawTabs();
  const key = channel + one.lines.length;
  if (key === shown) return;
  shown = key;
  $("chat").replaceChildren(...one.lines.map((line) => {
    const item = el("li", {className: line.mine ? "me" : "unit"});
    if (line.subject) item.append(el("b", {textContent: line.subject}));
    line.text.split(/\*([^*\n]+)\*/).forEach((part, number) => item.append(number % 2 ? el("strong", {textContent: part}) : part));
    return item;
  }));
  $("chat").scrollTop = $("chat").scrollHeight;
}
function drawCases(cases) {
  $("cases").replaceChildren(...(cases.length ? cases : [null]).map((one) => {
    if (!one) return el("li", {textContent: "none yet"});
    const button = el("button", {type: "button", onclick: () => { chosen = one.reference; refresh(); }},
      `${one.reference} `, el("span", {className: `state ${one.urgency === "emergency" ? "urgent" : ""}`, textContent: one.state}));
    button.setAttribute("aria-current", String(one.reference === chosen));
    return el("li", {}, button);
  }));
}
function drawFile() {
  $("file").hidden = !file;
  if (!file) return;
  $("reference").textContent = file.reference;
  $("state").textContent = file.state;
  const place = [file.village, file.district].filter(Boolean).map((code) => world.places[code]).join(", ");
  $("facts").textContent = [file.intent, file.category, place, file.post && `post ${file.post}`, file.urgency]
    .filter(Boolean).join(" · ");
  $("history").replaceChildren(...file.events.map((one) =>
    el("li", {textContent: `${one.kind}${one.target ? ` → ${one.target}` : ""} by ${one.actor} (${one.role})`})));
  $("deliveries").replaceChildren(...file.deliveries.map((one) =>
    el("li", {textContent: `${one.template} to ${one.to} over ${one.channel_id}: ${one.state}`})));
}
const FIELDS = {
  post: () => el("select", {name: "post"}, ...world.posts.map(([id, name]) => el("option", {value: id, textContent: name}))),
  reason: () => el("select", {name: "reason"}, ...world.reasons.map((id) => el("option", {value: id, textContent: id}))),
  office: () => el("select", {name: "office"}, ...world.offices.map(([id, name]) => el("option", {value: id, textContent: name}))),
  missing: () => el("input", {name: "missing", value: "location, time", required: true}),
  topic: () => el("input", {name: "topic", value: "Bidang Trantibum", required: true}),
  parent: () => el("input", {name: "parent", placeholder: "TRK-...", required: true}),
  note: () => el("input", {name: "note", placeholder: "told to the reporter", required: true}),
};
function stepForm(role, step) {
  const form = el("form", {}, el("button", {textContent: `→ ${step.to}`}));
  form.dataset.to = step.to;
  form.prepend(...step.needs.map((need) => FIELDS[need]()));
  form.onsubmit = async (event) => {
    event.preventDefault();
    const body = Object.fromEntries(new FormData(form));
    if (body.missing) body.missing = body.missing.split(",").map((one) => one.trim());
    try {
      trouble();
      await api(role, `/cases/${file.reference}/transitions`, {to: step.to, ...body});
    } catch (problem) { trouble(problem); }
    refresh();
  };
  return form;
}
let panels = "";
function drawRoles() {
  const key = file ? file.reference + file.version : "";
  if (key === panels) return;
  panels = key;
  $("roles").replaceChildren(...world.roles.map(([role, title]) => {
    const steps = file ? world.steps.filter((one) => one.from === file.state && one.roles.includes(role)) : [];
    const note = file ? (steps.length ? "" : "nothing to do now") : "choose a case";
    const panel = el("section", {}, el("h2", {textContent: title}), el("p", {textContent: note}),
      ...steps.map((one) => stepForm(role, one)));
    panel.dataset.role = role;
    return panel;
  }));
}
let running = false, again = false;
async function refresh() {
  if (running) { again = true; return; }
  running = true;
  try {
    world = await json("/demo/state");
    channel ??= world.channels[0].id;
    const {items} = await api("admin", "/cases");
    chosen ??= items[0]?.reference;
    file = chosen ? await api("admin", `/cases/${chosen}`) : undefined;
    drawPhone(); drawCases(items); drawFile(); drawRoles();
    const books = world.books;
    $("books").textContent = `received ${books.received} = filed ${books.filed} + parked ${books.parked} + new ${books.new}`
      + ` · waiting to leave ${books.outbox} · dead letters ${books.dead}`;
  } catch (problem) { trouble(problem); }
  running = false;
  if (again) { again = false; refresh(); }
}
$("write").onsubmit = async (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  try {
    trouble();
    await json("/demo/write", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({channel, text})});
  } catch (problem) { trouble(problem); }
  chosen = undefined;
  refresh();
};
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); $("write").requestSubmit(); }
});
refresh().then(() => {
  $("hints").replaceChildren(...world.hints.map((hint) =>
    el("button", {type: "button", textContent: hint.length > 34 ? `${hint.slice(0, 32)} …` : hint, onclick: () => { $("text").value = hint; $("text").focus(); }})));
});
new EventSource("/demo/events").onmessage = refresh;
setInterval(refresh, 2000);

"use strict";
// Everything that comes from the sandbox is set as text, never as HTML.

const ROOT = "/_sandbox";
const ROWS = 200;
const SWITCHES = [
  { name: "Submissions: answer lost after the job was made", kind: "reset_after", operation: "CREATE" },
  { name: "Submissions: refused for the rate", kind: "error", operation: "CREATE", throttle: true },
  { name: "Everything: HTTP 503", kind: "http", operation: "*", status: 503 },
  { name: "Everything: 3 seconds late", kind: "delay", operation: "*", ms: 3000 },
  { name: "Status: a word that nobody knows", kind: "unknown_state", operation: "*" },
  { name: "Pictures: cut in half", kind: "truncate", operation: "asset" },
  { name: "Pictures: one byte wrong", kind: "flip_byte", operation: "asset" },
];
const CREATE = {
  tencent: ["CreateAigcImageTask"],
  alibaba: [
    "PersonalizedTextToImageAddInferenceJob", "Personalizedtxt2imgAddInferenceJob", "Personalizedtxt2imgAddModelTrainJob",
  ],
};
const SETTINGS = {
  duration: "Seconds a job takes",
  rate: "Tencent requests a second (0: any)",
  alibaba_rate: "Alibaba requests a second (0: any)",
  concurrency: "Tencent tasks at once (0: any)",
};

const $ = (id) => document.getElementById(id);
let since = 0, epoch = null, jobs = new Map(), last = null, busy = false;

function element(name, options, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(options || {})) {
    if (key === "text") made.textContent = value;
    else if (key === "class") made.className = value;
    else if (key in made && typeof made[key] !== "object") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function text(node, value) { if (node.textContent !== value) node.textContent = value; }

// What the page shows.

function showJob(job) {
  const key = job.provider + "/" + job.id;
  let card = jobs.get(key);
  if (!card) {
    card = element("article", { class: "job" });
    card.dataset.job = job.id;
    card.state = element("p");
    card.bar = element("progress", { max: 1 });
    card.pictures = element("div", { class: "pictures" });
    card.prompt = element("p", { class: "prompt", text: job.prompt || "(no prompt)" });
    card.append(card.prompt, element("p", { class: "id", text: job.provider + " " + job.kind + " " + job.id }),
      card.state, card.bar, card.pictures);
    card.shown = "";
    jobs.set(key, card);
  }
  text(card.state, job.state + (job.why ? ": " + job.why : ""));
  card.state.className = "state " + (job.ended ? (job.good ? "good" : "bad") : "busy");
  card.bar.value = job.share;
  card.bar.hidden = job.ended;
  const wanted = job.images + "/" + job.generation;
  if (job.images && card.shown !== wanted) {
    card.shown = wanted;
    card.pictures.replaceChildren(...Array.from({ length: job.images }, (_, index) => {
      const query = new URLSearchParams({ provider: job.provider, job: job.id, index, generation: job.generation });
      return element("img", { src: ROOT + "/image?" + query, alt: "picture " + (index + 1) + " of " + job.prompt,
        loading: "lazy", width: job.width, height: job.height });
    }));
  }
  return card;
}

function showJobs(view) {
  const cards = view.jobs.map(showJob);
  const known = new Set(view.jobs.map((job) => job.provider + "/" + job.id));
  for (const [key, card] of jobs) if (!known.has(key)) { card.remove(); jobs.delete(key); }
  const place = $("jobs");
  cards.forEach((card, at) => { if (place.children[at] !== card) place.insertBefore(card, place.children[at] || null); });
  $("no-jobs").hidden = view.jobs.length > 0;
  text($("jobs-title"), view.jobs.length < view.jobs_total ? "Jobs (the newest " + view.jobs.length + " of " +
    view.jobs_total + ")" : "Jobs");
}

function showRequest(entry) {
  const answer = entry.status === null ? "" : String(entry.status) + (entry.code ? " " + entry.code : "");
  const checks = element("td");
  for (const [name, good] of entry.checks) {
    checks.append(element("span", { class: good ? "good" : "bad", text: (good ? "\u2713 " : "\u2717 ") + name }), " ");
  }
  if (entry.fault) checks.append(element("span", { class: "bad", text: "fault: " + entry.fault }));
  const row = element("tr", {}, element("td", { text: String(entry.number) }),
    element("td", {}, element("div", { text: entry.operation }),
      element("div", { class: "id", text: entry.method + " " + entry.path })),
    element("td", { class: entry.code ? "bad" : "good", text: answer }), checks);
  row.dataset.number = entry.number;
  return row;
}

function showRequests(view) {
  const place = $("requests");
  for (const entry of view.requests) {
    const row = showRequest(entry);
    const before = place.querySelector('tr[data-number="' + Number(entry.number) + '"]');
    if (before) before.replaceWith(row);
    else place.prepend(row);
  }
  while (place.children.length > ROWS) place.lastElementChild.remove();
}

function showMeters(view) {
  $("meters").replaceChildren(...view.meters.map((row) => element("tr", {},
    element("td", {}, element("div", { text: row.operation }), element("div", { class: "id", text: row.provider })),
    element("td", { text: String(row.now) }), element("td", { text: String(row.most) }),
    element("td", { text: row.limit ? String(row.limit) : "none" }),
    element("td", {}, row.left === null ? "" : element("meter", { min: 0, max: Math.max(row.limit, 1), value: row.left })),
    element("td", { text: String(row.refused) }))));
}

function showSettings(view) {
  const form = $("settings");
  for (const [name, label] of Object.entries(SETTINGS)) {
    let input = form.querySelector('[name="' + name + '"]');
    if (!input) {
      input = element("input", { name, type: "number", min: 0, step: "any" });
      input.addEventListener("change", () => {
        if (input.value !== "") post("POST", "/config", { [name]: Number(input.value) });
      });
      form.append(element("label", { text: label + " " }, input));
    }
    if (document.activeElement !== input) input.value = view.settings[name];
  }
}

// Switches.

function wanted(choice) {
  const made = [];
  const operations = choice.operation === "CREATE"
    ? Object.entries(CREATE).flatMap(([provider, names]) => names.map((name) => ({ provider, operation: name })))
    : [{ operation: choice.operation }];
  for (const where of operations) {
    const fault = { kind: choice.kind, times: -1, ...where };
    for (const name of ["status", "ms"]) if (name in choice) fault[name] = choice[name];
    if (choice.throttle) fault.code = where.provider === "tencent" ? "RequestLimitExceeded" : "Throttling.User";
    made.push(fault);
  }
  return made;
}

function inForce(choice) {
  const same = (fault, want) => Object.entries(want).every(([name, value]) => fault[name] === value);
  return wanted(choice).map((want) => last.faults.find((fault) => same(fault, want))).filter(Boolean);
}

async function flip(choice) {
  const on = inForce(choice);
  if (on.length) for (const fault of on) await post("DELETE", "/faults?id=" + fault.id);
  else for (const fault of wanted(choice)) await post("POST", "/faults", fault);
}

function makeSwitches() {
  SWITCHES.forEach((choice) => {
    const button = element("button", { type: "button", role: "switch", "aria-checked": "false", text: choice.name });
    button.dataset.kind = choice.kind;
    button.addEventListener("click", () => flip(choice));
    choice.button = button;
    $("switches").append(button);
  });
}

function showFaults(view) {
  for (const choice of SWITCHES) choice.button.setAttribute("aria-checked", String(inForce(choice).length > 0));
  $("faults").replaceChildren(...view.faults.map((fault) => {
    const left = fault.times < 0 ? "until switched off" : fault.times + " more";
    const off = element("button", { type: "button", text: "Off" });
    off.addEventListener("click", () => post("DELETE", "/faults?id=" + fault.id));
    return element("li", {}, fault.kind + " on " + fault.operation + ", " + left + ", met " + fault.fired + " times ", off);
  }));
}

function options(select, names) {
  if (select.dataset.names === names.join()) return;
  const before = select.value;
  select.dataset.names = names.join();
  select.replaceChildren(...names.map((name) => element("option", { value: name, text: name })));
  if (names.includes(before)) select.value = before;
}

// Talking to the sandbox.

async function post(method, path, body) {
  try {
    const answer = await fetch(ROOT + path, { method, body: body === undefined ? undefined : JSON.stringify(body),
      headers: body === undefined ? {} : { "Content-Type": "application/json" } });
    const said = await answer.json();
    text($("problem"), answer.ok ? "" : String(said.error || answer.status));
  } catch (problem) {
    text($("problem"), "the sandbox does not answer");
  }
  await look();
}

function show(view) {
  if (epoch !== view.epoch || view.last < since) {
    if (epoch !== null) { $("requests").replaceChildren(); $("jobs").replaceChildren(); jobs.clear(); }
    epoch = view.epoch;
  }
  last = view;
  since = view.open === null ? view.last : Math.min(view.last, view.open - 1);
  showJobs(view); showRequests(view); showMeters(view); showSettings(view); showFaults(view);
  options($("kind"), view.kinds); options($("operation"), view.operations);
  const made = Object.entries(view.created).map(([name, count]) => name + " " + count).join(", ") || "none";
  text($("totals"), "jobs made: " + made + "; the same prompt again: " + view.duplicates);
}

async function look() {
  if (busy) return;
  busy = true;
  try {
    const answer = await fetch(ROOT + "/view?since=" + since, { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.json());
    text($("link"), "live");
    $("link").className = "good";
  } catch (problem) {
    text($("link"), "the sandbox does not answer");
    $("link").className = "bad";
  } finally {
    busy = false;
  }
}

async function loop() {
  await look();
  setTimeout(loop, document.hidden ? 5000 : 500);
}

makeSwitches();
$("fault").addEventListener("submit", (event) => {
  event.preventDefault();
  post("POST", "/faults", { kind: $("kind").value, operation: $("operation").value, times: Number($("times").value) });
});
$("settings").addEventListener("submit", (event) => event.preventDefault());
$("expire").addEventListener("click", () => post("POST", "/expire", {}));
$("reset").addEventListener("click", () => post("POST", "/reset", {}));
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
loop();

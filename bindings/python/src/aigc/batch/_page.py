"""The page of report.html, without what is in it. Texts come in as data, and go into the page as text only."""

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src 'self' data: file:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>aigc batch</title>
<style>
:root { color-scheme: light dark; --line: #8884; --bad: #c22; --good: #2a7a3f; --soft: #8881; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 1200px; padding: 16px; }
h1 { font-size: 20px; margin: 0 0 4px; } h2 { font-size: 16px; margin: 24px 0 8px; }
.quiet { opacity: .7; }
#chips { display: flex; flex-wrap: wrap; gap: 8px; margin: 12px 0; position: sticky; top: 0; background: Canvas; padding: 8px 0;
  z-index: 1; }
button { font: inherit; border: 1px solid var(--line); border-radius: 999px; padding: 4px 12px; background: var(--soft);
  color: inherit; cursor: pointer; }
button[aria-pressed=true] { outline: 2px solid currentColor; }
button.done { color: var(--good); } button.bad { color: var(--bad); }
input { font: inherit; flex: 1 1 200px; padding: 4px 12px; border: 1px solid var(--line); border-radius: 999px; }
.group { border: 1px solid var(--line); border-left: 4px solid var(--bad); border-radius: 6px; padding: 8px 12px; margin: 8px 0;
  overflow-wrap: anywhere; }
code { display: block; background: var(--soft); padding: 6px 8px; border-radius: 4px; margin-top: 6px; white-space: pre-wrap; }
svg { width: 100%; height: 130px; } rect { fill: #4a7fd0; } text { fill: currentColor; font-size: 12px; }
#grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(190px, 1fr)); gap: 12px; }
.card { border: 1px solid var(--line); border-radius: 6px; overflow: hidden; font-size: 13px; }
.card img { display: block; width: 100%; height: 190px; object-fit: contain; background: var(--soft); }
.card p { margin: 6px 8px; overflow-wrap: anywhere; max-height: 6em; overflow: hidden; }
.card .state { font-weight: 600; color: var(--bad); } .card.done .state { color: var(--good); }
</style>
<h1>aigc batch: <span id="out"></span></h1>
<div class="quiet" id="made"></div>
<div id="stops"></div>
<div id="chips"></div>
<div id="groups"></div>
<section id="durations"><h2>Durations, from acceptance to picture</h2><!--PLOT--></section>
<h2 id="count"></h2>
<div id="grid"></div>
<div id="end"></div>
<!--DATA-->
<script>
"use strict";
const read = id => JSON.parse(document.getElementById(id).textContent);
const head = read("head"), rows = read("rows");
const $ = id => document.getElementById(id);
function make(tag, text, kind) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (kind) node.className = kind;
  return node;
}
$("out").textContent = head.out;
$("made").textContent = head.made + " · " + head.rows + " rows" +
  (head.shown < head.rows ? ", of which the page shows " + head.shown + "; all are in results.jsonl" : "") + " · " +
  (head.inside ? "pictures are inside this file" : "pictures stay beside this file, in its folder: keep them together");
for (const text of head.stops) $("stops").append(make("div", text, "group"));
if (!$("durations").querySelector("svg")) $("durations").remove();
let state = null, words = "";
const chips = [["all", head.rows], ...head.counts];
for (const [name, count] of chips) {
  const chip = make("button", name + " " + count, name === "done" ? "done" : name === "all" ? "" : "bad");
  chip.dataset.state = name;
  chip.setAttribute("aria-pressed", name === "all");
  chip.onclick = () => {
    state = name === "all" ? null : name;
    for (const other of document.querySelectorAll("#chips button")) other.setAttribute("aria-pressed", other === chip);
    show();
  };
  $("chips").append(chip);
}
const search = make("input");
search.type = "search";
search.placeholder = "search keys, prompts and reasons";
search.setAttribute("aria-label", search.placeholder);
search.oninput = () => { words = search.value.toLowerCase(); show(); };
$("chips").append(search);
if (head.groups.length) $("groups").append(make("h2", "What is not done, by reason"));
for (const group of head.groups) {
  const box = make("div", undefined, "group");
  box.append(make("b", group.number + " " + group.state + ": "), make("span", group.reason));
  box.append(make("div", group.keys.join(", ") + (group.number > group.keys.length ? ", …" : ""), "quiet"));
  box.append(make("code", group.command));
  $("groups").append(box);
}
const PART = 60;
let chosen = [], drawn = 0;
function card([key, number, stands, prompt, files, thumbs, seconds, reason]) {
  const box = make("div", undefined, "card" + (stands === "done" ? " done" : ""));
  files.forEach((file, index) => {
    const link = make("a"), image = make("img");
    link.href = file.split("/").map(encodeURIComponent).join("/");
    image.loading = "lazy";
    image.decoding = "async";
    image.alt = key;
    image.src = thumbs[index] || link.href;
    link.append(image);
    box.append(link);
  });
  const line = make("p");
  line.append(make("span", stands, "state"), make("span", " " + key + (seconds === null ? "" : " · " + seconds + " s")));
  box.append(line);
  if (reason) box.append(make("p", reason));
  if (prompt) { const text = make("p", prompt, "quiet"); text.title = prompt; box.append(text); }
  return box;
}
function more() {
  const part = document.createDocumentFragment();
  for (const end = Math.min(chosen.length, drawn + PART); drawn < end; drawn++) part.append(card(chosen[drawn]));
  $("grid").append(part);
}
function show() {
  chosen = rows.filter(row => (state === null || row[2] === state) &&
    (!words || (row[0] + " " + row[3] + " " + row[7]).toLowerCase().includes(words)));
  drawn = 0;
  $("grid").replaceChildren();
  $("count").textContent = chosen.length + " rows";
  more();
}
new IntersectionObserver(seen => { if (seen.some(one => one.isIntersecting) && drawn < chosen.length) more(); },
  { rootMargin: "600px" }).observe($("end"));
addEventListener("scroll", () => {
  if (drawn < chosen.length && innerHeight + scrollY > document.body.scrollHeight - 800) more();
}, { passive: true });
show();
document.documentElement.dataset.ready = "yes";
</script>
</html>
"""

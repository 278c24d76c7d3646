// The page to review: bad cases and doubtful answers as a grid, labelled by keys.

import { ask, byId, element, glyphCanvas, isTyping, labelButtons, labelOfKey, labelText, LABELS, REASONS, REPORTER, sendJson, showModel, toast } from "./common.js";
import { startGroups } from "./groups.js";
import { startModels } from "./models.js";
import { Pending } from "./pending.js";

const PAGE = 100;
const MOST_OF_GROUP = 300;
const pending = new Pending((line) => toast(line));
const grid = byId("grid");
let kind = "cases"; // or "doubtful"
let group = null; // the group that is shown, or null for what the filters choose
let next = null;
let loading = 0;

// One entry of either queue, told alike.
const told = {
  cases: (each) => ({
    id: each.id, glyph: each.glyph, title: `${labelText(each.label)} read as ${labelText(each.answer.digit)}`,
    notes: [each.source, each.answer.reason ? REASONS[each.answer.reason] : each.state, `case ${each.id}`],
    label: (label) => sendJson(`badcases/${each.id}/label`, { label, reporter: REPORTER }, { keepalive: true }),
  }),
  doubtful: (each) => ({
    id: each.id, glyph: each.glyph, title: each.answer.rejected ? `maybe ${each.answer.best}` : `read as ${each.answer.digit}`,
    notes: [`${(100 * each.answer.confidence).toFixed(0)} % sure`, each.answer.reason ? REASONS[each.answer.reason] : "accepted"],
    label: (label) => sendJson(`doubtful/${each.id}/label`, { label, reporter: REPORTER }, { keepalive: true }),
    dismiss: () => ask(`doubtful/${each.id}`, { method: "DELETE", keepalive: true }),
  }),
};

function query(after) {
  const wanted = new URLSearchParams({ limit: PAGE });
  if (kind === "doubtful") {
    if (after) wanted.set("below", after);
    return `doubtful?${wanted}`;
  }
  wanted.set("pictures", "true");
  if (after) wanted.set("after", after);
  if (group) { for (const number of group.cases.slice(0, MOST_OF_GROUP)) wanted.append("number", number); return `badcases?${wanted}`; }
  for (const [name, value] of new FormData(byId("filters"))) if (value.trim()) wanted.append(name, value.trim());
  return `badcases?${wanted}`;
}

async function load(after = null) {
  const number = ++loading;
  await pending.flush();
  let page;
  try {
    page = await ask(query(after));
  } catch (error) {
    toast(error.message);
    return;
  }
  if (number !== loading) return;
  if (!after) grid.replaceChildren();
  grid.append(...page[kind].map((each) => card(told[kind](each))));
  if (kind === "cases") offerModels(page.cases);
  next = page.next;
  byId("more").hidden = next === null;
  const none = byId("none");
  none.hidden = grid.children.length > 0;
  none.textContent = kind === "cases" ? "No case fits these filters." : "No doubtful answer is waiting.";
  byId("pad").hidden = !grid.children.length;
  if (!after) mark(grid.firstElementChild, false);
}

// The models that read cases are proposed in their filter.
function offerModels(cases) {
  const names = byId("model-names");
  const known = new Set([...names.children].map((option) => option.value));
  for (const { answer } of cases) {
    const [name] = answer.model.split(",");
    if (!known.has(name)) { known.add(name); names.append(element("option", { value: name })); }
  }
}

function card(entry) {
  const made = element("div", { class: "card", role: "option", "aria-selected": "false", id: `${kind}-${entry.id}`, "aria-label": [entry.title, ...entry.notes].join(", "), onclick: () => mark(made) },
    glyphCanvas(entry.glyph, entry.title), element("strong", {}, entry.title), ...entry.notes.map((note) => element("div", {}, note)));
  made.entry = entry;
  return made;
}

const marked = () => grid.querySelector('[aria-selected="true"]');

function mark(made, scroll = true) {
  marked()?.setAttribute("aria-selected", "false");
  if (!made) { grid.removeAttribute("aria-activedescendant"); return; }
  made.setAttribute("aria-selected", "true");
  grid.setAttribute("aria-activedescendant", made.id);
  if (scroll) made.scrollIntoView({ block: "nearest" });
}

function move(steps) {
  const cards = [...grid.children];
  const at = cards.indexOf(marked());
  mark(cards[Math.min(Math.max(at + steps, 0), cards.length - 1)]);
}

const columns = () => getComputedStyle(grid).gridTemplateColumns.split(" ").length;

// The next card that nobody has looked at; the same one where there is none.
function onward(made) {
  const cards = [...grid.children];
  const rest = [...cards.slice(cards.indexOf(made) + 1), ...cards.slice(0, cards.indexOf(made))];
  mark(rest.find((each) => !each.classList.contains("done")) || made);
}

function say(label) {
  const made = marked();
  if (!made) return;
  if (made.classList.contains("done")) { toast("This one is labelled. U takes the last label back."); return; }
  act(made, `It is ${labelText(label)}.`, labelText(label), () => made.entry.label(label));
}

function skip() {
  const made = marked();
  if (!made || made.classList.contains("done")) return;
  if (made.entry.dismiss) act(made, "Left as it is.", "left", () => made.entry.dismiss());
  else onward(made);
}

function act(made, line, badge, send) {
  const title = made.querySelector("strong");
  const before = title.textContent;
  title.textContent = badge;
  made.classList.add("done");
  pending.add(send, () => { title.textContent = before; made.classList.remove("done"); mark(made); });
  toast(line, "Undo", undo);
  onward(made);
}

function undo() {
  if (!pending.undo()) toast("Nothing to take back: it is stored. Label it again to change it.");
}

const steps = { ArrowRight: () => 1, ArrowLeft: () => -1, ArrowDown: columns, ArrowUp: () => -columns(), Home: () => -1e9, End: () => 1e9 };

document.addEventListener("keydown", (event) => {
  if (isTyping(event) || byId("queue").hidden || document.querySelector("dialog")) return;
  if (event.target.closest("[role=tablist]") && event.key.startsWith("Arrow")) return;
  const label = labelOfKey(event);
  const key = event.key.toLowerCase();
  if (label !== undefined) say(label);
  else if (event.key in steps) move(steps[event.key]());
  else if (key === "u" || (key === "z" && (event.ctrlKey || event.metaKey))) undo();
  else if (key === "s") skip();
  else return;
  event.preventDefault();
});

const tabs = ["cases", "doubtful", "groups", "models"];

function open(name, focus = false) {
  for (const each of tabs) {
    const tab = byId(`tab-${each}`);
    tab.setAttribute("aria-selected", String(each === name));
    tab.tabIndex = each === name ? 0 : -1;
    if (focus && each === name) tab.focus();
  }
  const queue = name === "cases" || name === "doubtful";
  byId("queue").hidden = !queue;
  byId("groups").hidden = name !== "groups";
  byId("models").hidden = name !== "models";
  byId("together").hidden = true;
  group = null;
  byId("choice").hidden = name !== "cases";
  byId("queue").setAttribute("aria-labelledby", `tab-${name}`);
  history.replaceState(null, "", `#${name}`);
  if (!queue) { pending.flush().then(() => (name === "models" ? startModels() : startGroups(openGroup))); return; }
  kind = name;
  load();
}

// The cases of one group, in the queue of cases.
function openGroup(chosen) {
  open("cases");
  group = chosen;
  byId("choice").hidden = true;
  byId("together").hidden = false;
  byId("together-title").textContent = `${chosen.cases.length} cases: ${chosen.name}`;
  byId("together-why").textContent = `${chosen.why}. Proposed: ${chosen.proposal}.`;
  load();
}

// Labels all cases that are shown and not labelled yet, as one action that can be taken back.
function sayAll(label) {
  const cards = [...grid.children].filter((made) => !made.classList.contains("done"));
  if (!cards.length) return;
  const before = cards.map((made) => made.querySelector("strong").textContent);
  for (const made of cards) { made.classList.add("done"); made.querySelector("strong").textContent = labelText(label); }
  pending.add(
    async () => { for (const made of cards) await made.entry.label(label); },
    () => cards.forEach((made, at) => { made.classList.remove("done"); made.querySelector("strong").textContent = before[at]; }),
  );
  toast(`All ${cards.length}: ${labelText(label)}.`, "Undo", undo);
}

for (const [at, name] of tabs.entries()) {
  byId(`tab-${name}`).addEventListener("click", () => open(name));
  byId(`tab-${name}`).addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) open(tabs[(at + step + tabs.length) % tabs.length], true);
  });
}
for (const label of LABELS) byId("filters").elements.label.append(element("option", { value: label }, labelText(label)));
labelButtons(byId("pad"), say);
labelButtons(byId("all"), sayAll);
byId("filters").addEventListener("submit", (event) => { event.preventDefault(); load(); });
byId("filters").addEventListener("change", () => { if (byId("filters").reportValidity()) load(); });
byId("more").addEventListener("click", () => load(next));
byId("choice").open = matchMedia("(min-width: 46rem)").matches;
showModel();
open(tabs.includes(location.hash.slice(1)) ? location.hash.slice(1) : "cases");

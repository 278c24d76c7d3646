// The page to read digits: draw or bring images, see the answer, correct it.

import { Board } from "./board.js";
import { ask, byId, drawGlyph, element, glyphCanvas, isTyping, labelButtons, labelOfKey, labelText, REASONS, REPORTER, showModel, toast } from "./common.js";

const WITH = "recognize?explain=6&past=4&pictures=true";
const MOST_FILES = 200;
let shown = null; // { image, name, answer }: what is on the right
let asked = 0;

const board = new Board(byId("board"), async (inked) => {
  if (!inked) return show(null);
  await read(await board.image(), "drawing");
});

async function read(image, name) {
  const number = ++asked;
  try {
    const { answers } = await ask(WITH, { method: "POST", headers: { "Content-Type": image.type || "application/octet-stream" }, body: image });
    const found = { image, name, answer: answers[0] };
    if (number === asked) show(found); // an earlier answer that comes late is not shown
    return found;
  } catch (error) {
    if (number === asked) fail(error.message);
    return null;
  }
}

function show(found) {
  shown = found;
  byId("result").hidden = !found;
  byId("empty").hidden = Boolean(found);
  if (!found) return;
  const { answer } = found;
  const digit = byId("digit");
  digit.textContent = answer.rejected ? "?" : answer.digit;
  digit.className = answer.rejected ? "refused" : "accepted";
  const sure = `${(100 * answer.confidence).toFixed(1)} %`;
  byId("summary").textContent = answer.rejected ? `Refused: ${REASONS[answer.reason]}` : `${sure} sure`;
  const guess = answer.best === null ? "" : `best guess ${answer.best}, ${sure}`;
  byId("why").textContent = answer.rejected ? guess : answer.specialist ? `decided by the specialist ${answer.specialist}` : "";
  drawGlyph(byId("seen"), answer.glyph);
  byId("kept").textContent = "";
  mark(null);
  showScores(answer.scores);
  fill("neighbors", answer.neighbors.map((hit) => tile(hit.glyph, labelText(hit.label), `${Math.round(100 * hit.similarity)} % alike`)), "none");
  fill("past", (answer.past || []).map((hit) => tile(hit.glyph, `${labelText(hit.label)} read as ${labelText(hit.read)}`, `case ${hit.case}`)), "none yet");
  byId("looks-like").textContent = answer.looks_like ? `${answer.looks_like[0].toUpperCase()}${answer.looks_like.slice(1)}.` : "";
}

function fail(line) {
  show(null);
  byId("empty").textContent = line;
}

function showScores(scores) {
  byId("scores").replaceChildren(...scores.map((score, digit) => {
    const name = digit === 10 ? "no digit" : String(digit);
    const bar = element("div", { class: "fill" });
    bar.style.height = `${100 * score}%`;
    return element("div", { class: "score", role: "listitem", "aria-label": `${name}: ${(100 * score).toFixed(1)} percent`, title: `${name}: ${(100 * score).toFixed(1)} %` },
      element("div", { class: "track" }, bar), digit === 10 ? "–" : name);
  }));
}

function tile(glyph, title, note) {
  return element("div", { class: "tile", role: "listitem" }, glyphCanvas(glyph, title), element("strong", {}, title), element("div", {}, note));
}

function fill(id, tiles, otherwise) {
  byId(id).replaceChildren(...(tiles.length ? tiles : [element("p", { class: "quiet", role: "listitem" }, otherwise)]));
}

function mark(label) {
  for (const button of byId("labels").children) button.setAttribute("aria-pressed", String(button.dataset.label === String(label)));
}

async function correct(label) {
  if (!shown) return;
  const { image, name } = shown;
  const about = new URLSearchParams({ label, source: name === "drawing" ? "drawn" : "page", reporter: REPORTER, name });
  mark(label);
  try {
    const { outcomes } = await ask(`badcases?${about}`, { method: "POST", headers: { "Content-Type": image.type || "application/octet-stream" }, body: image });
    const line = `Kept as case ${outcomes[0].case}: it is ${labelText(label)}.`;
    byId("kept").textContent = line;
    toast(line, "Review", () => { location.href = "review"; });
  } catch (error) {
    mark(null);
    toast(error.message);
  }
}

async function readFiles(files) {
  const images = [...files];
  if (images.length > MOST_FILES) toast(`The first ${MOST_FILES} of ${images.length} files are read.`);
  for (const file of images.slice(0, MOST_FILES)) {
    const found = await read(file, file.name || "pasted");
    if (!found) { toast(`${file.name || "image"}: ${byId("empty").textContent}`); continue; }
    const title = found.answer.rejected ? "?" : String(found.answer.digit);
    const small = element("button", { type: "button", class: "tile", title: found.name, onclick: () => show(found) },
      glyphCanvas(found.answer.glyph, `${found.name}: ${title}`), element("strong", {}, title));
    byId("others").prepend(element("div", { role: "listitem" }, small));
  }
}

labelButtons(byId("labels"), correct);
byId("clear").addEventListener("click", () => board.clear());
byId("undo").addEventListener("click", () => board.undo());
byId("pick").addEventListener("click", () => byId("files").click());
byId("files").addEventListener("change", (event) => { readFiles(event.target.files); event.target.value = ""; });
document.addEventListener("paste", (event) => readFiles(event.clipboardData.files));
document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  readFiles(event.dataTransfer.files);
});
document.addEventListener("keydown", (event) => {
  if (isTyping(event) || document.querySelector("dialog")) return;
  const label = labelOfKey(event);
  if (event.key === "Escape" || event.key === "Delete") board.clear();
  else if (event.key.toLowerCase() === "z" && !event.altKey) board.undo();
  else if (label !== undefined) correct(label);
});
showModel();

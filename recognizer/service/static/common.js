// What both pages share: asking the service, drawing glyphs, messages.

export const REASONS = {
  blank: "nothing is drawn", not_a_digit: "looks like no digit", low_confidence: "too uncertain",
  ambiguous: "two digits fit", several_glyphs: "more than one character", unlike_known: "unlike known digits",
};
export const LABELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, "reject"];
export const REPORTER = "page";
const TOKEN = "recognizer-token";

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export const byId = (id) => document.getElementById(id);

export const labelText = (label) => (label === null ? "?" : label === "reject" ? "no digit" : String(label));

// The label that a key stands for; undefined for none.
export function labelOfKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  if (/^[0-9]$/.test(event.key)) return Number(event.key);
  return event.key.toLowerCase() === "r" ? "reject" : undefined;
}

export const isTyping = (event) => /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "file";

export function labelButtons(place, chosen) {
  for (const label of LABELS) {
    const key = label === "reject" ? "R" : label;
    const name = label === "reject" ? "no digit (R)" : `it is ${label}`;
    place.append(element("button", { type: "button", "data-label": label, "aria-label": name, title: name, onclick: () => chosen(label) }, String(key)));
  }
}

// Asks the service; throws an Error with its line where it refuses. A service that is busy is asked again.
export async function ask(path, options = {}, tries = 3) {
  const token = sessionStorage.getItem(TOKEN);
  const headers = { ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch {
    throw new Error("the service can't be reached");
  }
  if (answer.status === 401) {
    await askForToken();
    return ask(path, options, tries);
  }
  if (answer.status === 503 && tries > 1) {
    await new Promise((done) => setTimeout(done, 1000 * Number(answer.headers.get("Retry-After") || 1)));
    return ask(path, options, tries - 1);
  }
  const told = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) throw new Error(told.error || `the service answered ${answer.status}`);
  return told;
}

export const sendJson = (path, body, further = {}) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), ...further });

let asking = null;

function askForToken() {
  asking ??= new Promise((done) => {
    const field = element("input", { type: "password", name: "token", autocomplete: "off", "aria-label": "Token", required: true });
    const form = element("form", { method: "dialog" }, element("h2", {}, "Token"),
      element("p", {}, "This service is open to other machines. Enter its token."), field,
      element("button", { class: "primary" }, "Go on"));
    const dialog = element("dialog", {}, form);
    dialog.addEventListener("close", () => {
      sessionStorage.setItem(TOKEN, field.value.trim());
      dialog.remove();
      asking = null;
      done();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
  return asking;
}

// Base64 of 28×28 bytes onto a canvas.
export function drawGlyph(canvas, pixels) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(28, 28);
  const bytes = atob(pixels);
  for (let i = 0; i < 784; i += 1) {
    const level = bytes.charCodeAt(i);
    image.data.set([level, level, level, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

export function glyphCanvas(pixels, name) {
  const canvas = element("canvas", { class: "glyph", width: 28, height: 28, role: "img", "aria-label": name });
  return pixels ? drawGlyph(canvas, pixels) : canvas;
}

let fading;

// A line at the bottom, with a button if there is something to do about it.
export function toast(line, action, act, seconds = 6) {
  const place = byId("toast");
  place.replaceChildren(element("span", {}, line));
  if (action) place.append(element("button", { type: "button", onclick: () => { place.hidden = true; act(); } }, action));
  place.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { place.hidden = true; }, 1000 * seconds);
}

export async function showModel() {
  try {
    const { serving } = await ask("models");
    byId("model").textContent = serving ? `Answers by ${serving}` : "";
  } catch (error) {
    byId("model").textContent = error.message;
  }
}

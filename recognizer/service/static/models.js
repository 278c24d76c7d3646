// The models there are: what a candidate would change, promote it, roll back.

import { ask, byId, element, glyphCanvas, labelText, REPORTER, sendJson, showModel, toast } from "./common.js";

let candidate = null;

export async function startModels() {
  byId("comparison").hidden = true;
  try {
    showVersions(await ask("models"));
  } catch (error) {
    toast(error.message);
  }
}

function showVersions(models) {
  byId("versions").tBodies[0].replaceChildren(...models.models.map((each) => {
    const action = each.current
      ? element("strong", {}, "current")
      : element("button", { type: "button", onclick: () => compare(each.version) }, "Compare");
    return element("tr", {}, ...[each.version, each.origin, each.at.slice(0, 10), each.why, action].map((cell) => element("td", {}, cell)));
  }));
  byId("rollback").hidden = !models.follows_registry;
}

async function compare(version) {
  byId("comparison").hidden = true;
  let found;
  try {
    found = await ask(`models/${encodeURIComponent(version)}/compare`);
  } catch (error) {
    toast(error.message);
    return;
  }
  candidate = version;
  byId("comparison").hidden = false;
  byId("comparison-title").textContent = `${version} against ${found.current}`;
  byId("comparison-summary").textContent = found.cases
    ? `Of ${found.cases} cases with a label, ${found.right_before} are right now and ${found.right_after} would be: ${found.mended} mended, ${found.broken} broken.`
    : "There are no cases with a label to compare on.";
  byId("changed").replaceChildren(...found.changed.map(changedCard));
  byId("comparison").scrollIntoView({ block: "nearest" });
  byId("promote").focus({ preventScroll: true });
}

function changedCard(each) {
  const title = `${labelText(each.before)} → ${labelText(each.after)}`;
  return element("div", { class: "card", role: "listitem" }, glyphCanvas(each.glyph, `shows ${labelText(each.label)}`), element("strong", {}, title),
    element("div", {}, `shows ${labelText(each.label)}`), element("div", { class: each.verdict }, each.verdict));
}

async function change(path, done) {
  for (const id of ["promote", "rollback"]) byId(id).disabled = true;
  try {
    const { current } = await sendJson(path, { who: REPORTER, why: "on the review page" });
    toast(`${done} ${current}.`);
    await Promise.all([startModels(), showModel()]);
  } catch (error) {
    toast(error.message);
  } finally {
    for (const id of ["promote", "rollback"]) byId(id).disabled = false;
  }
}

byId("promote").addEventListener("click", () => change(`models/${encodeURIComponent(candidate)}/use`, "Answers now come from"));
byId("rollback").addEventListener("click", () => change("models/rollback", "Rolled back to"));

// The models there are: what a candidate would change, promote it, roll back.

import { ask, byId, element, glyphCanvas, labelText, REPORTER, sendJson, showModel, toast } from "./common.js";

let promotion = null; // where the button sends what is compared

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
  byId("candidate").hidden = !models.has_candidate;
}

async function compare(version) {
  const path = `models/${encodeURIComponent(version)}`;
  const found = await asked(`${path}/compare`);
  if (!found) return;
  const summary = found.cases
    ? `Of ${found.cases} cases with a label, ${found.right_before} are right now and ${found.right_after} would be: ${found.mended} mended, ${found.broken} broken.`
    : "There are no cases with a label to compare on.";
  showComparison(found, `${version} against ${found.current}`, summary, `${path}/use`);
}

// The candidate of `badcase learn`: what must hold before it may be promoted.
async function judge() {
  byId("judge").disabled = true;
  const found = await asked("candidate");
  byId("judge").disabled = false;
  if (!found) return;
  showComparison(found, `The candidate against ${found.current}`, found.passed ? "It passes." : "It does not pass.", "candidate/promote");
  byId("promote").disabled = !found.passed;
  byId("checks").replaceChildren(...found.checks.map((check) =>
    element("li", {}, `${check.passed ? "holds" : "FAILS"}: ${check.name}, ${check.before} of ${check.n} right, then ${check.after} (${check.rule})`)));
}

async function asked(path) {
  byId("comparison").hidden = true;
  try {
    return await ask(path);
  } catch (error) {
    toast(error.message);
    return null;
  }
}

function showComparison(found, title, summary, path) {
  promotion = path;
  byId("comparison").hidden = false;
  byId("checks").replaceChildren();
  byId("promote").disabled = false;
  byId("comparison-title").textContent = title;
  byId("comparison-summary").textContent = summary;
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

byId("promote").addEventListener("click", () => change(promotion, "Answers now come from"));
byId("judge").addEventListener("click", judge);
byId("rollback").addEventListener("click", () => change("models/rollback", "Rolled back to"));

// The groups of the diagnosis: what bad cases have in common, and what to do about it.

import { ask, byId, element } from "./common.js";

const CHANCE = (p) => (p === null ? "" : `, p = ${p.toPrecision(2)}`);

export async function startGroups(open) {
  byId("diagnosis").textContent = "Looking through all cases …";
  byId("group-list").replaceChildren();
  try {
    const found = await ask("groups");
    byId("diagnosis").textContent = `${found.cases} cases with a label, ${found.bad} of them read wrongly. ${found.groups.length ? "" : "There is nothing to group."}`;
    byId("group-list").replaceChildren(...found.groups.map((group) => panel(group, open)));
  } catch (error) {
    byId("diagnosis").textContent = error.message;
  }
}

function panel(group, open) {
  return element("div", { class: "panel" },
    element("h2", {}, group.name),
    element("p", { class: "quiet" }, `${group.cases.length} cases: ${group.why}${CHANCE(group.p_value)}.`),
    element("p", {}, `Proposed: ${group.proposal}.`),
    element("div", { class: "row" }, element("button", { type: "button", onclick: () => open(group) }, "Look, label")));
}

// A segment exchanges every part of the page for the same part with its numbers.
const templates = all("template[data-name]");
const whole = all(":scope > .part", main);
let drawn = "";

function segmentChoice() {
  if (!templates.length) return [];
  const groups = new Map();
  for (const t of templates) groups.set(t.dataset.column, [...(groups.get(t.dataset.column) ?? []), t]);
  const select = html("select", { id: "segment", onchange: () => choose({ segment: select.value }) }, html("option", { value: "" }, "all"));
  for (const [column, values] of groups) {
    const group = html("optgroup", { label: column });
    for (const t of values) group.append(html("option", { value: t.dataset.name }, `${t.dataset.value} (${number(+t.dataset.size)} sessions)`));
    select.append(group);
  }
  if (data.leftOut) select.append(html("option", { disabled: true }, `${number(data.leftOut)} more values: --segment`));
  listeners.push(() => (select.value = known() ? state.segment : ""));
  return [html("label", { for: "segment" }, "Customers"), select];
}

const known = () => templates.find((t) => t.dataset.name === state.segment);

listeners.push(() => {
  const wanted = known();
  const name = wanted ? wanted.dataset.name : "";
  if (name === drawn) return;
  const parts = wanted ? [...wanted.content.cloneNode(true).querySelectorAll(".part")] : whole;
  const now = all(":scope > .part", main);
  now[0].before(...parts);
  for (const part of now) part.remove();
  drawn = name;
  parts.forEach(bringAlive);
  document.body.dataset.segment = name;
  tell(wanted ? `Only ${name}` : "All customers");
});

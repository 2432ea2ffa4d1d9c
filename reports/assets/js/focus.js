// One touchpoint, or all of a stage, brought out: what does not concern it steps back.
const STAGE = "stage:";

function focusChoice() {
  const select = html("select", { id: "focus", onchange: () => choose({ place: select.value }) }, html("option", { value: "" }, "every touchpoint"));
  const stages = data.stages.map(([name]) => html("option", { value: STAGE + name }, name));
  if (stages.length) select.append(html("optgroup", { label: "Stages" }, ...stages));
  select.append(html("optgroup", { label: "Touchpoints" }, ...data.places.map((p) => html("option", { value: p }, p))));
  const clear = html("button", { type: "button", class: "clear", onclick: () => choose({ place: "" }) }, "Show everything");
  listeners.push(() => {
    if (state.place && ![...select.options].some((o) => o.value === state.place)) select.append(html("option", { value: state.place }, state.place));
    select.value = state.place;
    clear.hidden = !state.place;
  });
  return [html("label", { for: "focus" }, "Look at"), select, clear];
}

function chosenPlaces() {
  if (!state.place.startsWith(STAGE)) return state.place ? new Set([state.place]) : null;
  return new Set((data.stages.find(([name]) => name === state.place.slice(STAGE.length)) ?? ["", []])[1]);
}

const BETWEEN = "\u2063";
const placesOf = (node) => node.dataset.place.split(BETWEEN);
const toggle = (place) => choose({ place: state.place === place ? "" : place });

listeners.push(() => {
  const chosen = chosenPlaces();
  document.body.classList.toggle("focused", chosen !== null);
  for (const node of all("[data-place]", main)) {
    const off = chosen !== null && !placesOf(node).some((p) => chosen.has(p));
    node.classList.toggle("off", off);
    node.classList.toggle("on", chosen !== null && !off);
  }
  for (const table of all("table.data", main)) filterRows(table, chosen);
  for (const button of all("[role=button][data-means]", main)) button.setAttribute("aria-pressed", String(button.dataset.means === state.place));
});

/** A table of which some rows name the choice shows only these. */
function filterRows(table, chosen) {
  const rows = [...table.tBodies[0].rows];
  const named = (row) => [...row.cells].some((cell) => cell.querySelector("bdi") && chosen.has(textOf(cell)));
  const some = chosen !== null && rows.some(named);
  for (const row of rows) row.hidden = some && !named(row);
}

/** Names can be chosen with the mouse and the keyboard, marks with the mouse. */
function choosable(part) {
  for (const name of all(".place, .touch .name, .map-head h3 span", part)) {
    const holder = name.closest("[data-place]");
    const place = name.closest(".map-head") ? STAGE + textOf(name) : holder && placesOf(holder).length === 1 && !name.closest("thead") ? holder.dataset.place : textOf(name);
    if (place.startsWith("(")) continue;
    name.classList.add("place");
    fill(name, { role: "button", tabindex: "0", "aria-pressed": "false", title: "Look at this one", "data-means": place }, []);
    name.addEventListener("click", () => toggle(place));
    name.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      toggle(place);
    });
  }
  part.addEventListener("click", (event) => {
    const mark = event.target.closest("svg [data-place]");
    if (mark) toggle(placesOf(mark)[0]);
  });
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !closeMenus() && state.place) choose({ place: "" });
});

// Bring the page alive.
const alive = new WeakSet();

function bringAlive(part) {
  if (alive.has(part)) return;
  alive.add(part);
  all("table.data, table.leaks", part).forEach((table, i) => sortable(table, `${part.dataset.part}.${i}`));
  all("figure", part).forEach(menuOf);
  pathViews(part);
  choosable(part);
}

const bar = html("nav", { class: "choices", "aria-label": "What the page shows" }, ...segmentChoice(), ...focusChoice());
main.before(bar);
document.body.append(voice);
document.documentElement.classList.add("alive");
whole.forEach(bringAlive);
addEventListener("hashchange", () => {
  readAddress();
  show();
});
readAddress();
show();

// The switch between the three views of the paths, and how many touchpoints they tell apart.
function pathViews(part) {
  const figure = part.querySelector("figure.paths");
  if (!figure) return;
  const usual = +figure.dataset.shown;
  const told = JSON.parse(figure.querySelector(".flows-data").textContent);
  const most = Math.min(told.names.length - 3, 15);
  const radios = all("input[name=view]", figure);
  const shown = html("output", { for: "top" });
  const slider = html("input", { type: "range", id: "top", min: Math.min(3, most), max: most, oninput: () => choose({ top: +slider.value === usual ? "" : slider.value }) });
  figure.querySelector(".switch").append(html("span", { class: "top" }, html("label", { for: "top" }, "Touchpoints"), slider, shown));
  for (const radio of radios) radio.addEventListener("change", () => choose({ view: radio.value }));
  const chart = figure.querySelector(".flows .scroll");
  let last = chart.querySelector("svg") ? usual : 0;

  listeners.push(() => {
    if (!figure.isConnected) return;
    const wanted = radios.find((r) => r.value === state.view) ?? radios[0];
    wanted.checked = true;
    figure.querySelector(".top").hidden = wanted.value === "graph";
    const k = Math.max(+slider.min, Math.min(most, +state.top || usual));
    slider.value = k;
    shown.textContent = k;
    if (k !== last) {
      chart.replaceChildren(drawSankey(told, k));
      last = k;
    }
    for (const node of all("[data-rank]", figure)) node.classList.toggle("beyond", +node.dataset.rank >= k);
    trimMatrix(figure, k);
  });
}

/** Columns of the matrix follow their headings. */
function trimMatrix(figure, k) {
  const table = figure.querySelector("table.matrix");
  if (!table) return;
  const last = table.tHead.rows[0].cells.length - 1;
  for (const row of table.tBodies[0].rows) {
    for (let i = 2; i < last; i++) row.cells[i].classList.toggle("beyond", i - 2 >= k);
  }
}

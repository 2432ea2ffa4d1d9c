// Every figure can be taken along: copied, or saved as a file.
const KINDS = {
  CSV: async (figure) => new Blob(["\ufeff" + csvOf(figure)], { type: "text/csv" }),
  SVG: async (figure) => new Blob([new XMLSerializer().serializeToString(pictureOf(figure))], { type: "image/svg+xml" }),
  PNG: (figure) => pngOf(figure),
};

/** The figure's table, values as they are; text that a spreadsheet would run is defused. */
function csvOf(figure) {
  const onShow = (t) => getComputedStyle(t.closest(".view") ?? figure).display !== "none";
  const shown = all("table.data", figure).find(onShow) ?? all("table", figure).find(onShow);
  const cell = (c) => {
    const text = c.dataset.v ?? textOf(c);
    const safe = c.dataset.v === undefined && /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [...shown.rows].filter((r) => !r.hidden).map((r) => [...r.cells].map(cell).join(",")).join("\n") + "\n";
}

function nameOf(figure, kind) {
  const section = figure.closest("section").querySelector("h2");
  const words = [data.title, section ? textOf(section) : "numbers", drawn].filter(Boolean).join(" ");
  return words.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 80) + "." + kind.toLowerCase();
}

async function save(figure, kind) {
  const link = html("a", { href: URL.createObjectURL(await KINDS[kind](figure)), download: nameOf(figure, kind) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  tell(`${link.download} saved`);
}

/** Onto the clipboard; where the browser refuses, into a file. */
async function copy(figure, kind) {
  try {
    const blob = await KINDS[kind](figure);
    const item = kind === "PNG" ? { "image/png": blob } : { "text/plain": new Blob([(await blob.text()).replace(/^\ufeff/, "")], { type: "text/plain" }) };
    await navigator.clipboard.write([new ClipboardItem(item)]);
    tell(`${kind} copied`);
    return true;
  } catch {
    await save(figure, kind);
    return false;
  }
}

function menuOf(figure) {
  const list = html("div", { class: "list", hidden: true });
  const button = html("button", { type: "button", class: "take", "aria-expanded": "false", onclick: () => open() }, "Copy or save");
  const menu = html("div", { class: "menu" }, button, list);
  for (const kind of Object.keys(KINDS)) {
    const one = html("button", { type: "button", onclick: () => act(one, copy) }, "Copy");
    const two = html("button", { type: "button", onclick: () => act(two, save) }, "Save");
    for (const [b, word] of [[one, "Copy"], [two, "Save"]]) b.setAttribute("aria-label", `${word} as ${kind}`);
    list.append(html("span", {}, kind), one, two);

    async function act(pressed, what) {
      const copied = await what(figure, kind);
      const word = pressed.textContent;
      pressed.textContent = what === save || !copied ? "Saved" : "Copied";
      setTimeout(() => (pressed.textContent = word), 1500);
    }
  }
  function unfold(yes) {
    const was = !list.hidden;
    list.hidden = !yes;
    button.setAttribute("aria-expanded", String(yes));
    return was;
  }
  function open() {
    const closed = list.hidden;
    closeMenus();
    if (closed) unfold(true);
  }
  menu.close = () => unfold(false);
  figure.prepend(menu);
}

/** Close them; was one open? */
function closeMenus() {
  const open = all(".menu").filter((m) => m.close());
  for (const menu of open) if (menu.contains(document.activeElement)) menu.querySelector(".take").focus();
  return open.length > 0;
}

document.addEventListener("click", (event) => {
  if (!event.target.closest(".menu")) closeMenus();
});

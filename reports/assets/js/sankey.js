// The Sankey of reports/draw/sankey.py again, for another number of touchpoints or another segment: same boxes, same bytes.
const SANKEY = { width: 840, height: 430, top: 34, node: 7, stub: 12, room: 118, gap: 10, smallest: 9, letters: 16 };

/** {names: [name, order, always][], all, flows: [step, from, to, sessions, goals][]} with rare names as one. */
function mergedFlows(told, topK) {
  const size = told.names.length;
  const [other, start, end] = [size - 3, size - 2, size - 1];
  const keep = (i) => i >= other || told.names[i][2] || told.all <= topK + 1 || i < topK;
  const total = new Map();
  for (const [step, a, b, sessions, goals] of told.flows) {
    const flow = [step, keep(a) ? a : other, keep(b) ? b : other];
    const sum = total.get(String(flow)) ?? { step, from: flow[1], to: flow[2], sessions: 0, goals: 0 };
    sum.sessions += sessions;
    sum.goals += goals;
    total.set(String(flow), sum);
  }
  const order = (i) => told.names[i][1];
  const flows = [...total.values()].sort((x, y) => x.step - y.step || order(x.from) - order(y.from) || order(x.to) - order(y.to));
  return { flows, other, start, end, order, name: (i) => told.names[i][0] };
}

function boxesOf({ flows, end }) {
  const boxes = new Map();
  for (const f of flows) {
    if (f.to !== end) {
      const key = `${f.step + 1} ${f.to}`;
      if (!boxes.has(key)) boxes.set(key, { step: f.step + 1, id: f.to, sessions: 0, dropped: 0, done: 0, out: new Map() });
      boxes.get(key).sessions += f.sessions;
    }
    if (!f.step) continue;
    const box = boxes.get(`${f.step} ${f.from}`);
    if (f.to === end) (box.done += f.goals), (box.dropped += f.sessions - f.goals);
    else box.out.set(f.to, (box.out.get(f.to) ?? 0) + f.sessions);
  }
  return boxes;
}

function laidOut(merged) {
  const boxes = boxesOf(merged);
  const order = [...boxes.values()].sort(
    (a, b) => (a.id === merged.other) - (b.id === merged.other) || b.sessions - a.sessions || merged.order(a.id) - merged.order(b.id),
  );
  const columns = Array.from({ length: Math.max(0, ...order.map((b) => b.step)) }, (_, i) => order.filter((b) => b.step === i + 1));
  const room = columns.map((c) => (SANKEY.height - SANKEY.top - SANKEY.gap * (c.length - 1) - 2) / c.reduce((n, b) => n + b.sessions, 0));
  const scale = Math.min(...room);
  for (const column of columns) {
    let y = SANKEY.top;
    for (const box of column) {
      box.y = box.left = box.right = y;
      y += box.sessions * scale + SANKEY.gap;
    }
  }
  return { boxes, columns, scale };
}

function drawSankey(told, topK) {
  const merged = mergedFlows(told, topK);
  const { boxes, columns, scale } = laidOut(merged);
  const { node, stub, width, height } = SANKEY;
  const x = (step) => ((step - 1) * (width - SANKEY.room - node)) / Math.max(1, columns.length - 1);
  const still = (step) => columns[step - 1].reduce((n, b) => n + b.sessions, 0);
  const shapes = columns.map((_, i) => {
    const rest = i ? `${number(still(i + 1))} \u00b7 ${share(still(i + 1) / still(1), 0)}` : `${number(still(1))} sessions`;
    return svg("g", {}, svg("text", { x: length(x(i + 1)), y: 12, class: "heading" }, `Step ${i + 1}`), svg("text", { x: length(x(i + 1)), y: 26, class: "quiet" }, rest));
  });
  for (let step = 1; step < columns.length; step++) shapes.push(...ribbons(step));
  for (const box of boxes.values()) shapes.push(...stubs(box));
  for (const box of boxes.values()) shapes.push(...label(box));
  const said = `The first ${columns.length} steps of ${number(still(1))} sessions; the table below has the same numbers.`;
  return svg("svg", { xmlns: "http://www.w3.org/2000/svg", role: "img", "aria-label": said, class: "sankey", viewBox: `0 0 ${width} ${height}`, focusable: "false" }, ...shapes);

  function ribbons(step) {
    const [x0, x1] = [x(step) + node, x(step + 1)];
    const middle = (x0 + x1) / 2;
    const found = [];
    for (const box of columns[step - 1]) {
      for (const there of columns[step]) {
        const sessions = box.out.get(there.id);
        if (!sessions) continue;
        const thick = sessions * scale;
        const [a, b] = [box.right, there.left];
        box.right = a + thick;
        there.left = b + thick;
        const d = ["M", x0, a, "C", middle, a, middle, b, x1, b, "L", x1, b + thick, "C", middle, b + thick, middle, a + thick, x0, a + thick, "Z"];
        const [from, to] = [merged.name(box.id), merged.name(there.id)];
        const rest = box.id === merged.other || there.id === merged.other;
        const title = svg("title", {}, `${from} \u2192 ${to}: ${number(sessions)} sessions`);
        found.push(svg("path", { d: d.map((v) => (typeof v === "number" ? length(v) : v)).join(" "), class: rest ? "ribbon rest" : "ribbon", "data-place": from === to ? from : from + BETWEEN + to }, title));
      }
    }
    return found;
  }

  function stubs(box) {
    const name = merged.name(box.id);
    const high = box.sessions * scale;
    let text = `${name}, step ${box.step}: ${number(box.sessions)} sessions`;
    if (box.dropped) text += `, ${number(box.dropped)} end here without a goal`;
    if (box.done) text += `, ${number(box.done)} with one`;
    const found = [svg("rect", { x: length(x(box.step)), y: length(box.y), width: length(node), height: length(Math.max(high, 1)), class: box.id === merged.other ? "node rest" : "node", "data-place": name }, svg("title", {}, text))];
    let foot = box.y + high;
    for (const [count, kind, pattern] of [[box.dropped, "drop", "url(#drop)"], [box.done, "done", null]]) {
      const tall = count * scale;
      foot -= tall;
      if (count) found.push(svg("rect", { x: length(x(box.step) + node), y: length(foot), width: length(stub), height: length(tall), class: `stub ${kind}`, fill: pattern, "data-place": name }));
    }
    return found;
  }

  function label(box) {
    const high = box.sessions * scale;
    if (high < SANKEY.smallest) return [];
    const left = x(box.step) + node + stub + 5;
    const two = high >= 30;
    const y = box.y + high / 2 + (two ? -2 : 4);
    const count = number(box.sessions);
    const name = merged.name(box.id);
    const lines = [svg("text", { x: length(left), y: length(y), class: "name" }, cut(name, two ? SANKEY.letters : SANKEY.letters - count.length) + (two ? "" : " " + count))];
    if (two) lines.push(svg("text", { x: length(left), y: length(y + 15), class: "quiet" }, count));
    return [svg("g", { "data-place": name }, ...lines)];
  }
}

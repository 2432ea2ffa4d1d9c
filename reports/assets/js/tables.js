// Tables sort by any column: once for the largest first, again for the smallest, a third time as it was.
function sortable(table, key) {
  const heads = all("thead th", table);
  const body = table.tBodies[0];
  if (!body || body.rows.length < 2) return;
  const given = [...body.rows];
  heads.forEach((head) => {
    if (!textOf(head)) return;
    const button = html("button", { type: "button", class: "sort", onclick: () => next(head) });
    button.append(...head.childNodes);
    head.append(button);
  });

  function next(head) {
    const place = head.cellIndex;
    const numeric = head.classList.contains("number");
    const turns = numeric ? ["d", "a", ""] : ["a", "d", ""];
    const now = sortOf(key);
    const turn = now?.column === place ? turns[turns.indexOf(now.turn) + 1] : turns[0];
    choose({ sort: turn ? `${key}.${place}${turn}` : "" });
  }

  listeners.push(() => {
    if (!table.isConnected) return;
    const now = sortOf(key);
    for (const head of heads) {
      if (now?.column === head.cellIndex) head.setAttribute("aria-sort", now.turn === "a" ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
    const rows = now ? [...given].sort(by(now.column, now.turn)) : given;
    if (rows.some((row, i) => body.rows[i] !== row)) body.append(...rows);
  });
}

function sortOf(key) {
  const found = /^(.*)\.(\d+)([ad])$/.exec(state.sort);
  return found && found[1] === key ? { column: +found[2], turn: found[3] } : null;
}

function by(column, turn) {
  const sign = turn === "a" ? 1 : -1;
  return (a, b) => {
    const x = valueOf(a.cells[column]), y = valueOf(b.cells[column]);
    if (x === null || y === null) return (x === null) - (y === null); // nothing is last, either way
    return sign * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en"));
  };
}

/** What a cell sorts by: the value behind it, else the first number in it, else its text; null for nothing. */
function valueOf(cell) {
  if (cell.dataset.v !== undefined) return cell.dataset.v === "" ? null : +cell.dataset.v || (isNaN(cell.dataset.v) ? cell.dataset.v : 0);
  const text = textOf(cell);
  if (text === "" || text === "\u2013") return null;
  const plain = text.replace(/,/g, "").replace(/\u2212/g, "-");
  return cell.classList.contains("number") && /^[<+-]?\s*\d/.test(plain) ? parseFloat(plain.replace(/^</, "")) : text;
}

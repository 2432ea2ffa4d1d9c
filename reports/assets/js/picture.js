// A figure as one SVG: its charts where they stand, its text as text, so that it opens in any program.
const INHERITED = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity", "font-family", "font-size", "font-weight", "paint-order", "text-anchor"];
const HIDE = "details, .menu, .switch, .unseen, script, template";

function pictureOf(figure) {
  const box = figure.getBoundingClientRect();
  const paper = getComputedStyle(document.body).backgroundColor;
  const pad = 16;
  const found = [];
  walk(figure, found, box);
  const bottom = Math.max(40, ...found.map((n) => +n.dataset.bottom || 0));
  for (const node of found) delete node.dataset.bottom;
  const [wide, high] = [Math.ceil(box.width + 2 * pad), Math.ceil(bottom + 2 * pad)];
  const pattern = document.querySelector(".patterns defs").cloneNode(true);
  const originals = all(".patterns defs *");
  all("*", pattern).forEach((copy, i) => style(originals[i], copy));
  return svg("svg", { xmlns: "http://www.w3.org/2000/svg", width: wide, height: high, viewBox: `${-pad} ${-pad} ${wide} ${high}` }, pattern, svg("rect", { x: -pad, y: -pad, width: wide, height: high, fill: paper }), ...found);
}

function walk(node, found, box) {
  if (node.nodeType === Node.TEXT_NODE) return void found.push(...linesOf(node, box));
  if (node.nodeType !== Node.ELEMENT_NODE || node.matches(HIDE) || !node.getClientRects().length) return;
  const place = node.getBoundingClientRect();
  if (node.matches("svg")) return void found.push(chartOf(node, place, box));
  found.push(...groundOf(node, place, box));
  for (const child of node.childNodes) walk(child, found, box);
}

/** Each line of a text where the browser has put it. */
function linesOf(node, box) {
  const words = node.textContent.split(/(\s+)/);
  const css = getComputedStyle(node.parentElement);
  const look = { fill: css.color, "font-family": css.fontFamily, "font-size": css.fontSize, "font-weight": css.fontWeight };
  const range = document.createRange();
  const lines = [];
  let at = 0;
  for (const word of words) {
    range.setStart(node, at);
    range.setEnd(node, (at += word.length));
    const place = range.getClientRects()[0];
    if (!word.trim() || !place) continue;
    const line = lines.at(-1);
    if (line && Math.abs(line.bottom - place.bottom) < 3) line.text += " " + word;
    else lines.push({ text: word, left: place.left, bottom: place.bottom, high: place.height });
  }
  return lines.map((line) => {
    const y = line.bottom - box.top - 0.26 * line.high;
    return svg("text", { x: length(line.left - box.left), y: length(y), ...look, "data-bottom": Math.ceil(y + 6) }, line.text);
  });
}

/** The ground of an element, and the line under it. */
function groundOf(node, place, box) {
  const look = getComputedStyle(node);
  const found = [];
  const at = { x: length(place.left - box.left), width: length(place.width) };
  const clear = /^(transparent|rgba\(.*, 0\))$/;
  if (!clear.test(look.backgroundColor)) found.push(svg("rect", { ...at, y: length(place.top - box.top), height: length(place.height), fill: look.backgroundColor }));
  if (parseFloat(look.borderBottomWidth) && node.matches("th, td, .tiles")) found.push(svg("rect", { ...at, y: length(place.bottom - box.top - 1), height: 1, fill: look.borderBottomColor }));
  return found;
}

function chartOf(chart, place, box) {
  const copy = chart.cloneNode(true);
  const [from, to] = [[chart, ...chart.querySelectorAll("*")], [copy, ...copy.querySelectorAll("*")]];
  from.forEach((node, i) => style(node, to[i]));
  to.forEach((node, i) => i && getComputedStyle(from[i]).display === "none" && node.remove());
  fill(copy, { x: length(place.left - box.left), y: length(place.top - box.top), width: length(place.width), height: length(place.height), overflow: "visible", "data-bottom": Math.ceil(place.bottom - box.top) }, []);
  return copy;
}

/** What the style sheet says of a mark, written into it. */
function style(from, to) {
  const look = getComputedStyle(from);
  for (const name of INHERITED) {
    const value = look.getPropertyValue(name);
    if (value) to.setAttribute(name, value);
  }
  for (const name of ["class", "data-place", "data-rank", "aria-label", "role", "focusable"]) to.removeAttribute(name);
}

const PIXELS = 2;

async function pngOf(figure) {
  const drawing = pictureOf(figure);
  const image = new Image();
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(drawing));
  await image.decode();
  const canvas = html("canvas", { width: PIXELS * +drawing.getAttribute("width"), height: PIXELS * +drawing.getAttribute("height") });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

// Small tools. Everything that is added to the page is built from elements and text, never from markup.
const NARROW = "\u202f";
const data = JSON.parse(document.getElementById("data").textContent);
const main = document.querySelector("main");
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/** An HTML element: attributes, then children (nodes or text); on... are listeners. */
function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same in SVG. */
function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** As Python's format(value, ".nf"): a number exactly between two goes to the even one. */
function fixed(value, digits) {
  const scaled = value * 10 ** digits;
  if (Math.abs(scaled % 1) === 0.5) return ((2 * Math.round(scaled / 2)) / 10 ** digits).toFixed(digits);
  return value.toFixed(digits);
}

/** At most two decimals, as reports/svg.py writes lengths. */
function length(value) {
  const text = fixed(value, 2).replace(/0+$/, "").replace(/\.$/, "");
  return text === "" || text === "-0" ? "0" : text;
}

const number = (n) => n.toLocaleString("en-US");
const share = (value, digits = 1) => fixed(100 * value, digits) + NARROW + "%";
const cut = (text, longest) => ([...text].length <= longest ? text : [...text].slice(0, longest - 1).join("") + "\u2026");
const textOf = (node) => node.textContent.replace(/\s+/g, " ").trim();

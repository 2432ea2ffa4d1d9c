// Builds plotly.min.js, the part of plotly.js that figures need, with the licences of all that is in it and a checksum.
//
//     make plotly
//
// For who maintains this project: users need no npm. Equal versions (package-lock.json) give equal bytes.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const { metafile } = await build({
  entryPoints: ["traces.js"],
  outfile: "plotly.min.js",
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "Plotly",
  footer: { js: "Plotly=Plotly.default;" },
  target: "es2020",
  alias: { stream: "stream-browserify" },
  define: { global: "window" },
  loader: { ".css": "empty" }, // of maps, which no figure has
  legalComments: "none", // licences.txt has them whole
  charset: "ascii",
  metafile: true,
});

const folders = new Set(
  Object.keys(metafile.outputs["plotly.min.js"].inputs)
    .map((path) => path.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1])
    .filter(Boolean),
);
const texts = [...folders].sort().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((f) => /^licen[cs]e/i.test(f));
  const text = file ? readFileSync(join(folder, file), "utf8").trim() : `Licensed under ${license}; the package has no text of it.`;
  return `${name} ${version}\n${"-".repeat(72)}\n${text}\n`;
});
writeFileSync("licences.txt", texts.join("\n\n"));

const sum = (file) => `${createHash("sha256").update(readFileSync(file)).digest("hex")}  ${file}\n`;
writeFileSync("SHA256SUMS", ["licences.txt", "plotly.min.js"].filter((f) => existsSync(f)).map(sum).join(""));

// Bundles src/ into ../static/studio/, which is committed: Postroom needs no Node to run.
//
// built.json records the hashes of all sources and of all results. A test compares them, so that a
// source that was changed without a build, or a bundle that was changed by hand, does not pass.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = join(HERE, "..", "static", "studio");
const LICENCES = "studio.licences.txt";

const files = (directory) =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
const hashed = (paths, root) =>
  Object.fromEntries(
    paths
      .map((path) => [relative(root, path).replaceAll("\\", "/"), readFileSync(path)])
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, content]) => [name, createHash("sha256").update(content).digest("hex")]),
  );

/** Returns the licences of all packages whose code is in the bundle. */
function licences(metafile) {
  const names = new Set(
    Object.keys(metafile.inputs)
      .map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
      .filter(Boolean),
  );
  return [...names]
    .sort()
    .map((name) => {
      const folder = join(HERE, "node_modules", name);
      const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      const text = readFileSync(join(folder, "LICENSE"), "utf8").trim();
      return `${name} ${version}\n\n${text}\n`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}

mkdirSync(OUT, { recursive: true });
const result = await build({
  absWorkingDir: HERE,
  entryPoints: { studio: "src/main.js", "studio-styles": "src/styles/studio.css" },
  outdir: OUT,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022", "chrome111", "firefox111", "safari16.4"],
  charset: "utf8",
  legalComments: "none",
  metafile: true,
  logLevel: "info",
});
writeFileSync(join(OUT, LICENCES), licences(result.metafile));
const sources = ["package.json", "package-lock.json", "build.mjs"].map((name) => join(HERE, name));
const record = {
  about: "Written by platform/studio/frontend/build.mjs; SHA-256 of what went in and what came out.",
  sources: hashed([...sources, ...files(join(HERE, "src"))], HERE),
  results: hashed(
    ["studio.js", "studio-styles.css", LICENCES].map((name) => join(OUT, name)),
    OUT,
  ),
};
writeFileSync(join(OUT, "built.json"), `${JSON.stringify(record, null, 2)}\n`);

// Bundles the page into dist/: index.html, one script, one style sheet, both named by their content.
import { build } from "esbuild";
import { gzipSync } from "node:zlib";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, "dist");
/** The page is to appear at once on a slow link: so much script, compressed, is the most. */
const SCRIPT_LIMIT = 150 * 1024;

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
const result = await build({
  absWorkingDir: here,
  entryPoints: { page: "src/main.tsx", style: "src/style/index.css" },
  outdir: dist,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome109", "firefox115", "safari16.4"],
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: { ".svg": "file" },
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});

const names = Object.keys(result.metafile.outputs).map((file) => path.basename(file));
const script = names.find((name) => name.endsWith(".js"));
const style = names.find((name) => name.endsWith(".css"));
if (!script || !style) throw new Error("the bundle has no script or no style sheet");
const icon = await readFile(path.join(here, "src/style/icon.svg"));
await writeFile(path.join(dist, "icon.svg"), icon);
const html = await readFile(path.join(here, "src/index.html"), "utf8");
await writeFile(path.join(dist, "index.html"), html.replace("%SCRIPT%", script).replace("%STYLE%", style));

const size = gzipSync(await readFile(path.join(dist, script))).length;
if (size > SCRIPT_LIMIT) throw new Error(`the script is ${size} bytes compressed; at most ${SCRIPT_LIMIT}`);
console.log(`page: ${script} ${(size / 1024).toFixed(1)} kB compressed`);

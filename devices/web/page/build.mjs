// Bundles the page into dist/: index.html, its script, its style sheet, and scripts that are loaded when they are needed (the
// terminal, and what runs on the browser's audio thread); all named by their content.
import { build } from "esbuild";
import { gzipSync } from "node:zlib";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, "dist");
/** The page is to appear at once on a slow link: so much script, compressed, is the most. */
const SCRIPT_LIMIT = 150 * 1024;

/**
 * xterm.js sets styles in ways that the node's policy forbids (style elements, style attributes). It gets the ones that are
 * allowed: an element of ours that keeps a constructed style sheet (src/terminal/sheet.ts), and the object model.
 */
const allowedStyles = {
  name: "allowed-styles",
  setup(builder) {
    builder.onLoad({ filter: /@xterm[/\\]xterm[/\\]lib[/\\]xterm\.mjs$/ }, async ({ path: file }) => {
      const text = await readFile(file, "utf8");
      const sheets = replaced(text, /createElement\("style"\)/g, 'createElement("dkvm-sheet")', 3);
      const attribute = /(\w+)\.setAttribute\("style",`\$\{\1\.getAttribute\("style"\)\|\|""\}\$\{(\w+)\};`\)/g;
      return { contents: replaced(sheets, attribute, "$1.style.cssText+=$2+';'", 1), loader: "js" };
    });
  },
};

function replaced(text, pattern, by, times) {
  const found = text.match(pattern)?.length ?? 0;
  if (found !== times) throw new Error(`xterm.js is another than was looked at: ${pattern} is there ${found} times, not ${times}`);
  return text.replaceAll(pattern, by);
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
/** On the audio thread there is nothing to import from: one script that holds all it needs. */
const sound = await build({
  absWorkingDir: here,
  entryPoints: { sound: "src/sound/worklet.ts" },
  outdir: dist,
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022", "chrome109", "firefox115", "safari16.4"],
  metafile: true,
  logLevel: "warning",
});
const soundScript = `/${path.basename(Object.keys(sound.metafile.outputs)[0])}`;
const result = await build({
  absWorkingDir: here,
  entryPoints: { page: "src/main.tsx", style: "src/style/index.css" },
  outdir: dist,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  define: { SOUND_SCRIPT: JSON.stringify(soundScript) },
  bundle: true,
  splitting: true,
  plugins: [allowedStyles],
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

const outputs = Object.entries(result.metafile.outputs);
const entry = outputs.find(([, output]) => output.entryPoint === "src/main.tsx");
const script = entry && path.basename(entry[0]);
const style = outputs.map(([file]) => path.basename(file)).find((name) => name.startsWith("style-") && name.endsWith(".css"));
if (!script || !style) throw new Error("the bundle has no script or no style sheet");
const icon = await readFile(path.join(here, "src/style/icon.svg"));
await writeFile(path.join(dist, "icon.svg"), icon);
const html = await readFile(path.join(here, "src/index.html"), "utf8");
await writeFile(path.join(dist, "index.html"), html.replace("%SCRIPT%", script).replace("%STYLE%", style));

/** What the first look at the page needs: its script and what that imports. */
const first = [script, ...entry[1].imports.filter(({ kind }) => kind === "import-statement").map((one) => path.basename(one.path))];
const sizes = await Promise.all(first.map(async (name) => gzipSync(await readFile(path.join(dist, name))).length));
const size = sizes.reduce((sum, one) => sum + one, 0);
if (size > SCRIPT_LIMIT) throw new Error(`the script is ${size} bytes compressed; at most ${SCRIPT_LIMIT}`);
console.log(`page: ${script} ${(size / 1024).toFixed(1)} kB compressed`);

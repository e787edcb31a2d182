// Bundles the tests and runs them with node's runner: `unit`, `browser`, or both; `serve` runs dev/serve.ts.
import { build } from "esbuild";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const page = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const which = process.argv[2] ?? "all";

function sources() {
  if (which === "serve") return ["dev/serve.ts"];
  const kinds = which === "all" ? ["unit", "browser"] : [which];
  const only = process.argv[3] ?? "";
  return kinds.flatMap((kind) => readdirSync(path.join(page, "test", kind)).filter((name) => name.endsWith(`${only}.test.ts`)).sort().map((name) => `test/${kind}/${name}`));
}

// Inside node_modules' reach, so that the bundles find ws and playwright-core.
const out = mkdtempSync(path.join(page, "node_modules/.dkvm-test-"));
const entryPoints = sources();
await build({ absWorkingDir: page, entryPoints, outdir: out, outbase: page, outExtension: { ".js": ".mjs" }, bundle: true, platform: "node", format: "esm", packages: "external", sourcemap: "inline", jsx: "automatic", jsxImportSource: "preact", logLevel: "warning" });
const built = entryPoints.map((name) => path.join(out, name.replace(/\.ts$/, ".mjs")));
// Half of the time of a page test is waiting: two files at once, each with a browser of its own.
const args = which === "serve" ? built : ["--test", "--test-concurrency=2", "--enable-source-maps", ...built];
const child = spawn(process.execPath, args, { cwd: page, stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => {
  rmSync(out, { recursive: true, force: true });
  process.exit(code ?? 1);
});

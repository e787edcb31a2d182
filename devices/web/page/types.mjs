// Writes src/wire/ from the Rust vocabulary (`write`), or tells whether it is up to date (`check`).
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const committed = path.join(here, "src/wire");

function generate(folder) {
  const args = ["run", "--quiet", "--locked", "-p", "dkvm-wire", "--features", "ts", "--example", "typescript", "--", folder];
  execFileSync("cargo", args, { cwd: path.join(here, "../../.."), stdio: "inherit" });
}

function contents(folder) {
  return new Map(readdirSync(folder).sort().map((name) => [name, readFileSync(path.join(folder, name), "utf8")]));
}

function differences(wanted, found) {
  const names = new Set([...wanted.keys(), ...found.keys()]);
  return [...names].filter((name) => wanted.get(name) !== found.get(name));
}

function check() {
  const folder = mkdtempSync(path.join(tmpdir(), "dkvm-types-"));
  try {
    generate(folder);
    return differences(contents(folder), contents(committed));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[2] === "write") {
  rmSync(committed, { recursive: true, force: true });
  generate(committed);
} else {
  const stale = check();
  if (stale.length > 0) {
    console.error(`src/wire is not what the wire vocabulary says (${stale.join(", ")}): run \`npm run types\` and commit it`);
    process.exit(1);
  }
  console.log("types: those of the wire");
}

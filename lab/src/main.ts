// The runner: lists scenarios and benches, runs them, or boots the lab for a person.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Lab, LabError, MachineEnded, labDirectory } from "./lab.ts";
import { runForPerson } from "./run.ts";
import { Bench, type Scenario } from "./scenario.ts";
import { toMarkdown, toText, type Row } from "./table.ts";

async function load(folder: "scenarios" | "benches"): Promise<Scenario[]> {
  const files = readdirSync(join(labDirectory, folder)).filter((name) => name.endsWith(".ts")).sort();
  return (await Promise.all(files.map((name) => loadFile(join(labDirectory, folder, name))))).flat();
}

async function loadFile(path: string): Promise<Scenario[]> {
  const { default: found } = (await import(pathToFileURL(path).href)) as { default?: Scenario };
  return found ? [found] : [];
}

/** By name; or one that is being written, by its file (from the lab's directory). */
async function find(folder: "scenarios" | "benches", name: string): Promise<Scenario | undefined> {
  if (name.endsWith(".ts")) return (await loadFile(resolve(labDirectory, name)))[0];
  return (await load(folder)).find((scenario) => scenario.name === name);
}

function list(title: string, scenarios: Scenario[]): void {
  const width = Math.max(...scenarios.map(({ name }) => name.length), 0);
  console.log(title);
  for (const { name, description } of scenarios) console.log(`  ${name.padEnd(width)}  ${description}`);
}

function newLab(): Lab {
  const work = process.env["DKVM_LAB_WORK"];
  if (!work) throw new LabError("start the lab by lab/run.sh, which puts it into namespaces of its own");
  return new Lab(work);
}

function keepLogs(lab: Lab): string {
  const kept = mkdtempSync(join(tmpdir(), "dkvm-lab-logs-"));
  cpSync(join(lab.work, "logs"), kept, { recursive: true });
  return kept;
}

/** Runs one scenario and says how it went on the last line. */
async function play(scenario: Scenario, lab: Lab, rows: Row[] = []): Promise<boolean> {
  const bench = new Bench(lab);
  try {
    const figure = await scenario.run(bench);
    console.log(`${scenario.name}: holds: ${figure}`);
    return true;
  } catch (error) {
    await bench.lastPictures();
    const sentence = error instanceof LabError ? error.message : (error as Error).stack ?? String(error);
    console.log(`logs are kept in ${keepLogs(lab)}`);
    console.log(`${scenario.name}: does not hold: ${sentence}`);
    return false;
  } finally {
    if (process.env["DKVM_LAB_KEEP"]) console.error(`logs are kept in ${keepLogs(lab)}`);
    rows.push(...bench.rows);
    await bench.close();
    await lab.endAll();
  }
}

async function playBenches(names: string[]): Promise<boolean> {
  const chosen = names.length ? (await Promise.all(names.map((name) => find("benches", name)))).filter((bench): bench is Scenario => bench !== undefined) : await load("benches");
  if (chosen.length === 0) throw new LabError(`there is no such benchmark; there are: ${(await load("benches")).map(({ name }) => name).join(", ") || "none"}`);
  let good = true;
  const rows: Row[] = [];
  for (const bench of chosen) good = (await play(bench, newLab(), rows)) && good;
  showTable(rows);
  return good;
}

/** What was measured before something failed is shown too. */
function showTable(rows: Row[]): void {
  if (rows.length === 0) return;
  const out = join(labDirectory, "out");
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "bench.md"), toMarkdown(rows));
  console.log(`\n${toText(rows)}\n`);
}

async function main([what, ...rest]: string[]): Promise<boolean> {
  if (what === "run") return runForPerson(newLab());
  if (what === "bench") return playBenches(rest);
  if (what === undefined || what === "list") {
    list("Scenarios (make lab SCENARIO=name):", await load("scenarios"));
    list("Benchmarks (make bench):", await load("benches"));
    return true;
  }
  const scenario = await find("scenarios", what);
  if (!scenario) throw new LabError(`there is no scenario '${what}'; there are: ${(await load("scenarios")).map(({ name }) => name).join(", ")}`);
  return play(scenario, newLab());
}

// Of a command that nobody waits for it is no news that its machine has ended.
process.on("unhandledRejection", (reason) => {
  if (!(reason instanceof MachineEnded)) throw reason;
});

main(process.argv.slice(2)).then(
  (good) => process.exit(good ? 0 : 1),
  (error: Error) => {
    console.error(error instanceof LabError ? `lab: ${error.message}` : error);
    process.exit(1);
  },
);

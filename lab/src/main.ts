// The runner: lists scenarios and benches, runs them, or boots the lab for a person.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Lab, LabError, labDirectory } from "./lab.ts";
import { runForPerson } from "./run.ts";
import { Bench, type Scenario } from "./scenario.ts";
import { toMarkdown, toText, type Row } from "./table.ts";

async function load(folder: "scenarios" | "benches"): Promise<Scenario[]> {
  const files = readdirSync(join(labDirectory, folder)).filter((name) => name.endsWith(".ts")).sort();
  const modules = await Promise.all(files.map((name) => import(pathToFileURL(join(labDirectory, folder, name)).href)));
  return modules.map((module) => (module as { default?: Scenario }).default).filter((s): s is Scenario => s !== undefined);
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
  const benches = await load("benches");
  const chosen = names.length ? benches.filter(({ name }) => names.includes(name)) : benches;
  if (chosen.length === 0) throw new LabError(`there is no such benchmark; there are: ${benches.map(({ name }) => name).join(", ") || "none"}`);
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
  const scenarios = await load("scenarios");
  if (what === undefined || what === "list") {
    list("Scenarios (make lab SCENARIO=name):", scenarios);
    list("Benchmarks (make bench):", await load("benches"));
    return true;
  }
  const scenario = scenarios.find(({ name }) => name === what);
  if (!scenario) throw new LabError(`there is no scenario '${what}'; there are: ${scenarios.map(({ name }) => name).join(", ")}`);
  return play(scenario, newLab());
}

main(process.argv.slice(2)).then(
  (good) => process.exit(good ? 0 : 1),
  (error: Error) => {
    console.error(error instanceof LabError ? `lab: ${error.message}` : error);
    process.exit(1);
  },
);

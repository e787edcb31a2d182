// The last part of the scenario `update` alone, which takes the longest.
import { scenario } from "../src/scenario.ts";
import { CUTS, cutUpdates } from "../src/update-cuts.ts";

export default scenario("update-cuts", `power is cut ${CUTS} times at random in updates: always a working system, the right version, no state lost`, (bench) => cutUpdates(bench, 0));

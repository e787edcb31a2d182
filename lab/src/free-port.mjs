// Exits 0 if nobody listens on 127.0.0.1 at the port given.
import { createServer } from "node:net";
createServer().once("error", () => process.exit(1)).listen(Number(process.argv[2]), "127.0.0.1", () => process.exit(0));

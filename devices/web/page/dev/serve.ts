// `npm run dev`: the page against the mock, to work on its looks.

import path from "node:path";
import { Mock } from "./mock.ts";

const mock = new Mock(path.resolve("dist"));
const address = await mock.start(Number(process.env["PORT"] ?? 8080));
console.log(`The page, against a mocked node: ${address}`);

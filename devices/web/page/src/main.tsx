// Starts the page: the stage with the canvas stays for the page's life, the interface is drawn over it.

import { render } from "preact";
import { App } from "./app";
import { exposeDiagnostics } from "./diagnostics";
import { Root } from "./ui/root";

function element(tag: string, id: string): HTMLElement {
  const made = document.createElement(tag);
  made.id = id;
  return made;
}

const stage = element("main", "stage");
const canvas = document.createElement("canvas");
canvas.dataset["testid"] = "screen";
canvas.tabIndex = -1; // reached by the button that takes the focus, so that Tab does not fall into the target
canvas.setAttribute("role", "application");
canvas.setAttribute("aria-label", "The target's screen. While it is focused, all keys go to the target.");
stage.append(canvas);
const root = document.getElementById("root");
root?.before(stage);

const app = new App(stage, canvas);
exposeDiagnostics(app);
if (root) render(<Root app={app} />, root);
void app.enter();

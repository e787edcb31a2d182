// An element that takes rules as a style element does, and keeps them in a constructed style sheet: the node's policy forbids
// style elements (`style-src 'self'`), and with them what a stranger could slip into the page.

export class Sheet extends HTMLElement {
  private readonly sheet = new CSSStyleSheet();

  connectedCallback(): void {
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.sheet];
  }

  disconnectedCallback(): void {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== this.sheet);
  }

  override get textContent(): string {
    return [...this.sheet.cssRules].map((rule) => rule.cssText).join("\n");
  }

  override set textContent(rules: string | null) {
    this.sheet.replaceSync(rules ?? "");
  }
}

export function defineSheet(): void {
  if (customElements.get("dkvm-sheet") === undefined) customElements.define("dkvm-sheet", Sheet);
}

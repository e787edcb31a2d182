// The nodes tab: this node's key, the nodes it is paired with, pairing with others.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { sentence } from "../api";
import type { App, Ui } from "../app";
import type { Model } from "../model/model";
import { callers, fingerprintOf, GRANTS, grantWords, grouped, linkTone, linkWords, open, pairingWords, spaced, toggled } from "../model/peers";
import { absentWords } from "../model/power";
import type { Grant } from "../wire/Grant";
import type { Pairing } from "../wire/Pairing";
import type { PeerInfo } from "../wire/PeerInfo";
import type { PeerState } from "../wire/PeerState";
import type { SeenNode } from "../wire/SeenNode";
import { Asking } from "./asking";
import { Part, type DrawerProps } from "./drawer";

/** So much of a fingerprint tells nodes apart in a list. */
const SHORT = 16;

export function NodesDrawer({ app, model }: DrawerProps): JSX.Element {
  const { peers } = model;
  if (peers === null) return <Part title="Nodes" hint={absentWords(model, "peer", "docs/peers.md")}>{null}</Part>;
  return (
    <>
      {open(peers).map((pairing) => (
        <PairingCard key={pairing.id} app={app} pairing={pairing} />
      ))}
      <Peers app={app} peers={peers} here={peers.node || model.node} />
      <Seen app={app} peers={peers} />
      <Own peers={peers} />
      <Authorise app={app} />
    </>
  );
}

/** Another node wants to be paired: told wherever the person is; the answer is given in the drawer. */
export function PairingBar({ app, model, ui }: { app: App; model: Model; ui: Ui }): JSX.Element | null {
  const calling = callers(model.peers)[0];
  if (calling === undefined || ui.drawer === "nodes") return null;
  return (
    <section class="banner" data-testid="pairing-bar" role="status">
      <span>
        <strong>{calling.node || "A node"} wants to be paired with this node.</strong> <span class="banner-text">Compare {spaced(calling.code)} with the code there.</span>
      </span>
      <button data-testid="pairing-open" onClick={() => app.open("nodes")}>
        Answer
      </button>
    </section>
  );
}

function PairingCard({ app, pairing }: { app: App; pairing: Pairing }): JSX.Element {
  const [grants, choose] = useState<readonly Grant[]>(pairing.grants);
  const { id, node, address, code, incoming, step } = pairing;
  const answer = (same: boolean): void =>
    void app.act({ name: "peers", what: "answer", id, verdict: same ? { kind: "same", grants: [...grants] } : { kind: "refuse" } });
  const who = node || address;
  return (
    <section class="part pairing" data-testid="pairing" data-step={step} ref={intoView}>
      <h2>{incoming ? `${who} wants to be paired` : `Pairing with ${who}`}</h2>
      {code !== "" && step !== "failed" && (
        <p class="pairing-code" data-testid="pairing-code" aria-label={`Code ${[...code].join(" ")}`}>
          {spaced(code)}
        </p>
      )}
      <p class={step === "failed" ? "problem" : ""}>{sentence(pairingWords(pairing))}</p>
      {step === "compare" && (
        <>
          <p class="hint">Ask whoever is at {who} ({address}). Another code, or nobody there who sees one: refuse.</p>
          <p class="grants-title">When it is the same, {who} may here:</p>
          <GrantSwitches testid="pairing" who={who} grants={grants} change={choose} />
          <div class="paste-act">
            <button class="primary" data-testid="pairing-same" onClick={() => answer(true)}>
              Same
            </button>
            <button data-testid="pairing-refuse" onClick={() => answer(false)}>
              Refuse
            </button>
          </div>
        </>
      )}
    </section>
  );
}

/** What just appeared is what the person waits for; a stable function, so that it is called once. */
function intoView(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: "nearest" });
}

interface SwitchesProps {
  testid: string;
  who: string;
  grants: readonly Grant[];
  change(grants: Grant[]): void;
}

/** A switch for each of what a node may do here. */
function GrantSwitches({ testid, who, grants, change }: SwitchesProps): JSX.Element {
  return (
    <div class="grants" role="group" aria-label={`What ${who} may do here`}>
      {GRANTS.map(({ grant, label, means }) => (
        <button key={grant} type="button" role="switch" aria-checked={grants.includes(grant)} title={means} data-testid={`${testid}-${grant}`} onClick={() => change(toggled(grants, grant))}>
          {label}
        </button>
      ))}
    </div>
  );
}

function Peers({ app, peers, here }: { app: App; peers: PeerState; here: string }): JSX.Element {
  const hint = peers.peers.length === 0 ? "No other node is paired with this one." : undefined;
  return (
    <Part title="Paired nodes" {...(hint !== undefined && { hint })}>
      {peers.peers.length > 0 && (
        <ul class="peers">
          {peers.peers.map((peer) => (
            <Peer key={peer.node} app={app} peer={peer} here={here} />
          ))}
        </ul>
      )}
    </Part>
  );
}

function Peer({ app, peer, here }: { app: App; peer: PeerInfo; here: string }): JSX.Element {
  const { node } = peer;
  const allow = (grants: Grant[]): void => void app.act({ name: "peers", what: "allow", node, grants }, `${node} may ${grantWords(grants)} here.`);
  return (
    <li class="peer" data-testid={`peer-${node}`} data-link={peer.link}>
      <h3 class="link-title">
        <span class={`dot ${linkTone(peer)}`} /> {node} <span class="soft">{peer.version}</span>
      </h3>
      <p class="soft">
        {linkWords(peer)}
        {peer.address !== "" && ` · ${peer.address}`}
      </p>
      {peer.detail !== null && <p class="link-detail">{sentence(peer.detail)}</p>}
      <p class="grants-title">May here</p>
      <GrantSwitches testid={`peer-${node}`} who={node} grants={peer.grants} change={allow} />
      <dl class="facts">
        <dt>May there</dt>
        <dd data-testid={`peer-${node}-there`}>{peer.link === "up" || peer.link === "stalled" ? grantWords(peer.granted) : "not known without a link"}</dd>
        <dt>Key</dt>
        <dd class="fingerprint" title={peer.fingerprint}>
          {grouped(peer.fingerprint.slice(0, SHORT))} …
        </dd>
      </dl>
      <div class="asks">
        <Asking
          testid={`forget-${node}`}
          label="Forget"
          question={`${node} is cut off at once and may nothing at ${here || "this node"} any more. To bring it back, both have to be paired again.`}
          confirm={`Forget ${node}`}
          act={() => void app.act({ name: "peers", what: "forget", node }, `${node} is forgotten.`)}
        />
      </div>
    </li>
  );
}

function Seen({ app, peers }: { app: App; peers: PeerState }): JSX.Element {
  const [node, write] = useState("");
  const pair = (whom: string): void => void app.act({ name: "peers", what: "pair", node: whom, grants: [] });
  const submit = (event: Event): void => {
    event.preventDefault();
    if (node.trim() === "") return;
    pair(node.trim());
    write("");
  };
  return (
    <Part title="On the network" hint="Names and addresses prove nothing: the codes are compared before anything is trusted.">
      {peers.seen.length > 0 && (
        <ul class="peers">
          {peers.seen.map((one) => (
            <SeenLine key={`${one.node} ${one.fingerprint}`} seen={one} pair={() => pair(one.addresses[0] ?? one.node)} />
          ))}
        </ul>
      )}
      {peers.seen.length === 0 && <p class="soft">Nobody else is seen.</p>}
      <form class="field" onSubmit={submit}>
        <label for="pair-with">A node that is not seen</label>
        <span class="field-with">
          <input id="pair-with" data-testid="pair-with" placeholder="name or address" value={node} autocomplete="off" autocapitalize="off" spellcheck={false} onInput={(event) => write(event.currentTarget.value)} />
          <button data-testid="pair-with-go" disabled={node.trim() === ""}>
            Pair
          </button>
        </span>
      </form>
    </Part>
  );
}

function SeenLine({ seen, pair }: { seen: SeenNode; pair(): void }): JSX.Element {
  return (
    <li class="row seen" data-testid={`seen-${seen.node}`}>
      <span class="seen-words">
        {seen.node} <span class="soft">{seen.addresses[0] ?? "no address"}</span>
      </span>
      <button data-testid={`pair-${seen.node}`} onClick={pair}>
        Pair
      </button>
    </li>
  );
}

function Own({ peers }: { peers: PeerState }): JSX.Element {
  return (
    <Part title="This node">
      <dl class="facts">
        <dt>Name</dt>
        <dd>{peers.node}</dd>
        <dt>UDP port</dt>
        <dd>{peers.port}</dd>
      </dl>
      <p class="soft">Fingerprint of its key</p>
      <p class="fingerprint" data-testid="own-fingerprint" title="A node that is given this needs no code">
        {grouped(peers.fingerprint)}
      </p>
    </Part>
  );
}

/** A node by its fingerprint: whoever has it from a card or from a person he trusts compares no code. */
function Authorise({ app }: { app: App }): JSX.Element {
  const [node, name] = useState("");
  const [typed, type] = useState("");
  const [grants, choose] = useState<readonly Grant[]>([]);
  const fingerprint = fingerprintOf(typed);
  const ready = node.trim() !== "" && fingerprint !== "";
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!ready) return;
    const done = await app.act({ name: "peers", what: "authorise", node: node.trim(), fingerprint, address: "", grants: [...grants] }, `${node.trim()} is paired, and may ${grantWords(grants)} here.`);
    if (!done) return;
    name("");
    type("");
    choose([]);
  };
  return (
    <section class="part">
      <details>
        <summary data-testid="authorise">Pair by fingerprint</summary>
        <form onSubmit={(event) => void submit(event)}>
          <label class="field">
            <span>Name that it gets here</span>
            <input data-testid="authorise-node" value={node} autocomplete="off" autocapitalize="off" spellcheck={false} onInput={(event) => name(event.currentTarget.value)} />
          </label>
          <label class="field">
            <span>Its fingerprint, 64 hex digits</span>
            <input data-testid="authorise-fingerprint" class="fingerprint" value={typed} autocomplete="off" autocapitalize="off" spellcheck={false} onInput={(event) => type(event.currentTarget.value)} />
          </label>
          {typed.trim() !== "" && fingerprint === "" && <p class="hint">That is no fingerprint yet: 64 digits from 0 to 9 and a to f.</p>}
          <p class="grants-title">It may here</p>
          <GrantSwitches testid="authorise" who={node || "it"} grants={grants} change={choose} />
          <div class="paste-act">
            <button class="primary" data-testid="authorise-go" disabled={!ready}>
              Pair
            </button>
          </div>
        </form>
      </details>
    </section>
  );
}

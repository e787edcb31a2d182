// The network tab: how the node is reached, and what is wrong with it.

import type { JSX } from "preact";
import { sentence } from "../api";
import type { Model } from "../model/model";
import { absentWords } from "../model/power";
import type { Interface } from "../wire/Interface";
import type { LinkKind } from "../wire/LinkKind";
import type { NetworkState } from "../wire/NetworkState";
import { Part, type DrawerProps } from "./drawer";
import { UsbNetwork } from "./usbnet";

const KINDS: Readonly<Record<LinkKind, string>> = { wired: "Ethernet", wireless: "Wi-Fi", gadget: "USB to the target" };

export function NetworkDrawer({ app, model }: DrawerProps): JSX.Element {
  return (
    <>
      <Own model={model} />
      <UsbNetwork app={app} model={model} />
    </>
  );
}

function Own({ model }: { model: Model }): JSX.Element {
  const { network } = model;
  if (network === null) return <Part title="Network" hint={absentWords(model, "network", "docs/network.md")}>{null}</Part>;
  return (
    <>
      <Found network={network} />
      {network.interfaces.length === 0 && <Part title="Links" hint="The node has no network link but its own loopback.">{null}</Part>}
      {network.interfaces.map((link) => (
        <Link key={link.name} link={link} />
      ))}
    </>
  );
}

function Found({ network }: { network: NetworkState }): JSX.Element {
  const address = `https://${network.mdns}/`;
  return (
    <Part title="Found as">
      <dl class="facts">
        <dt>Name</dt>
        <dd data-testid="mdns">{network.mdns === "" ? "none: mDNS is off" : <a href={address}>{network.mdns}</a>}</dd>
        <dt>Time</dt>
        <dd data-testid="time-synced" data-synced={network.time_synced}>
          {network.time_synced ? "from a time server" : "not set by a time server"}
        </dd>
      </dl>
      {!network.time_synced && <p class="hint">Dates in the log may be wrong; everything else works without.</p>}
    </Part>
  );
}

function Link({ link }: { link: Interface }): JSX.Element {
  const kind = KINDS[link.kind];
  return (
    <section class="part" data-testid={`interface-${link.name}`} data-carrier={link.carrier}>
      <h2 class="link-title">
        <span class={`dot ${link.carrier ? (link.addresses.length > 0 ? "good" : "partly") : "off"}`} /> {kind} <span class="soft">{link.name}</span>
      </h2>
      {link.detail !== null && <p class="link-detail">{sentence(link.detail)}</p>}
      <dl class="facts">
        <dt>Link</dt>
        <dd>{carrierWords(link)}</dd>
        {link.addresses.length > 0 && <dt>{link.addresses.length > 1 ? "Addresses" : "Address"}</dt>}
        {link.addresses.length > 0 && (
          <dd class="addresses">
            {link.addresses.map((address) => (
              <span key={address}>{address}</span>
            ))}
          </dd>
        )}
      </dl>
    </section>
  );
}

function carrierWords(link: Interface): string {
  if (link.kind === "wireless") return link.ssid !== null ? `joined “${link.ssid}”` : link.carrier ? "joined" : "not joined";
  if (link.kind === "gadget") return link.carrier ? "up" : "the target does not use it";
  return link.carrier ? "up" : "no cable";
}

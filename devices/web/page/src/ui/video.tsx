// The video drawer: what is captured, how it is compressed, how it is shown.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { App } from "../app";
import { ratesOf, sizeOf, sizesOf, withRate, withSize } from "../model/modes";
import type { EncodeSettings } from "../wire/EncodeSettings";
import type { EncodeState } from "../wire/EncodeState";
import type { H264State } from "../wire/H264State";
import type { VideoState } from "../wire/VideoState";
import type { Model } from "../model/model";
import type { Settings } from "../model/settings";
import { isFar } from "../model/targets";
import { CODEC_NAMES } from "../video/codec";
import { Choice, Part, type DrawerProps } from "./drawer";
import { Elsewhere } from "./far";
import { bytes, hertz } from "./format";

/** Rates that people ask for; 0 is all that the source gives. */
const MAX_RATES = [0, 60, 30, 20, 15, 10, 5, 2] as const;
/** A slider that is dragged is asked for once it rests, ms. */
const REST_MS = 250;

export function VideoDrawer({ app, model, settings }: DrawerProps): JSX.Element {
  return (
    <>
      <SourcePart app={app} model={model} />
      <CodecPart app={app} model={model} settings={settings} />
      {!isFar(model) && <CompressionPart app={app} model={model} />}
      <Part title="Size on this screen">
        <Choice
          label="Size"
          testid="scale"
          value={settings.scale}
          choices={[
            { value: "fit", label: "Fit" },
            { value: "actual", label: "1 : 1" },
            { value: "fill", label: "Fill" },
          ]}
          choose={(scale) => app.configure({ scale })}
        />
        {settings.scale !== "fit" && <p class="hint">What does not fit follows the pointer.</p>}
      </Part>
      <Part title="Pixels" hint={settings.render === "crisp" ? "Whole multiples with hard edges: best for text." : "Any size, edges smoothed."}>
        <Choice
          label="Pixels"
          testid="render"
          value={settings.render}
          choices={[
            { value: "smooth", label: "Smooth" },
            { value: "crisp", label: "Crisp" },
          ]}
          choose={(render) => app.configure({ render })}
        />
      </Part>
      <Part title="Bar">
        <Choice
          label="Bar"
          testid="bar-mode"
          value={settings.bar}
          choices={[
            { value: "auto", label: "Leaves by itself" },
            { value: "stay", label: "Stays" },
          ]}
          choose={(bar) => app.configure({ bar })}
        />
      </Part>
    </>
  );
}

function SourcePart({ app, model }: { app: App; model: Model }): JSX.Element {
  if (isFar(model)) {
    return (
      <Part title="Source">
        <Elsewhere model={model} words={`${model.video === null ? "" : `${model.video.source || "Unnamed source"}, ${sizeOf(model.video.mode)}. `}The mode and the compression at ${model.chosen} are that node's own.`} />
      </Part>
    );
  }
  if (model.video === null) return <Part title="Source" hint="The capture device is not running.">{null}</Part>;
  return <Source app={app} video={model.video} />;
}

function CompressionPart({ app, model }: { app: App; model: Model }): JSX.Element | null {
  if (model.picture.codec === "h264") return model.h264 && <Motion app={app} h264={model.h264} />;
  if (model.encode === null) return <Part title="Compression" hint="The encoder is not running.">{null}</Part>;
  return <Compression app={app} encode={model.encode} />;
}

function Source({ app, video }: { app: App; video: VideoState }): JSX.Element {
  const sizes = sizesOf(video);
  const rates = ratesOf(video);
  const now = `${video.mode.width}×${video.mode.height}`;
  return (
    <Part title="Source" hint={`${video.source || "Unnamed source"}, ${video.format}, ${video.streaming ? `${video.rate} frames a second captured` : "idle"}.`}>
      <label class="row">
        <span>Resolution</span>
        <select class="select" data-testid="mode-size" value={now} disabled={sizes.length < 2} onChange={(event) => void app.act({ name: "set_mode", ...withSize(video, event.currentTarget.value) })}>
          {sizes.map((size) => (
            <option key={size} value={size}>
              {size}
            </option>
          ))}
        </select>
      </label>
      <label class="row">
        <span>Frames a second</span>
        <select class="select" data-testid="mode-rate" value={String(video.mode.millihertz)} disabled={rates.length < 2} onChange={(event) => void app.act({ name: "set_mode", ...withRate(video, Number(event.currentTarget.value)) })}>
          {rates.map((rate) => (
            <option key={rate} value={String(rate)}>
              {hertz(rate)}
            </option>
          ))}
        </select>
      </label>
    </Part>
  );
}

function CodecPart({ app, model: { picture }, settings }: { app: App; model: Model; settings: Settings }): JSX.Element {
  const now = `${CODEC_NAMES[picture.codec]}, ${bytes(picture.bytes)} a second${picture.why === null ? "." : `: ${picture.why}.`}`;
  return (
    <Part title="Codec" hint={now}>
      <Choice
        label="Codec"
        testid="codec"
        value={settings.codec}
        choices={[
          { value: "auto", label: "Auto" },
          { value: "h264", label: "H.264" },
          { value: "jpeg", label: "JPEG" },
        ]}
        choose={(codec) => app.configure({ codec })}
      />
    </Part>
  );
}

/** Of H.264: what may be limited. How fine it is follows what the link carries. */
function Motion({ app, h264 }: { app: App; h264: H264State }): JSX.Element {
  const { settings } = h264;
  return (
    <Part title="Compression" hint={`${h264.rate} frames a second encoded; quality follows what the link carries.`}>
      <label class="row">
        <span>At most</span>
        <select class="select" data-testid="h264-max-rate" value={String(settings.max_rate)} onChange={(event) => void app.act({ name: "set_h264", ...settings, max_rate: Number(event.currentTarget.value) })}>
          {offered(settings.max_rate).map((rate) => (
            <option key={rate} value={String(rate)}>
              {rate === 0 ? "all frames" : `${rate} a second`}
            </option>
          ))}
        </select>
      </label>
    </Part>
  );
}

function Compression({ app, encode }: { app: App; encode: EncodeState }): JSX.Element {
  const ask = (settings: EncodeSettings): void => void app.act({ name: "set_encode", ...settings });
  const [quality, setQuality] = useResting(encode.settings.quality, (value) => ask({ ...encode.settings, quality: value }));
  const hint = encode.passthrough ? "The source compresses by itself: quality is its own." : `${encode.rate} frames a second encoded; an unchanged picture is not sent again.`;
  return (
    <Part title="Compression" hint={hint}>
      <label class="row">
        <span>Quality</span>
        <input type="range" min={10} max={100} step={1} data-testid="quality" value={quality} disabled={encode.passthrough} onInput={(event) => setQuality(Number(event.currentTarget.value))} />
        <output class="number">{quality}</output>
      </label>
      <label class="row">
        <span>At most</span>
        <select class="select" data-testid="max-rate" value={String(encode.settings.max_rate)} onChange={(event) => ask({ ...encode.settings, max_rate: Number(event.currentTarget.value) })}>
          {offered(encode.settings.max_rate).map((rate) => (
            <option key={rate} value={String(rate)}>
              {rate === 0 ? "all frames" : `${rate} a second`}
            </option>
          ))}
        </select>
      </label>
    </Part>
  );
}

function offered(current: number): number[] {
  const rates: readonly number[] = MAX_RATES;
  return rates.includes(current) ? [...rates] : [...rates, current].sort((a, b) => (a || Infinity) < (b || Infinity) ? 1 : -1);
}

/** A value that is moved freely and told when it rests. */
function useResting(outer: number, tell: (value: number) => void): [number, (value: number) => void] {
  const [own, setOwn] = useState<number | null>(null);
  useEffect(() => setOwn(null), [outer]);
  useEffect(() => {
    if (own === null || own === outer) return;
    const timer = window.setTimeout(() => tell(own), REST_MS);
    return () => window.clearTimeout(timer);
  }, [own]);
  return [own ?? outer, setOwn];
}

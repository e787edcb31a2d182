// Sound that can be judged: tones and sweeps, and where what came of them is broken.

export const RATE = 48_000;
/** Of the loudest. */
export const LOUD = 16_000;
/** No whole number of periods fits a millisecond, a packet or a piece: whatever is missing shows. */
export const HERTZ = 997;

export interface Wave {
  rate: number;
  channels: number;
  /** Interleaved. */
  samples: Int16Array;
}

/** 997 Hz on both sides, then a sweep from there to 6 kHz; never silent in between. */
export function testWave(seconds: number, { rate = RATE, channels = 2 } = {}): Wave {
  const frames = Math.round(seconds * rate);
  const samples = new Int16Array(frames * channels);
  let phase = 0;
  for (let at = 0; at < frames; at++) {
    const part = at / frames;
    const hertz = part < 0.5 ? HERTZ : HERTZ * 6 ** ((part - 0.5) * 2);
    phase += (2 * Math.PI * hertz) / rate;
    // It begins softly: the card's first packet is no fault.
    const value = Math.round(Math.sin(phase) * LOUD * Math.min(1, at / 480));
    for (let channel = 0; channel < channels; channel++) samples[at * channels + channel] = value;
  }
  return { rate, channels, samples };
}

/** As a file. */
export function toWav({ rate, channels, samples }: Wave): Buffer {
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * channels * 2, 28);
  head.writeUInt16LE(channels * 2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([head, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)]);
}

/** The samples of a file that arecord wrote. */
export function fromWav(file: Buffer): Int16Array {
  const at = file.indexOf("data") + 8;
  return toSamples(file.subarray(at));
}

export function toSamples(bytes: Buffer): Int16Array {
  const copy = new Uint8Array(bytes.subarray(0, bytes.length & ~1));
  return new Int16Array(copy.buffer);
}

/** One of the sides. */
export function side(samples: Int16Array, channel: number, channels = 2): Int16Array {
  return samples.filter((_, at) => at % channels === channel);
}

/** So much at each end, frames. */
const EDGE = 960;

/** From the first to the last sample that is louder than hiss. */
export function soundIn(samples: Int16Array): Int16Array {
  const loud = (value: number): boolean => Math.abs(value) > 200;
  const first = samples.findIndex(loud);
  let last = samples.length - 1;
  while (last > first && !loud(samples[last] ?? 0)) last--;
  // Of its beginning and end, where it is cut, nothing can be said.
  return first < 0 ? new Int16Array() : samples.subarray(first + EDGE, Math.max(first + EDGE, last + 1 - EDGE));
}

const WINDOW = 24;
/** A sample out of its place by so much of the loudest is a click that one hears; a resampler's own noise is a hundredth of it. */
const CLICK = 0.012;

/**
 * Where a tone or a sweep is broken. Of a sine s[n+1] + s[n-1] = c s[n]; c is found from the samples around, and what does not fulfil it
 * is no sine: a sample that is missing, doubled, or silent.
 */
export function clicks(samples: Int16Array): number[] {
  const found: number[] = [];
  let top = 0;
  for (const value of samples) top = Math.max(top, Math.abs(value));
  for (let at = WINDOW; at < samples.length - WINDOW; at++) {
    const value = (offset: number): number => samples[at + offset] ?? 0;
    if (Math.abs(value(1) + value(-1) - bend(samples, at) * value(0)) > CLICK * top && at - (found.at(-1) ?? -RATE) > WINDOW) found.push(at);
  }
  return found;
}

/** The c around a sample, by least squares over what stands before it. */
function bend(samples: Int16Array, at: number): number {
  let [up, down] = [0, 0];
  for (let n = at - WINDOW + 1; n < at - 1; n++) {
    const middle = samples[n] ?? 0;
    up += middle * ((samples[n - 1] ?? 0) + (samples[n + 1] ?? 0));
    down += middle * middle;
  }
  return down === 0 ? 2 : up / down;
}

/** Runs of silence longer than a millisecond: a tone has none. */
export function silences(samples: Int16Array): number[] {
  const found: number[] = [];
  let quiet = 0;
  samples.forEach((value, at) => {
    quiet = Math.abs(value) < 3 ? quiet + 1 : 0;
    if (quiet === RATE / 1000) found.push(at);
  });
  return found;
}

/** Where a part of a wave begins, exactly; -1 when it is nowhere. */
export function find(part: Int16Array, whole: Int16Array): number {
  const bytes = (samples: Int16Array): Buffer => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  const [needle, hay] = [bytes(part), bytes(whole)];
  let at = hay.indexOf(needle);
  while (at % 2 === 1) at = hay.indexOf(needle, at + 1);
  return at < 0 ? -1 : at / 2;
}

/** A tone of one pitch, for one side or both. */
export function tone(seconds: number, hertz: number, channels = 2): Wave {
  const samples = Int16Array.from({ length: seconds * RATE * channels }, (_, at) => Math.round(Math.sin((2 * Math.PI * hertz * Math.floor(at / channels)) / RATE) * LOUD));
  return { rate: RATE, channels, samples };
}

/** Short enough for a clock that is off by half a hundredth. */
const MOMENT = RATE / 50;
/** Of what is heard in a moment, so much is the tone. */
const MOST_OF = 0.7;

/** The share of the moments in which a tone of that pitch is nearly all that is heard. */
export function shareOfTone(samples: Int16Array, hertz: number): number {
  let found = 0;
  for (let from = 0; from + MOMENT <= samples.length; from += MOMENT) {
    let [real, imaginary, power] = [0, 0, 0];
    for (let n = 0; n < MOMENT; n++) {
      const [value, angle] = [samples[from + n] ?? 0, (2 * Math.PI * hertz * n) / RATE];
      real += value * Math.cos(angle);
      imaginary += value * Math.sin(angle);
      power += value * value;
    }
    if (power > 0 && (2 * (real * real + imaginary * imaginary)) / (MOMENT * power) > MOST_OF) found++;
  }
  return (found * MOMENT) / Math.max(samples.length, MOMENT);
}

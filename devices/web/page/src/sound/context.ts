// A browser's sound with our processors in it.

/** Put in by build.mjs. */
declare const SOUND_SCRIPT: string;

/** To be called while a person presses something: browsers play nothing before. Without a rate it has the system's own. */
export async function openContext(rate?: number): Promise<AudioContext> {
  const context = new AudioContext({ latencyHint: "interactive", ...(rate === undefined ? {} : { sampleRate: rate }) });
  try {
    await context.resume();
    await context.audioWorklet.addModule(SOUND_SCRIPT);
  } catch (error) {
    void context.close();
    throw error;
  }
  return context;
}

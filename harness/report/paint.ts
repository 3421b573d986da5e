/** Colours of a terminal, by what they say. */
export type Tone = "good" | "bad" | "doubtful" | "quiet" | "strong";
export type Paint = (tone: Tone, text: string) => string;

const codes: Readonly<Record<Tone, string>> = { good: "32", bad: "31;1", doubtful: "33;1", quiet: "2", strong: "1" };
const painted: Paint = (tone, text) => `\u001B[${codes[tone]}m${text}\u001B[0m`;
const plain: Paint = (_tone, text) => text;

export function paintIn(colour: boolean): Paint {
  return colour ? painted : plain;
}

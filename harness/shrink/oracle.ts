/** Asks about candidates: each text once, and no more often than there are attempts. */
import type { Finding } from "../judge/finding.ts";
import type { PlanDocument } from "../plan/schema.ts";
import { neat } from "./neat.ts";
import { writeYaml } from "../plan/write-yaml.ts";

/** How the plan of this text fails by the expectation in question, if it does. What can't be parsed, and what ends as unknown, does not. */
export type Trial = (text: string) => Promise<Pick<Finding, "at"> | undefined>;

export interface Oracle {
  /** Without further attempts, nothing fails any more. */
  fails(document: PlanDocument): Promise<boolean>;
  /** How one failed that was asked about. */
  failureOf(document: PlanDocument): Pick<Finding, "at"> | undefined;
  readonly tries: number;
  readonly spent: boolean;
}

export interface OracleOptions {
  readonly trial: Trial;
  readonly attempts: number;
  readonly onTry: (tries: number) => void;
}

export function createOracle({ trial, attempts, onTry }: OracleOptions): Oracle {
  const known = new Map<string, Pick<Finding, "at"> | undefined>();
  let tries = 0;
  let spent = false;
  return {
    get tries() {
      return tries;
    },
    get spent() {
      return spent;
    },
    async fails(document) {
      const text = textOf(document);
      if (known.has(text)) return known.get(text) !== undefined;
      if (tries >= attempts) {
        spent = true;
        return false;
      }
      tries += 1;
      onTry(tries);
      const failure = await trial(text);
      known.set(text, failure);
      return failure !== undefined;
    },
    failureOf: (document) => known.get(textOf(document)),
  };
}

const textOf = (document: PlanDocument): string => writeYaml(neat(document));

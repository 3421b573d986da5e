import { faults, type Fault } from "../../faults/registry.ts";
import { renderCatalogue, renderFault } from "../../faults/catalogue.ts";
import { UsageError } from "../errors.ts";
import { faultMeant } from "../../faults/meant.ts";
import { nearest } from "../../faults/nearest.ts";
import { declaredBy } from "../plan/repertoire.ts";
import { readSubjectFile } from "./subject.ts";

interface FaultsOptions {
  readonly markdown?: boolean;
  /** A subject file, whose faults are shown as well; all of them, if nothing is asked for. */
  readonly of?: string;
}

/** A fault is found by its kind, and by its key in a plan: `disk.power-loss`, `disk.power_loss`. */
export async function showFaults(wanted: string | undefined, { markdown = false, of }: FaultsOptions): Promise<void> {
  if (markdown) {
    process.stdout.write(renderCatalogue());
    return;
  }
  const declared = of === undefined ? [] : declaredBy(await readSubjectFile(of));
  const all = [...faults.values(), ...declared];
  const kind = wanted?.replaceAll("_", "-");
  const shown = declared.length > 0 ? declared : all;
  const chosen = kind === undefined ? shown : all.filter((fault) => fault.kind === kind || planeOf(fault) === kind);
  if (chosen.length === 0) {
    const word = kind ?? "";
    const meant =
      nearest(word, new Set(all.map(planeOf))) ??
      faultMeant(
        word,
        all.map((fault) => fault.kind),
      );
    throw new UsageError(
      `no fault and no plane is called ${wanted}${meant === undefined ? "" : `: did you mean ${meant}?`} ("sinbin faults" lists all)`,
    );
  }
  if (kind !== undefined) {
    const among = new Map(all.map((fault) => [fault.kind, fault]));
    process.stdout.write(chosen.map((fault) => renderFault(fault.kind, among)).join("\n\n"));
    return;
  }
  const width = Math.max(...chosen.map((fault) => fault.kind.length));
  for (const fault of chosen) console.log(`${fault.kind.padEnd(width)}  ${fault.about.split(/(?<=\.) /)[0]}`);
  const option = of === undefined ? "" : ` --of ${of}`;
  console.log(
    `\n"sinbin faults KIND${option}" shows the parameters of one, and "sinbin faults PLANE" those of all of a plane.`,
  );
}

/** What a plan writes before the point: of declared ones, the subject's name. */
function planeOf({ kind }: Pick<Fault, "kind">): string {
  return kind.split(".")[0] ?? kind;
}

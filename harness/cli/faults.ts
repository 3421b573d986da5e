import { faults } from "../../faults/registry.ts";
import { renderCatalogue, renderFault } from "../../faults/catalogue.ts";
import { UsageError } from "../errors.ts";
import { nearest } from "../expression/nearest.ts";

/** A fault is found by its kind, and by its key in a plan: `disk.power-loss`, `disk.power_loss`. */
export function showFaults(wanted: string | undefined, { markdown = false }: { readonly markdown?: boolean }): void {
  if (markdown) {
    process.stdout.write(renderCatalogue());
    return;
  }
  const all = [...faults.values()];
  const kind = wanted?.replaceAll("_", "-");
  const chosen = kind === undefined ? all : all.filter((fault) => fault.kind === kind || fault.plane === kind);
  if (chosen.length === 0) {
    const names = [...faults.keys(), ...new Set(all.map(({ plane }) => plane))];
    const meant = nearest(kind ?? "", names);
    throw new UsageError(
      `no fault and no plane is called ${wanted}${meant === undefined ? "" : `: did you mean ${meant}?`} ("sinbin faults" lists all)`,
    );
  }
  if (chosen.length === 1 && chosen[0] !== undefined) {
    process.stdout.write(renderFault(chosen[0].kind));
    return;
  }
  const width = Math.max(...chosen.map((fault) => fault.kind.length));
  for (const fault of chosen) console.log(`${fault.kind.padEnd(width)}  ${fault.about.split(/(?<=\.) /)[0]}`);
  console.log('\n"sinbin faults KIND" shows the parameters of one.');
}

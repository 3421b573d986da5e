import { explain } from "../schedule/explain.ts";
import { createSchedule } from "../schedule/schedule.ts";
import { bindCells, loadPlans } from "./plans.ts";

export async function explainPlan(place: string, flags: { readonly seed?: number }): Promise<number> {
  for (const loaded of await loadPlans([place])) {
    for (const { plan, seed, cell } of bindCells(loaded, flags)) {
      process.stdout.write(explain(plan, createSchedule(plan, { seed, cell })));
    }
  }
  return 0;
}

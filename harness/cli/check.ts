import { UsageError } from "../errors.ts";
import { lackOfMix } from "../hunt/mix.ts";
import { bindCells, loadPlans, warningsIn } from "./plans.ts";

export async function check(places: readonly string[]): Promise<number> {
  const loaded = await loadPlans(places);
  const empty = loaded.flatMap((each) => {
    if (each.plan.mix === undefined) return [];
    const lacks = bindCells(each, {}).flatMap(({ plan }) => lackOfMix(plan) ?? []);
    return [...new Set(lacks)].map((lack) => `${each.file}: mix: ${lack}`);
  });
  if (empty.length > 0) throw new UsageError(empty.join("\n"));
  for (const each of loaded) {
    console.log(`${each.file}: ${each.plan.plan} is a good plan`);
    for (const warning of warningsIn([each])) console.log(warning);
  }
  return 0;
}

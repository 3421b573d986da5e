import { loadPlans } from "./plans.ts";

export async function check(places: readonly string[]): Promise<number> {
  for (const { file, plan } of await loadPlans(places)) console.log(`${file}: ${plan.plan} is a good plan`);
  return 0;
}

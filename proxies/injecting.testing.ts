/** For scenes of tests: faults are injected by their kind, and what they hit is kept. */
import { stream } from "../faults/random.ts";
import { faults } from "../faults/registry.ts";

export type Hits = Readonly<Record<string, unknown>>[];
export type Inject<Injection> = (
  kind: string,
  parameters?: object,
  more?: Partial<Injection>,
) => Promise<AsyncDisposable>;

export function injectorOf<Injection>(
  proxy: { inject(injection: Injection): Promise<AsyncDisposable> },
  hits: Hits,
): Inject<Injection> {
  return (kind, parameters = {}, more = {}) => {
    const fault = faults.get(kind);
    if (fault === undefined) throw new Error(`no fault is called ${kind}`);
    return proxy.inject({
      fault,
      parameters: fault.parameters.parse(parameters),
      draw: stream(1, [kind]),
      onHit: (detail: Hits[number]) => void hits.push(detail),
      ...more,
    } as unknown as Injection);
  };
}

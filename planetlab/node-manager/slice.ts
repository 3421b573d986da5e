/**
 * One slice as this node knows it: read from a document, kept in the state file.
 */
import { z } from "zod";
import { childrenNamed, type XmlElement } from "../xml.ts";

/** Login base and slice, as PLC names them. Narrow on purpose: a name becomes a directory's name. */
export const sliceName = z.string().regex(/^[a-z0-9]{1,32}_[a-z0-9_]{1,64}$/);

export const sliceSchema = z.strictObject({
  id: z.int().positive(),
  name: sliceName,
  /** Seconds since the epoch, by the publisher's clock. */
  expiry: z.int().nonnegative(),
  rspec: z.record(z.string(), z.int()),
  /** Lines of `authorized_keys`. */
  keys: z.array(z.string()),
});
export type Slice = z.output<typeof sliceSchema>;

/** One slice is malformed: it stays as it was, and the others are not concerned. */
export class SliceError extends Error {
  override readonly name = "SliceError";
}

/** @throws {SliceError} */
export function readSlice(element: XmlElement, keysByPerson: ReadonlyMap<string, readonly string[]>): Slice {
  const people = childrenNamed(element, "user").map((user) => user.attributes.get("person_id") ?? "");
  const outcome = sliceSchema.safeParse({
    id: wholeNumber(element.attributes.get("id")),
    name: element.attributes.get("name"),
    expiry: wholeNumber(element.attributes.get("expiry")),
    rspec: readRspec(childrenNamed(element, "rspec")),
    keys: people.flatMap((person) => keysByPerson.get(person) ?? []),
  });
  if (outcome.success) return outcome.data;
  const fields = outcome.error.issues.map((issue) => issue.path.join("."));
  throw new SliceError(`malformed: ${fields.join(", ")}`);
}

/** Values that are not whole numbers stay what they are, and so make the slice malformed instead of silently smaller. */
function readRspec(rspecs: readonly XmlElement[]): Record<string, unknown> {
  const resources = rspecs.flatMap((rspec) => childrenNamed(rspec, "resource"));
  return Object.fromEntries(
    resources.map((resource) => [
      resource.attributes.get("name") ?? "",
      wholeNumber(childrenNamed(resource, "value")[0]?.text.trim()),
    ]),
  );
}

function wholeNumber(text: string | undefined): number | string | undefined {
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

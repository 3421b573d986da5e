/** MAC addresses, as people and boot managers write them: in either case, with : or - or nothing between the bytes, or points, as Cisco does. */

/** In one form, or undefined if it is none. */
export function macOf(text: string): string | undefined {
  const digits = text.trim().toLowerCase().replaceAll(/[:.-]/g, "");
  return /^[0-9a-f]{12}$/.test(digits) ? digits.replaceAll(/..(?!$)/g, "$&:") : undefined;
}

/** What is behind the header of a packet: extension fields (RFC 7822), and a MAC or a crypto-NAK (RFC 5905, section 7.5 and appendix A.5.1). */

export interface ExtensionField {
  readonly type: number;
  /** With its own four bytes of type and length. */
  readonly bytes: number;
}

export interface Rest {
  readonly fields: readonly ExtensionField[];
  /** A crypto-NAK has key 0 and no digest. */
  readonly mac?: { readonly key: number; readonly digestBytes: number };
  /** What is none of these. */
  readonly garbage: number;
}

/** The shortest extension field, and the shortest that is the last where there is no MAC, so that nobody takes it for one (RFC 7822, section 3). */
const shortestField = 16;
const shortestLastField = 28;
/** A key identifier and the digest of MD5 or SHA-1; of nothing it is a crypto-NAK. */
const macBytes = new Set([4, 20, 24]);

export function readRest(rest: Uint8Array): Rest {
  const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
  const fields: ExtensionField[] = [];
  let at = 0;
  while (rest.length - at >= shortestLastField || (fields.length === 0 && rest.length - at === shortestField)) {
    const bytes = view.getUint16(at + 2);
    if (bytes < shortestField || bytes % 4 !== 0 || bytes > rest.length - at) break;
    fields.push({ type: view.getUint16(at), bytes });
    at += bytes;
  }
  const left = rest.length - at;
  if (!macBytes.has(left)) return { fields, garbage: left };
  return { fields, mac: { key: view.getUint32(at), digestBytes: left - 4 }, garbage: 0 };
}

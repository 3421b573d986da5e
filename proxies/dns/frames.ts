/** Messages in a stream, each behind its length: RFC 1035, section 4.2.2. */

/** Calls back with each message as soon as it is whole; it keeps what is left, which is less than one message. */
export function createFrameReader(onMessage: (bytes: Uint8Array) => void): (bytes: Uint8Array) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    let all = rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([rest, bytes]);
    while (all.length >= 2 && all.length >= 2 + all.readUInt16BE(0)) {
      const end = 2 + all.readUInt16BE(0);
      onMessage(all.subarray(2, end));
      all = all.subarray(end);
    }
    rest = all;
  };
}

/** `length`: what its length field says; by default the truth. */
export function frame(bytes: Uint8Array, length = bytes.length): Buffer {
  return Buffer.concat([Buffer.of((length >> 8) & 0xff, length & 0xff), bytes]);
}

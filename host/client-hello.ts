/** What a TLS client says first, in the clear (RFC 8446, section 4.1.2): whom it wants to speak to, and in which protocols. */

export interface ClientHello {
  /** RFC 6066, section 3. */
  readonly servername: string | undefined;
  /** RFC 7301: what it offers, its first choice first. */
  readonly alpn: readonly string[];
  /** Of the whole message on the wire, with the headers of its records. */
  readonly length: number;
}

const handshakeRecord = 0x16;
const clientHello = 1;
const recordHeader = 5;
const messageHeader = 4;
const extensionOf = { servername: 0, alpn: 16 } as const;
/** None is larger that anybody sends. */
const largestMessage = 64 * 1024;

/** Undefined: the beginning of one, as far as can be seen. Null: none. */
export function readClientHello(bytes: Uint8Array): ClientHello | null | undefined {
  const seen = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pieces: Buffer[] = [];
  let wanted = messageHeader;
  let got = 0;
  let length = 0;
  // One message may be spread over several records.
  while (got < wanted) {
    const record = seen.subarray(length);
    if (record.length > 0 && record[0] !== handshakeRecord) return null;
    if (record.length > 1 && record[1] !== 3) return null;
    if (record.length < recordHeader) return undefined;
    const end = recordHeader + record.readUInt16BE(3);
    pieces.push(record.subarray(recordHeader, end));
    got += Math.min(record.length, end) - recordHeader;
    length += end;
    const head = Buffer.concat(pieces);
    if (head.length > 0 && head[0] !== clientHello) return null;
    if (head.length >= messageHeader) wanted = messageHeader + head.readUIntBE(1, 3);
    if (wanted > largestMessage) return null;
    if (record.length < end) return undefined;
  }
  try {
    return { ...readMessage(Buffer.concat(pieces).subarray(messageHeader, wanted)), length };
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** @throws {RangeError} if it is cut, or says of something that it is longer than there is. */
function readMessage(message: Buffer): Omit<ClientHello, "length"> {
  const reader = createReader(message);
  reader.take(2 + 32);
  for (const size of [1, 2, 1] as const) reader.block(size);
  let servername: string | undefined;
  let alpn: readonly string[] = [];
  const extensions = reader.left() === 0 ? createReader(Buffer.alloc(0)) : createReader(reader.block(2));
  while (extensions.left() > 0) {
    const type = extensions.number(2);
    const content = createReader(extensions.block(2));
    if (type === extensionOf.servername) {
      const [first] = listOf(createReader(content.block(2)), (entry) => {
        const isHostName = entry.number(1) === 0;
        const name = entry.block(2).toString("latin1");
        return isHostName ? name : undefined;
      });
      servername = first;
    } else if (type === extensionOf.alpn) {
      alpn = listOf(createReader(content.block(2)), (entry) => entry.block(1).toString("latin1"));
    }
  }
  return { servername, alpn };
}

function listOf<Entry>(reader: Reader, read: (reader: Reader) => Entry): readonly Entry[] {
  const entries: Entry[] = [];
  while (reader.left() > 0) entries.push(read(reader));
  return entries;
}

interface Reader {
  left(): number;
  take(bytes: number): Buffer;
  number(bytes: number): number;
  /** What its own length stands before, in so many bytes. */
  block(bytes: number): Buffer;
}

function createReader(buffer: Buffer): Reader {
  let at = 0;
  const reader: Reader = {
    left: () => buffer.length - at,
    take(bytes) {
      if (at + bytes > buffer.length) throw new RangeError("the message is shorter than it says");
      at += bytes;
      return buffer.subarray(at - bytes, at);
    },
    number: (bytes) => reader.take(bytes).readUIntBE(0, bytes),
    block: (bytes) => reader.take(reader.number(bytes)),
  };
  return reader;
}

/** One that says these things and nothing else, in one record of exactly so many bytes (RFC 7685 fills it up). @throws {RangeError} if it has no room for them. */
export function writeClientHello(
  { servername, alpn }: Pick<ClientHello, "servername" | "alpn">,
  length: number,
): Buffer {
  const names = servername === undefined ? [] : [Buffer.concat([number(0, 1), block(2, Buffer.from(servername))])];
  const protocols = alpn.map((protocol) => block(1, Buffer.from(protocol)));
  const extensions = [
    ...(names.length === 0 ? [] : [extension(extensionOf.servername, block(2, ...names))]),
    ...(protocols.length === 0 ? [] : [extension(extensionOf.alpn, block(2, ...protocols))]),
  ];
  const beginning = [
    number(0x0303, 2),
    Buffer.alloc(32),
    block(1),
    block(2, number(0x1301, 2)),
    block(1, number(0, 1)),
  ];
  const missing = length - size([...beginning, ...extensions]) - recordHeader - messageHeader - 2 - 4;
  if (missing < 0)
    throw new RangeError(`a ClientHello of ${length} bytes has no room for ${[servername, ...alpn].join(", ")}`);
  const body = [...beginning, block(2, ...extensions, extension(21, Buffer.alloc(missing)))];
  return Buffer.concat([
    number(handshakeRecord, 1),
    number(0x0301, 2),
    block(2, number(clientHello, 1), block(3, ...body)),
  ]);
}

function extension(type: number, content: Buffer): Buffer {
  return Buffer.concat([number(type, 2), block(2, content)]);
}

function block(bytes: number, ...content: readonly Buffer[]): Buffer {
  return Buffer.concat([number(size(content), bytes), ...content]);
}

function number(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

function size(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0);
}

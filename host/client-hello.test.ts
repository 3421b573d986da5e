import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { connect } from "node:tls";
import type { ConnectionOptions } from "node:tls";
import { expect, test } from "vitest";
import { readClientHello, writeClientHello } from "./client-hello.ts";

/** What Node's own client says first. */
async function hear(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: "127.0.0.1", port, ...options }).on("error", () => {});
  const [socket] = await once(server, "connection");
  const [bytes] = await once(socket, "data");
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

test.each([
  [
    { servername: "plc.test", ALPNProtocols: ["h2", "http/1.1"] },
    { servername: "plc.test", alpn: ["h2", "http/1.1"] },
  ],
  [
    { servername: "plc.test", maxVersion: "TLSv1.2" as const },
    { servername: "plc.test", alpn: [] },
  ],
  [{}, { servername: undefined, alpn: [] }],
])("of what Node's client says with %j, name and protocols are read", async (options, expected) => {
  const bytes = await hear(options);
  expect(readClientHello(bytes)).toEqual({ ...expected, length: bytes.length });
});

test("however it comes in pieces, it is no ClientHello until it is whole", async () => {
  const bytes = await hear({ servername: "plc.test" });
  for (let length = 0; length < bytes.length; length += 1) {
    expect(readClientHello(bytes.subarray(0, length))).toBeUndefined();
  }
  expect(readClientHello(Buffer.concat([bytes, Buffer.from("more")]))?.length).toBe(bytes.length);
});

test("one message may be spread over several records", () => {
  const whole = writeClientHello({ servername: "plc.test", alpn: ["h2"] }, 512);
  const message = whole.subarray(5);
  const records = [message.subarray(0, 2), message.subarray(2, 100), message.subarray(100)].map((part) =>
    Buffer.concat([Buffer.from([0x16, 3, 1, part.length >> 8, part.length & 0xff]), part]),
  );
  const bytes = Buffer.concat(records);
  expect(readClientHello(bytes)).toEqual({ servername: "plc.test", alpn: ["h2"], length: bytes.length });
  expect(readClientHello(bytes.subarray(0, -1))).toBeUndefined();
});

test.each([
  ["HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ["another record", Buffer.from([0x17, 3, 3, 0, 1, 0])],
  ["SSL 2", Buffer.from([0x80, 0x2e, 1, 3, 1])],
  ["another message", Buffer.from([0x16, 3, 1, 0, 4, 2, 0, 0, 0])],
  ["lengths that lie", Buffer.from([0x16, 3, 1, 0, 6, 1, 0, 0, 2, 3, 3])],
  ["more than anybody says", Buffer.from([0x16, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff])],
])("%s is no ClientHello", (_what, bytes) => {
  expect(readClientHello(bytes)).toBeNull();
});

test.each([
  { servername: "plc.test", alpn: ["h2", "http/1.1"] },
  { servername: undefined, alpn: [] },
])("what is written is read: %j", (hello) => {
  const bytes = writeClientHello(hello, 512);
  expect(bytes).toHaveLength(512);
  expect(readClientHello(bytes)).toEqual({ ...hello, length: 512 });
  expect(() => writeClientHello({ servername: "x".repeat(500), alpn: [] }, 512)).toThrow("has no room for");
});

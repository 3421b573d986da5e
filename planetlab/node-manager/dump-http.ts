/** What is said in HTTP on a connection, as its bytes go by: the heads of requests and replies, and how much of a body came. */
import type { Dump } from "./dump.ts";

export interface HttpReader {
  received(bytes: Uint8Array): void;
  sent(bytes: Uint8Array): void;
  closed(): void;
}

const longestHead = 16 * 1024;
/** Those that tell what became of a body, where it came from and when. */
const telling = ["content-length", "content-type", "transfer-encoding", "location", "date", "server", "age"];

export function createHttpReader(dump: Dump, id: number): HttpReader {
  let head: Buffer | undefined = Buffer.alloc(0);
  let body: { bytes: number; readonly of: number | undefined } | undefined;
  let asked = false;

  const readHead = (text: string): void => {
    const [first = "", ...lines] = text.split("\r\n");
    const [, status] = /^HTTP\/1\.[01] (\d{3})\b/.exec(first) ?? [];
    const headers = new Map(lines.map((line) => [line.split(":", 1)[0]?.toLowerCase() ?? "", line]));
    const facts = telling.flatMap((name) => {
      const line = headers.get(name);
      return line === undefined ? [] : [[name, line.slice(name.length + 1).trim()] as const];
    });
    dump.line("http", "reply", { id, status: Number(status), ...Object.fromEntries(facts) });
    const [, length] = facts.find(([name]) => name === "content-length") ?? [];
    body = { bytes: 0, of: length === undefined ? undefined : Number(length) };
  };
  return {
    received(bytes) {
      if (body !== undefined) body.bytes += bytes.length;
      if (head === undefined) return;
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf("\r\n\r\n");
      const isHttp = head.subarray(0, 7).equals(Buffer.from("HTTP/1.").subarray(0, head.length));
      if (end === -1 && isHttp && head.length <= longestHead) return;
      if (end === -1 || !isHttp) dump.malformed("http", `no head of a reply on connection ${id}`, head);
      else {
        readHead(head.subarray(0, end).toString("latin1"));
        if (body !== undefined) body.bytes = head.length - end - "\r\n\r\n".length;
      }
      head = undefined;
    },
    sent(bytes) {
      if (asked) return;
      asked = true;
      const text = Buffer.from(bytes.subarray(0, longestHead)).toString("latin1");
      const [method, path] = text.split(" ");
      const [, accept] = /^accept: *(.*)$/im.exec(text) ?? [];
      dump.line("http", "request", { id, method, path, accept });
    },
    closed() {
      if (body !== undefined) dump.line("http", "body", { id, bytes: body.bytes, of: body.of });
      else if (asked) dump.line("http", "unanswered", { id });
    },
  };
}

import type { HttpReply } from "./message.ts";

/** A whole reply that nobody but a fault has written. */
export function page(status: number, reason: string, type: string, text: string): HttpReply & { body: Uint8Array } {
  const body = Buffer.from(text);
  return {
    status,
    reason,
    headers: [
      ["Content-Type", type],
      ["Content-Length", String(body.length)],
    ],
    body,
  };
}

/** As the RFCs call them; a class's name for the others. */
export function reasonOf(status: number): string {
  return reasons[status] ?? classes[Math.floor(status / 100)] ?? "";
}

const classes: Readonly<Record<number, string>> = {
  1: "Informational",
  2: "Successful",
  3: "Redirection",
  4: "Client Error",
  5: "Server Error",
};

const reasons: Readonly<Record<number, string>> = {
  100: "Continue",
  102: "Processing",
  103: "Early Hints",
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  417: "Expectation Failed",
  421: "Misdirected Request",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  511: "Network Authentication Required",
};

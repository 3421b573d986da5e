/** An end of a connection as programs have it: a stream with the manners of Node's `net.Socket`. */
import { Duplex } from "node:stream";
import type { Clock, SecureSocket } from "../host.ts";
import { mostAtOnce, type TcpEnd } from "./tcp.ts";

export interface SocketOptions {
  readonly end: TcpEnd;
  readonly clock: Clock;
  readonly halfOpen?: boolean;
  readonly paused?: boolean;
  readonly highWaterMark?: number;
  /** Of one that speaks TLS. */
  readonly alpnProtocol?: string | false;
  /** Of a Unix domain socket, whose ends have no addresses. */
  readonly local?: boolean;
}

type Done = (error?: Error | null) => void;

export class SimulatedSocket extends Duplex implements SecureSocket {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly remoteFamily = "IPv4";
  readonly connecting = false;
  readonly alpnProtocol: string | false | null;
  /** What `setTimeout` was told, as Node's http looks at it. */
  timeout: number | undefined;
  readonly #end: TcpEnd;
  readonly #clock: Clock;
  #idle: Disposable | undefined;
  #activeAt = 0;

  constructor({ end, clock, halfOpen = false, paused = false, highWaterMark, alpnProtocol, local }: SocketOptions) {
    super({
      allowHalfOpen: halfOpen,
      decodeStrings: false,
      emitClose: false,
      ...(highWaterMark !== undefined && { highWaterMark }),
    });
    this.#end = end;
    this.#clock = clock;
    if (local !== true) {
      this.remoteAddress = end.remote.host;
      this.remotePort = end.remote.port;
      this.localAddress = end.local.host;
      this.localPort = end.local.port;
    }
    this.alpnProtocol = alpnProtocol ?? null;
    if (!halfOpen) this.once("end", () => this.#refuseWritesAfterEnd());
    // Node's sockets read ahead, too, whether anybody listens yet or not.
    if (paused) this.pause();
    else this.read(0);
  }

  override _read(): void {
    this.#receive();
  }

  #receive(): void {
    this.#end.wait(() => {
      const result = this.#end.read(mostAtOnce);
      this.#stir();
      if (result instanceof Error) this.destroy(result);
      else if (result === null) {
        this.push(null);
        this.read(0);
      } else if (result === undefined || this.push(result)) this.#receive();
    });
  }

  /** The caller may use its buffer again once it has been called back; so the kernel copies. */
  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: Done): void {
    this.#stir();
    this.#end.write(typeof chunk === "string" ? Buffer.from(chunk, encoding) : Buffer.from(chunk), done);
  }

  override _writev(chunks: readonly { chunk: Buffer | string; encoding: BufferEncoding }[], done: Done): void {
    const all = chunks.map(({ chunk, encoding }) => (typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk));
    this.#stir();
    this.#end.write(Buffer.concat(all), done);
  }

  override _final(done: Done): void {
    this.#end.shutdown();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#idle?.[Symbol.dispose]();
    this.#end.close();
    done(error);
    this.#end.later(() => this.emit("close", error !== null));
  }

  resetAndDestroy(): this {
    if (this.destroyed) return this;
    this.#end.reset();
    return this.destroy();
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  /** The model has no close_notify, and nobody in a simulation looks for one: Node's clients don't. */
  endWithoutNotify(): this {
    return super.end();
  }

  /** Leaves the connection, and what was not read of it, to another one: this socket is of no use any more. */
  release(): TcpEnd {
    this.#idle?.[Symbol.dispose]();
    const unread: Buffer[] = [];
    for (let bytes = this.read() as Buffer | null; bytes !== null; bytes = this.read() as Buffer | null)
      unread.push(bytes);
    this.#end.unread(Buffer.concat(unread));
    return this.#end;
  }

  setTimeout(milliseconds: number, callback?: () => void): this {
    this.#idle?.[Symbol.dispose]();
    this.#idle = undefined;
    this.timeout = milliseconds;
    if (callback !== undefined) {
      if (milliseconds === 0) this.off("timeout", callback);
      else this.once("timeout", callback);
    }
    if (milliseconds > 0 && !this.destroyed) {
      this.#activeAt = this.#clock.monotonic();
      this.#watchIdle(milliseconds, milliseconds);
    }
    return this;
  }

  /** The other side has ended it, and so this side has been ended, too: to a program that writes on, it is the network's doing. */
  #refuseWritesAfterEnd(): void {
    const write = this.write.bind(this) as (...args: readonly unknown[]) => boolean;
    this.write = (...args: readonly unknown[]) => {
      if (!this.writableEnded) return write(...args);
      const error = Object.assign(new Error("This socket has been ended by the other party"), { code: "EPIPE" });
      const done = args.at(-1);
      if (typeof done === "function") process.nextTick(done, error);
      this.destroy(error);
      return false;
    };
  }

  /** The timer is not wound up again for each packet: it looks at its end how long nothing has happened. */
  #watchIdle(milliseconds: number, left: number): void {
    this.#idle = this.#clock.timer(left, () => {
      const idleMs = this.#clock.monotonic() - this.#activeAt;
      this.#idle = undefined;
      if (idleMs >= milliseconds) this.emit("timeout");
      else this.#watchIdle(milliseconds, milliseconds - idleMs);
    });
  }

  /** Something has passed. */
  #stir(): void {
    if (this.timeout === undefined || this.timeout === 0 || this.destroyed) return;
    this.#activeAt = this.#clock.monotonic();
    if (this.#idle === undefined) this.#watchIdle(this.timeout, this.timeout);
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  /** As Node has it: of a Unix domain socket, nothing. */
  address(): { readonly address?: string; readonly family?: string; readonly port?: number } {
    const { localAddress: address, localPort: port, remoteFamily: family } = this;
    return address === undefined || port === undefined ? {} : { address, family, port };
  }
}

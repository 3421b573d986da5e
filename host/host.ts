/**
 * The operating system as a program sees it: the one seam to the outside.
 *
 *     program ── main(host, args) ──► Host ──┬── real host       node:net, node:fs, the system's clock
 *                                            └── simulated host  a world in memory, in virtual time
 *
 * A program, a proxy or a fault must not be able to tell which of the two it was given.
 */
import type { Duplex } from "node:stream";

export interface Host {
  /** The name of the service that this host runs, as in the plan; it appears in logs only. */
  readonly name: string;
  readonly clock: Clock;
  readonly network: Network;
  readonly files: Files;
  readonly signals: Signals;
  readonly processes: Processes;
  readonly random: Random;
  /** One structured line, `{"event": …, …fields}`, on standard output: what the harness reads. */
  readonly log: Log;
  /** Lines of `log` that could not be written: a disk was full, or whoever read them has gone. That ends nobody, and what can be written again is. */
  readonly unlogged: () => number;
}

/** A program exports `main`; the number is its exit code. An error that escapes it is a crash: stack on standard error, exit code 1. */
export type Main = (host: Host, args: readonly string[]) => Promise<number>;

/** Whatever waits can be told to stop: it rejects with the signal's reason. */
export interface Waiting {
  readonly signal?: AbortSignal;
}

export interface Precision {
  /** Late by a fraction of a millisecond, not by one or two. It costs more, and a thread of the process. */
  readonly exact?: boolean;
}

export interface Clock {
  /** Milliseconds since the Unix epoch. May step, and may run fast or slow. */
  wall(): number;
  /** Milliseconds since the machine was started, as far as the machine tells. Never steps. */
  monotonic(): number;
  /** Names that start of the machine: times on the monotonic clock can be compared, be it from one process to the next, as long as it is the same. */
  readonly boot: string;
  /** Waits on the monotonic clock. */
  sleep(milliseconds: number, waiting?: Waiting): Promise<void>;
  /** Calls back once on the monotonic clock, never early; disposing cancels. Does not keep a process alive. */
  timer(milliseconds: number, callback: () => void, precision?: Precision): Disposable;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A byte stream with `net.Socket`'s methods, so that Node's own `http` runs over it; its `setTimeout` is on the host's clock. */
export interface Socket extends Duplex {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  /** Of a connection that speaks TLS: the protocol within it that was agreed on (RFC 7301), false for none. */
  readonly alpnProtocol?: string | false | null;
  /** Sends RST instead of FIN and drops what is buffered. */
  resetAndDestroy(): this;
  destroySoon(): void;
  setTimeout(milliseconds: number, callback?: () => void): this;
  setNoDelay(noDelay?: boolean): this;
  setKeepAlive(enable?: boolean, initialDelay?: number): this;
  ref(): this;
  unref(): this;
}

/** An end of a connection that serves TLS. */
export interface SecureSocket extends Socket {
  /** Ends it without close_notify (RFC 8446, section 6.1), behind what was written: the other side can't know whether that was all. */
  endWithoutNotify(): this;
}

/** What a certificate says. */
export interface Certificate {
  /** Hosts and addresses. */
  readonly names: readonly string[];
  /** From when and until when it is valid, in milliseconds since the Unix epoch; a certificate has whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** The authority that the world trusts, one that nobody knows, or the certificate itself. */
  readonly issuer: "trusted" | "unknown" | "itself";
}

export interface SecureOptions {
  readonly certificate: Certificate;
  /** Protocols to speak within, if the client offers any (RFC 7301); a client that offers none of them is turned away. By default there is no talk of it. */
  readonly alpn?: readonly string[];
}

export const tlsVersions = ["1.0", "1.1", "1.2", "1.3"] as const;
export type TlsVersion = (typeof tlsVersions)[number];

export interface ListenOptions {
  /** The address to bind; by default every address that the service has. */
  readonly host?: string;
  /** The natural port, or 0 for any. A world without natural ports maps it to a free one and says so in the log (`network.listening`). */
  readonly port: number;
  /** A Unix domain socket of the service, by its path, in place of an address: only its own machine can connect. */
  readonly socketPath?: string;
  /** Serve TLS with the certificate that the world gave to this service (in sim: a plain stream and a model of the handshake). */
  readonly tls?: boolean;
  /** The oldest version of TLS that is spoken (default 1.2). If that is older, so are the keys and digests that count: those of its time. */
  readonly oldestTls?: TlsVersion;
  /** Keep the writable side open when the peer has sent FIN (default false: answer FIN with FIN). */
  readonly halfOpen?: boolean;
  /** Do not read until somebody does (default false). */
  readonly pauseOnConnect?: boolean;
  /** How many bytes a socket reads ahead, and how many may wait to be sent before `write` is false; by default Node's. */
  readonly highWaterMark?: number;
}

export interface ConnectOptions extends Address {
  /** A Unix domain socket of the same service, in place of the address. */
  readonly socketPath?: string;
  /** Where `host` is, if that has been resolved before; by default it is resolved now. */
  readonly addresses?: readonly Address[];
  /** Speak TLS, trusting the world's CA alone; the certificate must be for `servername` (default: `host`). */
  readonly tls?: boolean;
  readonly servername?: string;
  /** Protocols to offer within TLS, the first choice first (RFC 7301); by default none. */
  readonly alpn?: readonly string[];
  readonly halfOpen?: boolean;
  /** As for `ListenOptions`. */
  readonly highWaterMark?: number;
  /** Gets what would else come in `data` events. Not with `tls`. */
  readonly onRead?: OnRead;
  /** The TCP connection is there, from this port: before anything is said on it, a handshake of TLS included. */
  readonly onOpen?: (localPort: number) => void;
}

/**
 * Called, `done` says that the bytes are needed no more, and their memory is used for others; if it never is, the memory is left to whoever has them. Without
 * it they are the reader's own.
 */
export type OnRead = (bytes: Uint8Array, done?: () => void) => void;

export interface Listener extends AsyncDisposable {
  /** What was really bound. */
  readonly address: Address;
  /**
   * Connects get no answer until the result is disposed: SYNs are dropped, and clients send theirs again, so that a connect that is waiting by then
   * succeeds a little later. Those that are accepted already live on. Takes effect before it resolves; one at a time.
   *
   * @throws {Error} with `code` EADDRINUSE if somebody has taken the port in the moment between; then nobody listens.
   */
  silence(): Promise<AsyncDisposable>;
}

export interface BindOptions {
  /** The address to bind; by default every address that the service has. */
  readonly host?: string;
  /** As for `ListenOptions`; UDP has ports of its own. A world without natural ports says `network.bound`. */
  readonly port: number;
}

/** A UDP socket that is connected to nobody: it hears of no ICMP. */
export interface DatagramSocket extends AsyncDisposable {
  /** What was really bound. */
  readonly address: Address;
  /**
   * To an address, not to a name. What can't be sent is lost, as on the way: there is no error that would tell.
   *
   * @throws {Error} with `code` EMSGSIZE, above 65,507 bytes.
   */
  send(bytes: Uint8Array, to: Address): void;
}

export interface Network {
  /** @throws {Error} with `code` EADDRINUSE, EACCES and so on, as `net.Server` does. Disposing closes the door; connections live on. */
  listen(options: ListenOptions, onConnection: (socket: Socket) => void): Promise<Listener>;
  /** Resolves the name as `resolve` does. @throws {Error} with `code` ECONNREFUSED, ETIMEDOUT, ENOTFOUND and so on, as `net.connect` does. */
  connect(options: ConnectOptions, waiting?: Waiting): Promise<Socket>;
  /**
   * Has `onRead` get what would else come in `data` events of a connection that was accepted in the clear, and paused (`pauseOnConnect`). It goes on by the
   * socket that this returns, paused as well.
   */
  lend(socket: Socket, onRead: OnRead): Socket;
  /** Resolves when listeners can be silenced without delay, which lasts until the result is disposed: what that takes may not be there yet. */
  prepareSilence(): Promise<AsyncDisposable>;
  /**
   * Serves TLS on a connection that was accepted in the clear; what was read of it and given back (`unshift`) counts. The certificate is made when it is
   * first asked for, which takes a host whose world has lent it its authority.
   *
   * @throws {Error} with the `code` of what failed in the handshake. The connection is gone then.
   */
  secure(socket: Socket, options: SecureOptions, waiting?: Waiting): Promise<SecureSocket>;
  /** Takes a UDP port. @throws {Error} with `code` EADDRINUSE, EACCES and so on, as `dgram.Socket` does. */
  bind(options: BindOptions, onDatagram: (bytes: Uint8Array, from: Address) => void): Promise<DatagramSocket>;
  /**
   * The addresses of a service, first choice first: from the world's table of names, else from the name servers that the world
   * gave to it, else from the system's resolver. Free ports are found here.
   *
   * @throws {Error} with `code` ENOTFOUND, and what else name servers say or don't say: ENODATA, ESERVFAIL, EREFUSED, ETIMEOUT.
   */
  resolve(address: Address, waiting?: Waiting): Promise<readonly Address[]>;
}

export interface Files {
  /** @throws {Error} with `code` ENOENT and so on, as `node:fs` does; the same for all below. Paths are relative to the service's directory. */
  read(path: string): Promise<Uint8Array>;
  open(path: string, mode: "write" | "append" | "create-new", options?: OpenOptions): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or a whole directory; it need not exist. */
  remove(path: string): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  /** Names, sorted. */
  list(path: string): Promise<readonly string[]>;
  /** Makes renames and new names in a directory durable (fsync of the directory). */
  syncDirectory(path: string): Promise<void>;
  /**
   * Takes the lock of that name; undefined if another program of this machine has it, or this one already. Disposing gives it back, and so does the kernel when the process ends,
   * however it ends. No file is made or looked at: a lock is never stale.
   *
   * @throws {Error} with `code` EMFILE.
   */
  lock(path: string): Promise<AsyncDisposable | undefined>;
}

export interface OpenOptions {
  /** Nobody but the program's own user may read it, or write: mode 0600, whatever it had. A simulated disk has one user. */
  readonly ownerOnly?: boolean;
}

export interface OpenFile extends AsyncDisposable {
  write(bytes: Uint8Array | string): Promise<void>;
  /** Makes what was written durable (fsync). */
  sync(): Promise<void>;
}

export const signalNames = [
  "HUP",
  "INT",
  "QUIT",
  "USR1",
  "USR2",
  "TERM",
  "KILL",
  "STOP",
  "CONT",
  "PIPE",
  "CHLD",
] as const;
export type SignalName = (typeof signalNames)[number];

export interface Signals {
  /** While at least one handler is there, the signal's default action does not happen. */
  on(signal: Exclude<SignalName, "KILL" | "STOP">, handler: () => void): Disposable;
}

export interface Exit {
  readonly code: number | undefined;
  readonly signal: SignalName | undefined;
}

/** In the environment of a child, the name of its group. */
export const groupVariable = "SINBIN_GROUP";

export interface Processes {
  /**
   * Starts a child in a process group of its own, in a directory of the service (by default its own); its output is discarded. Whatever it starts is of its
   * group, also what leaves the process group, as long as it keeps the variable in its environment.
   *
   * @throws {Error} with `code` ENOENT and so on.
   */
  start(command: string, args: readonly string[], options?: StartOptions): Promise<Child>;
  /**
   * Takes shares of the CPU that the kernel keeps, for children that are started in them and all that those start; what a life before this one has left of them
   * is ended.
   *
   * @throws {Error} that says why it can't be had: the kernel has no such thing, or does not let this program. In a simulation there are none.
   */
  cpuGroups(): Promise<CpuGroups>;
  /** Continues the group of a child of a life before this one, which may have been stopped when that ended. To whoever else has its pid by now it does nothing. */
  resume(pid: number): void;
  /**
   * One look at all groups, or at those of some children alone, which is cheaper: what they have begun within the last second may be missing then.
   *
   * @throws {Error} with `code` ENOENT on a machine without /proc. In a simulation a child uses what host/sim/processes.ts says.
   */
  usage(of?: readonly number[]): Promise<Usage>;
  /**
   * Begins to count what the groups of children send and receive by TCP.
   *
   * @throws {Error} that says why it can't be had: with `code` ENOENT, there is no ss(8). In a simulation a shell sends and receives what host/sim/processes.ts says.
   */
  traffic(): Promise<TrafficCounter>;
}

export interface StartOptions {
  readonly directory?: string;
  /** It is in there before it runs. */
  readonly cpuGroup?: CpuGroup | undefined;
}

/** Disposing ends whatever runs in them. */
export interface CpuGroups extends AsyncDisposable {
  /** Of the kernel's interface. */
  readonly kind: "cgroup v1" | "cgroup v2";
  /** The group of that name, which is made if it is not there, and from now on has that weight among the others, from 1 to 10,000. @throws {Error} */
  place(name: string, weight: number): CpuGroup;
  /** Kills whatever is in it, and removes it; it need not be there. @throws {Error} if something can't be ended. */
  end(name: string): Promise<void>;
}

export interface CpuGroup {
  /** The file that a process enters by. */
  readonly entrance: string;
}

/** What processes use of their machine. */
export interface Usage {
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Of each group that was started here and has processes, by the pid of its child. */
  readonly groups: ReadonlyMap<number, GroupUsage>;
}

export interface GroupUsage {
  readonly processes: number;
  /** Of these, so many run or would if there were a CPU. */
  readonly active: number;
  /** CPU time of those that are there. */
  readonly cpuMs: number;
  /** CPU time of those that have ended. One whom nobody of the group could wait for counts as when it was seen last. */
  readonly pastCpuMs: number;
  readonly residentBytes: number;
  readonly virtualBytes: number;
}

/** Disposing ends the counting. */
export interface TrafficCounter extends Disposable {
  /**
   * One look at all groups that were started here and are there, by the pid of the child. A connection counts if it is open at a look, and then with all that it has carried in its whole
   * life: so whoever looks often misses little. UDP does not count.
   *
   * @throws {Error} if it fails.
   */
  look(): Promise<ReadonlyMap<number, GroupTraffic>>;
}

/** Bytes of payload, each of them once; the end of a stream is one more for whoever hears of it. */
export interface GroupTraffic {
  /** Over connections that are open. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Over connections that have ended. */
  readonly pastSentBytes: number;
  readonly pastReceivedBytes: number;
}

export interface Child {
  readonly pid: number;
  /** The child itself; after a KILL, the whole group. */
  readonly exited: Promise<Exit>;
  /**
   * Signals the whole group; false if nothing is left of it. Of those that have left the process group it reaches whoever had done so a second ago; KILL ends
   * all of them, a moment later.
   */
  signal(signal: SignalName): boolean;
}

export interface Random {
  /** Uniform in [0, 1). */
  number(): number;
  bytes(length: number): Uint8Array;
}

export type Log = (event: string, fields?: Readonly<Record<string, unknown>>) => void;

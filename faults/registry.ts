/** Every fault there is, in the order of the catalogue. To add one: write its file, add its line. */
import { backwards } from "./clock/backwards.ts";
import { bootAt } from "./clock/boot-at.ts";
import { childDiffers } from "./clock/child-differs.ts";
import type { ClockFault } from "./clock/contract.ts";
import { freeze as freezeClock } from "./clock/freeze.ts";
import { rate as rateOfClock } from "./clock/rate.ts";
import { sawtooth } from "./clock/sawtooth.ts";
import { step as stepOfClock } from "./clock/step.ts";
import { strobe } from "./clock/strobe.ts";
import { suspend } from "./clock/suspend.ts";
import type { CpuFault } from "./cpu/contract.ts";
import { freeze } from "./cpu/freeze.ts";
import { hog } from "./cpu/hog.ts";
import { throttle } from "./cpu/throttle.ts";
import type { DeclaredFault } from "./declared/contract.ts";
import type { DiskFault } from "./disk/contract.ts";
import { corrupt } from "./disk/corrupt.ts";
import { deletion } from "./disk/delete.ts";
import { full } from "./disk/full.ts";
import { oldGeneration } from "./disk/old-generation.ts";
import { powerLoss } from "./disk/power-loss.ts";
import { readOnly } from "./disk/read-only.ts";
import { rename } from "./disk/rename.ts";
import { replacement } from "./disk/replace.ts";
import { truncate as truncateFile } from "./disk/truncate.ts";
import { abort } from "./http/abort.ts";
import { body } from "./http/body.ts";
import { captivePortal } from "./http/captive-portal.ts";
import type { HttpFault } from "./http/contract.ts";
import { drip as dripBody } from "./http/drip.ts";
import { duplicateRequest } from "./http/duplicate-request.ts";
import { gzipLie } from "./http/gzip-lie.ts";
import { header } from "./http/header.ts";
import { redirectLoop } from "./http/redirect-loop.ts";
import { reorder as reorderReplies } from "./http/reorder.ts";
import { replayOldReply } from "./http/replay-old-reply.ts";
import { staleCache } from "./http/stale-cache.ts";
import { status } from "./http/status.ts";
import { truncate as truncateBody } from "./http/truncate.ts";
import { wrongType } from "./http/wrong-type.ts";
import type { DnsFault } from "./dns/contract.ts";
import { blackhole as blackholeQueries } from "./dns/blackhole.ts";
import { refuse as refuseQueries } from "./dns/refuse.ts";
import { slow } from "./dns/slow.ts";
import { loss as lossOfQueries } from "./dns/loss.ts";
import { previousReply } from "./dns/previous-reply.ts";
import { duplicate as duplicateReplies } from "./dns/duplicate.ts";
import { reorder as reorderPair } from "./dns/reorder.ts";
import { wrongSource as wrongSourceOfReply } from "./dns/wrong-source.ts";
import { cut as cutMessages } from "./dns/cut.ts";
import { truncate as truncateReplies } from "./dns/truncate.ts";
import { tcpFraming } from "./dns/tcp-framing.ts";
import { oversize } from "./dns/oversize.ts";
import { lostFragments } from "./dns/lost-fragments.ts";
import { edns } from "./dns/edns.ts";
import { rateLimit } from "./dns/rate-limit.ts";
import { letterCase } from "./dns/letter-case.ts";
import { rcode } from "./dns/rcode.ts";
import { empty } from "./dns/empty.ts";
import { header as headerOfReply } from "./dns/header.ts";
import { counts } from "./dns/counts.ts";
import { compression } from "./dns/compression.ts";
import { wrongId } from "./dns/wrong-id.ts";
import { wrongQuestion } from "./dns/wrong-question.ts";
import { spoof as spoofReply } from "./dns/spoof.ts";
import { captivePortal as captivePortalOfNames } from "./dns/captive-portal.ts";
import { cnameFlap } from "./dns/cname-flap.ts";
import { cnameLoop } from "./dns/cname-loop.ts";
import { brokenCname } from "./dns/broken-cname.ts";
import { stale } from "./dns/stale.ts";
import { inconsistent } from "./dns/inconsistent.ts";
import { renumber } from "./dns/renumber.ts";
import { ttl } from "./dns/ttl.ts";
import { ptr } from "./dns/ptr.ts";
import { sharedName } from "./dns/shared-name.ts";
import { splitHorizon } from "./dns/split-horizon.ts";
import { addressOrder } from "./dns/address-order.ts";
import { unroutableAaaa } from "./dns/unroutable-aaaa.ts";
import { lameDelegation } from "./dns/lame-delegation.ts";
import { huge } from "./dns/huge.ts";
import { oddLabels } from "./dns/odd-labels.ts";
import { dnssec } from "./dns/dnssec.ts";
import { wildcard } from "./dns/wildcard.ts";
import { answer } from "./dns/answer.ts";
import type { LimitsFault } from "./limits/contract.ts";
import { memory } from "./limits/memory.ts";
import { openFiles } from "./limits/open-files.ts";
import { processes } from "./limits/processes.ts";
import type { NetworkFault } from "./network/contract.ts";
import { cut } from "./network/cut.ts";
import type { PacketFault } from "./packet/contract.ts";
import { corrupt as corruptPackets } from "./packet/corrupt.ts";
import { duplicate } from "./packet/duplicate.ts";
import { loss } from "./packet/loss.ts";
import { alternate } from "./ntp/alternate.ts";
import { asymmetricDelay } from "./ntp/asymmetric-delay.ts";
import { blocked } from "./ntp/blocked.ts";
import type { NtpFault } from "./ntp/contract.ts";
import { crossed } from "./ntp/crossed.ts";
import { drift } from "./ntp/drift.ts";
import { drop as dropNtp } from "./ntp/drop.ts";
import { duplicate as duplicateReply } from "./ntp/duplicate.ts";
import { era } from "./ntp/era.ts";
import { impossibleTimes } from "./ntp/impossible-times.ts";
import { jitter } from "./ntp/jitter.ts";
import { kissOfDeath } from "./ntp/kiss-of-death.ts";
import { leap } from "./ntp/leap.ts";
import { leapSecond } from "./ntp/leap-second.ts";
import { length as lengthOfReply } from "./ntp/length.ts";
import { loop } from "./ntp/loop.ts";
import { mode as modeOfReply } from "./ntp/mode.ts";
import { offset } from "./ntp/offset.ts";
import { origin } from "./ntp/origin.ts";
import { precision } from "./ntp/precision.ts";
import { replay } from "./ntp/replay.ts";
import { root } from "./ntp/root.ts";
import { smear } from "./ntp/smear.ts";
import { spoof } from "./ntp/spoof.ts";
import { staleReference } from "./ntp/stale-reference.ts";
import { step } from "./ntp/step.ts";
import { stratum } from "./ntp/stratum.ts";
import { trailer } from "./ntp/trailer.ts";
import { unsynchronised } from "./ntp/unsynchronised.ts";
import { version as versionOfReply } from "./ntp/version.ts";
import { wander } from "./ntp/wander.ts";
import { wrongSource } from "./ntp/wrong-source.ts";
import { year } from "./ntp/year.ts";
import { zeroTimestamp } from "./ntp/zero-timestamp.ts";
import type { ProcessFault } from "./process/contract.ts";
import { kill } from "./process/kill.ts";
import { pause } from "./process/pause.ts";
import { restart } from "./process/restart.ts";
import { signal } from "./process/signal.ts";
import type { ResolverFault } from "./resolver/contract.ts";
import { garbage } from "./resolver/garbage.ts";
import { options } from "./resolver/options.ts";
import { servers } from "./resolver/servers.ts";
import { truncate as truncateResolvConf } from "./resolver/truncate.ts";
import { bandwidth } from "./tcp/bandwidth.ts";
import { blackhole } from "./tcp/blackhole.ts";
import { closeOnAccept } from "./tcp/close-on-accept.ts";
import { connections } from "./tcp/connections.ts";
import type { TcpFault } from "./tcp/contract.ts";
import { corrupt as corruptStream } from "./tcp/corrupt.ts";
import { drip } from "./tcp/drip.ts";
import { duplicate as duplicateRange } from "./tcp/duplicate.ts";
import { intruder } from "./tcp/intruder.ts";
import { latency } from "./tcp/latency.ts";
import { limit } from "./tcp/limit.ts";
import { loss as lossOfSegments } from "./tcp/loss.ts";
import { mute } from "./tcp/mute.ts";
import { refuse } from "./tcp/refuse.ts";
import { reset } from "./tcp/reset.ts";
import { slicer } from "./tcp/slicer.ts";
import { slowClose } from "./tcp/slow-close.ts";
import { slowConnect } from "./tcp/slow-connect.ts";
import { stall } from "./tcp/stall.ts";
import { stranger } from "./tcp/stranger.ts";
import { truncate } from "./tcp/truncate.ts";
import type { TlsFault } from "./tls/contract.ts";
import { expired } from "./tls/expired.ts";
import { handshakeCut } from "./tls/handshake-cut.ts";
import { handshakeStall } from "./tls/handshake-stall.ts";
import { noCloseNotify } from "./tls/no-close-notify.ts";
import { notYetValid } from "./tls/not-yet-valid.ts";
import { unknownCa } from "./tls/unknown-ca.ts";
import { wrongHost } from "./tls/wrong-host.ts";
import { unanswered } from "./tcp/unanswered.ts";
import type { TimekeeperFault } from "./timekeeper/contract.ts";
import { starve } from "./timekeeper/starve.ts";
import { blackhole as blackholeDatagrams } from "./udp/blackhole.ts";
import type { UdpFault } from "./udp/contract.ts";
import { corrupt as corruptDatagrams } from "./udp/corrupt.ts";
import { duplicate as duplicateDatagrams } from "./udp/duplicate.ts";
import { latency as latencyOfDatagrams } from "./udp/latency.ts";
import { loss as lossOfDatagrams } from "./udp/loss.ts";
import { rate as rateOfDatagrams } from "./udp/rate.ts";
import { reorder as reorderDatagrams } from "./udp/reorder.ts";
import { truncate as truncateDatagrams } from "./udp/truncate.ts";

/** A fault that acts on a link, or on a service. */
export type Fault = FaultOfLink | FaultOfService;
export type FaultOfLink = TcpFault | UdpFault | DnsFault | NtpFault | TlsFault | HttpFault;
export type FaultOfService =
  | ProcessFault
  | DiskFault
  | CpuFault
  | ClockFault
  | LimitsFault
  | NetworkFault
  | PacketFault
  | TimekeeperFault
  | ResolverFault
  | DeclaredFault;
export type Plane = Fault["plane"];

const list: readonly Fault[] = [
  latency,
  bandwidth,
  drip,
  slicer,
  blackhole,
  refuse,
  unanswered,
  reset,
  truncate,
  limit,
  slowConnect,
  slowClose,
  stall,
  mute,
  lossOfSegments,
  corruptStream,
  duplicateRange,
  closeOnAccept,
  connections,
  stranger,
  intruder,
  latencyOfDatagrams,
  lossOfDatagrams,
  duplicateDatagrams,
  reorderDatagrams,
  corruptDatagrams,
  truncateDatagrams,
  rateOfDatagrams,
  blackholeDatagrams,
  blackholeQueries,
  refuseQueries,
  slow,
  lossOfQueries,
  previousReply,
  duplicateReplies,
  reorderPair,
  wrongSourceOfReply,
  cutMessages,
  truncateReplies,
  tcpFraming,
  oversize,
  lostFragments,
  edns,
  rateLimit,
  letterCase,
  rcode,
  empty,
  headerOfReply,
  counts,
  compression,
  wrongId,
  wrongQuestion,
  spoofReply,
  captivePortalOfNames,
  cnameFlap,
  cnameLoop,
  brokenCname,
  stale,
  inconsistent,
  renumber,
  ttl,
  ptr,
  sharedName,
  splitHorizon,
  addressOrder,
  unroutableAaaa,
  lameDelegation,
  huge,
  oddLabels,
  dnssec,
  wildcard,
  answer,
  step,
  offset,
  alternate,
  drift,
  jitter,
  wander,
  asymmetricDelay,
  era,
  year,
  leap,
  leapSecond,
  smear,
  kissOfDeath,
  unsynchronised,
  stratum,
  root,
  loop,
  staleReference,
  precision,
  zeroTimestamp,
  impossibleTimes,
  origin,
  duplicateReply,
  replay,
  crossed,
  wrongSource,
  spoof,
  dropNtp,
  blocked,
  lengthOfReply,
  trailer,
  versionOfReply,
  modeOfReply,
  status,
  abort,
  duplicateRequest,
  replayOldReply,
  dripBody,
  truncateBody,
  header,
  redirectLoop,
  captivePortal,
  staleCache,
  wrongType,
  gzipLie,
  reorderReplies,
  body,
  expired,
  notYetValid,
  wrongHost,
  unknownCa,
  handshakeStall,
  handshakeCut,
  noCloseNotify,
  signal,
  kill,
  pause,
  restart,
  corrupt,
  truncateFile,
  oldGeneration,
  replacement,
  deletion,
  rename,
  full,
  readOnly,
  powerLoss,
  hog,
  throttle,
  freeze,
  stepOfClock,
  rateOfClock,
  freezeClock,
  backwards,
  sawtooth,
  strobe,
  suspend,
  bootAt,
  childDiffers,
  openFiles,
  processes,
  memory,
  cut,
  loss,
  duplicate,
  corruptPackets,
  starve,
  truncateResolvConf,
  garbage,
  servers,
  options,
];

/** What a plan may name, by kind. */
export type Repertoire = ReadonlyMap<string, Fault>;

/** All that need no service to declare them. */
export const faults: Repertoire = new Map(list.map((fault) => [fault.kind, fault]));

/** On links of which protocols the faults of a plane act. */
const protocols: Readonly<Record<FaultOfLink["plane"], readonly string[]>> = {
  tcp: ["tcp", "http", "https", "tls"],
  udp: ["udp"],
  dns: ["dns"],
  ntp: ["ntp"],
  tls: ["tls", "https"],
  http: ["http", "https"],
};

/** What `where` names. */
export function placeOf(plane: Plane): "link" | "service" {
  return plane in protocols ? "link" : "service";
}

export function isFaultOfLink(fault: Fault): fault is FaultOfLink {
  return placeOf(fault.plane) === "link";
}

/** Whether a fault of the plane can act on a link of the protocol. */
export function actsOn(plane: Plane, proto: string): boolean {
  return protosOf(plane).includes(proto);
}

/** All of them, such as "http or https". */
export function protosText(plane: Plane): string {
  const [last = "", ...others] = protosOf(plane).toReversed();
  return others.length === 0 ? last : `${others.toReversed().join(", ")} or ${last}`;
}

/** None for a plane whose faults act on services. */
function protosOf(plane: Plane): readonly string[] {
  const table: Readonly<Record<string, readonly string[] | undefined>> = protocols;
  return table[plane] ?? [];
}

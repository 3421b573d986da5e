/**
 * The guards of the Node Manager: each is one check that keeps one invariant, and `--without NAME` deletes it.
 *
 * What is left without a guard is the naive daemon, so a guard is asked about where its check stands and nowhere else.
 */
import { guardsOf, type GuardsOf } from "../guards.ts";

/** Name and meaning; `subject.yaml` repeats them for plans, and a test compares the two. */
export const guardMeanings = {
  "fetch-total-deadline": "A fetch ends after --fetch-total, however steadily its bytes drip in (I1).",
  "fetch-idle-deadline": "A fetch ends when nothing has arrived for --fetch-idle (I1).",
  "document-limit": "An answer of more than --document-limit bytes is given up, unpacked or not (I4).",
  "contain-fetch-errors":
    "A fetch that fails is reported and tried again later; the daemon and its slivers go on (I4).",
  "poll-jitter":
    "A random part of each pause, and of the one after a restart, keeps a fleet from asking all at once (I42).",
  backoff: "The pause after a fetch that failed doubles with each failure, up to --poll (I42).",
  "look-up-each-fetch": "PLC's name is looked up for each fetch, so that PLC may move (paper 3.2).",
  "last-good-address":
    "If nobody knows PLC's name, or what is known of it is wrong, the address that was right last is tried, after a restart too (I17).",
  "look-up-deadline": "A look-up ends after --look-up, and the address that was right last is tried (I17).",
  "connect-deadline": "An address that does not answer within --connect is given up for the next one (I17).",
  "whole-document": "A document is used only if its transfer ended properly and it is well-formed and complete (I4).",
  "document-digest": "A document that states a digest is used only if the digest is right (I5).",
  "document-order":
    "A document with a lower epoch or serial than the last one is refused as stale, across restarts too (I3).",
  "publisher-order": "A document without serial that was written before the last one is refused as stale (I3).",
  "believe-publisher-reset":
    "Documents that go on from an earlier time, three in a row, are those of a publisher whose clock was set back, and are used (I3).",
  "document-age": "A document that was under way for longer than --document-age is over age and not used (I3).",
  "refetch-over-age": "What was over age is fetched again at once (I3).",
  "document-version": "A document of an unknown format or major version is held back; slivers stay as they are (I26).",
  "node-id-check": "A document made for another node is refused whole (I15).",
  "id-by-mac":
    "PLC is asked who this node is by its MAC address; its host name is told besides, and decides nothing (I13, I14).",
  "mac-binds-id":
    "A kept id counts only on the machine that it was kept on, told by the MAC address; a copied one asks PLC (I16).",
  "tolerate-bad-id-file": "If the id file is not there, empty or makes no sense, PLC is asked by MAC address (I16).",
  "canonical-mac": "MAC addresses are compared in one form, however they are written (I16).",
  "ask-who-i-am-again":
    "PLC is asked before each fetch whether the id is still the same, so that a new one is noticed (I16).",
  "refuse-duplicate-mac":
    "A new id is taken only if PLC has this node's key under it, and the MAC address there alone (I16).",
  "confirm-renumbering":
    "After a renumbering slivers stay as they are until three documents in a row want the same on the new id (I16).",
  "renew-lost-session": "When PLC does not take the session, the key gets a new one, within the same cycle (I37).",
  "keep-session": "The file of the session is replaced only by a new one that has come (I37).",
  "freeze-bad-slice": "A malformed slice is frozen as it was, alone; the others are updated (I28).",
  "keep-odd-fields": "A field of a slice that is absent or makes no sense keeps the value that it had (I30).",
  failsafe: "When many slices are suddenly gone from the list, no sliver is destroyed (I27).",
  "failsafe-window": "What has gone one after another within --vanish-window counts as gone suddenly (I27).",
  "failsafe-agreement": "Only documents in a row that agree on what is gone confirm each other (I27).",
  "failsafe-memory": "What the failsafe has seen is remembered across restarts (I27).",
  tombstones: "What PLC says was deleted goes at once, however much it is (I27).",
  "hold-newer-document":
    "A document of an unknown format is kept, and used after an upgrade without waiting for PLC (I29).",
  "conf-files-aside": "Conf files are fetched beside all else, and slivers do not wait for them (I2).",
  "conf-file-deadline": "A conf file that does not come within --conf-file is given up until the next poll (I2).",
  "whole-conf-file": "A conf file is replaced only by one that has come whole, with the digest that PLC states (I4).",
  "verify-conf-file":
    "A conf file that is on the disk is not fetched again if it has the digest that PLC states; half of one, or a damaged one, is (I34).",
  "state-version": "A state that a newer Node Manager has left is put aside whole, and told (I26).",
  "start-cached-slivers": "The slivers that are on disk run again before PLC has answered (I36).",
  "making-aside": "The loop goes round while slivers are made, however long that takes (I2).",
  "lock-per-sliver":
    "What is done to a sliver locks that sliver alone: one that is slow to be made delays no other (I2).",
  "making-deadline": "The program that fills a sliver is killed after --make-total (I1).",
  "bounded-creations": "At most --creations slivers are made at once (I40).",
  "one-work-a-sliver": "What is to be done to a sliver takes the place of what was to be done to it before (I40).",
  "start-once":
    "A sliver that runs is left alone: the next document does not start it once more (I40; field failure F-23).",
  "restart-backoff": "A sliver that does not last is started again after a pause that doubles each time (I40).",
  "keys-before-name": "A sliver has its keys before it has its name: whoever hears of it can log in (F-07).",
  "sliver-errors-apart":
    "A sliver that can't be made or removed is that slice's trouble alone, and is tried again with the next document (I2).",
  "two-phase-delete":
    "A sliver that is destroyed loses its name first, and then its files, so that no other one finds them (I31).",
  "finish-teardown":
    "What was left half removed is removed before anything else is done under its name, after a restart too (I31).",
  "cpu-shares":
    "A slice has the CPU by its weight, however many processes it has: the kernel keeps it, or slivers that had more are stopped meanwhile (I41).",
  "count-the-dead":
    "CPU time and traffic of a slice are those of the processes and connections that have ended, too (I43).",
  "one-snapshot-a-burst": "Queries of SliceStat that come within a second share a snapshot (I43).",
  "accept-old-snapshot": "A query of SliceStat that accepts an answer of some age gets one, if there is one (I43).",
  "idempotent-bind": "Binding a resource set once more to the slice that has it succeeds (I8).",
  "collect-unbound": "A resource set that nobody binds within --unbound is given back (I7).",
  "contain-call-errors":
    "An error of one connection, such as a client that resets it, ends that connection and nothing else (I9, I11).",
  "rpc-deadlines":
    "The head of a request, its body and the reply must each be over within --rpc-deadline, or the connection is reset (I11).",
  "connection-limit":
    "If --rpc-connections are there, the one that has been silent longest makes room for one more (I11).",
  "body-limit": "A request's body may be 256 KiB, and no more of it is read (I11).",
  "rpc-log-cap": "Of visitors that do not behave 20 a minute are logged, and the others counted (I11).",
  "request-once":
    "A request that has a name is executed once, and answered alike each time, across restarts too (I6, I12).",
  "save-before-answer": "A call is answered when what it did is on disk (I9).",
  "undo-unsaved": "What a call did is undone if it can't be saved: it is refused, and nothing is left of it (I9).",
  "keep-bound-set": "A resource set that is bound to a slice is not given to another one, and the error says so (I8).",
  "one-set-per-slice": "A slice that is bound to another set gives back the one that it had (I6).",
  "newer-set-wins":
    "A set is not bound in place of one that was acquired later: the call is an old one that was under way for long (I12).",
  "remember-unbound":
    "How long a set has been unbound is remembered across restarts, so that it is given back in time (I7).",
  "monotonic-durations":
    "What lasts for a while is measured without the jumps of the wall clock: deadlines, pauses, collections, leases (I18, I19).",
  "pending-input-first":
    "A deadline that comes late because the process stood still waits until what has arrived meanwhile is read (I39).",
  "clock-watch": "A jump of the wall clock is noticed and told, once and with its size, also across a restart (I21).",
  "boot-aware-restore":
    "After a restart the monotonic clock tells how much of a lease has passed, if the machine ran on, else a believable wall clock and then PLC (I21).",
  "rate-correction":
    "PLC's timestamps tell how fast this node's clock runs, and durations are corrected by that (I22).",
  "plc-relative-time": "Whether a moment is past is judged by PLC's time, as its documents tell it (I23).",
  "expiry-by-plc-time": "A slice has expired when PLC's time says so, whatever this node's clock shows (I19).",
  "minimum-lease": "A lease that is asked for less than --min-lease lasts that long, and the reply says so (I20).",
  "lenient-windows": "What was slow to grant lasts longer, counted from the answer, with a limit, and reported (I38).",
  "reopen-log-on-hup": "SIGHUP reopens the log, and no line is lost or torn (I32).",
  "contain-log-errors": "A log that cannot be written is counted line by line, and does not stop the service (I33).",
  "expired-stay-down":
    "A sliver whose slice is over by all that is known at a start is not started again from the disk (I36).",
  "state-checksum": "A state file is believed only if its digest is right (I34).",
  "previous-generation": "If a state file is lost, cannot be used or is an old one, the state before it is used (I34).",
  "lock-of-the-living":
    "What a dead instance has left of its lock is told and taken over: whether somebody has it the kernel says, and no file (I35).",
  "single-instance": "A second instance with the same state is refused while the first one lives (I35).",
  "atomic-save":
    "State is written to a temporary file that then takes the old one's name, so that a crash leaves the old state or the new (I34).",
  "sync-state":
    "State is synced to the disk before its file takes the old one's name, so that a power loss leaves the old state or the new (I34).",
  "tolerate-corrupt-state":
    "A state file that cannot be read is set aside and reported, and no sliver is destroyed because of it (I34).",
  "mask-secrets": "Keys, sessions and handles are masked in the packet dump, which others read than the node (I44).",
  "mask-log":
    "Keys, sessions and handles are masked in the log and in what status tells, whoever it comes from: also in what PLC says (I44).",
  "report-status": "Whoever asks for the status is told everything that is known (I45).",
  "dump-state": "Whoever verifies the node is told what is really on it (I10).",
  "contain-side-modules":
    "What goes wrong in a module beside the loop is told by its name, and stays in it (paper 3.5; field failure F-34).",
} as const;

export type Guard = keyof typeof guardMeanings;

export type Guards = GuardsOf<Guard>;

/** @throws {ArgumentError} if a name is no guard's. */
export const createGuards = (without: readonly string[]): Guards => guardsOf(guardMeanings, without);

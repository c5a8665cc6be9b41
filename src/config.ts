/**
 * THE SETTINGS OF A NODE
 *
 * Every setting stands here once: its kind, its default, its help. The command line, the
 * environment (`ABCD_` and the name in capitals), `--help` and the README's table come from it. A
 * value is looked for in the flags, then the environment, then what the data directory remembers of
 * the last start, then the default (cli/resolve-config.ts).
 */

import type { LogLevel } from './lib/logger.ts';
import {
  choice,
  InvalidValue,
  duration,
  list,
  origin,
  parseOriginOrThrow,
  setting,
  size,
  switchSetting,
  text,
  wholeNumber,
} from './lib/setting.ts';
import type { Settings } from './lib/settings.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** One member of `--cluster`. */
export interface FoundingMember {
  readonly name: string;
  readonly url: string;
}

export const NODE_SETTINGS = {
  port: wholeNumber({
    min: 0,
    max: 65_535,
    fallback: null,
    placeholder: 'port',
    help: 'port to listen on; on an empty directory, founds a new cluster (default: a free port)',
  }),
  host: text({
    fallback: '127.0.0.1',
    placeholder: 'address',
    help: 'address to listen on; anything but loopback needs --cluster-secret or --insecure',
  }),
  name: setting(
    { fallback: null, help: 'name of this node (default: node-<port>)' },
    'name',
    String,
    parseName,
  ),
  dataDir: text({
    fallback: null,
    placeholder: 'path',
    help: "this node's own directory (default: data/<name>)",
  }),
  join: origin({ help: 'join the cluster of the node at this URL' }),
  cluster: setting<readonly FoundingMember[] | null>(
    {
      fallback: null,
      help: 'first members, the same on every node, such as n1=http://10.0.0.1:8080,n2=…',
    },
    'members',
    String,
    parseMembers,
  ),
  clusterToken: text({
    fallback: 'abcd',
    placeholder: 'text',
    help: 'tells clusters apart that are founded with the same --cluster',
  }),
  advertiseUrl: origin({
    help: 'URL at which other nodes reach this one (default: http://<host>:<port>)',
  }),
  clusterSecret: text({
    fallback: null,
    placeholder: 'text|@file',
    help: 'secret that the nodes of the cluster share and sign their messages with',
  }),
  insecure: switchSetting({ help: 'listen beyond loopback without a cluster secret' }),
  allowedHosts: list({
    placeholder: 'hosts',
    help: 'host names that requests may address, separated by commas; others get 421',
  }),
  heartbeat: duration({
    min: 10,
    max: 10_000,
    fallback: 100,
    help: 'how often a leader makes itself heard; the same on every node',
  }),
  election: duration({
    min: 20,
    max: 60_000,
    fallback: 300,
    help: 'silence before an election, drawn between this and twice this; the same on every node',
  }),
  snapshotWalBytes: size({
    min: 64 * KIB,
    max: 64 * GIB,
    fallback: 64 * MIB,
    help: 'log written since the last snapshot that makes the next one due',
  }),
  reserveBytes: size({
    min: 0,
    max: 16 * GIB,
    fallback: 64 * MIB,
    help: 'disk space held back; writes are refused while less than twice this is free',
  }),
  quotaBytes: size({
    min: 0,
    max: 1024 * GIB,
    fallback: 2 * GIB,
    help: 'memory for keys and values; beyond it only what gives room back is taken (0: no bound)',
  }),
  autoCompaction: choice({
    options: ['on', 'off'],
    fallback: 'on',
    help: 'whether old versions are forgotten by themselves; off leaves it to POST /compact',
  }),
  historyBytes: size({
    min: 0,
    max: 1024 * GIB,
    fallback: 256 * MIB,
    help: 'old versions are forgotten beyond this, whatever else would be kept',
  }),
  historyRevisions: wholeNumber({
    min: 0,
    max: 1e12,
    fallback: 10_000,
    placeholder: 'count',
    help: 'so many of the newest revisions are kept',
  }),
  historyAge: duration({
    min: 0,
    max: 365 * DAY_MS,
    fallback: 5 * MINUTE_MS,
    help: 'what was the present within this time is kept',
  }),
  hashCheckInterval: duration({
    min: 0,
    max: DAY_MS,
    fallback: 10_000,
    help: "how often the leader compares the members' states, and fences who differs (0s: never)",
  }),
  keyBytes: size({
    min: 1,
    max: 64 * KIB,
    fallback: KIB,
    help: 'longest key; the same on every node',
  }),
  valueBytes: size({
    min: 1,
    max: 64 * MIB,
    fallback: MIB,
    help: 'largest value; the same on every node',
  }),
  requestBytes: size({
    min: KIB,
    max: 96 * MIB,
    fallback: 1536 * KIB,
    help: 'largest request body; the same on every node',
  }),
  txnOperations: wholeNumber({
    min: 1,
    max: 128,
    fallback: 128,
    placeholder: 'count',
    help: 'operations of one transaction, nested ones included',
  }),
  pageItems: wholeNumber({
    min: 1,
    max: 100_000,
    fallback: 1000,
    placeholder: 'count',
    help: 'items on a page of a range, when the request does not say',
  }),
  pageItemsMax: wholeNumber({
    min: 1,
    max: 100_000,
    fallback: 10_000,
    placeholder: 'count',
    help: 'items on a page of a range at most',
  }),
  pageBytes: size({
    min: KIB,
    max: 64 * MIB,
    fallback: 4 * MIB,
    help: 'keys and values on a page of a range; one item always fits',
  }),
  watcherBytes: size({
    min: KIB,
    max: GIB,
    fallback: MIB,
    help: 'what may wait for a slow reader of a watch before it is canceled',
  }),
  lockWait: duration({
    min: 0,
    max: DAY_MS,
    fallback: 60 * MINUTE_MS,
    help: 'longest time that a request may ask to wait for a lock or an election',
  }),
  pendingProposals: wholeNumber({
    min: 1,
    max: 1_000_000,
    fallback: 20_000,
    placeholder: 'count',
    help: 'writes that may wait to be committed',
  }),
  pendingBytes: size({
    min: KIB,
    max: 4 * GIB,
    fallback: 64 * MIB,
    help: 'what the writes may hold that wait to be committed',
  }),
  pendingReads: wholeNumber({
    min: 1,
    max: 1_000_000,
    fallback: 20_000,
    placeholder: 'count',
    help: 'linearizable reads that may wait for the leader to be confirmed',
  }),
  logLevel: choice({
    options: ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
    fallback: 'info',
    help: 'least severe lines that are logged',
  }),
  logConsole: choice({
    options: ['pretty', 'json', 'none'],
    fallback: 'pretty',
    help: 'form of the log on standard output',
  }),
  logFile: text({
    fallback: null,
    placeholder: 'path',
    help: 'write the log, as JSON, to this file too',
  }),
  logFileBytes: size({
    min: 64 * KIB,
    max: 4 * GIB,
    fallback: 16 * MIB,
    help: 'size at which the next log file begins',
  }),
  logFileCount: wholeNumber({
    min: 1,
    max: 1000,
    fallback: 5,
    placeholder: 'count',
    help: 'full log files that are kept',
  }),
  enableFaults: switchSetting({
    help: 'offer /faults, which cuts and delays connections to peers',
  }),
  forceRecovered: switchSetting({
    help: 'vouch for a log whose end was damaged, so that the node votes at once',
  }),
  stopWithStdin: switchSetting({
    help: 'stop when standard input ends, as when the parent is gone',
  }),
};

export type NodeSettings = Settings<typeof NODE_SETTINGS>;

/** Everything a node is started with. */
export interface Config {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Where other nodes reach this one. */
  readonly url: string;
  readonly dataDir: string;
  /** The node to join through. Null: the node founds a cluster. */
  readonly join: string | null;
  /** The members to found a cluster with; null: it founds one alone, or joins. */
  readonly cluster: readonly FoundingMember[] | null;
  readonly clusterToken: string;
  readonly clusterSecret: string | null;
  readonly allowedHosts: readonly string[] | null;
  readonly heartbeatMs: number;
  readonly electionMs: number;
  readonly snapshotWalBytes: number;
  readonly reserveBytes: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly requestBytes: number;
  readonly quotaBytes: number;
  readonly autoCompaction: 'on' | 'off';
  readonly historyBytes: number;
  readonly historyRevisions: number;
  readonly historyAgeMs: number;
  readonly hashCheckMs: number;
  readonly txnOperations: number;
  readonly pageItems: number;
  readonly pageItemsMax: number;
  readonly pageBytes: number;
  readonly watcherBytes: number;
  readonly lockWaitMs: number;
  readonly pendingProposals: number;
  readonly pendingBytes: number;
  readonly pendingReads: number;
  readonly log: LogConfig;
  readonly enableFaults: boolean;
  readonly forceRecovered: boolean;
  readonly stopWithStdin: boolean;
  /** What the directory is to remember: texts by setting. */
  readonly remembered: Readonly<Record<string, string>>;
}

export interface LogConfig {
  readonly level: LogLevel;
  readonly console: 'pretty' | 'json' | 'none';
  readonly file: string | null;
  readonly fileBytes: number;
  readonly fileCount: number;
}

/** Names become file names and are read aloud: letters, digits, dot, underscore, hyphen. */
function parseName(given: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(given)) return given;
  throw new InvalidValue('is not a name: 1 to 64 letters, digits, dots, hyphens or underscores');
}

function parseMembers(given: string): readonly FoundingMember[] {
  const members = given.split(',').map((item) => {
    const at = item.indexOf('=');
    if (at < 1) throw new InvalidValue('is not a list such as n1=http://10.0.0.1:8080,n2=…');
    return {
      name: parseName(item.slice(0, at).trim()),
      url: parseOriginOrThrow(item.slice(at + 1).trim()),
    };
  });
  const names = new Set(members.map((member) => member.name));
  const urls = new Set(members.map((member) => member.url));
  if (names.size < members.length) throw new InvalidValue('names a member twice');
  if (urls.size < members.length) throw new InvalidValue('has the same URL twice');
  return members;
}

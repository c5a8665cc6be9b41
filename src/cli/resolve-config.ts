/**
 * From settings to a configuration: who the node is, where it listens, whom it joins, and whether
 * all that fits together.
 */

import {
  type Config,
  type FoundingMember,
  type LogConfig,
  NODE_SETTINGS,
  type NodeSettings,
} from '../config.ts';
import { isLoopback, isWildcard, originOf, portOfOrigin } from '../lib/peer-url.ts';
import { formatDuration, formatSize } from '../lib/quantities.ts';
import { ConfigError, type Environment, type FlagValues, Settings } from '../lib/settings.ts';

/** How a directory came about: once it has a state, these do not change. */
const FOUNDING_KEYS = ['join', 'cluster', 'clusterToken'] as const;

/** What a directory remembers, so that the node comes back without flags. Never the secret. */
const REMEMBERED_KEYS = [
  ...FOUNDING_KEYS,
  'allowedHosts',
  'heartbeat',
  'election',
  'snapshotWalBytes',
  'reserveBytes',
  'keyBytes',
  'valueBytes',
  'requestBytes',
  'quotaBytes',
  'autoCompaction',
  'historyBytes',
  'historyRevisions',
  'historyAge',
  'hashCheckInterval',
  'txnOperations',
  'pageItems',
  'pageItemsMax',
  'pageBytes',
  'watcherBytes',
  'lockWait',
  'pendingProposals',
  'pendingBytes',
  'pendingReads',
] as const;

const DEFAULT_JOIN = 'http://127.0.0.1:8080';

/** What the settings alone do not say. */
export interface Surroundings {
  readonly dataDir: string;
  /** What the directory remembers; null when it has no state. */
  readonly stored: Readonly<Record<string, string | number | boolean>> | null;
  /** Used when no port is set. */
  readonly freePort: number;
  readonly readText: (path: string) => string;
}

/** Reads flags and environment. @throws ConfigError */
export function readNodeSettings(flags: FlagValues, environment: Environment): NodeSettings {
  const settings = Settings.read(NODE_SETTINGS, flags, environment);
  if (settings.get('join') !== null && settings.get('cluster') !== null) {
    throw new ConfigError(
      `${settings.describe('join')} and ${settings.describe('cluster')} exclude each other: ` +
        'a node either joins a cluster or founds one',
    );
  }
  return settings;
}

/** The node's directory, as far as the settings tell; null: it goes by a port yet to be found. */
export function dataDirOf(settings: NodeSettings): string | null {
  const given = settings.get('dataDir');
  if (given !== null) return given;
  const name = settings.get('name') ?? ownEntry(settings, settings, true)?.name;
  if (name !== undefined) return defaultDataDir(name);
  const port = settings.get('port') ?? 0;
  return port === 0 ? null : defaultDataDir(defaultName(port));
}

/** The directory of a node that has a name and nothing else. */
export function defaultDataDir(name: string): string {
  return `data/${name}`;
}

/** The name of a node that has a port and nothing else. */
export function defaultName(port: number): string {
  return `node-${port}`;
}

/** Fills in what follows from the rest, and checks what must fit together. @throws ConfigError */
export function resolveConfig(given: NodeSettings, surroundings: Surroundings): Config {
  const { stored, dataDir } = surroundings;
  const settings = stored === null ? given : given.withStored(stored, FOUNDING_KEYS);
  checkName(given, surroundings);
  checkListening(settings);
  checkRanges(settings);
  const self = ownEntry(given, settings, stored !== null);
  const port = portOf(given, settings, self) ?? surroundings.freePort;
  const identity = {
    name: settings.get('name') ?? self?.name ?? defaultName(port),
    host: settings.get('host'),
    port,
    url: urlOf(given, settings, self, port, stored),
    join: joinOf(settings, stored !== null),
  };
  return Object.freeze({
    ...identity,
    dataDir,
    cluster: settings.get('cluster'),
    clusterToken: settings.get('clusterToken'),
    clusterSecret: secretOf(settings, surroundings.readText),
    allowedHosts: settings.get('allowedHosts'),
    heartbeatMs: settings.get('heartbeat'),
    electionMs: settings.get('election'),
    snapshotWalBytes: settings.get('snapshotWalBytes'),
    reserveBytes: settings.get('reserveBytes'),
    keyBytes: settings.get('keyBytes'),
    valueBytes: settings.get('valueBytes'),
    requestBytes: settings.get('requestBytes'),
    ...boundsOf(settings),
    log: logOf(settings),
    enableFaults: settings.get('enableFaults'),
    forceRecovered: settings.get('forceRecovered'),
    stopWithStdin: settings.get('stopWithStdin'),
    remembered: rememberedOf(settings, identity),
  });
}

function boundsOf(settings: NodeSettings) {
  return {
    quotaBytes: settings.get('quotaBytes'),
    autoCompaction: settings.get('autoCompaction'),
    historyBytes: settings.get('historyBytes'),
    historyRevisions: settings.get('historyRevisions'),
    historyAgeMs: settings.get('historyAge'),
    hashCheckMs: settings.get('hashCheckInterval'),
    txnOperations: settings.get('txnOperations'),
    pageItems: settings.get('pageItems'),
    pageItemsMax: settings.get('pageItemsMax'),
    pageBytes: settings.get('pageBytes'),
    watcherBytes: settings.get('watcherBytes'),
    lockWaitMs: settings.get('lockWait'),
    pendingProposals: settings.get('pendingProposals'),
    pendingBytes: settings.get('pendingBytes'),
    pendingReads: settings.get('pendingReads'),
  };
}

/** A directory keeps its name: another one most likely means another directory. */
function checkName(given: NodeSettings, { stored, dataDir }: Surroundings): void {
  const name = given.get('name');
  const kept = stored?.['name'];
  if (name === null || kept === undefined || kept === name) return;
  throw new ConfigError(
    `${given.describe('name')} does not fit ${dataDir}, which belongs to ${String(kept)}: ` +
      'leave the name out, or name another --data-dir',
  );
}

function checkListening(settings: NodeSettings): void {
  const open = settings.get('clusterSecret') === null && !settings.get('insecure');
  if (!open || isLoopback(settings.get('host'))) return;
  throw new ConfigError(
    `${settings.describe('host')} lets other machines in: give every node the same ` +
      '--cluster-secret (or ABCD_CLUSTER_SECRET), or say --insecure',
  );
}

function checkRanges(settings: NodeSettings): void {
  const heartbeat = settings.get('heartbeat');
  if (settings.get('election') <= heartbeat) {
    throw new ConfigError(
      `${settings.describe('election')} must be longer than the heartbeat, which is ` +
        `${formatDuration(heartbeat)}; three times that is usual`,
    );
  }
  const requestBytes = settings.get('requestBytes');
  if (settings.get('valueBytes') > requestBytes) {
    throw new ConfigError(
      `${settings.describe('valueBytes')} is more than a request may hold, which is ` +
        `${formatSize(requestBytes)}: raise --request-bytes`,
    );
  }
  const pageItemsMax = settings.get('pageItemsMax');
  if (settings.get('pageItems') > pageItemsMax) {
    throw new ConfigError(
      `${settings.describe('pageItems')} is more than a page may have, which is ` +
        `${pageItemsMax}: raise --page-items-max`,
    );
  }
}

/** This node's place in the `--cluster` that was given now; null when there is none. */
function ownEntry(
  given: NodeSettings,
  settings: NodeSettings,
  hasState: boolean,
): FoundingMember | null {
  const members = given.get('cluster');
  if (members === null) return null;
  const name = settings.get('name');
  const port = given.get('port');
  const found = members.filter((member) =>
    name === null ? portOfOrigin(member.url) === port : member.name === name,
  );
  if (found.length === 1) return found[0] ?? null;
  // A directory with a state has its membership; an old list on the command line does no harm.
  if (hasState) return null;
  const who = name === null ? 'does not tell which member this is' : `has no member ${name}`;
  throw new ConfigError(`${given.describe('cluster')} ${who}: give --name as it stands there`);
}

function portOf(
  given: NodeSettings,
  settings: NodeSettings,
  self: FoundingMember | null,
): number | null {
  const port = given.get('port');
  if (port !== null) return port === 0 ? null : port;
  return self === null ? settings.get('port') : portOfOrigin(self.url);
}

function urlOf(
  given: NodeSettings,
  settings: NodeSettings,
  self: FoundingMember | null,
  port: number,
  stored: Surroundings['stored'],
): string {
  const advertised = given.get('advertiseUrl') ?? self?.url;
  if (advertised !== undefined) return advertised;
  const kept = settings.get('advertiseUrl');
  const host = settings.get('host');
  const moved = String(stored?.['port']) !== String(port) || stored?.['host'] !== host;
  if (kept !== null && (!moved || isWildcard(host))) return kept;
  if (!isWildcard(host)) return originOf(host, port);
  throw new ConfigError(
    `${settings.describe('host')} is no address that other nodes can connect to: ` +
      'say with --advertise-url at which URL they reach this node',
  );
}

/** With nothing said, a node joins whoever is at the usual place. */
function joinOf(settings: NodeSettings, hasState: boolean): string | null {
  const join = settings.get('join');
  if (join !== null || settings.get('cluster') !== null) return join;
  return hasState || settings.explicit('port') !== null ? null : DEFAULT_JOIN;
}

function secretOf(settings: NodeSettings, readText: (path: string) => string): string | null {
  const given = settings.get('clusterSecret');
  if (given === null || !given.startsWith('@')) return given;
  const path = given.slice(1);
  const secret = readSecretFile(path, readText);
  if (secret === '') throw new ConfigError(`--cluster-secret: the file ${path} is empty`);
  return secret;
}

function readSecretFile(path: string, readText: (path: string) => string): string {
  try {
    return readText(path).trim();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`--cluster-secret: the file ${path} cannot be read: ${why}`);
  }
}

function logOf(settings: NodeSettings): LogConfig {
  return Object.freeze({
    level: settings.get('logLevel'),
    console: settings.get('logConsole'),
    file: settings.get('logFile'),
    fileBytes: settings.get('logFileBytes'),
    fileCount: settings.get('logFileCount'),
  });
}

function rememberedOf(
  settings: NodeSettings,
  identity: Pick<Config, 'name' | 'host' | 'port' | 'url' | 'join'>,
): Readonly<Record<string, string>> {
  const remembered = new Map<string, string>();
  for (const key of REMEMBERED_KEYS) {
    const text = settings.text(key);
    if (text !== null) remembered.set(key, text);
  }
  remembered.set('name', identity.name).set('host', identity.host);
  remembered.set('port', String(identity.port)).set('advertiseUrl', identity.url);
  if (identity.join !== null) remembered.set('join', identity.join);
  return Object.freeze(Object.fromEntries(remembered));
}

import { NODE_SETTINGS } from '../../config.ts';
import { text, wholeNumber } from '../../lib/setting.ts';
import { flagOf, type Settings, variableOf } from '../../lib/settings.ts';

/** Settings of a node that are the same for all nodes, and are handed on to each. */
const SHARED = {
  host: NODE_SETTINGS.host,
  insecure: NODE_SETTINGS.insecure,
  allowedHosts: NODE_SETTINGS.allowedHosts,
  clusterToken: NODE_SETTINGS.clusterToken,
  heartbeat: NODE_SETTINGS.heartbeat,
  election: NODE_SETTINGS.election,
  snapshotWalBytes: NODE_SETTINGS.snapshotWalBytes,
  reserveBytes: NODE_SETTINGS.reserveBytes,
  keyBytes: NODE_SETTINGS.keyBytes,
  valueBytes: NODE_SETTINGS.valueBytes,
  requestBytes: NODE_SETTINGS.requestBytes,
  quotaBytes: NODE_SETTINGS.quotaBytes,
  autoCompaction: NODE_SETTINGS.autoCompaction,
  historyBytes: NODE_SETTINGS.historyBytes,
  historyRevisions: NODE_SETTINGS.historyRevisions,
  historyAge: NODE_SETTINGS.historyAge,
  hashCheckInterval: NODE_SETTINGS.hashCheckInterval,
  txnOperations: NODE_SETTINGS.txnOperations,
  pageItems: NODE_SETTINGS.pageItems,
  pageItemsMax: NODE_SETTINGS.pageItemsMax,
  pageBytes: NODE_SETTINGS.pageBytes,
  watcherBytes: NODE_SETTINGS.watcherBytes,
  lockWait: NODE_SETTINGS.lockWait,
  pendingProposals: NODE_SETTINGS.pendingProposals,
  pendingBytes: NODE_SETTINGS.pendingBytes,
  pendingReads: NODE_SETTINGS.pendingReads,
  logLevel: NODE_SETTINGS.logLevel,
  logConsole: NODE_SETTINGS.logConsole,
  enableFaults: NODE_SETTINGS.enableFaults,
};

/** Settings of the command `cluster`. */
export const CLUSTER_SETTINGS = {
  size: wholeNumber({ min: 1, max: 9, fallback: 3, placeholder: 'count', help: 'number of nodes' }),
  basePort: wholeNumber({
    min: 1,
    max: 65_526,
    fallback: 8080,
    placeholder: 'port',
    help: 'port of the first node; each further node has the next one',
  }),
  controlPort: wholeNumber({
    min: 0,
    max: 65_535,
    fallback: null,
    placeholder: 'port',
    help: 'loopback port for starting and stopping nodes (default: the base port minus 1; 0: any)',
  }),
  dataDir: text({
    fallback: 'data',
    placeholder: 'path',
    help: 'directory that holds one directory for each node',
  }),
  clusterSecret: NODE_SETTINGS.clusterSecret,
  ...SHARED,
};

export type ClusterSettings = Settings<typeof CLUSTER_SETTINGS>;

/** The flags that every node gets. The secret is not among them: it goes by the environment. */
export function sharedFlags(settings: ClusterSettings): readonly string[] {
  const flags: string[] = [];
  for (const key of Object.keys(SHARED).filter(isShared)) {
    const given = settings.text(key);
    if (given === null) continue;
    if (SHARED[key].placeholder !== null) flags.push(flagOf(key), given);
    else if (given === 'true' || given === '1') flags.push(flagOf(key));
  }
  return flags;
}

/** The environment of the nodes: without anything that is meant for a single node. */
export function childEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  settings: ClusterSettings,
): Record<string, string> {
  const inherited = Object.entries(environment).filter(([name]) => !name.startsWith('ABCD_'));
  const child = new Map<string, string>();
  for (const [name, value] of inherited) if (value !== undefined) child.set(name, value);
  const secret = settings.text('clusterSecret');
  if (secret !== null) child.set(variableOf('clusterSecret'), secret);
  return Object.fromEntries(child);
}

function isShared(key: string): key is keyof typeof SHARED {
  return Object.hasOwn(SHARED, key);
}

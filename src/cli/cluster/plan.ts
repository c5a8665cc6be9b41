/**
 * Which node of a cluster on this machine is started how. A node with a state comes back as it was;
 * one without is a founder, if it stands in the founders' list, else it joins.
 */

import type { Identity } from '../../storage/storage.ts';
import { originOf } from '../../lib/peer-url.ts';
import { ConfigError } from '../../lib/settings.ts';

export interface ClusterShape {
  readonly size: number;
  readonly basePort: number;
  readonly dataDir: string;
}

export interface PlannedNode {
  readonly name: string;
  readonly url: string;
  /** Flags of this node alone. */
  readonly flags: readonly string[];
}

/** What a node's directory remembers of its settings; null when it is empty. */
export type Remembered = (dataDir: string) => Promise<Identity['node'] | null>;

/** @throws ConfigError when the directories belong to a cluster on other ports. */
export async function planCluster(
  shape: ClusterShape,
  remembered: Remembered,
): Promise<readonly PlannedNode[]> {
  const seats = await Promise.all(
    Array.from({ length: shape.size }, (_, i) => seatOf(shape, i, remembered)),
  );
  for (const seat of seats) checkPort(seat);
  const known = seats.find((seat) => seat.stored !== null);
  const founders = String(known?.stored?.['cluster'] ?? (known === undefined ? listOf(seats) : ''));
  return seats.map(({ name, url, port, dataDir, stored }) => {
    const own = ['--name', name, '--port', String(port), '--data-dir', dataDir];
    if (stored !== null) return { name, url, flags: own };
    const founds = founders.split(',').some((entry) => entry.startsWith(`${name}=`));
    const way = founds ? ['--cluster', founders] : ['--join', known?.url ?? url];
    return { name, url, flags: [...own, ...way] };
  });
}

interface Seat {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly stored: Identity['node'] | null;
}

async function seatOf(shape: ClusterShape, i: number, remembered: Remembered): Promise<Seat> {
  const name = `n${i + 1}`;
  const port = shape.basePort + i;
  const dataDir = `${shape.dataDir}/${name}`;
  return {
    name,
    port,
    dataDir,
    url: originOf('127.0.0.1', port),
    stored: await remembered(dataDir),
  };
}

/** All nodes moved at once would not find each other. */
function checkPort({ name, port, dataDir, stored }: Seat): void {
  const kept = stored?.['port'];
  if (kept === undefined || String(kept) === String(port)) return;
  throw new ConfigError(
    `${dataDir} belongs to a node on port ${String(kept)}, and ${name} would get port ${port}: ` +
      'give --base-port as at the first start, or another --data-dir',
  );
}

function listOf(seats: readonly Seat[]): string {
  return seats.map(({ name, url }) => `${name}=${url}`).join(',');
}

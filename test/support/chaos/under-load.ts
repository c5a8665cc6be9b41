/**
 * FAULTS UNDER LOAD: clients that are written down, a reader of all changes at every node, faults
 * one after another; then everything heals, and all that was seen is checked.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeProcess } from '../node-process.ts';
import { until } from '../poll.ts';
import { Clients } from './clients.ts';
import type { Fault } from './faults.ts';
import type { Trial } from './scenario.ts';
import { verify } from './verify.ts';
import { WatchReader } from './watch-reader.ts';

/** Flags of every node: all changes are kept, as they are checked in the end. */
export const CHAOS_ARGS = ['--auto-compaction', 'off', '--reserve-bytes', '1MiB'];

export interface LoadOptions {
  readonly nodes: () => readonly NodeProcess[];
  /** Each list goes on beside the others, its faults one at a time, drawn by chance. */
  readonly faults: readonly (readonly Fault[])[];
  /** The longest quiet time between two faults. */
  readonly quietMs?: number;
  readonly clients?: number;
}

/** @throws when something was seen that must not be. */
export async function underLoad(trial: Trial, options: LoadOptions): Promise<void> {
  const { nodes, faults, quietMs = 1500 } = options;
  const urls = (): readonly string[] => nodes().map((node) => node.url);
  const { prng } = trial;
  const { clients: count = 8 } = options;
  const clients = new Clients({ urls, prng: prng.fork(), count });
  const readers = nodes().map((_, i) => {
    const inTurn = (): readonly string[] => [...urls().slice(i), ...urls().slice(0, i)];
    return new WatchReader({ urls: inTurn, prng: prng.fork() });
  });
  const began = performance.now();
  try {
    await strikeAll(trial, faults, quietMs);
    await recovered(clients);
    await clients.stop();
    trial.count('seconds under load', Math.round((performance.now() - began) / 1000));
    await verify(trial, { nodes: nodes(), calls: clients.calls, readers });
  } catch (error) {
    keepEvidence(trial, clients, nodes());
    throw error;
  } finally {
    await Promise.all([clients, ...readers].map((one) => one.stop()));
  }
}

/** All lists side by side; when a fault cannot be done, the others come to an end as well. */
async function strikeAll(
  trial: Trial,
  faults: readonly (readonly Fault[])[],
  quietMs: number,
): Promise<void> {
  const ends = await Promise.allSettled(
    faults.map((list) =>
      strikeOn(trial, list, quietMs).catch((error: unknown) => {
        trial.fail();
        throw error;
      }),
    ),
  );
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

async function strikeOn(trial: Trial, faults: readonly Fault[], quietMs: number): Promise<void> {
  const prng = trial.prng.fork();
  // Every one once, however short the time is, before chance decides.
  const first = faults.toSorted(() => prng.unit() - 0.5);
  for (let i = 0; !trial.isOver || (i < first.length && !trial.isFailed); i += 1) {
    await Bun.sleep(200 + prng.unit() * (quietMs - 200));
    const fault = first[i] ?? prng.pick(faults);
    await fault.strike(prng);
    trial.count(fault.name);
  }
}

/** Until calls are answered again, and some more: the time after the faults is checked too. */
async function recovered(clients: Clients): Promise<void> {
  const before = clients.acknowledged;
  await until('calls are answered again', () => clients.acknowledged > before + 50, 60_000);
}

/** What is needed to find out what happened. */
function keepEvidence(trial: Trial, clients: Clients, nodes: readonly NodeProcess[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'abcd-chaos-'));
  const lines = clients.calls.map((call) => `${JSON.stringify(call)}\n`);
  writeFileSync(join(folder, 'calls.jsonl'), lines.join(''));
  for (const [i, node] of nodes.entries()) {
    writeFileSync(join(folder, `node-${i + 1}.log`), node.output);
  }
  trial.say(`calls and logs are in ${folder}`);
}

/**
 * REPLAY: what is on a node's disk, had the power gone now, leads from nothing to the states that
 * all nodes had: snapshot and log are enough, and so is each snapshot for itself.
 */
import { StateMachine } from '../../kv/state-machine.ts';
import type { Prng } from '../../lib/prng.ts';
import { isConfigurationCommand } from '../../raft/configuration.ts';
import type { LogIndex } from '../../raft/entry.ts';
import { JsonlStorage } from '../../storage/jsonl-storage.ts';
import { check } from '../failure.ts';
import type { SimNode } from '../sim-node.ts';
import type { Applies } from './applies.ts';
import type { Model } from './model.ts';
import type { Oracle } from './oracle.ts';

export interface ReplayOptions {
  readonly oracle: Oracle;
  readonly model: Model;
  readonly applies: Applies;
}

/** The state that these lines of a snapshot stand for. */
export function stateOf(lines: Iterable<string>): StateMachine {
  const machine = new StateMachine();
  const receiver = machine.restore();
  for (const line of lines) receiver.line(line);
  receiver.finish();
  return machine;
}

/**
 * Resolves with the last committed entry that the disk of a node leads to; the disk is of no use
 * to the node afterwards. Nothing in it waits for time to pass.
 */
export async function replay(
  node: SimNode,
  prng: Prng,
  { oracle, model, applies }: ReplayOptions,
): Promise<LogIndex> {
  const storage = new JsonlStorage(node.disk.disk.crash(prng, 'drop', {}), {
    reserveBytes: 0,
    pause: () => Promise.resolve(),
    now: () => 0,
  });
  const restored = await storage.open(null);
  const objection = node.durable.objection(restored);
  check(objection === null || node.isDamaged, 'durable survives a crash', () => {
    return `${node.name}, had the power gone at the end: ${objection}`;
  });
  const lines: string[] = [];
  if (restored.snapshot !== null) {
    for await (const line of storage.readSnapshot(restored.snapshot)) lines.push(line);
  }
  const machine = lines.length === 0 ? new StateMachine() : stateOf(lines);
  for (const { index, term, command } of restored.entries) {
    if (index > oracle.lastIndex) break;
    if (command.kind === 'noop' || isConfigurationCommand(command)) machine.skip(index, term);
    else model.answers(index, machine.apply(command, index, term));
  }
  const { appliedIndex } = machine;
  applies.matches(`${node.name}, replayed from its disk,`, appliedIndex, machine.hash());
  return appliedIndex;
}

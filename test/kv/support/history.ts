import type { KvCommand, KvResult } from '../../../src/kv/command.ts';
import { BACK_FROM_PRESENT, type Draw, RIGHT_EPOCH, RIGHT_REVISION, TIGHT } from './arbitrary.ts';
import { Model } from './model.ts';

/** A command as it stands in the log, the term of its entry, and what the model makes of it. */
export interface Step {
  readonly command: KvCommand;
  readonly term: number;
  readonly result: KvResult;
}

/** Lets the model live through a history, which makes its commands exact. */
export function perform(history: readonly Draw[]): { log: readonly Step[]; model: Model } {
  const model = new Model(TIGHT);
  const log: Step[] = [];
  for (const { command: drawn, back, at, term } of history) {
    const again = log[log.length - back]?.command;
    const command = { ...(again ?? resolved(drawn, model)), at };
    log.push({ command, term, result: model.apply(command, term) });
  }
  return { log, model };
}

function resolved(command: KvCommand, model: Model): KvCommand {
  const { leases, revision } = model;
  const replace = (value: unknown, holder: object): unknown => {
    if (Array.isArray(value)) return value.map((item: unknown) => replace(item, holder));
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value) as [string, unknown][];
      return Object.fromEntries(entries.map(([name, field]) => [name, replace(field, value)]));
    }
    if (value === RIGHT_EPOCH) {
      return 'id' in holder ? (leases.get(holder.id as never)?.epoch ?? 0) : 0;
    }
    if (value === RIGHT_REVISION) {
      return 'key' in command ? (model.at({ key: command.key }, revision)[0]?.modRevision ?? 0) : 0;
    }
    const isRelative = typeof value === 'number' && value >= BACK_FROM_PRESENT;
    return isRelative ? Math.max(0, revision + BACK_FROM_PRESENT - value) : value;
  };
  return replace(command, command) as KvCommand;
}

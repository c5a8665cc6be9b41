import type { Command } from 'commander';
import type { QueueOptions } from '../../client/held.ts';
import type { FlagValues } from '../../lib/settings.ts';
import type { Session } from '../client.ts';
import { EXIT, ExitError } from '../exit.ts';
import { durationFlag } from '../flags.ts';

/** Adds the flags of everything that is waited for in a queue: locks, and leading. */
export function addQueueFlags(command: Command): Command {
  return command
    .option('--ttl <duration>', 'how long it outlives a holder that is gone (default: 15s)')
    .option('--wait <duration>', 'how long to wait for it; 0s tries once (default: for ever)');
}

/** What they say; interrupting the command ends the wait. @throws ExitError */
export function queueFlags({ cli }: Session, flags: FlagValues): QueueOptions {
  const waitMs = durationFlag(flags, 'wait');
  const ttlMs = durationFlag(flags, 'ttl') ?? 15_000;
  if (ttlMs < 1000 || ttlMs % 1000 !== 0) {
    throw new ExitError(
      EXIT.usage,
      `--ttl ${String(flags['ttl'])} is not a number of whole seconds`,
    );
  }
  return {
    ttl: ttlMs / 1000,
    signal: cli.stopping,
    ...(waitMs === undefined ? {} : { waitMs }),
  };
}

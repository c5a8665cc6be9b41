import type { Environment } from '../lib/settings.ts';
import type { Clock } from '../node/clock.ts';
import type { RunHere } from './foreground.ts';
import type { Caller } from './http.ts';

/** What a command needs of the process around it; index.ts fills it in. */
export interface Cli extends Caller {
  readonly clock: Clock;
  /** The version of the program. */
  readonly version: string;
  /** How a person starts this program, for messages: `bun run src/index.ts`. */
  readonly invocation: string;
  /** The command line that starts this program once more. */
  readonly self: readonly string[];
  readonly pid: number;
  readonly environment: Environment;
  readonly out: (text: string | Uint8Array) => void;
  /** For people, beside the output that scripts read. */
  readonly note: (text: string) => void;
  readonly readText: (path: string) => string;
  /** All of standard input. */
  readonly readInput: () => Promise<Uint8Array>;
  readonly runHere: RunHere;
  readonly randomBytes: () => Uint8Array;
  /** Fires on SIGTERM, SIGINT, and whatever else means "please stop". */
  readonly stopping: AbortSignal;
  /** Also stop when standard input ends. */
  readonly stopWithStdin: () => void;
}

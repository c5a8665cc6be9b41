/** What the client commands share: where the nodes are, and how an answer becomes output. */

import type { Command } from 'commander';
import { AbcdClient, AbcdError } from '../client/client.ts';
import {
  duration,
  InvalidValue,
  parseOriginOrThrow,
  setting,
  switchSetting,
} from '../lib/setting.ts';
import { type FlagValues, Settings } from '../lib/settings.ts';
import type { Cli } from './cli.ts';
import { EXIT, ExitError } from './exit.ts';
import { addOptions } from './options.ts';

const CLIENT_SETTINGS = {
  endpoints: setting<readonly string[]>(
    {
      fallback: ['http://127.0.0.1:8080'],
      help: 'URLs of nodes, separated by commas; the next is tried when one does not answer',
    },
    'urls',
    (urls) => urls.join(','),
    parseEndpoints,
  ),
  timeout: duration({
    min: 10,
    max: 3_600_000,
    fallback: 15_000,
    help: 'time for each request, with all its repetitions',
  }),
  json: switchSetting({ help: 'print JSON, for scripts: a document, or lines of a stream' }),
};

/** How long one node may take before the next is asked. */
const ATTEMPT_MS = 2500;

/** What commands are given to work with. */
export interface Tools {
  readonly cli: Cli;
  /** Takes the exit code. */
  readonly done: (exitCode: number) => void;
}

/** What a client command was told, and its way to the cluster. */
export class Session {
  readonly cli: Cli;
  readonly json: boolean;
  readonly endpoints: readonly string[];
  readonly timeoutMs: number;
  readonly client: AbcdClient;

  constructor(cli: Cli, flags: FlagValues) {
    const settings = Settings.read(CLIENT_SETTINGS, flags, cli.environment);
    this.cli = cli;
    this.json = settings.get('json');
    this.endpoints = settings.get('endpoints');
    this.timeoutMs = settings.get('timeout');
    this.client = new AbcdClient({
      endpoints: this.endpoints,
      timeoutMs: this.timeoutMs,
      attemptTimeoutMs: Math.min(this.timeoutMs, ATTEMPT_MS),
      fetch: cli.fetch,
      clock: cli.clock,
      clientId: cli.randomBytes().toHex(),
    });
  }

  /** Prints JSON when asked to, else the lines for people. */
  print(body: unknown, lines: () => readonly string[]): void {
    if (this.json) this.line(JSON.stringify(body));
    else for (const line of lines()) this.line(line);
  }

  line(text: string): void {
    this.cli.out(`${text}\n`);
  }
}

/** Adds a command that talks to the cluster, with the flags that all of them have. */
export function clientCommand(parent: Command, usage: string, description: string): Command {
  return addOptions(parent.command(usage).description(description), CLIENT_SETTINGS);
}

/** Carries a command out that ends by itself, or when it is interrupted. @throws ExitError */
export async function inSession(
  { cli, done }: Tools,
  flags: FlagValues,
  work: (session: Session) => Promise<number>,
): Promise<void> {
  const session = new Session(cli, flags);
  const stop = () => session.client.close();
  cli.stopping.addEventListener('abort', stop, { once: true });
  if (cli.stopping.aborted) stop();
  try {
    done(await work(session));
  } catch (error) {
    throw cli.stopping.aborted ? interrupted() : exitOf(error);
  } finally {
    cli.stopping.removeEventListener('abort', stop);
    session.client.close();
  }
}

/** Carries a command out that sees itself to being interrupted. @throws ExitError */
export async function inLongSession(
  { cli, done }: Tools,
  flags: FlagValues,
  work: (session: Session) => Promise<number>,
): Promise<void> {
  const session = new Session(cli, flags);
  try {
    done(await work(session));
  } catch (error) {
    throw exitOf(error);
  } finally {
    session.client.close();
  }
}

/** A failed request as the end of a command; anything else stays what it is. */
function exitOf(error: unknown): unknown {
  if (!(error instanceof AbcdError)) return error;
  const { code, detail } = error;
  const advice = adviceFor(error);
  return new ExitError(
    exitCodeOf(error),
    `${code}: ${detail}${advice === '' ? '' : `\n${advice}`}`,
  );
}

function interrupted(): ExitError {
  return new ExitError(EXIT.interrupted, 'interrupted');
}

const NOT_FOUND = new Set([
  'key-not-found',
  'lease-not-found',
  'member-not-found',
  'lock-not-held',
]);
const CONDITION = new Set([
  'precondition-failed',
  'conflict',
  'lease-exists',
  'locked',
  'not-leading',
  'lease-lost',
  'lease-ended',
  'lock-lost',
]);

function exitCodeOf({ code, status, applied }: AbcdError): number {
  if (NOT_FOUND.has(code)) return EXIT.notFound;
  if (CONDITION.has(code)) return EXIT.condition;
  const isDown = code === 'unreachable' || status === 503 || status === 504 || status === 500;
  return isDown || applied === 'unknown' ? EXIT.unavailable : EXIT.usage;
}

/** What to do about it. */
function adviceFor({ code, applied }: AbcdError): string {
  if (applied === 'unknown') {
    return 'It may have had its effect: look before you do it again.';
  }
  switch (code) {
    case 'unreachable':
      return 'Is a node running there? --endpoints or ABCD_ENDPOINTS say where to ask.';
    case 'no-leader':
      return 'Without a majority of the members there is no leader: "status" shows who is there.';
    case 'compacted':
      return 'History is forgotten up to there: ask for a later revision, or what is there now.';
    case 'quota-exceeded':
    case 'disk-full':
      return 'Deleting keys makes room; deleting is still possible.';
    case 'bad-answer':
      return 'Is this the URL of a node of abcd? --endpoints says where to ask.';
    default:
      return '';
  }
}

function parseEndpoints(text: string): readonly string[] {
  const urls = text.split(',').map((url) => parseOriginOrThrow(url.trim()));
  if (urls.length === 0) throw new InvalidValue('is empty');
  return urls;
}

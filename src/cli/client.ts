/** What the client commands share: where the nodes are, and how an answer becomes output. */

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
import { type Answer, call } from './http.ts';
import { whyNot } from './join.ts';

export const CLIENT_SETTINGS = {
  endpoints: setting<readonly string[]>(
    {
      fallback: ['http://127.0.0.1:8080'],
      help: 'URLs of nodes, separated by commas; the next is tried when one does not answer',
    },
    'urls',
    (urls) => urls.join(','),
    parseEndpoints,
  ),
  timeout: duration({ min: 10, max: 3_600_000, fallback: 5000, help: 'time for each answer' }),
  json: switchSetting({ help: 'print the answer as JSON, for scripts' }),
};

/** A node that gives up in time should be heard saying why. */
const SLACK_MS = 1000;

/** What a client command was told, and its way to the cluster. */
export class Client {
  readonly json: boolean;
  readonly endpoints: readonly string[];
  readonly #cli: Cli;
  readonly #timeoutMs: number;

  constructor(cli: Cli, flags: FlagValues) {
    const settings = Settings.read(CLIENT_SETTINGS, flags, cli.environment);
    this.#cli = cli;
    this.json = settings.get('json');
    this.endpoints = settings.get('endpoints');
    this.#timeoutMs = settings.get('timeout');
  }

  /**
   * The JSON body of a success, from the first endpoint that answers. Writes carry an idempotency
   * key, so that asking the next node has no second effect. @throws ExitError
   */
  async request(path: string, init: RequestInit = {}): Promise<unknown> {
    const failures: string[] = [];
    const request = this.#prepared(init);
    for (const endpoint of this.endpoints) {
      const answer = await this.#call(endpoint + path, request);
      if (answer.type === 'answered') return bodyOf(answer);
      failures.push(`${endpoint}: ${whyNot(answer)}`);
    }
    throw new ExitError(EXIT.usage, `no node answered (--endpoints)\n  ${failures.join('\n  ')}`);
  }

  /** One endpoint's own answer, whatever it is. */
  ask(endpoint: string, path: string): Promise<Answer> {
    return this.#call(endpoint + path, this.#prepared({}));
  }

  /** Prints JSON when asked to, else the lines for people. */
  print(body: unknown, lines: () => readonly string[]): void {
    const text = this.json ? [JSON.stringify(body)] : lines();
    for (const line of text) this.#cli.out(`${line}\n`);
  }

  #call(url: string, request: RequestInit): Promise<Answer> {
    return call(this.#cli, url, this.#timeoutMs + SLACK_MS, request);
  }

  #prepared(init: RequestInit): RequestInit {
    const headers = new Headers(init.headers);
    headers.set('abcd-timeout', `${this.#timeoutMs}ms`);
    if (init.method !== undefined) {
      headers.set('idempotency-key', this.#cli.randomBytes().toHex());
    }
    return { ...init, headers };
  }
}

/** The path of a key; `.` and `..` would be resolved away in a path, so they go in the query. */
export function keyPath(key: string): string {
  const encoded = encodeURIComponent(key);
  return /^\.{0,2}$/.test(key) ? `/kv?key=${encoded}` : `/kv/${encoded}`;
}

/** Columns of equal width. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = new Map<number, number>();
  for (const row of rows) {
    row.forEach((cell, i) => widths.set(i, Math.max(widths.get(i) ?? 0, cell.length)));
  }
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths.get(i) ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** A JSON value as a cell: texts as they are, null as a dash. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function bodyOf(answer: Extract<Answer, { type: 'answered' }>): unknown {
  if (answer.status < 300) return answer.body;
  throw new ExitError(EXIT.usage, whyNot(answer));
}

function parseEndpoints(text: string): readonly string[] {
  const urls = text.split(',').map((url) => parseOriginOrThrow(url.trim()));
  if (urls.length === 0) throw new InvalidValue('is empty');
  return urls;
}

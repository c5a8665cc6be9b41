import type { Cli } from '../../src/cli/cli.ts';
import { main } from '../../src/cli/program.ts';
import { systemClock } from '../../src/node/clock.ts';
import { type Behaviour, FakeNetwork } from './fake-network.ts';

/** What a command printed, and how it ended. */
export interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly note: string;
  readonly requests: readonly { readonly url: string; readonly init: RequestInit }[];
}

/** Runs a command line against addresses that answer as told. */
export async function runCli(
  args: readonly string[],
  hosts: Readonly<Record<string, Behaviour>> = {},
  environment: Cli['environment'] = {},
  more: Partial<Cli> = {},
): Promise<Ran> {
  const network = new FakeNetwork(hosts);
  const out: Uint8Array[] = [];
  let note = '';
  const cli: Cli = {
    version: '1.2.3',
    invocation: 'abcd',
    self: ['abcd'],
    pid: 1,
    environment,
    out: (text) => void out.push(typeof text === 'string' ? new TextEncoder().encode(text) : text),
    note: (text) => {
      note += text;
    },
    readText: () => '',
    readInput: () => Promise.resolve(new Uint8Array(0)),
    runHere: () => {
      throw new Error('no such command');
    },
    randomBytes: () => new Uint8Array(16).fill(0xab),
    stopping: new AbortController().signal,
    stopWithStdin: () => undefined,
    fetch: network.fetch,
    clock: {
      ...systemClock,
      now: () => network.clock.now(),
      setTimer: (ms, callback) => network.clock.setTimer(ms, callback),
    },
    ...more,
  };
  const exitCode = await network.run(main(cli, args));
  const bytes = Buffer.concat(out);
  return { exitCode, out: bytes.toString('utf8'), note, requests: network.requests };
}

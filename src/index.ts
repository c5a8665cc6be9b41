#!/usr/bin/env bun
/** The entry: the only file that touches the process it runs in. */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import type { Cli } from './cli/cli.ts';
import { EXIT } from './cli/exit.ts';
import { runHere } from './cli/foreground.ts';
import { main } from './cli/program.ts';
import { systemClock } from './node/clock.ts';

// Bun's fetch goes through http_proxy when there is one; messages between nodes must not.
process.env['NO_PROXY'] = '*';

const stopping = new AbortController();
const isCompiled = /^(\/\$bunfs\/|[A-Z]:[\\/]~BUN)/i.test(Bun.main);

const cli: Cli = {
  version: manifest.version,
  fetch: (url, init) => fetch(url, init),
  clock: systemClock,
  invocation: isCompiled ? basename(process.execPath) : 'bun run src/index.ts',
  // Never `bun` from the PATH: there may be none, or another version.
  self: isCompiled ? [process.execPath] : [process.execPath, Bun.main],
  pid: process.pid,
  environment: process.env,
  out: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(text),
  readText: (path) => readFileSync(path, 'utf8'),
  readInput: () => Bun.stdin.bytes(),
  runHere,
  randomBytes: () => randomBytes(16),
  stopping: stopping.signal,
  stopWithStdin: () => {
    process.stdin.once('end', () => stopping.abort());
    process.stdin.resume();
  },
};

/**
 * Ctrl-C reaches every process of the terminal, and whoever started this one may pass it on as
 * well:
 * only a signal this long after the first, ms, is somebody who does not want to wait.
 */
const IMPATIENT_AFTER_MS = 1000;
let stoppingSince = 0;

for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const) {
  process.on(signal, () => {
    const now = performance.now();
    if (!stopping.signal.aborted) {
      stoppingSince = now;
      stopping.abort();
    } else if (now - stoppingSince > IMPATIENT_AFTER_MS) process.exit(128 + number);
  });
}

/** A defect: what is in memory cannot be trusted any more, so nothing is tidied up. */
function crash(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`fatal: ${text}\n`);
  process.exit(EXIT.defect);
}
process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);
// A reader that goes away (`| head`) is no fault of ours.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

/** How long output that nobody takes is waited for once this is told to stop, ms. */
const OUTPUT_GRACE_MS = 1000;

const exitCode = await main(cli, process.argv.slice(2));
const leave = (): never => process.exit(exitCode);
// Bun answers an empty write at once, whatever waits before it: only the end is the end.
process.exitCode = exitCode;
process.stdout.end(() => process.stderr.end(leave));
const leaveSoon = (): void => void setTimeout(leave, OUTPUT_GRACE_MS);
if (stopping.signal.aborted) leaveSoon();
else stopping.signal.addEventListener('abort', leaveSoon);

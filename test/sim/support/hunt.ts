/** A HUNT: the simulator looks for a bug that was put into the source. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HuntLine } from './hunt-process.ts';
import { REPLACEMENT_VARIABLE, type Replacement } from './replaced-source.ts';

const ROOT = join(import.meta.dir, '../../..');
const PRELOAD = join(import.meta.dir, 'replaced-source.ts');
const PROCESS = join(import.meta.dir, 'hunt-process.ts');
/** A seed takes less than a second; one that takes this long does not end. */
const PATIENCE_MS = 60_000;
const ERROR_LENGTH = 2_000;

export interface Seeds {
  readonly from: number;
  readonly count: number;
  /** Whether each world is to end sooner than usual. */
  readonly brief?: boolean;
}

export interface Finding {
  /** What the simulator says was broken; null when it found nothing. */
  readonly invariant: string | null;
  readonly message: string;
  /** How many seeds were run, the one that found it included. */
  readonly runs: number;
  readonly seconds: number;
}

/** The invariant of a run that never ended. */
export const NO_END = 'runs end';
/** The invariant of a program that did not start, or ended without a word. */
export const NO_START = 'the program starts';

/** Runs seeds one after another, until one fails. */
export function hunt(
  replacement: Replacement | readonly Replacement[],
  { from, count, brief = false }: Seeds,
): Promise<Finding> {
  return withReplacement(replacement, async (env) => {
    const started = Bun.nanoseconds();
    const seeds = [`${from}`, `${count}`, brief ? 'brief' : 'whole'];
    const command = [process.execPath, `--preload=${PRELOAD}`, PROCESS, ...seeds];
    const child = Bun.spawn(command, {
      cwd: ROOT,
      env,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const errors = new Response(child.stderr).text();
    const end = (): void => child.kill('SIGKILL');
    let hung = false;
    let runs = 0;
    let last: HuntLine | null = null;
    const patience = (): Timer =>
      setTimeout(() => {
        hung = true;
        end();
      }, PATIENCE_MS);
    let timer = patience();
    for await (const line of linesOf(child.stdout)) {
      clearTimeout(timer);
      timer = patience();
      last = JSON.parse(line) as HuntLine;
      runs += 1;
    }
    await child.exited;
    clearTimeout(timer);
    const seconds = (Bun.nanoseconds() - started) / 1e9;
    if (last !== null && last.invariant !== null) return { ...pick(last), runs, seconds };
    if (hung) return { invariant: NO_END, message: '', runs: runs + 1, seconds };
    if (child.exitCode === 0) return { invariant: null, message: '', runs, seconds };
    const message = (await errors).slice(0, ERROR_LENGTH);
    return { invariant: NO_START, message, runs: runs + 1, seconds };
  });
}

/** Runs something with an environment in which processes that preload it see another source. */
export async function withReplacement<T>(
  replacement: Replacement | readonly Replacement[],
  work: (env: Record<string, string | undefined>) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'abcd-hunt-'));
  try {
    const path = join(folder, 'replacement.json');
    await writeFile(path, JSON.stringify([replacement].flat()));
    return await work({ ...process.env, [REPLACEMENT_VARIABLE]: path });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function pick({ invariant, message }: HuntLine): Pick<Finding, 'invariant' | 'message'> {
  return { invariant, message };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of stream) {
    rest += decoder.decode(bytes, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

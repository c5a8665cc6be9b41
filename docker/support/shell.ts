import { searchPath } from '../../test/support/system-packages.ts';

/** What came of a command. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
}

const MINUTE_MS = 60_000;

/** Runs a command to its end, its output kept; killed when the time is over, its code is not 0. */
export async function attempt(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
  timeoutMs = MINUTE_MS,
): Promise<Outcome> {
  const child = Bun.spawn([...command], {
    env: { ...process.env, PATH: searchPath(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const read = (stream: ReadableStream): Promise<string> => new Response(stream).text();
  const [out, error] = await Promise.all([read(child.stdout), read(child.stderr)]);
  const code = await child.exited;
  return { code, output: out + (code === 0 ? '' : error) };
}

/** The same, where only success will do. @throws Error with what the command said. */
export async function run(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
  timeoutMs = MINUTE_MS,
): Promise<string> {
  const { code, output } = await attempt(command, env, timeoutMs);
  if (code !== 0) throw new Error(`${command.join(' ')}\nended with ${code}:\n${output.trim()}`);
  return output.trim();
}

/** Asks again until the answer is not null. @throws Error after the time, with the last reason. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<T | null>,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  let reason = 'no answer';
  while (performance.now() < end) {
    try {
      const answer = await ask();
      if (answer !== null) return answer;
    } catch (error) {
      reason = String(error);
    }
    await Bun.sleep(100);
  }
  throw new Error(`not within ${timeoutMs} ms: ${what} (${reason})`);
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

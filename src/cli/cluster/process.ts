/** Child processes as a port, and the real one. */

export type Signal = 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT';

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ChildProcess {
  readonly pid: number;
  /** Resolves when the process is gone and its last line has been given out. */
  readonly exited: Promise<Exit>;
  kill(signal: Signal): void;
}

/** Starts a process; `onLine` gets what it prints, line by line. */
export type Spawn = (command: readonly string[], onLine: (line: string) => void) => ChildProcess;

/**
 * Starts real processes. Each is in a process group of its own, so that Ctrl-C reaches only the
 * supervisor, and has a pipe as standard input, whose end tells it that the supervisor is gone.
 */
export function spawner(environment: Record<string, string>): Spawn {
  return (command, onLine) => {
    const child = Bun.spawn([...command], {
      env: environment,
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
      detached: true,
    });
    const read = Promise.all([eachLine(child.stdout, onLine), eachLine(child.stderr, onLine)]);
    const exited = Promise.all([child.exited, read]).then(() => ({
      code: child.exitCode,
      signal: child.signalCode === null ? null : String(child.signalCode),
    }));
    return { pid: child.pid, exited, kill: (signal) => child.kill(signal) };
  };
}

/** Calls back with every line of the stream, the last one even without its newline. */
export async function eachLine(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(onLine);
  }
  rest += decoder.decode();
  if (rest !== '') onLine(rest);
}

import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');
const INVOCATION = 'bun run src/index.ts';

export interface CommandResult {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs a command of the command line tool to its end. */
export async function abcd(...args: readonly string[]): Promise<CommandResult> {
  const child = Bun.spawn([process.execPath, join(ROOT, 'src/index.ts'), ...args], {
    cwd: ROOT,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, errors, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, output: out + errors };
}

/** The commands that a message tells people to type, each as its arguments. */
export function toldToType(message: string): string[][] {
  const lines = message.split('\n').map((line) => line.trim());
  const commands = lines.filter((line) => line.startsWith(INVOCATION));
  return commands.map((line) => line.slice(INVOCATION.length).trim().split(/\s+/));
}

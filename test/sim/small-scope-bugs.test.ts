/**
 * BUGS OF CRASHES, put into the source one at a time: the enumeration of small scripts finds each
 * within a script of one step.
 */
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { Bug } from './canaries/canary.ts';
import { withReplacement } from './support/hunt.ts';

interface CrashBug extends Bug {
  /** The script and the size of the cluster that show it. */
  readonly script: string;
  readonly size: number;
}

/** The two steps of a start whose order matters. */
const COPY =
  '  const segment = await ' +
  'copyForward(disk, seq, base, entries, carried, contents.position, pace);\n';
const REMOVE = '  await removeSuperseded(disk, all, choice.damaged, carried);\n';

const BUGS: readonly CrashBug[] = [
  {
    name: 'a snapshot gets its name, and the directory is not synced',
    file: 'src/storage/jsonl-storage.ts',
    find: "    await this.#disk.syncDirectory('.');\n    await this.#write([{ kind: 'snapshot'",
    replace: "    await this.#write([{ kind: 'snapshot'",
    script: 'snapshot',
    size: 1,
  },
  {
    name: 'the log is cut before the snapshot that replaces it is durable',
    file: 'src/storage/jsonl-storage.ts',
    find: '    await this.#disk.rename(path, snapshotPath(index));',
    replace:
      '    await this.#use().writer.removeUpTo(index);\n' +
      '    await this.#disk.rename(path, snapshotPath(index));',
    script: 'snapshot',
    size: 1,
  },
  {
    name: 'a write is answered before its sync',
    file: 'src/storage/wal-writer.ts',
    find: '    await file.sync();\n    this.#position = { crc, batch };',
    replace: '    void file.sync();\n    this.#position = { crc, batch };',
    script: 'put',
    size: 1,
  },
  {
    name: 'a start removes the log before its copy is there',
    file: 'src/storage/recovery.ts',
    find: `${COPY}${REMOVE}`,
    replace: `${REMOVE}${COPY}`,
    script: 'restart',
    size: 1,
  },
  {
    name: 'what a start copies is not synced',
    file: 'src/storage/sliced-writer.ts',
    find: '    await this.flush();\n    await this.#file.sync();\n',
    replace: '    await this.flush();\n',
    script: 'restart',
    size: 1,
  },
  {
    name: 'a founding that was torn is never done again',
    file: 'src/node/node.ts',
    find: 'restored.state.term > FOUNDING_TERM',
    replace: 'restored.state.term > 0',
    script: 'found',
    size: 1,
  },
];

const ROOT = join(import.meta.dir, '../..');
const PRELOAD = join(import.meta.dir, 'support/replaced-source.ts');
const PATIENCE_MS = 10 * 60_000;

test('without any of them the same scripts are good', async () => {
  const { exitCode, output } = await scope(process.env, 'put', '--size', '1', '--thin', '4');
  expect(output).toContain('| failures | 0 |');
  expect(exitCode).toBe(0);
});

describe('crashes at every point show that', () => {
  test.each(BUGS)(
    '$name',
    async ({ file, find, replace, script, size }) => {
      const source = await Bun.file(join(ROOT, file)).text();
      expect(source.split(find)).toHaveLength(2);
      const text = source.replace(find, () => replace);
      await withReplacement({ file, text }, async (env) => {
        const { exitCode, output } = await scope(env, script, '--size', String(size), '--bail');
        expect(output).toMatch(/Again: .* sim --scope /);
        expect(exitCode).toBe(1);
      });
    },
    PATIENCE_MS,
  );
});

async function scope(
  env: Record<string, string | undefined>,
  ...flags: string[]
): Promise<{ exitCode: number; output: string }> {
  const command = [process.execPath, `--preload=${PRELOAD}`, 'src/index.ts', 'sim', '--scope'];
  const child = Bun.spawn([...command, ...flags], {
    cwd: ROOT,
    env,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
  });
  const output = await new Response(child.stdout).text();
  return { exitCode: await child.exited, output };
}

/** Standard output of the program, in a process of its own. */
import { expect, test } from 'bun:test';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');
const VALUE = 'v'.repeat(4_000_000);

/** What a pipeline prints into which `abcd get` writes a value that no pipe can hold. */
async function getInto(reader: string, pipeStatus: string): Promise<string> {
  await using server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => Response.json({ key: 'a', value: VALUE, createRevision: 2, modRevision: 2 }),
  });
  const get = [process.execPath, 'src/index.ts', 'get', 'a', '--endpoints', server.url.origin];
  const script = `{ "$@"; echo "${pipeStatus}" >&2; } | ${reader}`;
  const child = Bun.spawn(['sh', '-c', script, 'sh', ...get], {
    cwd: ROOT,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return out.trim() + errors.trim();
}

test('a pipe gets all of it', async () => {
  expect(await getInto('wc -c', '')).toBe(`${VALUE.length + 1}`);
}, 20_000);

test('a reader that has gone is not waited for', async () => {
  expect(await getInto('head -c 3', 'exit $?')).toBe('vvvexit 0');
}, 20_000);

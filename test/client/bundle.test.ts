/** The client alone, as it goes to browsers and to Node. */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { ProcessCluster } from '../support/process-cluster.ts';
import { tempDir } from '../support/temp-dir.ts';

const ENTRY = join(import.meta.dir, '../../src/client/client.ts');

async function bundle(minify: boolean): Promise<string> {
  const built = await Bun.build({ entrypoints: [ENTRY], target: 'browser', minify });
  expect(built.logs).toEqual([]);
  const [output, ...others] = built.outputs;
  expect(others).toEqual([]);
  return (await output?.text()) ?? '';
}

test('a browser gets one small file that imports nothing', async () => {
  const text = await bundle(false);
  expect(text).not.toMatch(/\bimport\b|\brequire\s*\(|node:|typebox/);
  expect(text).not.toMatch(/\b(?:process|Buffer|Bun|__dirname)\b/);
  const minified = await bundle(true);
  expect(Bun.gzipSync(Buffer.from(minified)).length).toBeLessThan(12_000);
});

test('uses nothing newer than Node 18 and the browsers of its time', async () => {
  const text = await bundle(false);
  const newer = [
    'withResolvers',
    'AbortSignal.any',
    'AbortSignal.timeout',
    '.toBase64(',
    'Uint8Array.fromBase64',
    'isWellFormed',
    'toSorted',
    'Array.fromAsync',
    'groupBy',
    '.bytes()',
    'Iterator.from',
  ];
  expect(newer.filter((name) => text.includes(name))).toEqual([]);
});

const SCRIPT = `
  import { createClient, op, when, isAbcdError } from './client.mjs';
  const client = createClient({ endpoints: process.argv[2], timeoutMs: 4000 });
  const created = await client.put('é/ü', new Uint8Array([0, 255]), { ifAbsent: true });
  const bytes = await client.getBytes('é/ü');
  const refused = await client.put('é/ü', 'x', { ifRevision: 1 }).catch((error) => error);
  await client.put('n', '1');
  // More at once than Node takes for a leak of listeners.
  await Promise.all(Array.from({ length: 30 }, () => client.get('n')));
  const { succeeded } = await client.txn({
    compare: [when.value('n', '=', '1')], success: [op.put('n', '2')],
  });
  const iterator = client.watch({ key: 'n' }, { from: created.revision })[Symbol.asyncIterator]();
  const { value: change } = await iterator.next();
  await iterator.return();
  const gone = createClient({ endpoints: 'http://127.0.0.1:1', timeoutMs: 300 });
  const unreachable = await gone.put('a', 'b').catch((error) => error);
  console.log(JSON.stringify([
    created.created, [...bytes], refused.code, refused instanceof Error, succeeded,
    change.events[0].value, unreachable.code, isAbcdError(unreachable),
  ]));
`;

test('works in Node, where there is one, as it does in Bun', async () => {
  using dir = tempDir();
  await Bun.write(join(dir.path, 'client.mjs'), await bundle(false));
  await Bun.write(join(dir.path, 'script.mjs'), SCRIPT);
  const node = Bun.which('node');
  await using cluster = await ProcessCluster.start({ size: 1 });
  for (const program of node === null ? [process.execPath] : [process.execPath, node]) {
    const url = cluster.nodes[0]?.url ?? '';
    await fetch(`${url}/kv?prefix=`, { method: 'DELETE' });
    const child = Bun.spawn([program, join(dir.path, 'script.mjs'), url], { stderr: 'pipe' });
    const [out, err] = await Promise.all(
      [child.stdout, child.stderr].map((stream) => new Response(stream).text()),
    );
    expect(err).toBe('');
    const expected = [true, [0, 255], 'precondition-failed', true, true, '1', 'unreachable', true];
    expect(JSON.parse(out ?? '')).toEqual(expected);
  }
}, 30_000);

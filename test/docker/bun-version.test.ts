/** The Bun that is tested is the Bun that is shipped: every file that names a version agrees. */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import manifest from '../../package.json';

const read = (path: string): Promise<string> =>
  Bun.file(join(import.meta.dir, '../..', path)).text();

test('the manifest names the Bun that runs', () => {
  expect(manifest.packageManager).toBe(`bun@${Bun.version}`);
  expect(manifest.engines.bun).toBe(Bun.version);
});

test.each(['docker/Dockerfile', 'docker/compose.yml', '.ci/run'])(
  '%s names it too',
  async (path) => {
    const versions = (await read(path)).match(/\bbun[@:]\d[\w.]*/g);
    expect(versions).not.toBeNull();
    for (const version of versions ?? []) expect(version.slice(4)).toBe(Bun.version);
  },
);

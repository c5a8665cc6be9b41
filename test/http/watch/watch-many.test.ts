import { expect, test } from 'bun:test';
import { measureCrowd } from '../../support/watch-crowd.ts';

test('a thousand watchers cost some memory each, and are all told of everything', async () => {
  const figures = await measureCrowd(1000, true);
  expect(figures.map(({ form, watchers }) => [form, watchers])).toEqual([
    ['the same prefix', 1000],
    ['own keys', 1000],
  ]);
  // Ten thousand take about 11 KiB each; among so few, the process itself weighs more.
  for (const { bytesPerWatcher } of figures) expect(bytesPerWatcher).toBeLessThan(100_000);
}, 30_000);

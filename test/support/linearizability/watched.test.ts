import { expect, test } from 'bun:test';
import type { Change } from './changes.ts';
import { HonestStore } from './honest-store.ts';
import { checkWatched } from './watched.ts';

function changes(): Change[] {
  const store = new HonestStore();
  for (const value of ['1', '2', '3', '4']) {
    store.carryOut({ type: 'put', key: 'a', value, condition: null });
  }
  return store.changes;
}

const [one, two, three, four] = changes() as [Change, Change, Change, Change];
const wrong: Change = { ...two, events: three.events };

test.each<[string, readonly Change[], readonly RegExp[]]>([
  ['all of it', [one, two, three, four], []],
  ['one is missing', [one, three, four], [/revision 3 was never told/]],
  ['the end is missing', [one, two, three], [/revision 5 was never told/]],
  ['one is told twice', [one, two, two, three, four], [/twice/]],
  ['one comes too early', [one, three, two, four], [/out of order/]],
  ['one is another', [one, wrong, three, four], [/is told as/]],
  ['one is empty', [one, { ...two, events: [] }, three, four], [/is told as/]],
])('%s', (_what, told, problems) => {
  const found = checkWatched(told, changes());
  expect(found).toHaveLength(problems.length);
  for (const [i, problem] of problems.entries()) expect(found[i]).toMatch(problem);
});

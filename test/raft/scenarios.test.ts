/**
 * GOLDEN SCENARIOS of the consensus core: each file of `scenarios/` is a script and the trace it
 * gives, `ls` is the list of what is covered. A changed trace is reviewed like code:
 *
 *     UPDATE_GOLDEN=1 bun test test/raft/scenarios.test.ts
 *
 * writes the traces anew; keep only what you understand.
 */
import { describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseScenario, replay } from '../support/raft-scenario.ts';

const FOLDER = join(import.meta.dir, 'scenarios');
const UPDATE = Bun.env['UPDATE_GOLDEN'] === '1';
const FILES = readdirSync(FOLDER).toSorted();

describe('scenario', () => {
  for (const name of FILES) {
    test(name.replace(/\.txt$/, '').replaceAll('_', ' '), async () => {
      const path = join(FOLDER, name);
      const written = await Bun.file(path).text();
      const actual = replay(parseScenario(written));
      if (UPDATE) await Bun.write(path, actual);
      else expect(actual).toBe(written);
    });
  }

  test('files are named <topic>_<situation>_<outcome>.txt', () => {
    const odd = FILES.filter((name) => !/^[a-z-]+(?:_[a-z0-9-]+){2,}\.txt$/.test(name));
    expect(odd).toEqual([]);
    expect(FILES.length).toBeGreaterThanOrEqual(30);
  });
});

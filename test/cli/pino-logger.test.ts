import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLogger, PinoLogger, prettified } from '../../src/cli/pino-logger.ts';
import { RollingFile } from '../../src/cli/rolling-file.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'abcd-log-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Keeps what is written. */
function memory() {
  const lines: string[] = [];
  return {
    lines,
    write: (line: string) => void lines.push(line),
    close: () => Promise.resolve(),
  };
}

describe('the Logger port', () => {
  test('a line has time, level, family, the fields of the node and of the call', async () => {
    const to = memory();
    const logger = new PinoLogger('info', [to], { node: 'n1' });
    logger.log('warn', 'raft', 'lost the lead', { term: 3, error: new Error('boom') });
    const line: unknown = JSON.parse(to.lines[0] ?? '');
    expect(line).toMatchObject({
      level: 'warn',
      family: 'raft',
      node: 'n1',
      msg: 'lost the lead',
      term: 3,
      error: { message: 'boom' },
    });
    expect(line).toHaveProperty('time', expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/));
    await logger.close();
  });

  test('lesser levels are not written, and cost nothing to ask for', () => {
    const to = memory();
    const logger = new PinoLogger('warn', [to]);
    expect(
      (['debug', 'info', 'warn', 'fatal'] as const).map((level) => logger.enabled(level)),
    ).toEqual([false, false, true, true]);
    logger.log('info', 'kv', 'nothing');
    expect(to.lines).toEqual([]);
  });

  test('with nowhere to write to, nothing is enabled', () => {
    expect(new PinoLogger('trace', []).enabled('fatal')).toBe(false);
  });

  test('for people: one line, and nothing in a field can change the terminal', () => {
    const to = memory();
    const logger = new PinoLogger('info', [prettified(to)], { node: 'n1' });
    logger.log('info', 'raft', 'vote given', { candidate: '\u001b[31m\n7' });
    expect(to.lines).toHaveLength(1);
    expect(to.lines[0]).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: raft: vote given \{.*\}\n$/);
    expect(to.lines[0]).not.toContain('\u001b');
  });
});

describe('the log file', () => {
  const config = { level: 'info', console: 'none', fileBytes: 2 ** 20, fileCount: 2 } as const;

  test('holds every line once the logger is closed, and is private', async () => {
    const file = join(directory, 'deep', 'node.log');
    for (const round of [1, 2]) {
      const logger = openLogger({ ...config, file }, {});
      for (let i = 0; i < 100; i += 1) logger.log('info', 'node', 'line', { round, i });
      await logger.close();
    }
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(200);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('cannot be opened: an error at once', () => {
    expect(() => openLogger({ ...config, file: '/proc/nope/node.log' }, {})).toThrow();
  });

  test('rolls: full files get numbers, and the oldest go', async () => {
    const path = join(directory, 'node.log');
    const file = new RollingFile({ path, maxBytes: 100, keep: 2, bufferBytes: 2 ** 20 });
    for (let i = 0; i < 10; i += 1) {
      file.write(`${String(i).padEnd(39)}\n`);
      // What is written before a roll belongs to the old file only once it is out.
      await written(path, 40 * ((i % 2) + 1));
    }
    await file.close();
    expect(readdirSync(directory).toSorted()).toEqual(['node.log', 'node.log.1', 'node.log.2']);
    const content = (name: string) => readFileSync(join(directory, name), 'utf8').match(/\d+/g);
    expect(['node.log', 'node.log.1', 'node.log.2'].map(content)).toEqual([
      ['8', '9'],
      ['6', '7'],
      ['4', '5'],
    ]);
  });
});

/** Resolves when the file has this size. */
async function written(path: string, bytes: number): Promise<void> {
  for (;;) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.size === bytes) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

import { describe, expect, test } from 'bun:test';
import type { Cli } from '../../src/cli/cli.ts';
import { NodeStream } from '../client/node-stream.ts';
import { runCli } from './fake-cli.ts';
import { FakeCommands } from './fake-command.ts';
import type { Behaviour } from './fake-network.ts';

const ENDPOINT = 'http://127.0.0.1:8080';

/** A cluster at revision 10 whose watch says what is written to it, and then is interrupted. */
function scene(write: (stream: NodeStream) => NodeStream) {
  const stopping = new AbortController();
  const watched: string[] = [];
  const behaviour: Behaviour = (path) => {
    if (!path.startsWith('/watch')) return { body: { revision: 10 } };
    watched.push(path);
    if (watched.length > 1) {
      stopping.abort();
      return 'silent';
    }
    return write(new NodeStream()).response;
  };
  const run = (args: readonly string[], more: Partial<Cli> = {}) =>
    runCli(
      ['watch', ...args],
      { [ENDPOINT]: behaviour },
      { HOME: '/h' },
      {
        stopping: stopping.signal,
        ...more,
      },
    );
  return { run, watched };
}

const binary = {
  type: 'put',
  key: '/w==',
  keyEncoding: 'base64',
  value: 'AP8=',
  encoding: 'base64',
  modRevision: 13,
};

describe('watch', () => {
  test('prints a line for each change, and ends well when it is interrupted', async () => {
    const { run, watched } = scene((s) =>
      s
        .change(11, 'a')
        .event('change', {
          revision: 12,
          events: [
            { type: 'delete', key: 'a', modRevision: 12, prev: { key: 'a', value: '11' } },
            { type: 'put', key: 'new line\n', value: '', modRevision: 12, prev: null },
          ],
        })
        .end(),
    );
    const { exitCode, out, note } = await run(['a', '--prefix', '--prev']);
    expect(out.split('\n')).toEqual([
      '11  put     a  11',
      '12  delete  a  (before: 11)',
      '12  put     "new line\\n"  ""',
      '',
    ]);
    expect(exitCode).toBe(0);
    expect(note).toBe('watching a… from revision 11 on\n');
    expect(watched).toEqual([
      '/watch?prefix=a&revision=11&prev&progress=5s',
      '/watch?prefix=a&revision=13&prev&progress=5s',
    ]);
  });

  test('prints a line of JSON for each revision', async () => {
    const { run, watched } = scene((s) => s.change(5, 'a').end());
    const { out, note } = await run(['a', '--json', '--revision', '4', '--filter', 'put']);
    expect(JSON.parse(out)).toMatchObject({ revision: 5, events: [{ key: 'a', value: '5' }] });
    expect(note).toBe('');
    expect(watched[0]).toBe('/watch?key=a&revision=4&filter=put&progress=5s');
  });

  test('fails when changes are forgotten: a script would not know what it missed', async () => {
    const { run } = scene((s) => s.canceled('compacted', { compactRevision: 9 }));
    const { exitCode, note } = await run(['a', '--revision', '4']);
    expect(exitCode).toBe(1);
    expect(note).toContain('compacted');
    expect(note).toContain('ask for a later revision');
  });
});

describe('watch with a command', () => {
  test('runs it once for each change, one at a time, with all it needs to know', async () => {
    const commands = new FakeCommands();
    const { run } = scene((s) =>
      s
        .change(11, 'a')
        .event('change', { revision: 12, events: [{ type: 'delete', key: 'a' }] })
        .event('change', { revision: 13, events: [binary] })
        .end(),
    );
    let running = 0;
    commands.onStart = ({ end }) => {
      running += 1;
      expect(running).toBe(1);
      setImmediate(() => {
        running -= 1;
        end({ code: 0, signal: null });
      });
    };
    const { exitCode, out } = await run(['a', '--', 'do', '-it'], { runHere: commands.runHere });
    expect({ exitCode, out }).toEqual({ exitCode: 0, out: '' });
    expect(commands.started.map(({ command }) => command)).toEqual(
      Array<string[]>(3).fill(['do', '-it']),
    );
    expect(commands.started.map(({ input }) => input)).toEqual(['11', '', '\u0000\u00ff']);
    expect(commands.started.map(({ environment }) => environment)).toEqual([
      { HOME: '/h', ABCD_EVENT: 'put', ABCD_REVISION: '11', ABCD_KEY: 'a', ABCD_VALUE: '11' },
      { HOME: '/h', ABCD_EVENT: 'delete', ABCD_REVISION: '12', ABCD_KEY: 'a' },
      {
        HOME: '/h',
        ABCD_EVENT: 'put',
        ABCD_REVISION: '13',
        ABCD_KEY: '/w==',
        ABCD_KEY_ENCODING: 'base64',
        ABCD_VALUE: 'AP8=',
        ABCD_VALUE_ENCODING: 'base64',
      },
    ]);
  });

  test('what an environment cannot carry goes as base64, or on standard input alone', async () => {
    const commands = new FakeCommands();
    const long = 'x'.repeat(64 * 1024 + 1);
    const { run } = scene((s) =>
      s
        .event('change', { revision: 11, events: [{ type: 'put', key: 'a', value: 'x\0' }] })
        .event('change', { revision: 12, events: [{ type: 'put', key: 'a', value: long }] })
        .end(),
    );
    await run(['a', '--', 'do'], { runHere: commands.runHere });
    const [zero, large] = commands.started;
    expect(zero?.environment).toMatchObject({ ABCD_VALUE: 'eAA=', ABCD_VALUE_ENCODING: 'base64' });
    expect(large?.environment['ABCD_VALUE']).toBeUndefined();
    expect(large?.input).toBe(long);
  });

  test.each([
    [{ code: 3, signal: null }, 3],
    [{ code: null, signal: 'SIGKILL' }, 137],
  ])('one that ends with %j ends the watch', async (exit, expected) => {
    const commands = new FakeCommands();
    commands.onStart = ({ end }) => end(exit);
    const { run } = scene((s) => s.change(11).change(12).end());
    const { exitCode, note } = await run(['k', '--', 'do'], { runHere: commands.runHere });
    expect(exitCode).toBe(expected);
    expect(note).toContain('to go on from there: --revision 11');
    expect(commands.started).toHaveLength(1);
  });

  test('--keep-going goes on', async () => {
    const commands = new FakeCommands();
    commands.onStart = ({ end }) => end({ code: 3, signal: null });
    const { run } = scene((s) => s.change(11).change(12).end());
    const args = ['k', '--keep-going', '--', 'do'];
    const { exitCode } = await run(args, { runHere: commands.runHere });
    expect(exitCode).toBe(0);
    expect(commands.started).toHaveLength(2);
  });

  test('one that is not there', async () => {
    const { run } = scene((s) => s.change(11).end());
    const { exitCode, note } = await run(['k', '--', 'nonsense']);
    expect(exitCode).toBe(127);
    expect(note).toContain('nonsense cannot be started: no such command');
  });
});

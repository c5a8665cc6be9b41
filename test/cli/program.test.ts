import { expect, test } from 'bun:test';
import { NODE_SETTINGS } from '../../src/config.ts';
import { flagOf, variableOf } from '../../src/lib/settings.ts';
import { runCli } from './fake-cli.ts';

test('--help lists every setting with its variable and default', async () => {
  const { exitCode, out } = await runCli(['--help']);
  expect(exitCode).toBe(0);
  for (const [key, { fallbackText }] of Object.entries(NODE_SETTINGS)) {
    expect(out).toContain(flagOf(key));
    expect(out).toContain(`env: ${variableOf(key)})`);
    if (fallbackText !== '') expect(out).toContain(`(default: ${fallbackText}, env:`);
  }
});

test('help is --help, and help of a command is that of the command', async () => {
  expect(await runCli(['help'])).toEqual(await runCli(['--help']));
  const { exitCode, out } = await runCli(['help', 'put']);
  expect(exitCode).toBe(0);
  expect(out).toContain('put [options] <key> <value>');
});

test('settings prints them as a table', async () => {
  const { out } = await runCli(['settings']);
  const rows = out.trimEnd().split('\n');
  expect(rows).toHaveLength(Object.keys(NODE_SETTINGS).length + 2);
  const row = '| `--heartbeat <duration>` | `ABCD_HEARTBEAT` | 100ms | how often a leader';
  expect(rows.filter((found) => found.startsWith(row))).toHaveLength(1);
  for (const one of rows) expect(one.replaceAll('\\|', '').split('|')).toHaveLength(6);
});

test('--version', async () => {
  expect(await runCli(['--version'])).toMatchObject({ exitCode: 0, out: '1.2.3\n' });
});

test.each([
  [['--nonsense'], "unknown option '--nonsense'"],
  [['watch'], "error: unknown command 'watch'; --help lists the commands"],
  [['watch', 'a', '--prefix'], "unknown command 'watch'"],
  [['--port', '8080', 'watch'], "unknown command 'watch'"],
  [['member', 'nonsense'], "unknown command 'nonsense'"],
  [['get'], "missing required argument 'key'"],
  [['get', 'a', 'b'], 'too many arguments'],
  [['member', 'remove', 'n1'], 'n1 is not a member id'],
  [['member', 'add', 'n1'], 'n1 is not a base URL'],
  [['get', 'a', '--endpoints', 'x'], '--endpoints "x" is not a base URL'],
  [['get', 'a', '--timeout', '1'], '--timeout "1" is not a duration'],
  [['cluster', '--size', '0'], '--size "0" is not a whole number from 1 to 9'],
])('%j is refused with exit code 1', async (args, message) => {
  const { exitCode, note, out } = await runCli(args);
  expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
  expect(note).toContain(message);
});

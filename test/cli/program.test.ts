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
  [['bask'], "error: unknown command 'bask'; --help lists the commands"],
  [['bask', 'a', '--prefix'], "unknown command 'bask'"],
  [['--port', '8080', 'bask'], "unknown command 'bask'"],
  [['member', 'nonsense'], "unknown command 'nonsense'"],
  [['get'], "missing required argument 'key'"],
  [['get', 'a', 'b', 'c'], 'too many arguments'],
  [['get', 'a', 'b', '--prefix'], 'exclude each other'],
  [['get', 'a', '--prefix', '--from-key'], '--prefix and --from-key exclude each other'],
  [['get', 'a', '--history', '--revision', '3'], '--history and --revision exclude each other'],
  [['get', 'a', '--count'], '--count: it needs a range'],
  [['get', 'a', '--limit', '3'], '--limit: it needs a range'],
  [['get', 'a', '--prefix', '--limit', '0'], '--limit 0 is not a whole number from 1'],
  [['get', 'a', '--prefix', '--order', 'up'], '--order up is not one of asc, desc'],
  [['get', 'a', '--revision', '-1'], '--revision -1 is not a whole number from 0'],
  [['put', 'a'], "missing required argument 'value'"],
  [['put', 'a', 'b', '--ttl', '30'], '--ttl 30 is not a duration'],
  [['put', 'a', 'b', '--ttl', '500ms'], '--ttl 500ms is less than a second'],
  [['put', 'a', 'b', '--ttl', '3s', '--lease', '1'], '--lease and --ttl exclude each other'],
  [['put', 'a', 'b', '--if-absent', '--if-revision', '1'], 'exclude each other'],
  [['del', 'a', '--prefix', '--prev'], '--if-revision and --prev are for one key'],
  [['txn'], 'the transaction is not JSON'],
  [['compact', 'x'], 'x is not a whole number from 0'],
  [['lease', 'grant', '0'], '0 is not a whole number from 1'],
  [['lock', 'a', '--ttl', '1500ms'], '--ttl 1500ms is not a number of whole seconds'],
  [['elect', 'a', 'b', '--observe'], '--observe only looks'],
  [['watch', 'a', '--filter', 'x'], '--filter x is not one of put, delete'],
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

import { beforeEach, describe, expect, test } from 'bun:test';
import { type Action, ActionRefused, ManagedNode } from '../../../src/cli/cluster/managed-node.ts';
import { ManualClock } from '../../transport/manual-clock.ts';
import { FakeProcesses, settle } from './fake-processes.ts';

let clock: ManualClock;
let processes: FakeProcesses;
let reports: string[];
let failures: number;
let node: ManagedNode;

beforeEach(() => {
  clock = new ManualClock();
  processes = new FakeProcesses();
  reports = [];
  failures = 0;
  node = new ManagedNode(
    { name: 'n1', url: 'http://127.0.0.1:1', flags: ['--name', 'n1'] },
    {
      spawn: processes.spawn,
      clock,
      command: ['abcd', '--shared'],
      onLine: () => undefined,
      report: (message) => reports.push(message),
      onFailed: () => {
        failures += 1;
      },
    },
  );
});

describe('as told', () => {
  test('start: the shared command and the flags of the node', () => {
    node.start();
    expect(processes.last.command).toEqual(['abcd', '--shared', '--name', 'n1']);
    expect(node.report()).toMatchObject({ name: 'n1', state: 'running', pid: 1000, restarts: 0 });
  });

  test('stop, then start again', async () => {
    node.start();
    await node.stop();
    expect(node.report()).toMatchObject({ state: 'stopped', pid: null });
    expect(node.report().exit).toEqual({ code: 0, signal: null });
    node.start();
    expect(node.report().pid).toBe(1001);
  });

  test('a node that does not stop is killed', async () => {
    node.start();
    processes.last.obedient = false;
    const stopped = node.stop();
    clock.advance(11_999);
    expect(processes.last.signals).not.toContain('SIGKILL');
    clock.advance(1);
    await stopped;
    expect(processes.last.signals.at(-1)).toBe('SIGKILL');
    expect(node.state).toBe('stopped');
  });

  test('kill gives no time', async () => {
    node.start();
    await node.kill();
    expect(processes.last.signals).toEqual(['SIGKILL']);
    expect(node.state).toBe('stopped');
  });

  test('pause and resume', () => {
    node.start();
    node.pause();
    expect(node.state).toBe('paused');
    node.resume();
    expect(node.state).toBe('running');
    expect(processes.last.signals).toEqual(['SIGSTOP', 'SIGCONT']);
  });

  test('a paused node is let go on, so that it can stop', async () => {
    node.start();
    node.pause();
    await node.stop();
    expect(processes.last.signals).toEqual(['SIGSTOP', 'SIGTERM', 'SIGCONT']);
  });

  test('stop leaves nothing behind that would fire later', async () => {
    node.start();
    await node.stop();
    expect(clock.pending).toBe(0);
    await node.stop();
    expect(node.state).toBe('stopped');
  });

  test.each<[Action[], Action]>([
    [[], 'kill'],
    [[], 'pause'],
    [[], 'resume'],
    [['start'], 'start'],
    [['start'], 'resume'],
    [['start', 'pause'], 'pause'],
    [['start', 'pause'], 'start'],
    [['start', 'stop'], 'kill'],
  ])('after %j it refuses to %s', async (before, refused) => {
    for (const action of before) await node.act(action);
    await expect(node.act(refused)).rejects.toThrow(ActionRefused);
  });
});

describe('of its own accord', () => {
  test('a crash is reported, and the node started again, later each time', async () => {
    node.start();
    for (const [round, seconds] of [1, 2, 4, 8, 16].entries()) {
      await processes.last.exit(70);
      expect(node.report()).toMatchObject({ state: 'waiting', restarts: round + 1, pid: null });
      expect(reports.at(-1)).toContain(`ended with code 70; it is started again in ${seconds} s`);
      clock.advance(seconds * 1000);
      expect(node.state).toBe('running');
    }
    await processes.last.exit(70);
    expect(node.state).toBe('failed');
    expect(failures).toBe(1);
    expect(processes.started).toHaveLength(6);
  });

  test('a minute without a crash is a new beginning', async () => {
    node.start();
    await processes.last.exit(3);
    clock.advance(1000);
    clock.advance(60_000);
    await processes.last.exit(3);
    expect(node.report().restarts).toBe(1);
  });

  test('being killed from outside is a crash', async () => {
    node.start();
    processes.last.kill('SIGKILL');
    await settle();
    expect(node.state).toBe('waiting');
    expect(reports).toEqual(['n1 ended by SIGKILL; it is started again in 1 s']);
  });

  test.each([1, 2])('exit code %d: it cannot run, and is left alone', async (code) => {
    node.start();
    await processes.last.exit(code);
    expect(node.state).toBe('failed');
    expect(failures).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test('exit code 0: somebody stopped it', async () => {
    node.start();
    await processes.last.exit(0);
    expect(node.state).toBe('stopped');
    expect(clock.pending).toBe(0);
  });

  test('stop while it waits for its next start: it stays down', async () => {
    node.start();
    await processes.last.exit(70);
    await node.stop();
    clock.advance(60_000);
    expect(processes.started).toHaveLength(1);
    expect(node.state).toBe('stopped');
  });

  test('start while it waits: at once, and only once', async () => {
    node.start();
    await processes.last.exit(70);
    node.start();
    clock.advance(60_000);
    expect(processes.started).toHaveLength(2);
  });
});

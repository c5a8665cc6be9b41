import { describe, expect, test } from 'bun:test';
import type { Cli } from '../../src/cli/cli.ts';
import { NodeStream } from '../client/node-stream.ts';
import { type Ran, runCli } from './fake-cli.ts';
import { FakeCommands } from './fake-command.ts';
import type { Behaviour } from './fake-network.ts';

const ENDPOINT = 'http://127.0.0.1:8080';
const HELD = { name: 'n', key: 'n/7', lease: '7', fencingToken: 20 };
const STOPPED = { code: null, signal: 'SIGTERM' } as const;

/** A cluster where the lock is free, or held by somebody else. */
class Scene {
  readonly commands = new FakeCommands();
  readonly stopping = new AbortController();
  readonly requests: string[] = [];
  readonly keyWatch = new NodeStream();
  isFree = true;
  /** Called when what is held begins to be watched. */
  onHeld: () => void = () => undefined;

  run(args: readonly string[], more: Partial<Cli> = {}): Promise<Ran> {
    return runCli(
      args,
      { [ENDPOINT]: this.#behaviour },
      {},
      {
        stopping: this.stopping.signal,
        runHere: this.commands.runHere,
        ...more,
      },
    );
  }

  readonly #behaviour: Behaviour = (path, { method, body }) => {
    const text = typeof body === 'string' ? ` ${body}` : '';
    if (!path.startsWith('/watch')) this.requests.push(`${method} ${path}${text}`);
    if (path.startsWith('/watch')) {
      this.onHeld();
      return this.keyWatch.response;
    }
    if (method === 'POST' && path === '/leases') return { body: { id: '7', ttl: 15 } };
    if (path.endsWith('/keepalive')) return { body: { id: '7', ttl: 15 } };
    if (method === 'DELETE') return { body: { deleted: 1, revision: 30 } };
    if (this.isFree) return { body: HELD };
    const problem = { status: 409, code: 'locked', detail: 'held by another', applied: 'no' };
    return { status: 409, body: problem };
  };
}

describe.each([
  ['lock', ['lock', 'n'], 'POST /locks/n {"lease":"7","wait":"0ms"}', 'ABCD_LOCK'],
  [
    'elect',
    ['elect', 'n', 'me'],
    'POST /elections/n/campaign {"value":"me","lease":"7","wait":"0ms"}',
    'ABCD_ELECTION',
  ],
])('%s', (_, args, request, prefix) => {
  const once = [...args, '--wait', '0s'];

  test('runs the command while it holds, and ends as the command does', async () => {
    const scene = new Scene();
    scene.commands.onStart = ({ end }) => {
      expect(scene.requests.at(-1)).toBe(request);
      end({ code: 9, signal: null });
    };
    const { exitCode, out } = await scene.run([...once, '--', 'do', '-x']);
    expect({ exitCode, out }).toEqual({ exitCode: 9, out: '' });
    const [started] = scene.commands.started;
    expect(started?.command).toEqual(['do', '-x']);
    expect(started?.input).toBeNull();
    expect(started?.environment).toEqual({
      [`${prefix}_NAME`]: 'n',
      [`${prefix}_TOKEN`]: '20',
      [`${prefix}_KEY`]: 'n/7',
      [`${prefix}_LEASE`]: '7',
    });
    expect(scene.requests.at(-1)).toBe('DELETE /leases/7');
  });

  test('is not had in time: the command does not run', async () => {
    const scene = new Scene();
    scene.isFree = false;
    const { exitCode, note } = await scene.run([...once, '--', 'do']);
    expect(exitCode).toBe(5);
    expect(note).toBe('error: locked: held by another\n');
    expect(scene.commands.started).toEqual([]);
  });

  test('is lost: the command is stopped, and killed if it does not heed that', async () => {
    const scene = new Scene();
    scene.commands.onStart = () => scene.keyWatch.deletion(25, 'n/7');
    scene.commands.onSignal = ({ end }, signal) => {
      if (signal === 'SIGKILL') end({ code: null, signal });
    };
    const { exitCode, note } = await scene.run([...once, '--', 'do']);
    expect(scene.commands.started[0]?.signals).toEqual(['SIGTERM', 'SIGKILL']);
    expect(exitCode).toBe(5);
    expect(note).toBe('error: lock-lost: The key was deleted; the command is stopped\n');
  });

  test('is interrupted: the command is told, and what is held is held to its end', async () => {
    const scene = new Scene();
    scene.commands.onStart = () => scene.stopping.abort();
    scene.commands.onSignal = ({ end }) => {
      expect(scene.requests.at(-1)).toBe(request);
      setImmediate(() => end(STOPPED));
    };
    const { exitCode } = await scene.run([...once, '--', 'do']);
    expect(scene.commands.started[0]?.signals).toEqual(['SIGTERM']);
    expect(exitCode).toBe(143);
    expect(scene.requests.at(-1)).toBe('DELETE /leases/7');
  });

  test('a command that cannot be started gives it up again', async () => {
    const scene = new Scene();
    const runHere = () => {
      throw new Error('ENOENT');
    };
    const { exitCode } = await scene.run([...once, '--', 'do'], { runHere });
    expect(exitCode).toBe(127);
    expect(scene.requests.at(-1)).toBe('DELETE /leases/7');
  });

  test('without a command: prints the token, holds until interrupted', async () => {
    const scene = new Scene();
    scene.onHeld = () => setImmediate(() => scene.stopping.abort());
    const { exitCode, out, note } = await scene.run(once);
    expect({ exitCode, out }).toEqual({ exitCode: 0, out: '20\n' });
    expect(note).toContain('with the fencing token above');
    expect(scene.requests.at(-1)).toBe('DELETE /leases/7');
    const json = new Scene();
    json.onHeld = () => setImmediate(() => json.stopping.abort());
    expect(JSON.parse((await json.run([...once, '--json'])).out)).toEqual(HELD);
  });

  test('without a command: ends when it is lost', async () => {
    const scene = new Scene();
    scene.onHeld = () => scene.keyWatch.deletion(25, 'n/7');
    const { exitCode, note } = await scene.run(once);
    expect(exitCode).toBe(5);
    expect(note).toContain('error: lock-lost');
  });
});

test('who holds a lock, and who waits', async () => {
  const holder = { key: 'n/7', lease: '7', fencingToken: 20, owner: 'me' };
  const queue = [{ key: 'n/8', lease: '8', fencingToken: 21 }];
  const hosts = { [ENDPOINT]: () => ({ body: { holder, queue, waiting: 1 } }) };
  const { out } = await runCli(['lock', 'n', '--show'], hosts);
  expect(out.split('\n')).toEqual([
    'held:',
    '  token 20  lease 7  owner me',
    'waiting: 1',
    '  token 21  lease 8  owner -',
    '',
  ]);
  const free = { [ENDPOINT]: () => ({ body: { holder: null, queue: [], waiting: 0 } }) };
  expect((await runCli(['lock', 'n', '--show'], free)).out).toBe('nobody holds it\nwaiting: 0\n');
});

test('who leads an election', async () => {
  const leader = { key: 'n/7', lease: '7', fencingToken: 20, value: 'me' };
  const led = { [ENDPOINT]: () => ({ body: { leader } }) };
  expect((await runCli(['elect', 'n'], led)).out).toBe('me  (token 20, lease 7)\n');
  const free = { [ENDPOINT]: () => ({ body: { leader: null } }) };
  expect(await runCli(['elect', 'n'], free)).toMatchObject({ exitCode: 4, out: 'nobody leads\n' });
});

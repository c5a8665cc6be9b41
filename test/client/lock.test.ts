import { describe, expect, test } from 'bun:test';
import { type Answer, FakeNodes, type Got, ok, problem } from './fake-nodes.ts';
import { NodeStream } from './node-stream.ts';

const A = 'http://a:1';
const B = 'http://b:1';
const HELD = { name: 'n', key: 'n/7', lease: '7', fencingToken: 20 };

/** Nodes with leases, and a lock that is given as told. Leases are numbered from 7. */
class LockScene {
  readonly nodes: FakeNodes;
  readonly watching = new NodeStream();
  readonly revoked: string[] = [];
  onLock: (got: Got) => Answer | Promise<Answer> = () => ok(HELD);
  keepalive: () => Answer = () => ok({ id: '7', ttl: 15 });
  #leases = 6;

  constructor() {
    const behaviour = (got: Got) => this.#answer(got);
    this.nodes = new FakeNodes({ [A]: behaviour, [B]: behaviour });
  }

  get lockRequests(): Got[] {
    return this.nodes.requests.filter(({ method, path }) => method === 'POST' && isQueue(path));
  }

  #answer(got: Got): Answer | Promise<Answer> {
    const { method, path } = got;
    if (isQueue(path)) return this.onLock(got);
    if (path.startsWith('/watch')) return this.watching.response;
    if (path.endsWith('/keepalive')) return this.keepalive();
    if (method === 'DELETE') {
      this.revoked.push(path.slice('/leases/'.length));
      return ok({ deleted: 1, revision: 30 });
    }
    if (path.endsWith('/proclaim')) return ok({});
    this.#leases += 1;
    return ok({ id: `${this.#leases}`, ttl: 15 }, 201);
  }
}

function isQueue(path: string): boolean {
  return path.startsWith('/locks/') || path.endsWith('/campaign');
}

const bodies = (requests: readonly Got[]) =>
  requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

describe('a lock', () => {
  test('is asked for with a lease of its own, and is held with a token', async () => {
    const scene = new LockScene();
    const lock = await scene.nodes.run(scene.nodes.client().lock('a/b', { ttl: 20, owner: 'me' }));
    expect(lock).toMatchObject({ fencingToken: 20 });
    expect(new TextDecoder().decode(lock.key)).toBe('n/7');
    const [grant, request] = scene.nodes.requests;
    expect(grant?.body).toBe('{"ttl":20}');
    expect(request?.path).toBe('/locks/a%2Fb');
    expect(bodies(scene.lockRequests)).toEqual([{ lease: '7', wait: '3600000ms', owner: 'me' }]);
    const [watch] = scene.nodes.requests.filter(({ path }) => path.startsWith('/watch'));
    expect(watch?.path).toBe('/watch?key=n%2F7&revision=21&progress=5s');
    await scene.nodes.run(lock.release());
    expect(scene.revoked).toEqual(['7']);
    expect(scene.watching.isCanceled).toBe(true);
    expect(scene.nodes.clock.pending).toBe(0);
  });

  test('that is not free in time is an error, and leaves nothing behind', async () => {
    const scene = new LockScene();
    scene.onLock = () => problem(409, 'locked', { holder: { lease: '3' } });
    const lock = scene.nodes.client().lock('n', { waitMs: 0 });
    const failure = await scene.nodes.run(lock.catch((error: unknown) => error));
    expect(failure).toMatchObject({ code: 'locked', fields: { holder: { lease: '3' } } });
    expect(bodies(scene.lockRequests)).toEqual([{ lease: '7', wait: '0ms' }]);
    await scene.nodes.pass(100);
    expect(scene.revoked).toEqual(['7']);
    expect(scene.nodes.clock.pending).toBe(0);
  });

  test('is waited for in the wait of the node, however long an answer may take', async () => {
    const scene = new LockScene();
    scene.onLock = async () => {
      await new Promise<void>((resolve) => {
        scene.nodes.clock.setTimer(100_000, resolve);
      });
      return ok(HELD);
    };
    const lock = await scene.nodes.run(scene.nodes.client().lock('n'), 100);
    expect(scene.lockRequests).toHaveLength(1);
    await lock.release();
  });

  test('nodes that wait for no longer than a minute are asked for a minute, again', async () => {
    const scene = new LockScene();
    let turn = 0;
    scene.onLock = ({ body }) => {
      turn += 1;
      const limit = { limit: 60_000, limitName: 'lock-wait' };
      if (!body.includes('"wait":"60000ms"')) return problem(400, 'bad-request', limit);
      return turn < 4 ? problem(409, 'locked') : ok(HELD);
    };
    const lock = await scene.nodes.run(scene.nodes.client().lock('n'));
    expect(bodies(scene.lockRequests).map(({ lease, wait }) => [lease, wait])).toEqual([
      ['7', '3600000ms'],
      ['7', '60000ms'],
      ['7', '60000ms'],
      ['7', '60000ms'],
    ]);
    await lock.release();
  });

  test('an attempt that broke off is made again with its lease, and so in its place', async () => {
    const scene = new LockScene();
    const answers: readonly Answer[] = [
      'reset',
      problem(504, 'timeout'),
      problem(409, 'lease-lost'),
      problem(404, 'lease-not-found'),
    ];
    let turn = 0;
    scene.onLock = () => {
      turn += 1;
      return answers[turn - 1] ?? ok(HELD);
    };
    const lock = await scene.nodes.run(scene.nodes.client().lock('n'));
    expect(bodies(scene.lockRequests).map(({ lease }) => lease)).toEqual(['7', '7', '7', '8', '9']);
    expect(scene.revoked).toEqual(['7', '8']);
    await lock.release();
  });

  test('an attempt that certainly came to nothing is made again at another node', async () => {
    const scene = new LockScene();
    let turn = 0;
    scene.onLock = () => {
      turn += 1;
      return turn === 1 ? problem(503, 'no-leader') : ok(HELD);
    };
    const lock = await scene.nodes.run(scene.nodes.client().lock('n'));
    expect(bodies(scene.lockRequests).map(({ lease }) => lease)).toEqual(['7', '7']);
    await lock.release();
  });

  test('the wait at a node that falls silent ends when a renewal shows it', async () => {
    const scene = new LockScene();
    scene.onLock = ({ node }) => (node === A ? 'silence' : ok(HELD));
    const waiting = scene.nodes.client().lock('n');
    await scene.nodes.pass(1000);
    scene.nodes.behaviours.set(A, () => 'silence');
    const lock = await scene.nodes.run(waiting);
    expect(scene.nodes.clock.now()).toBeLessThan(10_000);
    expect(scene.lockRequests.map(({ node }) => node)).toEqual([A, B]);
    await lock.release();
  });

  test('a signal ends the wait, and the place in the queue goes', async () => {
    const scene = new LockScene();
    scene.onLock = () => 'silence';
    const aborter = new AbortController();
    const lock = scene.nodes.client().lock('n', { signal: aborter.signal });
    await scene.nodes.pass(1000);
    aborter.abort();
    const failure = await scene.nodes.run(lock.catch((error: unknown) => error));
    expect(failure).toMatchObject({ code: 'aborted' });
    await scene.nodes.pass(100);
    expect(scene.revoked).toEqual(['7']);
    expect(scene.nodes.clock.pending).toBe(0);
  });
});

describe('a lock is lost', () => {
  test('when its lease is', async () => {
    const scene = new LockScene();
    const lock = await scene.nodes.run(scene.nodes.client().lock('n'));
    scene.keepalive = () => problem(404, 'lease-not-found');
    await scene.nodes.pass(6000);
    expect(lock.signal.reason).toMatchObject({ code: 'lease-ended' });
    expect(scene.watching.isCanceled).toBe(true);
  });

  test('when somebody deletes its key', async () => {
    const scene = new LockScene();
    const lock = await scene.nodes.run(scene.nodes.client().lock('n'));
    scene.watching.progress(25);
    await scene.nodes.pass(100);
    expect(lock.signal.aborted).toBe(false);
    scene.watching.deletion(26, 'n/7');
    await scene.nodes.pass(100);
    expect(lock.signal.reason).toMatchObject({ code: 'lock-lost' });
    await scene.nodes.run(lock.release());
    expect(scene.nodes.clock.pending).toBe(0);
  });

  test('while work is done under it: the work is told, and its result does not count', async () => {
    const scene = new LockScene();
    const told = Promise.withResolvers<string>();
    const work = scene.nodes.client().withLock('n', async (lock) => {
      lock.signal.addEventListener('abort', () => told.resolve('told'));
      scene.watching.deletion(26, 'n/7');
      return await told.promise;
    });
    const failure = await scene.nodes.run(work.catch((error: unknown) => error));
    expect(failure).toMatchObject({ code: 'lock-lost' });
    expect(scene.revoked).toEqual(['7']);
  });
});

test('work under a lock: its result, its error, and the lock is given up', async () => {
  const scene = new LockScene();
  const client = scene.nodes.client();
  const work = client.withLock('n', ({ fencingToken }) => Promise.resolve(fencingToken));
  expect(await scene.nodes.run(work)).toBe(20);
  const bad = client.withLock('n', () => Promise.reject(new Error('bad work')));
  expect(await scene.nodes.run(bad.catch((error: unknown) => error))).toEqual(
    new Error('bad work'),
  );
  expect(scene.revoked).toEqual(['7', '8']);
});

test('a leader campaigns, proclaims and resigns', async () => {
  const scene = new LockScene();
  const election = scene.nodes.client().election('e/f');
  const leadership = await scene.nodes.run(election.campaign('me', { waitMs: 5000 }));
  expect(leadership).toMatchObject({ fencingToken: 20 });
  const [request] = scene.lockRequests;
  expect(request?.path).toBe('/elections/e%2Ff/campaign');
  expect(JSON.parse(request?.body ?? '')).toEqual({ value: 'me', lease: '7', wait: '5000ms' });
  await scene.nodes.run(leadership.proclaim(new Uint8Array([255])));
  const proclaimed = scene.nodes.requests.at(-1);
  expect(proclaimed?.path).toBe('/elections/e%2Ff/proclaim');
  expect(proclaimed?.body).toBe('{"lease":"7","value":{"base64":"/w=="}}');
  await scene.nodes.run(leadership.resign());
  expect(scene.revoked).toEqual(['7']);
  expect(leadership.signal.aborted).toBe(true);
});

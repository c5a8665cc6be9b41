import { describe, expect, test } from 'bun:test';
import type { Lease } from '../../src/client/lease.ts';
import { type Answer, FakeNodes, type NodeBehaviour, ok, problem } from './fake-nodes.ts';

const A = 'http://a:1';
const B = 'http://b:1';

/** Nodes that grant leases of 9 s; `keepalive` says what becomes of renewals. */
function leaseNodes(keepalive: () => Answer = () => ok({ id: '7', ttl: 9 })): FakeNodes {
  const behaviour: NodeBehaviour = ({ method, path }) => {
    if (path.endsWith('/keepalive')) return keepalive();
    return method === 'DELETE' ? ok({ deleted: 0, revision: 9 }) : ok({ id: '7', ttl: 9 }, 201);
  };
  return new FakeNodes({ [A]: behaviour, [B]: behaviour });
}

const renewals = (nodes: FakeNodes) =>
  nodes.requests.filter(({ path }) => path === '/leases/7/keepalive');

async function granted(nodes: FakeNodes): Promise<Lease> {
  return await nodes.run(nodes.client().leases.grant(9));
}

describe('a lease that is held', () => {
  test('is granted and renewed three times in its life', async () => {
    const nodes = leaseNodes();
    const lease = await granted(nodes);
    expect(lease).toMatchObject({ id: '7', ttl: 9 });
    expect(nodes.requests[0]).toMatchObject({ method: 'POST', path: '/leases', body: '{"ttl":9}' });
    await nodes.pass(30_000);
    const times = renewals(nodes).map(({ at }) => Math.round(at / 100) / 10);
    expect(times).toEqual([3, 6, 9, 12, 15, 18, 21, 24, 27, 30]);
    expect(lease.signal.aborted).toBe(false);
    expect(lease.remainingMs).toBeGreaterThan(5900);
    lease.letGo();
  });

  test('renewals have no name: to renew twice is to renew', async () => {
    const nodes = leaseNodes();
    const lease = await granted(nodes);
    await nodes.pass(4000);
    expect(renewals(nodes)[0]?.headers.get('idempotency-key')).toBeNull();
    lease.letGo();
  });

  test('is renewed at another node when one does not answer', async () => {
    const nodes = leaseNodes();
    const lease = await granted(nodes);
    nodes.behaviours.set(A, () => 'silence');
    await nodes.pass(20_000);
    expect(lease.signal.aborted).toBe(false);
    lease.letGo();
  });

  test('is lost once nobody knows it any more', async () => {
    const nodes = leaseNodes(() => problem(404, 'lease-not-found'));
    const lease = await granted(nodes);
    await nodes.pass(3200);
    expect(lease.signal.reason).toMatchObject({ code: 'lease-ended' });
    expect(lease.remainingMs).toBe(0);
    await nodes.pass(20_000);
    expect(renewals(nodes)).toHaveLength(1);
  });

  test.each(['silence', 'refuse', 'reset'] as const)(
    'is lost when its time is over since the last renewal that succeeded was sent: %s',
    async (how) => {
      let lastSent = 0;
      const nodes: FakeNodes = leaseNodes(() => {
        if (nodes.clock.now() > 10_000) return how;
        lastSent = nodes.clock.now();
        return ok({ id: '7', ttl: 9 });
      });
      const lease = await granted(nodes);
      let lostAt = 0;
      lease.signal.addEventListener('abort', () => {
        lostAt = nodes.clock.now();
      });
      await nodes.pass(40_000);
      expect(lastSent).toBeGreaterThan(8900);
      expect(lostAt).toBe(lastSent + 9000);
      expect(lease.signal.reason).toMatchObject({ code: 'lease-ended' });
      expect(nodes.clock.pending).toBe(0);
    },
  );

  test('counts from when the renewal was sent, not from when it was answered', async () => {
    const nodes: FakeNodes = leaseNodes();
    const slow: NodeBehaviour = async ({ path }) => {
      if (!path.endsWith('/keepalive')) return ok({ id: '7', ttl: 9 }, 201);
      if (renewals(nodes).length > 1) return 'silence';
      await new Promise<void>((resolve) => {
        nodes.clock.setTimer(2000, resolve);
      });
      return ok({ id: '7', ttl: 9 });
    };
    nodes.behaviours.set(A, slow);
    nodes.behaviours.set(B, slow);
    const lease = await granted(nodes);
    await nodes.pass(11_900);
    expect(lease.signal.aborted).toBe(false);
    await nodes.pass(200);
    expect(lease.signal.aborted).toBe(true);
  });

  test('a grant that took longer than the lease lives is no lease to rely on', async () => {
    const nodes: FakeNodes = leaseNodes();
    nodes.behaviours.set(A, async () => {
      await new Promise<void>((resolve) => {
        nodes.clock.setTimer(10_000, resolve);
      });
      return ok({ id: '7', ttl: 9 });
    });
    const client = nodes.client({ endpoints: A, attemptTimeoutMs: 12_000 });
    const lease = await nodes.run(client.leases.grant(9));
    await nodes.pass(10);
    expect(lease.signal.aborted).toBe(true);
  });
});

describe('the end of a lease', () => {
  test('revoked by its holder', async () => {
    const nodes = leaseNodes();
    const lease = await granted(nodes);
    await nodes.run(lease.revoke());
    expect(nodes.requests.at(-1)).toMatchObject({ method: 'DELETE', path: '/leases/7' });
    expect(lease.signal.aborted).toBe(true);
    expect(nodes.clock.pending).toBe(0);
  });

  test('at the end of its block, whatever becomes of the nodes', async () => {
    const nodes = leaseNodes();
    const block = async () => {
      await using lease = await nodes.client({ timeoutMs: 1000 }).leases.grant(9);
      expect(lease.signal.aborted).toBe(false);
      nodes.behaviours.clear();
    };
    await nodes.run(block());
    expect(nodes.requests.at(-1)).toMatchObject({ method: 'DELETE', path: '/leases/7' });
  });

  test('that has ended already is no error to revoke', async () => {
    const nodes = leaseNodes();
    const lease = await granted(nodes);
    for (const url of [A, B]) nodes.behaviours.set(url, () => problem(404, 'lease-not-found'));
    await nodes.run(lease.revoke());
    expect(lease.signal.aborted).toBe(true);
  });

  test('let go of: it is not renewed, and not ended either', async () => {
    const nodes = leaseNodes();
    const lease = await granted(nodes);
    lease.letGo();
    await nodes.pass(20_000);
    expect(nodes.requests).toHaveLength(1);
    expect(lease.signal.reason).toMatchObject({ detail: 'The lease was let go' });
  });

  test('with its client', async () => {
    const nodes = leaseNodes();
    const client = nodes.client();
    const lease = await nodes.run(client.leases.grant(9));
    client.close();
    expect(lease.signal.aborted).toBe(true);
    expect(nodes.clock.pending).toBe(0);
  });
});

test('leases can be looked at, listed, renewed once and held by another', async () => {
  const nodes = new FakeNodes({
    [A]: ({ path }) => {
      if (!path.startsWith('/leases?') && path !== '/leases') return ok({ id: '7', ttl: 9 });
      const next = path.includes('cursor') ? null : 'x';
      return ok({ leases: [{ id: next === null ? '8' : '7', ttl: 9 }], next });
    },
  });
  const { leases } = nodes.client();
  const all: string[] = [];
  const read = async () => {
    for await (const { id } of leases.all()) all.push(id);
  };
  await nodes.run(read());
  expect(all).toEqual(['7', '8']);
  await nodes.run(leases.get('7', { limit: 5 }));
  await nodes.run(leases.keepAlive('7'));
  await nodes.run(leases.grantOnly(9, { id: '7' }));
  const held = await nodes.run(leases.hold('7'));
  expect(held).toMatchObject({ id: '7', ttl: 9 });
  held.letGo();
  await nodes.run(leases.revoke('7'));
  expect(nodes.requests.map(({ method, path, body }) => `${method} ${path}${body}`)).toEqual([
    'GET /leases',
    'GET /leases?cursor=x',
    'GET /leases/7?limit=5',
    'POST /leases/7/keepalive',
    'POST /leases{"ttl":9,"id":"7"}',
    'POST /leases/7/keepalive',
    'DELETE /leases/7',
  ]);
});

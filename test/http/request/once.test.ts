import { describe, expect, test } from 'bun:test';
import { ApiError, type ErrorCode } from '../../../src/wire/errors.ts';
import { FakeFaults, OTHER_MEMBER } from '../../support/fake-node.ts';
import { type SendOptions, type TestApp, testApp } from '../../support/http.ts';

type Ask = readonly [method: string, path: string, body?: object];

const MEMBER = `/cluster/members/${OTHER_MEMBER}`;
const FAULT = { peer: OTHER_MEMBER, direction: 'out', cut: false, dropRate: 0.1, delayMs: 5 };

/** Everything that takes a key and is not one command of the log. */
const ASKS: readonly Ask[] = [
  ['POST', '/cluster/members', { url: 'http://10.0.0.3:8080', name: 'n3' }],
  ['PUT', MEMBER, { url: 'http://10.0.0.9:1' }],
  ['DELETE', MEMBER],
  ['POST', `${MEMBER}/promote`],
  ['POST', '/cluster/leader', { to: OTHER_MEMBER }],
  ['POST', '/node/campaign'],
  ['POST', '/node/step-down'],
  ['PUT', '/faults', { faults: [{ ...FAULT, ttlSeconds: 30 }] }],
  ['DELETE', '/faults'],
];

const STEPS = new Set(['readBarrier', 'propose']);

function appWithFaults(): TestApp & { effects: () => string[] } {
  const app = testApp();
  app.node.faults = new FakeFaults();
  const names = (): string[] => app.node.calls.map(({ name }) => name);
  return { ...app, effects: () => names().filter((name) => !STEPS.has(name)) };
}

function optionsOf(body: object | undefined, key: string | null): SendOptions {
  const named: Record<string, string> = key === null ? {} : { 'idempotency-key': key };
  return body === undefined
    ? { headers: named }
    : { headers: { ...named, 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

async function told(answer: Response): Promise<unknown> {
  const names = ['content-type', 'abcd-revision', 'etag'];
  const headers = names.map((name) => answer.headers.get(name));
  return { status: answer.status, headers, body: await answer.json() };
}

describe('what is no command of the log', () => {
  test.each(ASKS)('%s %s: once, and the first answer again', async (method, path, body) => {
    const { send, node, effects } = appWithFaults();
    const first = await told(await send(method, path, optionsOf(body, 'k')));
    const carriedOut = effects();
    expect(first).toMatchObject({ status: path === '/cluster/members' ? 201 : 200 });
    // Whatever has changed meanwhile.
    node.apply({
      kind: 'put',
      key: 'x' as never,
      value: '' as never,
      condition: null,
      prev: false,
    });
    node.faults?.set([]);
    expect(await told(await send(method, path, optionsOf(body, 'k')))).toEqual(first as object);
    expect(effects()).toEqual(carriedOut);
    await send(method, path, optionsOf(body, 'other'));
    if (!path.includes('faults')) expect(effects()).toHaveLength(2 * carriedOut.length);
  });

  test.each(ASKS)('%s %s without a key asks nobody', async (method, path, body) => {
    const { send, node, effects } = appWithFaults();
    expect((await send(method, path, optionsOf(body, null))).ok).toBe(true);
    expect(node.calls).toHaveLength(effects().length);
  });

  test.each(ASKS)('%s %s with a malformed key: 400, no effect', async (method, path, body) => {
    const { send, node } = appWithFaults();
    const answer = await send(method, path, optionsOf(body, 'a b'));
    expect((await answer.json()).code).toBe('idempotency-key-invalid');
    expect(node.calls).toEqual([]);
  });

  test('a key is of one request: method, path and body', async () => {
    for (const [method, path, body] of ASKS) {
      const { send, effects } = appWithFaults();
      await send(method, path, optionsOf(body, 'k'));
      const carriedOut = effects();
      const others: Ask[] = [
        ...ASKS.filter((ask) => ask[0] !== method || ask[1] !== path),
        ['DELETE', '/cluster/members/5'],
        ['POST', '/cluster/leader', {}],
        ['PUT', MEMBER, { url: 'http://10.0.0.9:2' }],
        ['POST', '/cluster/members', { url: 'http://10.0.0.3:8080' }],
        ['PUT', '/faults', { faults: [] }],
        ['PUT', '/kv/a'],
        ['DELETE', '/kv/a'],
        ['POST', '/txn', {}],
      ];
      for (const [otherMethod, otherPath, otherBody] of others) {
        const answer = await send(otherMethod, otherPath, optionsOf(otherBody, 'k'));
        expect(`${answer.status} ${otherMethod} ${otherPath}`).toBe(
          `422 ${otherMethod} ${otherPath}`,
        );
        expect((await answer.json()).code).toBe('idempotency-key-reused');
      }
      expect(effects()).toEqual(carriedOut);
    }
  });

  test('the order of fields and an absent one that says nothing make no other body', async () => {
    const { send, effects } = appWithFaults();
    await send('POST', '/cluster/leader', optionsOf({ to: null }, 'k'));
    const again = await send('POST', '/cluster/leader', optionsOf({}, 'k'));
    expect([again.status, effects().length]).toEqual([200, 1]);
    const [one, other] = [
      { url: 'http://a:1', name: 'n3' },
      { name: 'n3', url: 'http://a:1/' },
    ];
    await send('POST', '/cluster/members', optionsOf(one, 'm'));
    expect((await send('POST', '/cluster/members', optionsOf(other, 'm'))).status).toBe(201);
    expect(effects()).toHaveLength(2);
  });

  test('a member that brings no id has one that follows from the key', async () => {
    const ids = await Promise.all(
      ['k', 'k', 'other'].map(async (key) => {
        const { send, node } = testApp();
        await send('POST', '/cluster/members', optionsOf({ url: 'http://10.0.0.3:1' }, key));
        return node.calls.find(({ name }) => name === 'addMember')?.argument as { id: string };
      }),
    );
    expect(ids[0]?.id).toMatch(/^[1-9][0-9]*$/);
    expect(ids[0]?.id).toBe(String(ids[1]?.id));
    expect(ids[0]?.id).not.toBe(String(ids[2]?.id));
  });
});

describe('errors', () => {
  test.each(['member-not-found', 'conflict', 'would-lose-quorum'] as const)(
    '%s is an answer: it is given again',
    async (code) => {
      const { send, node, effects } = appWithFaults();
      node.removeMember = () => {
        node.calls.push({ name: 'removeMember', argument: null });
        return Promise.reject(new ApiError(code, 'So it is', { reason: 'x' }));
      };
      const first = await told(await send('DELETE', MEMBER, optionsOf(undefined, 'k')));
      expect(first).toMatchObject({ body: { code, detail: 'So it is', reason: 'x' } });
      expect(await told(await send('DELETE', MEMBER, optionsOf(undefined, 'k')))).toEqual(
        first as object,
      );
      expect(effects()).toEqual(['removeMember']);
    },
  );

  test.each<ErrorCode>(['no-leader', 'timeout', 'too-many-requests', 'disk-full', 'internal'])(
    '%s passes: it is tried again',
    async (code) => {
      const { send, node } = appWithFaults();
      const removeMember = node.removeMember.bind(node);
      node.removeMember = () => Promise.reject(new ApiError(code, 'Not now'));
      const refused = await send('DELETE', MEMBER, optionsOf(undefined, 'k'));
      expect((await refused.json()).code).toBe(code);
      node.removeMember = removeMember;
      expect((await send('DELETE', MEMBER, optionsOf(undefined, 'k'))).status).toBe(200);
    },
  );

  test('one that nobody foresaw passes too', async () => {
    const { send, node } = appWithFaults();
    node.campaign = () => {
      throw new Error('oh');
    };
    expect((await send('POST', '/node/campaign', optionsOf(undefined, 'k'))).status).toBe(500);
    node.campaign = () => undefined;
    expect((await send('POST', '/node/campaign', optionsOf(undefined, 'k'))).status).toBe(200);
  });

  test('that cannot be looked up is not carried out', async () => {
    const { send, node, effects } = appWithFaults();
    node.failure = new ApiError('no-leader', 'None');
    const answer = await send('DELETE', MEMBER, optionsOf(undefined, 'k'));
    expect((await answer.json()).code).toBe('no-leader');
    expect(effects()).toEqual([]);
  });

  test('that was carried out and perhaps not remembered is unknown, not undone', async () => {
    for (const code of ['no-leader', 'timeout', 'disk-full'] as const) {
      const { send, node } = appWithFaults();
      const propose = node.propose.bind(node);
      node.propose = () => Promise.reject(new ApiError(code, 'Not now'));
      const answer = await send('DELETE', MEMBER, optionsOf(undefined, 'k'));
      expect(await answer.json()).toMatchObject({ code: 'timeout', applied: 'unknown' });
      node.propose = propose;
      expect((await send('DELETE', MEMBER, optionsOf(undefined, 'k'))).status).toBe(200);
    }
  });

  test('a leader that is missing for a moment does not keep it from being remembered', async () => {
    const { send, node, effects } = appWithFaults();
    const propose = node.propose.bind(node);
    let misses = 2;
    node.propose = (proposal, context) => {
      misses -= 1;
      return misses >= 0
        ? Promise.reject(new ApiError('no-leader', 'None'))
        : propose(proposal, context);
    };
    expect((await send('POST', '/node/step-down', optionsOf(undefined, 'k'))).status).toBe(200);
    expect((await send('POST', '/node/step-down', optionsOf(undefined, 'k'))).status).toBe(200);
    expect(effects()).toEqual(['stepDown']);
  });
});

describe('two at the same time', () => {
  test('through one node: the second waits, and gets the answer of the first', async () => {
    const { send, node, effects } = appWithFaults();
    const gate = Promise.withResolvers<void>();
    const removeMember = node.removeMember.bind(node);
    node.removeMember = async (id, context) => {
      await gate.promise;
      return removeMember(id, context);
    };
    const asked = [1, 2, 3].map(() => send('DELETE', MEMBER, optionsOf(undefined, 'k')));
    const other = await send('POST', '/node/step-down', optionsOf(undefined, 'other'));
    expect(other.status).toBe(200);
    gate.resolve();
    const answers = await Promise.all(asked.map(async (answer) => told(await answer)));
    expect(answers[1]).toEqual(answers[0] as object);
    expect(answers[2]).toEqual(answers[0] as object);
    expect(effects()).toEqual(['stepDown', 'removeMember']);
  });

  test('the second does not wait beyond its time', async () => {
    const { send, node } = appWithFaults();
    const gate = Promise.withResolvers<never>();
    node.removeMember = () => gate.promise;
    const first = send('DELETE', MEMBER, optionsOf(undefined, 'k'));
    const headers = { 'idempotency-key': 'k', 'abcd-timeout': '20ms' };
    const second = await send('DELETE', MEMBER, { headers });
    expect(await second.json()).toMatchObject({ code: 'timeout', applied: 'unknown' });
    gate.reject(new ApiError('conflict', 'At last'));
    expect((await first).status).toBe(409);
  });

  test('through two nodes: both get the answer that was remembered first', async () => {
    const { send, node } = appWithFaults();
    const removeMember = node.removeMember.bind(node);
    node.removeMember = async (id, context) => {
      // Another node carries it out meanwhile.
      node.removeMember = removeMember;
      const answer = await otherNode.send('DELETE', MEMBER, optionsOf(undefined, 'k'));
      expect(answer.status).toBe(200);
      throw new ApiError('member-not-found', `No member ${id} any more`, {
        deadline: context.deadline,
      });
    };
    const otherNode = appWithFaults();
    // The same replicated state.
    Object.assign(otherNode.node, { machine: node.machine, store: node.store });
    const answer = await send('DELETE', MEMBER, optionsOf(undefined, 'k'));
    expect(answer.status).toBe(200);
  });
});

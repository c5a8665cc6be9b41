import { describe, expect, test } from 'bun:test';
import { announceUrl, findCluster, joinCluster } from '../../src/cli/join.ts';
import { must } from '../../src/lib/assert.ts';
import { parseMemberId } from '../../src/lib/ids.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { type Behaviour, FakeNetwork } from './fake-network.ts';

const MEMBER = { id: must(parseMemberId('7'), 'id'), name: 'n4', url: 'http://n4:1' };
const never = new AbortController().signal;

function problem(status: number, code: string): Behaviour {
  return () => ({ status, body: { code, detail: `${code}!` } });
}

/** The answers in turn, the last one for ever. */
function inTurn(...answers: readonly Behaviour[]): Behaviour {
  let next = 0;
  return (path, init) => {
    const answer = answers[Math.min(next, answers.length - 1)];
    next += 1;
    return answer?.(path, init) ?? 'refused';
  };
}

describe('findCluster', () => {
  const members = [{ url: 'http://a:1' }, { url: 'http://b:1' }, { url: 'not a url' }, {}];
  const found: Behaviour = () => ({ body: { clusterId: '5', members } });

  test('learns the cluster and where its members are', async () => {
    const network = new FakeNetwork({ 'http://a:1': found });
    const cluster = await network.run(findCluster(network, 'http://a:1', 1000, silentLogger));
    expect(String(cluster?.clusterId)).toBe('5');
    expect(cluster?.urls).toEqual(['http://a:1', 'http://b:1']);
  });

  test('waits for a member that is still starting', async () => {
    const network = new FakeNetwork({
      'http://a:1': inTurn(
        () => 'refused',
        problem(503, 'not-ready'),
        () => 'silent',
        found,
      ),
    });
    const search = findCluster(network, 'http://a:1', 60_000, silentLogger);
    expect(await network.run(search)).not.toBeNull();
  });

  test.each([
    ['nobody there', () => 'refused' as const],
    ['no cluster id', () => ({ body: { clusterId: 5 } })],
    ['another program', () => ({ body: 'hello' })],
  ])('gives up: %s', async (_, behaviour: Behaviour) => {
    const network = new FakeNetwork({ 'http://a:1': behaviour });
    const search = findCluster(network, 'http://a:1', 3000, silentLogger);
    expect(await network.run(search)).toBeNull();
    expect(network.clock.now()).toBeLessThanOrEqual(3000);
  });
});

describe('joinCluster', () => {
  function join(hosts: Readonly<Record<string, Behaviour>>, signal = never) {
    const network = new FakeNetwork(hosts);
    const urls = Object.keys(hosts);
    const result = network.run(joinCluster(network, urls, MEMBER, silentLogger, signal));
    return { network, result };
  }

  test('tells id, name and URL', async () => {
    const { network, result } = join({ 'http://a:1': () => ({ status: 201, body: {} }) });
    expect(await result).toEqual({ type: 'done' });
    const [request] = network.requests;
    expect(request?.url).toBe('http://a:1/cluster/members');
    expect(request?.init.method).toBe('POST');
    expect(request?.init.body).toBe(JSON.stringify(MEMBER));
  });

  test('goes on to the next member, and asks again after what passes by itself', async () => {
    const { network, result } = join({
      'http://a:1': () => 'refused',
      'http://b:1': inTurn(
        problem(503, 'no-leader'),
        problem(409, 'membership-change-pending'),
        problem(429, 'too-many-requests'),
        problem(504, 'timeout'),
        () => ({ body: {} }),
      ),
    });
    expect(await result).toEqual({ type: 'done' });
    expect(network.requests.map(({ url }) => new URL(url).host)).toEqual(
      Array.from({ length: 5 }, () => ['a:1', 'b:1']).flat(),
    );
  });

  test.each([
    [409, 'conflict'],
    [400, 'bad-request'],
    [403, 'member-removed'],
  ])('gives up on %d %s', async (status, code) => {
    const { result } = join({ 'http://a:1': problem(status, code) });
    expect(await result).toEqual({ type: 'refused', why: `${code}: ${code}!` });
  });

  test('stops when the node stops', async () => {
    const stop = new AbortController();
    const { network, result } = join({ 'http://a:1': () => 'refused' }, stop.signal);
    network.clock.setTimer(1000, () => stop.abort());
    expect(await result).toEqual({ type: 'stopped' });
    expect(network.clock.now()).toBeLessThan(1200);
  });
});

test('announceUrl tells another member where this one is now', async () => {
  const network = new FakeNetwork({ 'http://a:1': () => ({ body: {} }) });
  const said = announceUrl(network, ['http://a:1'], MEMBER, silentLogger, never);
  expect(await network.run(said)).toEqual({ type: 'done' });
  const [request] = network.requests;
  expect(request?.url).toBe('http://a:1/cluster/members/7');
  expect(request?.init).toMatchObject({ method: 'PUT', body: '{"url":"http://n4:1"}' });
});

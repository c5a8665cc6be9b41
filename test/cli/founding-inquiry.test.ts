import { expect, test } from 'bun:test';
import { askFounders } from '../../src/cli/founding-inquiry.ts';
import { must } from '../../src/lib/assert.ts';
import { parseMemberId } from '../../src/lib/ids.ts';
import { type Behaviour, FakeNetwork } from './fake-network.ts';

const SELF = must(parseMemberId('7'), 'id');
const OTHERS = ['b', 'c'].map((name) => ({ name, url: `http://${name}` }));

function state(active: boolean, removed: readonly string[] = []): Behaviour {
  const members = [
    { id: '7', active },
    { id: '8', active: true },
  ];
  return () => ({ body: { configuration: { members, removed } } });
}

async function ask(hosts: Readonly<Record<string, Behaviour>>) {
  const network = new FakeNetwork(hosts);
  const verdict = await network.run(askFounders(network, SELF, OTHERS));
  return { verdict, tookMs: network.clock.now(), asked: network.requests.length };
}

const silent: Behaviour = () => 'silent';
const clear = { type: 'clear' } as const;

test('nobody listens: a first start', async () => {
  const { verdict, asked } = await ask({});
  expect(verdict).toEqual(clear);
  expect(asked).toBe(2);
});

test('a majority knows nothing against it: the silent rest is not waited for', async () => {
  const { verdict, tookMs } = await ask({ 'http://b': state(false), 'http://c': silent });
  expect(verdict).toEqual(clear);
  expect(tookMs).toBeLessThan(2000);
});

test('anyone who knows it as active decides, whatever the others say', async () => {
  const lost = { type: 'lost', toldBy: 'http://c' } as const;
  expect((await ask({ 'http://b': state(false), 'http://c': state(true) })).verdict).toEqual(lost);
  expect((await ask({ 'http://b': silent, 'http://c': state(true) })).verdict).toEqual(lost);
  expect((await ask({ 'http://c': state(true) })).verdict).toEqual(lost);
});

test('a removed id stays removed', async () => {
  const { verdict } = await ask({ 'http://b': state(true, ['7']) });
  expect(verdict).toEqual({ type: 'removed', toldBy: 'http://b' });
});

test('it asks again while a majority may still answer', async () => {
  let calls = 0;
  const late: Behaviour = () => {
    calls += 1;
    return calls < 3 ? { status: 503, body: { code: 'not-ready' } } : state(true)('', {});
  };
  const { verdict } = await ask({ 'http://b': late, 'http://c': silent });
  expect(verdict).toEqual({ type: 'lost', toldBy: 'http://b' });
});

test('members that all start at once do not wait for each other for ever', async () => {
  const { verdict, tookMs } = await ask({ 'http://b': silent, 'http://c': silent });
  expect(verdict).toEqual(clear);
  expect(tookMs).toBeGreaterThan(4000);
  expect(tookMs).toBeLessThan(8000);
});

import { describe, expect, test } from 'bun:test';
import { isId, parseClusterId, parseMemberId } from '../../src/lib/ids.ts';
import { must } from '../../src/lib/assert.ts';
import {
  foundingClusterId,
  foundingConfiguration,
  foundingMemberId,
  type Intent,
  joiningIdentity,
  planStart,
} from '../../src/node/bootstrap.ts';
import { votersOf } from '../../src/raft/configuration.ts';

const MEMBERS = ['n1', 'n2', 'n3'].map((name, i) => ({ name, url: `http://10.0.0.${i}:8080` }));
const INTENT: Intent = {
  name: 'n2',
  url: 'http://10.0.0.1:8080',
  join: null,
  cluster: null,
  clusterToken: 'token',
  remembered: { name: 'n2', port: '8080' },
};
const EMPTY = { identity: null, hasLog: false };

/** Not random, so that a test can say what comes out. */
function counting(): () => Uint8Array {
  let next = 1;
  return () => new Uint8Array(16).fill(next++);
}

const known = {
  clusterId: must(parseClusterId('11'), 'id'),
  memberId: must(parseMemberId('22'), 'id'),
  node: { name: 'old' },
};

describe('an empty directory', () => {
  test('with a list: founds together, and asks the others first', () => {
    const plan = planStart(EMPTY, { ...INTENT, cluster: MEMBERS }, counting());
    expect(plan).toEqual({
      type: 'found-together',
      identity: {
        clusterId: foundingClusterId('token', MEMBERS),
        memberId: foundingMemberId('token', { name: 'n2', url: 'http://10.0.0.1:8080' }),
        node: INTENT.remembered,
      },
      founding: foundingConfiguration('token', MEMBERS),
      others: MEMBERS.filter(({ name }) => name !== 'n2'),
    });
  });

  test('with a list of itself alone: founds another cluster each time', () => {
    const alone = MEMBERS.filter(({ name }) => name === INTENT.name);
    const random = counting();
    const start = () => planStart(EMPTY, { ...INTENT, cluster: alone }, random);
    const [first, second] = [start(), start()];
    if (first.type !== 'found-alone' || second.type !== 'found-alone') throw new Error(first.type);
    expect(first.founding.members[0]).toMatchObject({
      name: INTENT.name,
      peerUrls: [alone[0]?.url],
    });
    expect(second.identity.clusterId).not.toBe(first.identity.clusterId);
    expect(second.identity.memberId).not.toBe(first.identity.memberId);
  });

  test('with a URL to join: has no identity before a member told the cluster', () => {
    const plan = planStart(EMPTY, { ...INTENT, join: 'http://a:1' }, counting());
    expect(plan).toEqual({ type: 'join', identity: null, through: 'http://a:1' });
  });

  test('with neither: founds a cluster of one, in which it is active from the start', () => {
    const plan = planStart(EMPTY, INTENT, counting());
    if (plan.type !== 'found-alone') throw new Error(plan.type);
    expect(plan.identity.clusterId).not.toBe(String(plan.identity.memberId));
    const member = plan.founding.members[0];
    expect(plan.founding.members).toHaveLength(1);
    expect(member).toMatchObject({ id: plan.identity.memberId, active: true, learner: false });
    expect(member?.peerUrls).toEqual([INTENT.url]);
  });
});

describe('a directory with a log', () => {
  test.each([{}, { join: 'http://a:1' }, { cluster: MEMBERS }])('comes back with %j', (way) => {
    const plan = planStart({ identity: known, hasLog: true }, { ...INTENT, ...way }, counting());
    expect(plan).toEqual({ type: 'resume', identity: { ...known, node: INTENT.remembered } });
  });
});

describe('a directory with an identity and no log goes on as it began', () => {
  const found = { identity: known, hasLog: false };

  test('joining, under the same id', () => {
    const plan = planStart(found, { ...INTENT, join: 'http://a:1' }, counting());
    expect(plan).toMatchObject({ type: 'join', identity: { memberId: known.memberId } });
  });

  test('founding alone, under the same ids', () => {
    const plan = planStart(found, INTENT, counting());
    expect(plan).toMatchObject({
      type: 'found-alone',
      identity: { clusterId: known.clusterId, memberId: known.memberId },
      founding: { members: [{ id: known.memberId }] },
    });
  });

  test('founding together: it still asks the others', () => {
    const plan = planStart(found, { ...INTENT, cluster: MEMBERS }, counting());
    expect(plan).toMatchObject({ type: 'found-together', identity: { memberId: known.memberId } });
  });
});

describe('founding from a list', () => {
  test('every order of the list gives the same cluster', () => {
    const reversed = MEMBERS.toReversed();
    expect(foundingClusterId('t', reversed)).toBe(foundingClusterId('t', MEMBERS));
    expect(foundingConfiguration('t', reversed)).toEqual(foundingConfiguration('t', MEMBERS));
  });

  test('another token, name, URL or size gives another cluster', () => {
    const [first, ...rest] = MEMBERS;
    if (first === undefined) throw new Error('no members');
    const ids = [
      foundingClusterId('t', MEMBERS),
      foundingClusterId('u', MEMBERS),
      foundingClusterId('t', [{ ...first, name: 'x' }, ...rest]),
      foundingClusterId('t', [{ ...first, url: 'http://x' }, ...rest]),
      foundingClusterId('t', rest),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every(isId)).toBe(true);
  });

  test('all members are voters that nobody has heard of yet, with ids of their own', () => {
    const { members } = foundingConfiguration('t', MEMBERS);
    expect(new Set(votersOf(foundingConfiguration('t', MEMBERS))).size).toBe(3);
    expect(members.some((member) => member.active || member.learner)).toBe(false);
    expect(members.map((member) => member.name)).toEqual(['n1', 'n2', 'n3']);
  });

  test('the ids do not change from one version of the program to the next', () => {
    expect(foundingClusterId('token', MEMBERS)).toMatchInlineSnapshot(`"6505548604705292011"`);
    expect(
      foundingConfiguration('token', MEMBERS).members.map(({ id }) => id),
    ).toMatchInlineSnapshot(`
      [
        "7215148045544243648",
        "8022528678110958132",
        "910788051537699269",
      ]
    `);
  });
});

test('a joining node has an id of its own in the cluster it found', () => {
  const random = counting();
  const [a, b] = [0, 1].map(() => joiningIdentity(known.clusterId, INTENT, random));
  expect(a?.clusterId).toBe(known.clusterId);
  expect(a?.memberId).not.toBe(b?.memberId);
});

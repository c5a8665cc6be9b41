/** The two halves of a transfer, each against a partner that does what the test says. */
import { describe, expect, test } from 'bun:test';
import type { MemberId } from '../../../src/lib/ids.ts';
import { Prng } from '../../../src/lib/prng.ts';
import { Delays } from '../../../src/node/delays.ts';
import { SnapshotReceiver } from '../../../src/node/snapshots/snapshot-receiver.ts';
import { SnapshotSender } from '../../../src/node/snapshots/snapshot-sender.ts';
import { Raft } from '../../../src/raft/raft.ts';
import { DiskError } from '../../../src/storage/disk.ts';
import type { SnapshotFile, Storage } from '../../../src/storage/storage.ts';
import {
  type SnapshotChunk,
  type SnapshotChunkAnswer,
  type Transport,
  TransportError,
} from '../../../src/transport/transport.ts';
import { ManualClock, turn } from '../support/manual-clock.ts';
import { idOf, memberOf } from '../support/node-cluster.ts';
import { watch } from '../support/outcome.ts';

const TO = idOf(2);
const MIB = 2 ** 20;
const FILE: SnapshotFile = {
  index: 10,
  term: 2,
  configuration: { members: [memberOf(idOf(1))], removed: [], clusterVersion: 1 },
  bytes: 2.5 * MIB,
  hash: 'hash',
};

type Answers = (chunk: SnapshotChunk) => SnapshotChunkAnswer | 'lost' | 'silent';

function sender(answers: Answers) {
  const clock = new ManualClock();
  const delays = new Delays(clock);
  const world = { term: 3, newest: FILE as SnapshotFile | null, isGone: false };
  const offsets: number[] = [];
  const sent: [MemberId, boolean][] = [];
  const disbelieved: number[] = [];
  const storage = {
    newestSnapshot: () => world.newest,
    readSnapshotChunk: (_index: number, offset: number, length: number) =>
      Promise.resolve(world.isGone ? null : new Uint8Array(Math.min(length, FILE.bytes - offset))),
  } as unknown as Storage;
  const sendSnapshotChunk: Transport['sendSnapshotChunk'] = (_to, chunk) => {
    offsets.push(chunk.offset);
    const answer = answers(chunk);
    if (answer === 'silent') return new Promise(() => undefined);
    if (answer === 'lost') return Promise.reject(new TransportError('lost', true));
    return Promise.resolve(answer);
  };
  const one = new SnapshotSender({
    storage,
    delays,
    chunkBytes: MIB,
    transport: () => ({ sendSnapshotChunk }) as unknown as Transport,
    sent: (to, ok) => sent.push([to, ok]),
    disbelieved: ({ index }) => disbelieved.push(index),
    term: () => world.term,
  });
  const order = (term = 3, recovery = 0) => one.send({ to: TO, term, recovery });
  return { clock, delays, world, offsets, sent, disbelieved, one, order };
}

const takes: Answers = ({ term, offset, bytes }) => {
  const nextOffset = offset + bytes.length;
  return { term, nextOffset, done: nextOffset === FILE.bytes };
};

describe('the sender', () => {
  test('sends piece after piece and says so', async () => {
    const { order, offsets, sent } = sender(takes);
    order();
    await turn();
    expect([offsets, sent]).toEqual([[0, MIB, 2 * MIB], [[TO, true]]]);
  });

  test('goes on where the follower lacks bytes', async () => {
    const { order, offsets, sent } = sender((chunk) => {
      return chunk.offset === 0 ? { term: 3, nextOffset: 2 * MIB, done: false } : takes(chunk);
    });
    order();
    await turn();
    expect([offsets, sent]).toEqual([[0, 2 * MIB], [[TO, true]]]);
  });

  test('puts up with failures, but not with any number in a row', async () => {
    let failures = 4;
    const patient = sender((chunk) => {
      failures -= 1;
      return failures >= 0 ? 'lost' : takes(chunk);
    });
    patient.order();
    await patient.clock.advance(1000);
    expect(patient.sent).toEqual([[TO, true]]);
    const hopeless = sender(() => 'lost');
    hopeless.order();
    await hopeless.clock.advance(1000);
    expect([hopeless.offsets.length, hopeless.sent]).toEqual([5, [[TO, false]]]);
  });

  test('gives up when the file is gone, or a term is over', async () => {
    const gone = sender(takes);
    gone.world.isGone = true;
    const none = sender(takes);
    none.world.newest = null;
    const over = sender((chunk) => {
      over.world.term = 4;
      return takes(chunk);
    });
    const later = sender(() => ({ term: 4, nextOffset: MIB, done: false }));
    for (const { order, sent } of [gone, none, over, later]) {
      order();
      await turn();
      expect(sent).toEqual([[TO, false]]);
    }
  });

  test('lets a new order take the place of one that waits in vain', async () => {
    let isSilent = true;
    const { order, sent, world } = sender((chunk) => (isSilent ? 'silent' : takes(chunk)));
    order();
    await turn();
    isSilent = false;
    world.term = 5;
    order(5);
    await turn();
    expect(sent).toEqual([[TO, true]]);
  });

  test('says when a follower finds the whole file wrong again', async () => {
    const { order, sent, disbelieved } = sender((chunk) => {
      const answer = takes(chunk) as SnapshotChunkAnswer;
      return answer.done ? { ...answer, nextOffset: 0, done: false } : answer;
    });
    order();
    await turn();
    expect([disbelieved, sent]).toEqual([[10], [[TO, false]]]);
  });

  test('that is closed sends no more and says nothing', async () => {
    const { order, sent, one, clock, delays, offsets } = sender(() => 'lost');
    order();
    await turn();
    one.close();
    delays.close();
    await clock.advance(1000);
    expect([sent, offsets.length]).toEqual([[], 1]);
  });
});

function receiver() {
  const raft = new Raft(
    {
      id: TO,
      heartbeatTicks: 5,
      electionTicks: 20,
      appendBytes: 1000,
      window: 1,
      promoteTicks: 100,
      promoteLag: 1000,
    },
    new Prng(1),
    { state: { term: 3, vote: null }, snapshot: null, entries: [], recovering: false },
  );
  const world = { offset: 0, isWhole: true, error: null as Error | null };
  const failures: unknown[] = [];
  const waits: { index: number; resolve: () => void }[] = [];
  const storage = {
    beginReceive: () =>
      world.error === null ? Promise.resolve(world.offset) : Promise.reject(world.error),
    receiveChunk: (_offset: number, bytes: Uint8Array) => {
      world.offset += bytes.length;
      return Promise.resolve(world.offset);
    },
    finishReceive: () => {
      if (!world.isWhole) world.offset = 0;
      return Promise.resolve(world.isWhole ? FILE : null);
    },
  } as unknown as Storage;
  const one = new SnapshotReceiver({
    storage,
    raft,
    arrived: (message) => raft.step(message),
    whenApplied: (index) =>
      new Promise((resolve) => {
        waits.push({ index, resolve });
      }),
    failed: (error) => failures.push(error),
  });
  const take = (offset: number, term = 3) => {
    const bytes = new Uint8Array(Math.min(MIB, FILE.bytes - offset));
    return watch(one.receive(idOf(1), { term, recovery: 0, snapshot: FILE, offset, bytes }));
  };
  return { raft, world, waits, failures, take };
}

describe('the receiver', () => {
  test('takes piece after piece and is done when the state stands on the snapshot', async () => {
    const { take, waits, raft } = receiver();
    const pieces = [take(0), take(MIB), take(2 * MIB)];
    await turn();
    expect(pieces.map(({ value }) => value?.nextOffset)).toEqual([MIB, 2 * MIB, undefined]);
    expect([raft.state.commitIndex, waits.map(({ index }) => index)]).toEqual([10, [10]]);
    waits[0]?.resolve();
    await turn();
    expect(pieces[2]?.value).toEqual({ term: 3, nextOffset: FILE.bytes, done: true });
  });

  test('says what it wants when it gets something else', async () => {
    const { take } = receiver();
    const early = take(MIB);
    const first = take(0);
    const doubled = take(0);
    await turn();
    expect([early, first, doubled].map(({ value }) => value?.nextOffset)).toEqual([0, MIB, MIB]);
  });

  test('refuses a leader of an older term', async () => {
    const { take, world } = receiver();
    const old = take(0, 2);
    await turn();
    expect([old.value, world.offset]).toEqual([{ term: 3, nextOffset: 0, done: false }, 0]);
  });

  test('wants all of it again when it is not whole', async () => {
    const { take, world, raft } = receiver();
    world.isWhole = false;
    const pieces = [take(0), take(MIB), take(2 * MIB)];
    await turn();
    expect(pieces[2]?.value).toEqual({ term: 3, nextOffset: 0, done: false });
    expect(raft.state.commitIndex).toBe(0);
  });

  test('has what it is beyond already', async () => {
    const { take, waits } = receiver();
    for (const offset of [0, MIB, 2 * MIB]) take(offset);
    await turn();
    waits[0]?.resolve();
    await turn();
    const again = take(0);
    await turn();
    waits[1]?.resolve();
    await turn();
    expect(again.value?.done).toBe(true);
  });

  test('whose disk fails ends the node', async () => {
    const { take, world, failures } = receiver();
    world.error = new DiskError('EIO', 'write', 'snapshot-received.tmp');
    const piece = take(0);
    await turn();
    expect([piece.state, failures.length]).toEqual(['rejected', 1]);
  });
});

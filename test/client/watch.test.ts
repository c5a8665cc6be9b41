import { describe, expect, test } from 'bun:test';
import type { WatchItem, WatchOptions } from '../../src/client/watch.ts';
import { type Answer, FakeNodes, ok, problem } from './fake-nodes.ts';
import { NodeStream } from './node-stream.ts';

const A = 'http://a:1';
const B = 'http://b:1';

/** Answers to `/watch` in turn; then silence. Everything else finds the store at a revision. */
class Scene {
  readonly nodes: FakeNodes;
  readonly asked: string[] = [];
  /** Who was asked to watch. */
  readonly where: string[] = [];
  revision = 10;
  pairs: readonly (readonly string[])[] = [];
  pageAnswer: ((path: string) => Answer) | null = null;
  readonly #answers: (() => Answer)[];

  constructor(...answers: readonly (() => Answer)[]) {
    this.#answers = [...answers];
    const behaviour = ({
      path,
      node,
    }: {
      readonly path: string;
      readonly node: string;
    }): Answer => {
      if (!path.startsWith('/watch')) return this.#kv(path);
      this.asked.push(/revision=(\d+)/.exec(path)?.[1] ?? 'none');
      this.where.push(node);
      return this.#answers.shift()?.() ?? 'silence';
    };
    this.nodes = new FakeNodes({ [A]: behaviour, [B]: behaviour });
  }

  /** The first items of a watch, as short texts. */
  async items(count: number, options: WatchOptions = {}): Promise<string[]> {
    const watch = this.nodes.client().watch({ prefix: 'k' }, options);
    const found: string[] = [];
    const read = async () => {
      for await (const item of watch) {
        found.push(await textOf(item));
        if (found.length === count) return;
      }
    };
    await this.nodes.run(read(), 50);
    return found;
  }

  #kv(path: string): Answer {
    if (path.includes('countOnly')) {
      return ok({ revision: this.revision, count: 0, kvs: [], next: null });
    }
    if (this.pageAnswer !== null) return this.pageAnswer(path);
    const page = Number(/cursor=(\d+)/.exec(path)?.[1] ?? 0);
    const kvs = (this.pairs[page] ?? []).map((key) => ({ key, value: 'v' }));
    const next = page + 1 < this.pairs.length ? `${page + 1}` : null;
    return ok({ revision: this.revision, count: 0, kvs, next });
  }
}

async function textOf(item: WatchItem): Promise<string> {
  if (item.type === 'change') return `${item.revision}`;
  const keys: string[] = [];
  for await (const { key } of item.kvs) keys.push(key);
  return `resync@${item.revision}: ${keys.join(' ')}`;
}

const stream = (write: (stream: NodeStream) => NodeStream) => () =>
  write(new NodeStream()).response;

describe('a watch', () => {
  test('gives changes in order, whole, as they came', async () => {
    const scene = new Scene(stream((s) => s.send(': hello\n\n').change(11).change(12)));
    expect(await scene.items(2)).toEqual(['11', '12']);
    const request = scene.nodes.requests.find(({ path }) => path.startsWith('/watch'));
    expect(request?.path).toBe('/watch?prefix=k&revision=11&progress=5s');
    expect(request?.headers.get('accept')).toBe('text/event-stream');
  });

  test('begins after what was there at the call, or where it is told to', async () => {
    const now = new Scene(stream((s) => s.change(12)));
    await now.items(1);
    expect(now.asked).toEqual(['11']);
    const past = new Scene(stream((s) => s.change(5)));
    await past.items(1, { from: 4, prev: true, filter: 'put' });
    expect(past.nodes.requests.map(({ path }) => path)).toEqual([
      '/watch?prefix=k&revision=4&prev&filter=put&progress=5s',
    ]);
  });

  test('says from which revision on it sees, before anything is read', async () => {
    const scene = new Scene();
    const watch = scene.nodes.client().watch({ key: 'k' });
    expect(await scene.nodes.run(watch.opened)).toBe(11);
    watch.close();
  });

  const ends: readonly [string, (stream: NodeStream) => NodeStream][] = [
    ['breaks', (s) => s.break()],
    ['ends', (s) => s.end()],
    ['is canceled as slow', (s) => s.canceled('slow', { revision: 12 })],
    ['is canceled by a node that stops', (s) => s.canceled('shutdown', { revision: 12 })],
    ['is canceled for a reason of later versions', (s) => s.canceled('unheard-of')],
    ['breaks in the middle of an event', (s) => s.send('event: change\ndata: {"revis').break()],
    ['falls silent', (s) => s],
  ];
  test.each(ends)('that %s goes on after the last revision it gave', async (_, end) => {
    const first = stream((s) => end(s.change(11)));
    const scene = new Scene(
      first,
      stream((s) => s.change(12).change(13)),
    );
    expect(await scene.items(3)).toEqual(['11', '12', '13']);
    expect(scene.asked).toEqual(['11', '12']);
  });

  test('goes on at another node when one stops, at the same when only it was slow', async () => {
    const next = stream((s) => s.change(12));
    const stopped = new Scene(
      stream((s) => s.change(11).canceled('shutdown')),
      next,
    );
    await stopped.items(2);
    expect(stopped.where).toEqual([A, B]);
    const slow = new Scene(
      stream((s) => s.change(11).canceled('slow')),
      next,
    );
    await slow.items(2);
    expect(slow.where).toEqual([A, A]);
  });

  test('goes on from its progress, though nothing was seen', async () => {
    const scene = new Scene(
      stream((s) => s.progress(40).end()),
      stream((s) => s.change(41)),
    );
    expect(await scene.items(1)).toEqual(['41']);
    expect(scene.asked).toEqual(['11', '41']);
  });

  test('gives no revision twice, whatever a node sends', async () => {
    const scene = new Scene(
      stream((s) => s.change(11).change(11).change(12).progress(10).end()),
      stream((s) => s.change(11).change(12).change(13)),
    );
    expect(await scene.items(3)).toEqual(['11', '12', '13']);
  });

  test('waits longer and longer for nodes that cannot be reached, and goes on', async () => {
    const refused = () => 'refuse' as const;
    const none = () => problem(503, 'no-leader');
    const scene = new Scene(
      refused,
      none,
      refused,
      none,
      stream((s) => s.change(11)),
    );
    expect(await scene.items(1)).toEqual(['11']);
    expect(scene.asked).toEqual(Array<string>(5).fill('11'));
  });

  test('does not hammer a node whose streams end at once', async () => {
    const empty = Array.from({ length: 12 }, () => stream((s) => s.end()));
    const scene = new Scene(
      ...empty,
      stream((s) => s.change(11)),
    );
    await scene.items(1);
    expect(scene.nodes.clock.now()).toBeGreaterThan(10_000);
  });

  test('is not broken by comments, unknown events and odd pieces', async () => {
    const event = `event: change\r\ndata: {"revision":11,\r\ndata: "events":[{"key":"é"}]}\r\n\r\n`;
    const bytes = new TextEncoder().encode(`: x\n\nevent: new\ndata: {}\n\n${event}`);
    const pieces = () => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        },
      });
      return new Response(body, {
        headers: { 'content-type': 'text/event-stream; charset=utf-8' },
      });
    };
    const scene = new Scene(pieces);
    const watch = scene.nodes.client().watch({ prefix: 'k' })[Symbol.asyncIterator]();
    const { value } = await scene.nodes.run(watch.next());
    expect(value).toEqual({ type: 'change', revision: 11, events: [{ key: 'é' }] } as never);
    await watch.return();
  });

  test('comments alone do not keep up a connection to a node that hears nothing', async () => {
    const stale = new NodeStream().change(11);
    const scene = new Scene(
      () => stale.response,
      stream((s) => s.change(12)),
    );
    const beat = () => {
      if (stale.isCanceled) return;
      stale.send(': heartbeat\n\n');
      scene.nodes.clock.setTimer(1000, beat);
    };
    scene.nodes.clock.setTimer(1000, beat);
    expect(await scene.items(2)).toEqual(['11', '12']);
    expect(scene.where).toEqual([A, B]);
  });
});

describe('when changes are forgotten', () => {
  const gone = () => problem(410, 'compacted', { compactRevision: 20 });

  test.each([
    ['at the beginning', [gone]],
    ['in between', [stream((s) => s.change(11).canceled('compacted', { compactRevision: 20 }))]],
    ['on the way to another node', [stream((s) => s.change(11).break()), gone]],
  ])('%s: what there is now comes instead, then what follows', async (where, answers) => {
    const scene = new Scene(
      ...answers,
      stream((s) => s.change(26)),
    );
    scene.revision = 25;
    scene.pairs = [['a', 'b'], ['c']];
    const before = where === 'at the beginning' ? [] : ['11'];
    const count = before.length + 2;
    expect(await scene.items(count, { from: 11 })).toEqual([...before, 'resync@25: a b c', '26']);
    expect(scene.asked.at(-1)).toBe('26');
  });

  test('the watch fails instead, if it is told to', async () => {
    for (const answer of [gone, stream((s) => s.canceled('compacted'))]) {
      const scene = new Scene(answer);
      const items = scene.items(1, { from: 3, onCompacted: 'fail' });
      const failure = await items.catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'compacted', status: 410 });
    }
  });

  test('what there is now is of one key when one key is watched', async () => {
    for (const key of ['k', new Uint8Array([107])]) {
      const scene = new Scene(gone);
      const watch = scene.nodes.client().watch({ key }, { from: 3 })[Symbol.asyncIterator]();
      await scene.nodes.run(watch.next());
      await scene.nodes.run(watch.return());
      expect(scene.nodes.requests.at(-1)?.path).toBe('/kv?start=k&end=k%00');
    }
  });

  test('reading it that failed in the middle is made good for', async () => {
    const scene = new Scene(
      gone,
      stream((s) => s.change(31)),
    );
    scene.revision = 25;
    scene.pairs = [['a'], ['b']];
    scene.pageAnswer = (path) => {
      if (path.includes('cursor')) return problem(410, 'compacted');
      return ok({ revision: 25, count: 2, kvs: [{ key: 'a' }], next: '1' });
    };
    const found: string[] = [];
    const read = async () => {
      for await (const item of scene.nodes.client().watch({ prefix: '' }, { from: 3 })) {
        try {
          found.push(await textOf(item));
        } catch {
          found.push('failed');
          scene.pageAnswer = null;
          scene.revision = 30;
        }
        if (found.length === 3) return;
      }
    };
    await scene.nodes.run(read());
    expect(found).toEqual(['failed', 'resync@30: a b', '31']);
  });
});

describe('the end of a watch', () => {
  test('leaving the loop closes the connection, and nothing is left', async () => {
    const node = new NodeStream().change(11);
    const scene = new Scene(() => node.response);
    await scene.items(1);
    expect(node.isCanceled).toBe(true);
    expect(scene.nodes.clock.pending).toBe(0);
  });

  test.each(['close', 'signal', 'client'])('by %s ends the loop quietly', async (how) => {
    const node = new NodeStream().change(11);
    const scene = new Scene(() => node.response);
    const aborter = new AbortController();
    const client = scene.nodes.client();
    const watch = client.watch({ prefix: 'k' }, { signal: aborter.signal });
    const found: string[] = [];
    const read = async () => {
      for await (const item of watch) found.push(await textOf(item));
    };
    const reading = read();
    await scene.nodes.pass(500);
    if (how === 'close') watch.close();
    if (how === 'signal') aborter.abort();
    if (how === 'client') client.close();
    await scene.nodes.run(reading);
    expect(found).toEqual(['11']);
    expect(node.isCanceled).toBe(true);
    expect(scene.nodes.clock.pending).toBe(0);
  });

  test('an error of the request ends the loop with it', async () => {
    const scene = new Scene(() => problem(400, 'bad-request'));
    const failure = await scene.items(1, { from: 1 }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'bad-request' });
  });

  test('a cluster that is not there at the beginning is an error', async () => {
    const nodes = new FakeNodes({});
    const watch = nodes.client({ endpoints: A }).watch({ prefix: '' });
    const failure = await nodes.run(watch.opened.catch((error: unknown) => error));
    expect(failure).toMatchObject({ code: 'unreachable' });
  });

  test('patience can be limited', async () => {
    const refused = Array.from({ length: 1000 }, () => () => 'refuse' as const);
    const scene = new Scene(
      stream((s) => s.change(11).break()),
      ...refused,
    );
    const failure = await scene.items(2, { patienceMs: 3000 }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'unreachable' });
  });
});

test('no more is read than is asked for', async () => {
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        pulled += 1;
        const data = JSON.stringify({ revision: 10 + pulled, events: [] });
        controller.enqueue(new TextEncoder().encode(`event: change\ndata: ${data}\n\n`));
      },
    },
    { highWaterMark: 0 },
  );
  const headers = { 'content-type': 'text/event-stream' };
  const scene = new Scene(() => new Response(body, { headers }));
  const watch = scene.nodes.client().watch({ prefix: '' })[Symbol.asyncIterator]();
  for (const revision of [11, 12, 13]) {
    const { value } = await scene.nodes.run(watch.next());
    expect(value).toMatchObject({ revision });
    await scene.nodes.pass(100);
  }
  expect(pulled).toBe(3);
  await watch.return();
});

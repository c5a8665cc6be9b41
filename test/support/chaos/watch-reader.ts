/**
 * A READER of all changes through one node, as an EventSource reads: when its connection ends or
 * goes silent, it connects again, there or at another node, from the last event it has seen.
 */
import type { Prng } from '../../../src/lib/prng.ts';
import { type Change, type Event, FIRST_REVISION } from '../linearizability/changes.ts';

/** A stream says something every second; a silence this long is a connection that is dead. */
const SILENCE_MS = 3000;
const RETRY_MS = 100;

export interface WatchReaderOptions {
  /** The nodes; the first is tried first. */
  readonly urls: () => readonly string[];
  readonly prng: Prng;
}

export class WatchReader {
  readonly changes: Change[] = [];
  /** What no stream may say, whatever the changes were. */
  readonly problems: string[] = [];
  /** Connections after the first. */
  resumed = 0;
  readonly #urls: () => readonly string[];
  readonly #prng: Prng;
  readonly #running: Promise<void>;
  readonly #stop = new AbortController();
  /** Everything up to here was told. */
  #lastId = FIRST_REVISION - 1;

  constructor({ urls, prng }: WatchReaderOptions) {
    this.#urls = urls;
    this.#prng = prng;
    this.#running = this.#run();
  }

  get revision(): number {
    return this.#lastId;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    let [url] = this.#urls();
    for (let connections = 0; !this.#stop.signal.aborted; connections += 1) {
      if (connections > 0) {
        await Bun.sleep(RETRY_MS);
        const urls = this.#urls();
        if (this.#prng.chance(0.3) || !urls.includes(url ?? '')) url = this.#prng.pick(urls);
      }
      await this.#read(url ?? '').catch(() => undefined);
    }
  }

  async #read(url: string): Promise<void> {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const response = await fetch(`${url}/watch?prefix=&revision=2&progress=1s`, {
        headers: { accept: 'text/event-stream', 'last-event-id': String(this.#lastId) },
        signal: AbortSignal.any([this.#stop.signal, silence.signal]),
        keepalive: false,
      });
      if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
      if (this.changes.length > 0) this.resumed += 1;
      const decoder = new TextDecoder();
      let text = '';
      for await (const chunk of response.body) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        const blocks = (text + decoder.decode(chunk, { stream: true })).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.#take(block);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #take(block: string): void {
    const fields = new Map(block.split('\n').map(fieldOf));
    const type = fields.get('event');
    if (type === undefined || type === 'canceled') return;
    const data = JSON.parse(fields.get('data') ?? '{}') as { revision: number; events: object[] };
    const { revision } = data;
    if (fields.get('id') !== String(revision)) {
      this.problems.push(`an event of ${revision} has the id ${fields.get('id')}`);
    }
    // A progress may repeat what was told; a change must be new.
    const isOld = type === 'change' ? revision <= this.#lastId : revision < this.#lastId;
    if (isOld) this.problems.push(`${type} of ${revision} comes after all up to ${this.#lastId}`);
    if (type === 'change') {
      const events = data.events.map((event) => eventOf(event as Record<string, unknown>));
      this.changes.push({ revision, events });
    }
    this.#lastId = revision;
  }
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
}

function eventOf(json: Record<string, unknown>): Event {
  const number = (name: string): number => Number(json[name] ?? 0);
  return {
    type: json['type'] === 'delete' ? 'delete' : 'put',
    key: String(json['key']),
    value: typeof json['value'] === 'string' ? json['value'] : '',
    createRevision: number('createRevision'),
    modRevision: number('modRevision'),
    version: number('version'),
  };
}

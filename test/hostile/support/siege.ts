import { expect } from 'bun:test';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterOptions, ProcessCluster } from '../../support/process-cluster.ts';
import type { NodeProcess } from '../../support/node-process.ts';
import { must } from '../../../src/lib/assert.ts';
import type { ClusterAnswer } from '../../../src/wire/cluster.ts';
import { Bystander, type Report } from './bystander.ts';

/** No node may keep a bystander waiting for longer, but for the time it was given no core, ms. */
const STALL_MS = 100;
const MEMORY = '/dev/shm';
/** Where cores are few, nodes wait for one now and then: that is no reason for an election. */
const PATIENT = ['--heartbeat', '300ms', '--election', '3s'];

/** All that may not change. */
interface World {
  readonly revision: number;
  readonly leases: unknown;
  readonly cluster: unknown;
}

/** What an attack may do all the same. */
export interface Licence {
  /** So many changes of keys, none of which is the bystander's. */
  readonly revisions?: number;
}

/**
 * Real nodes under attack. After each the same nodes must run, with the same state but for what the
 * bystander wrote, and the bystander must have been served all the time.
 */
export class Siege implements AsyncDisposable {
  readonly cluster: ProcessCluster;
  /** The node that is attacked. */
  readonly node: NodeProcess;
  readonly #bystander: Bystander;
  readonly #times: number[] = [];
  #ownMs = 0;
  #attacks = 0;

  readonly #folder: string;

  private constructor(
    cluster: ProcessCluster,
    node: NodeProcess,
    bystander: Bystander,
    folder: string,
  ) {
    this.#folder = folder;
    this.cluster = cluster;
    this.node = node;
    this.#bystander = bystander;
  }

  /**
   * Begins with nodes that keep their data in memory: how long the disk takes is not what is asked.
   * Of several, a follower is attacked.
   */
  static async begin(options: ClusterOptions = {}): Promise<Siege> {
    const args = [
      '--reserve-bytes',
      '0',
      '--log-console',
      'json',
      ...PATIENT,
      ...(options.args ?? []),
    ];
    const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'abcd-siege-'));
    const dataDir = (i: number): string => join(folder, `n${i + 1}`);
    const cluster = await ProcessCluster.start({ dataDir, ...options, args });
    const followers = await cluster.followers();
    const node = followers[0] ?? must(cluster.nodes[0], 'a node');
    return new Siege(cluster, node, await Bystander.of(node, cluster.nodes), folder);
  }

  async withstand(attack: () => Promise<void>, { revisions = 0 }: Licence = {}): Promise<void> {
    const before = await this.#look();
    const hash = await this.#hashAt(before.revision);
    const report = await this.#bystander.during(attack);
    this.#judge(report);
    const expected = { ...before, revision: before.revision + report.writes + revisions };
    expect(await this.#look()).toEqual(expected);
    expect(await this.#hashAt(before.revision)).toBe(hash);
  }

  /**
   * As `withstand`, where requests may do what they say, and delete the bystander's key too: the
   * node lives, and serves meanwhile.
   */
  async endure(attack: () => Promise<void>): Promise<void> {
    const { failures, ...report } = await this.#bystander.during(attack);
    const isServed = (answer: string): boolean => answer.startsWith('HTTP/1.1 404 ');
    this.#judge({ ...report, failures: failures.filter((answer) => !isServed(answer)) });
  }

  /** What was measured so far, in a line. */
  summary(): string {
    const times = this.#times.toSorted((a, b) => a - b);
    const at = (share: number): string => {
      return (times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0).toFixed(1);
    };
    const figures = `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`;
    const own = `at most ${this.#ownMs.toFixed(1)} ms of it the nodes' own`;
    return `${this.#attacks} attacks; a bystander's ${times.length} requests: ${figures}, ${own}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bystander[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #judge(report: Report): void {
    this.#attacks += 1;
    const ended = this.cluster.nodes.filter((node) => !node.isRunning);
    expect(ended.map((node) => node.output)).toEqual([]);
    expect(report.failures).toEqual([]);
    this.#times.push(...report.times);
    this.#ownMs = Math.max(this.#ownMs, report.ownMs);
    expect(report.ownMs).toBeLessThan(STALL_MS);
  }

  async #look(): Promise<World> {
    const get = (path: string): Promise<Response> => {
      return fetch(`${this.node.url}${path}`, { signal: AbortSignal.timeout(5000) });
    };
    const answer = await get('/leases');
    const { members, ...cluster } = (await (await get('/cluster')).json()) as ClusterAnswer;
    return {
      revision: Number(answer.headers.get('abcd-revision')),
      leases: await answer.json(),
      // Whether a member was heard from lately is not of the state.
      cluster: { ...cluster, members: members.map((member) => ({ ...member, reachable: true })) },
    };
  }

  /** The same on every node. */
  async #hashAt(revision: number): Promise<string> {
    const hashes = await Promise.all(
      this.cluster.nodes.map(async ({ url }) => {
        const signal = AbortSignal.timeout(5000);
        const answer = await fetch(`${url}/hash?revision=${revision}`, { signal });
        return ((await answer.json()) as { hash: string }).hash;
      }),
    );
    expect(new Set(hashes).size).toBe(1);
    return must(hashes[0], 'a hash');
  }
}

/**
 * THE CONTAINERS, TRIED FOR REAL
 *
 * One story in steps, each counted as a test. Every write that a node acknowledges is remembered,
 * and at the end every node must have all of them.
 */
import type { Cluster, Node } from './cluster.ts';
import { request } from './cluster.ts';
import { say, until } from './shell.ts';

interface Step {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export class Scenario {
  readonly #cluster: Cluster;
  readonly #acknowledged = new Map<string, string>();
  #cutOff: Node | null = null;
  #killed: Node | null = null;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Runs the steps in order; the first failure fails those that would have built on it. */
  async run(): Promise<{ readonly passed: number; readonly failed: number }> {
    const steps = this.#steps();
    for (const [passed, step] of steps.entries()) {
      const start = performance.now();
      try {
        await step.run();
        say(`(pass) ${step.name} [${Math.round(performance.now() - start)} ms]`);
      } catch (error) {
        say(`(fail) ${step.name}\n${String(error)}\n${await this.#cluster.logs()}`);
        return { passed, failed: steps.length - passed };
      }
    }
    return { passed: steps.length, failed: 0 };
  }

  #steps(): Step[] {
    return [
      { name: 'the image is built', run: () => this.#build() },
      { name: 'the image is small and its user is not root', run: () => this.#inspect() },
      { name: 'three nodes become healthy and elect a leader', run: () => this.#start() },
      { name: 'every node takes writes', run: () => this.#write('first', this.#nodes) },
      { name: 'writes go on when the leader is killed', run: () => this.#killLeader() },
      { name: 'the killed node comes back', run: () => this.#restartKilled() },
      { name: 'a leader cut off acknowledges nothing, the others go on', run: () => this.#cut() },
      { name: 'the healed node follows', run: () => this.#heal() },
      { name: 'every write is on every node', run: () => this.#everyWriteEverywhere() },
      { name: 'SIGTERM ends every node with 0', run: () => this.#stop() },
      { name: 'the volumes bring everything back', run: () => this.#comeBack() },
    ];
  }

  get #nodes(): readonly Node[] {
    return this.#cluster.nodes;
  }

  async #build(): Promise<void> {
    await this.#cluster.compose('build', 'n1');
  }

  async #inspect(): Promise<void> {
    const script = `
      const { existsSync } = require('node:fs');
      const development = ['typescript', 'oxlint', 'fast-check'].filter((name) =>
        existsSync('/app/node_modules/' + name));
      process.stdout.write(JSON.stringify({ user: process.getuid(), development,
        tests: existsSync('/app/test') }));`;
    const entry = ['--rm', '--network', 'none', '--entrypoint', 'bun', this.#cluster.image];
    const found = await this.#cluster.docker('run', ...entry, '-e', script);
    expectEqual('the image', found, '{"user":1000,"development":[],"tests":false}');
  }

  async #start(): Promise<void> {
    await this.#cluster.up();
    await this.#cluster.healthy();
    await this.#cluster.leader(this.#nodes);
  }

  /** Ten writes through each of the nodes. */
  async #write(round: string, nodes: readonly Node[]): Promise<void> {
    for (const node of nodes) {
      for (let count = 0; count < 10; count += 1) {
        await this.#put(node, `${round}/${node.name}/${count}`, `${round} ${count}`);
      }
    }
  }

  /** One write, asked for until it is acknowledged; its idempotency key makes that one effect. */
  async #put(node: Node, key: string, value: string): Promise<void> {
    const headers = { 'Idempotency-Key': key.replaceAll('/', '-') };
    await until(`${node.name} acknowledges ${key}`, 30_000, async () => {
      const response = await request(node, `/kv/${key}`, { method: 'PUT', body: value, headers });
      if (response.ok) return true;
      throw new Error(`${response.status} ${await response.text()}`);
    });
    this.#acknowledged.set(key, value);
  }

  async #killLeader(): Promise<void> {
    const leader = await this.#cluster.leader(this.#nodes);
    await this.#cluster.docker('kill', '--signal', 'KILL', this.#cluster.container(leader));
    this.#killed = leader;
    const others = this.#without(leader);
    await this.#cluster.leader(others, leader);
    await this.#write('killed', others);
  }

  async #restartKilled(): Promise<void> {
    const killed = known(this.#killed);
    await this.#cluster.docker('start', this.#cluster.container(killed));
    await this.#cluster.healthy([killed]);
    await this.#write('restarted', [killed]);
  }

  async #cut(): Promise<void> {
    const leader = await this.#cluster.leader(this.#nodes);
    await this.#cluster.cut(leader);
    this.#cutOff = leader;
    const script = `
      const url = 'http://127.0.0.1:8080/kv/cut-off';
      const headers = { 'Abcd-Timeout': '2s' };
      const put = await fetch(url, { method: 'PUT', body: 'lost', headers });
      const get = await fetch(url, { headers });
      process.stdout.write(put.status + ' ' + get.status);`;
    const answers = await this.#cluster.inside(leader, script);
    if (!/^50[34] 50[34]$/.test(answers)) throw new Error(`PUT and GET when cut off: ${answers}`);
    const others = this.#without(leader);
    await this.#cluster.leader(others, leader);
    await this.#write('cut', others);
  }

  async #heal(): Promise<void> {
    const node = known(this.#cutOff);
    await this.#cluster.heal(node);
    await this.#cluster.healthy([node]);
    await this.#write('healed', [node]);
    const lost = await request(node, '/kv/cut-off');
    expectEqual('the write that nobody acknowledged', lost.status, 404);
  }

  /** Reads each node's own state, not the leader's, so that a node that lags is seen. */
  async #everyWriteEverywhere(): Promise<void> {
    for (const node of this.#nodes) {
      await until(`${node.name} has every write`, 20_000, async () => {
        for (const [key, value] of this.#acknowledged) {
          const response = await request(node, `/kv/${key}?consistency=serializable`);
          const { value: found } = await response.json();
          expectEqual(`${key} on ${node.name}`, found, value);
        }
        return true;
      });
    }
    await until('the stores are equal', 20_000, async () => {
      const hashes = await Promise.all(
        this.#nodes.map(async (node) => {
          const response = await request(node, '/hash');
          if (!response.ok) throw new Error(`/hash of ${node.name}: ${response.status}`);
          return await response.text();
        }),
      );
      return new Set(hashes).size === 1 ? true : null;
    });
  }

  async #stop(): Promise<void> {
    await this.#cluster.compose('stop', '--timeout', '12');
    for (const node of this.#nodes) {
      const format = ['--format', '{{.State.ExitCode}}'];
      const code = await this.#cluster.docker('inspect', ...format, this.#cluster.container(node));
      expectEqual(`the exit code of ${node.name}`, code, '0');
    }
  }

  async #comeBack(): Promise<void> {
    await this.#cluster.compose('rm', '--force');
    await this.#start();
    await this.#everyWriteEverywhere();
    await this.#write('last', this.#nodes);
  }

  #without(node: Node): Node[] {
    return this.#nodes.filter((other) => other !== node);
  }
}

function known(node: Node | null): Node {
  if (node === null) throw new Error('the step before chose no node');
  return node;
}

function expectEqual(what: string, found: unknown, expected: unknown): void {
  if (found === expected) return;
  throw new Error(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
}

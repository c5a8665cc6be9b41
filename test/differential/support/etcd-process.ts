import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../support/node-process.ts';
import { until } from '../../support/poll.ts';

/** A real etcd of one member, with its data in memory where there is such a disk. */
export class EtcdProcess implements AsyncDisposable {
  readonly url: string;
  readonly #child: Bun.Subprocess;
  readonly #folder: string;

  private constructor(url: string, child: Bun.Subprocess, folder: string) {
    this.url = url;
    this.#child = child;
    this.#folder = folder;
  }

  static async start(): Promise<EtcdProcess> {
    const [clientPort = 0, peerPort = 0] = await freePorts(2);
    const client = `http://127.0.0.1:${clientPort}`;
    const peer = `http://127.0.0.1:${peerPort}`;
    const folder = mkdtempSync(join(memoryDisk(), 'abcd-etcd-'));
    const flags = {
      name: 'one',
      'data-dir': join(folder, 'data'),
      'listen-client-urls': client,
      'advertise-client-urls': client,
      'listen-peer-urls': peer,
      'initial-advertise-peer-urls': peer,
      'initial-cluster': `one=${peer}`,
      'log-level': 'error',
      logger: 'zap',
    };
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    const child = Bun.spawn(['etcd', ...args], {
      stdio: ['ignore', 'ignore', Bun.file(join(folder, 'log'))],
    });
    const process = new EtcdProcess(client, child, folder);
    try {
      await until('etcd has a leader', () => process.#isUp(), 30_000);
    } catch (error) {
      const log = await Bun.file(join(folder, 'log')).text();
      await process[Symbol.asyncDispose]();
      throw new Error(`etcd did not start:\n${log}`, { cause: error });
    }
    return process;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#child.exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #isUp(): Promise<boolean> {
    if (this.#child.exitCode !== null) throw new Error('it ended');
    const body = JSON.stringify({ key: 'AA==' });
    const request = { method: 'POST', body, signal: AbortSignal.timeout(1000) };
    const response = await fetch(`${this.url}/v3/kv/range`, request).catch(() => null);
    return response?.ok === true;
  }
}

function memoryDisk(): string {
  try {
    const probe = mkdtempSync('/dev/shm/abcd-etcd-');
    rmSync(probe, { recursive: true });
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

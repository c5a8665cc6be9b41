import { join } from 'node:path';
import { createServer } from 'node:net';
import { until } from './poll.ts';

const ROOT = join(import.meta.dir, '../..');
const ENTRY = join(ROOT, 'src/index.ts');

/** What `/status` says, as far as tests look. */
export interface Status {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly term: number;
  readonly leader: string | null;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly durableIndex: number;
  readonly snapshotIndex: number;
  readonly revision: number;
  readonly recovering: boolean;
}

export interface SpawnOptions {
  readonly args: readonly string[];
  readonly port: number;
  /** The address it listens on: 127.0.0.1, unless its arguments say another. */
  readonly host?: string;
  readonly cwd?: string;
  /** Runs the node under another program, such as `strace -D … --`. */
  readonly wrapper?: readonly string[];
}

/** A real node in a process of its own, as a user would start it. */
export class NodeProcess implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly #options: SpawnOptions;
  #child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>;
  #output = '';
  #ended: Promise<number> = Promise.resolve(0);

  private constructor(options: SpawnOptions) {
    this.#options = options;
    this.port = options.port;
    this.url = `http://${options.host ?? '127.0.0.1'}:${options.port}`;
    this.#child = this.#spawn();
  }

  static spawn(options: SpawnOptions): NodeProcess {
    return new NodeProcess(options);
  }

  /** Everything it has printed. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /**
   * Resolves with the exit code; with 128 + the signal's number when one ended it. By then `output`
   * holds all it has said.
   */
  get exited(): Promise<number> {
    return this.#ended;
  }

  /** Resolves when it answers `/status`. */
  async up(timeoutMs?: number): Promise<this> {
    await until(
      () => `node at ${this.url} answers\n${this.#output}`,
      () => {
        if (!this.isRunning) throw new Error(`the node ended:\n${this.#output}`);
        return this.status().catch(() => null);
      },
      timeoutMs,
    );
    return this;
  }

  async status(): Promise<Status> {
    const response = await fetch(`${this.url}/status`, { signal: AbortSignal.timeout(1000) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return (await response.json()) as Status;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** `kill -9`, and waits until it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }

  /** SIGTERM, and waits for the exit code. */
  async stop(): Promise<number> {
    this.signal('SIGTERM');
    return await this.exited;
  }

  /** Starts it again after its end, by default with the same arguments and wrapper. */
  restart(args: readonly string[] = this.#options.args, wrapper = this.#options.wrapper): this {
    if (this.isRunning) throw new Error('it still runs');
    this.#child = this.#spawn(args, wrapper);
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGCONT');
    await this.kill();
  }

  #spawn(
    args = this.#options.args,
    wrapper = this.#options.wrapper ?? [],
  ): Bun.Subprocess<'ignore', 'pipe', 'pipe'> {
    const { cwd = ROOT } = this.#options;
    const child = Bun.spawn([...wrapper, process.execPath, ENTRY, ...args], {
      cwd,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const said = Promise.all([this.#collect(child.stdout), this.#collect(child.stderr)]);
    this.#ended = said.then(() => child.exited);
    return child;
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.#output += decoder.decode(chunk, { stream: true });
  }
}

/** Ports nobody listens on at the moment, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      return server;
    }),
  );
  return await Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      if (address === null || typeof address === 'string') throw new Error('no port');
      return address.port;
    }),
  );
}

import { join } from 'node:path';
import type { NodeProcess } from '../../support/node-process.ts';

/** How the bystander fared between `go` and `rest`. */
export interface Report {
  /** Of every request, in ms, ascending. */
  readonly times: readonly number[];
  /** The longest that was the nodes' own (threads.ts). */
  readonly ownMs: number;
  readonly failures: readonly string[];
  /** Acknowledged writes: each is a revision. */
  readonly writes: number;
}

/** Runs a bystander of a node (bystander-process.ts). */
export class Bystander implements AsyncDisposable {
  readonly key: string;
  readonly #child: Bun.Subprocess<'pipe', 'pipe', 'inherit'>;
  readonly #lines: AsyncIterator<string>;

  private constructor(node: NodeProcess, all: readonly NodeProcess[]) {
    this.key = `bystander-${node.port}`;
    const script = join(import.meta.dir, 'bystander-process.ts');
    const pids = all.map(({ pid }) => `${pid}`);
    this.#child = Bun.spawn([process.execPath, script, `${node.port}`, this.key, ...pids], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'inherit',
    });
    this.#lines = linesOf(this.#child.stdout);
  }

  /** Begins with a rest; `all` are the nodes that have a part in serving it. */
  static async of(node: NodeProcess, all: readonly NodeProcess[]): Promise<Bystander> {
    const bystander = new Bystander(node, all);
    const { failures } = await bystander.#report();
    if (failures.length > 0) throw new Error(`the bystander is not served: ${failures[0]}`);
    return bystander;
  }

  /** How it fared from before the work began until after it was done. */
  async during(work: () => Promise<void>): Promise<Report> {
    this.#say('go');
    try {
      await work();
    } catch (error) {
      await this.#rest();
      throw error;
    }
    return await this.#rest();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#child.exited;
  }

  async #rest(): Promise<Report> {
    this.#say('rest');
    return await this.#report();
  }

  #say(word: 'go' | 'rest'): void {
    void this.#child.stdin.write(`${word}\n`);
    void this.#child.stdin.flush();
  }

  async #report(): Promise<Report> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('the bystander ended');
    return JSON.parse(line.value) as Report;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

import { join } from 'node:path';
import { type ChildProcess, type Exit, spawner } from '../../src/cli/cluster/process.ts';

const INDEX = join(import.meta.dir, '../../src/index.ts');

/** This program in a process of its own, as users start it. */
export class ProgramUnderTest {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #waiting: { readonly text: string; readonly resolve: (line: string) => void }[] = [];

  constructor(...args: readonly string[]) {
    this.#child = spawner({})([process.execPath, INDEX, ...args], (line) => this.#onLine(line));
  }

  get exited(): Promise<Exit> {
    return this.#child.exited;
  }

  /** The first line, of the past or the future, that holds the text. */
  line(text: string): Promise<string> {
    const found = this.lines.find((line) => line.includes(text));
    if (found !== undefined) return Promise.resolve(found);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#waiting.push({ text, resolve });
    void this.exited.then(() => reject(new Error(`ended:\n${this.lines.join('\n')}`)));
    return promise;
  }

  /** Of a node that logs as JSON: where it can be reached, once it can. */
  async listening(): Promise<{ readonly url: string; readonly memberId: string }> {
    const fields: unknown = JSON.parse(await this.line('"listening"'));
    const { url, memberId } = Object(fields);
    return { url: String(url), memberId: String(memberId) };
  }

  terminate(): Promise<Exit> {
    this.#child.kill('SIGTERM');
    return this.exited;
  }

  kill(): Promise<Exit> {
    this.#child.kill('SIGKILL');
    return this.exited;
  }

  #onLine(line: string): void {
    this.lines.push(line);
    for (const { text, resolve } of this.#waiting) if (line.includes(text)) resolve(line);
  }
}

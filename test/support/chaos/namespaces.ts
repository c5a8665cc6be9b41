/**
 * NETWORK NAMESPACES: every node in one of its own, on a bridge in another, and packet filters to
 * cut them off from each other. Clients stay outside and reach all of them. Root, Linux.
 */
import { undoneAtTheEnd } from './leftovers.ts';

/** How a cut looks to who is cut off: silence, or a connection that is refused. */
export type CutStyle = 'drop' | 'reject';

const PREFIX_LENGTH = 24;
const CLIENT_HOST = 254;
let made = 0;

export class Namespaces implements Disposable {
  readonly #names: readonly string[];
  readonly #hub: string;
  readonly #outside: string;
  readonly #subnet: string;
  readonly #remove: () => void;

  constructor(size: number) {
    made += 1;
    const id = `${process.pid}-${made}`;
    // Of the addresses for tests between networks (RFC 2544), by chance.
    this.#subnet = `198.18.${(process.pid + made) % 256}`;
    this.#hub = `abcd-${id}-hub`;
    this.#outside = `abcd${id}`.slice(0, 15);
    this.#names = Array.from({ length: size }, (_, i) => `abcd-${id}-${i + 1}`);
    this.#remove = undoneAtTheEnd(() => {
      for (const name of [this.#hub, ...this.#names]) attempt('ip', 'netns', 'del', name);
      attempt('ip', 'link', 'del', this.#outside);
    });
    try {
      this.#make();
    } catch (error) {
      this.#remove();
      throw error;
    }
  }

  host(i: number): string {
    return `${this.#subnet}.${i + 1}`;
  }

  /** Runs a node in its namespace. */
  wrapper(i: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.#nameOf(i)];
  }

  /** What `from` sends does not reach `to`. */
  async cut(from: number, to: number, style: CutStyle): Promise<void> {
    const source = ['-s', this.host(from)];
    const target = style === 'drop' ? ['DROP'] : ['REJECT', '--reject-with', 'tcp-reset'];
    const rule = ['-A', 'INPUT', '-p', 'tcp', ...source, '-j', ...target];
    await this.#filter(to, rule);
  }

  async heal(): Promise<void> {
    await Promise.all(this.#names.map((_, i) => this.#filter(i, ['-F', 'INPUT'])));
  }

  [Symbol.dispose](): void {
    this.#remove();
  }

  #make(): void {
    run('ip', 'netns', 'add', this.#hub);
    inside(this.#hub, 'link', 'add', 'bridge', 'type', 'bridge');
    inside(this.#hub, 'link', 'set', 'bridge', 'up');
    this.#plug(this.#outside, null, CLIENT_HOST);
    for (const [i, name] of this.#names.entries()) {
      run('ip', 'netns', 'add', name);
      inside(name, 'link', 'set', 'lo', 'up');
      this.#plug('eth0', name, i + 1);
    }
  }

  /** A cable from the bridge to a namespace, or to this one. */
  #plug(device: string, name: string | null, host: number): void {
    const port = `port${host}`;
    const peer = name === null ? ['netns', '1'] : ['netns', name];
    if (name === null) {
      run('ip', 'link', 'add', device, 'type', 'veth', 'peer', 'name', port, 'netns', this.#hub);
    } else {
      inside(this.#hub, 'link', 'add', port, 'type', 'veth', 'peer', 'name', device, ...peer);
    }
    inside(this.#hub, 'link', 'set', port, 'master', 'bridge', 'up');
    const address = `${this.#subnet}.${host}/${PREFIX_LENGTH}`;
    inside(name, 'addr', 'add', address, 'dev', device);
    inside(name, 'link', 'set', device, 'up');
  }

  async #filter(i: number, rule: readonly string[]): Promise<void> {
    const child = Bun.spawn(['ip', 'netns', 'exec', this.#nameOf(i), 'iptables', '-w', ...rule], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    if ((await child.exited) === 0) return;
    throw new Error(`iptables ${rule.join(' ')}: ${await new Response(child.stderr).text()}`);
  }

  #nameOf(i: number): string {
    return this.#names[i] ?? '';
  }
}

function inside(name: string | null, ...args: string[]): void {
  run('ip', ...(name === null ? [] : ['-n', name]), ...args);
}

function run(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command, { stderr: 'pipe' });
  if (exitCode !== 0) throw new Error(`${command.join(' ')}: ${stderr.toString()}`);
}

function attempt(...command: string[]): void {
  Bun.spawnSync(command, { stdout: 'ignore', stderr: 'ignore' });
}

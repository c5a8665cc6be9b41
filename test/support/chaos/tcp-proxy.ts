/**
 * A PROXY before a node, for what a packet filter cannot do: connections that are slow, break,
 * stand half open, or overtake each other. Peers reach the node through it; clients go around.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Prng } from '../../../src/lib/prng.ts';

/** What happens to whatever passes, in both directions. */
export interface Weather {
  /** Every piece waits for so long; those of one connection stay in order, others overtake. */
  readonly delayMs: () => number;
  /** How likely a piece is the last of its connection, which is then reset. */
  readonly resets: number;
  /** Connections stand, and nothing comes out of them. */
  readonly isBlackHole: boolean;
}

export const FAIR: Weather = { delayMs: () => 0, resets: 0, isBlackHole: false };

export class TcpProxy implements Disposable {
  /** Pieces that were delayed, and connections that were reset or led nowhere. */
  disturbed = 0;
  readonly #server: Server;
  readonly #target: () => number;
  readonly #prng: Prng;
  readonly #sockets = new Set<Socket>();
  #weather = FAIR;

  private constructor(target: () => number, prng: Prng) {
    this.#target = target;
    this.#prng = prng;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** @param target the port that the node listens on, once it is known. */
  static async open(port: number, target: () => number, prng: Prng): Promise<TcpProxy> {
    const proxy = new TcpProxy(target, prng);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(port, '127.0.0.1', resolve);
    });
    return proxy;
  }

  /** From a black hole nothing comes back: its connections are broken when the weather changes. */
  set weather(weather: Weather) {
    if (this.#weather.isBlackHole) this.#breakAll();
    this.#weather = weather;
  }

  [Symbol.dispose](): void {
    this.#server.close();
    this.#breakAll();
  }

  #accept(client: Socket): void {
    const node = connect(this.#target(), '127.0.0.1');
    for (const [from, to] of [
      [client, node],
      [node, client],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      // What is broken on one side is broken on the other.
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      this.#pass(from, to);
    }
  }

  #pass(from: Socket, to: Socket): void {
    let last = Promise.resolve();
    const inOrder = (act: () => void): void => {
      const delayMs = this.#weather.delayMs();
      const before = last;
      last = (async () => {
        if (delayMs > 0) await Bun.sleep(delayMs);
        await before;
        act();
      })();
    };
    from.on('data', (data) => {
      const { isBlackHole, resets } = this.#weather;
      if (this.#weather !== FAIR) this.disturbed += 1;
      if (isBlackHole) return;
      if (this.#prng.chance(resets)) {
        from.resetAndDestroy();
        to.resetAndDestroy();
        return;
      }
      inOrder(() => {
        if (!to.destroyed) to.write(data);
      });
    });
    from.on('end', () => {
      if (!this.#weather.isBlackHole) inOrder(() => to.end());
    });
  }

  #breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

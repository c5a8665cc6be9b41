/**
 * FAULTS OF CLOCKS. A wall clock may say anything, and jump; a monotonic one may run at a rate of
 * its own, and stand still together with everything on its machine, but never jumps.
 */
import type { Prng } from '../lib/prng.ts';
import type { FaultContext } from './fault-context.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

const MINUTE_MS = 60_000;
/** Far more than remembered requests are kept for: nothing may go by wall clocks. */
const WALL_JUMP_MAX_MS = 24 * 60 * MINUTE_MS;
const STROBE_MAX_MS = 262_000;
const STROBE_PERIOD_MS = [5, 1_024] as const;
const STROBES_MAX = 400;
/** By how much a clock runs wrong at most. */
const RATE_ERROR = 0.1;

export class ClockFaults {
  readonly #context: FaultContext;
  readonly #world: World;
  readonly #prng: Prng;

  constructor(context: FaultContext) {
    this.#context = context;
    this.#world = context.world;
    this.#prng = context.world.prng.fork();
  }

  #duration(from: number, to: number): number {
    return this.#context.duration(this.#prng, from, to);
  }

  rate({ machine }: SimNode): void {
    this.#world.coverage.count('clock-rate-changed');
    machine.setRate(1 + (2 * this.#prng.unit() - 1) * RATE_ERROR);
  }

  jump({ machine }: SimNode): void {
    this.#world.coverage.count('wall-clock-jumped');
    const size = this.#prng.logUniform(10, WALL_JUMP_MAX_MS);
    machine.wallOffset = Math.trunc(this.#prng.chance(0.5) ? size : -size);
  }

  /** There and back again, many times. */
  strobe({ machine }: SimNode): void {
    this.#world.coverage.count('wall-clock-strobed');
    const size = Math.trunc(this.#prng.logUniform(4, STROBE_MAX_MS));
    const periodMs = this.#prng.logUniform(...STROBE_PERIOD_MS);
    const flip = (left: number): void => {
      machine.wallOffset += left % 2 === 0 ? size : -size;
      if (left > 1) this.#world.scheduler.after(periodMs, () => flip(left - 1));
    };
    flip(2 * this.#prng.between(1, STROBES_MAX / 2));
  }

  /** A virtual machine is halted for a while: its processes and its clock, but not the world. */
  freeze(node: SimNode): void {
    if (!node.isRunning || node.isStopped) return;
    this.#world.coverage.count('clock-frozen');
    const ms = this.#duration(0.1, 20);
    node.stop();
    node.machine.freeze();
    this.#world.scheduler.after(ms, () => {
      node.machine.thaw();
      // Some hosts put the wall clock right, some do not.
      if (this.#prng.chance(0.5)) node.machine.wallOffset += Math.trunc(ms);
      node.resume();
    });
  }
}

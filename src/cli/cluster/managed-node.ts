/**
 * One node under supervision. It is started again by itself only when it crashed: never when
 * somebody stopped it, never when it said that its settings or its data do not let it run.
 */

import { unreachable } from '../../lib/assert.ts';
import { EXIT } from '../exit.ts';
import type { CallerClock } from '../http.ts';
import type { PlannedNode } from './plan.ts';
import type { ChildProcess, Exit, Spawn } from './process.ts';

export type NodeState =
  | 'running'
  /** Held by SIGSTOP. */
  | 'paused'
  | 'stopping'
  /** Not running because somebody wanted it so. */
  | 'stopped'
  /** Crashed; started again in a moment. */
  | 'waiting'
  /** Not running because it cannot. */
  | 'failed';

export type Action = 'start' | 'stop' | 'kill' | 'pause' | 'resume';

export interface NodeReport {
  readonly name: string;
  readonly url: string;
  readonly state: NodeState;
  readonly pid: number | null;
  /** Restarts after crashes, since the last one that went well for a minute. */
  readonly restarts: number;
  readonly exit: Exit | null;
}

/** What a node needs of its supervisor. */
export interface Surroundings {
  readonly spawn: Spawn;
  readonly clock: CallerClock;
  readonly command: readonly string[];
  readonly onLine: (name: string, line: string) => void;
  /** Something happened that people should know. */
  readonly report: (message: string) => void;
  readonly onFailed: (node: ManagedNode) => void;
}

const STOP_TIMEOUT_MS = 12_000;
const RESTART_PAUSES_MS = [1000, 2000, 4000, 8000, 16_000];
const HEALTHY_MS = 60_000;

/** An action that the node's state does not allow. */
export class ActionRefused extends Error {
  override readonly name = 'ActionRefused';
}

export class ManagedNode {
  readonly plan: PlannedNode;
  readonly #surroundings: Surroundings;
  #state: NodeState = 'stopped';
  #child: ChildProcess | null = null;
  #gone: Promise<void> = Promise.resolve();
  #exit: Exit | null = null;
  #restarts = 0;
  #startedAt = 0;
  #cancelRestart: () => void = () => undefined;

  constructor(plan: PlannedNode, surroundings: Surroundings) {
    this.plan = plan;
    this.#surroundings = surroundings;
  }

  get state(): NodeState {
    return this.#state;
  }

  report(): NodeReport {
    const { name, url } = this.plan;
    const pid = this.#child?.pid ?? null;
    return { name, url, state: this.#state, pid, restarts: this.#restarts, exit: this.#exit };
  }

  /** Does as told; resolves when it is done. @throws ActionRefused */
  async act(action: Action): Promise<void> {
    switch (action) {
      case 'start':
        return this.start();
      case 'stop':
        return this.stop();
      case 'kill':
        return this.kill();
      case 'pause':
        return this.pause();
      case 'resume':
        return this.resume();
      default:
        return unreachable(action);
    }
  }

  start(): void {
    if (this.#child !== null) throw this.#refusal('start');
    this.#restarts = 0;
    this.#spawn();
  }

  /** SIGTERM, with time to hand leadership over; SIGKILL when that was not enough. */
  async stop(): Promise<void> {
    this.#cancelRestart();
    const child = this.#child;
    if (child === null) {
      this.#state = 'stopped';
      return;
    }
    this.#state = 'stopping';
    child.kill('SIGTERM');
    // A held process gets the signal only once it goes on.
    child.kill('SIGCONT');
    const cancel = this.#surroundings.clock.setTimer(STOP_TIMEOUT_MS, () => {
      this.#surroundings.report(`${this.plan.name} does not stop; it is killed`);
      child.kill('SIGKILL');
    });
    await this.#gone;
    cancel();
  }

  /** What a power cut does to the process: no word, no clean end. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null) throw this.#refusal('kill');
    this.#state = 'stopping';
    child.kill('SIGKILL');
    await this.#gone;
  }

  pause(): void {
    if (this.#state !== 'running') throw this.#refusal('pause');
    this.#child?.kill('SIGSTOP');
    this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') throw this.#refusal('resume');
    this.#child?.kill('SIGCONT');
    this.#state = 'running';
  }

  #spawn(): void {
    const { spawn, clock, command, onLine } = this.#surroundings;
    this.#cancelRestart();
    const child = spawn([...command, ...this.plan.flags], (line) => onLine(this.plan.name, line));
    this.#child = child;
    this.#state = 'running';
    this.#startedAt = clock.now();
    this.#gone = child.exited.then((exit) => this.#onExit(exit));
  }

  #onExit(exit: Exit): void {
    const { name } = this.plan;
    const asked = this.#state === 'stopping';
    this.#child = null;
    this.#exit = exit;
    if (asked || exit.code === EXIT.ok) {
      this.#state = 'stopped';
      this.#surroundings.report(`${name} is stopped`);
    } else if (exit.code === EXIT.usage || exit.code === EXIT.refused) {
      this.#fail(`${name} cannot run (exit code ${exit.code}); it says why above`);
    } else {
      this.#restart(exit);
    }
  }

  #restart(exit: Exit): void {
    const { clock, report } = this.#surroundings;
    if (clock.now() - this.#startedAt >= HEALTHY_MS) this.#restarts = 0;
    const how = exit.signal === null ? `with code ${exit.code}` : `by ${exit.signal}`;
    const wait = RESTART_PAUSES_MS[this.#restarts];
    if (wait === undefined) {
      this.#fail(`${this.plan.name} ended ${how}, ${this.#restarts} times in a row; it stays down`);
      return;
    }
    this.#restarts += 1;
    this.#state = 'waiting';
    report(`${this.plan.name} ended ${how}; it is started again in ${wait / 1000} s`);
    this.#cancelRestart = clock.setTimer(wait, () => this.#spawn());
  }

  #fail(message: string): void {
    this.#state = 'failed';
    this.#surroundings.report(message);
    this.#surroundings.onFailed(this);
  }

  #refusal(action: Action): ActionRefused {
    return new ActionRefused(`cannot ${action} ${this.plan.name}, which is ${this.#state}`);
  }
}

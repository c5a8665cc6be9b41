/** FAULTS OF DISKS that say so: slow, stuck, full, or an error where nobody expects one. */
import type { Prng } from '../lib/prng.ts';
import type { DiskFault, DiskOperation } from '../storage/memory-disk.ts';
import type { CoverageEvent } from './coverage.ts';
import type { FaultContext } from './fault-context.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

/** The kinds of operation that can find no room. */
const NEEDS_ROOM: ReadonlySet<DiskOperation['kind']> = new Set([
  'write',
  'sync',
  'create',
  'rename',
  'make-directory',
  'sync-directory',
  'allocate',
]);
const NAMES: ReadonlySet<DiskOperation['kind']> = new Set(['create', 'rename', 'remove']);
/** Parts of a directory that are not written all the time. */
const SELDOM = ['snapshot-', 'reserve', '.tmp', '.torn'] as const;
/** The most operations before the one that fails. */
const ANY_WITHIN = 60;
const STUCK_MS = 10_000;

export class DiskFaults {
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

  slow({ disk }: SimNode): void {
    this.#world.coverage.count('disk-slow');
    disk.slowness = this.#prng.pick([3, 10, 50, 200]);
    this.#world.scheduler.after(this.#duration(1, 15), () => {
      disk.slowness = 1;
    });
  }

  /** For some election timeouts; now and then for much longer than anybody waits. */
  stick({ disk }: SimNode): void {
    this.#world.coverage.count('disk-stuck');
    const release = disk.stick();
    const isLong = this.#prng.chance(0.2);
    if (isLong) this.#world.coverage.count('disk-stuck-long');
    const ms = isLong ? STUCK_MS * (1 + this.#prng.unit()) : this.#duration(0.5, 10);
    this.#world.scheduler.after(ms, release);
  }

  fill({ disk }: SimNode): void {
    this.#world.coverage.count('disk-full');
    disk.fill(this.#prng.between(0, 8_000));
    this.#world.scheduler.after(this.#duration(2, 20), () => disk.empty());
  }

  /** The next write or sync fails. */
  fail({ disk }: SimNode): void {
    this.#world.coverage.count('disk-error');
    const fault = this.#prng.pick<DiskFault>([
      { type: 'error', code: 'EIO' },
      { type: 'dropped-pages' },
      { type: 'short-write', bytes: this.#prng.between(0, 200) },
    ]);
    disk.failAt({ fault, applies: (operation) => mayFail(operation, fault), countdown: 1 });
  }

  /** Any operation fails: of a start too, and on files that are seldom touched. */
  failAnywhere(node: SimNode, restart: () => void): void {
    if (this.#prng.chance(0.5)) restart();
    if (node.isGone) return;
    this.#world.coverage.count('disk-error-planned');
    const where = this.#prng.chance(0.5) ? this.#prng.pick(SELDOM) : '';
    const fault = this.#drawAnywhere();
    const countdown = this.#prng.between(1, where === '' ? ANY_WITHIN : 10);
    const applies = (operation: DiskOperation): boolean =>
      operation.path.includes(where) && mayFail(operation, fault, true);
    node.disk.failAt({ fault, applies, countdown });
  }

  #drawAnywhere(): DiskFault {
    return this.#prng.pick<DiskFault>([
      { type: 'error', code: 'EIO' },
      { type: 'error', code: 'EIO' },
      { type: 'error', code: 'ENOSPC' },
      { type: 'dropped-pages' },
      { type: 'short-read', bytes: this.#prng.between(0, 300) },
    ]);
  }
}

function mayFail({ kind }: DiskOperation, fault: DiskFault, anything = false): boolean {
  switch (fault.type) {
    case 'dropped-pages':
      return kind === 'sync' || (anything && kind === 'sync-directory');
    case 'short-read':
      return kind === 'read';
    case 'error':
      if (fault.code === 'ENOSPC') return NEEDS_ROOM.has(kind);
      return anything || kind === 'write' || kind === 'sync';
    default:
      return kind === 'write';
  }
}

/** What to call it that this operation failed. */
export function eventsOf(
  { kind, path }: DiskOperation,
  fault: DiskFault,
  isStarting: boolean,
): CoverageEvent[] {
  const events: CoverageEvent[] = ['disk-error-come'];
  if (isStarting) events.push('disk-error-while-starting');
  if (path.startsWith('snapshot-')) events.push('disk-error-in-snapshot');
  if (kind === 'sync-directory') events.push('disk-error-of-directory-sync');
  if (NAMES.has(kind)) events.push('disk-error-of-name');
  if (kind === 'read') events.push('disk-error-of-read');
  if (fault.type === 'dropped-pages') events.push('disk-pages-dropped');
  return events;
}

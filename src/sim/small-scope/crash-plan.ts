/** WHERE A CASE CRASHES, and what that leaves: with a form that a command line can repeat. */
import type { DiskOperation } from '../../storage/memory-disk.ts';
import type { CrashMode } from '../../storage/memory-file.ts';
import type { CrashMoment } from '../sim-disk.ts';

/** Around an operation of the disk, or right behind something that was sent. */
export type Moment = CrashMoment | 'sent';

export interface CrashPlan {
  /** By name, whose operations are counted. */
  readonly node: string;
  /**
   * Which of them, from 1: of the operations that change its disk, or of what it sends; since the
   * script began, or since the crash before.
   */
  readonly at: number;
  readonly moment: Moment;
  readonly mode: CrashMode;
  /** What became of what was not durable (choice-path.ts). */
  readonly choices: readonly number[];
  /** How all others crash at the same time; null when they do not. */
  readonly others: CrashMode | null;
  /** It starts again at once, or after the others had the time to elect another leader. */
  readonly back: 'soon' | 'late';
}

const MOMENTS: readonly Moment[] = ['before', 'during', 'after', 'sent'];
const MODES: readonly CrashMode[] = ['kill', 'drop', 'keep', 'prefix', 'sectors', 'zeros', 'mixed'];

/** Operations that leave another disk than there was; around others there is nothing new. */
const CHANGES: ReadonlySet<DiskOperation['kind']> = new Set<DiskOperation['kind']>([
  'make-directory',
  'create',
  'rename',
  'remove',
  'sync-directory',
  'write',
  'sync',
  'truncate',
  'allocate',
]);

export function changesDisk({ kind }: DiskOperation): boolean {
  return CHANGES.has(kind);
}

/** The moments of an operation that differ: only a write has an effect before it has ended. */
export function momentsOf(kind: DiskOperation['kind']): readonly CrashMoment[] {
  return kind === 'write' ? ['before', 'during', 'after'] : ['before', 'after'];
}

/** As `n1:7:during:sectors:0.1.1:late:all-drop`. */
export function textOfPlan({ node, at, moment, mode, choices, back, others }: CrashPlan): string {
  const parts = [node, at, moment, mode];
  if (choices.length > 0) parts.push(choices.join('.'));
  if (back === 'late') parts.push('late');
  if (others !== null) parts.push(`all-${others}`);
  return parts.join(':');
}

/** Null for what is not in that form. */
export function planOfText(text: string): CrashPlan | null {
  const [node = '', count = '', moment, mode, ...rest] = text.split(':');
  const at = Number(count);
  const found = { moment: MOMENTS.find((one) => one === moment), mode: modeOf(mode) };
  if (node === '' || !(at > 0) || found.moment === undefined || found.mode === null) return null;
  const others = modeOf(rest.find((part) => part.startsWith('all-'))?.slice('all-'.length));
  const choices = rest.find((part) => /^[0-9.]+$/.test(part)) ?? '';
  return {
    node,
    at,
    moment: found.moment,
    mode: found.mode,
    choices: choices === '' ? [] : choices.split('.').map(Number),
    others,
    back: rest.includes('late') ? 'late' : 'soon',
  };
}

function modeOf(text: string | undefined): CrashMode | null {
  return MODES.find((one) => one === text) ?? null;
}

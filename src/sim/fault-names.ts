/** The kinds of fault that the nemesis knows (faults.ts), network manners apart. */
export const FAULT_NAMES = [
  'crash',
  'crash-all',
  'crash-at-operation',
  'pause',
  'partition',
  'clog',
  'disk-slow',
  'disk-stuck',
  'disk-error',
  'disk-full',
  'bit-flip',
  'clock-rate',
  'wall-clock',
  'add-member',
  'remove-member',
  'transfer',
  'step-down',
  'campaign',
] as const;

export type FaultName = (typeof FAULT_NAMES)[number];

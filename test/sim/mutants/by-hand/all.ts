import type { Mistake } from './mistake.ts';
import { CORE_1 } from './core-1.ts';
import { CORE_2 } from './core-2.ts';
import { CORE_3 } from './core-3.ts';
import { STORAGE_1 } from './storage-1.ts';
import { STORAGE_2 } from './storage-2.ts';
import { STORE_1 } from './store-1.ts';
import { STORE_2 } from './store-2.ts';
import { STORE_3 } from './store-3.ts';
import { NODE_1 } from './node-1.ts';
import { NODE_2 } from './node-2.ts';
import { NODE_3 } from './node-3.ts';
import { EDGE_1 } from './edge-1.ts';
import { EDGE_2 } from './edge-2.ts';

/** All mistakes that were thought out. */
export const MISTAKES: readonly Mistake[] = [
  ...CORE_1,
  ...CORE_2,
  ...CORE_3,
  ...STORAGE_1,
  ...STORAGE_2,
  ...STORE_1,
  ...STORE_2,
  ...STORE_3,
  ...NODE_1,
  ...NODE_2,
  ...NODE_3,
  ...EDGE_1,
  ...EDGE_2,
];

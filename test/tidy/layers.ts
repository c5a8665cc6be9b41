import { importsOf } from './imports.ts';
import type { Import } from './imports.ts';
import type { Problem, Source } from './source.ts';

/** What the files of one part of `src/` may import, besides each other. */
interface Layer {
  /** Folders, or single files, under `src/`. */
  readonly values: readonly string[];
  /** Of these, types only: nothing is left of such an import when the program runs. */
  readonly types: readonly string[];
  /** Packages and built-in modules: any, or those named. */
  readonly packages: 'any' | readonly string[];
}

/** The ports, through which the node sees disk and network. The adapters are not among them. */
const PORTS = [
  'storage/storage.ts',
  'storage/disk.ts',
  'transport/transport.ts',
  'transport/peer-endpoint.ts',
];
/** The vocabulary of the log: whoever reads entries from disk or network has to make them. */
const ENTRY = 'raft/entry.ts';
/** What the state machine goes by, and the boundary, which refuses beforehand by the same rules. */
const RULES = ['kv/txn-rules.ts', 'kv/range-query.ts', 'kv/leases.ts', 'kv/hash.ts'];
const CORE = ['lib', 'raft', 'kv', 'wire'];

/**
 * THE LAYERS
 *
 *     lib ← raft, kv ← wire, storage, transport ← node ← http, sim ← cli ← index.ts
 *
 * Imports point left only, and less than that where the table says so. A part of `src/` that is
 * not here has no place in the architecture yet.
 */
const LAYERS: ReadonlyMap<string, Layer> = new Map([
  ['lib', { values: [], types: [], packages: [] }],
  ['config.ts', { values: ['lib'], types: ['node'], packages: [] }],
  ['raft', { values: ['lib'], types: [], packages: [] }],
  ['kv', { values: ['lib'], types: [], packages: ['sorted-btree'] }],
  ['wire', { values: ['lib'], types: ['raft', 'kv'], packages: ['@sinclair/typebox'] }],
  ['storage', { values: ['lib', ENTRY], types: ['raft'], packages: 'any' }],
  [
    'transport',
    {
      values: ['lib', 'wire', ENTRY],
      types: ['raft', 'storage/storage.ts'],
      packages: 'any',
    },
  ],
  ['node', { values: [...CORE, ...PORTS], types: [], packages: ['prom-client'] }],
  [
    'http',
    {
      values: ['lib', 'wire', 'node', 'transport/peer-endpoint.ts', 'ui', ...RULES],
      types: ['raft', 'kv', 'storage', 'transport'],
      packages: 'any',
    },
  ],
  ['sim', { values: [...CORE, 'storage', 'transport', 'node'], types: [], packages: [] }],
  ['ui', { values: ['lib', 'wire', 'sim'], types: ['raft', 'kv', 'node'], packages: 'any' }],
  ['client', { values: [], types: ['wire'], packages: [] }],
  [
    'cli',
    {
      values: [...CORE, 'config.ts', 'storage', 'transport', 'node', 'http', 'sim', 'client'],
      types: [],
      packages: 'any',
    },
  ],
]);

/** Imports go only where the architecture lets them. Tests and `src/index.ts` see everything. */
export function layering(source: Source): Problem[] {
  if (!source.path.startsWith('src/') || source.path === 'src/index.ts') return [];
  const name = partOf(source.path);
  const layer = LAYERS.get(name);
  if (layer === undefined) {
    return [{ path: source.path, line: 1, message: `src/${name} is no layer of the architecture` }];
  }
  return importsOf(source).flatMap((one) => {
    const message = objection(name, layer, one);
    return message === null ? [] : [{ path: source.path, line: one.line, message }];
  });
}

function objection(name: string, layer: Layer, one: Import): string | null {
  if (one.target === null) {
    if (layer.packages === 'any' || layer.packages.includes(packageOf(one))) return null;
    return `src/${name} may not import '${one.specifier}': reach the world through a port`;
  }
  if (!one.target.startsWith('src/')) return `src may not import ${one.target}`;
  if (partOf(one.target) === name || covers(layer.values, one.target)) return null;
  if (covers(layer.types, one.target)) {
    return one.typeOnly ? null : `src/${name} may import types only from ${one.target}`;
  }
  return `src/${name} may not import ${one.target}`;
}

/** The package's own name, whichever of its modules is imported. */
function packageOf(one: Import): string {
  return one.specifier.split('/', one.specifier.startsWith('@') ? 2 : 1).join('/');
}

/** The folder under `src/` that a file is in, or the file's own name at the top. */
function partOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function covers(allowed: readonly string[], target: string): boolean {
  const path = target.slice('src/'.length);
  return allowed.includes(path) || allowed.includes(partOf(target));
}

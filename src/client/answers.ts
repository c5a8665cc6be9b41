import type { Pair } from '../wire/kv.ts';

export interface Version {
  readonly modRevision: number;
  readonly version: number;
  readonly value: string;
  readonly encoding?: 'base64';
  readonly createRevision?: number;
  readonly lease?: string;
  readonly deleted?: true;
}

export interface HistoryAnswer {
  readonly versions: readonly Version[];
  readonly compactRevision: number;
}

export interface CompactAnswer {
  readonly revision: number;
  readonly compactRevision: number;
}

export interface WatchEvent {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly keyEncoding?: 'base64';
  readonly value: string;
  readonly encoding?: 'base64';
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly lease?: string;
  readonly prev?: Pair;
}

export interface LockAnswer {
  readonly name: string;
  readonly key: string;
  readonly lease: string;
  readonly fencingToken: number;
}

export interface LockHolder {
  readonly key: string;
  readonly lease: string;
  readonly fencingToken: number;
  readonly owner?: string;
}

export interface LockState {
  readonly name: string;
  readonly holder: LockHolder | null;
  readonly queue: readonly LockHolder[];
}

export interface ElectionLeader {
  readonly key: string;
  readonly lease: string;
  readonly fencingToken: number;
  readonly value: string;
  readonly encoding?: 'base64';
}

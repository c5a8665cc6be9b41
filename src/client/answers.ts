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

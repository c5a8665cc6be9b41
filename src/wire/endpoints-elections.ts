import type { Endpoint } from './endpoint.ts';

export const ELECTION_ENDPOINTS = {} as const satisfies Record<string, Endpoint>;

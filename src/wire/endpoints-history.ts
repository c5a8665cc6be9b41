import type { Endpoint } from './endpoint.ts';

export const HISTORY_ENDPOINTS = {} as const satisfies Record<string, Endpoint>;

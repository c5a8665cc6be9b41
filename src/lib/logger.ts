/** Severity, least first. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** `raft` and `kv` are the two families of protocol events; `node` is everything around them. */
export type LogFamily = 'raft' | 'kv' | 'node';

/** The port to structured logs: a level, a family, one short sentence, and fields. */
export interface Logger {
  /** Whether a line of this level would be written; callers skip building fields when not. */
  enabled(level: LogLevel): boolean;
  log(level: LogLevel, family: LogFamily, message: string, fields?: object): void;
}

/** Writes nothing. */
export const silentLogger: Logger = {
  enabled: () => false,
  log: () => undefined,
};

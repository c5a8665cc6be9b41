/**
 * The Logger port on pino, in this thread: pino's transports would start worker threads, which a
 * compiled binary cannot load. Writing is asynchronous and bounded, so that a terminal that stands
 * still costs log lines and never the node's time.
 */

import pino, { type Logger as Pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { LogConfig } from '../config.ts';
import type { LogFamily, Logger, LogLevel } from '../lib/logger.ts';
import { FdWriter } from './fd-writer.ts';
import { RollingFile } from './rolling-file.ts';

/** Where lines go. Neither call throws; `close` resolves when what it holds is out, or lost. */
interface Destination {
  write(line: string): void;
  close(): Promise<void>;
}

const STANDARD_OUTPUT = 1;
const BUFFER_BYTES = 4 * 2 ** 20;
const CLOSE_TIMEOUT_MS = 1000;

/** A logger whose destinations have to be closed before the process exits. */
export class PinoLogger implements Logger {
  readonly #pino: Pino;
  readonly #destinations: readonly Destination[];

  constructor(level: LogLevel, destinations: readonly Destination[], fields: object = {}) {
    const streams = destinations.map((stream) => ({ level: 'trace' as const, stream }));
    this.#destinations = destinations;
    this.#pino = pino(
      {
        level: destinations.length === 0 ? 'silent' : level,
        base: fields,
        timestamp: pino.stdTimeFunctions.isoTime,
        serializers: { error: pino.stdSerializers.err },
        formatters: { level: (label) => ({ level: label }) },
      },
      pino.multistream(streams),
    );
  }

  enabled(level: LogLevel): boolean {
    return this.#pino.isLevelEnabled(level);
  }

  log(level: LogLevel, family: LogFamily, message: string, fields?: object): void {
    this.#pino[level]({ family, ...fields }, message);
  }

  /** Writes what is still held; gives up after a second, when nobody takes it. */
  async close(): Promise<void> {
    await Promise.all(this.#destinations.map(closed));
  }
}

/**
 * Opens the destinations that the configuration names. `fields` stand in every line.
 *
 * @throws when the log file cannot be opened.
 */
export function openLogger(config: LogConfig, fields: object): PinoLogger {
  const destinations: Destination[] = [];
  if (config.console !== 'none') {
    const console = new FdWriter(STANDARD_OUTPUT, BUFFER_BYTES, false);
    destinations.push(config.console === 'json' ? console : prettified(console));
  }
  if (config.file !== null) {
    const { file: path, fileBytes: maxBytes, fileCount: keep } = config;
    destinations.push(new RollingFile({ path, maxBytes, keep, bufferBytes: BUFFER_BYTES }));
  }
  return new PinoLogger(config.level, destinations, fields);
}

/** Lines for people: time, level, sentence, and the fields behind it. */
export function prettified(destination: Destination): Destination {
  const pretty = prettyFactory({
    colorize: false,
    singleLine: true,
    errorLikeObjectKeys: ['error'],
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname,family,node',
    messageFormat: '{family}: {msg}',
  });
  return {
    write: (line) => destination.write(pretty(line)),
    close: () => destination.close(),
  };
}

/** Closes, but does not wait for ever for a terminal that stands. */
async function closed(destination: Destination): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
  });
  await Promise.race([destination.close(), timeout]);
  clearTimeout(timer);
}

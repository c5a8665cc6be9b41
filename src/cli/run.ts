import type { Config, NodeSettings } from '../config.ts';
import type { FlagValues } from '../lib/settings.ts';
import { DiskError } from '../storage/disk.ts';
import { DirectoryLockedError } from '../storage/lock.ts';
import { NodeDisk } from '../storage/node-disk.ts';
import { DamageError } from '../storage/storage.ts';
import type { Cli } from './cli.ts';
import { EXIT, ExitError } from './exit.ts';
import { textField } from './http.ts';
import { NodeProcess, warnings } from './node-process.ts';
import { openLogger, type PinoLogger } from './pino-logger.ts';
import { findFreePort, requireFreePort } from './port.ts';
import {
  dataDirOf,
  defaultDataDir,
  defaultName,
  readNodeSettings,
  resolveConfig,
} from './resolve-config.ts';
import { readStoredIdentity, rememberedSettings } from './stored-identity.ts';

/** A disk that hangs must not hold the process: it must be gone within ten seconds. */
const STOP_TIMEOUT_MS = 8500;

/** The path is wrong, or not this user's: no fault of the disk. */
const NOT_OURS = new Set(['EACCES', 'EEXIST', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS']);

/** Without a command: runs a node until it is told to stop, or cannot go on. */
export async function run(cli: Cli, flags: FlagValues): Promise<number> {
  try {
    return await runConfigured(cli, await configure(cli, readNodeSettings(flags, cli.environment)));
  } catch (error) {
    throw refusalOf(error);
  }
}

async function runConfigured(cli: Cli, config: Config): Promise<number> {
  if (config.stopWithStdin) cli.stopWithStdin();
  const logger = openLog(config);
  try {
    for (const message of warnings(config)) logger.log('warn', 'node', message);
    return await runNode(cli, config, logger);
  } catch (error) {
    if (!(error instanceof DamageError)) throw error;
    throw new ExitError(EXIT.refused, `${config.dataDir}/${error.message}`);
  } finally {
    await logger.close();
  }
}

async function configure(cli: Cli, settings: NodeSettings): Promise<Config> {
  const host = settings.get('host');
  const named = dataDirOf(settings);
  const { dataDir, freePort } =
    named === null ? await newPlace(host) : { dataDir: named, freePort: findFreePort(host) };
  const stored = await rememberedSettings(dataDir);
  return resolveConfig(settings, { dataDir, stored, freePort, readText: cli.readText });
}

/** A free port whose directory is free too: it must not bring an old node back by chance. */
async function newPlace(host: string): Promise<{ dataDir: string; freePort: number }> {
  for (;;) {
    const freePort = findFreePort(host);
    const dataDir = defaultDataDir(defaultName(freePort));
    const { type } = await readStoredIdentity(new NodeDisk(dataDir));
    if (type === 'empty') return { dataDir, freePort };
  }
}

function openLog(config: Config): PinoLogger {
  try {
    return openLogger(config.log, { node: config.name });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ExitError(EXIT.usage, `--log-file ${config.log.file} cannot be opened: ${why}`);
  }
}

async function runNode(cli: Cli, config: Config, logger: PinoLogger): Promise<number> {
  requireFreePort(config.host, config.port);
  const stopped = new Promise<'stopped'>((resolve) => {
    if (cli.stopping.aborted) resolve('stopped');
    cli.stopping.addEventListener('abort', () => resolve('stopped'), { once: true });
  });
  // A start may wait for others; what it has written by then is good for the next one.
  const node = await Promise.race([NodeProcess.start(cli, config, logger), stopped]);
  if (node === 'stopped') return EXIT.ok;
  const end = await Promise.race([node.failed, stopped]);
  if (end !== 'stopped') {
    await node.abandon();
    if (end instanceof ExitError) throw end;
    return end;
  }
  logger.log('info', 'node', 'stopping');
  const inTime = await within(cli, STOP_TIMEOUT_MS, node.stop());
  if (inTime) logger.log('info', 'node', 'stopped');
  else logger.log('warn', 'node', 'stopped before everything had come to its end');
  return EXIT.ok;
}

/** Whether the work was done in time. */
async function within({ clock }: Cli, ms: number, work: Promise<void>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const cancel = clock.setTimer(ms, () => resolve(false));
  const done = work.then(() => true);
  return await Promise.race([promise, done]).finally(cancel);
}

/** What a failed start means for the user; anything unknown is a defect and stays one. */
function refusalOf(error: unknown): unknown {
  if (error instanceof DirectoryLockedError) return new ExitError(EXIT.refused, error.message);
  const code = textField(error, 'code');
  if (!(error instanceof Error) || code === null) return error;
  if (NOT_OURS.has(code)) {
    return new ExitError(EXIT.usage, `--data-dir cannot be used: ${error.message}`);
  }
  return error instanceof DiskError ? new ExitError(EXIT.disk, error.message) : error;
}

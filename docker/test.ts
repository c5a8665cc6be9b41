/**
 * `bun run test:docker`
 *
 * Builds the image, runs the Compose file's cluster on a real engine, kills and cuts off nodes, and
 * ends with one line: how many steps passed and how many failed. On a Debian machine, as root, it
 * needs nothing but Bun: engine and Compose are installed when they are missing, and no image is
 * pulled. Everything it starts is gone when it ends.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureCommands } from '../test/support/system-packages.ts';
import { importBase, removeBase } from './support/base-image.ts';
import { Cluster } from './support/cluster.ts';
import { engineAnswers, isolated, startEngine } from './support/engine.ts';
import { Scenario } from './support/scenario.ts';
import { attempt, say } from './support/shell.ts';
import { buildStandIn } from './support/stand-in.ts';

const PROJECT = join(import.meta.dir, '..');
const DEFAULT_PORTS = [8080, 8081, 8082];
const LIMIT_MS = 15 * 60_000;

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** Prepares what needs the network, then runs the story here or in namespaces of its own. */
async function prepare(folder: string): Promise<number> {
  const isThere = Bun.which('docker') !== null && (await engineAnswers());
  const hasPlugin = (await attempt(['docker', 'compose', 'version']).catch(() => null))?.code === 0;
  const commands = hasPlugin ? ['docker'] : ['docker', 'docker-compose'];
  const missing = await ensureCommands(isThere ? commands : [...commands, 'dockerd', 'ip']);
  if (missing !== null) throw new Error(missing);
  const isRoot = process.getuid?.() === 0;
  if (!isThere && !isRoot) throw new Error('no engine answers: start one, or be root');
  await buildStandIn(PROJECT, folder);
  if (isThere) return report(await story(folder, {}, freePorts()));

  const self = [process.execPath, import.meta.path, '--inside', folder];
  const child = Bun.spawn(isolated(self), {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill());
  const code = await child.exited;
  // A child that was ended could not say its line.
  return child.signalCode === null ? code : report({ passed: 0, failed: 1 });
}

async function insideNamespaces(folder: string): Promise<number> {
  const engine = await startEngine(join(folder, 'engine'));
  try {
    return report(await story(folder, engine.env, DEFAULT_PORTS));
  } finally {
    await engine.stop();
  }
}

async function story(
  folder: string,
  env: Readonly<Record<string, string>>,
  ports: readonly number[],
): Promise<Counts> {
  const project = `abcd-test-${process.pid}`;
  const base = `${project}-base`;
  const cluster = await Cluster.open(project, { ...env, ABCD_BASE_IMAGE: base }, ports);
  try {
    await importBase(join(folder, 'stand-in.tar'), base, env);
    return await new Scenario(cluster).run();
  } finally {
    await cluster.remove();
    await removeBase(base, env);
  }
}

/** Ports that are free now, on a machine that may use the usual ones. */
function freePorts(): number[] {
  const servers = DEFAULT_PORTS.map(() =>
    Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } }),
  );
  const ports = servers.map((server) => server.port);
  for (const server of servers) server.stop(true);
  return ports;
}

function report({ passed, failed }: Counts): number {
  say(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function guarded(body: () => Promise<number>): Promise<number> {
  try {
    return await body();
  } catch (error) {
    say(String(error));
    return report({ passed: 0, failed: 1 });
  }
}

const [flag, given] = process.argv.slice(2);
if (flag === '--inside' && given !== undefined) {
  process.exitCode = await guarded(() => insideNamespaces(given));
} else {
  const folder = await mkdtemp(join(tmpdir(), 'abcd-docker-'));
  process.exitCode = await guarded(() => prepare(folder));
  await rm(folder, { recursive: true, force: true });
}

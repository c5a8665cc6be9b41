import { type FlagValues, Settings } from '../../lib/settings.ts';
import { type ControlServer, openControl } from '../cluster/control.ts';
import { planCluster, type PlannedNode, type Remembered } from '../cluster/plan.ts';
import { spawner } from '../cluster/process.ts';
import {
  childEnvironment,
  CLUSTER_SETTINGS,
  type ClusterSettings,
  sharedFlags,
} from '../cluster/settings.ts';
import { Supervisor } from '../cluster/supervisor.ts';
import type { Cli } from '../cli.ts';
import { EXIT, ExitError } from '../exit.ts';

/** `cluster`: a whole cluster on this machine, until it is told to stop. */
export async function cluster(
  cli: Cli,
  flags: FlagValues,
  remembered: Remembered,
): Promise<number> {
  const settings = Settings.read(CLUSTER_SETTINGS, flags, cli.environment);
  const size = settings.get('size');
  const basePort = settings.get('basePort');
  const plan = await planCluster({ size, basePort, dataDir: settings.get('dataDir') }, remembered);
  const supervisor = supervise(cli, settings, plan);
  const control = open(supervisor, settings.get('controlPort') ?? basePort - 1);
  supervisor.startAll();
  const failed = await untilTheEnd(cli, supervisor, control, plan);
  await supervisor.stopAll();
  await control.stop();
  return failed ? firstExitCode(supervisor) : EXIT.ok;
}

function supervise(cli: Cli, settings: ClusterSettings, plan: readonly PlannedNode[]): Supervisor {
  const prefixed = settings.get('logConsole') === 'pretty';
  const environment = childEnvironment(cli.environment, settings);
  return new Supervisor(plan, cli, {
    spawn: spawner(environment),
    clock: cli.clock,
    command: [...cli.self, ...sharedFlags(settings), '--stop-with-stdin'],
    onLine: (name, line) => cli.out(prefixed ? `${name} | ${line}\n` : `${line}\n`),
    report: (message) => cli.note(`-- | ${message}\n`),
  });
}

function open(supervisor: Supervisor, port: number): ControlServer {
  try {
    return openControl(supervisor, port);
  } catch {
    const advice = `another cluster may be running; choose another with --control-port`;
    throw new ExitError(EXIT.usage, `the control port ${port} cannot be opened: ${advice}`);
  }
}

/** Waits for the signal to stop; true when there was nothing left to wait for. */
async function untilTheEnd(
  cli: Cli,
  supervisor: Supervisor,
  control: ControlServer,
  plan: readonly PlannedNode[],
): Promise<boolean> {
  const told = new AbortController();
  const stopped = new Promise<false>((resolve) => {
    if (cli.stopping.aborted) resolve(false);
    cli.stopping.addEventListener('abort', () => resolve(false), { once: true });
  });
  const failed = supervisor.allFailed.then(() => true);
  const end = Promise.race([stopped, failed]);
  const announced = announce(cli, supervisor, control, plan, told.signal);
  const result = await end;
  told.abort();
  await announced;
  return result;
}

async function announce(
  cli: Cli,
  supervisor: Supervisor,
  control: ControlServer,
  plan: readonly PlannedNode[],
  signal: AbortSignal,
): Promise<void> {
  if (await supervisor.ready(signal)) cli.note(banner(plan, control.url));
}

/** What to do with a cluster that is ready. */
function banner(plan: readonly PlannedNode[], control: string): string {
  const first = plan[0]?.url ?? '';
  const last = plan.at(-1)?.url ?? first;
  return [
    '',
    plan.length === 1 ? 'The node is ready:' : `The ${plan.length} nodes are ready:`,
    ...plan.map(({ name, url }) => `  ${name}  ${url}`),
    '',
    'Try:',
    `  curl -X PUT ${first}/kv/hello -d world`,
    `  curl ${last}/kv/hello`,
    '',
    `Interface: ${first}/swagger    start and stop nodes: ${control}/nodes    stop: Ctrl-C`,
    '',
    '',
  ].join('\n');
}

function firstExitCode(supervisor: Supervisor): number {
  const codes = supervisor.nodes.map((node) => node.report().exit?.code);
  return codes.find((code) => typeof code === 'number' && code !== EXIT.ok) ?? EXIT.usage;
}

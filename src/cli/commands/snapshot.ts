import type { Command } from 'commander';
import { NODE_SETTINGS } from '../../config.ts';
import { EMPTY_BYTES } from '../../lib/bytes.ts';
import type { FlagValues } from '../../lib/settings.ts';
import { type Backup, readBackup } from '../backup/backup-file.ts';
import { restore } from '../backup/restore.ts';
import { saveBackup } from '../backup/save.ts';
import type { Cli } from '../cli.ts';
import { clientCommand, inSession, type Session, type Tools } from '../client.ts';
import { EXIT, ExitError } from '../exit.ts';
import { addOptions } from '../options.ts';
import { columns } from '../output.ts';
import { dataDirOf, readNodeSettings, resolveConfig } from '../resolve-config.ts';

const RESTORE_HELP = `
Makes the data directory of a node of a new cluster. For a cluster of several, do it for each of
them with the same file and the same --cluster:

  abcd snapshot restore backup.jsonl --name n1 --cluster n1=http://10.0.0.1:8080,n2=…
  abcd snapshot restore backup.jsonl --name n2 --cluster n1=http://10.0.0.1:8080,n2=…

and start them on their directories. The cluster and its members have new ids, made of the file, the
list and --cluster-token: give another token for each further cluster that is made of one file.`;

export function addSnapshotCommands(program: Command, tools: Tools): void {
  const snapshot = program.command('snapshot').description('backups, and clusters made of them');
  clientCommand(snapshot, 'save <file>', 'write a backup of the whole store').action(
    (file: string, flags: FlagValues) => inSession(tools, flags, (session) => save(session, file)),
  );
  snapshot
    .command('status <file>')
    .description('check a backup, and show what is in it')
    .option('--json', 'print JSON, for scripts')
    .action(async (file: string, flags: FlagValues) => {
      printBackup(tools.cli, flags['json'] === true, file, await readBackup(tools.cli, file));
      tools.done(EXIT.ok);
    });
  const { name, dataDir, cluster, clusterToken, port, host, advertiseUrl } = NODE_SETTINGS;
  const settings = { name, dataDir, cluster, clusterToken, port, host, advertiseUrl };
  addOptions(snapshot.command('restore <file>'), settings)
    .description('make the data directory of a new cluster of a backup')
    .option('--json', 'print JSON, for scripts')
    .addHelpText('after', RESTORE_HELP)
    .action(async (file: string, flags: FlagValues) =>
      tools.done(await restoreCommand(tools.cli, flags, file)),
    );
}

async function save(session: Session, file: string): Promise<number> {
  const { cli, client } = session;
  const backup = await saveBackup(cli, client, file);
  printBackup(cli, session.json, file, backup);
  return EXIT.ok;
}

async function restoreCommand(cli: Cli, flags: FlagValues, file: string): Promise<number> {
  const { json, ...given } = flags;
  const settings = readNodeSettings(given, { ...cli.environment, ABCD_JOIN: undefined });
  const dataDir = dataDirOf(settings);
  if (dataDir === null || (settings.get('cluster') === null && settings.get('port') === null)) {
    throw new ExitError(
      EXIT.usage,
      'where will the node be? Say it with --port, or with --name and --cluster',
    );
  }
  const surroundings = { dataDir, stored: null, freePort: 0, readText: cli.readText };
  // Beyond loopback a node needs a secret when it is started, not while its directory is made.
  const config = resolveConfig(
    readNodeSettings({ ...given, insecure: true }, { ...cli.environment, ABCD_JOIN: undefined }),
    surroundings,
  );
  const backup = await readBackup(cli, file);
  const { clusterId, memberId } = await restore(cli, config, backup);
  const answer = { dataDir, clusterId, memberId, name: config.name, ...factsOf(backup) };
  if (json === true) cli.out(`${JSON.stringify(answer)}\n`);
  else {
    cli.out(`${dataDir} is member ${memberId} (${config.name}) of the new cluster ${clusterId}\n`);
    cli.out(`revision ${answer.revision}, ${answer.keys} keys, ${answer.leases} leases\n`);
    cli.note(`start it:\n  ${cli.invocation} --data-dir ${dataDir}\n`);
  }
  return EXIT.ok;
}

/** What a backup holds, for people. */
function factsOf({ header, bytes, hash, machine }: Backup) {
  const { view } = machine;
  return {
    revision: view.revision,
    compactRevision: view.compactRevision,
    keys: view.count(EMPTY_BYTES, null),
    leases: view.leaseCount,
    index: header.index,
    term: header.term,
    fromCluster: header.clusterId,
    bytes,
    sha256: hash,
    stateHash: machine.hash(),
  };
}

function printBackup(cli: Cli, json: boolean, file: string, backup: Backup): void {
  const facts = { file, ...factsOf(backup) };
  const lines = json
    ? [JSON.stringify(facts)]
    : columns(Object.entries(facts).map(([name, value]) => [name, String(value)]));
  for (const line of lines) cli.out(`${line}\n`);
}

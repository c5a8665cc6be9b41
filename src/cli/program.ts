import { Command, CommanderError } from 'commander';
import { NODE_SETTINGS } from '../config.ts';
import { ConfigError, type FlagValues } from '../lib/settings.ts';
import type { Cli } from './cli.ts';
import type { Tools } from './client.ts';
import { CLUSTER_SETTINGS } from './cluster/settings.ts';
import { cluster } from './commands/cluster.ts';
import { addCompactCommand } from './commands/compact.ts';
import { addDelCommand } from './commands/del.ts';
import { addElectCommand } from './commands/elect.ts';
import { addGetCommand } from './commands/get.ts';
import { addLeaseCommands } from './commands/lease.ts';
import { addLockCommand } from './commands/lock.ts';
import { addMemberCommands } from './commands/member.ts';
import { addPutCommand } from './commands/put.ts';
import { addSimCommand } from './commands/sim.ts';
import { addSnapshotCommands } from './commands/snapshot.ts';
import { addStatusCommand } from './commands/status.ts';
import { addTxnCommand } from './commands/txn.ts';
import { addWatchCommand } from './commands/watch.ts';
import { EXIT, ExitError } from './exit.ts';
import { limitsMarkdown } from './limits-markdown.ts';
import { addOptions, settingsMarkdown } from './options.ts';
import { run } from './run.ts';
import { rememberedSettings } from './stored-identity.ts';

/** Does what the arguments (without the program's name) say; resolves with the exit code. */
export async function main(cli: Cli, args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = programOf(cli, (code) => {
    exitCode = code;
  });
  try {
    refuseUnknownCommand(program, args);
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof ConfigError) return failed(cli, EXIT.usage, error.message);
    if (error instanceof ExitError) return failed(cli, error.exitCode, error.message);
    throw error;
  }
}

/**
 * The root has an action of its own, for which Commander would take an unknown command's name for
 * an argument too many, and its flags for unknown ones.
 */
function refuseUnknownCommand(program: Command, args: readonly string[]): void {
  const [name] = program.parseOptions([...args]).operands;
  if (name === undefined || name === 'help') return;
  if (program.commands.some((command) => command.name() === name)) return;
  program.error(`error: unknown command '${name}'; --help lists the commands`, {
    code: 'commander.unknownCommand',
  });
}

function failed(cli: Cli, exitCode: number, message: string): number {
  cli.note(`error: ${message}\n`);
  return exitCode;
}

/** The command tree. Root options stand before the command's name, its own behind it. */
function programOf(cli: Cli, done: (exitCode: number) => void): Command {
  const program = new Command('abcd')
    .description('Runs a node of a strongly consistent key-value store, or talks to one.')
    .version(cli.version)
    .enablePositionalOptions()
    .helpCommand('help [command]', 'show this, or the help of a command')
    .exitOverride()
    .configureOutput({ writeOut: cli.out, writeErr: cli.note })
    .action(async (flags: FlagValues) => done(await run(cli, flags)));
  addOptions(program, NODE_SETTINGS);
  addOptions(program.command('cluster'), CLUSTER_SETTINGS)
    .description('run a whole cluster on this machine')
    .action(async (flags: FlagValues) => done(await cluster(cli, flags, rememberedSettings)));
  program
    .command('settings')
    .description('print the settings of a node as a Markdown table')
    .action(() => cli.out(settingsMarkdown(NODE_SETTINGS)));
  program
    .command('limits')
    .description('print the limits of a node as a Markdown table')
    .action(() => cli.out(limitsMarkdown(NODE_SETTINGS)));
  addClientCommands(program, { cli, done });
  addSimCommand(program, cli, done);
  return program;
}

/** What talks to a cluster, in the order of `--help`. */
function addClientCommands(program: Command, tools: Tools): void {
  addGetCommand(program, tools);
  addPutCommand(program, tools);
  addDelCommand(program, tools);
  addTxnCommand(program, tools);
  addWatchCommand(program, tools);
  addLeaseCommands(program, tools);
  addLockCommand(program, tools);
  addElectCommand(program, tools);
  addStatusCommand(program, tools);
  addMemberCommands(program, tools);
  addCompactCommand(program, tools);
  addSnapshotCommands(program, tools);
}

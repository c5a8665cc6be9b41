import { type Command, Option } from 'commander';
import type { Setting } from '../lib/setting.ts';
import { flagOf, type SettingTable, variableOf } from '../lib/settings.ts';

/** Adds an option for each setting of a table, with defaults and variables in the help. */
export function addOptions(command: Command, table: SettingTable): Command {
  for (const [key, setting] of Object.entries(table)) {
    command.addOption(new Option(usageOf(key, setting), helpOf(key, setting)));
  }
  return command;
}

/** The settings as a Markdown table, for the README. */
export function settingsMarkdown(table: SettingTable): string {
  const rows = Object.entries(table).map(([key, setting]) =>
    [`\`${usageOf(key, setting)}\``, `\`${variableOf(key)}\``, setting.fallbackText, setting.help]
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | '),
  );
  return ['flag | variable | default | meaning', '---|---|---|---', ...rows]
    .map((row) => `| ${row} |\n`)
    .join('');
}

function usageOf(key: string, { placeholder }: Setting<unknown>): string {
  return placeholder === null ? flagOf(key) : `${flagOf(key)} <${placeholder}>`;
}

function helpOf(key: string, { help, fallbackText }: Setting<unknown>): string {
  const fallback = fallbackText === '' ? '' : `default: ${fallbackText}, `;
  return `${help} (${fallback}env: ${variableOf(key)})`;
}

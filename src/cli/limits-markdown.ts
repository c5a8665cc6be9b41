import { flagOf, type SettingTable } from '../lib/settings.ts';
import { formatDuration, formatSize } from '../lib/quantities.ts';
import { ERRORS } from '../wire/errors.ts';
import { LIMITS } from '../wire/limits.ts';

type Limit = (typeof LIMITS)[keyof typeof LIMITS];

/** The limits as a Markdown table, for the README. */
export function limitsMarkdown(settings: SettingTable): string {
  const rows = Object.entries(LIMITS).map(([name, limit]) =>
    [`\`${name}\``, valueOf(limit, settings), flagIn(limit), limit.what, limit.where, saidIn(limit)]
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | '),
  );
  return ['limit | default | flag | of | kept by | beyond it', '---|---|---|---|---|---', ...rows]
    .map((row) => `| ${row} |\n`)
    .join('');
}

function valueOf({ setting, fixed, unit }: Limit, settings: SettingTable): string {
  if (setting !== null) return settings[setting]?.fallbackText ?? '';
  const value: number = fixed ?? 0;
  if (unit === 'bytes') return formatSize(value);
  return unit === 'ms' ? formatDuration(value) : String(value);
}

function flagIn({ setting }: Limit): string {
  return setting === null ? '' : `\`${flagOf(setting)}\``;
}

function saidIn({ code }: Limit): string {
  return code === null ? '' : `${ERRORS[code].status} \`${code}\``;
}

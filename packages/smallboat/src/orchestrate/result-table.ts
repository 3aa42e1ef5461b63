import type { RunStore, RunView } from '../flow/index.ts';

/** Letters of a value that are shown. */
const MOST = 200;

/** A run's result as a table in Markdown: a line each, long values cut. */
export async function resultTable(store: RunStore, { info, result, steps }: RunView): Promise<string> {
  const rows: string[] = [];
  for (const [name, key] of Object.entries(result)) {
    const bytes = await store.size(info.flow, key);
    // A large value is read by nobody in a table.
    const value = bytes > 1 << 16 ? `${bytes} bytes` : shown(await store.load(info.flow, key));
    rows.push(`| ${name} | ${value} |`);
  }
  const tasks = steps.flatMap(({ tasks: all }) => all);
  return [
    `Run \`${info.flow}/${info.run}\`: ${tasks.length} tasks of ${steps.length} steps.`,
    '',
    '| result | value |',
    '| --- | --- |',
    ...rows,
  ].join('\n');
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  const cut = text.length > MOST ? `${text.slice(0, MOST)}…` : text;
  return `\`${cut.replaceAll('|', '\\|').replaceAll('`', "'")}\``;
}

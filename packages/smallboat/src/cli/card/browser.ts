import { spawn } from 'node:child_process';
import type { Io } from '../../kernel/index.ts';

/** Opens an address in the reader's browser, if this is a terminal of a machine that has one. What comes of it nobody waits for. */
export function openInBrowser(address: string, io: Io): void {
  if (!io.isTerminal) return;
  const known = { darwin: ['open'], win32: ['cmd', '/c', 'start', ''] } as const;
  const [command = 'xdg-open', ...args] =
    io.env['BROWSER'] === undefined ? (known[process.platform as keyof typeof known] ?? []) : [io.env['BROWSER']]; // One that is not there has no entry.
  const child = spawn(command, [...args, address], { stdio: 'ignore', detached: true });
  child.on('error', () => io.err(`There is no browser to open it in: ${address}`));
  child.unref();
}

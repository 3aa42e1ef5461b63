import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/** Memory of a process and all of its descendants at one moment. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Pages shared by several processes are counted once. */
  readonly bytes: number;
}

export interface Measured {
  readonly seconds: number;
  /** Seconds of processor time, of the process and those that it waited for: what a busy machine changes least. Linux. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly samples: readonly Sample[];
}

export interface MeasureOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds between samples; default 100. */
  readonly every?: number;
}

/** Runs a command and measures its wall time and the memory of its process tree (Linux: from /proc). */
export async function measure(
  command: string,
  args: readonly string[],
  options: MeasureOptions = {},
): Promise<Measured> {
  const started = performance.now();
  const cpuBefore = childrenCpuSeconds();
  const child = spawn(command, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const samples: Sample[] = [];
  const { pid = 0 } = child;
  const timer = setInterval(() => samples.push({ at: Date.now(), bytes: treeBytes(pid) }), options.every ?? 100);
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  clearInterval(timer);
  const peakBytes = samples.reduce((most, s) => Math.max(most, s.bytes), 0);
  const cpuSeconds = childrenCpuSeconds() - cpuBefore;
  return { seconds: (performance.now() - started) / 1000, cpuSeconds, peakBytes, exitCode, stdout, stderr, samples };
}

/** The most memory between two moments (milliseconds since 1970), in bytes; 0 if no sample fell between them. */
export function peakBetween(samples: readonly Sample[], from: number, to: number): number {
  return samples.reduce((most, s) => (s.at >= from && s.at <= to ? Math.max(most, s.bytes) : most), 0);
}

/** Processor time of the children that have ended: fields 16 and 17 of proc_pid_stat(5), in ticks of 10 ms. */
function childrenCpuSeconds(): number {
  const stat = read('/proc/self/stat');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

function treeBytes(root: number): number {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = read(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return bytesOf(tree);
}

/**
 * Memory of processes: their proportional set sizes, up to 1 GiB of resident pages. For more than that Linux goes through so
 * many pages, with the process held up meanwhile, that measuring would slow what is measured: then the pages that are
 * each process's own, and those shared of the one that has most of them.
 */
function bytesOf(pids: readonly number[]): number {
  const pages = pids.map((pid) => read(`/proc/${pid}/statm`).split(' ').map(Number));
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  const resident = pages.map(([, all = 0]) => all * PAGE_BYTES);
  if (sum(resident) <= 2 ** 30) {
    return sum(pids.map((pid) => Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024));
  }
  const shared = pages.map(([, , some = 0]) => some * PAGE_BYTES);
  return sum(resident) - sum(shared) + Math.max(...shared);
}

/** As on x86-64 and most ARM. */
const PAGE_BYTES = 4096;

/** A process that has just ended has no files any more: it counts for nothing. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error) return '';
    throw error;
  }
}

/** `12.3 s`, `850 MiB`: for tables. */
export const seconds = (s: number): string => (s < 10 ? s.toFixed(2) : s.toFixed(1));
export const mebibytes = (bytes: number): string => Math.round(bytes / 2 ** 20).toString();

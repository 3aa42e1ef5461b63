import { cpSync, existsSync, mkdtempSync, readFileSync, symlinkSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { spawn } from 'node:child_process';
import type { RunEvent } from '../../packages/smallboat/src/flow/index.ts';
import { type BatchStandIn, batchStandIn } from '../../packages/smallboat/src/flow/testing/batch-stand-in.ts';
import {
  type KubernetesStandIn,
  kubernetesStandIn,
} from '../../packages/smallboat/src/flow/testing/kubernetes-stand-in.ts';

/** What both stand-ins have, in words of neither. */
export interface Service extends AsyncDisposable {
  readonly compute: 'batch' | 'kubernetes';
  /** For people. */
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Containers that were started for a step. */
  started(step: string): number;
  /** Resolves when a container for the step runs. */
  running(step: string): Promise<void>;
  /** Takes the machine of a step's container away. */
  loseMachine(step: string): void;
  /** All that was asked to be started. */
  readonly submitted: readonly object[];
  /** Services by which pods find each other, as they were sent. */
  readonly names: () => readonly object[];
}

export interface ServiceOptions {
  /** How long a second of the service is, in milliseconds. */
  readonly secondMilliseconds?: number;
  readonly machine?: Readonly<Record<string, string>>;
}

export type MakeService = (options?: ServiceOptions) => Promise<Service>;

export async function batch(options: ServiceOptions = {}): Promise<Service> {
  const { secondMilliseconds = 1000, machine = {} } = options;
  const standIn = await batchStandIn({ secondMilliseconds, graceMilliseconds: 30 * secondMilliseconds, machine });
  return {
    ...serviceOfBatch(standIn),
    [Symbol.asyncDispose]: () => standIn[Symbol.asyncDispose](),
  };
}

function serviceOfBatch(standIn: BatchStandIn): Omit<Service, typeof Symbol.asyncDispose> {
  const of = (step: string) => standIn.jobs.filter((job) => job.parameters['metaflow.step_name'] === step);
  return {
    compute: 'batch',
    name: 'AWS Batch',
    env: { ...standIn.env, METAFLOW_BATCH_JOB_QUEUE: standIn.queue },
    started: (step) => of(step).filter(({ nodeDetails }) => !nodeDetails).length,
    running: async (step) => {
      await standIn.waitFor((job) => job.parameters['metaflow.step_name'] === step && job.status === 'RUNNING');
    },
    loseMachine: (step) => standIn.loseHost(of(step).at(-1)?.jobId ?? ''),
    submitted: standIn.jobs,
    names: () => [],
  };
}

export async function kubernetes({ secondMilliseconds = 1000, machine = {} }: ServiceOptions = {}): Promise<Service> {
  const standIn = await kubernetesStandIn({ secondMilliseconds, machine });
  return {
    ...serviceOfKubernetes(standIn),
    [Symbol.asyncDispose]: () => standIn[Symbol.asyncDispose](),
  };
}

function serviceOfKubernetes(standIn: KubernetesStandIn): Omit<Service, typeof Symbol.asyncDispose> {
  const stepOf = (of: { readonly metadata: Readonly<Record<string, unknown>> }): unknown =>
    (of.metadata['annotations'] as Readonly<Record<string, unknown>>)['metaflow/step_name'];
  return {
    compute: 'kubernetes',
    name: 'Kubernetes',
    env: standIn.env,
    started: (step) => standIn.manifests.filter((one) => stepOf(one as never) === step).length,
    running: async (step) => {
      await standIn.waitForPod((pod) => stepOf(pod) === step && pod.status['phase'] === 'Running');
    },
    loseMachine: (step) =>
      standIn.loseNode([...standIn.pods.values()].findLast((pod) => stepOf(pod) === step)?.metadata.name ?? ''),
    submitted: standIn.manifests,
    names: () => [...standIn.services.values()],
  };
}

/** A copy of the project whose flows run, as a user has it; its own folder for what is written. */
export function aProject(): {
  readonly root: string;
  readonly flows: string;
  readonly module: string;
  readonly folder: string;
} {
  const root = mkdtempSync(join(tmpdir(), 'smallboat-shop-'));
  cpSync(fileURLToPath(new URL('./project/', import.meta.url)), root, { recursive: true });
  mkdirSync(join(root, 'node_modules'));
  const packages = fileURLToPath(new URL('../../node_modules/', import.meta.url));
  symlinkSync(
    fileURLToPath(new URL('../../packages/smallboat', import.meta.url)),
    join(root, 'node_modules/smallboat'),
  );
  symlinkSync(join(packages, 'zod'), join(root, 'node_modules/zod'));
  const folder = mkdtempSync(join(tmpdir(), 'smallboat-runs-'));
  const flows = join(root, 'flows.ts');
  return { root, flows, module: pathToFileURL(flows).href, folder };
}

/** Names of the bodies that ran, and where each did. */
export function ran(folder: string): readonly { readonly name: string; readonly where: string }[] {
  const path = join(folder, 'ran');
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return lines.map((line) => ({ name: line.split(' ')[0] ?? '', where: line.split(' ')[1] ?? '' }));
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const program = fileURLToPath(new URL('../../packages/smallboat/bin/smallboat.js', import.meta.url));

/** Runs the command line as a user would, in a process of its own. */
export function smallboat(
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
) {
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, ...env },
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...said })));
  return { child, said, ended };
}

/** What a run told, by kind. */
export function recorder(): { readonly events: RunEvent[]; readonly onEvent: (event: RunEvent) => void } {
  const events: RunEvent[] = [];
  return { events, onEvent: (event) => void events.push(event) };
}

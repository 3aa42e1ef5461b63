import type { FlowRun } from 'smallboat/flow';
import { deploy } from './steps/deploy.ts';
import type { FolderFiles } from './steps/folder-files.ts';
import { writeFolder } from './steps/folder-files.ts';
import { monitor } from './steps/monitor.ts';
import { select } from './steps/select.ts';
import { transform } from './steps/transform.ts';
import { validate } from './steps/validate.ts';

/** Puts what steps on other machines made for people where it lies when they run here. Of steps that ran here nothing is written. */
export async function bringHome(run: FlowRun<unknown>, home: string): Promise<void> {
  for (const step of [transform, validate, select, deploy, monitor]) {
    for (const { kept } of await run.read<{ readonly kept: FolderFiles }>(step)) await writeFolder(home, kept);
  }
}

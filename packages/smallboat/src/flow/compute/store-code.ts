import { relative, sep } from 'node:path';
import type { CodeOptions } from '../options.ts';
import type { CodePackage, RunStore } from '../store/run-store.ts';
import { moduleFile } from './code/bundle.ts';
import { packCode } from './code/code-package.ts';
import { appRoot } from './code/place.ts';

/** Makes a flow's code package and keeps it in the store; the same code is kept once. Rejects as `packCode` does. */
export async function storeCode(
  store: RunStore,
  { module, flow, code }: { readonly module: string; readonly flow: string; readonly code?: CodeOptions | undefined },
): Promise<CodePackage> {
  const packed = await packCode({ module, flow, code });
  return store.saveBytes(flow, packed.bytes);
}

/** The folder of a code package that is `cwd` in the flow's own code: `app`, `app/flows`; `app` where it lies elsewhere. */
export function folderInCode(module: string, cwd: string): string {
  const inside = relative(appRoot(moduleFile(module)), cwd);
  return inside === '' || inside.startsWith('..') ? 'app' : `app/${inside.split(sep).join('/')}`;
}

import { briefOf } from './brief.ts';
import type { ErrorComponent } from './components.ts';

/** What was thrown, as a component. */
export function errorOf(thrown: unknown, { title }: { readonly title?: string } = {}): ErrorComponent {
  const shared = { kind: 'error', ...(title === undefined ? {} : { title }) } as const;
  if (!(thrown instanceof Error))
    return { ...shared, message: typeof thrown === 'string' ? thrown : briefOf(thrown).text };
  return {
    ...shared,
    message: thrown.message,
    ...('code' in thrown && typeof thrown.code === 'string' ? { code: thrown.code } : {}),
    ...(thrown.stack === undefined ? {} : { stack: thrown.stack }),
  };
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { projectErrors } from '../project/errors.ts';

const run = promisify(execFile);

/** Gets a revision of a repository into a new folder. @returns the commit. @throws `GIT_FAILED`. */
export async function checkout(
  address: string,
  revision: string | undefined,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const git = async (...args: string[]): Promise<string> => {
    const options = {
      ...(signal ? { signal } : {}),
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
      maxBuffer: 64 * 1024 * 1024,
    };
    const { stdout } = await run('git', args, options);
    return stdout.trim();
  };
  try {
    await git('init', '--quiet', folder);
    await git('-C', folder, 'remote', 'add', 'origin', address);
    const wanted = revision ?? 'HEAD';
    try {
      await git('-C', folder, 'fetch', '--quiet', '--depth', '1', 'origin', wanted);
      await git('-C', folder, 'checkout', '--quiet', '--detach', 'FETCH_HEAD');
    } catch {
      // Not every server gives a commit by its id, nor a short one.
      await git('-C', folder, 'fetch', '--quiet', '--tags', 'origin', '+refs/heads/*:refs/remotes/origin/*');
      await git('-C', folder, 'checkout', '--quiet', '--detach', wanted).catch(() =>
        git('-C', folder, 'checkout', '--quiet', '--detach', `origin/${wanted}`),
      );
    }
    return await git('-C', folder, 'rev-parse', 'HEAD');
  } catch (cause) {
    signal?.throwIfAborted();
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const problem = isMissing ? 'the program git is not installed' : (said.split('\n').at(-1) ?? '');
    throw projectErrors.GIT_FAILED({ address, revision: revision ?? 'HEAD', problem }, { cause });
  }
}

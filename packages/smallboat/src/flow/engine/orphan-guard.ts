import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';

const SHELL = '/bin/sh';

/** Hears of processes line by line, `+ 17` and `- 17`, and kills those that are left when nobody can say anything more. */
const SCRIPT = `
trap '' HUP INT QUIT TERM
all=' '
while read -r what pid; do
  case "$what$all" in
    +*) all="$all$pid " ;;
    -*" $pid "*) all="\${all%% $pid *} \${all#* $pid }" ;;
  esac
done
[ "$all" = ' ' ] || kill -9 $all
`;

/** Whether this machine has what `endWithThisProcess` needs. Where it does not, a process must look after itself. */
export const CAN_GUARD: boolean = existsSync(SHELL);

let guard: ChildProcess | undefined;

/**
 * Has a process ended when this one is gone, by SIGKILL too: one that computes without a pause would not notice. One shell does it for all of them:
 * it waits for the end of a pipe that this process has open, and takes no processor time and 0.2 MiB.
 */
export function endWithThisProcess(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  // Starting a program takes a millisecond or two: first whoever waits for the child goes on.
  setImmediate(() => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    guard ??= startGuard();
    guard.stdin?.write(`+ ${pid}\n`);
    child.once('exit', () => guard?.stdin?.write(`- ${pid}\n`));
  });
}

/** In a session of its own: what is sent to all processes of this one's group is not for it. */
function startGuard(): ChildProcess {
  const started = spawn(SHELL, ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  started.unref();
  if (started.stdin instanceof Socket) started.stdin.unref();
  // One that somebody ended guards nothing: a process notices the end of its parent when it next pauses.
  started.on('error', () => undefined);
  started.stdin?.on('error', () => undefined);
  return started;
}

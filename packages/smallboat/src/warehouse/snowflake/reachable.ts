import { connect } from 'node:net';

/** Whether somebody listens at the account's address, asked for 2 seconds at most. Behind a proxy nobody may, and all is well. */
export function reachable(account: string, accessUrl?: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(accessUrl ?? `https://${account}.snowflakecomputing.com`);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) || (protocol === 'http:' ? 80 : 443), timeout: 2000 });
    const say = (isThere: boolean) => (): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', say(true)).once('error', say(false)).once('timeout', say(false));
  });
}

import { proxyActivities } from '@temporalio/workflow';

const { add, square } = proxyActivities<{ add(n: number): Promise<number>; square(x: number): Promise<number> }>({
  startToCloseTimeout: '1 minute',
  retry: { maximumAttempts: 2 },
});

export async function line(count: number): Promise<number> {
  let n = 0;
  for (let i = 0; i < count; i += 1) n = await add(n);
  return n;
}

export async function wide(count: number): Promise<number> {
  const all = await Promise.all(Array.from({ length: count }, (_, i) => square(i)));
  return all.reduce((sum, one) => sum + one, 0);
}

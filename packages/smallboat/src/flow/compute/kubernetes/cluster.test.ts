import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findCluster } from './cluster.ts';

const folder = mkdtempSync(join(tmpdir(), 'smallboat-kube-'));

/** A kubeconfig with one user, in YAML as `kubectl` writes it. */
function config(user: string, cluster = 'server: https://cluster.shop.com:6443'): Record<string, string> {
  const path = join(folder, `config-${Math.random()}`);
  writeFileSync(
    path,
    `apiVersion: v1
kind: Config
current-context: prod
contexts:
- {name: dev, context: {cluster: d, user: d}}
- {name: prod, context: {cluster: c, user: u, namespace: ml}}
clusters:
- name: c
  cluster:
    ${cluster}
users:
- name: u
  user:
    ${user}
`,
  );
  return { KUBECONFIG: path };
}

describe('a cluster', () => {
  it('is that of the current context', () => {
    const cluster = findCluster(
      config(
        'token: abc',
        `server: https://cluster.shop.com:6443\n    certificate-authority-data: ${Buffer.from('PEM').toString('base64')}`,
      ),
    );
    expect(cluster).toMatchObject({ ca: 'PEM', namespace: 'ml', isUnchecked: false });
    expect(cluster.server.href).toBe('https://cluster.shop.com:6443/');
  });

  it.each([
    ['token: abc', { authorization: 'Bearer abc' }],
    ['{username: ada, password: pw}', { authorization: `Basic ${Buffer.from('ada:pw').toString('base64')}` }],
    [`{client-certificate-data: ${btoa('C')}, client-key-data: ${btoa('K')}}`, { cert: 'C', key: 'K' }],
  ])('lets in by %s', async (user, credentials) => {
    expect(await findCluster(config(user)).credentials()).toEqual(credentials);
  });

  it('reads a token anew from its file', async () => {
    writeFileSync(join(folder, 'token'), 'one\n');
    const cluster = findCluster(config('tokenFile: token'));
    expect(await cluster.credentials()).toEqual({ authorization: 'Bearer one' });
    writeFileSync(join(folder, 'token'), 'two\n');
    expect(await cluster.credentials()).toEqual({ authorization: 'Bearer two' });
  });

  it('asks a program for credentials, and again only when they have ended', async () => {
    const program = join(folder, 'login');
    const answer = (until: string) =>
      `#!/bin/sh\necho x >> ${join(folder, 'calls')}\necho '{"kind":"ExecCredential","status":{"token":"t'$REGION'","expirationTimestamp":"${until}"}}'\n`;
    writeFileSync(program, answer('2999-01-01T00:00:00Z'));
    chmodSync(program, 0o755);
    const env = {
      PATH: process.env['PATH'],
      ...config(`{exec: {command: ${program}, args: [a], env: [{name: REGION, value: eu}]}}`),
    };
    const cluster = findCluster(env);
    for (let i = 0; i < 3; i += 1) expect(await cluster.credentials()).toEqual({ authorization: 'Bearer teu' });
    expect(readFileSync(join(folder, 'calls'), 'utf8')).toBe('x\n');
  });

  it('says which program failed', async () => {
    const cluster = findCluster(config('{exec: {command: no-such-login, args: [--cluster, prod]}}'));
    await expect(cluster.credentials()).rejects.toMatchObject({
      code: 'KUBERNETES_LOGIN_FAILED',
      facts: { command: 'no-such-login --cluster prod' },
    });
  });

  it('says what a configuration lacks', () => {
    expect(() => findCluster({ KUBECONFIG: join(folder, 'nowhere') })).toThrow(
      expect.objectContaining({ code: 'KUBECONFIG_UNUSABLE' }),
    );
    const env = config('token: abc');
    const path = env['KUBECONFIG'] ?? '';
    writeFileSync(path, readFileSync(path, 'utf8').replace('current-context: prod', 'current-context: gone'));
    expect(() => findCluster(env)).toThrow(/no context 'gone'/);
  });
});

import { expect, it } from 'vitest';
import { bootstrapCommand } from './bootstrap-command.ts';
import { signed } from './bootstrap.ts';

// "Example: GET Bucket Lifecycle" of AWS's page on signatures in the Authorization header (Signature Version 4 of S3).
it('signs as AWS shows it', () => {
  const headers = signed(new URL('https://examplebucket.s3.amazonaws.com/?lifecycle='), {
    region: 'us-east-1',
    keys: { id: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
    now: new Date('2013-05-24T00:00:00Z'),
  });
  expect(headers['authorization']).toBe(
    'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
      'SignedHeaders=host;x-amz-content-sha256;x-amz-date, ' +
      'Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  );
});

it('is a command that needs a shell and Node, the same each time, and shorter than services take', async () => {
  const [shell, flag, script, code] = await bootstrapCommand();
  expect([shell, flag]).toEqual(['sh', '-c']);
  expect(script).toContain('exec node');
  expect(await bootstrapCommand()).toEqual([shell, flag, script, code]);
  expect(code?.length).toBeLessThan(8000);
  expect(code).not.toMatch(/\$\$|Ref::/);
});

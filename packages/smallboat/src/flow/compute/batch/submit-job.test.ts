import { describe, expect, it } from 'vitest';
import { kindOf, submitOnce } from './submit-job.ts';

const error = (name: string, status?: number): Error =>
  Object.assign(new Error('no'), { name, ...(status === undefined ? {} : { $metadata: { httpStatusCode: status } }) });

/** Tries a submission whose questions are answered in this order; what was asked. */
async function attempt(answers: readonly (string | Error)[], there: readonly (string | undefined)[] = []) {
  const [questions, finds] = [[...answers], [...there]];
  const asked: string[] = [];
  const id = await submitOnce({
    submit: () => {
      asked.push('submit');
      const answer = questions.shift() ?? error('ServerException', 500);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    find: () => {
      asked.push('find');
      return Promise.resolve(finds.shift());
    },
    wait: () => Promise.resolve(),
  }).catch((e: unknown) => e);
  return { id, asked };
}

describe('a submission', () => {
  it('is tried again, without more ado, where the service has too much to do', async () => {
    const { id, asked } = await attempt([
      error('TooManyRequestsException', 429),
      error('ThrottlingException', 400),
      'j1',
    ]);
    expect(id).toBe('j1');
    expect(asked).toEqual(['submit', 'submit', 'submit']);
  });

  it('looks for the job before it is tried again, where it may have arrived', async () => {
    expect(await attempt([error('TimeoutError'), 'j2'], ['j1'])).toEqual({ id: 'j1', asked: ['submit', 'find'] });
    expect(await attempt([error('ServerException', 500), 'j2'], [undefined])).toEqual({
      id: 'j2',
      asked: ['submit', 'find', 'submit'],
    });
  });

  it('is given up at once where it is refused', async () => {
    const { id, asked } = await attempt([error('ClientException', 400)]);
    expect(id).toMatchObject({ name: 'ClientException' });
    expect(asked).toEqual(['submit']);
  });

  it('is given up in the end', async () => {
    const { asked } = await attempt([]);
    expect(asked.filter((what) => what === 'submit')).toHaveLength(12);
  });
});

it('does not try again without credentials', () => {
  expect(kindOf(error('CredentialsProviderError'))).toBe('refused');
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobName, jobTags } from './job-names.ts';

const labels = { user: 'ada', flow: 'Intent', run: '1795433364090388', step: 'train', task: '4', attempt: 0 };

describe('a job’s name', () => {
  it('is Metaflow’s', () => {
    expect(jobName(labels)).toBe('ada-Intent-1795433364090388-train-4-0');
  });

  it('is one that AWS Batch takes, and another for each attempt, whatever the parts are', () => {
    const text = fc.string({ minLength: 1, maxLength: 150 });
    fc.assert(
      fc.property(text, fc.stringMatching(/^\w{1,130}$/), fc.nat(20), (user, step, attempt) => {
        const own = { ...labels, user, step, attempt };
        expect(jobName(own)).toMatch(/^[a-zA-Z0-9][\w-]{0,127}$/);
        expect(jobName({ ...own, attempt: attempt + 1 })).not.toBe(jobName(own));
      }),
    );
  });
});

describe('a job’s tags', () => {
  it('are the step’s over those of the settings, and name the run where that is wanted', () => {
    const tags = { team: 'search', cost: 'a' };
    expect(jobTags(labels, { emitsTags: false, tags, own: { cost: 'b' } })).toEqual({ team: 'search', cost: 'b' });
    expect(jobTags(labels, { emitsTags: true, tags: {} })).toMatchObject({
      app: 'smallboat',
      'metaflow.flow_name': 'Intent',
      'metaflow.user': 'ada',
    });
  });

  it('have no character that AWS refuses', () => {
    expect(jobTags(labels, { emitsTags: false, tags: { 'a,b': 'c|d é' } })).toEqual({ ab: 'cd ' });
  });
});

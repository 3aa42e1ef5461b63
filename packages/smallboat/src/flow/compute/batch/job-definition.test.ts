import { describe, expect, it } from 'vitest';
import { type JobShape, jobDefinition } from './job-definition.ts';

const shape: JobShape = {
  platform: 'EC2',
  image: 'node:24-slim',
  command: ['node'],
  needs: {},
  jobRole: 'arn:aws:iam::1:role/job',
};

describe('a job definition', () => {
  it('is named by its shape: the same for two tasks that need the same', () => {
    const name = (more: Partial<JobShape> = {}): string => jobDefinition({ ...shape, ...more }).jobDefinitionName;
    expect(name()).toBe(name());
    const others = [
      name({ image: 'node:22' }),
      name({ needs: { gpu: 1 } }),
      name({ platform: 'FARGATE' }),
      name({ jobRole: 'arn:x' }),
    ];
    expect(new Set([name(), ...others]).size).toBe(5);
    expect(name()).toMatch(/^smallboat_[0-9a-f]{40}$/);
  });

  it('asks for one CPU and 4 GiB where the step asks for nothing, and has one attempt', () => {
    expect(jobDefinition(shape)).toMatchObject({
      type: 'container',
      retryStrategy: { attempts: 1 },
      propagateTags: true,
      containerProperties: {
        image: 'node:24-slim',
        jobRoleArn: 'arn:aws:iam::1:role/job',
        resourceRequirements: [
          { type: 'VCPU', value: '1' },
          { type: 'MEMORY', value: '4096' },
        ],
      },
    });
  });

  it('asks EC2 for whole CPUs, GPUs and shared memory', () => {
    const { containerProperties } = jobDefinition({
      ...shape,
      needs: { cpu: 1.5, memoryMiB: 8000.2, gpu: 2, sharedMemoryMiB: 256, diskMiB: 90_000 },
    });
    expect(containerProperties).toMatchObject({
      resourceRequirements: [
        { type: 'VCPU', value: '2' },
        { type: 'MEMORY', value: '8001' },
        { type: 'GPU', value: '2' },
      ],
      linuxParameters: { sharedMemorySize: 256 },
    });
    expect(containerProperties).not.toHaveProperty('ephemeralStorage');
  });

  it('asks Fargate for parts of a CPU, a network, a role to start with, and for disk above the 20 GiB that there are', () => {
    const needs = { cpu: 0.5, memoryMiB: 1024, sharedMemoryMiB: 64 };
    const fargate = { ...shape, platform: 'FARGATE', executionRole: 'arn:aws:iam::1:role/start', needs } as const;
    const { containerProperties, platformCapabilities } = jobDefinition(fargate);
    expect(platformCapabilities).toEqual(['FARGATE']);
    expect(containerProperties).toMatchObject({
      resourceRequirements: [
        { type: 'VCPU', value: '0.5' },
        { type: 'MEMORY', value: '1024' },
      ],
      networkConfiguration: { assignPublicIp: 'ENABLED' },
      executionRoleArn: 'arn:aws:iam::1:role/start',
    });
    expect(containerProperties).not.toHaveProperty('linuxParameters');
    expect(containerProperties).not.toHaveProperty('ephemeralStorage');
    const more = jobDefinition({ ...fargate, needs: { diskMiB: 30_000 } });
    expect(more.containerProperties?.ephemeralStorage).toEqual({ sizeInGiB: 30 });
  });

  it('has nodes that are all alike where several of it run at once', () => {
    const made = jobDefinition({ ...shape, nodes: 3 });
    expect(made).not.toHaveProperty('containerProperties');
    expect(made).toMatchObject({
      type: 'multinode',
      nodeProperties: { numNodes: 3, mainNode: 0, nodeRangeProperties: [{ targetNodes: '0:2' }] },
    });
    const [range] = made.nodeProperties?.nodeRangeProperties ?? [];
    expect(range?.container).toEqual(jobDefinition(shape).containerProperties);
    expect(made.jobDefinitionName).not.toBe(jobDefinition({ ...shape, nodes: 2 }).jobDefinitionName);
  });
});

import type {
  ContainerProperties,
  RegisterJobDefinitionCommandInput,
  ResourceRequirement,
} from '@aws-sdk/client-batch';
import { sha256 } from '../../../kernel/index.ts';
import type { Needs } from '../service.ts';

/** The kind of machines behind a queue. */
export type Platform = 'EC2' | 'FARGATE';

/** All that a job definition is made from: two tasks of one shape have the same definition. */
export interface JobShape {
  readonly platform: Platform;
  readonly image: string;
  readonly command: readonly string[];
  readonly needs: Needs;
  readonly jobRole?: string;
  readonly executionRole?: string;
  /** How many containers of it run at the same time, on machines of their own, where it is more than one. */
  readonly nodes?: number;
}

/** What a task gets that asks for nothing, as in Metaflow. */
export const DEFAULT_NEEDS = { cpu: 1, memoryMiB: 4096 } as const;

/** GiB of disk that a job on Fargate has anyway. */
const FARGATE_DISK_GIB = 20;

/**
 * The definition for a shape, under a name that is made from it. Its command is the whole of what a job runs; a job adds its environment and
 * its timeout. Retries are ours, so a job has one attempt.
 */
export function jobDefinition(shape: JobShape): RegisterJobDefinitionCommandInput & { jobDefinitionName: string } {
  const { platform, image, command, needs, jobRole, executionRole, nodes = 1 } = shape;
  const isFargate = platform === 'FARGATE';
  const diskGiB = Math.ceil((needs.diskMiB ?? 0) / 1024);
  const sharedMemorySize = isFargate ? undefined : needs.sharedMemoryMiB;
  const containerProperties: ContainerProperties = {
    image,
    command: [...command],
    resourceRequirements: requirements(needs, platform),
    ...(jobRole === undefined ? {} : { jobRoleArn: jobRole }),
    ...(isFargate && executionRole !== undefined ? { executionRoleArn: executionRole } : {}),
    ...(isFargate ? { networkConfiguration: { assignPublicIp: 'ENABLED' } } : {}),
    ...(isFargate && diskGiB > FARGATE_DISK_GIB ? { ephemeralStorage: { sizeInGiB: diskGiB } } : {}),
    ...(sharedMemorySize === undefined ? {} : { linuxParameters: { sharedMemorySize: Math.ceil(sharedMemorySize) } }),
  };
  const definition = {
    ...(nodes === 1 ? { type: 'container' as const, containerProperties } : multiNode(nodes, containerProperties)),
    retryStrategy: { attempts: 1 },
    propagateTags: true,
    ...(isFargate ? { platformCapabilities: ['FARGATE' as const] } : {}),
  };
  return { ...definition, jobDefinitionName: `smallboat_${sha256(JSON.stringify(definition)).slice(0, 40)}` };
}

/** The nodes of a multi-node job that a definition or a job means when it says this: all of them. */
export function allNodes(nodes: number): string {
  return `0:${nodes - 1}`;
}

/** Nodes that are all alike. The job is over when the main one is. */
function multiNode(
  numNodes: number,
  container: ContainerProperties,
): Pick<RegisterJobDefinitionCommandInput, 'nodeProperties'> & { type: 'multinode' } {
  const nodeRangeProperties = [{ targetNodes: allNodes(numNodes), container }];
  return { type: 'multinode', nodeProperties: { numNodes, mainNode: 0, nodeRangeProperties } };
}

function requirements(needs: Needs, platform: Platform): ResourceRequirement[] {
  const { cpu = DEFAULT_NEEDS.cpu, memoryMiB = DEFAULT_NEEDS.memoryMiB, gpu = 0 } = needs;
  return [
    // Fargate has quarters and halves of a CPU; EC2 takes whole ones.
    { type: 'VCPU', value: String(platform === 'FARGATE' ? cpu : Math.ceil(cpu)) },
    { type: 'MEMORY', value: String(Math.ceil(memoryMiB)) },
    ...(gpu > 0 ? [{ type: 'GPU' as const, value: String(Math.ceil(gpu)) }] : []),
  ];
}

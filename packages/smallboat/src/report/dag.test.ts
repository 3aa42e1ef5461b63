import { expect, it } from 'vitest';
import { dagErrors, dagPicture } from './dag.ts';

const chain = (n: number) => ({
  nodes: Array.from({ length: n }, (_, i) => ({ id: `s${i}`, label: `step ${i}`, note: '1.2 s' })),
  edges: Array.from({ length: n - 1 }, (_, i) => ({ from: `s${i}`, to: `s${i + 1}` })),
});
const sizeOf = (svg: string): { width: number; height: number } => {
  const [, width = '', height = ''] = /<svg\s+width="([\d.]+)"\s+height="([\d.]+)"/.exec(svg) ?? [];
  return { width: Number(width), height: Number(height) };
};

it('draws every node and every edge', () => {
  const svg = String(dagPicture(chain(4)));
  expect(svg.match(/class="node /g)).toHaveLength(4);
  expect(svg.match(/class="edge"/g)).toHaveLength(3);
  expect(svg.match(/class="head"/g)).toHaveLength(3);
});

it('goes from left to right while it fits the page, else from the top down', () => {
  const short = sizeOf(String(dagPicture(chain(4))));
  const long = sizeOf(String(dagPicture(chain(20))));
  expect(short.width).toBeGreaterThan(short.height);
  expect(long.height).toBeGreaterThan(long.width);
});

it('frames a group around its nodes', () => {
  const svg = String(dagPicture({ ...chain(3), groups: [{ id: 'each', label: 'for each point', nodes: ['s1'] }] }));
  expect(svg).toContain('for each point');
  expect(svg.match(/class="group"/g)).toHaveLength(1);
});

it('takes ids and labels that mean something to JavaScript or HTML', () => {
  const ids = ['__proto__', 'constructor', '<script>alert(1)</script>'];
  const svg = String(
    dagPicture({
      nodes: ids.map((id) => ({ id, label: id, note: id, tone: 'bad' as const })),
      edges: [{ from: '__proto__', to: 'constructor' }],
    }),
  );
  expect(svg).not.toContain('<script');
  expect(svg.match(/class="node bad"/g)).toHaveLength(3);
});

it('says so when there is nothing to draw', () => {
  expect(String(dagPicture({ nodes: [], edges: [] }))).toContain('No steps');
});

it('refuses an edge to a node that is not there', () => {
  expect(() => dagPicture({ ...chain(2), edges: [{ from: 's0', to: 'lost' }] })).toThrow(
    expect.objectContaining({ code: dagErrors.DAG_NODE_UNKNOWN.code, facts: { id: 'lost', known: ['s0', 's1'] } }),
  );
});

it('frames groups inside groups, each wide enough for its name', () => {
  const svg = String(
    dagPicture({
      ...chain(3),
      groups: [
        { id: 'outer', label: 'each of a list with a long name · 16', nodes: [] },
        { id: 'inner', label: 'size? small · not taken', nodes: ['s1'], inside: 'outer', isFaint: true },
        { id: 'none', label: 'around nothing', nodes: [] },
      ],
    }),
  );
  const frames = [...svg.matchAll(/class="group( faint)?"\s+x="([\d.]+)"\s+y="([\d.]+)"\s+width="([\d.]+)"/g)];
  expect(frames).toHaveLength(2);
  const [outer, inner] = frames.map(([, faint, x, , width]) => ({ faint, x: Number(x), width: Number(width) }));
  expect(inner?.faint).toBe(' faint');
  expect(inner?.x).toBeGreaterThan(outer?.x ?? Infinity);
  expect((inner?.x ?? 0) + (inner?.width ?? 0)).toBeLessThan((outer?.x ?? 0) + (outer?.width ?? 0));
  expect(outer?.width).toBeGreaterThan('each of a list with a long name · 16'.length * 6);
  expect(svg).not.toContain('around nothing');
});

it('makes a link of a node that leads somewhere', () => {
  const graph = chain(2);
  const svg = String(dagPicture({ ...graph, nodes: graph.nodes.map((node) => ({ ...node, to: `step-${node.id}` })) }));
  expect(svg).toMatch(/<a href="#step-s0"><g[\s\S]*?step 0[\s\S]*?1.2 s[\s\S]*?<\/a>/);
  expect(svg).toContain('role="group"');
});

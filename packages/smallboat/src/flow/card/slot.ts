import type { LineChartComponent, ReportComponent, SectionComponent } from '../../report/index.ts';
import type { Placed } from './task-card.ts';

/** A place on a card: a component, or a section with places of its own. */
export type Slot =
  | { readonly kind: 'component'; read(): ReportComponent }
  | {
      readonly kind: 'section';
      readonly section: Omit<SectionComponent, 'components'>;
      readonly slots: readonly Slot[];
    };

/** What stands in the places now. It does not change any more when they do. */
export function componentsOf(slots: readonly Slot[]): ReportComponent[] {
  return slots.map((slot) =>
    slot.kind === 'component' ? slot.read() : { ...slot.section, components: componentsOf(slot.slots) },
  );
}

/** Where components are put: the card, or one of its sections. */
export interface Shelf {
  readonly slots: Slot[];
  readonly onChange: () => void;
}

/**
 * Puts a component, and gives its handle. What grows bit by bit is kept beside it, in `growing`: adding to it costs the same however much is there, and
 * only who reads copies it.
 */
export function place<C extends ReportComponent>(
  { slots, onChange }: Shelf,
  first: C,
  growing?: Growing<C>,
): Placed<C> {
  let component = first;
  const slot: Slot = {
    kind: 'component',
    read: () => (growing ? { ...component, ...growing.read() } : component),
  };
  slots.push(slot);
  onChange();
  return {
    update(change) {
      component = { ...component, ...change };
      growing?.replace(change);
      onChange();
    },
    remove() {
      const at = slots.indexOf(slot);
      if (at >= 0) slots.splice(at, 1);
      onChange();
    },
  };
}

interface Growing<C> {
  /** What has grown, as a part of the component. */
  read(): Partial<C>;
  /** Takes over what an update says of it, if it says something. */
  replace(change: Partial<Omit<C, 'kind'>>): void;
}

/** A list of a component that grows. */
export function growingList<C, T>(
  first: readonly T[],
  as: {
    readonly part: (list: readonly T[]) => Partial<C>;
    readonly of: (change: Partial<Omit<C, 'kind'>>) => readonly T[] | undefined;
  },
): Growing<C> & { add(...more: readonly T[]): void } {
  let list = [...first];
  return {
    read: () => as.part([...list]),
    replace(change) {
      list = [...(as.of(change) ?? list)];
    },
    add: (...more) => void list.push(...more),
  };
}

type Point = readonly [x: number, y: number];

/** The lines of a chart, by name, in the order of their beginning. */
export function growingLines(
  first: LineChartComponent['series'],
): Growing<LineChartComponent> & { add(name: string, point: Point): void } {
  const collect = (series: LineChartComponent['series']): Map<string, Point[]> =>
    new Map(series.map(({ name, points }) => [name, [...points]]));
  let lines = collect(first);
  return {
    read: () => ({ series: [...lines].map(([name, points]) => ({ name, points: [...points] })) }),
    replace({ series }) {
      if (series) lines = collect(series);
    },
    add(name, point) {
      const points = lines.get(name);
      if (points) points.push(point);
      else lines.set(name, [point]);
    },
  };
}

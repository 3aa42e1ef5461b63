import { messageOf } from '../../kernel/index.ts';
import type { ReportComponent, ReportEvent, TableComponent, EventsComponent } from '../../report/index.ts';
import { artifact, errorOf, image, plainOf } from '../../report/make/index.ts';
import { type Shelf, type Slot, componentsOf, growingLines, growingList, place } from './slot.ts';
import type { CardParts, TaskCard } from './task-card.ts';

/** The components of a card while its task runs. */
export interface Deck {
  readonly card: TaskCard;
  /** As they are now; what is handed out does not change any more. */
  readonly components: () => readonly ReportComponent[];
}

export interface DeckOptions {
  /** Something on the card has changed. */
  readonly onChange?: () => void;
  readonly refresh?: () => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** An empty card that stands by itself, as a test of a step wants it: `const { card, components } = deck()`. */
export function deck({ onChange = () => undefined, refresh, now = Date.now }: DeckOptions = {}): Deck {
  const slots: Slot[] = [];
  const put = (...components: readonly ReportComponent[]): void => {
    for (const component of components) slots.push({ kind: 'component', read: () => component });
    onChange();
  };
  const card = Object.assign(put, partsOf({ slots, onChange }, now), {
    refresh: async (): Promise<void> => refresh?.(),
  });
  return { card, components: () => componentsOf(slots) };
}

function partsOf(shelf: Shelf, now: () => number): CardParts {
  const put = <C extends ReportComponent>(component: C) => place(shelf, component);
  return {
    put,
    heading: (text, level = 2) => put({ kind: 'heading', text, level }),
    text: (text) => put({ kind: 'text', text }),
    markdown: (text) => put({ kind: 'markdown', text }),
    callout: (tone, text) => put({ kind: 'callout', tone, text }),
    value: (label, value, more = {}) => put({ kind: 'value', label, value, ...more }),
    table(columns, rows = [], more = {}) {
      const grown = growingList<TableComponent, TableComponent['rows'][number]>(rows, {
        part: (list) => ({ rows: list }),
        of: (change) => change.rows,
      });
      const placed = place<TableComponent>(shelf, { kind: 'table', columns, rows: [], ...more }, grown);
      return { ...placed, add: (...next) => adding(() => grown.add(...next)) };
    },
    lineChart(chart) {
      const grown = growingLines(chart.series ?? []);
      const placed = place(shelf, { kind: 'lineChart', ...chart, series: [] }, grown);
      return { ...placed, add: (name, x, y) => adding(() => grown.add(name, [x, y])) };
    },
    barChart: (chart) => put({ kind: 'barChart', ...chart }),
    chart: (title, spec, more = {}) => put({ kind: 'vegaChart', title, ...copyOf(spec), ...more }),
    image(bytes, about) {
      try {
        return put(image(bytes, about));
      } catch (error) {
        return put(errorOf(error, { title: about.alt }));
      }
    },
    progress(label, more = {}) {
      const placed = put({ kind: 'progress', label, value: 0, ...more });
      return {
        ...placed,
        update(value, note) {
          const some = typeof value === 'number' ? { value } : value;
          placed.update({ ...some, ...(note === undefined ? {} : { note }) });
        },
      };
    },
    code: (text, more = {}) => put({ kind: 'code', text, ...more }),
    json: (value, title) => put({ kind: 'json', value: plainOf(value), ...(title === undefined ? {} : { title }) }),
    error: (thrown, title) => put(errorOf(thrown, title === undefined ? {} : { title })),
    events(title) {
      const grown = growingList<EventsComponent, ReportEvent>([], {
        part: (list) => ({ events: list }),
        of: (change) => change.events,
      });
      const first = { kind: 'events', events: [], ...(title === undefined ? {} : { title }) } as const;
      const placed = place<EventsComponent>(shelf, first, grown);
      return { ...placed, add: (what, more = {}) => adding(() => grown.add({ at: now(), ...more, title: what })) };
    },
    artifact: (name, value) => put(artifact(name, value)),
    section(title, more = {}) {
      const slots: Slot[] = [];
      shelf.slots.push({ kind: 'section', section: { kind: 'section', title, ...more }, slots });
      shelf.onChange();
      return partsOf({ ...shelf, slots }, now);
    },
    clear() {
      shelf.slots.length = 0;
      shelf.onChange();
    },
  };

  function adding(add: () => void): void {
    add();
    shelf.onChange();
  }
}

/** A specification as plain data, which nothing changes any more; why not, where it is none. */
function copyOf(spec: object): { readonly spec: object; readonly problem?: string } {
  try {
    return { spec: JSON.parse(JSON.stringify(spec)) as object }; // Of an object comes an object.
  } catch (error) {
    return {
      spec: {},
      problem: `This chart could not be drawn: ${messageOf(error)}`,
    };
  }
}

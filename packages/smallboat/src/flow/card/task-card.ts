import type {
  BarChartComponent,
  CodeComponent,
  ErrorComponent,
  EventsComponent,
  ImageComponent,
  JsonComponent,
  LineChartComponent,
  MarkdownComponent,
  ProgressComponent,
  ReportCell,
  ReportComponent,
  ReportEvent,
  SectionComponent,
  TableComponent,
  Tone,
  ValueComponent,
  VegaChartComponent,
} from '../../report/index.ts';

/** A component that is on a card, to be changed while the task goes on. */
export interface Placed<C extends ReportComponent = ReportComponent> {
  /** Changes some of it: `figure.update({ value: 0.83, tone: 'good' })`. */
  update(change: Partial<Omit<C, 'kind'>>): void;
  /** Takes it off the card. */
  remove(): void;
}

export interface PlacedProgress extends Placed<ProgressComponent> {
  /** How far it is, from 0 to `of`, and a few words. */
  update(value: number | Partial<Omit<ProgressComponent, 'kind'>>, note?: string): void;
}

export interface PlacedTable extends Placed<TableComponent> {
  /** Adds rows at the end. */
  add(...rows: readonly (readonly ReportCell[])[]): void;
}

export interface PlacedLines extends Placed<LineChartComponent> {
  /** Adds a point to a line; a line that is not there yet begins with it. */
  add(series: string, x: number, y: number): void;
}

export interface PlacedEvents extends Placed<EventsComponent> {
  /** Adds what happens now, or `at` another time (milliseconds since 1970). */
  add(title: string, more?: Partial<Omit<ReportEvent, 'title'>>): void;
}

type Rest<C, K extends keyof C> = Partial<Omit<C, 'kind' | K>>;

/**
 * Puts components on a card, each at the end of what is there, and gives a handle that changes it. None of these fails a task: what cannot be shown is
 * said to be so on the card.
 */
export interface CardParts {
  /** Any component. */
  put<C extends ReportComponent>(component: C): Placed<C>;
  heading(text: string, level?: 2 | 3): Placed<Extract<ReportComponent, { kind: 'heading' }>>;
  /** Paragraphs; an empty line parts them. */
  text(text: string): Placed<Extract<ReportComponent, { kind: 'text' }>>;
  markdown(text: string): Placed<MarkdownComponent>;
  callout(tone: Tone, text: string): Placed<Extract<ReportComponent, { kind: 'callout' }>>;
  /** One figure in large type. */
  value(label: string, value: string | number, more?: Rest<ValueComponent, 'label' | 'value'>): Placed<ValueComponent>;
  table(
    columns: readonly string[],
    rows?: readonly (readonly ReportCell[])[],
    more?: Rest<TableComponent, 'columns' | 'rows'>,
  ): PlacedTable;
  /** Lines that grow: `losses.add('validation', epoch, loss)`. */
  lineChart(
    chart: Pick<LineChartComponent, 'title' | 'xLabel' | 'yLabel'> & Partial<Pick<LineChartComponent, 'series'>>,
  ): PlacedLines;
  barChart(chart: Omit<BarChartComponent, 'kind'>): Placed<BarChartComponent>;
  /** A chart by a Vega-Lite specification with its data inside. Needs the packages `vega` and `vega-lite`. */
  chart(title: string, spec: object, more?: Pick<VegaChartComponent, 'description'>): Placed<VegaChartComponent>;
  /** A PNG, JPEG, GIF or WebP by its bytes, an SVG by its bytes or text. */
  image(
    bytes: Uint8Array | string,
    about: Pick<ImageComponent, 'alt' | 'caption'>,
  ): Placed<ImageComponent | ErrorComponent>;
  /** A bar: `bar.update(3)` where it is `of` so many, `bar.update(0.3)` where it is of 1. */
  progress(label: string, more?: Rest<ProgressComponent, 'label'>): PlacedProgress;
  code(text: string, more?: Rest<CodeComponent, 'text'>): Placed<CodeComponent>;
  /** Plain data as a tree, as it is now. */
  json(value: unknown, title?: string): Placed<JsonComponent>;
  /** Something that was thrown. */
  error(thrown: unknown, title?: string): Placed<ErrorComponent>;
  events(title?: string): PlacedEvents;
  /** A value in short. */
  artifact(name: string, value: unknown): Placed<Extract<ReportComponent, { kind: 'artifact' }>>;
  /** A part that can be folded away. */
  section(title: string, more?: Rest<SectionComponent, 'title' | 'components'>): CardParts;
  /** Takes all off. */
  clear(): void;
}

/**
 * The card of a task. It can be looked at while the task runs: what changes on it is stored about once a second, and at the end.
 *
 *     card({ kind: 'text', text: 'Fitted on 3 weeks.' });
 *     const bar = card.progress('Epochs', { of: epochs });
 *     const losses = card.lineChart({ title: 'Loss', xLabel: 'epoch', yLabel: 'loss' });
 *     for (const { epoch, loss } of training) { bar.update(epoch); losses.add('training', epoch, loss); }
 */
export interface TaskCard extends CardParts {
  /** Puts components at the end. */
  (...components: readonly ReportComponent[]): void;
  /** Stores the card now. When it resolves, whoever looks sees it. */
  refresh(): Promise<void>;
}

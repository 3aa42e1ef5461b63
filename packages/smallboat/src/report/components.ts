/**
 * What a step puts on its run's card, and what data docs and monitoring pages are made of: plain data, so that it can
 * be stored as an artifact and rendered later, without the code that made it.
 */
export type ReportComponent =
  | { readonly kind: 'heading'; readonly text: string; readonly level?: 2 | 3 }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'callout'; readonly tone: Tone; readonly text: string }
  | { readonly kind: 'figures'; readonly figures: readonly Figure[] }
  | ValueComponent
  | MarkdownComponent
  | TableComponent
  | LineChartComponent
  | BarChartComponent
  | VegaChartComponent
  | ImageComponent
  | ProgressComponent
  | CodeComponent
  | ErrorComponent
  | JsonComponent
  | EventsComponent
  | ArtifactComponent
  | SectionComponent;

export type Tone = 'good' | 'bad' | 'warn' | 'plain';

/** One number in large type, with what it is. */
export interface Figure {
  readonly label: string;
  readonly value: string;
  readonly note?: string;
  readonly tone?: Tone;
}

/** One figure by itself; several that follow each other stand side by side. A number is written for people. */
export interface ValueComponent extends Omit<Figure, 'value'> {
  readonly kind: 'value';
  readonly value: string | number;
}

/** CommonMark with GitHub's tables. HTML in it is shown as text; pictures from elsewhere become links. */
export interface MarkdownComponent {
  readonly kind: 'markdown';
  readonly text: string;
}

/** A cell is text or a number; numbers are set right-aligned. A tone colours it. */
export type ReportCell =
  | string
  | number
  | null
  | {
      readonly value: string | number | null;
      readonly tone?: Tone;
      /** Where the cell leads: the id of a section of the page, or a path (`/flow/run`) on the server that has the page. */
      readonly to?: string;
    };

export interface TableComponent {
  readonly kind: 'table';
  readonly caption?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly ReportCell[])[];
  /** The reader may sort it by a column. Default: where there are more than two rows. */
  readonly isSortable?: boolean;
}

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChartComponent {
  readonly kind: 'lineChart';
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

/** Bars beside each other for each label, one a series: a distribution now against a reference, say. */
export interface BarChartComponent {
  readonly kind: 'barChart';
  readonly title: string;
  readonly yLabel: string;
  readonly labels: readonly string[];
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
}

/** A chart by a Vega-Lite specification. It is drawn by `drawCharts`, which needs the packages `vega` and `vega-lite`; a page shows the drawing. */
export interface VegaChartComponent {
  readonly kind: 'vegaChart';
  readonly title: string;
  /** What a reader who cannot see the picture should know of it. Default: the specification's `description`. */
  readonly description?: string;
  /** Vega-Lite, with its data inside: nothing is loaded. */
  readonly spec: object;
  /** The drawing. */
  readonly svg?: string;
  /** Why there is no drawing. */
  readonly problem?: string;
}

export type ImageType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp' | 'image/svg+xml';

/** A picture; make one with `image(bytes, …)`. */
export interface ImageComponent {
  readonly kind: 'image';
  readonly type: ImageType;
  /** Base64. */
  readonly data: string;
  /** What a reader who cannot see the picture should know of it. */
  readonly alt: string;
  readonly caption?: string;
}

/** How far something has come. */
export interface ProgressComponent {
  readonly kind: 'progress';
  readonly label: string;
  /** From 0 to `of`. */
  readonly value: number;
  /** What is all of it. Default 1. */
  readonly of?: number;
  readonly note?: string;
}

export interface CodeComponent {
  readonly kind: 'code';
  readonly text: string;
  /** Name of the language, as `sql`. */
  readonly language?: string;
  readonly caption?: string;
}

/** Something that went wrong; make one of what was thrown with `errorOf`. */
export interface ErrorComponent {
  readonly kind: 'error';
  readonly message: string;
  readonly title?: string;
  readonly code?: string;
  readonly stack?: string;
}

/** Plain data, to be opened level by level. */
export interface JsonComponent {
  readonly kind: 'json';
  readonly value: unknown;
  readonly title?: string;
}

/** What happened when. */
export interface EventsComponent {
  readonly kind: 'events';
  readonly title?: string;
  readonly events: readonly ReportEvent[];
}

export interface ReportEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly title: string;
  readonly note?: string;
  readonly tone?: Tone;
}

/** A value in short: what it is, how large, how it begins. Make one with `artifact(name, value)`. */
export interface ArtifactComponent extends Brief {
  readonly kind: 'artifact';
  readonly name: string;
}

/** A value as a reader wants it first. */
export interface Brief {
  /** `number`, `list of 3`, `Float32Array(1000)`, `Map(2)` */
  readonly type: string;
  /** One line, cut where it gets long. */
  readonly text: string;
  /** Bytes of it as it is stored. */
  readonly bytes?: number;
}

/** Components that can be folded away. */
export interface SectionComponent {
  readonly kind: 'section';
  readonly title: string;
  /** A few words beside the title. */
  readonly note?: string;
  readonly tone?: Tone;
  readonly isOpen?: boolean;
  /** What links on the page name it by: letters, digits, `_` and `-`. */
  readonly id?: string;
  readonly components: readonly ReportComponent[];
}

/**
 * What a step puts on its run's card, and what data docs and monitoring pages are made of: plain data, so that it can
 * be stored as an artifact and rendered later, without the code that made it.
 */
export type ReportComponent =
  | { readonly kind: 'heading'; readonly text: string; readonly level?: 2 | 3 }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'callout'; readonly tone: Tone; readonly text: string }
  | { readonly kind: 'figures'; readonly figures: readonly Figure[] }
  | TableComponent
  | LineChartComponent
  | BarChartComponent;

export type Tone = 'good' | 'bad' | 'warn' | 'plain';

/** One number in large type, with what it is. */
export interface Figure {
  readonly label: string;
  readonly value: string;
  readonly note?: string;
  readonly tone?: Tone;
}

/** A cell is text or a number; numbers are set right-aligned. A tone colours it. */
export type ReportCell = string | number | null | { readonly value: string | number | null; readonly tone: Tone };

export interface TableComponent {
  readonly kind: 'table';
  readonly caption?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly ReportCell[])[];
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

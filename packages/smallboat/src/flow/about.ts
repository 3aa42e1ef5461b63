/** What a flow is: for its card, and for whoever looks at its runs. */
export interface FlowAbout {
  /** What the flow is for, in a sentence or two. */
  readonly about?: string;
  /** Who to ask. */
  readonly owner?: string;
  /** What data it reads and makes, a line each. */
  readonly data?: readonly string[];
  /** What it checks, a line each. */
  readonly checks?: readonly string[];
}

/** The package brings no types: as much of it as tests use. */
declare module 'asl-validator' {
  export default function validate(definition: unknown): {
    readonly isValid: boolean;
    readonly errorsText: (this: void, separator: string) => string;
  };
}

/** What we use of WebAssembly: TypeScript declares it with the browser's names only, which have no place here. */
declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  const Module: new (bytes: Uint8Array<ArrayBuffer>) => Module;
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  class Memory {
    /** Sizes in pages of 64 KiB. */
    constructor(size: { readonly initial: number; readonly maximum?: number; readonly shared?: boolean });
    /** Of memory that is shared, as all of ours is. A view of it stays good when it grows. */
    readonly buffer: SharedArrayBuffer;
    grow(pages: number): number;
  }
  interface Global {
    value: number;
  }
}

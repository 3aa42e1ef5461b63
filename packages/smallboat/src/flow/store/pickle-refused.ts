import type { PickleInput } from './pickle-input.ts';
import { refusedType } from './pickle-part.ts';

/** The error for an opcode that calls what it names, or asks the reader for what it means; undefined for one that is none of these. */
export function refusedOpcode(opcode: number, input: PickleInput): Error | undefined {
  switch (opcode) {
    case 0x69: // INST
      return refusedType(`${input.line()}.${input.line()}`);
    case 0x6f: // OBJ
    case 0x92: // NEWOBJ_EX
      return refusedType('an instance of a class that is made by a call');
    case 0x50: // PERSID
    case 0x51: // BINPERSID
      return refusedType('a reference to something outside of it');
    case 0x82: // EXT1
    case 0x83: // EXT2
    case 0x84: // EXT4
      return refusedType('a type by a number that only its writer knows');
    case 0x97: // NEXT_BUFFER
    case 0x98: // READONLY_BUFFER
      return refusedType('a reference to a buffer outside of it');
    default:
      return undefined;
  }
}

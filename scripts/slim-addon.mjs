// Blanks what this project does not use of koffi's addon, so that less of it travels to nodes and lies in their memory:
// more than half of the file are 8,192 trampolines for calling back into JavaScript, their names, and tables for
// unwinding C++ exceptions, which koffi is compiled without. Nothing moves; blank parts compress to nothing.

const SYMBOL_BYTES = 24;
const RELOCATION_BYTES = 24;
const TRAMPOLINE = /^Trampoline\d+$/;
const FIRST_TRAMPOLINE = 'Trampoline0';
const AFTER_TRAMPOLINES = 'TrampolineEnd';

/** A copy of the addon (ELF of 64 bits, little endian). Throws where it is not built as expected. */
export function slimAddon(addon) {
  const slim = Buffer.from(addon);
  const sections = readSections(slim);
  for (const name of ['.eh_frame', '.eh_frame_hdr']) blank(slim, sections.get(name));
  const symbols = readSymbols(slim, sections);
  blankTrampolines(slim, sections, symbols);
  const used = usedSymbols(slim, sections);
  const isKept = ({ at, name }) => used.has(at) || !TRAMPOLINE.test(name);
  for (const symbol of symbols.filter((one) => !isKept(one))) blankSymbol(slim, symbol);
  writeHashTable(slim, sections.get('.gnu.hash'), symbols, isKept);
  return slim;
}

function readSections(elf) {
  if (elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1)
    throw new Error('the addon is no ELF file of 64 bits');
  const table = Number(elf.readBigUInt64LE(0x28));
  const [bytes, count, namesAt] = [0x3a, 0x3c, 0x3e].map((place) => elf.readUInt16LE(place));
  const all = Array.from({ length: count }, (_, at) => {
    const start = table + at * bytes;
    const [address, offset, size] = [0x10, 0x18, 0x20].map((place) =>
      Number(elf.readBigUInt64LE(start + place)),
    );
    return { nameAt: elf.readUInt32LE(start), address, offset, size };
  });
  const names = all[namesAt];
  const found = new Map(all.map((section) => [textAt(elf, names.offset + section.nameAt), section]));
  for (const name of ['.dynsym', '.dynstr', '.gnu.hash', '.text', '.rela.dyn', '.rela.plt', '.eh_frame'])
    if (!found.has(name)) throw new Error(`the addon has no section ${name}`);
  return found;
}

const textAt = (elf, start) => elf.toString('latin1', start, elf.indexOf(0, start));

function blank(elf, { offset, size }) {
  elf.fill(0, offset, offset + size);
}

function readSymbols(elf, sections) {
  const { offset, size } = sections.get('.dynsym');
  const names = sections.get('.dynstr').offset;
  return Array.from({ length: size / SYMBOL_BYTES }, (_, at) => {
    const start = offset + at * SYMBOL_BYTES;
    const nameAt = names + elf.readUInt32LE(start);
    const isDefined = elf.readUInt16LE(start + 6) !== 0;
    return {
      at,
      start,
      nameAt,
      name: textAt(elf, nameAt),
      isDefined,
      address: elf.readBigUInt64LE(start + 8),
    };
  });
}

/** Indexes of the symbols that something in the addon is bound to when it is loaded. */
function usedSymbols(elf, sections) {
  const used = new Set();
  for (const name of ['.rela.dyn', '.rela.plt']) {
    const { offset, size } = sections.get(name);
    for (let at = offset; at < offset + size; at += RELOCATION_BYTES) used.add(elf.readUInt32LE(at + 12));
  }
  return used;
}

function blankTrampolines(elf, sections, symbols) {
  const text = sections.get('.text');
  const [start, end] = [FIRST_TRAMPOLINE, AFTER_TRAMPOLINES].map((wanted) => {
    const found = symbols.find(({ name }) => name === wanted);
    if (found === undefined) throw new Error(`the addon has no ${wanted}`);
    return Number(found.address) - text.address + text.offset;
  });
  if (start < text.offset || end < start || end > text.offset + text.size)
    throw new Error("the addon's trampolines do not lie in its code");
  elf.fill(0, start, end);
}

function blankSymbol(elf, { start, nameAt, name }) {
  elf.fill(0, start, start + SYMBOL_BYTES);
  elf.fill(0, nameAt, nameAt + name.length);
}

/** One bucket with all defined symbols, the blank ones without a name: a look-up walks through them in microseconds. */
function writeHashTable(elf, table, symbols, isKept) {
  const first = symbols.findIndex(({ isDefined }) => isDefined);
  if (symbols.slice(first).some(({ isDefined }) => !isDefined))
    throw new Error('symbols of the addon are not in order');
  const header = [1, first, 1, 6];
  const everything = [0xffffffff, 0xffffffff];
  const chain = symbols.slice(first).map((symbol) => (isKept(symbol) ? hashOf(symbol.name) & ~1 : 0) >>> 0);
  chain[chain.length - 1] |= 1;
  const words = [...header, ...everything, first, ...chain];
  if (words.length * 4 > table.size) throw new Error('the hash table of the addon is too small');
  blank(elf, table);
  words.forEach((word, at) => {
    elf.writeUInt32LE(word >>> 0, table.offset + 4 * at);
  });
}

/** As the dynamic linker computes it. */
function hashOf(name) {
  let hash = 5381;
  for (const letter of Buffer.from(name)) hash = (Math.imul(hash, 33) + letter) >>> 0;
  return hash;
}

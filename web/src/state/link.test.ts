import { describe, expect, it } from 'vitest';
import { parseSubject } from '../layout/nodes';
import { DEFAULTS, formatLink, parseLink, type Link } from './link';

const FULL: Link = {
  model: 'org/name: 7B',
  prompt: 'a & b\n= “c” +?#%',
  ids: [],
  chat: true,
  system: 'Answer briefly. 100% & more',
  bos: 'no',
  out: 3,
  tau: 0.055,
  renormalize: false,
  view: 'lens',
  table: true,
  selection: parseSubject('post.22@1->mid.23@13'),
  head: { layer: 23, head: 0 },
  neuron: 1023,
  normalize: 'part',
  lens: 'mid',
  target: 5099,
  versus: 2322,
  pins: [parseSubject('ffn.2@3')!, parseSubject('embed@0->mid.0@1')!],
  fold: false,
  theme: 'dark',
};

describe('links', () => {
  it('carry everything', () => {
    const differs = Object.keys(DEFAULTS).filter((key) => key !== 'ids');
    for (const key of differs) expect(FULL[key as keyof Link]).not.toEqual(DEFAULTS[key as keyof Link]);
    expect(parseLink(formatLink(FULL))).toEqual(FULL);
    const withIds = {
      ...FULL,
      prompt: '',
      chat: false,
      system: '',
      bos: 'auto' as const,
      ids: [1, 0, 49151],
    };
    expect(parseLink(formatLink(withIds))).toEqual(withIds);
  });
  it('say nothing of what is as by default', () => expect(formatLink(DEFAULTS)).toBe(''));
  it('keep names of nodes readable', () =>
    expect(formatLink({ ...DEFAULTS, selection: FULL.selection })).toBe('?sel=post.22@1->mid.23@13'));
  it.each([
    '?tau=NaN',
    '?tau=x',
    '?out=-1',
    '?out=1e3',
    '?view=none',
    '?sel=mid.5',
    '?sel=a->b->c',
    '?head=5',
    '?head=1.2.3',
    '?theme=red',
    '?fold=2',
    '?renorm=yes',
    '?ids=a,-1',
    '?pin=,x',
    '?neuron=99999999999',
    '?norm=<b>',
    '?lens=x',
  ])('%s means the default', (search) => expect(parseLink(search)).toEqual(DEFAULTS));
  it.each([
    ['9', 0.2],
    ['-1', 0.01],
    ['0.0504', 0.05],
  ])('tau %s is %d', (text, tau) => expect(parseLink(`?tau=${text}`).tau).toBe(tau));
  it('hold few pins', () =>
    expect(parseLink('?pin=embed@0,embed@1,embed@2,embed@3,embed@4').pins.length).toBe(4));
});
